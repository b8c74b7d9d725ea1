"""How long each command of a garage takes, from its configuration: the one timing model of planning and estimates.

Owns the times of commands, from the intent of a command to the cycle in which its end is seen. Must never look at the
state of the garage, and never promise: a real machine's times are learned from its journal and laid over these.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from controller.config.models import AxisFigures
from controller.garage import Layout, PositionKind, Stop
from controller.planning.motion import Motion, move_s


@dataclass(frozen=True, slots=True)
class DriveTimes:
    """What the configuration does not tell of drives, pins and PLCs; usual figures of such parts.

    The emulated plant has the same ones. On a real machine the running estimates make up for what differs.
    """

    brake_open_s: float = 0.15
    """From the drive's start until the brake is open."""
    brake_close_s: float = 0.2
    """From standstill until the brake's switch says closed; positioning ends with it, a fork stroke does not wait."""
    fork_creep_mm_s: float = 150.0
    fork_creep_mm: float = 40.0
    plate_creep_mdeg_s: float = 2000.0
    plate_creep_mdeg: float = 1500.0
    index_s: float = 0.8
    """Drawing or setting the pin of a turning plate."""
    bolt_s: float = 0.4
    """Drawing or setting the bolt of a door."""
    plc_scan_s: float = 0.01
    """One scan of a PLC; each step of a sequence ends with one."""
    handshake_periods: float = 2.5
    """Cycles from an intent to the PLC's start, and from its end to the cycle that sees it, together."""


RED_BEFORE_CLOSING_S = 3.0
"""How long the light is red before an outer door begins to close."""
GAP_PERIODS = 2
"""Cycles between the end of one command and the intent of the next one at another device, as the core runs."""


class TimingModel:
    """Seconds of each command of one layout, and of the ways that are made of them."""

    def __init__(self, layout: Layout, drives: DriveTimes | None = None) -> None:
        self.layout = layout
        self._drives = drives or DriveTimes()
        period_s = layout.config.controller.period_ms / 1000
        self._handshake_s = self._drives.handshake_periods * period_s
        self.gap_s = GAP_PERIODS * period_s
        """Between two commands of different devices."""
        self._transfers: dict[tuple[str, str], float] = {}
        self._legs: dict[tuple[str, str, str], float] = {}

    def lock_s(self, lift: str) -> float:
        """LOCK of a lift that stands at a level, from pins in to pins out; UNLOCK takes the same."""
        return self.layout.lifts[lift].lock_s + self._steps_s(1)

    def level_s(self, lift: str, start_mm: float, level: int) -> float:
        """MOVE_TO_LEVEL from a height with pins drawn in.

        Raises:
            KeyError: the garage has no such lift or level.
        """
        return self._travel_s(self.layout.lifts[lift].axis, self.layout.level_height_mm[level] - start_mm)

    def column_s(self, shuttle: str, start: float, column: int) -> float:
        """MOVE_TO_COLUMN from a place along the aisle in mm, or round the ring in millidegrees.

        Raises:
            KeyError: the garage has no such shuttle or column.
        """
        return self._travel_s(self.layout.shuttles[shuttle].axis, self.layout.column_at[column] - start)

    def transfer_s(self, shuttle: str, position: str) -> float:
        """One PICK or PLACE: two strokes, one of them loaded, and the forks raised and lowered.

        Raises:
            KeyError: the garage has no such shuttle or position.
        """
        known = self._transfers.get((shuttle, position))
        if known is None:
            known = self._transfers[shuttle, position] = self._new_transfer_s(shuttle, position)
        return known

    def _new_transfer_s(self, shuttle: str, position: str) -> float:
        shape = self.layout.positions[position]
        return 0.0 if shape.kind is PositionKind.DECK else self.strokes_s(shuttle, shape.depth)

    def strokes_s(self, shuttle: str, depth: int) -> float:
        """PICK or PLACE to a depth of 1 or 2.

        Raises:
            KeyError: the garage has no such shuttle.
        """
        figures = self.layout.shuttles[shuttle].transfer
        stroke = figures.stroke_mm * depth
        drives = self._drives
        strokes = sum(
            move_s(Motion(speed, figures.acceleration_mm_s2, drives.fork_creep_mm_s, drives.fork_creep_mm), stroke)
            for speed in (
                figures.empty_speed_mm_s,
                min(figures.loaded_speed_mm_s, figures.empty_speed_mm_s),
            )
        )
        return strokes + 2 * drives.brake_open_s + 2 * figures.engage_s + self._steps_s(5)

    def open_inner_s(self, cabin: str) -> float:
        """OPEN_INNER_DOOR of a cabin whose inner door is bolted."""
        return self.layout.cabins[cabin].section.inner_open_s + self._drives.bolt_s + self._steps_s(2)

    def close_inner_s(self, cabin: str) -> float:
        """CLOSE_INNER_DOOR, bolt included."""
        return self.layout.cabins[cabin].section.inner_close_s + self._drives.bolt_s + self._steps_s(2)

    def open_outer_s(self, cabin: str) -> float:
        """OPEN_OUTER_DOOR of a cabin whose outer door is bolted."""
        return self.layout.cabins[cabin].section.outer_open_s + self._drives.bolt_s + self._steps_s(2)

    def close_outer_s(self, cabin: str) -> float:
        """CLOSE_OUTER_DOOR through a clear doorway, bolt included."""
        return self.layout.cabins[cabin].section.outer_close_s + self._drives.bolt_s + self._steps_s(2)

    def rotate_s(self, cabin: str) -> float:
        """ROTATE by half a turn; 0 for a cabin whose plate does not turn."""
        section, drives = self.layout.cabins[cabin].section, self._drives
        if not section.turntable:
            return 0.0
        motion = Motion(
            section.turn_speed_mdeg_s,
            section.turn_acceleration_mdeg_s2,
            drives.plate_creep_mdeg_s,
            drives.plate_creep_mdeg,
        )
        brakes = drives.brake_open_s + drives.brake_close_s
        return move_s(motion, 180_000) + brakes + 2 * drives.index_s + self._steps_s(3)

    def hoist_s(self, lift: str, start_mm: float, level: int) -> float:
        """UNLOCK, MOVE_TO_LEVEL and LOCK from a height to a level; 0 when it is there.

        Raises:
            KeyError: the garage has no such lift or level.
        """
        travel_s = self.level_s(lift, start_mm, level)
        return travel_s + 2 * self.lock_s(lift) if travel_s else 0.0

    def travel_s(self, shuttle: str, start: Stop | None, end: Stop | None) -> float:
        """A shuttle from stop to stop, with docking, lift and locking where it rides; 0 for an unknown end."""
        if start is None or end is None:
            return 0.0
        layout = self.layout
        home, lift = layout.home_column(shuttle), layout.shuttles[shuttle].lift
        begin = layout.column_at[start.column]
        if lift is None or home is None or start.level is None or end.level in (None, start.level):
            return self.column_s(shuttle, begin, end.column)
        back_s = self.column_s(shuttle, begin, home)
        up_s = self.hoist_s(lift, layout.level_height_mm[start.level], end.level or 0)
        out_s = self.column_s(shuttle, layout.column_at[home], end.column)
        return sum(part + self.gap_s for part in (back_s, up_s, out_s) if part)

    def leg_s(self, shuttle: str, source: str, target: str) -> float:
        """A leg from the moment its shuttle stands at the source: both transfers and the way between."""
        known = self._legs.get((shuttle, source, target))
        if known is None:
            way_s = self.travel_s(shuttle, self.layout.stop(shuttle, source), self.layout.stop(shuttle, target))
            known = self.transfer_s(shuttle, source) + self.gap_s + way_s + self.transfer_s(shuttle, target)
            self._legs[shuttle, source, target] = known
        return known

    def presenting_s(self, cabin: str, *, turns: bool) -> float:
        """From a car set down in a cabin to green for its driver: inner door, half turn, outer door."""
        turn_s = self.rotate_s(cabin) if turns else 0.0
        steps = (self.close_inner_s(cabin), turn_s, self.open_outer_s(cabin))
        return sum(step + self.gap_s for step in steps if step)

    def shutting_s(self, cabin: str) -> float:
        """From the moment nobody is seen in a cabin until its outer door is bolted: red light first."""
        return RED_BEFORE_CLOSING_S + self.gap_s + self.close_outer_s(cabin)

    @property
    def countdown_s(self) -> float:
        """How long a shut and confirmed cabin must stay so until it is proven empty (H02)."""
        return self.layout.config.controller.clearance_countdown_ms / 1000

    def _travel_s(self, axis: AxisFigures, distance: float) -> float:
        """A move of a positioning axis; within its tolerance there is nothing to do and no command."""
        if abs(distance) <= axis.tolerance_mm:
            return 0.0
        motion = Motion(axis.speed_mm_s, axis.acceleration_mm_s2, axis.creep_speed_mm_s, axis.creep_distance_mm)
        return move_s(motion, distance) + self._drives.brake_open_s + self._drives.brake_close_s + self._steps_s(1)

    def _steps_s(self, steps: int) -> float:
        return self._handshake_s + steps * self._drives.plc_scan_s


@lru_cache(maxsize=64)
def timing_of(layout: Layout) -> TimingModel:
    """The timing model of a layout."""
    return TimingModel(layout)
