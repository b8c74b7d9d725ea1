"""A car as the books know it.

Owns the record and whether a car fits. Must never know how it is moved.
"""

from __future__ import annotations

from dataclasses import dataclass

from controller.config.models import Envelope
from controller.garage import Side


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A car. ``position`` is None before it has come and after it has left."""

    id: str
    model: str
    length_mm: int
    width_mm: int
    height_mm: int
    weight_kg: int
    electric: bool
    position: str | None = None
    heading: Side | None = None

    def misfits(self, limits: Envelope) -> tuple[str, ...]:
        """The dimensions in which the car exceeds ``limits``, in words; empty when it fits (H14)."""
        pairs = (
            ("length", self.length_mm, limits.length_mm, "mm"),
            ("width", self.width_mm, limits.width_mm, "mm"),
            ("height", self.height_mm, limits.height_mm, "mm"),
            ("weight", self.weight_kg, limits.weight_kg, "kg"),
        )
        return tuple(f"{name} {is_} {unit} above {most} {unit}" for name, is_, most, unit in pairs if is_ > most)
