"""Alarms: what asks for a person, what each means, how many there are, and what people do about them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec
from fastapi import APIRouter, Body, Path, Query
from pydantic import Field
from starlette.responses import Response

from api.authority import Clearer, Operator, Viewer
from api.garage_copy import Current, Link, ask
from api.order_body import Body as BodyModel
from api.problem import ProblemError, refused, unknown
from api.schema import commanding, listing, problems, single
from controller.local_link.alarm_messages import (
    AcknowledgeAlarm,
    AlarmDefinitions,
    AlarmDefinitionView,
    AlarmFigures,
    AlarmView,
    ConfirmAlarm,
    GetAlarmDefinitions,
    PriorityName,
    PutAlarmBack,
    ShelveAlarm,
    StandingName,
    TakeAlarmOut,
    UnshelveAlarm,
)
from controller.local_link.messages import Reason, Refused

router = APIRouter(prefix="/alarms", tags=["alarms"])

ALARM_PATTERN = r"^[a-z0-9][a-z0-9-]{0,63}\.[a-z0-9][a-z0-9.-]{0,127}$"

AlarmId = Annotated[
    str, Path(max_length=192, pattern=ALARM_PATTERN, description="The alarm's id, as `lift1.drive-fault`.")
]
Comment = Annotated[str, Field(max_length=200, pattern=r"^\P{C}*$", description="What else is to be remembered.")]
Person = Annotated[str, Field(max_length=60, pattern=r"^\P{C}*$", description="Who does it, by name.")]
NamedPerson = Annotated[
    str, Field(min_length=1, max_length=60, pattern=r"^\P{C}*\S\P{C}*$", description="Who does it, by name.")
]
GivenReason = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^\P{C}*\S\P{C}*$", description="Why.")]


class AcknowledgeBody(BodyModel):
    """Somebody has seen the alarm and takes care of it."""

    person: Person = ""
    comment: Comment = ""
    group: Annotated[bool, Field(description="Also acknowledge what is grouped with it (first-out).")] = False


class ConfirmBody(BodyModel):
    """The cause of a latched alarm was dealt with."""

    person: Person = ""
    comment: Comment = ""


class ShelveBody(BodyModel):
    """Put an alarm aside for a while."""

    person: NamedPerson
    reason: GivenReason
    minutes: Annotated[int, Field(ge=1, le=7 * 24 * 60, description="For how long; the alarm's own limit holds.")]
    one_shot: Annotated[bool, Field(description="End the shelving when the alarm clears, if that is sooner.")] = False


class PersonBody(BodyModel):
    """Who does it."""

    person: Person = ""


class OutOfServiceBody(BodyModel):
    """Take an alarm out of service until somebody returns it."""

    person: NamedPerson
    reason: GivenReason


_ACKNOWLEDGE, _CONFIRM, _ANYBODY = AcknowledgeBody(), ConfirmBody(), PersonBody()
"""What a request without a body says."""


@router.get("", summary="All alarms that stand or were put aside", responses=listing("alarms", AlarmView))
async def every(
    copy: Current,
    _actor: Viewer,
    state: Annotated[list[StandingName] | None, Query(description="Only alarms in one of these states.")] = None,
    priority: Annotated[list[PriorityName] | None, Query(description="Only alarms of these priorities.")] = None,
    source: Annotated[str | None, Query(max_length=64, description="Only alarms of this source.")] = None,
    annunciated: Annotated[
        bool | None, Query(description="Only what asks for somebody now (true), or only what was put aside (false).")
    ] = None,
    safety: Annotated[bool | None, Query(description="Only safety alarms, or only others.")] = None,
) -> Response:
    """What asks for somebody comes first: unacknowledged before acknowledged, by priority, then by onset."""
    found = [
        alarm
        for alarm in copy.snapshot.alarms
        if (state is None or alarm.state in state)
        and (priority is None or alarm.priority in priority)
        and (source is None or alarm.source == source)
        and (annunciated is None or alarm.annunciated == annunciated)
        and (safety is None or alarm.is_safety == safety)
    ]
    return copy.reply({"alarms": found})


@router.get(
    "/definitions",
    summary="Every alarm that this garage can raise",
    responses={
        200: {
            "description": "Cause, consequence, action, priority and delays of each, in order of rank.",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["definitions"],
                        "properties": {
                            "definitions": {
                                "type": "array",
                                "items": {"$ref": "#/components/schemas/AlarmDefinitionView"},
                            }
                        },
                    }
                }
            },
        },
        **problems(422, 503, 504),
    },
)
async def definitions(
    link: Link,
    _actor: Viewer,
    source: Annotated[str | None, Query(max_length=64, description="Only alarms of this source.")] = None,
) -> Response:
    """The alarm list: for each id what it means, what to do, and how it is handled."""
    answer = await link.request(GetAlarmDefinitions())
    match answer:
        case AlarmDefinitions(definitions=every_one):
            return _definitions(d for d in every_one if source is None or d.source == source)
        case Refused():
            raise refused(answer)
        case _:
            raise TypeError(f"the control process answered with {type(answer).__name__}")


def _definitions(found: Iterable[AlarmDefinitionView]) -> Response:
    body = msgspec.json.encode({"definitions": list(found)})
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get("/figures", summary="How many alarms there are and how fast they come", responses=single(AlarmFigures))
async def figures(copy: Current, _actor: Viewer) -> Response:
    """Rates, time in flood, shares of the priorities, top offenders, chattering and stale alarms (ISA-18.2)."""
    found = copy.snapshot.alarm_figures
    if found is None:
        raise ProblemError(503, _NO_FIGURES)
    return copy.reply_one(found)


@router.get("/{alarm_id}", summary="One alarm", responses=single(AlarmView))
async def one(alarm_id: AlarmId, copy: Current, _actor: Viewer) -> Response:
    """One alarm that stands or was put aside."""
    for alarm in copy.snapshot.alarms:
        if alarm.id == alarm_id:
            return copy.reply_one(alarm)
    raise unknown("alarm", alarm_id)


@router.post(
    "/{alarm_id}/acknowledge", summary="Acknowledge an alarm", responses=commanding("It is acknowledged.", None)
)
async def acknowledge(
    alarm_id: AlarmId, link: Link, actor: Operator, body: Annotated[AcknowledgeBody, Body()] = _ACKNOWLEDGE
) -> dict[str, bool]:
    """Somebody has seen it and takes care of it. Nothing starts or resets by this; twice is as good as once."""
    await ask(
        link,
        AcknowledgeAlarm(alarm=alarm_id, group=body.group, person=body.person, comment=body.comment, actor=actor.name),
    )
    return {"accepted": True}


@router.post("/{alarm_id}/confirm", summary="Confirm an alarm", responses=commanding("It is confirmed.", None))
async def confirm(
    alarm_id: AlarmId, link: Link, actor: Operator, body: Annotated[ConfirmBody, Body()] = _CONFIRM
) -> dict[str, bool]:
    """A latched alarm's cause was dealt with. Refused while it is active, or not acknowledged (ALARM_STILL_ACTIVE)."""
    await ask(link, ConfirmAlarm(alarm=alarm_id, person=body.person, comment=body.comment, actor=actor.name))
    return {"accepted": True}


@router.post("/{alarm_id}/shelve", summary="Shelve an alarm", responses=commanding("It is on the shelf.", None))
async def shelve(alarm_id: AlarmId, link: Link, actor: Operator, body: ShelveBody) -> dict[str, bool]:
    """Put it aside for a while, by a named person with a reason; it comes back by itself.

    A safety alarm is refused (SAFETY_ALARM_NOT_HIDDEN), and so is more than the alarm's limit (SHELVING_TOO_LONG).
    """
    await ask(
        link,
        ShelveAlarm(
            alarm=alarm_id,
            seconds=body.minutes * 60,
            person=body.person,
            reason=body.reason,
            one_shot=body.one_shot,
            actor=actor.name,
        ),
    )
    return {"accepted": True}


@router.post("/{alarm_id}/unshelve", summary="Take an alarm from the shelf", responses=commanding("It is back.", None))
async def unshelve(
    alarm_id: AlarmId, link: Link, actor: Operator, body: Annotated[PersonBody, Body()] = _ANYBODY
) -> dict[str, bool]:
    """Ends the shelving before its time."""
    await ask(link, UnshelveAlarm(alarm=alarm_id, person=body.person, actor=actor.name))
    return {"accepted": True}


@router.post(
    "/{alarm_id}/out-of-service",
    summary="Take an alarm out of service",
    responses=commanding("It is out of service.", None),
)
async def out_of_service(alarm_id: AlarmId, link: Link, actor: Clearer, body: OutOfServiceBody) -> dict[str, bool]:
    """For a repair, by a named person with a reason, until somebody returns it. A safety alarm is refused."""
    await ask(link, TakeAlarmOut(alarm=alarm_id, person=body.person, reason=body.reason, actor=actor.name))
    return {"accepted": True}


@router.post(
    "/{alarm_id}/return-to-service",
    summary="Return an alarm to service",
    responses=commanding("It is in service.", None),
)
async def return_to_service(
    alarm_id: AlarmId, link: Link, actor: Clearer, body: Annotated[PersonBody, Body()] = _ANYBODY
) -> dict[str, bool]:
    """Ends an out-of-service."""
    await ask(link, PutAlarmBack(alarm=alarm_id, person=body.person, actor=actor.name))
    return {"accepted": True}


_NO_FIGURES = Reason(
    code="NO_ALARM_FIGURES",
    text="The control process does not tell alarm figures.",
    remedy="Run the same version of the API process and of the control process.",
)
