"""Everything that can go wrong in a small garage, and everything that persons can be at, in one list.

Owns the numbers: a plant names what is wrong by its place in this list, counted from 1.
"""

from __future__ import annotations

from safety.verification.hand import troubles_of_hands
from safety.verification.layout import Layout
from safety.verification.trouble import Trouble, troubles_of_machine


def troubles_of(layout: Layout) -> tuple[Trouble, ...]:
    """Every trouble of a layout."""
    return (*troubles_of_machine(layout), *troubles_of_hands(layout))
