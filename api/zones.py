"""Safety zones: emergency stop, guards, torque, and the locks that persons hold."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from api.authority import Clearer, Viewer
from api.garage_copy import Current, Link, ask
from api.person import PERSON_PATTERN, LockBody
from api.problem import unknown
from api.schema import commanding, listing, single
from controller.local_link.mode_messages import LockZone, UnlockZone, ZoneView

router = APIRouter(prefix="/zones", tags=["zones"])

ZoneNumber = Annotated[int, Path(ge=1, le=8, description="The zone's number.")]


@router.get("", summary="All zones", responses=listing("zones", ZoneView))
async def every(copy: Current, _actor: Viewer) -> Response:
    """Every zone: its emergency stop in one of four states, guards, isolator, torque, speed, and who holds locks."""
    return copy.reply({"zones": copy.snapshot.zones})


@router.get("/{zone}", summary="One zone", responses=single(ZoneView))
async def one(zone: ZoneNumber, copy: Current, _actor: Viewer) -> Response:
    """One zone by its number."""
    for view in copy.snapshot.zones:
        if view.id == zone:
            return copy.reply_one(view)
    raise unknown("zone", str(zone))


@router.post("/{zone}/locks", summary="Lock a zone out", responses=commanding("The zone is locked out.", None))
async def lock(zone: ZoneNumber, body: LockBody, link: Link, actor: Clearer) -> dict[str, bool]:
    """A person hangs a lock of the own on a zone: nothing moves there, or into it, until that person releases it.

    Wait until the zone is `standing`. It does not replace the isolator: who goes into the machine locks that too.
    """
    await ask(link, LockZone(zone=zone, person=body.person, note=body.note, actor=actor.name))
    return {"accepted": True}


@router.delete(
    "/{zone}/locks/{person}", summary="Release the own lock", responses=commanding("The lock is released.", None)
)
async def unlock(
    zone: ZoneNumber, person: Annotated[str, Path(pattern=PERSON_PATTERN, max_length=60)], link: Link, actor: Clearer
) -> dict[str, bool]:
    """Each releases the own lock, in person; every other attempt is refused and goes into the journal.

    Nothing starts by this, not even with the last lock.
    """
    await ask(link, UnlockZone(zone=zone, person=person, actor=actor.name))
    return {"accepted": True}
