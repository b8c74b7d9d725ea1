"""Places: every position that can hold a car, what it takes, and what it holds."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from api.authority import Clearer, Viewer
from api.garage_copy import Current, Link, ask, shape_of
from api.order_body import NAME_PATTERN
from api.person import InventoryBody
from api.problem import ProblemError, unknown
from api.schema import commanding, listing, single
from controller.local_link.messages import PositionShape, PositionView, Reason
from controller.local_link.mode_messages import ConfirmInventory

router = APIRouter(prefix="/places", tags=["places"])

Kind = Literal["place", "buffer", "cabin", "platform", "deck"]


@router.get("", summary="All places", responses=listing("places", PositionView))
async def every(
    copy: Current,
    link: Link,
    _actor: Viewer,
    kind: Annotated[
        list[Kind] | None, Query(description="Positions of these kinds; places that store cars when not given.")
    ] = None,
    free: Annotated[
        bool | None, Query(description="Only positions that hold and await no car, or only others.")
    ] = None,
) -> Response:
    """Places that store cars; other positions (cabins, platforms, decks) by `kind`."""
    shape = await shape_of(link)
    views = {view.id: view for view in copy.snapshot.positions}
    wanted = kind or ["place"]
    found = [_joined(position, views.get(position.id)) for position in shape.positions if position.kind in wanted]
    if free is not None:
        found = [item for item in found if (item["vehicle"] is None and item["reserved_for"] is None) == free]
    return copy.reply({"places": found})


@router.get("/{place_id}", summary="One place", responses=single(PositionView, extra=PositionShape))
async def one(place_id: Annotated[str, Path(max_length=64)], copy: Current, link: Link, _actor: Viewer) -> Response:
    """One position of any kind by its name."""
    shape = await shape_of(link)
    for position in shape.positions:
        if position.id == place_id:
            view = next((item for item in copy.snapshot.positions if item.id == place_id), None)
            return copy.reply(_joined(position, view))
    raise unknown("place", place_id)


@router.post(
    "/{place_id}/confirm",
    summary="Confirm what stands there",
    responses=commanding("The books have what the person said.", None),
)
async def confirm(
    place_id: Annotated[str, Path(max_length=64, pattern=NAME_PATTERN)],
    body: InventoryBody,
    link: Link,
    actor: Clearer,
) -> dict[str, bool]:
    """After a unit was in somebody's hands: a car, nothing, or (in a cabin) that the car of the books has left there.

    While the books are in doubt, because the journal lost events, a car of theirs may have left from any position.

    Refused when the detectors say otherwise, and when a car would be lost from the books by it.
    """
    if (body.stands == "vehicle") is not (body.vehicle is not None):
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, _ONE_ANSWER)
    await ask(
        link,
        ConfirmInventory(
            position=place_id,
            vehicle=body.vehicle,
            person=body.person,
            gone=body.stands == "gone" or body.gone,
            actor=actor.name,
        ),
    )
    return {"accepted": True}


_ONE_ANSWER = Reason(
    code="INVALID_REQUEST",
    text="A vehicle is named exactly when stands is 'vehicle'.",
    remedy="Send stands 'vehicle' with the car's id, or 'empty', or 'gone', without one.",
)


def _joined(position: PositionShape, view: PositionView | None) -> dict[str, Any]:
    """What a position is and what it holds, in one."""
    state = view or PositionView(id=position.id, vehicle=None, reserved_for=None, claimed_by=None)
    return {**msgspec.structs.asdict(position), **msgspec.structs.asdict(state)}
