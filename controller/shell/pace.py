"""When each cycle is due, how late it began, and which ones were missed.

Owns the deadlines and the figures of the cycle. Pure: time comes as an argument. Deadlines are absolute: a
missed one is counted and skipped, never made up for, because cycles in a bunch would show the PLCs a heartbeat
that the machine's state does not follow.
"""

from __future__ import annotations

from array import array

from controller.local_link.messages import CycleView

OVERRUNS_IN_A_ROW_MAX = 10
"""So many cycles that miss their successor's deadline, one after the other, are a fault with a defined stop. At
20 ms they are at least 200 ms: below the 500 ms after which the PLCs stop by themselves, and above what a busy
machine does once in a while. A single longer stall is the PLCs' watchdog's to catch (contract rule 2)."""

_WINDOW_MS = 10_000


class Pace:
    """Deadlines of one period, from ``start_ns`` (monotonic) on.

    ``due_ns`` is the deadline of the cycle that comes next or is under way; ``in_a_row`` how many of the last
    cycles have overrun one after the other.
    """

    __slots__ = ("_filled", "_late_us", "_next", "cycles", "due_ns", "in_a_row", "overruns", "period_ms", "period_ns")

    def __init__(self, period_ms: int, start_ns: int = 0) -> None:
        self.period_ms = period_ms
        self.period_ns = period_ms * 1_000_000
        self.due_ns = start_ns
        self.cycles = 0
        self.overruns = 0
        self.in_a_row = 0
        # One slot for each cycle of the window, filled in turn: recording makes no garbage.
        self._late_us = array("Q", bytes(8 * max(1, _WINDOW_MS // period_ms)))
        self._next = 0
        self._filled = 0

    def begin(self, now_ns: int) -> None:
        """A cycle begins: record how late it is."""
        self.cycles += 1
        self._late_us[self._next] = max(0, now_ns - self.due_ns) // 1000
        self._next = (self._next + 1) % len(self._late_us)
        self._filled = min(self._filled + 1, len(self._late_us))

    def end(self, now_ns: int) -> int:
        """The cycle has ended: go on to the first deadline in the future; returns how many were missed."""
        following = self.due_ns + self.period_ns
        if now_ns < following:
            self.due_ns = following
            self.in_a_row = 0
            return 0
        missed = (now_ns - following) // self.period_ns + 1
        self.overruns += missed
        self.in_a_row += 1
        self.due_ns = following + missed * self.period_ns
        return missed

    @property
    def too_many(self) -> bool:
        """True when so many cycles have overrun in a row that the machine must stop."""
        return self.in_a_row >= OVERRUNS_IN_A_ROW_MAX

    def view(self) -> CycleView:
        """The figures of the last ten seconds; lateness in microseconds."""
        late = sorted(self._late_us[: self._filled]) or [0]
        return CycleView(
            period_ms=self.period_ms,
            cycles=self.cycles,
            overruns=self.overruns,
            late_p50_us=late[len(late) // 2],
            late_p99_us=late[min(len(late) - 1, len(late) * 99 // 100)],
            late_max_us=late[-1],
        )
