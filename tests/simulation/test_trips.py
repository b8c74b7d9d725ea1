"""Trips in the whole system: the devices stop as the category says, a reset permits, and a start starts."""

from __future__ import annotations

import pytest

from controller.core.events import PermitTaken, StopMeasured, TripEnded, TripRaised
from controller.core.order import OrderState
from controller.local_link.messages import Accepted, ClearDevice, Refused, Start, Stop, SubmitOrder, VehicleData
from plc_drivers.contract.codes import FaultCode, State
from tests.simulation.test_orders import started
from tests.simulation.virtual_garage import VirtualGarage


def _under_way(device: str) -> VirtualGarage:
    """A retrieval in which ``device`` moves."""
    garage = started("tower-small")
    car = next(iter(garage.core.state.vehicles))
    garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))
    tag = {"lift1": "speed_mm_s", "shuttle1": "speed"}[device]
    garage.until(lambda: abs(int(garage.image[device].value(tag) or 0)) > 500, 120)
    return garage


def _state(garage: VirtualGarage, device: str) -> tuple[State, FaultCode]:
    image = garage.image[device]
    return State(int(image.value("state") or 0)), FaultCode(int(image.value("fault_code") or 0))


def _stands_still(garage: VirtualGarage) -> bool:
    snapshot = garage.hardware.plant.snapshot()
    return all(abs(lift.speed_mm_s) < 1 for lift in snapshot.lifts.values()) and all(
        abs(shuttle.speed) < 1 for shuttle in snapshot.shuttles.values()
    )


def _ends(garage: VirtualGarage) -> None:
    """The order that was under way is carried out after all."""
    order = next(iter(garage.core.state.orders.values()))
    garage.until(lambda: order.state.is_over, 900)
    assert order.state is OrderState.DONE, garage.picture()
    assert garage.violations() == []


def test_h15_an_open_shaft_door_stops_the_lift_and_takes_its_power_until_a_person_clears_and_starts() -> None:
    garage = _under_way("lift1")
    garage.hardware.plant.sensors.override("lift1.shaft_doors_closed", 0)
    garage.run(6)
    assert _state(garage, "lift1") in {
        (State.STOPPED, FaultCode.TRIPPED),
        (State.ABORTED, FaultCode.GUARD_OPEN),
    }
    assert _stands_still(garage)
    assert list(garage.core.state.trips) == ["lift1.shaft-doors"]
    refused = garage.demand(ClearDevice(device="lift1"))
    assert isinstance(refused, Refused)
    assert refused.reason.code == "lift1.shaft-doors"
    garage.hardware.plant.sensors.restore("lift1.shaft_doors_closed")
    garage.run(3)
    assert list(garage.core.state.trips) == ["lift1.shaft-doors"], "a trip is latched"
    assert isinstance(garage.demand(ClearDevice(device="lift1")), Accepted)
    garage.run(20)
    assert garage.core.state.trips == {}
    assert _stands_still(garage), "a reset permits, it does not start"
    garage.demand(ClearDevice(device="all"))
    garage.run(1)
    garage.demand(Start())
    _ends(garage)


def test_h12_guards_trip_the_zone_once_and_the_journal_tells_by_whom_it_was_reset() -> None:
    garage = _under_way("shuttle1")
    zone = garage.hardware.plant.zone(1)
    zone.open_guard()
    garage.run(6)
    assert _stands_still(garage)
    assert "zone1.guards" in garage.core.state.trips
    zone.close_guard()
    zone.press_reset()
    garage.run(2)
    garage.demand(ClearDevice(device="all", actor="mia"))
    garage.run(2)
    raised = [one.event for one in garage.journal if isinstance(one.event, TripRaised)]
    ended = [one.event for one in garage.journal if isinstance(one.event, TripEnded)]
    assert sorted(event.trip for event in raised) == sorted(event.trip for event in ended)
    assert {event.actor for event in ended} == {"mia"}
    garage.demand(Start())
    _ends(garage)


def test_h11_a_trip_survives_the_death_of_the_controller() -> None:
    garage = _under_way("lift1")
    zone = garage.hardware.plant.zone(1)
    zone.press_estop()
    garage.run(2)
    zone.release_estop()
    zone.press_reset()
    garage.kill_controller()
    garage.run(6)
    assert "zone1.emergency-stop" in {trip.id for trip in garage.verdict.trips}
    assert not garage.verdict.allowed


@pytest.mark.parametrize(("device", "permit"), [("lift1", "travel"), ("shuttle1", "travel")])
def test_h18_every_stop_is_measured_and_a_healthy_one_is_as_designed(device: str, permit: str) -> None:
    garage = _under_way(device)
    garage.cut.add("safety1")
    garage.run(6)
    stops = [one.event for one in garage.journal if isinstance(one.event, StopMeasured)]
    found = [stop for stop in stops if stop.device == device and stop.permit == permit and stop.speed > 400]
    assert found, stops
    assert not found[0].is_late
    assert 0.5 * found[0].designed_ms < found[0].time_ms
    assert found[0].distance > 0.5 * found[0].designed_distance


def test_h18_a_worn_brake_shows_as_a_late_stop_before_it_is_a_trip() -> None:
    garage = _under_way("lift1")
    garage.hardware.plant.lift("lift1").axis.wear_brake(0.45)
    garage.demand(Stop())
    garage.run(8)
    stops = [one.event for one in garage.journal if isinstance(one.event, StopMeasured)]
    assert [stop.is_late for stop in stops if stop.speed > 400] == [True]
    assert "lift1.lift-stops" not in garage.core.state.trips


def test_h11_what_took_the_permit_of_a_motion_is_in_the_journal_with_its_reading_of_that_moment() -> None:
    garage = _under_way("lift1")
    garage.cut.add("shuttle1")
    garage.run(4)
    garage.cut.clear()
    garage.run(2)
    taken = [one.event for one in garage.journal if isinstance(one.event, PermitTaken)]
    lift = next(event for event in taken if event.device == "lift1")
    assert lift.permit == "travel"
    assert lift.interlocks[0] == "lift1.rider-docked"
    assert "(lift1.rider-docked: shuttle1.docked 1, stale, " in lift.text
    assert len([event for event in taken if (event.device, event.seq) == ("lift1", lift.seq)]) == 1
    assert lift.text in garage.core.state.blocks["lift1"].text, "whoever finds the lift blocked reads it there"
