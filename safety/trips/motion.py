"""Axes that do not do what they were told: no progress under a command, and no standstill without a permit.

Owns the watchdogs of motion (H11, H15, H18). A stop that takes longer than designed is a hazard by itself: the
distances that people are kept away by rest on it (ISO 13855).
"""

from __future__ import annotations

from dataclasses import dataclass

from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import JOGS
from safety.expression import ChangedWithin, Expression, HeldFor, Not, Proven, Tag, all_of, any_of
from safety.interlocks import unit
from safety.interlocks.proof import STILL_MDEG_S, STILL_MM_S, in_automatic
from safety.interlocks.unit import Unit
from safety.topology import Topology
from safety.trip import StopCategory, Trip

_TRANSFERS = (CommandCode.PICK_LEFT, CommandCode.PICK_RIGHT, CommandCode.PLACE_LEFT, CommandCode.PLACE_RIGHT, *JOGS)


@dataclass(frozen=True, slots=True)
class _Axis:
    """One axis: what commands move it, where that shows, and how long a pause and a stop may be, in ms.

    An axis that shows no speed has no stop that could be watched.
    """

    device: Unit
    zone: int
    name: str
    permit: str
    codes: tuple[CommandCode, ...]
    places: tuple[Tag, ...]
    pause_ms: int
    speed: Tag | None = None
    still: int = 0
    stop_ms: int = 0


def motion_trips(topology: Topology) -> list[Trip]:
    """Watchdogs of every axis."""
    found: list[Trip] = []
    for axis in _axes(topology):
        found.append(_progress(axis))
        if axis.speed is not None:
            found.append(_stands_without_permit(axis, axis.speed))
    return found


def _axes(topology: Topology) -> list[_Axis]:
    reference = CommandCode.REFERENCE
    axes: list[_Axis] = []
    for lift in topology.lifts:
        device = unit.lift(lift.id)
        place, speed = device["position_mm"], device["speed_mm_s"]
        codes = (CommandCode.MOVE_TO_LEVEL, *JOGS, reference)
        axes.append(_Axis(device, lift.zone, "lift", "travel", codes, (place,), 6000, speed, STILL_MM_S, lift.stop_ms))
    for shuttle in topology.shuttles:
        device = unit.shuttle(shuttle.id)
        forks = (device["forks_left_mm"], device["forks_right_mm"])
        travel = (device["position"], *forks)
        codes = (CommandCode.MOVE_TO_COLUMN, *JOGS, reference)
        speed = device["speed"]
        axes += [
            _Axis(device, shuttle.zone, "travel", "travel", codes, travel, 6000, speed, STILL_MM_S, shuttle.stop_ms),
            _Axis(device, shuttle.zone, "forks", "transfer", _TRANSFERS, forks, 8000),
        ]
    for cabin in topology.cabins:
        if cabin.turntable:
            device = unit.cabin(cabin.id)
            place, speed = device["angle_mdeg"], device["turn_speed_mdeg_s"]
            codes = (CommandCode.ROTATE, *JOGS, reference)
            axes.append(
                _Axis(device, cabin.zone, "turn", "rotate", codes, (place,), 8000, speed, STILL_MDEG_S, cabin.stop_ms)
            )
    return axes


def _if_answering(device: Unit, holds: Expression) -> Expression:
    """``holds``, while the device answers; its silence is another interlock's cause, and must not read as this one."""
    return any_of(Not(Proven(device.answers)), holds)


def _progress(axis: _Axis) -> Trip:
    device = axis.device
    moving = all_of(device["active_command"].one_of(*axis.codes), device[f"holds_{axis.permit}"])
    rests = [Proven(Not(ChangedWithin(place, axis.pause_ms))) for place in axis.places]
    stuck = all_of(HeldFor(moving, axis.pause_ms), *rests)
    return Trip(
        id=f"{device.id}.{axis.name}-progress",
        title="An axis that is told to move does move",
        hazard="H15",
        category=StopCategory.STOP_THEN_OFF,
        zone=axis.zone,
        stops=(device.may(axis.permit),),
        holds=_if_answering(device, Not(stuck)),
        cause=f"{device.id} was told to move and has not for {axis.pause_ms // 1000} s ({axis.name}).",
        remedy="Look what blocks it or whether its encoder stands still; a technician checks the drive. Then clear.",
        standard="ISO 13849-1, monitoring of motion",
    )


def _stands_without_permit(axis: _Axis, speed: Tag) -> Trip:
    device = axis.device
    moves = all_of(device.idle(axis.permit), in_automatic(device), Not(speed.between(-axis.still, axis.still)))
    return Trip(
        id=f"{device.id}.{axis.name}-stops",
        title="An axis without a permit stands within its stopping time",
        hazard="H18",
        category=StopCategory.POWER_OFF,
        zone=axis.zone,
        stops=(device.may(axis.permit),),
        holds=_if_answering(device, Not(HeldFor(moves, axis.stop_ms))),
        cause=f"{device.id} still moved {axis.stop_ms} ms after its permit had gone ({axis.name}).",
        remedy="Press the emergency stop if it still moves. A technician checks brake and drive, then clears.",
        standard="ISO 13855, stopping times; IEC 60204-1, stop categories",
    )
