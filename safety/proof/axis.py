"""The driven axes of a garage: what moves them, where that shows, and how long pauses and stops may be.

Owns the figures that the predicates of H15 and H18 use. Must never import the trips.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plc_drivers.contract import CommandCode
from safety.proof.space import TRANSFERS
from safety.topology import Topology

FAST_MM_S = 60
"""Creep speed, the slowest that an axis is driven at: what is faster is driven."""

FAST_MDEG_S = 210
"""A hundredth of a turntable's full speed."""

PAUSE_MS = 6000
"""No axis rests this long under a command: brake, levelling and creep take 1 to 2 s each."""

SLOW_PAUSE_MS = 8000
"""The same for forks, which lift and lower a car between their strokes, and for a turntable with its index pin."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: the permit and commands that move it, the tags that show it, and its longest pause and stop."""

    device: str
    permit: str
    codes: tuple[CommandCode, ...]
    places: tuple[str, ...]
    speed: str | None
    fast: int
    pause_ms: int
    stop_ms: int

    def __str__(self) -> str:
        return f"{self.device}.{self.permit}"


def axes(topology: Topology) -> Iterator[Axis]:
    """Every driven axis of the garage."""
    reference, forks = CommandCode.REFERENCE, ("forks_left_mm", "forks_right_mm")
    for lift in topology.lifts:
        codes = (CommandCode.MOVE_TO_LEVEL, reference)
        yield Axis(lift.id, "travel", codes, ("position_mm",), "speed_mm_s", FAST_MM_S, PAUSE_MS, lift.stop_ms)
    for shuttle in topology.shuttles:
        codes, places = (CommandCode.MOVE_TO_COLUMN, reference), ("position", *forks)
        yield Axis(shuttle.id, "travel", codes, places, "speed", FAST_MM_S, PAUSE_MS, shuttle.stop_ms)
        yield Axis(shuttle.id, "transfer", TRANSFERS, forks, None, 0, SLOW_PAUSE_MS, 0)
    for cabin in topology.cabins:
        if cabin.turntable:
            codes, speed, stop_ms = (CommandCode.ROTATE, reference), "turn_speed_mdeg_s", cabin.stop_ms
            yield Axis(cabin.id, "rotate", codes, ("angle_mdeg",), speed, FAST_MDEG_S, SLOW_PAUSE_MS, stop_ms)
