"""People fetch and bring cars by what they see, and the same seed gives the same people."""

from __future__ import annotations

import pytest

from plc_drivers.contract.codes import Sign, TrafficLight
from sim_hardware.people import Actor, Crowd, Habit
from sim_hardware.people.crowd import QUEUE_BOUND, QueueFullError
from sim_hardware.plant.body import VehicleSpec
from sim_hardware.plant.plant import Plant
from tests.sim_hardware.plant.garages import outer_door, run_until, tower, turn

CABIN = "cabin1"


def invite(plant: Plant, sign: Sign) -> None:
    """Open the outer door with a green light and a sign."""
    port = plant.cabins[CABIN]
    port.show_sign(sign)
    outer_door(plant, CABIN, to_open=True)
    port.show_light(TrafficLight.GREEN)


def guide(plant: Plant) -> None:
    """Guide an arriving car by its wheels, as a PLC and its controller would, until it may be left."""
    port = plant.cabins[CABIN]

    def settled() -> bool:
        if port.wheels_in_place:
            port.show_sign(Sign.LEAVE_CAR)
            return True
        if port.vehicle_present:
            port.show_sign(Sign.BACK if port.wheel_offset_mm > 0 else Sign.FORWARD)
        return False

    run_until(plant, settled, limit_s=180)


def with_a_car_to_fetch(seed: int = 1) -> Plant:
    plant = Plant(tower(seed=seed))
    plant.place_vehicle(VehicleSpec("a"), "cabin1-bay")
    return plant


def empty_of_people(plant: Plant) -> bool:
    port = plant.cabins[CABIN]
    return port.scanner_clear and port.curtain_count == 0


def test_a_customer_fetches_the_car_and_confirms_that_the_cabin_is_empty() -> None:
    plant = with_a_car_to_fetch()
    Crowd(plant)
    port = plant.cabins[CABIN]
    invite(plant, Sign.DRIVE_OUT)
    run_until(plant, lambda: not port.scanner_clear)
    assert port.curtain_count == 1
    run_until(plant, lambda: plant.snapshot().vehicles["a"].seat == "away:", limit_s=200)
    assert port.vehicle_clear
    assert empty_of_people(plant)
    run_until(plant, lambda: port.confirm_presses == 1)
    port.show_light(TrafficLight.RED)
    outer_door(plant, CABIN, to_open=False)
    plant.advance(20_000)
    assert not plant.snapshot().people
    assert plant.verdict().clean


def test_nobody_gets_into_a_car_that_faces_the_wrong_way() -> None:
    plant = with_a_car_to_fetch()
    turn(plant, CABIN, 180_000)
    Crowd(plant)
    invite(plant, Sign.DRIVE_OUT)
    plant.advance(120_000)
    assert not plant.snapshot().people


@pytest.mark.parametrize("sign", [Sign.PLEASE_WAIT, Sign.OUT_OF_SERVICE, Sign.STEP_OUT, Sign.DRIVE_IN])
def test_nobody_fetches_a_car_while_the_sign_says_otherwise(sign: Sign) -> None:
    plant = with_a_car_to_fetch()
    Crowd(plant)
    invite(plant, sign)
    plant.advance(120_000)
    assert not plant.snapshot().people


def test_nobody_walks_in_at_red() -> None:
    plant = with_a_car_to_fetch()
    Crowd(plant)
    plant.cabins[CABIN].show_sign(Sign.DRIVE_OUT)
    outer_door(plant, CABIN, to_open=True)
    plant.advance(120_000)
    assert not plant.snapshot().people


def test_a_booked_car_is_brought_guided_left_and_confirmed() -> None:
    plant = Plant(tower())
    crowd = Crowd(plant)
    port = plant.cabins[CABIN]
    crowd.arrive(CABIN, VehicleSpec("booked", length_mm=4700))
    invite(plant, Sign.DRIVE_IN)
    guide(plant)
    assert port.vehicle_length_mm == 4700
    run_until(plant, lambda: not port.scanner_clear)
    port.show_sign(Sign.CONFIRM_EMPTY)
    run_until(plant, lambda: port.confirm_presses > 0)
    assert empty_of_people(plant)
    assert plant.vehicles_at("cabin1-bay") == ("booked",)
    assert plant.snapshot().vehicles["booked"].heading_mdeg == 180_000
    assert port.wheels_in_place
    port.show_light(TrafficLight.RED)
    outer_door(plant, CABIN, to_open=False)
    turn(plant, CABIN, 180_000)
    assert plant.verdict().clean
    assert plant.snapshot().vehicles["booked"].heading_mdeg == pytest.approx(0)


def test_a_car_booked_for_any_cabin_comes_to_the_one_that_invites() -> None:
    plant = Plant(tower())
    crowd = Crowd(plant, strangers=False)
    crowd.arrive(None, VehicleSpec("booked"))
    assert crowd.waiting() == ("booked",)
    invite(plant, Sign.DRIVE_IN)
    run_until(plant, lambda: plant.cabins[CABIN].vehicle_present)
    assert crowd.waiting() == ()


def test_a_stranger_drives_up_to_an_inviting_cabin_unless_switched_off() -> None:
    for strangers in (True, False):
        plant = Plant(tower())
        Crowd(plant, strangers=strangers)
        invite(plant, Sign.DRIVE_IN)
        plant.advance(60_000)
        assert ("visitor-1" in plant.snapshot().vehicles) is strangers


def test_a_driver_whose_car_does_not_fit_backs_out_and_confirms() -> None:
    plant = Plant(tower())
    crowd = Crowd(plant)
    port = plant.cabins[CABIN]
    crowd.arrive(CABIN, VehicleSpec("van", height_mm=2400))
    invite(plant, Sign.DRIVE_IN)
    run_until(plant, lambda: port.wheels_in_place)
    assert not port.vehicle_in_envelope
    port.show_sign(Sign.DOES_NOT_FIT)
    run_until(plant, lambda: port.confirm_presses > 0)
    assert port.vehicle_clear
    assert empty_of_people(plant)
    assert plant.snapshot().vehicles["van"].seat == "away:"


def test_h02_a_customer_who_stays_inside_leaves_when_told_to_step_out() -> None:
    plant = Plant(tower())
    crowd = Crowd(plant)
    crowd.expect(CABIN, Habit.STAYS_INSIDE)
    crowd.arrive(CABIN, VehicleSpec("a"))
    port = plant.cabins[CABIN]
    invite(plant, Sign.DRIVE_IN)
    guide(plant)
    run_until(plant, lambda: not port.scanner_clear)
    port.show_sign(Sign.CONFIRM_EMPTY)
    plant.advance(100_000)
    assert not port.scanner_clear
    port.show_sign(Sign.STEP_OUT)
    run_until(plant, lambda: empty_of_people(plant))
    run_until(plant, lambda: port.confirm_presses > 0)


def test_h02_a_customer_shut_in_stays_in_the_judges_sight() -> None:
    plant = with_a_car_to_fetch()
    Crowd(plant)
    port = plant.cabins[CABIN]
    invite(plant, Sign.DRIVE_OUT)
    run_until(plant, lambda: not port.scanner_clear)
    outer_door(plant, CABIN, to_open=False)
    plant.advance(2_000_000)
    assert plant.snapshot().people
    port.inner.bolt.retract()
    plant.advance(1000)
    port.inner.open()
    plant.advance(1000)
    assert plant.verdict().counts == {"person-in-danger": 1}


@pytest.mark.parametrize(("habit", "presses"), [(Habit.NEVER_CONFIRMS, 0), (Habit.PRESSES_TWICE, 2)])
def test_customers_press_as_is_their_habit(habit: Habit, presses: int) -> None:
    plant = with_a_car_to_fetch()
    crowd = Crowd(plant)
    crowd.expect(CABIN, habit)
    invite(plant, Sign.DRIVE_OUT)
    run_until(plant, lambda: plant.snapshot().vehicles["a"].seat == "away:", limit_s=200)
    plant.advance(60_000)
    assert plant.cabins[CABIN].confirm_presses == presses


def test_a_customer_may_come_back_after_the_confirmation() -> None:
    plant = with_a_car_to_fetch()
    crowd = Crowd(plant)
    crowd.expect(CABIN, Habit.COMES_BACK)
    port = plant.cabins[CABIN]
    invite(plant, Sign.DRIVE_OUT)
    run_until(plant, lambda: port.confirm_presses == 1, limit_s=200)
    run_until(plant, lambda: not port.scanner_clear)
    run_until(plant, lambda: empty_of_people(plant))


def timings(seed: int, step_ms: int) -> tuple[int, int]:
    """When the car has left and when the button was pressed."""
    plant = with_a_car_to_fetch(seed)
    Crowd(plant)
    invite(plant, Sign.DRIVE_OUT)
    plant.advance(20_000 - plant.now_ms)
    times: list[int] = []

    def gone() -> bool:
        return plant.snapshot().vehicles["a"].seat == "away:"

    def confirmed() -> bool:
        return plant.cabins[CABIN].confirm_presses > 0

    for condition in (gone, confirmed):
        while not condition():
            plant.advance(step_ms)
        times.append(plant.now_ms)
    return times[0], times[1]


def test_the_same_seed_gives_the_same_people_whatever_the_step() -> None:
    assert timings(1, 10) == timings(1, 10)
    assert timings(1, 10) != timings(2, 10)
    fine, coarse = timings(1, 10), timings(1, 500)
    assert all(0 <= b - a <= 500 for a, b in zip(fine, coarse, strict=True))


def test_a_car_that_is_in_the_garage_cannot_arrive() -> None:
    plant = with_a_car_to_fetch()
    crowd = Crowd(plant)
    with pytest.raises(ValueError, match="here already"):
        crowd.arrive(CABIN, VehicleSpec("a"))
    crowd.arrive(CABIN, VehicleSpec("b"))
    with pytest.raises(ValueError, match="here already"):
        crowd.arrive(None, VehicleSpec("b"))
    with pytest.raises(KeyError):
        crowd.arrive("cabin9", VehicleSpec("c"))


def test_the_road_holds_a_bounded_number_of_cars() -> None:
    crowd = Crowd(Plant(tower()))
    for number in range(QUEUE_BOUND):
        crowd.arrive(CABIN, VehicleSpec(f"v{number}"))
    with pytest.raises(QueueFullError):
        crowd.arrive(CABIN, VehicleSpec("one-more"))


def test_an_actor_does_only_what_the_script_says() -> None:
    plant = Plant(tower())
    actor = Actor(plant, CABIN, "extra")
    plant.advance(60_000)
    assert plant.snapshot().people["extra"].place == "outside"
    actor.open_exit()
    assert not plant.cabins[CABIN].exit_closed
    actor.leave()
    assert not plant.snapshot().people
