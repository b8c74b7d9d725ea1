"""The two clocks of the control process, and waiting by the one that never jumps.

Owns every reading of time in the shell. Everything is timed by the monotonic clock; Unix time is written beside
what people read and decides nothing, so that a jump of it cannot matter.
"""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from controller.core.interface import Instant

_EARLY_NS = 500_000
"""An event loop's timers are rounded to milliseconds; waking this much early counts as on time."""


class Clock(Protocol):
    """What the cycle knows of time; tests bring their own."""

    def monotonic_ns(self) -> int:
        """Nanoseconds that never go back."""
        ...

    def instant(self) -> Instant:
        """Now, by both clocks."""
        ...

    async def until(self, due_ns: int) -> None:
        """Return when ``due_ns`` has come, at once when it has passed."""
        ...


class SystemClock:
    """The machine's clocks."""

    def monotonic_ns(self) -> int:
        """Nanoseconds of the monotonic clock, the one that links stamp their answers with."""
        return time.monotonic_ns()

    def instant(self) -> Instant:
        """Now, by both clocks, in ms."""
        return Instant(time.monotonic_ns() // 1_000_000, time.time_ns() // 1_000_000)

    async def until(self, due_ns: int) -> None:
        """Wait for an absolute moment: the loop is asked again until it has come, so nothing drifts."""
        left_ns = due_ns - time.monotonic_ns()
        if left_ns <= _EARLY_NS:
            # Give the loop one turn even so: a cycle that overruns must not starve the links that it waits for.
            await asyncio.sleep(0)
            return
        while left_ns > _EARLY_NS:
            await asyncio.sleep(left_ns / 1e9)
            left_ns = due_ns - time.monotonic_ns()
