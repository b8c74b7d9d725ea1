"""Cabins: where people and machine take turns, and how far the handover is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from api.authority import Viewer
from api.garage_copy import Current
from api.problem import unknown
from api.schema import listing, single
from controller.local_link.messages import CabinView

router = APIRouter(prefix="/cabins", tags=["cabins"])


@router.get("", summary="All cabins", responses=listing("cabins", CabinView))
async def every(copy: Current, _actor: Viewer) -> Response:
    """Doors, light, sign, phase of the handover, and whether each cabin is proven empty."""
    return copy.reply({"cabins": copy.snapshot.cabins})


@router.get("/{cabin_id}", summary="One cabin", responses=single(CabinView))
async def one(cabin_id: Annotated[str, Path(max_length=64)], copy: Current, _actor: Viewer) -> Response:
    """One cabin by its name."""
    for cabin in copy.snapshot.cabins:
        if cabin.id == cabin_id:
            return copy.reply_one(cabin)
    raise unknown("cabin", cabin_id)
