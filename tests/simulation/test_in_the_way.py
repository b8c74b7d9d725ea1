"""A car that was left on a deck: those in the cabins wait for the deck, and it waits for a cabin."""

from __future__ import annotations

import pytest

from controller.config.load import load_config
from controller.core.cabin_phase import READY
from controller.core.events import OrderPutAside
from controller.core.order import Order, OrderState
from controller.garage import PositionKind
from controller.local_link.messages import ClearDevice, Start, SubmitOrder, VehicleData, WithdrawOrder
from tests.conftest import CONFIG_FOLDER
from tests.simulation.virtual_garage import VirtualGarage

CAR = "mustang-01"


@pytest.fixture
def garage() -> VirtualGarage:
    """The small tower with its one cabin, and strangers who bring what is to be stored."""
    made = VirtualGarage(load_config(CONFIG_FOLDER / "tower-small.toml"), speed=4, strangers=True)
    made.run(3)
    made.demand(ClearDevice(device="all"))
    made.run(3)
    made.demand(Start())
    made.run(1)
    return made


@pytest.fixture
def store(garage: VirtualGarage) -> Order:
    """A store whose car comes to stand ready in the cabin while another one was left on the deck."""
    coming = garage.order(SubmitOrder(kind="store", vehicle=VehicleData(id="new-1")))
    garage.until(lambda: coming.state is OrderState.ACTIVE, 60)
    moved = garage.order(SubmitOrder(kind="relocate", vehicle=VehicleData(id=CAR)))
    garage.until(lambda: stands_on(garage) is PositionKind.DECK, 120)
    garage.demand(WithdrawOrder(order=moved.id, immediate=True))
    garage.until(lambda: moved.state.is_over, 30)
    garage.until(lambda: garage.core.state.cabins["cabin1"].phase == READY, 120)
    assert stands_on(garage) is PositionKind.DECK
    garage.until(lambda: coming.waiting is not None and coming.waiting.code == "POSITION_OCCUPIED", 10)
    return coming


def stands_on(garage: VirtualGarage) -> PositionKind | None:
    """What kind of position the car stands on."""
    position = garage.core.state.vehicles[CAR].position
    return None if position is None else garage.layout.positions[position].kind


def put_aside(garage: VirtualGarage) -> int:
    """How often a car was put aside."""
    return sum(isinstance(one.event, OrderPutAside) for one in garage.journal)


def test_its_customer_gets_it_after_it_was_put_aside_for_the_other(garage: VirtualGarage, store: Order) -> None:
    fetched = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=CAR)))
    garage.until(lambda: store.state is OrderState.DONE, 200)
    assert stands_on(garage) is PositionKind.PLACE
    assert put_aside(garage) == 1
    assert fetched.state in {OrderState.WAITING, OrderState.ACTIVE}, "it is not over because its car was put aside"
    garage.until(lambda: fetched.state is OrderState.DONE, 300)
    assert stands_on(garage) is None
    assert not garage.violations()


def test_a_person_s_relocation_of_it_comes_before_the_car_in_the_cabin(garage: VirtualGarage, store: Order) -> None:
    moved = garage.order(SubmitOrder(kind="relocate", vehicle=VehicleData(id=CAR)))
    garage.until(lambda: moved.state is OrderState.DONE, 120)
    garage.until(lambda: store.state is OrderState.DONE, 200)
    assert put_aside(garage) == 0
    assert not garage.violations()


def test_a_restart_on_the_way_loses_neither_order(garage: VirtualGarage, store: Order) -> None:
    fetched = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=CAR)))
    garage.until(lambda: fetched.state is OrderState.ACTIVE, 30)
    garage.run(1)
    garage.kill_controller()
    garage.run(5)
    for order in (store.id, fetched.id):
        assert not garage.core.state.orders[order].state.is_over
    garage.demand(ClearDevice(device="all"))
    garage.run(3)
    garage.demand(Start())
    garage.until(lambda: garage.core.state.orders[store.id].state is OrderState.DONE, 300)
    garage.until(lambda: garage.core.state.orders[fetched.id].state is OrderState.DONE, 300)
    assert not garage.violations()


def test_withdrawn_with_its_forks_out_it_ends_in_the_place(garage: VirtualGarage, store: Order) -> None:
    fetched = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=CAR)))
    garage.until(lambda: garage.image.value("shuttle1", "forks_centred") is False, 60)
    garage.demand(WithdrawOrder(order=fetched.id))
    garage.until(lambda: fetched.state is OrderState.WITHDRAWN, 120)
    assert stands_on(garage) is PositionKind.PLACE
    garage.until(lambda: store.state is OrderState.DONE, 200)


def test_without_a_car_that_waits_for_the_deck_nothing_is_put_aside(garage: VirtualGarage) -> None:
    moved = garage.order(SubmitOrder(kind="relocate", vehicle=VehicleData(id=CAR)))
    garage.until(lambda: stands_on(garage) is PositionKind.DECK, 120)
    garage.demand(WithdrawOrder(order=moved.id, immediate=True))
    garage.until(lambda: moved.state.is_over, 30)
    fetched = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=CAR)))
    garage.until(lambda: fetched.state is OrderState.DONE, 300)
    assert put_aside(garage) == 0
