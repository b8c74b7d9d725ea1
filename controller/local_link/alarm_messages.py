"""The messages of the local link about alarms: what is shown of them, and what people may do with them.

Owns their schema. Depends on nothing but msgspec; ``messages`` takes them into its unions. Must never hold logic.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class AlarmMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Base of these messages."""


PriorityName = Literal["high", "medium", "low"]
StandingName = Literal["normal", "unacknowledged", "acknowledged", "returned", "latched-unacknowledged", "latched"]


class ShelfView(AlarmMessage, frozen=True, kw_only=True):
    """An alarm on the shelf: until when, by whom and why. A one-shot shelf ends earlier, when the alarm clears."""

    until: int
    one_shot: bool
    person: str
    reason: str


class OutOfServiceView(AlarmMessage, frozen=True, kw_only=True):
    """An alarm out of service: since when, by whom and why."""

    since: int
    person: str
    reason: str


class AlarmView(AlarmMessage, frozen=True, kw_only=True):
    """An alarm that stands, or that somebody has put aside.

    `state` is one of the state table; the flags say the same as OPC UA Part 9 has it. `annunciated` is true when it
    asks for somebody now: neither shelved, nor out of service, nor suppressed by design. `first_out` marks the first
    of its `group`; the others name it in `under`. Times are Unix milliseconds.
    """

    id: str
    code: str
    source: str
    title: str
    priority: PriorityName
    is_safety: bool
    hazard: str
    state: StandingName
    active: bool
    acknowledged: bool
    confirmed: bool
    latched: bool
    shelved: ShelfView | None
    out_of_service: OutOfServiceView | None
    suppressed: bool
    annunciated: bool
    shelvable: bool
    first_out: bool
    group: int
    under: str | None
    onset_at: int
    raised_at: int
    cleared_at: int | None
    acknowledged_at: int | None
    acknowledged_by: str
    count: int
    chattering: bool
    stale: bool
    detail: str
    cause: str
    consequence: str
    action: str


class Offender(AlarmMessage, frozen=True, kw_only=True):
    """How often an alarm was raised within a day."""

    alarm: str
    count: int


class PriorityCounts(AlarmMessage, frozen=True, kw_only=True):
    """Alarms raised within a day, by priority."""

    high: int = 0
    medium: int = 0
    low: int = 0


class AlarmFigures(AlarmMessage, frozen=True, kw_only=True):
    """How many alarms there are and how fast they come, since `since` (the controller's start; Unix ms).

    `standing` counts all that are shown; `not_shown` those of them that found no room in a snapshot. Rates count what
    was annunciated. A flood begins with more than 10 new alarms in 10 minutes and ends with fewer than 5.
    """

    since: int
    standing: int
    annunciated: int
    active: int
    unacknowledged: int
    shelved: int
    out_of_service: int
    suppressed: int
    not_shown: int
    raised: int
    last_10_min: int
    last_hour: int
    last_day: int
    in_flood: bool
    floods: int
    in_flood_ms: int
    flood_share: float
    by_priority: PriorityCounts
    top_offenders: list[Offender]
    chattering: list[str]
    stale: list[str]


class AlarmDefinitionView(AlarmMessage, frozen=True, kw_only=True):
    """One alarm that this garage can raise: what it means, what to do, and how it is handled."""

    id: str
    code: str
    source: str
    title: str
    priority: PriorityName
    is_safety: bool
    hazard: str
    cause: str
    consequence: str
    action: str
    respond_within_min: int
    on_delay_ms: int
    off_delay_ms: int
    latching: bool
    shelve_s_max: int
    suppressed_while: list[str]


# --- requests -----------------------------------------------------------------------------------------------


class AcknowledgeAlarm(AlarmMessage, frozen=True, kw_only=True, tag="acknowledge-alarm"):
    """Somebody has seen an alarm and takes care of it; with ``group`` all that are grouped with it."""

    alarm: str
    group: bool = False
    person: str = ""
    comment: str = ""
    actor: str = "api"


class ConfirmAlarm(AlarmMessage, frozen=True, kw_only=True, tag="confirm-alarm"):
    """Somebody confirms that a latched alarm's cause was dealt with."""

    alarm: str
    person: str = ""
    comment: str = ""
    actor: str = "api"


class ShelveAlarm(AlarmMessage, frozen=True, kw_only=True, tag="shelve-alarm"):
    """A named person puts an alarm aside for ``seconds``, or until it clears if that is sooner (``one_shot``)."""

    alarm: str
    seconds: int
    person: str
    reason: str
    one_shot: bool = False
    actor: str = "api"


class UnshelveAlarm(AlarmMessage, frozen=True, kw_only=True, tag="unshelve-alarm"):
    """Somebody takes an alarm back from the shelf."""

    alarm: str
    person: str = ""
    actor: str = "api"


class TakeAlarmOut(AlarmMessage, frozen=True, kw_only=True, tag="take-alarm-out"):
    """A named person takes an alarm out of service, with a reason."""

    alarm: str
    person: str
    reason: str
    actor: str = "api"


class PutAlarmBack(AlarmMessage, frozen=True, kw_only=True, tag="put-alarm-back"):
    """A named person returns an alarm to service."""

    alarm: str
    person: str = ""
    actor: str = "api"


class GetAlarmDefinitions(AlarmMessage, frozen=True, kw_only=True, tag="get-alarm-definitions"):
    """Ask for every alarm that this garage can raise."""


AlarmAct = AcknowledgeAlarm | ConfirmAlarm | ShelveAlarm | UnshelveAlarm | TakeAlarmOut | PutAlarmBack
"""What people may do with an alarm."""


class AlarmDefinitions(AlarmMessage, frozen=True, kw_only=True, tag="alarm-definitions"):
    """Every alarm that this garage can raise."""

    definitions: list[AlarmDefinitionView]
