"""What can go wrong in the physical world, as values.

Owns the kinds of violation and their record. Must never decide whether one has happened; ``judge.py`` and the
mechanics do.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class ViolationKind(Enum):
    """Kinds of physical accident, and of states one step before it."""

    COLLISION = "collision"
    DOUBLE_OCCUPANCY = "double-occupancy"
    CAR_DROPPED = "car-dropped"
    MOVER_FELL = "mover-fell"
    TORN = "torn"
    CRUSHED = "crushed"
    PERSON_FALLS = "person-falls"
    PERSON_IN_DANGER = "person-in-danger"
    BOTH_DOORS_OPEN = "both-doors-open"
    OPEN_TO_MOTION = "open-to-motion"
    PINS_ENGAGED = "pins-engaged"
    UNLOCKED_TRANSFER = "unlocked-transfer"
    OVERTRAVEL_CRASH = "overtravel-crash"
    OVERHANG_MOVING = "overhang-moving"


@dataclass(frozen=True, slots=True)
class Violation:
    """One accident: what, when in plant time, told in words, and which bodies and devices took part."""

    kind: ViolationKind
    at_ms: int
    text: str
    bodies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that the judge has seen: count by kind's value (kinds that did not occur are absent) and the list."""

    counts: dict[str, int]
    violations: tuple[Violation, ...]
    dropped: int
    """Violations beyond the list's bound; they are counted, not listed."""

    @property
    def clean(self) -> bool:
        """Nothing has happened."""
        return not self.counts


class Report(Protocol):
    """How mechanics tell the judge of an event that leaves no lasting state to look at."""

    def __call__(self, kind: ViolationKind, text: str, *bodies: str) -> None:
        """Record it now."""
