"""Whatever dies in the middle of an order: nothing moves by itself, and the car is found where it is."""

from __future__ import annotations

import pytest

from controller.core.order import OrderState
from controller.local_link.messages import ClearDevice, Start, SubmitOrder, VehicleData
from tests.simulation.test_orders import started
from tests.simulation.virtual_garage import VirtualGarage


def _clear_and_start(garage: VirtualGarage) -> None:
    garage.demand(ClearDevice(device="all"))
    garage.run(2)
    garage.demand(Start())


def _stands(garage: VirtualGarage) -> bool:
    snapshot = garage.hardware.plant.snapshot()
    return all(abs(lift.speed_mm_s) < 1 for lift in snapshot.lifts.values()) and all(
        abs(shuttle.speed) < 1 for shuttle in snapshot.shuttles.values()
    )


@pytest.mark.parametrize("after_s", range(3, 78, 12))
def test_a_killed_controller_loses_nothing_and_resumes_nothing_h11(after_s: int) -> None:
    garage = started("tower-small")
    car = next(iter(garage.core.state.vehicles))
    order_id = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car))).id
    garage.run(after_s)

    garage.kill_controller()
    garage.run(6)
    before = garage.hardware.plant.snapshot()
    garage.run(10)
    after = garage.hardware.plant.snapshot()

    assert _stands(garage)
    assert (before.lifts, before.shuttles, before.vehicles) == (after.lifts, after.shuttles, after.vehicles)
    _clear_and_start(garage)
    order = garage.core.state.orders[order_id]
    garage.until(lambda: order.state.is_over, 700)
    assert order.state is OrderState.DONE, garage.picture()
    assert garage.violations() == []


@pytest.mark.parametrize("device", ["lift1", "shuttle1", "cabin1"])
@pytest.mark.parametrize("after_s", [8, 37, 55])
def test_a_plc_that_restarts_waits_for_clear_and_start(device: str, after_s: int) -> None:
    garage = started("tower-small")
    car = next(iter(garage.core.state.vehicles))
    order = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))
    garage.run(after_s)

    garage.hardware.power_cycle(device)
    garage.run(20)
    _clear_and_start(garage)
    garage.until(lambda: order.state.is_over, 900)

    assert order.state is OrderState.DONE, garage.picture()
    assert garage.violations() == []


@pytest.mark.parametrize("after_s", [10, 50])
def test_an_emergency_stop_stops_all_and_needs_reset_clear_and_start_h12(after_s: int) -> None:
    garage = started("tower-small")
    car = next(iter(garage.core.state.vehicles))
    order = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))
    garage.run(after_s)
    zone = garage.hardware.plant.zone(1)

    zone.press_estop()
    garage.run(4)
    assert _stands(garage)
    garage.demand(ClearDevice(device="all"))
    garage.demand(Start())
    garage.run(5)
    assert _stands(garage), "pressed: neither clear nor start may move anything"
    zone.release_estop()
    garage.run(5)
    assert _stands(garage), "released but not reset"
    zone.press_reset()
    garage.run(5)
    assert _stands(garage), "reset permits, it does not start"
    _clear_and_start(garage)
    garage.until(lambda: order.state.is_over, 900)

    assert order.state is OrderState.DONE, garage.picture()
    assert garage.violations() == []


@pytest.mark.parametrize("device", ["lift1", "shuttle1", "cabin1", "safety1"])
def test_a_link_that_is_cut_stops_what_depends_on_it_h10(device: str) -> None:
    garage = started("tower-small")
    car = next(iter(garage.core.state.vehicles))
    order = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))
    garage.run(20)

    garage.cut.add(device)
    garage.run(10)
    assert device == "cabin1" or _stands(garage)
    garage.cut.discard(device)
    garage.run(3)
    _clear_and_start(garage)
    garage.until(lambda: order.state.is_over, 900)

    assert order.state is OrderState.DONE, garage.picture()
    assert garage.violations() == []
