"""Which alarm came first: alarms that begin close together in one zone form a group with a first-out.

Owns groups and their first. The first is told by when its condition began, not by when its delay was over; in the
same moment by rank, which puts causes before consequences. A group's number is kept in the journal with each alarm.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import msgspec

JOIN_WITHIN_MS = 10_000
"""An alarm that is raised later than this after the last of a group begins a group of its own: a PLC's time-out is a
quarter of a second, a controlled stop takes some seconds, and a command's failure is reported after it."""

GROUPS_REMEMBERED = 100
"""Groups that are remembered by number alone where no clock says which are still open: more never are at a time."""

GROUP_MS_MAX = 60_000
"""No group goes on for longer, so that a long row of unrelated alarms does not hang on the first of them."""


@dataclass(slots=True)
class _Group:
    zones: frozenset[int]
    began_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class First:
    """The first alarm of a group, so far."""

    onset_ms: int
    rank: int
    alarm: str


class GroupMemory(msgspec.Struct, frozen=True):
    """A group that may still be joined, written down. Monotonic times."""

    number: int
    zones: frozenset[int]
    began_ms: int
    last_ms: int


class GroupsMemory(msgspec.Struct, frozen=True):
    """Every group that one run remembers, written down."""

    last: int
    open: list[GroupMemory]
    firsts: dict[int, First]


class FirstOut:
    """The groups of one garage. Monotonic times open and close groups, Unix times of onset tell the first."""

    def __init__(self) -> None:
        self._last = 0
        self._open: dict[int, _Group] = {}
        self._firsts: dict[int, First] = {}

    def assign(self, zones: frozenset[int], now_ms: int) -> int:
        """The number of the group that an alarm raised now belongs to; a new one when none of its zones has any."""
        self._open = {
            number: group
            for number, group in self._open.items()
            if now_ms - group.last_ms <= JOIN_WITHIN_MS and now_ms - group.began_ms <= GROUP_MS_MAX
        }
        for number, group in self._open.items():
            if zones & group.zones:
                group.last_ms = now_ms
                group.zones |= zones
                return number
        number = self._last + 1
        self._open[number] = _Group(zones, now_ms, now_ms)
        return number

    def join(self, number: int, alarm: str, onset_ms: int, rank: int) -> None:
        """Note that an alarm belongs to a group; it may turn out to be its first."""
        if number == 0:
            return
        self._last = max(self._last, number)
        first = self._firsts.get(number)
        if first is None or (onset_ms, rank, alarm) < (first.onset_ms, first.rank, first.alarm):
            self._firsts[number] = First(onset_ms, rank, alarm)

    def first(self, number: int) -> str | None:
        """The first alarm of a group; None when there is no such group."""
        first = self._firsts.get(number)
        return None if first is None else first.alarm

    def keep(self, numbers: Collection[int]) -> None:
        """Forget every group that is not open and not one of ``numbers``."""
        kept = self._open.keys() | set(numbers)
        if len(self._firsts) > len(kept):
            self._firsts = {number: first for number, first in self._firsts.items() if number in kept}

    @property
    def last(self) -> int:
        """The highest number that a group has had."""
        return self._last

    def firsts(self, numbers: Collection[int]) -> dict[int, First]:
        """The firsts of ``numbers`` and of the newest groups, which may still be open, for a snapshot of the state."""
        newest = self._last - GROUPS_REMEMBERED
        return {number: first for number, first in self._firsts.items() if number > newest or number in numbers}

    def memory(self) -> GroupsMemory:
        """Everything that this run remembers of groups, for a recording that goes on from here."""
        groups = [GroupMemory(n, g.zones, g.began_ms, g.last_ms) for n, g in self._open.items()]
        return GroupsMemory(self._last, groups, dict(self._firsts))

    def recall(self, memory: GroupsMemory) -> None:
        """Go on from what ``memory`` gave."""
        self._last, self._firsts = memory.last, dict(memory.firsts)
        self._open = {group.number: _Group(group.zones, group.began_ms, group.last_ms) for group in memory.open}

    def restore(self, firsts: dict[int, First], last: int) -> None:
        """Take back what ``firsts`` and ``last`` gave."""
        self._firsts, self._last = dict(firsts), last
