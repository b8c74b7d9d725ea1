"""The two sides of an aisle."""

from __future__ import annotations

from enum import Enum


class Side(Enum):
    """A side of the aisle, looking along growing columns; also the direction in which a car's nose points."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def other(self) -> Side:
        """The side across the aisle."""
        return Side.RIGHT if self is Side.LEFT else Side.LEFT
