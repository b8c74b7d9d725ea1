"""How many alarms come: rates, floods, shares and top offenders, in bounded memory.

Owns the counting. Counts alarms that are annunciated, that is, raised while neither shelved nor out of service; from
the controller's start on, by the monotonic clock. Limits after ISA-18.2 (alarm floods, priority distribution).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import msgspec

from controller.alarms.definition import Priority

FLOOD_ABOVE = 10
"""More new alarms than this within ten minutes are a flood: more than one person can answer."""

FLOOD_BELOW = 5
"""Fewer than this within ten minutes end it."""

FLOOD_WINDOW_MS = 600_000
RECENT_MAX = 4096
"""Times kept for the flood's window; with more the flood goes on all the same."""

_HOUR_MS = 3_600_000
_BUCKET_MS = 60_000
_DAY_BUCKETS = 1440
_DAY_HOURS = 24


@dataclass(slots=True)
class _Minute:
    number: int
    by_priority: dict[Priority, int]


@dataclass(slots=True)
class _Hour:
    number: int
    by_alarm: dict[str, int]


class RatesMemory(msgspec.Struct, frozen=True):
    """The counts of one run, written down. Minutes and hours go by their number since the clock's zero."""

    recent: list[int]
    minutes: list[tuple[int, dict[Priority, int]]]
    hours: list[tuple[int, dict[str, int]]]
    began_ms: int | None
    raised: int
    floods: int
    flood_since_ms: int | None
    flooded_ms: int


class AlarmRates:
    """Counts of one run of the controller."""

    def __init__(self) -> None:
        self._recent: deque[int] = deque(maxlen=RECENT_MAX)
        self._minutes: deque[_Minute] = deque(maxlen=_DAY_BUCKETS)
        self._hours: deque[_Hour] = deque(maxlen=_DAY_HOURS)
        self.began_ms: int | None = None
        self.raised = 0
        self.floods = 0
        self.flood_since_ms: int | None = None
        self._flooded_ms = 0

    def memory(self) -> RatesMemory:
        """Every count, for a recording that goes on from here."""
        return RatesMemory(
            list(self._recent),
            [(minute.number, dict(minute.by_priority)) for minute in self._minutes],
            [(hour.number, dict(hour.by_alarm)) for hour in self._hours],
            self.began_ms,
            self.raised,
            self.floods,
            self.flood_since_ms,
            self._flooded_ms,
        )

    def recall(self, memory: RatesMemory) -> None:
        """Go on from what ``memory`` gave."""
        self._recent = deque(memory.recent, maxlen=RECENT_MAX)
        self._minutes = deque((_Minute(number, dict(counts)) for number, counts in memory.minutes), maxlen=_DAY_BUCKETS)
        self._hours = deque((_Hour(number, dict(counts)) for number, counts in memory.hours), maxlen=_DAY_HOURS)
        self.began_ms, self.raised, self.floods = memory.began_ms, memory.raised, memory.floods
        self.flood_since_ms, self._flooded_ms = memory.flood_since_ms, memory.flooded_ms

    def start(self, now_ms: int) -> None:
        """Counting begins; a second call changes nothing."""
        if self.began_ms is None:
            self.began_ms = now_ms

    def note(self, alarm: str, priority: Priority, now_ms: int) -> None:
        """Count an alarm that was annunciated."""
        self.raised += 1
        self._recent.append(now_ms)
        minute = now_ms // _BUCKET_MS
        if not self._minutes or self._minutes[-1].number != minute:
            self._minutes.append(_Minute(minute, dict.fromkeys(Priority, 0)))
        self._minutes[-1].by_priority[priority] += 1
        hour = now_ms // _HOUR_MS
        if not self._hours or self._hours[-1].number != hour:
            self._hours.append(_Hour(hour, {}))
        by_alarm = self._hours[-1].by_alarm
        by_alarm[alarm] = by_alarm.get(alarm, 0) + 1

    def in_window(self, now_ms: int) -> int:
        """Alarms of the last ten minutes."""
        while self._recent and now_ms - self._recent[0] >= FLOOD_WINDOW_MS:
            self._recent.popleft()
        return len(self._recent)

    def turn(self, now_ms: int) -> bool | None:
        """True when a flood begins now, False when one ends, None otherwise."""
        count = self.in_window(now_ms)
        if self.flood_since_ms is None and count > FLOOD_ABOVE:
            self.flood_since_ms = now_ms
            self.floods += 1
            return True
        if self.flood_since_ms is not None and count < FLOOD_BELOW:
            self._flooded_ms += now_ms - self.flood_since_ms
            self.flood_since_ms = None
            return False
        return None

    def due_ms(self) -> int | None:
        """When a flood can end at the earliest; None while there is none."""
        if self.flood_since_ms is None:
            return None
        if len(self._recent) < FLOOD_BELOW:
            return self.flood_since_ms
        return self._recent[-FLOOD_BELOW] + FLOOD_WINDOW_MS

    def in_flood_ms(self, now_ms: int) -> int:
        """Time in flood since counting began."""
        return self._flooded_ms + (0 if self.flood_since_ms is None else now_ms - self.flood_since_ms)

    def within(self, window_ms: int, now_ms: int) -> dict[Priority, int]:
        """Alarms by priority within the last ``window_ms`` (at most a day), to the minute."""
        total = dict.fromkeys(Priority, 0)
        for minute in self._minutes:
            if now_ms - minute.number * _BUCKET_MS <= window_ms:
                for priority, count in minute.by_priority.items():
                    total[priority] += count
        return total

    def offenders(self, now_ms: int, most: int) -> list[tuple[str, int]]:
        """The alarms that came most often within a day, most first."""
        total: dict[str, int] = {}
        for hour in self._hours:
            if now_ms - hour.number * _HOUR_MS <= 24 * _HOUR_MS:
                for alarm, count in hour.by_alarm.items():
                    total[alarm] = total.get(alarm, 0) + count
        return sorted(total.items(), key=lambda item: (-item[1], item[0]))[:most]
