"""What books and machine do not agree on: found, asked, answered, never settled by a guess. The plant judges."""

from __future__ import annotations

import pytest

from controller.core.finding import Finding, findings
from controller.core.log import EventLog
from controller.core.mode_events import FindingAnswered
from controller.core.order import Order, OrderState
from controller.core.situation import Situation
from controller.local_link.messages import Answer, Stop, SubmitOrder, VehicleData
from controller.local_link.mode_messages import AnswerFinding
from plc_drivers.contract.codes import Mode
from tests.simulation.test_modes import clear_and_start, code, turn_key
from tests.simulation.test_orders import started
from tests.simulation.virtual_garage import VirtualGarage


@pytest.fixture
def garage() -> VirtualGarage:
    return started("tower-small")


def found(garage: VirtualGarage) -> dict[str, Finding]:
    log = EventLog(garage.core.state, garage.now())
    situation = Situation(garage.layout, garage.core.state, garage.image, garage.verdict, log)
    return {one.id: one for one in findings(situation)}


def reply(garage: VirtualGarage, finding: str, answer: str) -> Answer:
    return garage.demand(AnswerFinding(finding=finding, answer=answer, person="Mia"))


def relocation(garage: VirtualGarage) -> Order:
    car = next(iter(garage.core.state.vehicles))
    return garage.order(SubmitOrder(kind="relocate", vehicle=VehicleData(id=car)))


def on_deck(garage: VirtualGarage) -> Order:
    """A relocation whose car has just been lifted onto the shuttle's deck; everything stands, stopped."""
    order = relocation(garage)
    garage.until(lambda: garage.core.state.vehicles[order.vehicle].position == "shuttle1-deck", 300)
    garage.demand(Stop())
    garage.run(8)
    return order


def see(garage: VirtualGarage, device: str, *, car: bool) -> None:
    """Both load detectors of a device show a car, or none, whatever there is."""
    garage.hardware.plant.sensors.override(f"{device}.load_present", int(car))
    garage.hardware.plant.sensors.override(f"{device}.load_clear", int(not car))
    garage.run(1)


def test_a_garage_in_order_has_no_findings_while_it_works_and_after(garage: VirtualGarage) -> None:
    order = relocation(garage)
    seen: set[str] = set()

    def is_over() -> bool:
        seen.update(found(garage))
        return order.state.is_over

    garage.until(is_over, 600)
    assert order.state is OrderState.DONE
    assert seen == set()


def test_h06_a_car_that_the_books_do_not_have_keeps_its_unit_out_of_use_and_only_it(garage: VirtualGarage) -> None:
    see(garage, "shuttle1", car=True)
    one = found(garage)["occupied-though-free.shuttle1-deck"]
    assert one.blocks
    assert one.units == ("shuttle1",)
    assert "shuttle1.load_present 1" in one.evidence
    order = relocation(garage)
    garage.run(5)
    assert order.waiting is not None
    assert order.waiting.code == "FINDING_OPEN"
    assert garage.core.state.mode == "automatic", "the rest goes on"
    assert garage.hardware.plant.lift("lift1").axis.speed == 0


def test_h06_no_answer_contradicts_the_sensors_or_takes_a_car_that_is_seen_elsewhere(garage: VirtualGarage) -> None:
    see(garage, "shuttle1", car=True)
    one = found(garage)["occupied-though-free.shuttle1-deck"]
    assert {"no-car", "another"} < {answer.id for answer in one.answers}
    assert code(reply(garage, one.id, "no-car")) == ""
    assert one.id in found(garage), "words alone settle nothing"
    assert code(reply(garage, one.id, "whatever")) == "NO_SUCH_ANSWER"
    assert code(reply(garage, "half-transfer.shuttle9", "finish")) == "UNKNOWN_FINDING"


def test_a_person_names_the_car_and_the_books_follow_but_nothing_moves_before_a_start(garage: VirtualGarage) -> None:
    order = on_deck(garage)
    car = order.vehicle
    # The books lose the move, as if the transfer had been done by hand and noted by nobody.
    garage.journal = [one for one in garage.journal if getattr(one.event, "target", None) != "shuttle1-deck"]
    garage.kill_controller()
    garage.run(3)
    one = found(garage)["occupied-though-free.shuttle1-deck"]
    assert car in {answer.id for answer in one.answers}
    assert code(reply(garage, one.id, car)) == ""
    assert garage.core.state.vehicles[car].position == "shuttle1-deck"
    garage.run(5)
    assert garage.core.state.mode == "stopped"
    clear_and_start(garage)
    order = garage.core.state.orders[order.id]
    garage.until(lambda: order.state.is_over, 600)
    assert order.state is OrderState.DONE
    assert garage.violations() == []


def test_a_car_that_is_not_found_where_the_books_have_it_is_asked_for(garage: VirtualGarage) -> None:
    order = on_deck(garage)
    see(garage, "shuttle1", car=False)
    one = found(garage)["empty-though-occupied.shuttle1-deck"]
    assert order.vehicle in one.text
    assert {"here", "not-found"} <= {answer.id for answer in one.answers}
    clear_and_start(garage)
    garage.run(5)
    assert garage.core.state.vehicles[order.vehicle].position == "shuttle1-deck", "no car is moved on a guess"
    assert order.waiting is not None
    assert order.waiting.code in {"FINDING_OPEN", "POSITION_UNPROVEN"}
    garage.hardware.plant.sensors.restore("shuttle1.load_present")
    garage.hardware.plant.sensors.restore("shuttle1.load_clear")
    garage.until(lambda: order.state.is_over, 600)
    assert order.state is OrderState.DONE
    assert garage.violations() == []


def test_detectors_that_contradict_each_other_are_a_finding_without_a_guess(garage: VirtualGarage) -> None:
    garage.hardware.plant.sensors.override("shuttle1.load_clear", 0)
    garage.run(1)
    one = found(garage)["detectors-disagree.shuttle1-deck"]
    assert one.blocks
    assert not one.answers
    assert code(reply(garage, one.id, "empty")) == "NO_SUCH_ANSWER"


def test_a_half_transfer_is_finished_by_an_answer_and_a_start(garage: VirtualGarage) -> None:
    order = relocation(garage)
    plant = garage.hardware.plant
    garage.until(lambda: abs(plant.shuttle("shuttle1").extension) > 200, 300)
    garage.hardware.plant.zone(1).press_estop()
    garage.run(3)
    plant.zone(1).release_estop()
    plant.zone(1).press_reset()
    garage.run(2)
    half = found(garage)["half-transfer.shuttle1"]
    assert {answer.id for answer in half.answers} == {"finish", "by-hand"}
    assert code(reply(garage, half.id, "finish")) == ""
    garage.run(3)
    standing = plant.shuttle("shuttle1").extension
    garage.run(3)
    assert plant.shuttle("shuttle1").extension == standing, "an answer permits, it does not start"
    answered = [one.event for one in garage.journal if isinstance(one.event, FindingAnswered)]
    assert [(event.finding, event.answer, event.person) for event in answered] == [
        ("half-transfer.shuttle1", "finish", "Mia")
    ]
    clear_and_start(garage)
    garage.until(lambda: order.state.is_over, 600)
    assert order.state is OrderState.DONE
    assert garage.violations() == []


def test_after_the_death_of_the_controller_the_same_differences_are_found(garage: VirtualGarage) -> None:
    see(garage, "shuttle1", car=True)
    before = set(found(garage))
    garage.kill_controller()
    garage.run(3)
    assert before <= set(found(garage))
    assert garage.core.state.mode == "stopped"


def test_what_a_unit_in_somebodys_hands_carries_is_asked_with_closed_answers(garage: VirtualGarage) -> None:
    turn_key(garage, "shuttle1", Mode.MANUAL)
    garage.run(2)
    assert "not-in-automatic.shuttle1" in found(garage)
    turn_key(garage, "shuttle1", Mode.AUTOMATIC)
    garage.run(2)
    one = found(garage)["unconfirmed.shuttle1-deck"]
    assert next(answer.id for answer in one.answers) == "empty"
    assert code(reply(garage, one.id, "empty")) == ""
    garage.run(1)
    assert one.id not in found(garage)


def test_a_blocked_unit_is_cleared_by_an_answer_and_waits_for_the_start(garage: VirtualGarage) -> None:
    order = relocation(garage)
    garage.until(lambda: garage.core.state.mailbox("lift1").pending is not None, 100)
    garage.run(1)
    garage.cut.add("shuttle1")
    garage.run(3)
    garage.cut.clear()
    garage.run(3)
    blocked = {name: one for name, one in found(garage).items() if one.kind == "interrupted"}
    assert blocked
    for name in blocked:
        assert code(reply(garage, name, "clear")) == "", garage.picture()
        garage.run(1)
    assert not {name for name, one in found(garage).items() if one.kind == "interrupted"}
    clear_and_start(garage)
    garage.until(lambda: order.state.is_over, 600)
    assert order.state is OrderState.DONE
    assert garage.violations() == []


def test_a_car_left_on_a_mover_says_how_it_comes_to_a_place(garage: VirtualGarage) -> None:
    order = on_deck(garage)
    turn_key(garage, "lift1", Mode.MANUAL)
    garage.run(2)
    turn_key(garage, "lift1", Mode.AUTOMATIC)
    garage.run(2)
    assert order.state is OrderState.FAILED, "manual voids the unit's orders"
    one = found(garage)["car-on-mover.shuttle1-deck"]
    assert any(f"garagectl relocate {order.vehicle}" in move for move in one.moves)
