"""A car is fetched while its cabin still empties, and put back when the cabin needs the movers after all (ADR 0029)."""

from __future__ import annotations

import pytest

from controller.config.load import load_config
from controller.core import events as ev
from controller.core.follower import is_following
from controller.core.log import EventLog
from controller.core.order import Order, OrderState
from controller.core.situation import Situation
from controller.local_link.messages import SubmitOrder, VehicleData, WithdrawOrder
from tests.conftest import CONFIG_FOLDER
from tests.simulation.virtual_garage import VirtualGarage


@pytest.fixture
def garage() -> VirtualGarage:
    made = VirtualGarage(load_config(CONFIG_FOLDER / "tower-small.toml"), speed=4)
    made.crowd.strangers = False
    made.begin()
    return made


def retrieve(garage: VirtualGarage, number: int) -> Order:
    car = garage.config.vehicles[number].id
    return garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))


def follows(garage: VirtualGarage, order: Order) -> bool:
    core = garage.core
    log = EventLog(core.state, garage.now())
    return is_following(Situation(garage.layout, core.state, garage.image, garage.verdict, log), order)


def on_deck(garage: VirtualGarage, order: Order) -> bool:
    return garage.core.state.vehicles[order.vehicle].position == "shuttle1-deck"


def test_h02_the_next_car_waits_before_the_cabin_until_its_customer_has_left_and_nobody_is_inside(
    garage: VirtualGarage,
) -> None:
    first, second = retrieve(garage, 0), retrieve(garage, 1)
    garage.until(lambda: follows(garage, second) and on_deck(garage, second), 200)
    assert garage.core.state.cabin("cabin1").order == first.id
    assert second.source in second.claims, "its own place stays its own"
    garage.until(lambda: first.state is OrderState.DONE, 200)
    assert second.state is OrderState.ACTIVE
    garage.until(lambda: second.state is OrderState.DONE, 200)
    assert garage.violations() == []


def test_h07_the_car_is_put_back_when_the_one_in_the_cabin_is_to_be_stored_again(garage: VirtualGarage) -> None:
    garage.crowd.customers = False
    first, second = retrieve(garage, 0), retrieve(garage, 1)
    garage.until(lambda: follows(garage, second) and on_deck(garage, second), 200)
    garage.demand(WithdrawOrder(order=first.id))
    garage.until(lambda: garage.core.state.cabin("cabin1").phase == "checking", 60)
    garage.hardware.plant.cabin("cabin1").press_confirm()
    garage.until(lambda: first.state.is_over, 400)
    assert first.state is OrderState.WITHDRAWN
    assert any(isinstance(record.event, ev.OrderPutAside) for record in garage.journal)
    garage.until(lambda: garage.core.state.cabin("cabin1").phase == "leaving", 200)
    assert garage.core.state.cabin("cabin1").order == second.id
    assert garage.violations() == []
