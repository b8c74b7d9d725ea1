"""What the journal has taught about times: how long moves and people really take, and how far promises held.

Owns the running figures and how one more event changes them. They come from events alone, so that every fold of a
journal gives the same ones. What failed, was taken away or is far off is left out or cut off: a fault is not what the
next customer has to expect. Must never decide anything, and never take part in what is safe.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, sqrt

from controller.core.order import Promise

GREEN_TO_LEAVE = "leaving"
"""Phase in which a customer has been given the car."""
PEOPLE_PHASES = frozenset(
    {"leaving", "closing", "confirming", "inviting", "positioning", "stepping-out", "securing", "checking"}
)
"""Phases that people end, or that wait for them."""

RATIO_MIN, RATIO_MAX = 0.5, 2.0
"""A move that took less or more than this of what was expected was disturbed, or the clock was set meanwhile."""
PEOPLE_S_MAX = 900.0
"""People who stay for longer do not come back to the figures of the others."""
WEIGHT_MIN = 0.02
"""Weight of the newest value in the long run: the last fifty count."""
CUT_SD = 3.0
"""A value farther from the mean than so many standard deviations counts as one that far off."""
FEW = 8
"""Before so many values there is no spread to cut by."""

MISS_SHARE = 0.05
"""How often the truth should lie beyond either end of a 90 % interval."""
_GAIN = 0.25
FACTOR_MIN, FACTOR_MAX = 0.3, 6.0
FAR_OFF = 8.0
"""A promise that was missed by so many of its own widths was broken by a fault, and says nothing of the next ones."""


@dataclass(slots=True)
class Running:
    """Mean and variance of what came lately."""

    count: int = 0
    mean: float = 0.0
    variance: float = 0.0

    def add(self, value: float) -> None:
        """One more value."""
        if self.count >= FEW:
            reach = CUT_SD * sqrt(self.variance) + 0.01 * abs(self.mean)
            value = min(max(value, self.mean - reach), self.mean + reach)
        self.count += 1
        weight = max(1 / self.count, WEIGHT_MIN)
        off = value - self.mean
        self.mean += weight * off
        self.variance = (1 - weight) * (self.variance + weight * off * off)


@dataclass(slots=True)
class Calibration:
    """All that was learned.

    ``moves`` are ratios of real to expected time by unit and command, as ``lift1 MOVE_TO_LEVEL``; ``phases`` seconds of
    the phases of people in cabins. ``early`` and ``late`` widen or narrow the two halves of an interval. ``promises``
    counts orders that were promised a time and served, ``kept`` those served by then (the measure of VDI 4486), and
    ``within`` those whose interval held.
    """

    moves: dict[str, Running] = field(default_factory=dict)
    phases: dict[str, Running] = field(default_factory=dict)
    early: float = 1.0
    late: float = 1.5
    promises: int = 0
    kept: int = 0
    within: int = 0

    def moved(self, unit: str, command: str, took_ms: int, expected_ms: int) -> None:
        """A command ended well."""
        if expected_ms > 0 and RATIO_MIN <= (ratio := took_ms / expected_ms) <= RATIO_MAX:
            self.moves.setdefault(f"{unit} {command}", Running()).add(ratio)

    def stayed(self, phase: str, took_ms: int) -> None:
        """A phase of people has ended."""
        if 0 <= took_ms <= 1000 * PEOPLE_S_MAX:
            self.phases.setdefault(phase, Running()).add(took_ms / 1000)

    def served(self, promise: Promise, at_ms: int) -> None:
        """A customer was served: learn from how far the promise held."""
        self.promises += 1
        self.kept += at_ms <= promise.late_ms
        self.within += promise.early_ms <= at_ms <= promise.late_ms
        width_ms = max(promise.late_ms - promise.early_ms, 2000)
        if abs(at_ms - promise.eta_ms) <= FAR_OFF * width_ms:
            self.early = _adapted(self.early, is_missed=at_ms < promise.early_ms)
            self.late = _adapted(self.late, is_missed=at_ms > promise.late_ms)


def _adapted(factor: float, *, is_missed: bool) -> float:
    """A step up for a miss, a small one down for a hit: in the long run as many miss as should."""
    step = 1 - MISS_SHARE if is_missed else -MISS_SHARE
    return min(max(factor * exp(_GAIN * step), FACTOR_MIN), FACTOR_MAX)
