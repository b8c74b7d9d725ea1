"""Places two deep in the full simulation: cars make way by themselves, and the fast model knows how long that takes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from controller.config.geometry import check_geometry
from controller.config.load import load_config
from controller.config.models import GarageConfig
from controller.core.order import Order, OrderState
from controller.garage import Layout
from controller.local_link.messages import Refused, SubmitOrder, VehicleData, WithdrawOrder
from controller.planning.day import Day, Demand
from controller.planning.machine import Machine
from controller.planning.peers import FirstCome
from controller.planning.people import visit
from tests.conftest import CONFIG_FOLDER
from tests.simulation.test_event_model import DWELL_S, MEAN_ERROR_MAX, WALK_S
from tests.simulation.virtual_garage import HurriedGarage, VirtualGarage

REAR, FRONT, OTHER = "l1-c1-left-2", "l1-c1-left", "l1-c3-left-2"
BEHIND, BEFORE = "car-0", "car-1"
"""The cars at the first two places of a garage."""


def deep_config(places: Sequence[str], **controller: object) -> GarageConfig:
    """The small tower with one level of eight places two deep, and a car in each of the given ones."""
    config = load_config(CONFIG_FOLDER / "tower-small.toml")
    block = config.places[0].model_copy(update={"levels": (1,), "depths": (1, 2)})
    car = config.vehicles[0]
    cars = tuple(car.model_copy(update={"id": f"car-{n}", "place": place}) for n, place in enumerate(places))
    people = {"person_walk_s": (WALK_S, WALK_S), "person_dwell_s": (DWELL_S, DWELL_S)}
    figures = {
        "places": (block,),
        "vehicles": cars,
        "controller": config.controller.model_copy(update=controller),
        "emulation": config.emulation.model_copy(update=people),
    }
    config = config.model_copy(update=figures)
    assert check_geometry(config) == []
    return config


def ask(garage: VirtualGarage, vehicle: str) -> Order:
    return garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=vehicle)))


@pytest.mark.timeout(300)
def test_a_car_behind_another_one_is_there_when_the_fast_model_says_within_3_percent() -> None:
    garage = VirtualGarage(deep_config((REAR, FRONT), overtaking_max=0, planner=False))
    garage.crowd.strangers = False
    garage.begin()
    state = garage.core.state
    turned = {v.id for v in state.vehicles.values() if v.heading is not None and v.heading.value == "left"}
    demand = [Demand(0.0, "retrieve", BEHIND, visit(WALK_S, DWELL_S))]
    result = Day(Machine(garage.layout), FirstCome(), demand, dict(state.occupant), turned=turned).run()
    assert (result.unserved, result.relocations) == (0, 1)
    order = ask(garage, BEHIND)
    garage.until(lambda: order.served_at_ms is not None, 300)
    wait_s = ((order.served_at_ms or 0) - order.accepted_at_ms) / 1000
    assert result.mean_wait_s == pytest.approx(wait_s, rel=MEAN_ERROR_MAX)
    assert garage.violations() == []


# --- the course of it -----------------------------------------------------------------------------------------


def hurried(places: Sequence[str] = (REAR, FRONT, OTHER), **controller: object) -> HurriedGarage:
    garage = HurriedGarage(deep_config(places, **controller))
    garage.begin()
    return garage


def making_way(garage: VirtualGarage) -> list[OrderState]:
    """The states of all orders by which cars make way."""
    return [order.state for order in garage.core.state.orders.values() if order.makes_way]


def test_the_customer_of_the_car_that_makes_way_may_ask_for_it_meanwhile() -> None:
    garage = hurried()
    mine = ask(garage, BEHIND)
    garage.until(lambda: making_way(garage) == [OrderState.ACTIVE], 10)
    its = ask(garage, BEFORE)
    twice = garage.demand(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=BEFORE)))
    assert isinstance(twice, Refused)
    assert twice.reason.code == "VEHICLE_ALREADY_ORDERED"
    garage.until(lambda: its.waiting is not None and its.waiting.code == "CAR_MAKES_WAY", 60)
    assert mine.waiting is not None
    assert mine.promise is not None
    garage.until(lambda: mine.served_at_ms is not None, 300)
    assert mine.promise.early_ms - 5000 < (mine.served_at_ms or 0) < mine.promise.late_ms + 5000, (
        "the relocation is in it"
    )
    garage.until(lambda: mine.state is OrderState.DONE and its.state is OrderState.DONE, 900)
    assert making_way(garage) == [OrderState.DONE]
    assert garage.violations() == []


def test_a_relocation_for_nobody_is_taken_back_before_it_begins() -> None:
    garage = hurried()
    other = ask(garage, "car-2")
    garage.until(lambda: other.state is OrderState.ACTIVE, 10)
    mine = ask(garage, BEHIND)
    garage.until(lambda: making_way(garage) == [OrderState.WAITING], 10)
    garage.demand(WithdrawOrder(order=mine.id))
    garage.cycle()
    assert making_way(garage) == [OrderState.WITHDRAWN]


def test_a_restart_while_a_car_makes_way_loses_neither_car() -> None:
    garage = hurried()
    mine = ask(garage, BEHIND)
    garage.until(lambda: making_way(garage) == [OrderState.ACTIVE], 10)
    garage.run(20)
    garage.kill_controller()
    garage.run(5)
    garage.begin()
    garage.until(lambda: garage.core.state.orders[mine.id].state is OrderState.DONE, 900)
    assert garage.core.state.vehicles[BEFORE].position in {place.id for place in garage.layout.storage()}
    assert garage.violations() == []


def test_the_last_place_is_kept_for_cars_that_must_make_way() -> None:
    garage = hurried()
    free = len(garage.layout.storage()) - len(garage.core.state.occupant)
    for number in range(free - 1):
        garage.order(SubmitOrder(kind="store", vehicle=VehicleData(id=f"guest-{number}")))
    refused = garage.demand(SubmitOrder(kind="store", vehicle=VehicleData(id="too-many")))
    assert isinstance(refused, Refused)
    assert refused.reason.code == "GARAGE_FULL"


def test_whoever_is_behind_comes_out_of_a_garage_with_one_free_place() -> None:
    every = [place.id for place in Layout(deep_config(())).storage()]
    free = every.index(Layout(deep_config(())).in_front_of(every[-1])[0])
    garage = hurried([*every[:free], *every[free + 1 :]])
    state = garage.core.state
    assert len(state.occupant) == len(every) - 1
    orders = [ask(garage, state.occupant[place]) for place in every if place.endswith("-2")][:1]
    garage.until(lambda: all(order.state is OrderState.DONE for order in orders), 1800)
    assert making_way(garage)[0] is OrderState.DONE
    assert garage.violations() == []
