"""The garage in millimetres: where columns, levels, positions and door lines lie.

Owns fixed geometry only, worked out once from the layout. Must never hold anything that moves.

Axes: along the aisle ``way`` (mm, or mdeg round a ring), across it ``y`` (left positive), up ``z``.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

from controller.garage import Layout, Position, PositionKind, Side
from sim_hardware.plant.body import Seat, SeatKind

SIGN = {Side.LEFT: 1, Side.RIGHT: -1}
MOVER_WIDTH_MM = 2300
"""Footprint of a shuttle and of a platform along the aisle."""
STOP_TOLERANCE_MM = 40
"""Levelling tolerance across and along (GB 17907 as makers quote it)."""
LEVEL_TOLERANCE_MM = 50
"""Levelling tolerance in height (the same source)."""
SWITCH_REACH_MM = 600
"""How far a load's middle may be from a load switch that it presses."""
CENTRED_ACROSS_MM = 60
CENTRED_ALONG_MM = 40
LOADED_LIMIT_GAP_MM = 100
"""From the edge of a deck or plate to the middle line between two neighbours across the aisle."""


@dataclass(frozen=True, slots=True)
class CabinSpace:
    """A cabin's lines on its lane, mm from the plate's middle, inwards (to the machine) positive."""

    centre_y_mm: float
    outer_line_mm: float
    inner_line_mm: float
    sign: int

    def lane_of(self, y_mm: float) -> float:
        """From across-the-aisle to lane coordinates."""
        return (self.centre_y_mm - y_mm) * self.sign

    def y_of(self, lane_mm: float) -> float:
        """From lane to across-the-aisle coordinates."""
        return self.centre_y_mm - lane_mm * self.sign


class Space:
    """Fixed geometry of one garage."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.ring = layout.config.aisle.shape == "ring"
        self.level_z = {number: float(height) for number, height in layout.level_height_mm.items()}
        self.column_way = {number: float(at) for number, at in layout.column_at.items()}
        self._columns = sorted((way, number) for number, way in self.column_way.items())
        self._levels = sorted((z, number) for number, z in self.level_z.items())
        self.clear_way = self._clear_way()
        self.stop_tolerance = float(STOP_TOLERANCE_MM) if not self.ring else self.clear_way / 50
        self.position_y = {p.id: self._y(p) for p in layout.positions.values()}
        self._across = self._positions_across()
        self.cabins = {cabin.id: self._cabin(cabin.id) for cabin in layout.cabins.values()}

    def level_at(self, z: float, tolerance_mm: float) -> int | None:
        """The level whose floor lies at ``z``."""
        return _nearest(self._levels, z, tolerance_mm)

    def column_at(self, way: float, tolerance: float) -> int | None:
        """The column that lies at ``way``."""
        return _nearest(self._columns, way, tolerance)

    def across(self, level: int, column: int, side: Side, depth: int) -> Position | None:
        """The position at a column, side and depth of a level; a lift's platform counts for each of its levels."""
        return self._across.get((level, column, side, depth))

    def seat(self, position: Position) -> Seat:
        """What a vehicle in a position rests on."""
        return Seat(_SEAT_KIND[position.kind], position.owner or position.id)

    def half_deck_mm(self, stroke_mm: int) -> float:
        """Half of the length that a deck, a plate or a platform offers across the aisle."""
        return stroke_mm / 2 - LOADED_LIMIT_GAP_MM

    def stroke_to(self, position: str) -> int:
        """Stroke of the forks that reach a position; 5600 where none do."""
        reached = self.layout.reached_by(position)
        return self.layout.shuttles[reached[0]].transfer.stroke_mm if reached else 5600

    def _y(self, position: Position) -> float:
        if position.side is None:
            return 0.0
        return float(SIGN[position.side] * position.depth * self.stroke_to(position.id))

    def _clear_way(self) -> float:
        """How far a shuttle must be from a platform's middle to stand on the aisle alone."""
        ways = [way for way, _ in self._columns]
        pitch = min((b - a for a, b in pairwise(ways)), default=float(MOVER_WIDTH_MM))
        return pitch * 0.88 if self.ring else min(float(MOVER_WIDTH_MM), pitch * 0.88)

    def _positions_across(self) -> dict[tuple[int, int, Side, int], Position]:
        found: dict[tuple[int, int, Side, int], Position] = {}
        for position in self.layout.positions.values():
            if position.column is None or position.side is None:
                continue
            levels = (
                self.layout.lifts[position.owner].levels
                if position.kind is PositionKind.PLATFORM
                else ()
                if position.level is None
                else (position.level,)
            )
            for level in levels:
                found[level, position.column, position.side, position.depth] = position
        return found

    def _cabin(self, cabin_id: str) -> CabinSpace:
        cabin = self.layout.cabins[cabin_id]
        stroke = self.stroke_to(cabin.position)
        half = max(cabin.envelope.length_mm / 2, self.half_deck_mm(stroke))
        return CabinSpace(self.position_y[cabin.position], -(half + 300.0), stroke / 2, SIGN[cabin.side])


_SEAT_KIND = {
    PositionKind.PLACE: SeatKind.STAND,
    PositionKind.BUFFER: SeatKind.STAND,
    PositionKind.CABIN: SeatKind.PLATE,
    PositionKind.PLATFORM: SeatKind.PLATFORM,
    PositionKind.DECK: SeatKind.DECK,
}


def _nearest(marks: list[tuple[float, int]], at: float, tolerance: float) -> int | None:
    index = bisect_left(marks, (at - tolerance, -1))
    if index < len(marks) and marks[index][0] <= at + tolerance:
        return marks[index][1]
    return None
