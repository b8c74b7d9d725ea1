"""What deck and platform sensors see of the cars above them.

Owns the optics and switches of a deck. Must never know which machine the deck belongs to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim_hardware.plant.body import VehicleBody
from sim_hardware.plant.space import CENTRED_ACROSS_MM, CENTRED_ALONG_MM, SWITCH_REACH_MM

FORKS_SEEN_MM = 150
"""Forks out further than this interrupt the light barrier at the deck's edge."""


@dataclass(frozen=True, slots=True)
class Load:
    """A car above a deck: its middle from the deck's middle, and whether it rests on the deck or hangs on forks."""

    car: VehicleBody
    dx_mm: float
    dy_mm: float
    resting: bool

    @property
    def left_mm(self) -> float:
        """Its left end, from the deck's middle."""
        return self.dy_mm + self.car.spec.length_mm / 2

    @property
    def right_mm(self) -> float:
        """Its right end, from the deck's middle."""
        return self.dy_mm - self.car.spec.length_mm / 2


@dataclass(frozen=True, slots=True)
class DeckEdges:
    """Half measures of a deck, across and along the aisle."""

    across_mm: float
    along_mm: float


def weight_kg(loads: Sequence[Load], *, hanging: bool) -> int:
    """Weight on the deck; with ``hanging`` also of what its forks carry."""
    return sum(load.car.spec.weight_kg for load in loads if load.resting or hanging)


def present(loads: Sequence[Load], *, hanging: bool) -> bool:
    """The load switch in the middle is pressed; with ``hanging`` also by what the deck's own forks hold above it.

    A shuttle's switch has spring travel for the stroke of its forks: a car is seen without a gap while it is lifted
    or lowered. A platform's switch knows only what has been set down.
    """
    return any((load.resting or hanging) and abs(load.dy_mm) < SWITCH_REACH_MM for load in loads)


def clear(loads: Sequence[Load]) -> bool:
    """The barrier across the deck's middle is received."""
    return not any(load.right_mm < 0 < load.left_mm for load in loads)


def centred(loads: Sequence[Load]) -> bool:
    """Every load is within its marks."""
    return all(abs(load.dy_mm) <= CENTRED_ACROSS_MM and abs(load.dx_mm) <= CENTRED_ALONG_MM for load in loads)


def edge_clear(loads: Sequence[Load], edges: DeckEdges, sign: int, forks_mm: float) -> bool:
    """The barrier at the left (``sign`` 1) or right (-1) edge is received; ``forks_mm`` is the forks' extension."""
    if sign * forks_mm > FORKS_SEEN_MM:
        return False
    line = sign * edges.across_mm
    return not any(load.right_mm < line < load.left_mm for load in loads)


def end_clear(loads: Sequence[Load], edges: DeckEdges, sign: int) -> bool:
    """The barrier at the end towards growing (``sign`` 1) or falling columns (-1) is received."""
    return not any(sign * load.dx_mm + load.car.spec.width_mm / 2 > edges.along_mm for load in loads)


def within(loads: Sequence[Load], edges: DeckEdges) -> bool:
    """Nothing sticks out on any side."""
    return all(
        abs(load.dy_mm) + load.car.spec.length_mm / 2 <= edges.across_mm
        and abs(load.dx_mm) + load.car.spec.width_mm / 2 <= edges.along_mm
        for load in loads
    )
