"""Each sensor that a hazardous function relies on, broken in each way: the permit goes, whatever the rest says.

The tables are written from the hazards, not from the declarations: a condition that is dropped from an interlock
fails here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from plc_drivers.contract import CommandCode, Value
from plc_drivers.contract.codes import Health, Mode, State, TrafficLight
from plc_drivers.reading import Quality
from safety.verdict import Function
from tests.safety import situations as at
from tests.safety.scene import SHUTTLES, TOWER, Scene, function

Wrong = dict[str, Value]
"""One device's readings that must take the permit away."""

LOAD_HELD: list[Wrong] = [
    {"load_centred": False},
    {"overhang_front_clear": False},
    {"overhang_rear_clear": False},
    {"overhang_left_clear": False},
    {"overhang_right_clear": False},
]
LOAD_KNOWN: list[Wrong] = [{"load_present": True, "load_clear": True}, {"load_present": False, "load_clear": False}]
FORKS_HOME: list[Wrong] = [{"forks_centred": False}, {"forks_left_mm": 120}, {"forks_right_mm": 120}]
LIFT_LOCKED: list[Wrong] = [
    {"pins_extended": False},
    {"pins_retracted": True},
    {"station_sensor": False},
    {"station": -1},
    {"standstill": False},
    {"brake_closed": False},
    {"levelling_error_mm": 60},
    {"levelling_error_mm": -60},
    {"holds_travel": True},
]
PEOPLE_SHUT_OUT: list[Wrong] = [
    {"outer_closed": False},
    {"outer_locked": False},
    {"outer_open": True},
    {"exit_closed": False},
    {"holds_outer_open": True},
    {"holds_green": True},
]
NOBODY: list[Wrong] = [
    {"curtain_ok": False},
    {"curtain_count": 1},
    {"curtain_count": -1},
    {"scanner_clear": False},
]
CONFIRMED: list[Wrong] = [{"confirmed_opening": 0}, {"outer_opened_count": 9}, {"boot_counter": 2}]
PLATFORM: list[Wrong] = [
    {"platform_present": False},
    {"platform_level": False},
    {"platform_locked": False},
    {"angle_mdeg": 90_000},
    {"angle_mdeg": 2_000},
    {"referenced": False},
    {"turn_speed_mdeg_s": 5_000},
    {"holds_rotate": True},
]
MACHINE_SHUT_OFF: list[Wrong] = [
    {"inner_closed": False},
    {"inner_locked": False},
    {"inner_open": True},
    {"holds_inner": True},
]
DEVICE: list[Wrong] = [
    {"state": State.ABORTED},
    {"state": State.STOPPED},
    {"state": State.OFFLINE},
    {"mode": Mode.MANUAL},
    {"mode": Mode.MAINTENANCE},
    {"health": Health.FAILURE},
    {"health": Health.FUNCTION_CHECK},
]
KEY: list[Wrong] = [{"mode": Mode.MANUAL}, {"mode": Mode.MAINTENANCE}]
ZONE: list[Wrong] = [
    {f"zone1_{signal}": False}
    for signal in (
        "estop_released", "estop_connected", "reset_done", "guards_closed", "lockout_clear", "torque_enabled",
    )
]  # fmt: skip
ALARMS: list[Wrong] = [{"fire_clear": False}, {"seismic_clear": False}]
SLOW: list[Wrong] = [{"zone1_full_speed_enabled": False}]
LIFT_SOUND: list[Wrong] = [
    {"rope_taut": False},
    {"speed_ok": False},
    {"overtravel_top_clear": False},
    {"overtravel_bottom_clear": False},
    {"shaft_doors_closed": False},
    {"referenced": False},
    {"pins_retracted": False},
    {"pins_extended": True},
]
FORKS_OUT: list[Wrong] = [{"forks_centred": False, "station": 2}, {"forks_left_mm": 3000, "station": 2}]
"""Forks in cabin1; elsewhere they are nothing to the cabin."""

CASES: list[tuple[str, Callable[[], Scene], str, list[tuple[str, list[Wrong]]]]] = [
    ("H07", at.lift_travels, "lift1.travel", [
        ("lift1", LIFT_SOUND + LOAD_HELD + DEVICE),
        ("shuttle1", [{"docked": False}, {"station": 2}, {"standstill": False}, {"holds_travel": True},
                      {"holds_transfer": True}, *FORKS_HOME, *LOAD_HELD, *LOAD_KNOWN, *KEY]),
        ("safety1", ZONE + ALARMS + SLOW),
    ]),
    ("H07", at.bare_lift_travels, "lift1.travel", [
        ("lift1", LIFT_SOUND + LOAD_HELD + LOAD_KNOWN + DEVICE),
        ("shuttle0", [{"forks_centred": False}, {"forks_right_mm": 120}]),
        ("safety1", ZONE + ALARMS + SLOW),
    ]),
    ("H07", at.shuttle_travels, "shuttle1.travel", [
        ("shuttle1", [{"zone_clear": False}, {"referenced": False}, {"holds_transfer": True},
                      *FORKS_HOME, *LOAD_HELD, *LOAD_KNOWN, *DEVICE]),
        ("lift1", LIFT_LOCKED + KEY),
        ("safety1", ZONE + ALARMS + SLOW),
    ]),
    ("H02", at.shuttle_places_into_cabin, "shuttle1.transfer", [
        ("shuttle1", [{"station": -1}, {"station_sensor": False}, {"referenced": False}, {"speed": 60},
                      {"holds_travel": True}, *DEVICE]),
        ("lift1", LIFT_LOCKED + KEY),
        ("cabin1", [{"inner_open": False}, {"inner_closed": True}, {"holds_inner": True}, *PEOPLE_SHUT_OUT, *NOBODY,
                    *CONFIRMED, *PLATFORM, *KEY]),
        ("safety1", ZONE + ALARMS + SLOW),
    ]),
    ("H08", at.shuttle_places_onto_lift, "shuttle0.transfer", [
        ("shuttle0", [{"station": -1}, {"station_sensor": False}, {"referenced": False}, {"speed": 60},
                      {"holds_travel": True}, *DEVICE]),
        ("lift1", [*LIFT_LOCKED, *KEY, {"station": 1}, {"referenced": False}]),
        ("safety1", ZONE + ALARMS + SLOW),
    ]),
    ("H01", at.cabin_opens_to_people, "cabin1.outer_open", [
        ("cabin1", [{"holds_outer_close": True}, *PLATFORM, *MACHINE_SHUT_OFF, *DEVICE]),
        ("shuttle1", FORKS_OUT),
        ("safety1", ZONE),
    ]),
    ("H01", at.cabin_shows_green, "cabin1.green", [
        ("cabin1", [{"outer_open": False}, {"outer_closed": True}, {"holds_outer_close": True}, *PLATFORM,
                    *MACHINE_SHUT_OFF, *DEVICE]),
        ("shuttle1", FORKS_OUT),
        ("safety1", ZONE + ALARMS),
    ]),
    ("H04", at.cabin_closes_to_people, "cabin1.outer_close", [
        ("cabin1", [{"traffic_light_shown": TrafficLight.GREEN}, {"holds_green": True}, {"holds_outer_open": True},
                    *NOBODY, *DEVICE]),
        ("safety1", ZONE + ALARMS),
    ]),
    ("H03", at.cabin_opens_to_machine, "cabin1.inner", [
        ("cabin1", PEOPLE_SHUT_OUT + NOBODY + CONFIRMED + PLATFORM + DEVICE),
        ("shuttle1", FORKS_OUT),
        ("safety1", ZONE + ALARMS),
    ]),
    ("H02", at.cabin_turns, "cabin1.rotate", [
        ("cabin1", [{"platform_present": False}, *PEOPLE_SHUT_OUT, *NOBODY, *CONFIRMED, *MACHINE_SHUT_OFF, *DEVICE]),
        ("shuttle1", FORKS_OUT),
        ("safety1", ZONE + ALARMS + SLOW),
    ]),
]  # fmt: skip


def _each() -> Iterator[object]:
    for hazard, moment, permit, devices in CASES:
        for device, faults in devices:
            for wrong in faults:
                said = ",".join(f"{tag}={value!s}" for tag, value in wrong.items())
                yield pytest.param(moment, permit, device, wrong, id=f"{hazard}-{moment.__name__}-{device}.{said}")


@cache
def _scene(moment: Callable[[], Scene]) -> Scene:
    """Moments are built once; what a test does to one it must undo, or do through ``verdict_if``."""
    return moment()


@pytest.mark.parametrize(("moment", "permit"), [(case[1], case[2]) for case in CASES])
def test_the_moment_itself_is_permitted(moment: Callable[[], Scene], permit: str) -> None:
    scene = _scene(moment)
    verdict, _ = scene.logic.evaluate(scene.image(), scene.memory, scene.now_ms)
    assert verdict.refusal(function(permit)) is None


@pytest.mark.parametrize(("moment", "permit", "device", "wrong"), list(_each()))
def test_a_wrong_reading_takes_the_permit(moment: Callable[[], Scene], permit: str, device: str, wrong: Wrong) -> None:
    verdict = _scene(moment).verdict_if(device, **wrong)
    assert function(permit) not in verdict.allowed
    assert function(permit) in verdict.lost


@pytest.mark.parametrize(("moment", "permit", "device", "wrong"), list(_each()))
def test_h10_an_unknown_reading_takes_the_permit(
    moment: Callable[[], Scene], permit: str, device: str, wrong: Wrong
) -> None:
    scene = _scene(moment)
    scene.bad[device] = set(wrong)
    verdict, _ = scene.logic.evaluate(scene.image(), scene.memory, scene.now_ms)
    scene.bad[device] = set()
    assert function(permit) not in verdict.allowed


@pytest.mark.parametrize("quality", [Quality.STALE, Quality.BAD, Quality.MISSING])
@pytest.mark.parametrize(
    ("moment", "permit", "device"),
    [(case[1], case[2], device) for case in CASES for device, _ in case[3]],
)
def test_h10_a_device_that_cannot_be_seen_takes_every_permit_that_depends_on_it(
    moment: Callable[[], Scene], permit: str, device: str, quality: Quality
) -> None:
    scene = _scene(moment)
    scene.quality[device] = quality
    verdict, _ = scene.logic.evaluate(scene.image(), scene.memory, scene.now_ms)
    scene.quality[device] = Quality.GOOD
    assert function(permit) not in verdict.allowed
    refusal = verdict.refusal(function(permit))
    assert refusal is not None
    assert refusal.remedy


def test_h10_nothing_is_permitted_before_anything_was_read() -> None:
    scene = Scene(TOWER)
    for device in scene.quality:
        scene.quality[device] = Quality.MISSING
    verdict = scene.look()
    assert verdict.allowed == frozenset()
    for what in scene.logic.functions:
        assert verdict.refusal(what) is not None


def test_h10_what_no_interlock_guards_is_not_permitted() -> None:
    refusal = at.tower_at_rest().look().refusal(Function("lift1", "somersault"))
    assert refusal is not None
    assert refusal.code == "NOT_EVALUATED"


def test_h16_people_get_out_of_a_cabin_during_a_fire_and_nothing_else_moves() -> None:
    scene = at.tower_at_rest()
    scene.set("safety1", fire_clear=False)
    assert scene.look().allowed == {function("cabin1.outer_open"), function("cabin2.outer_open")}


def test_h15_a_brake_that_stays_open_after_standstill_stops_the_lift() -> None:
    scene = at.tower_at_rest()
    scene.set("lift1", brake_closed=False)
    assert function("lift1.travel") in scene.look().allowed
    assert function("lift1.travel") not in scene.pass_time(1600).allowed


def test_h12_a_stop_in_the_zone_of_a_cabin_stops_the_transfer_into_it_from_another_zone() -> None:
    scene = Scene(SHUTTLES)
    scene.confirm("cabin1")
    scene.set("cabin1", inner_open=True, inner_closed=False, inner_locked=False)
    scene.set("shuttle0", station=4, active_command=CommandCode.PLACE_LEFT, forks_left_mm=2000, forks_centred=False)
    assert function("shuttle0.transfer") in scene.look().allowed
    assert function("shuttle0.transfer") not in scene.verdict_if("safety1", zone2_estop_released=False).allowed
    scene.set("shuttle0", station=8)
    scene.set("lift1", station=0)
    scene.set("shuttle0", active_command=CommandCode.PLACE_RIGHT, forks_left_mm=0, forks_right_mm=2000)
    assert function("shuttle0.transfer") in scene.verdict_if("safety1", zone2_estop_released=False).allowed
