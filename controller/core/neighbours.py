"""Which cars stand before which: in a place that is two deep the front one must go first.

Owns the question. Must never decide who goes.
"""

from __future__ import annotations

from controller.core.situation import Situation


def blockers(situation: Situation, position: str) -> tuple[str, ...]:
    """Occupied positions between the aisle and ``position`` (double-deep)."""
    occupant = situation.state.occupant
    return tuple(front for front in situation.layout.in_front_of(position) if front in occupant)
