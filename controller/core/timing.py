"""How long moves take, from the figures of the configuration.

Owns the closed forms for trapezoidal motion with creep. Must never look at the state of the garage.
"""

from __future__ import annotations

from math import sqrt

from controller.config.models import AxisFigures
from controller.garage import Layout, PositionKind, Stop

_SETTLE_S = 0.6
"""Command, acknowledgement and the proof of the end position, per command."""


def axis_s(axis: AxisFigures, distance_mm: float) -> float:
    """Seconds for a move of ``distance_mm``: trapezoid or triangle, the last stretch at creep speed."""
    distance = abs(distance_mm)
    if distance == 0:
        return 0.0
    creep = min(axis.creep_distance_mm, distance)
    return _trapezoid_s(distance - creep, axis.speed_mm_s, axis.acceleration_mm_s2) + creep / axis.creep_speed_mm_s


def _trapezoid_s(distance: float, speed: float, acceleration: float) -> float:
    if distance <= 0:
        return 0.0
    if distance >= speed * speed / acceleration:
        return distance / speed + speed / acceleration
    return 2 * sqrt(distance / acceleration)


def lift_s(layout: Layout, lift: str, start_mm: float, level: int) -> float:
    """Seconds to unlock, travel from a height to ``level`` and lock there; 0 when it is there."""
    shape = layout.lifts[lift]
    distance = layout.level_height_mm[level] - start_mm
    if abs(distance) < 1:
        return 0.0
    return axis_s(shape.axis, distance) + 2 * shape.lock_s + 3 * _SETTLE_S


def along_s(layout: Layout, shuttle: str, start: float, column: int) -> float:
    """Seconds along the aisle from ``start`` (mm or millidegrees) to ``column``."""
    distance = layout.column_at[column] - start
    if abs(distance) < 1:
        return 0.0
    return axis_s(layout.shuttles[shuttle].axis, distance) + _SETTLE_S


def travel_s(layout: Layout, shuttle: str, start: Stop | None, end: Stop | None) -> float:
    """Seconds between two stops, with docking, lift and locking where the shuttle rides; 0 for an unknown start."""
    if start is None or end is None:
        return 0.0
    home = layout.home_column(shuttle)
    lift = layout.shuttles[shuttle].lift
    begin = layout.column_at[start.column]
    if lift is None or home is None or start.level == end.level or start.level is None or end.level is None:
        return along_s(layout, shuttle, begin, end.column)
    return (
        along_s(layout, shuttle, begin, home)
        + lift_s(layout, lift, layout.level_height_mm[start.level], end.level)
        + along_s(layout, shuttle, layout.column_at[home], end.column)
    )


def transfer_s(layout: Layout, shuttle: str, position: str) -> float:
    """Seconds for one pick or place at ``position``: one stroke empty, one loaded, and engaging."""
    shape = layout.positions[position]
    if shape.kind is PositionKind.DECK:
        return 0.0
    figures = layout.shuttles[shuttle].transfer
    stroke = figures.stroke_mm * shape.depth
    out = _trapezoid_s(stroke, figures.empty_speed_mm_s, figures.acceleration_mm_s2)
    back = _trapezoid_s(stroke, figures.loaded_speed_mm_s, figures.acceleration_mm_s2)
    return out + back + figures.engage_s + _SETTLE_S


def handover_s(layout: Layout, cabin: str) -> float:
    """Seconds of the machine's part of a handover: doors and a half turn; without the people."""
    section = layout.cabins[cabin].section
    turn = _trapezoid_s(180_000, section.turn_speed_mdeg_s, section.turn_acceleration_mdeg_s2)
    inner = section.inner_open_s + section.inner_close_s
    return inner + section.outer_open_s + (turn if section.turntable else 0.0) + 4 * _SETTLE_S
