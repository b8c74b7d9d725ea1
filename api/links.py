"""Links: the connections to the PLCs."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from api.authority import Viewer
from api.garage_copy import Current
from api.schema import listing
from controller.local_link.messages import LinkView

router = APIRouter(prefix="/links", tags=["devices"])


@router.get("", summary="All connections to PLCs", responses=listing("links", LinkView))
async def every(copy: Current, _actor: Viewer) -> Response:
    """Every connection with its state, its counters, and the reason when it is down."""
    return copy.reply({"links": copy.snapshot.links})
