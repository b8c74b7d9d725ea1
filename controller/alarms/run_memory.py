"""What the alarms of one run of the controller remember beyond what events tell: timers, counts, open groups.

Owns the form in which it is written down, so that a recording can go on from the middle of a run. Monotonic times
throughout. Must never be read at a start: a new run remembers nothing of the last one but its events.
"""

from __future__ import annotations

import msgspec

from controller.alarms.definition import Suppression
from controller.alarms.first_out import GroupsMemory
from controller.alarms.rates import RatesMemory


class TimerMemory(msgspec.Struct, frozen=True):
    """Since when a condition holds, since when it is gone, and its last onsets."""

    onset_ms: int | None
    gone_ms: int | None
    onsets: list[int]


class RecordMemory(msgspec.Struct, frozen=True):
    """Since when an alarm has been active in this run, and when it was last raised and cleared."""

    active_since_ms: int | None
    changes: list[int]


class ConditionsMemory(msgspec.Struct, frozen=True):
    """The conditions that were looked at last."""

    holding: dict[str, str]
    unknown: frozenset[str]
    suppressions: dict[Suppression, frozenset[str]]


class AlarmRunMemory(msgspec.Struct, frozen=True):
    """All of it. ``timers``, ``shelf_ends_ms`` and ``records`` go by the alarm's id."""

    conditions: ConditionsMemory
    timers: dict[str, TimerMemory]
    shelf_ends_ms: dict[str, int]
    records: dict[str, RecordMemory]
    groups: GroupsMemory
    rates: RatesMemory
