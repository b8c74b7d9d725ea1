"""Moving one axis by hand: hold-to-run over the network, for a unit whose key switch is in manual."""

from __future__ import annotations

from fastapi import APIRouter

from api.authority import Clearer
from api.garage_copy import Link, ask
from api.person import HoldBody, ReleaseBody
from api.schema import commanding
from controller.local_link.mode_messages import HoldToRun, ReleaseHold

router = APIRouter(prefix="/manual", tags=["manual"])


@router.post("/hold", summary="Hold an axis, or hold it still", responses=commanding("The axis is held.", None))
async def hold(body: HoldBody, link: Link, actor: Clearer) -> dict[str, bool]:
    """Send this again and again, at least three times a second, for as long as the button is pressed.

    The axis stops when 400 ms pass without it, when an interlock is lost, or with `release`. A press that has ended
    moves nothing any more: refused with HOLD_ENDED and the reason, until the button is released and pressed anew under
    another `press`.
    """
    request = HoldToRun(
        unit=body.unit,
        axis=body.axis,
        direction=body.direction,
        person=body.person,
        press=body.press,
        actor=actor.name,
    )
    await ask(link, request)
    return {"accepted": True}


@router.post("/release", summary="Let the axis go", responses=commanding("The axis comes to rest.", None))
async def release(body: ReleaseBody, link: Link, actor: Clearer) -> dict[str, bool]:
    """The button was let go: the axis makes a controlled stop at once, without waiting for the time-out."""
    await ask(link, ReleaseHold(press=body.press, actor=actor.name))
    return {"accepted": True}
