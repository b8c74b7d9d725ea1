"""Health: does the API answer, and does the garage take orders."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter
from starlette.responses import Response

from api.example import NOT_READY
from api.garage_copy import Copy, Link, stale_reason
from api.problem import MEDIA_TYPE, ProblemError
from controller.local_link.client import AWAY
from controller.local_link.messages import Reason

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", summary="Does the API answer?")
async def live() -> dict[str, str]:
    """200 as long as this process works, whatever the garage does."""
    return {"status": "live"}


@router.get(
    "/ready",
    summary="Does the garage take orders?",
    responses={
        200: {
            "description": "It does.",
            "content": {"application/json": {"example": {"ready": True, "reasons": [], "snapshot_age_ms": 40}}},
        },
        503: {
            "description": "It does not; `reasons` says why and what to do.",
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": NOT_READY}},
        },
    },
)
async def ready(link: Link) -> Response:
    """200 when the garage can carry out orders now, 503 with every reason when it cannot."""
    age_ms = link.snapshot_age_ms()
    stale = stale_reason(age_ms)
    if link.snapshot is None or age_ms is None or stale is not None:
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, _NOT_READY, reasons=[stale or AWAY])
    if not link.snapshot.ready:
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, _NOT_READY, reasons=link.snapshot.reasons)
    return Copy(link.snapshot, age_ms).reply({"ready": True, "reasons": link.snapshot.reasons})


_NOT_READY = Reason(
    code="NOT_READY",
    text="The garage does not take orders now; 'reasons' says why.",
    remedy="Remove the reasons, then start automatic operation.",
)
