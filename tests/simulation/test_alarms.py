"""Alarms in a whole garage: what goes wrong gives the alarms that it should and no others, and they clear."""

from __future__ import annotations

import pytest

from controller.alarms.facts import AlarmRaised
from controller.alarms.standing import Standing
from controller.core.events import RequestRefused
from controller.core.order import Order, OrderState
from controller.local_link.alarm_messages import AcknowledgeAlarm, AlarmView, ShelveAlarm
from controller.local_link.messages import (
    Accepted,
    ClearDevice,
    CycleView,
    Refused,
    Snapshot,
    Start,
    SubmitOrder,
    VehicleData,
)
from tests.simulation.test_orders import started
from tests.simulation.virtual_garage import VirtualGarage

CYCLE = CycleView(period_ms=20, cycles=0, overruns=0, late_p50_us=0, late_p99_us=0, late_max_us=0)


def snapshot(garage: VirtualGarage) -> Snapshot:
    return garage.core.snapshot(garage.image, garage.verdict, garage.now(), [], CYCLE, 0)


def alarms(garage: VirtualGarage) -> dict[str, AlarmView]:
    """The alarms as everybody sees them, by id."""
    return {view.id: view for view in snapshot(garage).alarms}


def states(garage: VirtualGarage) -> dict[str, str]:
    return {view.id: view.state for view in snapshot(garage).alarms}


def retrieve(garage: VirtualGarage) -> Order:
    car = next(iter(garage.core.state.vehicles))
    return garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))


def bring_back(garage: VirtualGarage) -> None:
    garage.demand(ClearDevice(device="all"))
    garage.run(2)
    garage.demand(Start())
    garage.run(2)


def finish(garage: VirtualGarage, order: Order) -> None:
    garage.until(lambda: order.state.is_over, 900)
    assert order.state is OrderState.DONE, garage.picture()
    assert garage.violations() == []


@pytest.mark.parametrize(("name", "orders"), [("tower-small", 1), ("garage-shuttle", 0)])
def test_a_day_without_trouble_has_no_alarms(name: str, orders: int) -> None:
    garage = started(name)
    for _ in range(orders):
        finish(garage, retrieve(garage))
    garage.run(15)
    assert alarms(garage) == {}
    figures = snapshot(garage).alarm_figures
    assert figures is not None
    assert (figures.raised, figures.standing, figures.in_flood) == (0, 0, False)


def test_an_emergency_stop_gives_its_alarm_first_and_the_lost_torque_under_it_h12() -> None:
    garage = started("tower-small")
    order = retrieve(garage)
    garage.run(10)
    zone = garage.hardware.plant.zone(1)
    zone.press_estop()
    garage.run(4)
    found = alarms(garage)
    assert set(found) == {"zone1.emergency-stop", "zone1.torque"}
    assert found["zone1.emergency-stop"].first_out
    assert found["zone1.torque"].under == "zone1.emergency-stop"
    assert all(view.is_safety and view.annunciated for view in found.values())

    zone.release_estop()
    zone.press_reset()
    garage.run(3)
    assert states(garage) == dict.fromkeys(found, "unacknowledged"), "the trip is latched until a person resets it"
    garage.demand(AcknowledgeAlarm(alarm="zone1.emergency-stop", group=True, person="Kim"))
    assert states(garage) == dict.fromkeys(found, "acknowledged")
    bring_back(garage)
    assert alarms(garage) == {}
    finish(garage, order)
    assert alarms(garage) == {}


def test_an_emergency_stop_cannot_be_shelved_and_the_attempt_is_in_the_journal() -> None:
    garage = started("tower-small")
    garage.hardware.plant.zone(1).press_estop()
    garage.run(2)
    answer = garage.demand(ShelveAlarm(alarm="zone1.emergency-stop", seconds=60, person="Kim", reason="too loud"))
    assert isinstance(answer, Refused)
    assert answer.reason.code == "SAFETY_ALARM_NOT_HIDDEN"
    assert alarms(garage)["zone1.emergency-stop"].annunciated
    refused = [record.event for record in garage.journal if isinstance(record.event, RequestRefused)]
    assert [(r.request, r.subject, r.person) for r in refused] == [("ShelveAlarm", "zone1.emergency-stop", "Kim")]


def test_a_detector_that_sticks_is_found_while_nothing_moves_and_clears_after_the_repair_h21() -> None:
    garage = started("tower-small")
    garage.hardware.plant.sensors.override("shuttle1.load_present", 1)
    garage.run(10)
    assert states(garage) == {"shuttle1.load-detectors-disagree": "unacknowledged"}
    garage.hardware.plant.sensors.restore("shuttle1.load_present")
    garage.run(10)
    assert states(garage) == {"shuttle1.load-detectors-disagree": "returned"}
    garage.demand(AcknowledgeAlarm(alarm="shuttle1.load-detectors-disagree"))
    assert alarms(garage) == {}


def test_a_detector_that_lies_beside_a_car_stops_the_order_and_is_named_h06() -> None:
    garage = started("tower-small")
    order = retrieve(garage)
    garage.run(10)
    garage.hardware.plant.sensors.override("shuttle1.target_left_occupied", 0)
    garage.run(60)
    found = alarms(garage)
    assert set(found) == {"shuttle1.target-detectors-disagree"}
    assert "target_left_occupied" in found["shuttle1.target-detectors-disagree"].detail
    garage.hardware.plant.sensors.restore("shuttle1.target_left_occupied")
    finish(garage, order)
    assert states(garage) == {"shuttle1.target-detectors-disagree": "returned"}


def test_a_plc_that_goes_away_is_the_first_and_what_it_stopped_is_under_it_h10() -> None:
    garage = started("tower-small")
    order = retrieve(garage)
    garage.run(20)
    garage.cut.add("lift1")
    garage.run(100)
    found = alarms(garage)
    assert set(found) == {"lift1.unreachable", "shuttle1.blocked"}
    assert found["lift1.unreachable"].first_out
    assert found["shuttle1.blocked"].under == "lift1.unreachable"
    assert {"lift1.rope-taut", "lift1.brake"} <= {trip.id for trip in garage.verdict.trips}, "they do their work unsaid"

    garage.cut.discard("lift1")
    garage.run(3)
    assert states(garage) == {
        "lift1.unreachable": "returned",
        "shuttle1.blocked": "unacknowledged",
        "lift1.controller-lost": "unacknowledged",
    }
    bring_back(garage)
    assert set(states(garage).values()) == {"returned"}
    for alarm in alarms(garage):
        garage.demand(AcknowledgeAlarm(alarm=alarm, person="Kim"))
    assert alarms(garage) == {}
    finish(garage, order)
    assert alarms(garage) == {}


def test_an_emergency_stop_that_is_pressed_while_the_safety_plc_is_silent_is_told_when_it_answers_h12() -> None:
    garage = started("tower-small")
    garage.cut.add("safety1")
    garage.run(5)
    assert set(alarms(garage)) == {"safety1.safety-plc-silent"}
    garage.hardware.plant.zone(1).press_estop()
    garage.cut.discard("safety1")
    garage.run(3)
    assert states(garage) == {
        "safety1.safety-plc-silent": "returned",
        "zone1.emergency-stop": "unacknowledged",
        "zone1.torque": "unacknowledged",
    }


def test_somebody_shut_in_is_a_high_alarm_that_stays_until_it_is_confirmed_h04() -> None:
    garage = started("tower-small")
    cabin = next(iter(garage.layout.cabins))
    garage.hardware.plant.sensors.override(f"{cabin}.scanner_clear", 0)
    garage.run(20)
    found = alarms(garage)
    assert set(found) == {f"{cabin}.person-shut-in"}
    assert found[f"{cabin}.person-shut-in"].priority == "high"
    garage.hardware.plant.sensors.restore(f"{cabin}.scanner_clear")
    garage.run(10)
    garage.demand(AcknowledgeAlarm(alarm=f"{cabin}.person-shut-in"))
    assert states(garage) == {f"{cabin}.person-shut-in": "latched"}


def test_a_restart_keeps_the_alarms_and_adds_that_it_happened_h11() -> None:
    garage = started("tower-small")
    retrieve(garage)
    garage.run(10)
    garage.hardware.plant.sensors.override("lift1.load_present", 1)
    garage.run(20)
    assert isinstance(garage.demand(AcknowledgeAlarm(alarm="lift1.load-detectors-disagree", person="Kim")), Accepted)
    garage.hardware.plant.zone(1).press_estop()
    garage.run(4)
    before = states(garage)
    assert before["lift1.load-detectors-disagree"] == "acknowledged"

    garage.kill_controller()
    garage.run(4)
    after = states(garage)
    assert after == before | {"garage.stopped-by-itself": "unacknowledged"}
    assert alarms(garage)["lift1.load-detectors-disagree"].acknowledged_by == "Kim"
    raised = [record.event.alarm for record in garage.journal if isinstance(record.event, AlarmRaised)]
    assert len(raised) == len(set(raised)), "none is raised a second time"


def test_alarms_change_nothing_that_moves() -> None:
    garage = started("tower-small")
    order = retrieve(garage)
    garage.hardware.plant.sensors.override("lift1.load_present", 1)
    garage.run(5)
    assert garage.core.state.alarms.record("lift1.load-detectors-disagree").standing is Standing.UNACKNOWLEDGED
    assert garage.core.state.mode == "automatic"
    garage.hardware.plant.sensors.restore("lift1.load_present")
    finish(garage, order)
