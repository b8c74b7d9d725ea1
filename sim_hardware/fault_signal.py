"""Lies about single signals: how a wrong reading is made of the true one.

Owns the distortions, and the count of readings that they changed. Must never know where a signal is read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from sim_hardware.fault import Fault, FaultKind, FaultRefusedError
from sim_hardware.plant.sensors import Distortion

_MINUTE_MS = 60_000


class Lie:
    """One distortion under way: ``distort`` is called with each truth, ``now_ms`` gives the PLCs' time."""

    def __init__(self, fault: Fault, form: type[int], limits: tuple[int, int], now_ms: Callable[[], int]) -> None:
        self.changed = 0
        """Readings that were shown otherwise than they are."""
        self.fault = fault
        self._form = form
        self._limits = limits
        self._now_ms = now_ms
        self._began_ms = now_ms()
        self._made = self._make()

    @property
    def moves(self) -> bool:
        """What is shown changes with time, though the truth does not."""
        return self.fault.kind in {FaultKind.DRIFT, FaultKind.SLOW, FaultKind.SWAPPED}

    def distort(self, truth: int) -> int:
        """What is shown for the truth."""
        shown = self._made(truth)
        self.changed += shown != truth
        return shown

    def is_off(self) -> bool:
        """A flicker is on its other side now."""
        period_ms = self.fault.period_ms
        return period_ms is not None and self._now_ms() % period_ms * 2 >= period_ms

    def _make(self) -> Distortion:
        value = self.fault.value
        match self.fault.kind:
            case FaultKind.STUCK:
                return _stuck() if value is None else (lambda _truth: value)
            case FaultKind.INVERTED:
                return lambda truth: 1 - truth
            case FaultKind.OFFSET:
                return lambda truth: self._within(truth + (value or 0))
            case FaultKind.DRIFT:
                return lambda truth: self._within(truth + (value or 0) * self._age_ms() // _MINUTE_MS)
            case FaultKind.SLOW:
                return self._delayed(self.fault.period_ms or 0)
            case FaultKind.FLICKER:
                return self._flickering(None if self._form is bool else value)
        raise FaultRefusedError("NOT_SUPPORTED", f"{self.fault.kind} is no wrong value.", "Use another kind.")

    def _within(self, value: int) -> int:
        low, high = self._limits
        return min(high, max(low, value))

    def _age_ms(self) -> int:
        return self._now_ms() - self._began_ms

    def _flickering(self, value: int | None) -> Distortion:
        def distort(truth: int) -> int:
            if not self.is_off():
                return truth
            return 1 - truth if value is None else value

        return distort

    def _delayed(self, delay_ms: int) -> Distortion:
        """What was true ``delay_ms`` ago; at first what is true now."""
        past: deque[tuple[int, int]] = deque()

        def distort(truth: int) -> int:
            now_ms = self._now_ms()
            if not past or past[-1][1] != truth:
                past.append((now_ms, truth))
            while len(past) > 1 and past[1][0] <= now_ms - delay_ms:
                past.popleft()
            return past[0][1]

        return distort


class Swap:
    """Two sensors whose wires are exchanged: each shows what the other saw when it was read last."""

    def __init__(self) -> None:
        self.changed = 0
        self._seen: list[int | None] = [None, None]

    def distortion(self, side: int) -> Distortion:
        """For the first (0) or the second (1) of the two."""

        def distort(truth: int) -> int:
            self._seen[side] = truth
            other = self._seen[1 - side]
            shown = truth if other is None else other
            self.changed += shown != truth
            return shown

        return distort


def _stuck() -> Distortion:
    """Stuck at what it shows when it is looked at first."""
    kept: list[int] = []

    def distort(truth: int) -> int:
        if not kept:
            kept.append(truth)
        return kept[0]

    return distort
