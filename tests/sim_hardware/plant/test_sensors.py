"""Sensors tell what bodies and mechanics do, unless a fault sits on them."""

from __future__ import annotations

import pytest

from plc_drivers.contract.codes import Mode, Sign, TrafficLight
from sim_hardware.people import Actor
from sim_hardware.plant.body import VehicleSpec
from sim_hardware.plant.plant import Plant
from sim_hardware.plant.ports import PlantPorts
from sim_hardware.plant.sensors import UnknownSensorError
from tests.sim_hardware.plant.garages import (
    car,
    forks_to,
    inner_door,
    lift_to,
    outer_door,
    pick,
    raise_forks,
    reads,
    run_until,
    shuttle_garage,
    tower,
    travel,
    turn,
)

LIFT, SHUTTLE, CABIN = "lift1", "shuttle1", "cabin1"


def test_the_plant_offers_the_ports_that_plc_programs_are_written_against(plant: Plant) -> None:
    ports: PlantPorts = plant
    assert ports.lifts[LIFT].id == LIFT
    assert ports.shuttles[SHUTTLE].mode is Mode.AUTOMATIC
    assert reads(ports.cabins[CABIN].zone.torque_enabled)
    assert reads(ports.safety.estop_channel_a(1))
    assert not ports.safety.estop_channel_a(7)


def test_station_sensor_and_pins_agree_only_at_a_level(plant: Plant) -> None:
    lift = plant.lifts[LIFT]
    assert (lift.station_sensor, lift.station_code, lift.pins.extended) == (True, 0, True)
    lift.pins.retract()
    run_until(plant, lambda: lift.pins.retracted)
    lift.drive.move_to(1200)
    run_until(plant, lambda: lift.drive.standstill)
    assert (lift.station_sensor, lift.station_code) == (False, -1)
    lift.pins.extend()
    plant.advance(5000)
    assert not reads(lift.pins.extended)
    assert not reads(lift.pins.retracted)


def test_targets_left_right_and_behind_are_seen_from_a_column(at_level_1: Plant) -> None:
    s = at_level_1.shuttles[SHUTTLE]
    assert (s.target_left_occupied, s.target_left_clear) == (True, False)
    assert (s.rear_left_occupied, s.rear_left_clear) == (True, False)
    assert (s.target_right_occupied, s.target_right_clear) == (True, False)
    assert (s.rear_right_occupied, s.rear_right_clear) == (False, False)
    travel(at_level_1, SHUTTLE, 5200)
    assert (s.target_left_occupied, s.target_left_clear) == (False, True)
    assert (s.station_sensor, s.station_code, s.docked) == (True, 2, False)
    travel(at_level_1, SHUTTLE, 4000)
    assert (s.target_left_occupied, s.target_left_clear) == (False, False)
    assert (s.station_sensor, s.station_code) == (False, -1)


def test_a_half_transferred_car_makes_switch_and_barrier_disagree(at_level_1: Plant) -> None:
    s = at_level_1.shuttles[SHUTTLE]
    assert (s.load_present, s.load_clear) == (False, True)
    forks_to(at_level_1, SHUTTLE, -5600)
    assert not reads(s.overhang_right_clear)
    raise_forks(at_level_1, SHUTTLE)
    assert s.load_weight_kg == 1600
    forks_to(at_level_1, SHUTTLE, -2000)
    assert (s.load_present, s.load_clear) == (False, False)
    assert (s.target_right_occupied, s.target_right_clear) == (False, False)
    assert not reads(s.load_centred)
    assert not reads(s.forks_centred)
    forks_to(at_level_1, SHUTTLE, 0)
    s.hoist.retract()
    run_until(at_level_1, lambda: s.hoist.retracted)
    assert (s.load_present, s.load_clear, s.load_centred, s.forks_centred) == (True, False, True, True)
    assert reads(s.overhang_left_clear)
    assert reads(s.overhang_right_clear)
    assert (s.target_right_occupied, s.target_right_clear) == (False, True)
    lift = at_level_1.lifts[LIFT]
    assert (lift.load_present, lift.load_clear, lift.load_weight_kg) == (True, False, 1600)


def test_a_car_off_its_marks_is_seen_by_deck_and_edge_sensors() -> None:
    plant = Plant(tower())
    body = plant.place_vehicle(VehicleSpec("a"), "shuttle1-deck")
    s = plant.shuttles[SHUTTLE]
    assert reads(s.load_centred)
    plant.scene.put(body, body.seat, dx_mm=300, dy_mm=500, heading_mdeg=0)
    assert not reads(s.load_centred)
    assert not reads(s.overhang_left_clear)
    assert reads(s.overhang_right_clear)
    assert not reads(s.overhang_front_clear)
    assert reads(s.overhang_rear_clear)


def test_a_bare_platform_sees_the_car_that_a_captive_shuttle_leaves_on_it() -> None:
    plant = Plant(shuttle_garage(car("a", "l0-c2-left")))
    lift = plant.lifts[LIFT]
    s = plant.shuttles["s0b"]
    assert (lift.load_present, lift.load_clear) == (False, True)
    pick(plant, "s0b", 5600)
    travel(plant, "s0b", 7800)
    assert (s.target_right_occupied, s.target_right_clear) == (False, True)
    raise_forks(plant, "s0b")
    forks_to(plant, "s0b", -2800)
    assert (lift.overhang_left_clear, lift.overhang_right_clear) == (False, True)
    forks_to(plant, "s0b", -5600)
    assert (lift.load_present, lift.load_clear) == (False, False)
    s.hoist.retract()
    run_until(plant, lambda: s.hoist.retracted)
    assert (lift.load_present, lift.load_clear, lift.load_weight_kg) == (True, False, 1600)
    forks_to(plant, "s0b", 0)
    assert reads(lift.overhang_left_clear)
    lift_to(plant, 2500)
    assert (s.target_right_occupied, s.target_right_clear) == (False, False)
    assert plant.snapshot().vehicles["a"].z_mm == pytest.approx(2500)


def test_a_neighbour_close_by_closes_the_shuttles_way() -> None:
    plant = Plant(shuttle_garage())
    assert reads(plant.shuttles["s0"].zone_clear)
    travel(plant, "s0", 2700)
    assert not reads(plant.shuttles["s0"].zone_clear)
    assert not plant.shuttles["s0b"].zone_clear


def test_the_beam_into_a_cabin_needs_its_inner_door_open(plant: Plant) -> None:
    s = plant.shuttles[SHUTTLE]
    assert (s.target_left_occupied, s.target_left_clear) == (False, False)
    inner_door(plant, CABIN, to_open=True)
    assert (s.target_left_occupied, s.target_left_clear) == (False, True)


def test_door_switches_bolt_and_curtain_follow_the_leaf(plant: Plant) -> None:
    door = plant.cabins[CABIN].outer
    assert (door.is_closed, door.is_open, door.bolt.extended) == (True, False, True)
    door.open()
    plant.advance(1000)
    assert reads(door.is_closed)
    door.bolt.retract()
    plant.advance(500)
    door.open()
    plant.advance(1000)
    assert (door.is_closed, door.is_open, door.standstill) == (False, False, False)
    door.bolt.extend()
    plant.advance(1000)
    assert not reads(door.bolt.extended)
    door.bolt.retract()
    plant.advance(10_000)
    assert reads(door.is_open)
    Actor(plant, CABIN, "p").stand_in_doorway()
    assert not reads(door.curtain_clear)


def test_h02_curtain_counts_and_scanner_sees_people_by_different_means(plant: Plant) -> None:
    cabin = plant.cabins[CABIN]
    outer_door(plant, CABIN, to_open=True)
    person = Actor(plant, CABIN, "p")
    person.walk_in()
    plant.advance(1000)
    assert (cabin.curtain_count, cabin.scanner_clear) == (1, False)
    plant.place_vehicle(VehicleSpec("a"), "cabin1-bay")
    person.get_into("a")
    assert (cabin.curtain_count, cabin.scanner_clear) == (1, True)
    person.get_out()
    person.walk_out()
    plant.advance(1000)
    assert (cabin.curtain_count, cabin.scanner_clear, cabin.curtain_ok) == (0, True, True)


def test_a_curtain_that_counts_below_nobody_has_lost_count_until_reset(plant: Plant) -> None:
    cabin = plant.cabins[CABIN]
    child = Actor(plant, CABIN, "child")
    child.appear_inside()
    assert (cabin.curtain_count, cabin.scanner_clear) == (0, False)
    child.walk_out()
    plant.advance(1000)
    assert (cabin.curtain_count, cabin.curtain_ok) == (-1, False)
    plant.cabin(CABIN).reset_count()
    assert reads(cabin.curtain_ok)


def test_the_confirm_button_is_down_for_a_moment_and_counted_for_good(plant: Plant) -> None:
    cabin = plant.cabins[CABIN]
    Actor(plant, CABIN, "p").press_confirm()
    assert (cabin.confirm_pressed, cabin.confirm_presses) == (True, 1)
    before = cabin.revision
    plant.advance(700)
    assert (cabin.confirm_pressed, cabin.confirm_presses) == (False, 1)
    assert cabin.revision != before


def test_measures_are_those_of_the_body_and_only_of_a_whole_one(plant: Plant) -> None:
    cabin = plant.cabins[CABIN]
    assert (cabin.vehicle_present, cabin.vehicle_clear, cabin.vehicle_in_envelope) == (False, True, True)
    body = plant.scene.add(VehicleSpec("a", length_mm=4800, front_overhang_mm=1000))
    drive = plant.cabin(CABIN).bring(body, -9000.0, 0)
    assert (cabin.vehicle_clear, cabin.wheel_offset_mm) == (True, 0)
    outer_door(plant, CABIN, to_open=True)
    drive.drive_to(-2900)
    plant.advance(20_000)
    assert (cabin.vehicle_present, cabin.vehicle_clear, cabin.vehicle_in_envelope) == (False, False, False)
    assert (cabin.vehicle_length_mm, cabin.wheel_offset_mm) == (0, -2900)
    assert cabin.curtain_count == 1
    drive.drive_to(40)
    plant.advance(20_000)
    assert (cabin.vehicle_present, cabin.vehicle_clear, cabin.vehicle_in_envelope) == (True, False, True)
    assert (cabin.vehicle_length_mm, cabin.vehicle_width_mm, cabin.vehicle_height_mm) == (4800, 1950, 1600)
    assert (cabin.vehicle_weight_kg, cabin.ground_clearance_mm, cabin.overhang_mm) == (1700, 140, 1000)
    assert (cabin.wheel_offset_mm, cabin.wheels_in_place) == (40, True)
    drive.drive_to(200)
    plant.advance(5000)
    assert (cabin.wheel_offset_mm, cabin.wheels_in_place) == (200, False)


def test_the_loop_and_offset_turn_with_the_plate(plant: Plant) -> None:
    cabin = plant.cabins[CABIN]
    body = plant.place_vehicle(VehicleSpec("a"), "cabin1-bay")
    plant.cabin(CABIN).set_on_plate(body, 0.0, 5650.0, 0)
    assert cabin.wheel_offset_mm == -50
    turn(plant, CABIN, 180_000)
    assert cabin.wheel_offset_mm == 50
    assert cabin.turntable.position == 180_000
    assert reads(cabin.index.extended)


def test_a_cabin_without_turntable_is_always_in_line() -> None:
    cabin = Plant(tower(turntable=False)).cabins[CABIN]
    assert not reads(cabin.has_turntable)
    assert reads(cabin.index.extended)
    assert (cabin.turntable.position, cabin.turntable.ready) == (0, False)


def test_lamps_show_what_was_lit(plant: Plant) -> None:
    cabin = plant.cabins[CABIN]
    assert cabin.light_shown is TrafficLight.RED
    cabin.show_light(TrafficLight.GREEN)
    cabin.show_sign(Sign.DRIVE_IN)
    assert (cabin.light_shown, cabin.sign_shown) == (TrafficLight.GREEN, Sign.DRIVE_IN)
    plant.sensors.override("cabin1.traffic_light_shown", TrafficLight.RED)
    assert cabin.light_shown is TrafficLight.RED
    assert plant.snapshot().cabins[CABIN].light is TrafficLight.GREEN


def test_zone_devices_reach_the_safety_plc_and_the_devices(plant: Plant) -> None:
    zone, safety, wires = plant.zone(1), plant.safety, plant.lifts[LIFT].zone
    zone.press_estop()
    assert not reads(safety.estop_channel_a(1))
    assert not reads(safety.estop_channel_b(1))
    assert not reads(wires.estop_released)
    zone.release_estop()
    zone.open_guard()
    zone.hang_lock("smith")
    assert reads(wires.estop_released)
    assert not reads(safety.guards_closed(1))
    assert not reads(wires.lockout_clear)
    zone.close_guard()
    zone.take_lock("smith")
    assert reads(wires.guards_closed)
    assert reads(safety.lockout_clear(1))
    zone.press_reset()
    assert safety.reset_presses(1) == 1
    assert reads(safety.fire_clear)
    plant.site_alarms.fire = True
    plant.site_alarms.touch()
    assert not reads(safety.fire_clear)
    plant.sensors.override("zone1.estop_channel_b", 0)
    assert reads(safety.estop_channel_a(1))
    assert not reads(safety.estop_channel_b(1))


def test_the_key_switch_is_read_as_turned(plant: Plant) -> None:
    plant.lift(LIFT).turn_key(Mode.MAINTENANCE)
    assert plant.lifts[LIFT].mode is Mode.MAINTENANCE


def test_maintenance_doors_of_the_shaft_are_seen(plant: Plant) -> None:
    plant.lift(LIFT).open_shaft_doors.add(1)
    assert not reads(plant.lifts[LIFT].shaft_doors_closed)


def test_a_fault_replaces_the_truth_until_repaired(plant: Plant) -> None:
    lift = plant.lifts[LIFT]
    before = lift.revision
    plant.sensors.override("lift1.pins_extended", 0)
    assert lift.revision != before
    assert not reads(lift.pins.extended)
    plant.sensors.distort("lift1.position_mm", lambda mm: mm + 7)
    assert lift.drive.position == 7
    assert plant.sensors.faulty == ("lift1.pins_extended", "lift1.position_mm")
    plant.sensors.restore("lift1.pins_extended")
    plant.sensors.restore("lift1.position_mm")
    assert reads(lift.pins.extended)
    assert lift.drive.position == 0


def test_a_fault_on_a_sensor_that_does_not_exist_is_refused(plant: Plant) -> None:
    with pytest.raises(UnknownSensorError, match="lift9"):
        plant.sensors.override("lift9.pins_extended", 0)


@pytest.mark.parametrize(
    "path",
    [
        "lift1.position_mm",
        "lift1.speed_mm_s",
        "lift1.brake_closed",
        "shuttle1.position",
        "shuttle1.forks_position",
        "shuttle1.forks_centred",
        "shuttle1.forks_raised",
        "cabin1.angle_mdeg",
        "cabin1.platform_locked",
        "cabin1.outer_locked",
        "cabin1.inner_curtain_clear",
        "cabin1.mode",
        "zone1.estop_channel_a",
        "site.mains_ok",
    ],
)
def test_every_documented_path_is_known(plant: Plant, path: str) -> None:
    assert path in plant.sensors.paths
