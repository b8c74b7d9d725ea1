"""The garage as a whole: its shape, everything at one moment, start and stop."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from api.authority import Clearer, Operator, Viewer
from api.garage_copy import Current, Link, ask, shape_of
from api.person import PersonBody
from api.schema import commanding, problems, single
from controller.local_link.messages import Shape, Snapshot, Start, Stop
from controller.local_link.mode_messages import EndFire

router = APIRouter(tags=["garage"])


@router.get("/snapshot", summary="Everything at one moment", responses=single(Snapshot))
async def snapshot(copy: Current, _actor: Viewer) -> Response:
    """All that the outside may see. `event_seq` is the last event in it: follow on with `/events?after=`."""
    return copy.reply_one(copy.snapshot)


@router.get(
    "/layout",
    summary="The garage's shape",
    responses={
        200: {
            "description": "Levels, columns, positions, movers and cabins, all lengths in mm.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Shape"}}},
        },
        **problems(503, 504),
    },
)
async def layout(link: Link, _actor: Viewer) -> Response:
    """What the garage looks like; it does not change while the control process runs."""
    shape: Shape = await shape_of(link)
    return Response(msgspec.json.encode(shape), media_type="application/json", headers={"Cache-Control": "no-store"})


@router.post("/start", summary="Start automatic operation", responses=commanding("Automatic operation runs.", None))
async def start(link: Link, actor: Operator) -> dict[str, bool]:
    """A person's act, after every stop: nothing resumes by itself. Refused with every reason that is in the way."""
    await ask(link, Start(actor=actor.name))
    return {"accepted": True}


@router.post("/stop", summary="Stop automatic operation", responses=commanding("Automatic operation is ending.", None))
async def stop(link: Link, actor: Operator) -> dict[str, bool]:
    """Movers make a controlled stop, orders wait. This is not an emergency stop; that one is at the machine."""
    await ask(link, Stop(actor=actor.name))
    return {"accepted": True}


@router.post("/fire/end", summary="End the fire state", responses=commanding("The garage is stopped.", None))
async def end_fire(body: PersonBody, link: Link, actor: Clearer) -> dict[str, bool]:
    """A named person's act, once the fire alarm is gone. Nothing starts by it: automatic operation is started apart."""
    await ask(link, EndFire(person=body.person, actor=actor.name))
    return {"accepted": True}
