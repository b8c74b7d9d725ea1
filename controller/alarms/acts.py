"""What people may do with alarms: each act becomes facts, or is refused with a code and a remedy.

Owns when an act is allowed. An act that has already been done is accepted and changes nothing: people press twice.
Must never let a safety alarm be shelved or taken out of service, by anyone.
"""

from __future__ import annotations

from typing import assert_never

from controller.alarms import facts
from controller.alarms.book import AlarmBook
from controller.alarms.catalogue import Alarm
from controller.alarms.record import AlarmRecord
from controller.alarms.standing import Standing
from controller.local_link.alarm_messages import (
    AcknowledgeAlarm,
    AlarmAct,
    ConfirmAlarm,
    PutAlarmBack,
    ShelveAlarm,
    TakeAlarmOut,
    UnshelveAlarm,
)
from safety.refusal import Refusal

Decision = list[facts.AlarmFact] | Refusal


def decide(book: AlarmBook, act: AlarmAct, unix_ms: int) -> Decision:
    """The facts that ``act`` makes, or why it is refused; ``unix_ms`` is now."""
    if act.alarm not in book.catalogue and act.alarm not in book.records:
        return Refusal(
            "UNKNOWN_ALARM",
            f"This garage has no alarm {act.alarm!r}.",
            "Look up the id: garagectl alarms, or garagectl alarms definitions for all of them.",
        )
    alarm = book.catalogue[act.alarm]
    record = book.records.get(act.alarm) or AlarmRecord(act.alarm)
    match act:
        case AcknowledgeAlarm():
            return _acknowledge(book, record, act)
        case ConfirmAlarm():
            return _confirm(record, act)
        case ShelveAlarm():
            return _shelve(alarm, record, act, unix_ms)
        case UnshelveAlarm():
            back = facts.AlarmUnshelved(alarm=record.id, cause="PERSON", actor=act.actor, person=act.person)
            return [] if record.shelf is None else [back]
        case TakeAlarmOut():
            return _take_out(alarm, record, act)
        case PutAlarmBack():
            put_back = facts.AlarmPutBack(alarm=record.id, actor=act.actor, person=act.person)
            return [] if record.out_of_service is None else [put_back]
        case _:
            assert_never(act)


def _acknowledge(book: AlarmBook, record: AlarmRecord, act: AcknowledgeAlarm) -> Decision:
    if not record.standing.is_retained:
        return _not_standing(record.id)
    found = [record]
    if act.group and record.group:
        found = [other for other in book.records.values() if other.group == record.group]
    return [
        facts.AlarmAcknowledged(alarm=one.id, actor=act.actor, person=act.person, comment=act.comment)
        for one in found
        if one.standing.is_retained and not one.standing.is_acknowledged
    ]


def _confirm(record: AlarmRecord, act: ConfirmAlarm) -> Decision:
    standing = record.standing
    if standing is Standing.LATCHED:
        return [facts.AlarmConfirmed(alarm=record.id, actor=act.actor, person=act.person, comment=act.comment)]
    if not standing.is_retained:
        # Confirmed twice, by two people perhaps: what both wanted is the case.
        return [] if record.confirmed is not None else _not_standing(record.id)
    if standing.is_active:
        return Refusal(
            "ALARM_STILL_ACTIVE",
            f"The cause of {record.id} has not gone.",
            "Deal with the cause first; the alarm's action says how. Confirm when it has gone.",
        )
    return Refusal(
        "ALARM_NOT_ACKNOWLEDGED",
        f"Nobody has acknowledged {record.id} yet.",
        "Acknowledge it, deal with the cause, then confirm.",
    )


def _shelve(alarm: Alarm, record: AlarmRecord, act: ShelveAlarm, unix_ms: int) -> Decision:
    definition = alarm.definition
    if definition.is_safety:
        return _safety(alarm, "shelved")
    if definition.shelve_s_max == 0:
        return _never_aside(alarm)
    if record.out_of_service is not None:
        return _out_already(record)
    if not 0 < act.seconds <= definition.shelve_s_max:
        return Refusal(
            "SHELVING_TOO_LONG",
            f"{alarm.id} may be shelved for 1 to {definition.shelve_s_max} s, not for {act.seconds} s.",
            "Choose a shorter time; for a repair that takes longer take it out of service, by name and with a reason.",
        )
    if not act.person.strip() or not act.reason.strip():
        return _nameless("shelved")
    return [
        facts.AlarmShelved(
            alarm=alarm.id,
            actor=act.actor,
            person=act.person.strip(),
            reason=act.reason.strip(),
            until_ms=unix_ms + act.seconds * 1000,
            one_shot=act.one_shot,
        )
    ]


def _take_out(alarm: Alarm, record: AlarmRecord, act: TakeAlarmOut) -> Decision:
    if alarm.definition.is_safety:
        return _safety(alarm, "taken out of service")
    if alarm.definition.shelve_s_max == 0:
        return _never_aside(alarm)
    if record.out_of_service is not None:
        return _out_already(record)
    if not act.person.strip() or not act.reason.strip():
        return _nameless("taken out of service")
    return [facts.AlarmTakenOut(alarm=alarm.id, actor=act.actor, person=act.person.strip(), reason=act.reason.strip())]


def _not_standing(alarm: str) -> Refusal:
    return Refusal(
        "ALARM_NOT_STANDING",
        f"{alarm} is not raised: there is nothing to answer.",
        "Look at the list again (garagectl alarms); it may have been dealt with already.",
    )


def _safety(alarm: Alarm, what: str) -> Refusal:
    return Refusal(
        "SAFETY_ALARM_NOT_HIDDEN",
        f"{alarm.id} is a safety alarm ({alarm.definition.hazard}); it cannot be {what}, by anyone.",
        f"Acknowledge it and remove its cause: {alarm.action}",
    )


def _never_aside(alarm: Alarm) -> Refusal:
    return Refusal(
        "ALARM_NOT_SHELVABLE",
        f"{alarm.id} is not made to be put aside.",
        "Acknowledge it and deal with its cause; acknowledged, it stands quietly.",
    )


def _out_already(record: AlarmRecord) -> Refusal:
    by = "" if record.out_of_service is None else record.out_of_service.person
    return Refusal(
        "ALARM_OUT_OF_SERVICE",
        f"{record.id} is out of service already, by {by}.",
        "Return it to service first: garagectl alarms return-to-service ALARM.",
    )


def _nameless(what: str) -> Refusal:
    return Refusal(
        "PERSON_OR_REASON_MISSING",
        f"An alarm is {what} by a named person, with a reason.",
        "Say who you are and why (--person, --reason).",
    )
