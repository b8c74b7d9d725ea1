"""Machines that do not know their place find it in an order that is safe, and then serve."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.config.load import load_config
from controller.core.order import OrderState
from controller.local_link.messages import ClearDevice, Start, SubmitOrder, VehicleData
from tests.simulation.virtual_garage import VirtualGarage

CONFIG = Path(__file__).parent.parent.parent / "config"


@pytest.mark.parametrize("pins_out", [True, False])
@pytest.mark.parametrize("lost", [("lift1",), ("shuttle1",), ("lift1", "shuttle1"), ("lift1", "shuttle1", "cabin1")])
def test_a_tower_whose_axes_lost_their_reference_serves_again_h07(lost: tuple[str, ...], pins_out: bool) -> None:
    garage = VirtualGarage(load_config(CONFIG / "tower-small.toml"))
    plant = garage.hardware.plant
    if not pins_out:
        plant.lift("lift1").pins.retract()
    garage.run(4)
    for device in lost:
        if device == "lift1":
            plant.lift(device).drive.lose_encoder(37.0)
        elif device == "shuttle1":
            plant.shuttle(device).drive.lose_encoder(37.0)
        else:
            plant.cabin(device).turntable.lose_encoder(37.0)
    garage.run(1)
    garage.demand(ClearDevice(device="all"))
    garage.run(2)
    garage.demand(Start())
    car = next(iter(garage.core.state.vehicles))
    order = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))

    garage.until(lambda: order.state.is_over, 900)

    assert order.state is OrderState.DONE, garage.picture()
    assert garage.violations() == []
