"""Modes in a running garage: locks, fire, keys, one axis by hand. The plant is the judge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.config.load import load_config
from controller.config.models import GarageConfig
from controller.core.order import OrderState
from controller.local_link.messages import Accepted, Answer, ClearDevice, Refused, Start, Stop, SubmitOrder, VehicleData
from controller.local_link.mode_messages import ConfirmInventory, EndFire, HoldToRun, LockZone, ReleaseHold, UnlockZone
from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import Mode, State
from safety.verdict import Function
from tests.simulation.test_orders import CONFIG, started
from tests.simulation.virtual_garage import VirtualGarage


def code(answer: Answer) -> str:
    """The code of a refusal, empty for a request that was carried out."""
    return answer.reason.code if isinstance(answer, Refused) else ""


def mode(garage: VirtualGarage) -> str:
    return garage.core.state.mode


def retrieve(garage: VirtualGarage, after_s: float) -> str:
    car = next(iter(garage.core.state.vehicles))
    order = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))
    garage.run(after_s)
    return order.id


def stands(garage: VirtualGarage) -> bool:
    snapshot = garage.hardware.plant.snapshot()
    movers = (*(lift.speed_mm_s for lift in snapshot.lifts.values()), *(s.speed for s in snapshot.shuttles.values()))
    return all(abs(speed) < 1 for speed in movers)


def turn_key(garage: VirtualGarage, device: str, mode: Mode) -> None:
    plant = garage.hardware.plant
    machines = {
        **{name: plant.lift(name) for name in garage.layout.lifts},
        **{name: plant.shuttle(name) for name in garage.layout.shuttles},
        **{name: plant.cabin(name) for name in garage.layout.cabins},
    }
    machines[device].turn_key(mode)


def clear_and_start(garage: VirtualGarage) -> None:
    garage.demand(ClearDevice(device="all"))
    garage.run(2)
    assert code(garage.demand(Start())) == "", garage.picture()


def hold(
    garage: VirtualGarage, unit: str, axis: str, direction: str, seconds: float, press: str = "p1"
) -> list[Answer]:
    """Keep the button pressed for so long, refreshed five times a second."""
    answers = []
    for _ in range(round(seconds * 5)):
        request = HoldToRun(unit=unit, axis=axis, direction=direction, person="Mia", press=press)  # type: ignore[arg-type]
        answers.append(garage.demand(request))
        garage.run(0.18)
    return answers


# --- locks -------------------------------------------------------------------------------------------------------


def test_h20_a_lock_stops_all_and_only_its_owner_releases_it() -> None:
    garage = started("tower-small")
    retrieve(garage, 12)
    assert code(garage.demand(LockZone(zone=1, person="Mia", note="rope"))) == ""
    assert code(garage.demand(LockZone(zone=1, person="Ben"))) == ""
    garage.run(5)
    before = garage.hardware.plant.snapshot()

    assert mode(garage) == "maintenance"
    assert stands(garage)
    assert not garage.verdict.allowed
    assert code(garage.demand(Start())) == "ZONE_LOCKED_OUT"
    assert code(garage.demand(UnlockZone(zone=1, person="Eve"))) == "LOCK_OF_ANOTHER"
    assert code(garage.demand(UnlockZone(zone=1, person="Mia"))) == ""
    assert (mode(garage), code(garage.demand(Start()))) == ("maintenance", "ZONE_LOCKED_OUT")

    garage.kill_controller()
    garage.run(5)
    assert mode(garage) == "maintenance", "a lock outlasts the controller"
    garage.demand(ClearDevice(device="all"))
    garage.run(2)
    assert code(garage.demand(Start())) == "ZONE_LOCKED_OUT"
    assert not garage.verdict.allowed
    after = garage.hardware.plant.snapshot()
    assert (before.lifts, before.shuttles) == (after.lifts, after.shuttles)

    assert code(garage.demand(UnlockZone(zone=1, person="Ben"))) == ""
    assert mode(garage) == "stopped"
    garage.run(5)
    assert stands(garage), "the last lock permits, it does not start"
    clear_and_start(garage)
    garage.until(lambda: garage.passage is not None and bool(garage.passage.granted), 20)
    assert garage.violations() == []


# --- fire --------------------------------------------------------------------------------------------------------


def _fire(garage: VirtualGarage, *, on: bool) -> None:
    garage.hardware.plant.site_alarms.fire = on
    garage.hardware.plant.site_alarms.touch()


def _forks_out(garage: VirtualGarage) -> bool:
    return garage.image["shuttle1"].value("forks_centred") is False


def _lift_moves(garage: VirtualGarage) -> bool:
    return garage.image["lift1"].value("station") == -1 and garage.image["lift1"].value("standstill") is False


@pytest.mark.parametrize("moment", [_lift_moves, _forks_out])
def test_h16_what_moves_ends_in_a_defined_place_and_nothing_else_begins(moment: object) -> None:
    assert callable(moment)
    garage = started("tower-small")
    order = garage.core.state.orders[retrieve(garage, 1)]
    garage.until(lambda: moment(garage), 60)
    garage.run(0.5)
    _fire(garage, on=True)
    garage.run(30)

    assert mode(garage) == "fire"
    lift, shuttle = garage.image["lift1"], garage.image["shuttle1"]
    assert lift.value("station") != -1, "no car hangs between floors"
    assert shuttle.value("forks_centred") is True, "no car hangs half on the forks"
    before = garage.hardware.plant.snapshot()
    garage.run(5)
    after = garage.hardware.plant.snapshot()
    assert (before.lifts, before.shuttles) == (after.lifts, after.shuttles)
    assert code(garage.demand(Start())) == "FIRE_ALARM"
    assert code(garage.demand(EndFire(person="Chief"))) == "FIRE_STILL_REPORTED"
    _fire(garage, on=False)
    garage.run(5)
    assert mode(garage) == "fire", "the alarm's end ends nothing by itself"
    assert code(garage.demand(Start())) == "FIRE_ALARM"
    assert code(garage.demand(EndFire(person="Chief"))) == ""
    garage.run(2)
    assert stands(garage)
    clear_and_start(garage)
    garage.run(15)
    assert order.state is OrderState.ACTIVE
    assert order.waiting is None, garage.picture()
    assert garage.violations() == []


def _stopping_at_once(config: GarageConfig) -> GarageConfig:
    return config.model_copy(update={"controller": config.controller.model_copy(update={"fire_finish_s": 0})})


def test_h16_a_site_can_have_everything_stop_at_once() -> None:
    garage = VirtualGarage(_stopping_at_once(load_config(CONFIG / "tower-small.toml")))
    garage.run(2)
    clear_and_start(garage)
    garage.until(lambda: garage.verdict.proven_empty == {"cabin1"}, 60)
    retrieve(garage, 1)
    garage.until(lambda: _lift_moves(garage), 60)
    garage.run(0.5)
    _fire(garage, on=True)
    garage.run(4)
    assert stands(garage)
    assert garage.image["lift1"].value("station") == -1
    assert garage.violations() == []


def test_h16_whoever_may_be_in_a_cabin_is_let_out() -> None:
    garage = started("tower-small")
    order = garage.core.state.orders[retrieve(garage, 1)]
    garage.until(lambda: garage.core.state.cabin("cabin1").phase == "closing", 300)
    garage.until(lambda: garage.image["cabin1"].value("outer_closed") is True, 60)
    assert "cabin1" not in garage.verdict.proven_empty
    _fire(garage, on=True)
    garage.until(lambda: garage.image["cabin1"].value("outer_open") is True, 30)
    garage.run(10)
    assert garage.image["cabin1"].value("outer_open") is True
    _fire(garage, on=False)
    garage.run(1)
    assert code(garage.demand(EndFire(person="Chief"))) == ""
    clear_and_start(garage)
    garage.until(lambda: order.state.is_over, 300)
    assert order.state is OrderState.DONE
    assert garage.violations() == []


def test_h16_a_cabin_that_is_proven_empty_stays_shut_in_a_fire() -> None:
    garage = started("tower-small")
    _fire(garage, on=True)
    garage.run(20)
    assert garage.image["cabin1"].value("outer_closed") is True


# --- keys, and one axis by hand -----------------------------------------------------------------------------------


def test_h13_a_key_that_is_turned_voids_the_orders_of_its_unit_and_loses_no_car() -> None:
    garage = started("tower-small")
    order = garage.core.state.orders[retrieve(garage, 1)]
    garage.until(lambda: garage.core.state.vehicles[order.vehicle].position == "shuttle1-deck", 120)
    turn_key(garage, "shuttle1", Mode.MANUAL)
    garage.run(3)

    assert (order.state, order.outcome and order.outcome.code) == (OrderState.FAILED, "UNIT_TAKEN_OUT")
    assert not garage.core.state.claims
    assert garage.core.state.vehicles[order.vehicle].position == "shuttle1-deck"
    turn_key(garage, "shuttle1", Mode.AUTOMATIC)
    garage.run(1)
    clear_and_start(garage)
    again = garage.core.state.orders[retrieve(garage, 20)]
    assert again.waiting is not None
    assert again.waiting.code == "INVENTORY_UNCONFIRMED"
    assert stands(garage)

    empty = ConfirmInventory(position="shuttle1-deck", vehicle=None, person="Mia")
    assert code(garage.demand(empty)) == "SENSORS_DISAGREE"
    other = ConfirmInventory(position="shuttle1-deck", vehicle="focus-01", person="Mia")
    assert code(garage.demand(other)) == "VEHICLE_WOULD_BE_LOST"
    right = ConfirmInventory(position="shuttle1-deck", vehicle=order.vehicle, person="Mia")
    assert code(garage.demand(right)) == ""
    garage.run(3)
    if "shuttle1" in garage.core.state.held:
        assert stands(garage)
    garage.demand(Start())
    garage.until(lambda: garage.core.state.vehicles[order.vehicle].position == "cabin1-bay", 200)
    assert garage.violations() == []


def _in_manual(garage: VirtualGarage, unit: str) -> None:
    garage.demand(Stop())
    garage.run(4)
    turn_key(garage, unit, Mode.MANUAL)
    garage.run(1)
    assert mode(garage) == "manual", garage.picture()


def _lift_between_levels() -> VirtualGarage:
    """The lift was stopped between levels, as after a stop; then its key is turned."""
    garage = started("tower-small")
    retrieve(garage, 1)
    garage.until(lambda: _lift_moves(garage), 60)
    garage.run(1)
    _in_manual(garage, "lift1")
    return garage


def test_h13_one_axis_moves_slowly_while_it_is_held_and_stands_when_it_is_not() -> None:
    garage = _lift_between_levels()
    before = garage.hardware.plant.snapshot().lifts["lift1"]
    assert garage.image["safety1"].value("zone1_full_speed_enabled") is False
    request = HoldToRun(unit="lift1", axis="travel", direction="back", person="Mia", press="p1")
    fastest = 0.0
    for _ in range(20):
        assert code(garage.demand(request)) == "", garage.picture()
        for _ in range(9):
            garage.cycle()
            fastest = max(fastest, abs(garage.hardware.plant.snapshot().lifts["lift1"].speed_mm_s))
    assert 100 < fastest <= 260
    moved = garage.hardware.plant.snapshot().lifts["lift1"]
    assert before.z_mm - moved.z_mm > 300, garage.picture()

    garage.run(1.5)
    assert stands(garage), "not refreshed for longer than the time-out"
    assert garage.core.state.hold is None
    late = garage.demand(request)
    assert code(late) == "HOLD_ENDED", "a late refresh of an ended press moves nothing"
    garage.run(1)
    assert stands(garage)
    assert garage.image["lift1"].value("state") == State.MANUAL
    assert garage.violations() == []


def test_h13_automatic_and_manual_never_run_beside_each_other() -> None:
    garage = started("tower-small")
    turn_key(garage, "shuttle1", Mode.MANUAL)
    garage.run(1)
    request = HoldToRun(unit="shuttle1", axis="travel", direction="forward", person="Mia", press="p1")
    assert code(garage.demand(request)) == "AUTOMATIC_RUNS"
    garage.demand(Stop())
    garage.run(1)
    assert code(garage.demand(request)) == ""
    garage.run(0.1)
    assert code(garage.demand(Start())) == "AXIS_IS_HELD"
    other = HoldToRun(unit="lift1", axis="travel", direction="forward", person="Ben", press="p2")
    assert code(garage.demand(other)) == "ANOTHER_AXIS_HELD"
    garage.demand(ReleaseHold(press="p1"))
    garage.run(2)
    assert stands(garage)
    assert garage.violations() == []


def test_h20_a_lock_ends_what_is_held_and_nothing_is_held_in_maintenance() -> None:
    garage = _lift_between_levels()
    hold(garage, "lift1", "travel", "back", 1)
    garage.demand(LockZone(zone=1, person="Ben"))
    garage.run(2)
    assert stands(garage)
    answers = hold(garage, "lift1", "travel", "back", 1, press="p2")
    assert {code(answer) for answer in answers} == {"ZONE_LOCKED_OUT"}
    assert garage.violations() == []


def test_h13_the_interlocks_stay_on_by_hand_and_say_what_is_missing() -> None:
    garage = _lift_between_levels()
    garage.hardware.plant.sensors.override("lift1.rope_taut", 0)
    garage.run(0.2)
    answers = hold(garage, "lift1", "travel", "back", 1)
    assert code(answers[-1]) in {"lift1.rope-taut", "HOLD_ENDED"}
    assert any("rope" in answer.reason.text for answer in answers if isinstance(answer, Refused))
    assert stands(garage)


def test_h07_forks_that_stopped_half_way_are_brought_home_by_hand_with_their_car() -> None:
    garage = started("tower-small")
    order = garage.core.state.orders[retrieve(garage, 1)]
    garage.until(lambda: _forks_out(garage) and int(garage.image["shuttle1"].value("load_weight_kg") or 0) > 100, 120)
    garage.run(1)
    garage.demand(Stop())
    garage.run(3)
    assert _forks_out(garage)
    turn_key(garage, "shuttle1", Mode.MANUAL)
    garage.run(1)
    out_left = int(garage.image["shuttle1"].value("forks_left_mm") or 0) > 0
    home, away = ("back", "forward") if out_left else ("forward", "back")
    wrong = hold(garage, "shuttle1", "forks", away, 0.6, press="wrong")
    assert any(code(answer) == "HOLD_ENDED" for answer in wrong), "by hand forks only come home"
    for press in range(12):
        hold(garage, "shuttle1", "forks", home, 4, press=f"p{press}")
        if not _forks_out(garage):
            break
    assert not _forks_out(garage), garage.picture()
    turn_key(garage, "shuttle1", Mode.AUTOMATIC)
    garage.run(1)
    assert code(garage.demand(ConfirmInventory(position="shuttle1-deck", vehicle=order.vehicle, person="Mia"))) == ""
    assert garage.core.state.vehicles[order.vehicle].position == "shuttle1-deck"
    clear_and_start(garage)
    retrieve(garage, 1)
    garage.until(lambda: garage.core.state.vehicles[order.vehicle].position == "cabin1-bay", 200)
    assert garage.violations() == []


def test_h02_nobody_turns_a_table_by_hand_with_a_person_in_the_cabin() -> None:
    garage = started("tower-small")
    garage.demand(Stop())
    garage.run(1)
    turn_key(garage, "cabin1", Mode.MANUAL)
    garage.run(1)
    garage.hardware.plant.sensors.override("cabin1.scanner_clear", 0)
    garage.run(1)
    answers = hold(garage, "cabin1", "turntable", "forward", 1)
    assert all(isinstance(answer, (Accepted, Refused)) for answer in answers)
    assert isinstance(answers[-1], Refused)
    assert Function("cabin1", "rotate") not in garage.verdict.allowed
    assert garage.image["cabin1"].value("turn_speed_mdeg_s") == 0
    assert garage.image["cabin1"].value("active_command") != CommandCode.JOG_FORWARD


# --- restart -----------------------------------------------------------------------------------------------------


def test_h11_a_safety_plc_that_starts_anew_ends_in_stopped() -> None:
    garage = started("tower-small")
    garage.hardware.power_cycle("safety1")
    garage.run(3)
    assert mode(garage) == "stopped"
    garage.hardware.plant.zone(1).press_reset()
    garage.run(5)
    assert stands(garage)
    clear_and_start(garage)


def test_h11_a_plc_that_comes_back_ready_by_itself_waits_for_a_person_all_the_same() -> None:
    garage = started("tower-small")
    view = garage.image["lift1"]
    boot = view.definition.status_index["boot_counter"]
    values = list(view.values)
    values[boot] = int(values[boot] or 0) + 1
    devices = {**garage.image.devices, "lift1": replace(view, values=tuple(values))}
    garage.core.step(replace(garage.image, devices=devices), garage.verdict, [], garage.now(), garage.core.last_seq)
    assert garage.core.state.blocks["lift1"].code == "PLC_RESTARTED"
