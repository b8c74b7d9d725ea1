"""Two shuttles of one aisle, in virtual time: neither is sent into the other, and neither waits for ever."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from controller.config.check import check
from controller.config.models import GarageConfig
from controller.core.order import Order, OrderState
from controller.local_link.messages import ClearDevice, SubmitOrder, VehicleData
from tests.simulation.test_modes import clear_and_start
from tests.simulation.virtual_garage import VirtualGarage

CONFIG = Path(__file__).parent.parent.parent / "config"
PITCH_MM = 2600


def _car(name: str, place: str) -> dict[str, Any]:
    size = {"length_mm": 4600, "width_mm": 1900, "height_mm": 1500, "weight_kg": 1600}
    return {"id": name, "model": "Test", "place": place, **size}


def two_towers() -> GarageConfig:
    """A lift with its shuttle at each end of an aisle of five columns, and one cabin in the middle for both."""
    return GarageConfig.model_validate(
        {
            "garage": {"id": "twins", "name": "Twins", "layout": "vending-tower", "envelope": {"height_mm": 1900}},
            "links": [{"id": "mem", "protocol": "memory"}],
            "levels": [{"number": n, "height_mm": 2600 * n} for n in range(2)],
            "aisle": {"columns": [{"number": n, "at": PITCH_MM * n} for n in range(5)]},
            "places": [
                {"levels": [1], "columns": [0, 1, 3, 4], "sides": ["right"]},
            ],
            "lifts": [
                {"id": "lift1", "number": 1, "link": "mem", "levels": [0, 1], "column": 0},
                {"id": "lift2", "number": 2, "link": "mem", "levels": [0, 1], "column": 4},
            ],
            "shuttles": [
                {"id": "shuttle1", "number": 3, "link": "mem", "rides_on": "lift1", "columns": [0, 1, 2]},
                {"id": "shuttle2", "number": 4, "link": "mem", "rides_on": "lift2", "columns": [2, 3, 4]},
            ],
            "cabins": [{"id": "cabin1", "number": 5, "link": "mem", "column": 2, "side": "left"}],
            "safety": {"id": "safety1", "number": 9, "link": "mem"},
            "vehicles": [_car("near", "l1-c1-right"), _car("far", "l1-c3-right")],
        }
    )


def one_aisle_for_two() -> GarageConfig:
    """The shipped shuttle garage with a second shuttle on the ground: each has a part of the aisle."""
    data = tomllib.loads((CONFIG / "garage-shuttle.toml").read_text())
    ground = data["shuttles"][0]
    data["shuttles"].append({**ground, "id": "shuttle9", "number": 19, "unit": 4, "columns": list(range(13, 23))})
    ground["columns"] = list(range(1, 13))
    return GarageConfig.model_validate(data)


def started(config: GarageConfig) -> VirtualGarage:
    assert [finding.code for finding in check(config, memory_links=True)] == []
    garage = VirtualGarage(config)
    garage.run(2)
    clear_and_start(garage)
    garage.until(lambda: garage.verdict.proven_empty == set(garage.layout.cabins), 60)
    return garage


def retrieve(garage: VirtualGarage, car: str) -> Order:
    return garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))


def position_mm(garage: VirtualGarage, shuttle: str) -> int:
    position = garage.image[shuttle].value("position")
    assert position is not None
    return int(position)


def car_in(garage: VirtualGarage, shuttle: str) -> str:
    """A car that this shuttle alone can fetch, and brings to a cabin by itself."""
    for name, car in garage.core.state.vehicles.items():
        if car.position is not None and garage.layout.reached_by(car.position) == (shuttle,):
            return name
    raise AssertionError(shuttle)


def test_h09_an_idle_shuttle_rides_home_when_it_stands_where_another_has_to_go() -> None:
    garage = started(two_towers())
    far = retrieve(garage, "far")
    garage.until(lambda: far.state.is_over, 900)
    assert garage.image["shuttle2"].value("station") == 2, "it waits where it was needed last"
    assert position_mm(garage, "shuttle2") == pytest.approx(2 * PITCH_MM, abs=20)
    near = retrieve(garage, "near")
    garage.until(lambda: near.state.is_over, 900)
    assert near.state is OrderState.DONE, garage.picture()
    assert garage.image["shuttle2"].value("docked") is True
    at = [position_mm(garage, shuttle) for shuttle in ("shuttle1", "shuttle2")]
    assert at == pytest.approx([2 * PITCH_MM, 4 * PITCH_MM], abs=20), "both are counted from one zero"
    assert garage.violations() == []


def test_h09_a_shuttle_that_lost_its_reference_finds_it_when_another_of_its_aisle_has_to_go() -> None:
    garage = started(one_aisle_for_two())
    garage.hardware.plant.shuttle("shuttle9").drive.lose_encoder(37.0)
    garage.run(1)
    garage.demand(ClearDevice(device="shuttle9"))
    garage.run(1)
    assert garage.image["shuttle9"].value("referenced") is False
    order = retrieve(garage, car_in(garage, "shuttle0"))
    garage.until(lambda: order.state.is_over, 900)
    assert order.state is OrderState.DONE, garage.picture()
    assert garage.image["shuttle9"].value("referenced") is True
    assert garage.violations() == []


def test_h09_a_shuttle_that_was_left_between_columns_goes_on_to_one_when_another_of_its_aisle_has_to_go() -> None:
    garage = started(one_aisle_for_two())
    drive = garage.hardware.plant.shuttle("shuttle9").drive
    drive.move_to(drive.position + PITCH_MM // 2)
    garage.until(lambda: garage.image["shuttle9"].value("station") == -1 and drive.standstill, 60)
    order = retrieve(garage, car_in(garage, "shuttle0"))
    garage.until(lambda: order.state.is_over, 900)
    assert order.state is OrderState.DONE, garage.picture()
    assert garage.image["shuttle9"].value("station") in garage.layout.shuttles["shuttle9"].columns
    assert garage.violations() == []


def test_h09_an_order_waits_for_a_shuttle_stopped_between_columns_says_why_and_goes_on_when_it_is_cleared() -> None:
    garage = started(one_aisle_for_two())
    there = retrieve(garage, car_in(garage, "shuttle9"))
    garage.until(lambda: abs(int(garage.image["shuttle9"].value("speed") or 0)) > 1000, 300)
    drive = garage.hardware.plant.shuttle("shuttle9").drive
    drive.trip()
    garage.run(5)
    assert garage.image["shuttle9"].value("station") == -1, "it was stopped between two columns"
    assert "shuttle9" in garage.core.state.blocks
    here = retrieve(garage, car_in(garage, "shuttle0"))
    garage.run(30)
    assert here.waiting is not None
    assert here.waiting.code.startswith("shuttle0.way-free-of-shuttle9-at-"), garage.picture()
    assert "shuttle9 is not proven to stand beyond the column" in here.waiting.text
    assert "by hand" in here.waiting.remedy
    drive.reset()
    clear_and_start(garage)
    garage.until(lambda: here.state.is_over and there.state.is_over, 1800)
    assert (here.state, there.state) == (OrderState.DONE, OrderState.DONE), garage.picture()
    assert garage.violations() == []
