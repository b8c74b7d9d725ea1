"""What happens to alarms, as the journal keeps it.

Owns the alarm event types. The rules of ``controller.core.events`` hold: fields may be added with a default; none is
ever renamed, removed or given another meaning.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class AlarmEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all alarm events. ``alarm`` is the alarm's id; ``person`` who acted, as far as it was told."""


class AlarmRaised(AlarmEvent, frozen=True, kw_only=True, tag="alarm-raised"):
    """An alarm became active. `onset_ms` is when its condition began; `group` numbers what came from one cause."""

    alarm: str
    priority: Literal["high", "medium", "low"]
    onset_ms: int
    group: int = 0
    detail: str = ""


class AlarmCleared(AlarmEvent, frozen=True, kw_only=True, tag="alarm-cleared"):
    """An alarm's condition has gone; until it is acknowledged (and confirmed, if it latches) it stays in the list."""

    alarm: str


class AlarmAcknowledged(AlarmEvent, frozen=True, kw_only=True, tag="alarm-acknowledged"):
    """Somebody has seen an alarm and takes care of it."""

    alarm: str
    actor: str
    person: str = ""
    comment: str = ""


class AlarmConfirmed(AlarmEvent, frozen=True, kw_only=True, tag="alarm-confirmed"):
    """Somebody confirmed that a latched alarm's cause was dealt with."""

    alarm: str
    actor: str
    person: str = ""
    comment: str = ""


class AlarmShelved(AlarmEvent, frozen=True, kw_only=True, tag="alarm-shelved"):
    """Somebody put an alarm on the shelf for a while; a one-shot shelf ends earlier, when the alarm clears."""

    alarm: str
    actor: str
    person: str
    reason: str
    until_ms: int
    one_shot: bool = False


class AlarmUnshelved(AlarmEvent, frozen=True, kw_only=True, tag="alarm-unshelved"):
    """An alarm came back from the shelf: `cause` is PERSON, TIME_OVER, ALARM_CLEARED or NOT_SHELVABLE."""

    alarm: str
    cause: Literal["PERSON", "TIME_OVER", "ALARM_CLEARED", "NOT_SHELVABLE"]
    actor: str = ""
    person: str = ""


class AlarmTakenOut(AlarmEvent, frozen=True, kw_only=True, tag="alarm-out-of-service"):
    """A named person took an alarm out of service, with a reason."""

    alarm: str
    actor: str
    person: str
    reason: str


class AlarmPutBack(AlarmEvent, frozen=True, kw_only=True, tag="alarm-returned-to-service"):
    """A named person returned an alarm to service."""

    alarm: str
    actor: str
    person: str = ""


class AlarmFloodBegan(AlarmEvent, frozen=True, kw_only=True, tag="alarm-flood-began"):
    """More alarms came in ten minutes than people can answer."""

    count: int


class AlarmFloodEnded(AlarmEvent, frozen=True, kw_only=True, tag="alarm-flood-ended"):
    """The flood of alarms is over."""

    count: int
    lasted_ms: int


AlarmFact = (
    AlarmRaised
    | AlarmCleared
    | AlarmAcknowledged
    | AlarmConfirmed
    | AlarmShelved
    | AlarmUnshelved
    | AlarmTakenOut
    | AlarmPutBack
    | AlarmFloodBegan
    | AlarmFloodEnded
)
"""Every alarm event there is."""
