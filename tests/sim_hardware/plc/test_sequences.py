"""Whole sequences and local interlocks of the emulated PLCs over the plant, in virtual time, judged by the plant."""

from __future__ import annotations

import pytest

from controller.garage import Side
from plc_drivers.contract import CommandCode, Value
from plc_drivers.contract.codes import AckResult, DoneResult, FaultCode, Sign, State, TrafficLight
from sim_hardware.people import Actor
from sim_hardware.plant.body import VehicleSpec
from tests.sim_hardware.panel import Panel
from tests.sim_hardware.plc.garage_panel import assert_clean, panel_of, to_level

C = CommandCode


def fetch_to_cabin(panel: Panel) -> None:
    """kuga-01 from level 1, column 1, left into the cabin at level 0, column 1, left."""
    to_level(panel, 1)
    panel.run("shuttle1", C.MOVE_TO_COLUMN, 1)
    panel.run("shuttle1", C.PICK_LEFT, 1)
    panel.run("shuttle1", C.MOVE_TO_COLUMN, 2)
    to_level(panel, 0)
    panel.run("shuttle1", C.MOVE_TO_COLUMN, 1)
    panel.run("cabin1", C.OPEN_INNER_DOOR)
    panel.run("shuttle1", C.PLACE_LEFT, 1)
    panel.run("cabin1", C.CLOSE_INNER_DOOR)


# --- sequences ----------------------------------------------------------------------------------------------


def test_a_car_goes_from_its_place_to_the_cabin_is_turned_and_handed_over(panel: Panel) -> None:
    fetch_to_cabin(panel)
    assert panel.garage.plant.vehicles_at("cabin1-bay") == ("kuga-01",)
    assert panel.read("cabin1", "vehicle_length_mm") == 4531
    panel.run("cabin1", C.ROTATE, 180_000)
    panel.run("cabin1", C.OPEN_OUTER_DOOR)
    panel.light, panel.sign = TrafficLight.GREEN, Sign.DRIVE_OUT
    panel.cycle(2)
    assert panel.read("cabin1", "traffic_light_shown") == TrafficLight.GREEN
    panel.light = TrafficLight.RED
    panel.run("cabin1", C.CLOSE_OUTER_DOOR)
    assert panel.read("cabin1", "outer_locked") is True
    assert_clean(panel)


@pytest.mark.parametrize(
    ("asked", "left"),
    [(Sign.FORWARD, Sign.PLEASE_WAIT), (Sign.DRIVE_IN, Sign.PLEASE_WAIT), (Sign.STEP_OUT, Sign.STEP_OUT)],
)
def test_h14_no_sign_guides_a_driver_when_the_controller_is_gone(panel: Panel, asked: Sign, left: Sign) -> None:
    panel.sign = asked
    panel.cycle(3)
    assert panel.garage.plant.cabin("cabin1").sign_lit is asked
    panel.garage.step(3000)
    assert panel.garage.plant.cabin("cabin1").sign_lit is left


def test_a_car_goes_from_the_cabin_to_a_place(panel: Panel) -> None:
    panel.garage.plant.place_vehicle(VehicleSpec("new-1"), "cabin1-bay", nose=Side.RIGHT)
    to_level(panel, 0)
    panel.run("shuttle1", C.MOVE_TO_COLUMN, 1)
    panel.run("cabin1", C.OPEN_INNER_DOOR)
    panel.run("shuttle1", C.PICK_LEFT, 1)
    panel.run("cabin1", C.CLOSE_INNER_DOOR)
    panel.run("shuttle1", C.MOVE_TO_COLUMN, 2)
    to_level(panel, 2)
    panel.run("shuttle1", C.MOVE_TO_COLUMN, 3)
    panel.run("shuttle1", C.PLACE_RIGHT, 1)
    assert panel.garage.plant.vehicles_at("l2-c3-right") == ("new-1",)
    assert_clean(panel)


def test_a_car_changes_between_shuttles_over_a_bare_lift_platform() -> None:
    panel = panel_of("garage-shuttle")
    layout = panel.garage.layout
    car = next(v for v in panel.garage.config.vehicles if (layout.positions[v.place].level or 0) > 0)
    place = layout.positions[car.place]
    shuttle = layout.reached_by(place.id)[0]
    stop, platform = layout.stop(shuttle, place.id), layout.stop(shuttle, "lift1-platform")
    assert stop is not None
    assert platform is not None
    panel.run(shuttle, C.MOVE_TO_COLUMN, stop.column)
    panel.run(shuttle, C.PICK_LEFT if stop.side is Side.LEFT else C.PICK_RIGHT, stop.depth)
    panel.run(shuttle, C.MOVE_TO_COLUMN, platform.column)
    put = C.PLACE_LEFT if platform.side is Side.LEFT else C.PLACE_RIGHT
    assert panel.order(shuttle, put, 1) is AckResult.INTERLOCKED
    to_level(panel, place.level or 0)
    panel.run(shuttle, put, 1)
    to_level(panel, 0)
    assert panel.garage.plant.vehicles_at("lift1-platform") == (car.id,)
    take = C.PICK_LEFT if platform.side is Side.LEFT else C.PICK_RIGHT
    panel.run("shuttle0", C.MOVE_TO_COLUMN, platform.column)
    panel.run("shuttle0", take, 1)
    assert panel.garage.plant.vehicles_at("shuttle0-deck") == (car.id,)
    assert_clean(panel)


def test_a_shuttle_with_incremental_encoders_needs_its_reference_after_a_restart() -> None:
    panel = panel_of(keeps_reference=False)
    panel.garage.power_cycle("shuttle1")
    panel.cycle(2)
    assert panel.fault("shuttle1") is FaultCode.PLC_RESTARTED
    panel.run("shuttle1", C.CLEAR)
    assert panel.state("shuttle1") is State.NOT_REFERENCED
    assert panel.order("shuttle1", C.MOVE_TO_COLUMN, 1) is AckResult.NOT_REFERENCED
    panel.run("shuttle1", C.REFERENCE)
    assert panel.read("shuttle1", "referenced") is True
    panel.run("shuttle1", C.MOVE_TO_COLUMN, 2)


@pytest.mark.parametrize("device", ["lift1", "cabin1"])
def test_other_axes_can_be_referenced_again(panel: Panel, device: str) -> None:
    if device == "lift1":
        panel.run("lift1", C.UNLOCK)
    panel.run(device, C.REFERENCE)
    assert panel.read(device, "referenced") is True
    assert_clean(panel)


# --- endings that are not OK --------------------------------------------------------------------------------


def test_a_pick_from_an_empty_place_finds_no_load(panel: Panel) -> None:
    to_level(panel, 1)
    panel.run("shuttle1", C.MOVE_TO_COLUMN, 1)
    assert panel.order("shuttle1", C.PICK_RIGHT, 1) is AckResult.ACCEPTED
    assert panel.wait("shuttle1") is DoneResult.NO_LOAD
    assert panel.read("shuttle1", "forks_centred") is True


def test_h06_a_place_into_an_occupied_target_leaves_the_load_on_the_deck(panel: Panel) -> None:
    to_level(panel, 1)
    panel.run("shuttle1", C.MOVE_TO_COLUMN, 1)
    panel.run("shuttle1", C.PICK_LEFT, 1)
    panel.run("shuttle1", C.MOVE_TO_COLUMN, 3)
    panel.order("shuttle1", C.PLACE_RIGHT, 1)
    assert panel.wait("shuttle1") is DoneResult.TARGET_OCCUPIED
    assert panel.read("shuttle1", "load_present") is True
    assert_clean(panel)


@pytest.mark.parametrize("stop_after_s", [1.0, 4.0, 8.0, 11.0])
@pytest.mark.parametrize("pick", [True, False])
def test_h07_a_transfer_that_lost_its_permit_is_taken_up_where_it_stopped(
    panel: Panel, pick: bool, stop_after_s: float
) -> None:
    to_level(panel, 1)
    panel.run("shuttle1", C.MOVE_TO_COLUMN, 1)
    if not pick:
        panel.run("shuttle1", C.PICK_LEFT, 1)
    code = C.PICK_LEFT if pick else C.PLACE_RIGHT
    panel.order("shuttle1", code, 1)
    panel.pass_s(stop_after_s)
    panel.permits["shuttle1"].discard("transfer")
    if panel.wait("shuttle1") is DoneResult.PERMIT_LOST:
        if panel.read("shuttle1", "forks_centred") is False:
            assert panel.order("shuttle1", C.MOVE_TO_COLUMN, 2) is AckResult.INTERLOCKED
        panel.permits["shuttle1"].add("transfer")
        panel.run("shuttle1", code, 1)
    here = panel.garage.plant.vehicles_at("shuttle1-deck" if pick else "l1-c1-right")
    assert here == ("kuga-01",)
    assert_clean(panel)


def test_a_door_goes_back_from_a_person_counts_it_and_closes_when_the_way_is_free(panel: Panel) -> None:
    panel.run("cabin1", C.OPEN_OUTER_DOOR)
    panel.order("cabin1", C.CLOSE_OUTER_DOOR)
    panel.pass_s(1.5)
    person = Actor(panel.garage.plant, "cabin1", "anna")
    person.stand_in_doorway()
    panel.pass_s(6.0)
    assert panel.read("cabin1", "reopen_count") == 1
    assert panel.read("cabin1", "outer_closed") is False
    person.leave()
    assert panel.wait("cabin1") is DoneResult.OK
    assert panel.read("cabin1", "outer_locked") is True
    assert_clean(panel)


def test_a_door_that_stays_obstructed_gives_up_open(panel: Panel) -> None:
    panel.run("cabin1", C.OPEN_OUTER_DOOR)
    Actor(panel.garage.plant, "cabin1", "anna").stand_in_doorway()
    panel.order("cabin1", C.CLOSE_OUTER_DOOR)
    assert panel.wait("cabin1") is DoneResult.OBSTRUCTED
    assert_clean(panel)


# --- local interlocks ---------------------------------------------------------------------------------------


def test_h07_the_lift_does_not_move_on_extended_pins(panel: Panel) -> None:
    assert panel.order("lift1", C.MOVE_TO_LEVEL, 1) is AckResult.INTERLOCKED
    assert panel.order("lift1", C.MOVE_TO_LEVEL, 77) is AckResult.BAD_ARGUMENT


def test_h08_the_lift_keeps_its_pins_while_the_shuttle_is_away(panel: Panel) -> None:
    to_level(panel, 1)
    panel.run("shuttle1", C.MOVE_TO_COLUMN, 1)
    assert panel.order("lift1", C.UNLOCK) is AckResult.INTERLOCKED


def test_h08_the_shuttle_stays_on_a_platform_that_is_not_locked(panel: Panel) -> None:
    panel.run("lift1", C.UNLOCK)
    assert panel.order("shuttle1", C.MOVE_TO_COLUMN, 1) is AckResult.INTERLOCKED
    panel.run("lift1", C.MOVE_TO_LEVEL, 1)
    assert panel.order("shuttle1", C.MOVE_TO_COLUMN, 1) is AckResult.INTERLOCKED


def test_the_lift_locks_only_at_a_level(panel: Panel) -> None:
    panel.run("lift1", C.UNLOCK)
    panel.order("lift1", C.MOVE_TO_LEVEL, 2)
    panel.pass_s(2.0)
    panel.order("lift1", C.STOP)
    assert panel.wait("lift1") is DoneResult.OK
    assert panel.read("lift1", "station") == -1
    assert panel.order("lift1", C.LOCK) is AckResult.INTERLOCKED
    panel.run("lift1", C.MOVE_TO_LEVEL, 1)
    panel.run("lift1", C.LOCK)
    assert_clean(panel)


@pytest.mark.parametrize(
    "sensor", ["overhang_front_clear", "overhang_left_clear", "load_centred", "rope_taut", "shaft_doors_closed"]
)
def test_h07_h15_the_lift_does_not_start_with_a_sensor_in_doubt_and_aborts_when_it_falls_under_way(
    panel: Panel, sensor: str
) -> None:
    sensors = panel.garage.plant.sensors
    panel.run("lift1", C.UNLOCK)
    panel.order("lift1", C.MOVE_TO_LEVEL, 2)
    panel.pass_s(2.0)
    sensors.override(f"lift1.{sensor}", 0)
    panel.cycle(2)
    assert panel.state("lift1") is State.ABORTED
    assert panel.done("lift1") is DoneResult.FAULT
    panel.pass_s(1.0)
    sensors.restore(f"lift1.{sensor}")
    panel.run("lift1", C.CLEAR)
    sensors.override(f"lift1.{sensor}", 0)
    panel.cycle()
    assert panel.order("lift1", C.MOVE_TO_LEVEL, 1) in {AckResult.INTERLOCKED, AckResult.WRONG_STATE}


def test_h07_the_shuttle_does_not_travel_with_its_forks_out(panel: Panel) -> None:
    to_level(panel, 1)
    panel.run("shuttle1", C.MOVE_TO_COLUMN, 1)
    panel.order("shuttle1", C.PICK_LEFT, 1)
    panel.pass_s(3.0)
    panel.order("shuttle1", C.STOP)
    panel.wait("shuttle1")
    assert panel.read("shuttle1", "forks_centred") is False
    assert panel.order("shuttle1", C.MOVE_TO_COLUMN, 2) is AckResult.INTERLOCKED
    assert panel.order("shuttle1", C.PICK_RIGHT, 1) is AckResult.INTERLOCKED
    assert_clean(panel)


def test_h10_contradictory_load_sensors_hold_the_shuttle(panel: Panel) -> None:
    to_level(panel, 1)
    panel.garage.plant.sensors.override("shuttle1.load_clear", 0)
    panel.cycle()
    assert panel.order("shuttle1", C.MOVE_TO_COLUMN, 1) is AckResult.INTERLOCKED


def test_h02_the_forks_do_not_go_into_a_cabin_that_is_not_open_to_them(panel: Panel) -> None:
    to_level(panel, 1)
    panel.run("shuttle1", C.MOVE_TO_COLUMN, 1)
    panel.run("shuttle1", C.PICK_LEFT, 1)
    panel.run("shuttle1", C.MOVE_TO_COLUMN, 2)
    to_level(panel, 0)
    panel.run("shuttle1", C.MOVE_TO_COLUMN, 1)
    assert panel.order("shuttle1", C.PLACE_LEFT, 1) is AckResult.INTERLOCKED
    panel.run("cabin1", C.OPEN_OUTER_DOOR)
    assert panel.order("shuttle1", C.PLACE_LEFT, 1) is AckResult.INTERLOCKED


def test_h02_a_person_who_appears_during_a_transfer_stops_the_forks(panel: Panel) -> None:
    to_level(panel, 1)
    panel.run("shuttle1", C.MOVE_TO_COLUMN, 1)
    panel.run("shuttle1", C.PICK_LEFT, 1)
    panel.run("shuttle1", C.MOVE_TO_COLUMN, 2)
    to_level(panel, 0)
    panel.run("shuttle1", C.MOVE_TO_COLUMN, 1)
    panel.run("cabin1", C.OPEN_INNER_DOOR)
    panel.order("shuttle1", C.PLACE_LEFT, 1)
    panel.pass_s(3.0)
    panel.garage.plant.sensors.override("cabin1.scanner_clear", 0)
    panel.cycle(2)
    assert (panel.state("shuttle1"), panel.fault("shuttle1")) == (State.ABORTED, FaultCode.TRANSFER_FAULT)
    assert panel.order("cabin1", C.CLOSE_INNER_DOOR) is AckResult.INTERLOCKED


def test_h03_the_two_doors_of_a_cabin_never_open_together(panel: Panel) -> None:
    panel.run("cabin1", C.OPEN_OUTER_DOOR)
    assert panel.order("cabin1", C.OPEN_INNER_DOOR) is AckResult.INTERLOCKED
    panel.run("cabin1", C.CLOSE_OUTER_DOOR)
    panel.run("cabin1", C.OPEN_INNER_DOOR)
    assert panel.order("cabin1", C.OPEN_OUTER_DOOR) is AckResult.INTERLOCKED
    panel.run("cabin1", C.CLOSE_INNER_DOOR)
    assert_clean(panel)


def test_the_plate_turns_only_behind_closed_doors(panel: Panel) -> None:
    assert panel.order("cabin1", C.ROTATE, 90_000) is AckResult.BAD_ARGUMENT
    for door_open, door_close in (
        (C.OPEN_OUTER_DOOR, C.CLOSE_OUTER_DOOR),
        (C.OPEN_INNER_DOOR, C.CLOSE_INNER_DOOR),
    ):
        panel.run("cabin1", door_open)
        assert panel.order("cabin1", C.ROTATE, 180_000) is AckResult.INTERLOCKED
        panel.run("cabin1", door_close)
    panel.run("cabin1", C.ROTATE, 180_000)
    assert_clean(panel)


@pytest.mark.parametrize("sensor", ["scanner_clear", "curtain_ok", "exit_closed"])
def test_h02_nothing_turns_or_opens_to_the_machine_while_somebody_may_be_inside(panel: Panel, sensor: str) -> None:
    panel.garage.plant.sensors.override(f"cabin1.{sensor}", 0)
    panel.cycle()
    assert panel.order("cabin1", C.ROTATE, 180_000) is AckResult.INTERLOCKED
    assert panel.order("cabin1", C.OPEN_INNER_DOOR) is AckResult.INTERLOCKED


def test_h02_a_person_who_appears_stops_the_turning_plate(panel: Panel) -> None:
    panel.order("cabin1", C.ROTATE, 180_000)
    panel.pass_s(3.0)
    panel.garage.plant.sensors.override("cabin1.scanner_clear", 0)
    panel.cycle(2)
    assert (panel.state("cabin1"), panel.fault("cabin1")) == (State.ABORTED, FaultCode.PRESENCE_DETECTED)
    panel.pass_s(1.0)
    angle = panel.read("cabin1", "angle_mdeg")
    panel.pass_s(1.0)
    assert panel.read("cabin1", "angle_mdeg") == angle


@pytest.mark.parametrize("sensor", ["platform_present", "platform_level", "platform_locked"])
def test_h01_without_a_proven_platform_the_outer_door_stays_shut_and_the_light_red(panel: Panel, sensor: str) -> None:
    panel.run("cabin1", C.OPEN_OUTER_DOOR)
    panel.light = TrafficLight.GREEN
    panel.cycle(2)
    assert panel.read("cabin1", "traffic_light_shown") == TrafficLight.GREEN
    panel.garage.plant.sensors.override(f"cabin1.{sensor}", 0)
    panel.cycle(2)
    assert panel.read("cabin1", "traffic_light_shown") == TrafficLight.RED
    panel.garage.plant.sensors.restore(f"cabin1.{sensor}")
    panel.run("cabin1", C.CLEAR)
    panel.run("cabin1", C.CLOSE_OUTER_DOOR)
    panel.garage.plant.sensors.override(f"cabin1.{sensor}", 0)
    panel.cycle()
    assert panel.order("cabin1", C.OPEN_OUTER_DOOR) is AckResult.INTERLOCKED


def test_green_shows_only_with_its_permit(panel: Panel) -> None:
    panel.light = TrafficLight.GREEN
    panel.permits["cabin1"].discard("green")
    panel.cycle(2)
    assert panel.read("cabin1", "traffic_light_shown") == TrafficLight.RED


# --- handover memory ----------------------------------------------------------------------------------------


def test_h02_a_confirmation_belongs_to_one_opening_and_presence_voids_it(panel: Panel) -> None:
    cabin = panel.garage.plant.cabin("cabin1")
    panel.run("cabin1", C.OPEN_OUTER_DOOR)
    assert panel.read("cabin1", "outer_opened_count") == 2
    cabin.press_confirm()
    panel.cycle(2)
    assert (panel.read("cabin1", "confirmed_opening"), panel.read("cabin1", "confirm_count")) == (2, 1)
    person = Actor(panel.garage.plant, "cabin1", "anna")
    person.walk_in()
    panel.pass_s(2.0)
    assert panel.read("cabin1", "confirmed_opening") == 0
    cabin.press_confirm()
    panel.cycle(2)
    assert (panel.read("cabin1", "confirmed_opening"), panel.read("cabin1", "confirm_count")) == (0, 2)
    person.walk_out()
    panel.pass_s(2.0)
    assert panel.read("cabin1", "confirmed_opening") == 0
    cabin.press_confirm()
    panel.cycle(2)
    assert panel.read("cabin1", "confirmed_opening") == 2


def test_h02_opening_the_emergency_exit_counts_as_an_opening_and_a_restart_forgets_every_confirmation(
    panel: Panel,
) -> None:
    cabin = panel.garage.plant.cabin("cabin1")
    cabin.press_confirm()
    panel.cycle(2)
    assert panel.read("cabin1", "confirmed_opening") == 1
    cabin.open_exit()
    panel.cycle(2)
    assert (panel.read("cabin1", "outer_opened_count"), panel.read("cabin1", "confirmed_opening")) == (2, 1)
    cabin.close_exit()
    cabin.press_confirm()
    panel.garage.power_cycle("cabin1")
    panel.cycle(2)
    assert (panel.read("cabin1", "outer_opened_count"), panel.read("cabin1", "confirmed_opening")) == (1, 0)


# --- without local interlocks -------------------------------------------------------------------------------


def test_without_local_interlocks_the_plcs_carry_out_what_the_controller_must_prevent() -> None:
    panel = panel_of(local_interlocks=False)
    panel.run("cabin1", C.OPEN_OUTER_DOOR)
    assert panel.order("cabin1", C.OPEN_INNER_DOOR) is AckResult.ACCEPTED
    panel.wait("cabin1")
    assert not panel.garage.verdict().clean


# --- what a shuttle shows during a transfer (contract, chapter 7) -------------------------------------------


def seen(panel: Panel) -> tuple[Value, ...]:
    """Deck switch, deck barrier, centred, left edge, target switch, target beam."""
    tags = ("load_present", "load_clear", "load_centred", "overhang_left_clear")
    return tuple(panel.read("shuttle1", tag) for tag in (*tags, "target_left_occupied", "target_left_clear"))


def test_during_a_pick_deck_and_target_show_what_the_contract_s_table_says(panel: Panel) -> None:
    to_level(panel, 1)
    panel.run("shuttle1", C.MOVE_TO_COLUMN, 1)
    shown = [seen(panel)]
    assert panel.order("shuttle1", C.PICK_LEFT, 1) is AckResult.ACCEPTED
    while panel.state("shuttle1") is not State.IDLE:
        panel.cycle()
        if seen(panel) != shown[-1]:
            shown.append(seen(panel))
    at_target, forks_under_it, on_the_forks = shown[:3]
    assert at_target == (False, True, True, True, True, False)
    assert forks_under_it == (False, True, True, False, True, False)
    assert on_the_forks == (False, True, False, False, False, False)
    assert (False, False, False, False, False, True) in shown  # over the deck's edge: the deck's pair is equal
    assert shown[-1] == (True, False, True, True, False, True)
    assert_clean(panel)
