"""Why: what stands in the way of a function, a device, a car, an order, a booking or the whole garage.

Relays the question; the control process answers from its last cycle, in the words that its refusals use.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path
from starlette.responses import Response

from api.authority import Viewer
from api.garage_copy import Link
from api.problem import refused
from api.schema import explaining
from controller.local_link.client import LocalLinkClient
from controller.local_link.explanation import NAME_LENGTH_MAX, Explain, Explanation
from controller.local_link.messages import Refused

router = APIRouter(prefix="/explain", tags=["explanation"])


@router.get("", summary="Why the garage is held up", responses=explaining())
async def whole(link: Link, _actor: Viewer) -> Response:
    """What stands in the way of the garage as a whole."""
    return await _explained(link, "garage")


@router.get("/{what}", summary="Why something may not be or does not go on", responses=explaining())
async def one(
    what: Annotated[
        str,
        Path(
            max_length=NAME_LENGTH_MAX,
            description="A function (`lift1.travel`), a command (`shuttle1.PLACE_LEFT`), a device or cabin, an "
            "interlock by its id, a car, an order, a booking, or `garage`.",
        ),
    ],
    link: Link,
    _actor: Viewer,
) -> Response:
    """Each failing condition with the reading that fails it, its value, age and source, and what a person can do."""
    return await _explained(link, what)


async def _explained(link: LocalLinkClient, what: str) -> Response:
    answer = await link.request(Explain(what=what))
    match answer:
        case Explanation():
            return Response(
                msgspec.json.encode(answer), media_type="application/json", headers={"Cache-Control": "no-store"}
            )
        case Refused():
            raise refused(answer)
        case _:
            raise TypeError(f"the control process answered with {type(answer).__name__}")
