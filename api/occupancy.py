"""What stands where: the list for the fire brigade, and for whoever must know it while nothing runs.

Owns the joining of books and sensors. Must never leave out a position that either of them takes for occupied.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.authority import Viewer
from api.garage_copy import Current, Link, shape_of
from api.occupied import OccupiedPosition
from api.schema import listing
from controller.local_link.messages import PositionShape, PositionView, VehicleView

router = APIRouter(prefix="/occupancy", tags=["garage"])


@router.get("", summary="What stands where", responses=listing("occupancy", OccupiedPosition))
async def every(copy: Current, link: Link, _actor: Viewer) -> Response:
    """Every position with a car by the books or by its detectors, electric cars first, then by level.

    In a fire ask with `?allow_stale=true`: an old list with its age is better than none.
    """
    shape = await shape_of(link)
    views = {view.id: view for view in copy.snapshot.positions}
    cars = {vehicle.id: vehicle for vehicle in copy.snapshot.vehicles}
    found = [_occupied(place, view, cars) for place in shape.positions if (view := views.get(place.id)) is not None]
    kept = [item for item in found if item.by_books or item.sensed]
    kept.sort(key=lambda item: (not item.electric, -1 if item.level is None else item.level, item.position))
    return copy.reply({"occupancy": kept, "mode": copy.snapshot.mode, "totals": _totals(kept)})


def _occupied(place: PositionShape, view: PositionView, cars: dict[str, VehicleView]) -> OccupiedPosition:
    car = None if view.vehicle is None else cars.get(view.vehicle)
    return OccupiedPosition(
        position=place.id,
        kind=place.kind,
        level=place.level,
        column=place.column,
        side=place.side,
        vehicle=view.vehicle,
        model="" if car is None else car.model,
        electric=None if car is None else car.electric,
        weight_kg=0 if car is None else car.weight_kg,
        by_books=view.vehicle is not None,
        sensed=view.sensed,
        confirmed=view.confirmed,
    )


def _totals(items: list[OccupiedPosition]) -> dict[str, Any]:
    return {
        "cars": len(items),
        "electric": sum(1 for item in items if item.electric),
        "doubtful": sum(1 for item in items if not item.by_books or item.sensed is False or not item.confirmed),
    }
