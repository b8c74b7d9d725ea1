"""Moments of a healthy garage in which a hazardous function is permitted, as starting points for breaking something.

Owns the moments. Each is a scene whose memory has seen what led to it.
"""

from __future__ import annotations

from functools import cache

from plc_drivers.contract import CommandCode as C
from plc_drivers.contract.codes import State
from plc_drivers.outputs import MailboxCommand
from safety.wish import DeviceWish
from tests.safety.scene import SHUTTLES, TOWER, Scene


def _busy(scene: Scene, device: str, code: C, **tags: object) -> None:
    """The device executes a command, as only its own status tells."""
    scene.set(device, active_command=code, state=State.EXECUTING)
    for tag, value in tags.items():
        if not isinstance(value, bool | int):
            raise TypeError(tag)
        scene.set(device, **{tag: value})


def tower_at_rest() -> Scene:
    """Lift locked on the ground, shuttle docked, both cabins shut and proven empty."""
    return _tower_at_rest().copy()


@cache
def _tower_at_rest() -> Scene:
    """Made once, because two countdowns pass in it."""
    scene = Scene(TOWER)
    scene.confirm("cabin1")
    scene.confirm("cabin2")
    return scene


def tower_with_pins_in() -> Scene:
    """At rest, with the lift's pins in, so that it may go."""
    scene = tower_at_rest()
    scene.set("lift1", pins_extended=False, pins_retracted=True)
    return scene


def lift_travels() -> Scene:
    """The tower's lift is between levels with the shuttle on it."""
    scene = Scene(TOWER)
    moving = {"station": -1, "station_sensor": False, "standstill": False, "brake_closed": False, "in_position": False}
    _busy(scene, "lift1", C.MOVE_TO_LEVEL, **moving, pins_extended=False, pins_retracted=True, levelling_error_mm=900)
    scene.look()
    return scene


def bare_lift_travels() -> Scene:
    """A lift with its own platform is between levels; the ground's shuttle stands beside its shaft."""
    scene = Scene(SHUTTLES)
    scene.set("shuttle0", station=8)
    moving = {"station": -1, "station_sensor": False, "standstill": False, "brake_closed": False, "in_position": False}
    _busy(scene, "lift1", C.MOVE_TO_LEVEL, **moving, pins_extended=False, pins_retracted=True, levelling_error_mm=900)
    scene.look()
    return scene


def shuttle_travels() -> Scene:
    """The tower's shuttle is out in an aisle, its lift locked."""
    scene = Scene(TOWER)
    moving = {"station": -1, "station_sensor": False, "standstill": False, "in_position": False, "docked": False}
    _busy(scene, "shuttle1", C.MOVE_TO_COLUMN, **moving, speed=1200)
    scene.look()
    return scene


def shuttle_places_into_cabin() -> Scene:
    """The tower's shuttle has its forks in cabin1, whose inner door is open."""
    scene = tower_at_rest()
    scene.set("cabin1", inner_open=True, inner_closed=False, inner_locked=False)
    scene.set("shuttle1", station=2, docked=False, load_present=True, load_clear=False)
    _busy(scene, "shuttle1", C.PLACE_LEFT, standstill=False, forks_centred=False, forks_left_mm=3000)
    scene.set("shuttle1", overhang_left_clear=False)
    scene.look()
    return scene


def shuttle_places_onto_lift() -> Scene:
    """A captive shuttle has its forks on the lift's platform, which is locked at its level."""
    scene = Scene(SHUTTLES)
    scene.set("shuttle0", station=8, load_present=True, load_clear=False, overhang_right_clear=False)
    _busy(scene, "shuttle0", C.PLACE_RIGHT, standstill=False, forks_centred=False, forks_right_mm=3000)
    scene.look()
    return scene


def cabin_opens_to_people() -> Scene:
    """The outer door is on its way open, a car stands inside."""
    scene = Scene(TOWER)
    scene.set("cabin1", vehicle_present=True, vehicle_clear=False, outer_closed=False, outer_locked=False)
    _busy(scene, "cabin1", C.OPEN_OUTER_DOOR, standstill=False)
    scene.look()
    return scene


def cabin_shows_green() -> Scene:
    """The outer door is open and the light may be green."""
    scene = Scene(TOWER)
    scene.set("cabin1", outer_open=True, outer_closed=False, outer_locked=False, outer_opened_count=2)
    scene.look()
    return scene


def cabin_closes_to_people() -> Scene:
    """The outer door is on its way shut."""
    scene = Scene(TOWER)
    scene.set("cabin1", outer_closed=False, outer_locked=False, outer_opened_count=2)
    _busy(scene, "cabin1", C.CLOSE_OUTER_DOOR, standstill=False)
    scene.look()
    return scene


def cabin_opens_to_machine() -> Scene:
    """The inner door is on its way open, the cabin proven empty of people."""
    scene = tower_at_rest()
    scene.set("cabin1", inner_closed=False, inner_locked=False)
    _busy(scene, "cabin1", C.OPEN_INNER_DOOR, standstill=False)
    scene.look()
    return scene


def cabin_turns() -> Scene:
    """The turntable is half way round, the cabin proven empty of people."""
    scene = tower_at_rest()
    scene.set("cabin1", vehicle_present=True, vehicle_clear=False, vehicle_in_envelope=False)
    scene.set("cabin1", platform_locked=False, angle_mdeg=90_000, turn_speed_mdeg_s=20_000)
    _busy(scene, "cabin1", C.ROTATE, standstill=False)
    scene.look()
    return scene


def wish(permit: str, seq: int = 0, code: C = C.NONE, arg1: int = 0) -> DeviceWish:
    """A wish for one permit, with a command if one is named."""
    return DeviceWish(frozenset({permit}), MailboxCommand(seq, code, arg1, 0, 0, 1000), new_command=seq > 0)
