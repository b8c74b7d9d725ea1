"""Whole orders from request to handover, in virtual time, judged by the plant."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.config.load import load_config
from controller.config.models import GarageConfig
from controller.core.order import OrderState
from controller.local_link.messages import SubmitOrder, VehicleData
from tests.simulation.virtual_garage import VirtualGarage

CONFIG = Path(__file__).parent.parent.parent / "config"
GARAGES = ("tower-small", "tower-guangzhou", "garage-shuttle")


def started(name: str, *, local_interlocks: bool = True) -> VirtualGarage:
    """A shipped garage, cleared and started by a person, its cabins looked into."""
    return begun(load_config(CONFIG / f"{name}.toml"), local_interlocks=local_interlocks)


def begun(config: GarageConfig, *, local_interlocks: bool = True) -> VirtualGarage:
    """A garage as a person starts it."""
    garage = VirtualGarage(config, local_interlocks=local_interlocks)
    garage.begin()
    return garage


@pytest.mark.parametrize("name", GARAGES)
def test_a_car_comes_down_and_is_handed_over(name: str) -> None:
    garage = started(name)
    car = list(garage.core.state.vehicles)[-1]
    order = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))
    garage.until(lambda: order.state.is_over, 600)
    assert order.state is OrderState.DONE, garage.picture()
    assert garage.core.state.vehicles[car].position is None
    assert not garage.core.state.claims
    assert garage.violations() == []


def test_a_cabin_without_a_turntable_is_cleared_and_hands_a_car_over() -> None:
    config = load_config(CONFIG / "tower-small.toml")
    (cabin,) = config.cabins
    garage = begun(config.model_copy(update={"cabins": (cabin.model_copy(update={"turntable": False}),)}))
    car = next(iter(garage.core.state.vehicles))
    order = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))
    garage.until(lambda: order.state.is_over, 600)
    assert order.state is OrderState.DONE, garage.picture()
    assert garage.violations() == []
