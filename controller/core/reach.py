"""How a mover gets where it must be: the next command on the way, from what the sensors say now.

Owns the order of unlocking, travelling, locking and docking. Holds no memory: after a stop, a restart or a
technician's hand the way goes on from where things are. Must never issue a command.
"""

from __future__ import annotations

from dataclasses import dataclass

from controller.core.situation import Situation
from controller.garage import Stop
from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import State


@dataclass(frozen=True, slots=True)
class Do:
    """A command that would bring the garage closer to what is wanted."""

    device: str
    code: CommandCode
    arg1: int = 0


def reach_lift(situation: Situation, lift: str, level: int) -> Do | None:
    """Next command that brings ``lift`` to ``level`` and locks it there; None when it is there, locked."""
    if situation.is_locked_at(lift, level):
        return None
    rider = situation.layout.rider.get(lift)
    if rider is not None and situation.value(rider, "docked") is not True:
        return _dock(situation, rider)
    if rider is not None and situation.value(rider, "state") == State.NOT_REFERENCED:
        return _let_rider_reference(situation, lift, rider)
    if rider is not None and (home := _bring_home(situation, lift, rider)) is not None:
        return home
    if situation.stands_at(lift, level):
        return Do(lift, CommandCode.LOCK)
    if situation.value(lift, "pins_retracted") is not True:
        return Do(lift, CommandCode.UNLOCK)
    return Do(lift, CommandCode.MOVE_TO_LEVEL, level)


def reach_stop(situation: Situation, shuttle: str, stop: Stop) -> Do | None:
    """Next command that brings ``shuttle`` to ``stop``; None when it stands there.

    For a shuttle that rides on a lift this includes docking, the lift's way and its locking.
    """
    lift = situation.layout.shuttles[shuttle].lift
    if lift is not None and stop.level is not None and not situation.is_locked_at(lift, stop.level):
        if situation.value(shuttle, "docked") is not True:
            return _dock(situation, shuttle)
        return reach_lift(situation, lift, stop.level)
    if situation.stands_at(shuttle, stop.column):
        return None
    return Do(shuttle, CommandCode.MOVE_TO_COLUMN, stop.column)


def at_level(situation: Situation, shuttle: str, level: int | None) -> bool:
    """True when the shuttle can travel on ``level``: it is captive there, or its lift is locked there."""
    shape = situation.layout.shuttles[shuttle]
    if shape.lift is None:
        return shape.level == level
    return level is not None and situation.is_locked_at(shape.lift, level)


def _let_rider_reference(situation: Situation, lift: str, rider: str) -> Do:
    """A docked shuttle that does not know its place finds it on firm ground, before the lift takes it away (H07).

    The pins stay out for it, whether or not the lift knows its height: they do not leave the building under a
    shuttle that may be half way off.
    """
    if situation.value(lift, "pins_extended") is True:
        return Do(rider, CommandCode.REFERENCE)
    level = situation.value(lift, "station")
    at_a_level = level is not None and level >= 0 and situation.value(lift, "station_sensor") is True
    if situation.value(lift, "state") == State.NOT_REFERENCED or not at_a_level:
        return Do(lift, CommandCode.REFERENCE)
    return Do(lift, CommandCode.LOCK)


def _bring_home(situation: Situation, lift: str, rider: str) -> Do | None:
    """What a shuttle needs that stands in its dock by the switch and not by its column: stopped just before it.

    The lift takes it nowhere so (H07). It travels on firm ground only; between levels a person has to look.
    """
    if situation.value(rider, "station") == situation.layout.home_column(rider):
        return None
    if situation.value(lift, "pins_extended") is True:
        return _dock(situation, rider)
    at = situation.value(lift, "station")
    return Do(lift, CommandCode.LOCK) if at is not None and situation.stands_at(lift, int(at)) else None


def _dock(situation: Situation, shuttle: str) -> Do:
    home = situation.layout.home_column(shuttle)
    return Do(shuttle, CommandCode.MOVE_TO_COLUMN, -1 if home is None else home)
