"""Orders that are withdrawn: what is in motion ends in a defined place, and the books say where."""

from __future__ import annotations

import pytest

from controller.core.order import Order, OrderState
from controller.local_link.messages import ClearDevice, Start, Stop, SubmitOrder, VehicleData, WithdrawOrder
from plc_drivers.contract import CommandCode
from sim_hardware.plant.body import VehicleSpec
from tests.simulation.test_orders import started
from tests.simulation.virtual_garage import VirtualGarage

SHUTTLE = "shuttle1"


def _retrieve(garage: VirtualGarage, index: int = 0) -> Order:
    car = list(garage.core.state.vehicles)[index]
    return garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))


def _until_command(garage: VirtualGarage, device: str, code: CommandCode) -> None:
    def is_under_way() -> bool:
        pending = garage.core.state.mailbox(device).pending
        return pending is not None and pending.code is code and pending.answered

    garage.until(is_under_way, 200)


def _seat(garage: VirtualGarage, vehicle: str) -> str:
    return garage.hardware.plant.snapshot().vehicles[vehicle].seat


@pytest.mark.parametrize(
    "moment",
    [
        CommandCode.MOVE_TO_COLUMN,
        CommandCode.PICK_LEFT,
        CommandCode.PICK_RIGHT,
        CommandCode.PLACE_LEFT,
    ],
)
def test_a_withdrawn_retrieval_brings_its_car_back_to_a_place(moment: CommandCode) -> None:
    garage = started("tower-small")
    left = [v.id for v in garage.core.state.vehicles.values() if (v.position or "").endswith("left")]
    right = [v.id for v in garage.core.state.vehicles.values() if (v.position or "").endswith("right")]
    car = right[0] if moment is CommandCode.PICK_RIGHT else left[0]
    order = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))
    _until_command(garage, SHUTTLE, moment)

    garage.demand(WithdrawOrder(order=order.id))
    garage.until(lambda: order.state.is_over, 600)

    assert order.state is OrderState.WITHDRAWN, garage.picture()
    position = garage.core.state.vehicles[car].position
    assert position in {place.id for place in garage.layout.storage()}
    assert _seat(garage, car) == f"stand:{position}"
    assert not garage.core.state.claims
    assert garage.violations() == []


@pytest.mark.parametrize("after_s", [0.5, 4.0, 8.0, 11.0, 13.0])
def test_a_transfer_that_is_stopped_at_once_is_finished_after_a_person_has_looked_h07(after_s: float) -> None:
    garage = started("tower-small")
    order = _retrieve(garage)
    _until_command(garage, SHUTTLE, CommandCode.PICK_LEFT)
    garage.run(after_s)

    garage.demand(WithdrawOrder(order=order.id, immediate=True))
    garage.run(15)
    if not order.state.is_over:
        assert garage.core.state.blocks[SHUTTLE].code == "HALF_TRANSFER", garage.picture()
        assert garage.core.state.claims[SHUTTLE] == order.id
        garage.demand(ClearDevice(device=SHUTTLE))
        garage.run(10)
        assert not order.state.is_over, "clearing alone must not move anything (H11)"
        garage.demand(Start())
        garage.until(lambda: order.state.is_over, 100)

    position = garage.core.state.vehicles[order.vehicle].position
    seat = {f"{SHUTTLE}-deck": f"deck:{SHUTTLE}"}.get(position or "", f"stand:{position}")
    assert _seat(garage, order.vehicle) == seat
    assert garage.violations() == []


def test_a_car_left_on_a_deck_comes_before_the_queue() -> None:
    garage = started("tower-small")
    order = _retrieve(garage)
    garage.until(lambda: garage.core.state.vehicles[order.vehicle].position == f"{SHUTTLE}-deck", 200)
    garage.demand(WithdrawOrder(order=order.id, immediate=True))
    garage.until(lambda: order.state.is_over, 30)
    other = _retrieve(garage, 1)
    garage.run(5)
    assert other.state is OrderState.WAITING
    assert other.waiting is not None
    assert other.waiting.code == "POSITION_OCCUPIED"

    again = garage.order(SubmitOrder(kind="relocate", vehicle=VehicleData(id=order.vehicle)))
    garage.until(lambda: again.state.is_over and other.state.is_over, 600)

    assert (again.state, other.state) == (OrderState.DONE, OrderState.DONE)
    assert garage.violations() == []


def test_a_store_that_is_withdrawn_gives_the_car_back_nose_first() -> None:
    garage = started("tower-small")
    order = garage.order(SubmitOrder(kind="store", vehicle=VehicleData(id="new-1")))
    garage.crowd.arrive("cabin1", VehicleSpec("new-1"))
    garage.until(lambda: garage.core.state.cabin("cabin1").phase == "checking", 300)
    garage.demand(WithdrawOrder(order=order.id))
    garage.until(lambda: order.state.is_over, 600)

    assert order.state is OrderState.WITHDRAWN, garage.picture()
    assert _seat(garage, "new-1") == "away:"
    assert garage.violations() == []


@pytest.mark.parametrize("name", ["tower-small", "garage-shuttle"])
def test_a_stop_in_the_middle_of_everything_goes_on_after_a_start(name: str) -> None:
    garage = started(name)
    order = _retrieve(garage, -1)
    while not order.state.is_over:
        garage.run(17)
        garage.demand(Stop())
        garage.run(3)
        garage.demand(Start())
        assert garage.now_ms < 900_000, garage.picture()
    assert order.state is OrderState.DONE
    assert garage.violations() == []
