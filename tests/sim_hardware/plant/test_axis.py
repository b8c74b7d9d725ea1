"""Drives, brakes, encoders and what cuts their power, through the lift's port."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from sim_hardware.plant.plant import Plant
from tests.sim_hardware.plant.garages import car, kinds, lift_to, reads, run_until, shuttle_garage, tower, travel

LIFT = "lift1"


@pytest.fixture
def free(plant: Plant) -> Plant:
    """The lift with its pins retracted, at level 0."""
    plant.lifts[LIFT].pins.retract()
    plant.advance(2000)
    return plant


def test_the_step_of_time_does_not_change_the_motion() -> None:
    places = []
    for step_ms in (1, 10, 700, 9000):
        plant = Plant(tower())
        plant.lifts[LIFT].pins.retract()
        plant.advance(9000)
        plant.lifts[LIFT].drive.move_to(5000)
        for _ in range(4500 // step_ms):
            plant.advance(step_ms)
        plant.advance(13_500 - plant.now_ms)
        places.append(plant.snapshot().lifts[LIFT].z_mm)
    assert places == pytest.approx([places[0]] * 4, abs=1e-6)
    assert 0 < places[0] < 5000


def pick_in_steps(step_ms: int) -> Plant:
    """Pick a car, each act at the same plant time, in steps of ``step_ms``."""
    plant = Plant(tower(car("a", "l1-c1-right")))
    lift_to(plant, 2500)
    port = plant.shuttles["shuttle1"]
    acts: tuple[Callable[[], None], ...] = (
        partial(port.forks.move_to, -5600),
        port.hoist.extend,
        partial(port.forks.move_to, 0),
    )
    for number, act in enumerate(acts, start=2):
        plant.advance(14_000 * number - plant.now_ms)
        act()
        for _ in range(14_000 // step_ms):
            plant.advance(step_ms)
    plant.advance(80_000 - plant.now_ms)
    return plant


def test_the_step_of_time_does_not_change_what_follows_from_motion() -> None:
    fine = pick_in_steps(7)
    assert fine.snapshot().vehicles["a"].seat == "forks:shuttle1"
    for step_ms in (100, 1000, 14_000):
        assert pick_in_steps(step_ms).snapshot() == fine.snapshot()


def test_the_brake_opens_before_motion_and_closes_after_it(free: Plant) -> None:
    drive = free.lifts[LIFT].drive
    assert reads(drive.brake_closed)
    drive.move_to(2500)
    free.advance(100)
    assert not reads(drive.brake_closed)
    assert not reads(drive.standstill)
    assert drive.position == 0
    run_until(free, lambda: drive.standstill)
    assert not reads(drive.brake_closed)
    free.advance(250)
    assert reads(drive.brake_closed)


def test_a_controlled_stop_takes_longer_than_a_power_cut(free: Plant) -> None:
    drive = free.lifts[LIFT].drive
    ways = []
    for stop in (drive.stop, drive.cut_power):
        drive.move_to(0)
        run_until(free, lambda: drive.standstill)
        drive.move_to(5000)
        free.advance(3000)
        began = drive.position
        stop()
        run_until(free, lambda: drive.standstill)
        ways.append(drive.position - began)
    assert ways[0] == pytest.approx(1080**2 / 800, rel=0.01)
    assert ways[1] == pytest.approx(ways[0] / 2.5, rel=0.01)


def test_h11_nothing_resumes_when_torque_returns(free: Plant) -> None:
    drive = free.lifts[LIFT].drive
    drive.move_to(5000)
    free.advance(2000)
    free.safety.enable_torque(1, on=False)
    assert not reads(drive.ready)
    free.advance(5000)
    stopped_at = drive.position
    free.safety.enable_torque(1, on=True)
    free.advance(5000)
    assert drive.position == stopped_at
    drive.move_to(5000)
    run_until(free, lambda: drive.position == 5000)


def test_without_torque_pins_and_inner_doors_stay_where_they_are_and_the_outer_door_opens(plant: Plant) -> None:
    cabin, lift = plant.cabins["cabin1"], plant.lifts[LIFT]
    cabin.inner.bolt.retract()
    plant.advance(1000)
    cabin.inner.open()
    lift.pins.retract()
    plant.advance(700)
    plant.safety.enable_torque(1, on=False)
    plant.advance(20_000)
    assert (lift.pins.extended, lift.pins.retracted) == (False, False)
    assert (cabin.inner.is_open, cabin.inner.is_closed) == (False, False)
    cabin.outer.bolt.retract()
    plant.advance(1000)
    cabin.outer.open()
    plant.advance(10_000)
    assert reads(cabin.outer.is_open)


def test_a_blocked_axis_trips_and_needs_its_cause_removed_and_a_reset(free: Plant) -> None:
    drive = free.lifts[LIFT].drive
    drive.move_to(5000)
    free.advance(2000)
    free.lift(LIFT).axis.block()
    assert reads(drive.standstill)
    assert not reads(drive.ready)
    drive.reset()
    assert not reads(drive.ready)
    free.lift(LIFT).axis.unblock()
    drive.reset()
    drive.move_to(5000)
    run_until(free, lambda: drive.position == 5000)


def test_a_tripped_drive_ignores_commands_until_reset(free: Plant) -> None:
    drive = free.lifts[LIFT].drive
    free.lift(LIFT).axis.trip()
    drive.move_to(2500)
    free.advance(3000)
    assert drive.position == 0
    drive.reset()
    drive.move_to(2500)
    run_until(free, lambda: drive.position == 2500)


def test_an_encoder_that_lost_its_reference_leads_astray_until_homed(free: Plant) -> None:
    drive = free.lifts[LIFT].drive
    free.lift(LIFT).axis.lose_encoder(400)
    assert not reads(drive.encoder_valid)
    assert drive.position == 400
    drive.move_to(2500)
    run_until(free, lambda: drive.standstill)
    assert drive.position == 2500
    assert free.snapshot().lifts[LIFT].z_mm == pytest.approx(2100)
    assert not reads(free.lifts[LIFT].station_sensor)
    drive.home()
    assert reads(drive.homing)
    run_until(free, lambda: not drive.homing)
    assert reads(drive.encoder_valid)
    assert drive.position == 2500
    assert free.lifts[LIFT].station_code == 1


def test_a_stop_while_homing_ends_it_without_a_reference(free: Plant) -> None:
    drive = free.lifts[LIFT].drive
    free.lift(LIFT).axis.lose_encoder(400)
    drive.move_to(1500)
    run_until(free, lambda: drive.standstill)
    drive.home()
    free.advance(1000)
    drive.stop()
    run_until(free, lambda: drive.standstill)
    assert not reads(drive.homing)
    assert not reads(drive.encoder_valid)


def test_safe_limited_speed_slows_a_motion_under_way(free: Plant) -> None:
    drive = free.lifts[LIFT].drive
    drive.move_to(5000)
    free.advance(3000)
    assert drive.speed == pytest.approx(1080, abs=5)
    free.safety.enable_full_speed(1, on=False)
    free.advance(2500)
    assert drive.speed == pytest.approx(270, abs=2)


def test_a_slipping_brake_lets_the_lift_sink_though_its_switch_says_closed(plant: Plant) -> None:
    lift_to(plant, 2500)
    plant.lifts[LIFT].pins.retract()
    plant.advance(2000)
    plant.lift(LIFT).axis.slip_brake(20)
    plant.advance(5000)
    assert plant.snapshot().lifts[LIFT].z_mm == pytest.approx(2400)
    assert reads(plant.lifts[LIFT].drive.brake_closed)
    plant.lift(LIFT).axis.slip_brake(0)
    plant.advance(5000)
    assert plant.snapshot().lifts[LIFT].z_mm == pytest.approx(2400)


def test_the_final_limit_switch_is_latched_until_a_technician_resets_it(free: Plant) -> None:
    lift = free.lifts[LIFT]
    lift.drive.move_to(-120, speed=100)
    free.advance(10_000)
    assert not reads(lift.overtravel_bottom_clear)
    lift.drive.move_to(0)
    free.advance(5000)
    assert lift.drive.position < -80
    lift.reset_governor()
    lift.drive.move_to(0)
    run_until(free, lambda: lift.drive.position == 0)
    assert reads(lift.overtravel_bottom_clear)
    assert not kinds(free)


@pytest.mark.parametrize("fault", ["slacken_rope", "act_governor"])
def test_h15_rope_and_governor_cut_the_hoist(free: Plant, fault: str) -> None:
    lift = free.lifts[LIFT]
    lift.drive.move_to(5000)
    free.advance(3000)
    getattr(free.lift(LIFT), fault)()
    assert not (lift.rope_taut and lift.speed_ok)
    assert not reads(lift.drive.ready)
    run_until(free, lambda: lift.drive.standstill)
    lift.reset_governor()
    assert reads(lift.drive.ready)


def test_commands_given_each_scan_change_nothing(free: Plant) -> None:
    lift = free.lifts[LIFT]
    lift.drive.move_to(5000)
    once = Plant(tower())
    once.lifts[LIFT].pins.retract()
    once.advance(2000)
    once.lifts[LIFT].drive.move_to(5000)
    for _ in range(800):
        lift.drive.move_to(5000)
        free.advance(10)
        once.advance(10)
        assert lift.drive.position == once.lifts[LIFT].drive.position


def test_an_idle_plant_does_not_change_its_revision(plant: Plant) -> None:
    plant.advance(1000)
    before = plant.lifts[LIFT].revision
    plant.advance(60_000)
    assert plant.lifts[LIFT].revision == before
    plant.lifts[LIFT].pins.retract()
    assert plant.lifts[LIFT].revision != before


def test_plant_time_cannot_run_backwards(plant: Plant) -> None:
    with pytest.raises(ValueError, match="backwards"):
        plant.advance(-1)


def test_a_captive_shuttle_stays_at_its_level() -> None:
    plant = Plant(shuttle_garage())
    travel(plant, "s1", 5200)
    assert plant.snapshot().shuttles["s1"].z_mm == 2500
    assert plant.shuttles["s1"].station_code == 2
    assert plant.shuttles["s1"].docked
