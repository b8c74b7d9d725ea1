"""A position with a car in it, as the list for the fire brigade has it.

Owns the shape of one line of that list.
"""

from __future__ import annotations

import msgspec


class OccupiedPosition(msgspec.Struct, frozen=True, kw_only=True):
    """A position with a car in it, by the books, by its detectors, or both.

    ``vehicle`` is None when only the detectors see a car; ``electric`` is None then too, because nobody knows.
    ``sensed`` is None where no detector looks.
    """

    position: str
    kind: str
    level: int | None
    column: int | None
    side: str | None
    vehicle: str | None
    model: str
    electric: bool | None
    weight_kg: int
    by_books: bool
    sensed: bool | None
    confirmed: bool
