"""The timing model with what the journal has taught about single units laid over it.

Owns the factors and nothing else; every time is the plain model's. Must never look at the state of the garage.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.garage import Layout
from controller.planning.timing import TimingModel


class CalibratedTiming(TimingModel):
    """Seconds of each command, times the factor of its unit and command; ``factors`` are keyed as ``lift1 LOCK``."""

    def __init__(self, layout: Layout, factors: Mapping[str, float]) -> None:
        super().__init__(layout)
        self._factors = dict(factors)

    def lock_s(self, lift: str) -> float:
        """LOCK, and UNLOCK as well."""
        return super().lock_s(lift) * self._of(lift, "LOCK", "UNLOCK")

    def level_s(self, lift: str, start_mm: float, level: int) -> float:
        """MOVE_TO_LEVEL."""
        return super().level_s(lift, start_mm, level) * self._of(lift, "MOVE_TO_LEVEL")

    def column_s(self, shuttle: str, start: float, column: int) -> float:
        """MOVE_TO_COLUMN."""
        return super().column_s(shuttle, start, column) * self._of(shuttle, "MOVE_TO_COLUMN")

    def strokes_s(self, shuttle: str, depth: int) -> float:
        """PICK or PLACE."""
        names = ("PICK_LEFT", "PICK_RIGHT", "PLACE_LEFT", "PLACE_RIGHT")
        return super().strokes_s(shuttle, depth) * self._of(shuttle, *names)

    def open_inner_s(self, cabin: str) -> float:
        """OPEN_INNER_DOOR."""
        return super().open_inner_s(cabin) * self._of(cabin, "OPEN_INNER_DOOR")

    def close_inner_s(self, cabin: str) -> float:
        """CLOSE_INNER_DOOR."""
        return super().close_inner_s(cabin) * self._of(cabin, "CLOSE_INNER_DOOR")

    def open_outer_s(self, cabin: str) -> float:
        """OPEN_OUTER_DOOR."""
        return super().open_outer_s(cabin) * self._of(cabin, "OPEN_OUTER_DOOR")

    def close_outer_s(self, cabin: str) -> float:
        """CLOSE_OUTER_DOOR."""
        return super().close_outer_s(cabin) * self._of(cabin, "CLOSE_OUTER_DOOR")

    def rotate_s(self, cabin: str) -> float:
        """ROTATE."""
        return super().rotate_s(cabin) * self._of(cabin, "ROTATE")

    def _of(self, unit: str, *commands: str) -> float:
        known = [self._factors[key] for command in commands if (key := f"{unit} {command}") in self._factors]
        return sum(known) / len(known) if known else 1.0
