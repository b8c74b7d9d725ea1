"""Locks, keys, inventory and holds in the core, over images that the test sets: no plant, no interlocks."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.config.load import load_config
from controller.core import events as ev
from controller.core.core import GarageCore
from controller.core.hand import LONGEST_MS
from controller.core.interface import Recorded
from controller.core.order import OrderState
from controller.garage import Layout
from controller.local_link.messages import (
    Accepted,
    Answer,
    CycleView,
    Refused,
    Request,
    Snapshot,
    Start,
    Stop,
    SubmitOrder,
    VehicleData,
)
from controller.local_link.mode_messages import ConfirmInventory, EndFire, HoldToRun, LockZone, ReleaseHold, UnlockZone
from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import Mode, State
from tests.controller.resting_garage import RestingGarage

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture
def garage() -> RestingGarage:
    garage = RestingGarage(Layout(load_config(CONFIG / "tower-small.toml")))
    garage.step(Start())
    return garage


def ask(garage: RestingGarage, request: Request) -> str:
    """The code of the refusal, empty when the request was carried out."""
    answer: Answer = garage.step(request).answers[0].answer
    return answer.reason.code if isinstance(answer, Refused) else ""


def turn(garage: RestingGarage, device: str, mode: Mode) -> None:
    garage.values[device]["mode"] = mode
    if mode is Mode.MANUAL:
        garage.values[device]["state"] = State.MANUAL
    elif garage.values[device]["state"] == State.MANUAL:
        garage.values[device]["state"] = State.IDLE
    garage.step()


def confirm(position: str, vehicle: str | None, *, gone: bool = False) -> ConfirmInventory:
    return ConfirmInventory(position=position, vehicle=vehicle, person="Mia", gone=gone)


def put(garage: RestingGarage, vehicle: str, position: str) -> None:
    """The books have a car somewhere else, as after an order."""
    source = garage.core.state.vehicles[vehicle].position or ""
    moved = ev.VehicleMoved(vehicle=vehicle, source=source, target=position, order="o")
    record = Recorded(garage.core.last_seq + 1, 0, moved)
    garage.recorded.append(record)
    garage.core.fold([record])


def kinds(garage: RestingGarage) -> list[str]:
    return [type(record.event).__name__ for record in garage.recorded]


# --- journals ----------------------------------------------------------------------------------------------------


def test_a_journal_from_before_there_were_modes_still_folds(garage: RestingGarage) -> None:
    old = b'{"type":"mode-changed","mode":"automatic","actor":"api","cause":"STARTED"}'
    core = GarageCore(garage.layout)
    core.fold([Recorded(1, 0, ev.DECODER.decode(old))])
    assert core.state.mode == "automatic"


def test_h11_what_is_folded_holds_locks_and_open_questions_and_no_hold(garage: RestingGarage) -> None:
    ask(garage, LockZone(zone=1, person="Mia", note="rope"))
    ask(garage, LockZone(zone=1, person="Ben"))
    turn(garage, "shuttle1", Mode.MANUAL)
    core = GarageCore(garage.layout)
    core.fold(
        Recorded(record.seq, record.at_ms, ev.DECODER.decode(ev.ENCODER.encode(record.event)))
        for record in garage.recorded
    )
    assert core.state.precautions == garage.core.state.precautions
    assert set(core.state.precautions.locks[1]) == {"Mia", "Ben"}
    assert core.state.hold is None


# --- locks and fire ----------------------------------------------------------------------------------------------


def test_h20_a_lock_reaches_safety_with_the_same_step_and_each_step_after(garage: RestingGarage) -> None:
    assert garage.step(LockZone(zone=1, person="Mia")).acts.locks == {1}
    assert garage.step().acts.locks == {1}
    assert garage.step(UnlockZone(zone=1, person="Mia")).acts.locks == frozenset()


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (LockZone(zone=7, person="Mia"), "UNKNOWN_ZONE"),
        (LockZone(zone=1, person="Ben"), "ALREADY_LOCKED"),
        (UnlockZone(zone=1, person="Eve"), "LOCK_OF_ANOTHER"),
        (EndFire(person="Eve"), "NO_FIRE"),
        (Start(), "ZONE_LOCKED_OUT"),
    ],
)
def test_h20_what_is_refused_changes_nothing_and_is_written_down(
    garage: RestingGarage, request_: Request, code: str
) -> None:
    ask(garage, LockZone(zone=1, person="Ben"))
    before = str(garage.core.state.precautions)
    assert ask(garage, request_) == code
    assert str(garage.core.state.precautions) == before
    refused = garage.recorded[-1].event
    assert isinstance(refused, ev.RequestRefused)
    assert refused.code == code


def test_h16_a_safety_plc_that_is_away_is_no_fire_and_does_not_end_one(garage: RestingGarage) -> None:
    garage.missing.add("safety1")
    garage.step()
    assert garage.core.state.mode == "automatic"
    garage.missing.clear()
    garage.values["safety1"]["fire_clear"] = False
    garage.step()
    garage.missing.add("safety1")
    assert ask(garage, EndFire(person="Chief")) == "FIRE_STILL_REPORTED"


# --- keys and inventory ------------------------------------------------------------------------------------------


def test_h13_a_unit_is_out_of_use_until_a_person_has_said_what_stands_on_it(garage: RestingGarage) -> None:
    turn(garage, "shuttle1", Mode.MANUAL)
    turn(garage, "shuttle1", Mode.AUTOMATIC)
    assert garage.core.state.precautions.unconfirmed == {"shuttle1-deck": "shuttle1"}
    view = {device.id: device.reason for device in _snapshot(garage).devices}
    assert view["shuttle1"] is not None
    assert view["shuttle1"].code == "INVENTORY_UNCONFIRMED"
    assert ask(garage, confirm("shuttle1-deck", None)) == ""
    assert garage.core.state.precautions.unconfirmed == {}


def _snapshot(garage: RestingGarage) -> Snapshot:
    cycle = CycleView(period_ms=20, cycles=0, overruns=0, late_p50_us=0, late_p99_us=0, late_max_us=0)
    return garage.core.snapshot(garage.image(), garage.verdict(), garage.now(), [], cycle, 1)


def test_h06_no_answer_loses_a_car_or_contradicts_the_detectors(garage: RestingGarage) -> None:
    put(garage, "kuga-01", "shuttle1-deck")
    turn(garage, "shuttle1", Mode.MANUAL)
    deck = garage.values["shuttle1"]
    assert ask(garage, confirm("shuttle1-deck", None)) == "VEHICLE_WOULD_BE_LOST"
    assert ask(garage, confirm("shuttle1-deck", "kuga-01")) == "SENSORS_DISAGREE"
    deck["load_present"] = deck["load_clear"] = True
    assert ask(garage, confirm("shuttle1-deck", "kuga-01")) == "SENSORS_UNCLEAR"
    deck["load_clear"] = False
    assert ask(garage, confirm("shuttle1-deck", "mustang-01")) == "VEHICLE_WOULD_BE_LOST"
    assert ask(garage, confirm("shuttle1-deck", "nobodys")) == "VEHICLE_WOULD_BE_LOST"
    assert ask(garage, confirm("l1-c1-left", "nobodys")) == "UNKNOWN_VEHICLE"
    assert ask(garage, confirm("l9-c1-left", None)) == "UNKNOWN_PLACE"
    assert ask(garage, confirm("l1-c1-left", "kuga-01")) == "SENSORS_DISAGREE", "the deck still sees it"
    deck["load_present"], deck["load_clear"] = False, True
    assert ask(garage, confirm("l1-c1-left", "kuga-01")) == ""
    assert ask(garage, confirm("shuttle1-deck", None)) == ""
    assert garage.core.state.occupant == {
        "l1-c1-left": "kuga-01",
        "l1-c3-right": "mustang-01",
        "l2-c1-right": "focus-01",
    }


def test_a_position_that_nobody_touched_is_not_to_be_confirmed(garage: RestingGarage) -> None:
    assert ask(garage, confirm("l1-c1-left", None)) == "NOT_ASKED"
    turn(garage, "cabin1", Mode.MANUAL)
    assert ask(garage, confirm("l1-c1-left", None)) == "NOT_ASKED"


def test_a_car_that_left_through_a_cabin_in_somebodys_hands_is_said_to_be_gone(garage: RestingGarage) -> None:
    put(garage, "kuga-01", "cabin1-bay")
    turn(garage, "cabin1", Mode.MANUAL)
    assert ask(garage, confirm("cabin1-bay", None)) == "VEHICLE_WOULD_BE_LOST"
    assert ask(garage, confirm("cabin1-bay", "kuga-01", gone=True)) == "SENSORS_DISAGREE"
    assert ask(garage, confirm("cabin1-bay", None, gone=True)) == ""
    assert garage.core.state.vehicles["kuga-01"].position is None


def _retrieval(garage: RestingGarage) -> str:
    garage.step(SubmitOrder(kind="retrieve", vehicle=VehicleData(id="kuga-01")))
    garage.step()
    order = next(iter(garage.core.state.orders.values()))
    assert order.state is OrderState.ACTIVE
    return order.id


@pytest.mark.parametrize("unit", ["lift1", "shuttle1", "cabin1"])
def test_h13_every_unit_of_an_order_voids_it_and_frees_what_it_held(garage: RestingGarage, unit: str) -> None:
    order = garage.core.state.orders[_retrieval(garage)]
    turn(garage, unit, Mode.MAINTENANCE)
    assert (order.state, order.outcome and order.outcome.code) == (OrderState.FAILED, "UNIT_TAKEN_OUT")
    assert garage.core.state.claims == {}
    assert garage.core.state.cabin("cabin1").order is None
    assert garage.core.state.vehicles["kuga-01"].position == "l1-c1-left"


def test_h13_a_car_that_stands_in_a_cabin_waits_there_and_keeps_its_order(garage: RestingGarage) -> None:
    order = garage.core.state.orders[_retrieval(garage)]
    put(garage, "kuga-01", "cabin1-bay")
    turn(garage, "shuttle1", Mode.MANUAL)
    assert order.state is OrderState.ACTIVE
    assert set(garage.core.state.claims) == {"cabin1", "cabin1-bay"}
    assert order.legs == ()


def test_a_car_that_was_left_in_a_cabin_is_handed_over_where_it_stands(garage: RestingGarage) -> None:
    put(garage, "kuga-01", "cabin1-bay")
    garage.values["cabin1"] |= {"vehicle_present": True, "vehicle_clear": False}
    garage.step(SubmitOrder(kind="retrieve", vehicle=VehicleData(id="kuga-01")))
    garage.step()
    assert garage.core.state.cabin("cabin1").phase in ("turning", "opening")
    assert garage.core.state.claims.keys() == {"cabin1", "cabin1-bay"}
    garage.step(SubmitOrder(kind="store", vehicle=VehicleData(id="new-1")))
    garage.step()
    assert list(garage.core.state.orders.values())[1].state is OrderState.WAITING


# --- holds -------------------------------------------------------------------------------------------------------


def hold(press: str = "p1", **changes: str) -> HoldToRun:
    fields = {"unit": "lift1", "axis": "travel", "direction": "forward"} | changes
    return HoldToRun(person="Mia", press=press, **fields)  # type: ignore[arg-type]


@pytest.fixture
def manual(garage: RestingGarage) -> RestingGarage:
    garage.step(Stop())
    turn(garage, "lift1", Mode.MANUAL)
    assert garage.core.state.mode == "manual"
    return garage


def test_h13_a_hold_commands_one_jog_and_is_told_to_safety_with_the_time_it_was_heard(manual: RestingGarage) -> None:
    result = manual.step(hold())
    assert isinstance(result.answers[0].answer, Accepted)
    assert result.acts.hold is not None
    assert (str(result.acts.hold.function), result.acts.hold.at_ms) == ("lift1.travel", manual.now_ms)
    wish = manual.step().wishes["lift1"]
    assert (wish.command.code, wish.command.arg1, wish.permits) == (CommandCode.JOG_FORWARD, 1, frozenset({"travel"}))


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (hold(unit="lift9"), "UNKNOWN_DEVICE"),
        (hold(unit="safety1"), "UNKNOWN_DEVICE"),
        (hold(axis="forks"), "UNKNOWN_AXIS"),
        (hold(unit="shuttle1"), "NOT_IN_MANUAL"),
    ],
)
def test_a_hold_of_what_cannot_be_held_is_refused(manual: RestingGarage, request_: HoldToRun, code: str) -> None:
    assert ask(manual, request_) == code
    assert manual.core.state.hold is None


def test_h13_a_hold_that_is_not_refreshed_loses_its_permit_and_its_press(manual: RestingGarage) -> None:
    manual.step(hold())
    manual.step(dt_ms=401)
    wish = manual.step().wishes["lift1"]
    assert wish.permits == frozenset()
    assert ask(manual, hold()) == "HOLD_ENDED"
    assert manual.step().acts.hold is None


def test_h11_a_refresh_that_overtakes_its_release_moves_nothing(manual: RestingGarage) -> None:
    manual.step(ReleaseHold(press="late"))
    assert ask(manual, hold("late")) == "HOLD_ENDED"
    assert manual.core.state.hold is None


def test_h21_a_button_that_is_clamped_down_is_let_go(manual: RestingGarage) -> None:
    manual.values["lift1"]["active_command"] = CommandCode.JOG_FORWARD
    codes = {ask(manual, hold()) for _ in range(LONGEST_MS // 20 + 10)}
    assert codes == {"", "HOLD_ENDED"}
    assert "HoldEnded" in kinds(manual)


def test_h13_the_same_press_never_changes_its_axis_or_direction(manual: RestingGarage) -> None:
    manual.step(hold())
    assert ask(manual, hold(direction="back")) == "PRESS_REUSED"
    assert manual.core.state.hold is None


def test_a_button_pressed_against_a_refusal_is_one_line_in_the_journal(manual: RestingGarage) -> None:
    before = kinds(manual).count("RequestRefused")
    for _ in range(10):
        ask(manual, hold(unit="shuttle1"))
    assert kinds(manual).count("RequestRefused") == before + 1


def test_h11_a_stop_ends_what_is_held(manual: RestingGarage) -> None:
    manual.step(hold())
    manual.step(Stop())
    assert manual.core.state.hold is None
    assert manual.step().wishes["lift1"].permits == frozenset()
