"""Every rule of the judge fires on its accident, and none fires in a correct sequence."""

from __future__ import annotations

import logging

import pytest

from controller.garage import Side
from sim_hardware.people import Actor
from sim_hardware.plant.body import HEADING, VehicleSpec
from sim_hardware.plant.plant import Plant
from sim_hardware.plant.violation import Violation, ViolationKind
from tests.sim_hardware.plant.garages import (
    car,
    forks_to,
    inner_door,
    kinds,
    lift_to,
    lower_forks,
    outer_door,
    pick,
    place,
    raise_forks,
    run_until,
    shuttle_garage,
    tower,
    travel,
    turn,
)

LIFT, SHUTTLE, CABIN = "lift1", "shuttle1", "cabin1"


def only(plant: Plant, kind: ViolationKind) -> Violation:
    """The judge has seen this kind and no other; the first of it."""
    assert kinds(plant) == {kind.value}, plant.verdict()
    return plant.verdict().violations[0]


def unpin(plant: Plant) -> None:
    plant.lifts[LIFT].pins.retract()
    run_until(plant, lambda: plant.lifts[LIFT].pins.retracted)


# correct sequences


def test_a_retrieval_done_with_care_is_no_violation() -> None:
    plant = Plant(tower(car("a", "l2-c2-left")))
    lift_to(plant, 5000)
    travel(plant, SHUTTLE, 5200)
    pick(plant, SHUTTLE, 5600)
    travel(plant, SHUTTLE, 2600)
    lift_to(plant, 0)
    inner_door(plant, CABIN, to_open=True)
    place(plant, SHUTTLE, 5600)
    inner_door(plant, CABIN, to_open=False)
    turn(plant, CABIN, 180_000)
    outer_door(plant, CABIN, to_open=True)
    assert plant.verdict().clean
    assert plant.vehicles_at("cabin1-bay") == ("a",)
    assert plant.snapshot().vehicles["a"].heading_mdeg == pytest.approx(180_000)


def test_a_transfer_onto_a_bare_lift_and_off_it_on_another_level_is_no_violation() -> None:
    plant = Plant(shuttle_garage(car("a", "l1-c0-left")))
    lift_to(plant, 2500)
    pick(plant, "s1", 5600)
    travel(plant, "s1", 7800)
    place(plant, "s1", -5600)
    assert plant.vehicles_at("lift1-platform") == ("a",)
    lift_to(plant, 0)
    travel(plant, "s0b", 5200)
    travel(plant, "s0", 2600)
    assert plant.verdict().clean


def test_the_rear_place_may_be_served_while_the_front_one_is_empty() -> None:
    plant = Plant(tower(car("rear", "l1-c1-left-2")))
    lift_to(plant, 2500)
    pick(plant, SHUTTLE, 11_200)
    place(plant, SHUTTLE, 11_200)
    assert plant.verdict().clean
    assert plant.vehicles_at("l1-c1-left-2") == ("rear",)


# lift and shuttle


def test_driving_the_lift_against_its_pins_jams_it(plant: Plant) -> None:
    plant.lifts[LIFT].drive.move_to(2500)
    only(plant, ViolationKind.PINS_ENGAGED)
    assert not plant.lifts[LIFT].drive.ready
    assert plant.snapshot().lifts[LIFT].z_mm == 0


def test_pins_driven_out_while_the_lift_moves_are_a_violation(plant: Plant) -> None:
    unpin(plant)
    plant.lifts[LIFT].drive.move_to(5000)
    plant.advance(2000)
    plant.lifts[LIFT].pins.extend()
    plant.advance(1000)
    only(plant, ViolationKind.PINS_ENGAGED)


def test_h07_the_lift_moving_with_forks_out_tears_the_car(at_level_1: Plant) -> None:
    plant = at_level_1
    forks_to(plant, SHUTTLE, -5600)
    raise_forks(plant, SHUTTLE)
    plant.shuttles[SHUTTLE].forks.move_to(0)
    plant.advance(3000)
    plant.shuttles[SHUTTLE].forks.stop()
    unpin(plant)
    plant.lifts[LIFT].drive.move_to(5000)
    plant.advance(1000)
    torn = next(v for v in plant.verdict().violations if v.kind is ViolationKind.TORN)
    assert set(torn.bodies) == {LIFT, SHUTTLE, "right"}


def test_h07_the_shuttle_moving_with_forks_out_is_torn(at_level_1: Plant) -> None:
    forks_to(at_level_1, SHUTTLE, -5600)
    at_level_1.shuttles[SHUTTLE].drive.move_to(5200)
    at_level_1.advance(1000)
    assert ViolationKind.TORN.value in kinds(at_level_1)


def test_h07_the_lift_moving_while_the_shuttle_stands_across_the_edge_is_torn(at_level_1: Plant) -> None:
    plant = at_level_1
    travel(plant, SHUTTLE, 3800)
    unpin(plant)
    plant.lifts[LIFT].drive.move_to(5000)
    plant.advance(1000)
    assert ViolationKind.TORN.value in kinds(plant)


def test_h08_a_shuttle_leaving_the_platform_between_levels_falls(plant: Plant) -> None:
    unpin(plant)
    plant.lifts[LIFT].drive.move_to(1200)
    run_until(plant, lambda: plant.lifts[LIFT].drive.standstill)
    plant.shuttles[SHUTTLE].drive.move_to(5200)
    plant.advance(2000)
    only(plant, ViolationKind.MOVER_FELL)


def test_h08_a_shuttle_returning_to_a_missing_platform_falls(at_level_1: Plant) -> None:
    plant = at_level_1
    travel(plant, SHUTTLE, 5200)
    lift_to(plant, 5000)
    assert plant.verdict().clean
    plant.shuttles[SHUTTLE].drive.move_to(2600)
    plant.advance(5000)
    only(plant, ViolationKind.MOVER_FELL)


def test_h08_a_shuttle_crossing_the_edge_of_an_unpinned_platform_is_a_violation(at_level_1: Plant) -> None:
    unpin(at_level_1)
    travel(at_level_1, SHUTTLE, 5200)
    only(at_level_1, ViolationKind.UNLOCKED_TRANSFER)


def test_h08_forks_out_on_an_unpinned_lift_are_a_violation(at_level_1: Plant) -> None:
    unpin(at_level_1)
    forks_to(at_level_1, SHUTTLE, -5600)
    only(at_level_1, ViolationKind.UNLOCKED_TRANSFER)


def test_h08_a_transfer_onto_an_unpinned_bare_platform_is_a_violation() -> None:
    plant = Plant(shuttle_garage())
    unpin(plant)
    travel(plant, "s0b", 7800)
    forks_to(plant, "s0b", -5600)
    only(plant, ViolationKind.UNLOCKED_TRANSFER)


def test_h07_a_bare_lift_moving_with_forks_over_it_is_torn() -> None:
    plant = Plant(shuttle_garage())
    travel(plant, "s0b", 7800)
    forks_to(plant, "s0b", -5600)
    unpin(plant)
    plant.lifts[LIFT].drive.move_to(2500)
    plant.advance(1000)
    assert ViolationKind.TORN.value in kinds(plant)


def test_h08_forks_into_a_shaft_without_its_platform_collide() -> None:
    plant = Plant(shuttle_garage())
    travel(plant, "s1", 7800)
    forks_to(plant, "s1", -5600)
    only(plant, ViolationKind.COLLISION)


def test_h09_two_shuttles_on_one_level_collide() -> None:
    plant = Plant(shuttle_garage())
    plant.shuttles["s0"].drive.move_to(5200)
    plant.advance(10_000)
    assert only(plant, ViolationKind.COLLISION).bodies == ("s0", "s0b")


def test_h15_a_lift_driven_far_beyond_its_end_crashes_into_the_buffer(plant: Plant) -> None:
    unpin(plant)
    plant.lifts[LIFT].drive.move_to(20_000)
    plant.advance(20_000)
    only(plant, ViolationKind.OVERTRAVEL_CRASH)
    assert not plant.lifts[LIFT].overtravel_top_clear


def test_h15_the_final_limit_switch_stops_a_slow_lift_before_the_buffer(plant: Plant) -> None:
    unpin(plant)
    plant.lifts[LIFT].drive.move_to(5250, speed=200)
    plant.advance(60_000)
    assert plant.verdict().clean
    assert 5080 <= plant.snapshot().lifts[LIFT].z_mm < 5200
    assert not plant.lifts[LIFT].drive.ready


def test_h07_moving_with_a_car_that_sticks_out_is_a_violation() -> None:
    plant = Plant(tower())
    plant.place_vehicle(VehicleSpec("long", length_mm=5600), "shuttle1-deck")
    unpin(plant)
    plant.lifts[LIFT].drive.move_to(2500)
    plant.advance(1000)
    only(plant, ViolationKind.OVERHANG_MOVING)


# forks and cars


def test_h06_a_car_set_down_where_one_stands_is_double_occupancy(at_level_1: Plant) -> None:
    plant = at_level_1
    pick(plant, SHUTTLE, -5600)
    place(plant, SHUTTLE, 5600)
    assert {ViolationKind.COLLISION.value, ViolationKind.DOUBLE_OCCUPANCY.value} <= kinds(plant)


def test_h06_a_car_drawn_onto_a_full_deck_is_double_occupancy(at_level_1: Plant) -> None:
    plant = at_level_1
    plant.place_vehicle(VehicleSpec("deck"), "shuttle1-deck")
    pick(plant, SHUTTLE, -5600)
    assert {ViolationKind.DOUBLE_OCCUPANCY.value, ViolationKind.CAR_DROPPED.value} <= kinds(plant)


def test_a_car_lowered_between_deck_and_place_is_dropped(at_level_1: Plant) -> None:
    plant = at_level_1
    forks_to(plant, SHUTTLE, -5600)
    raise_forks(plant, SHUTTLE)
    forks_to(plant, SHUTTLE, -3000)
    lower_forks(plant, SHUTTLE)
    assert only(plant, ViolationKind.CAR_DROPPED).bodies == (SHUTTLE, "right")
    assert plant.snapshot().vehicles["right"].seat == "wreck:"


def test_forks_raised_beside_a_cars_middle_tip_it(at_level_1: Plant) -> None:
    plant = at_level_1
    forks_to(plant, SHUTTLE, -4000)
    raise_forks(plant, SHUTTLE)
    only(plant, ViolationKind.CAR_DROPPED)


def test_raised_forks_run_into_a_standing_car(at_level_1: Plant) -> None:
    plant = at_level_1
    raise_forks(plant, SHUTTLE)
    forks_to(plant, SHUTTLE, -5600)
    assert only(plant, ViolationKind.COLLISION).bodies == (SHUTTLE, "right")


def test_a_rear_car_drawn_through_the_front_one_collides(at_level_1: Plant) -> None:
    plant = at_level_1
    pick(plant, SHUTTLE, 11_200)
    assert ViolationKind.COLLISION.value in kinds(plant)


def test_forks_out_where_no_position_is_open_hit_the_structure(plant: Plant) -> None:
    forks_to(plant, SHUTTLE, -5600)
    only(plant, ViolationKind.COLLISION)


def test_forks_out_between_columns_hit_the_structure(at_level_1: Plant) -> None:
    travel(at_level_1, SHUTTLE, 5100)
    forks_to(at_level_1, SHUTTLE, -5600)
    only(at_level_1, ViolationKind.COLLISION)


def test_h14_a_car_too_high_for_its_place_hits_the_structure() -> None:
    plant = Plant(tower())
    plant.place_vehicle(VehicleSpec("high", height_mm=2100), "shuttle1-deck")
    lift_to(plant, 2500)
    place(plant, SHUTTLE, -5600)
    only(plant, ViolationKind.COLLISION)


def test_forks_against_a_closed_inner_door_collide(plant: Plant) -> None:
    forks_to(plant, SHUTTLE, 5600)
    assert only(plant, ViolationKind.COLLISION).bodies == (SHUTTLE, CABIN)


def test_h08_a_transfer_onto_a_plate_that_is_not_locked_is_a_violation(plant: Plant) -> None:
    inner_door(plant, CABIN, to_open=True)
    plant.cabins[CABIN].index.retract()
    forks_to(plant, SHUTTLE, 5600)
    only(plant, ViolationKind.UNLOCKED_TRANSFER)


def test_a_car_set_down_in_a_cabin_without_its_plate_is_dropped() -> None:
    plant = Plant(tower())
    plant.place_vehicle(VehicleSpec("a"), "shuttle1-deck")
    inner_door(plant, CABIN, to_open=True)
    plant.cabin(CABIN).remove_plate()
    place(plant, SHUTTLE, 5600)
    only(plant, ViolationKind.CAR_DROPPED)


# cabins and people


def test_h01_an_open_outer_door_without_the_plate_lets_people_fall(plant: Plant) -> None:
    plant.cabin(CABIN).remove_plate()
    outer_door(plant, CABIN, to_open=True)
    only(plant, ViolationKind.PERSON_FALLS)


def test_h01_an_open_outer_door_with_an_unlocked_plate_lets_people_fall(plant: Plant) -> None:
    plant.cabins[CABIN].index.retract()
    outer_door(plant, CABIN, to_open=True)
    only(plant, ViolationKind.PERSON_FALLS)


def test_h02_the_inner_door_opening_on_a_person_is_a_violation(plant: Plant) -> None:
    Actor(plant, CABIN, "child").appear_inside()
    inner_door(plant, CABIN, to_open=True)
    assert only(plant, ViolationKind.PERSON_IN_DANGER).bodies == ("child", CABIN)


def test_h02_the_plate_turning_under_a_person_is_a_violation(plant: Plant) -> None:
    Actor(plant, CABIN, "child").appear_inside()
    turn(plant, CABIN, 180_000)
    only(plant, ViolationKind.PERSON_IN_DANGER)


def test_h02_the_plate_turning_with_somebody_in_the_car_is_a_violation(plant: Plant) -> None:
    plant.place_vehicle(VehicleSpec("a"), "cabin1-bay")
    Actor(plant, CABIN, "sleeper").get_into("a")
    turn(plant, CABIN, 180_000)
    only(plant, ViolationKind.PERSON_IN_DANGER)


def test_h03_both_doors_open_is_a_violation(plant: Plant) -> None:
    outer_door(plant, CABIN, to_open=True)
    inner_door(plant, CABIN, to_open=True)
    only(plant, ViolationKind.BOTH_DOORS_OPEN)


def test_the_plate_turning_with_the_outer_door_open_is_a_violation(plant: Plant) -> None:
    outer_door(plant, CABIN, to_open=True)
    turn(plant, CABIN, 180_000)
    assert ViolationKind.OPEN_TO_MOTION.value in kinds(plant)


def test_the_plate_driven_against_its_pin_jams(plant: Plant) -> None:
    plant.cabins[CABIN].turntable.move_to(180_000)
    only(plant, ViolationKind.PINS_ENGAGED)


def test_the_plate_turning_with_forks_in_it_tears_them(plant: Plant) -> None:
    inner_door(plant, CABIN, to_open=True)
    forks_to(plant, SHUTTLE, 5600)
    turn(plant, CABIN, 180_000)
    assert ViolationKind.TORN.value in kinds(plant)


def test_the_plate_turning_under_a_car_that_still_drives_tears_it(plant: Plant) -> None:
    body = plant.scene.add(VehicleSpec("a"))
    plant.cabin(CABIN).bring(body, 0.0, HEADING[Side.RIGHT])
    turn(plant, CABIN, 180_000)
    only(plant, ViolationKind.TORN)


def test_a_car_too_long_for_the_plate_sweeps_against_the_wall(plant: Plant) -> None:
    plant.place_vehicle(VehicleSpec("long", length_mm=5700), "cabin1-bay")
    turn(plant, CABIN, 180_000)
    only(plant, ViolationKind.COLLISION)


def test_a_door_whose_curtain_and_edge_are_blind_crushes_a_person(plant: Plant) -> None:
    outer_door(plant, CABIN, to_open=True)
    Actor(plant, CABIN, "slow").stand_in_doorway()
    plant.sensors.override("cabin1.outer_curtain_clear", 1)
    plant.sensors.override("cabin1.outer_edge_clear", 1)
    plant.cabins[CABIN].outer.close()
    plant.advance(20_000)
    only(plant, ViolationKind.CRUSHED)


@pytest.mark.parametrize("blind", ["outer_curtain_clear", "outer_edge_clear"])
def test_one_of_curtain_and_edge_is_enough_to_send_the_door_back(plant: Plant, blind: str) -> None:
    outer_door(plant, CABIN, to_open=True)
    Actor(plant, CABIN, "slow").stand_in_doorway()
    plant.sensors.override(f"cabin1.{blind}", 1)
    plant.cabins[CABIN].outer.close()
    plant.advance(20_000)
    assert plant.verdict().clean
    assert plant.cabins[CABIN].outer.is_open
    assert plant.cabins[CABIN].outer.reversals == 1


def test_a_car_driven_against_the_outer_door_collides(plant: Plant) -> None:
    body = plant.scene.add(VehicleSpec("a"))
    drive = plant.cabin(CABIN).bring(body, -9000.0, HEADING[Side.RIGHT])
    outer_door(plant, CABIN, to_open=True)
    outer_door(plant, CABIN, to_open=False)
    inner_door(plant, CABIN, to_open=True)
    drive.drive_to(0.0)
    plant.advance(20_000)
    assert ViolationKind.COLLISION.value in kinds(plant)


# the judge itself


def test_a_violation_is_said_loudly_once_and_counted(plant: Plant, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[Violation] = []
    plant.judge.listen(heard.append)
    with caplog.at_level(logging.ERROR):
        outer_door(plant, CABIN, to_open=True)
        inner_door(plant, CABIN, to_open=True)
        plant.advance(10_000)
    verdict = plant.verdict()
    assert verdict.counts == {"both-doors-open": 1}
    assert heard == list(verdict.violations)
    assert [record for record in caplog.records if "both-doors-open" in record.getMessage()]
    assert heard[0].bodies == (CABIN,)


def test_an_accident_that_happens_again_is_recorded_again(plant: Plant) -> None:
    for _ in range(2):
        outer_door(plant, CABIN, to_open=True)
        inner_door(plant, CABIN, to_open=True)
        inner_door(plant, CABIN, to_open=False)
        outer_door(plant, CABIN, to_open=False)
    assert plant.verdict().counts == {"both-doors-open": 2}


def test_the_judge_does_not_believe_sensors(plant: Plant) -> None:
    plant.sensors.override("cabin1.inner_closed", 1)
    plant.sensors.override("cabin1.inner_open", 0)
    outer_door(plant, CABIN, to_open=True)
    plant.cabins[CABIN].inner.bolt.retract()
    plant.advance(1000)
    plant.cabins[CABIN].inner.open()
    plant.advance(1000)
    assert plant.cabins[CABIN].inner.is_closed
    only(plant, ViolationKind.BOTH_DOORS_OPEN)
