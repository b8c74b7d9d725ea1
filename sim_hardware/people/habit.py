"""Ways in which a customer may behave.

Owns the list only; ``visit.py`` acts them out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Habit(Enum):
    """What a customer does that not every customer does."""

    NORMAL = "normal"
    STAYS_INSIDE = "stays-inside"
    """Stays in the cabin on foot until the sign says STEP_OUT."""
    COMES_BACK = "comes-back"
    """After the confirmation goes in once more, if the door is still open, and out again."""
    NEVER_CONFIRMS = "never-confirms"
    PRESSES_TWICE = "presses-twice"
    LEAVES_BOOT_OPEN = "leaves-boot-open"
    """Walks away from the car that it has brought with its boot open."""
    BRINGS_ANOTHER = "brings-another"
    """Comes with another car than was ordered."""


BRINGING = frozenset({Habit.LEAVES_BOOT_OPEN, Habit.BRINGS_ANOTHER})
"""Habits that only somebody has who brings a car."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long people take, in s of plant time, each as (shortest, longest)."""

    walk_s: tuple[float, float]
    dwell_s: tuple[float, float]
    reaction_s: tuple[float, float] = (0.6, 2.0)
    give_up_s: float = 600.0
