"""Vehicles: which cars there are, where they stand, and whether they can be had now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from api.authority import Viewer
from api.example import VEHICLE
from api.garage_copy import Current
from api.problem import unknown
from api.schema import listing, single
from controller.local_link.messages import VehicleView

router = APIRouter(prefix="/vehicles", tags=["vehicles"])


@router.get("", summary="All cars", responses=listing("vehicles", VehicleView))
async def every(copy: Current, _actor: Viewer) -> Response:
    """Every car in the books, with its position and the reason when it cannot be had now."""
    return copy.reply({"vehicles": copy.snapshot.vehicles})


@router.get(
    "/{vehicle_id}", summary="One car", responses=single(VehicleView, example={**VEHICLE, "snapshot_age_ms": 40})
)
async def one(vehicle_id: Annotated[str, Path(max_length=64)], copy: Current, _actor: Viewer) -> Response:
    """One car by its name."""
    for vehicle in copy.snapshot.vehicles:
        if vehicle.id == vehicle_id:
            return copy.reply_one(vehicle)
    raise unknown("vehicle", vehicle_id)
