"""Requests about modes: locks, the end of a fire, what is held by hand, inventory.

Owns what may be asked for and when. A refusal changes nothing and is journaled by who calls this.
"""

from __future__ import annotations

from controller.core import hand
from controller.core import mode_events as mev
from controller.core.inventory import confirm
from controller.core.mode import ModeEvent
from controller.core.mode_change import happened
from controller.core.recovery import answer_finding
from controller.core.situation import Situation
from controller.local_link.mode_messages import (
    AnswerFinding,
    ConfirmInventory,
    EndFire,
    HoldToRun,
    LockZone,
    ModeRequest,
    ReleaseHold,
    UnlockZone,
)
from safety.refusal import Refusal

LOCKS_MAX = 50
"""Locks that may hang on one zone: more people than work in a tower at once."""


def admit_mode(situation: Situation, request: ModeRequest) -> Refusal | None:
    """Carry out a request; the refusal when it may not be."""
    match request:
        case LockZone():
            return _lock(situation, request)
        case UnlockZone():
            return _unlock(situation, request)
        case EndFire():
            return happened(situation, ModeEvent.FIRE_ENDED, request.person, "FIRE_ENDED")
        case ConfirmInventory():
            return confirm(situation, request)
        case AnswerFinding():
            return answer_finding(situation, request)
        case HoldToRun():
            return hand.press(situation, request)
        case ReleaseHold():
            return hand.release(situation, request)


def about(request: ModeRequest) -> tuple[str, str]:
    """What a request was about and who asked, for the journal."""
    match request:
        case LockZone(zone=zone, person=person) | UnlockZone(zone=zone, person=person):
            return f"zone {zone}", person
        case EndFire(person=person):
            return "fire", person
        case ConfirmInventory(position=position, vehicle=vehicle, person=person):
            return f"{position}: {vehicle or 'no car'}", person
        case AnswerFinding(finding=finding, answer=answer, person=person):
            return f"{finding}: {answer}", person
        case HoldToRun(unit=unit, axis=axis, direction=direction, person=person):
            return f"{unit} {axis} {direction}", person
        case ReleaseHold():
            return "", ""


def _lock(situation: Situation, request: LockZone) -> Refusal | None:
    if (refusal := _unknown_zone(situation, request.zone)) is not None:
        return refusal
    locks = situation.state.precautions.locks.get(request.zone, {})
    if request.person in locks:
        return Refusal(
            "ALREADY_LOCKED",
            f"{request.person} holds a lock on zone {request.zone} already.",
            "One lock of each person is enough; another person takes another name.",
        )
    if len(locks) >= LOCKS_MAX:
        return Refusal("TOO_MANY_LOCKS", f"{LOCKS_MAX} locks hang on zone {request.zone}.", "Let some be released.")
    situation.log.write(
        mev.ZoneLocked(zone=request.zone, person=request.person, note=request.note, actor=request.actor)
    )
    return happened(situation, ModeEvent.LOCK, request.person, "ZONE_LOCKED")


def _unlock(situation: Situation, request: UnlockZone) -> Refusal | None:
    if (refusal := _unknown_zone(situation, request.zone)) is not None:
        return refusal
    locks = situation.state.precautions.locks.get(request.zone, {})
    if request.person not in locks:
        if not locks:
            return Refusal(
                "NOT_LOCKED", f"Nobody holds a lock on zone {request.zone}.", "Nothing needs to be released."
            )
        holders = ", ".join(sorted(locks))
        return Refusal(
            "LOCK_OF_ANOTHER",
            f"{request.person} holds no lock on zone {request.zone}; {holders} do.",
            "Each releases the own lock, in person. If somebody cannot be found, search the machine first.",
        )
    situation.log.write(mev.ZoneUnlocked(zone=request.zone, person=request.person, actor=request.actor))
    return happened(situation, ModeEvent.UNLOCK, request.person, "ZONE_UNLOCKED")


def _unknown_zone(situation: Situation, zone: int) -> Refusal | None:
    zones = situation.config.safety.zones
    if zone in zones:
        return None
    known = ", ".join(str(each) for each in zones)
    return Refusal("UNKNOWN_ZONE", f"There is no zone {zone}.", f"Choose one of: {known}.")
