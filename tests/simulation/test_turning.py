"""A stored car is turned when it comes in, where that keeps nobody waiting (ADR 0034)."""

from __future__ import annotations

from pathlib import Path

from controller.config.load import load_config
from controller.core import events as ev
from controller.core.order import Order
from controller.local_link.messages import SubmitOrder, VehicleData
from sim_hardware.fault import Fault, FaultKind
from tests.simulation.virtual_garage import HurriedGarage

CONFIG = Path(__file__).parent.parent.parent / "config"


def begun() -> HurriedGarage:
    garage = HurriedGarage(load_config(CONFIG / "tower-small.toml"))
    garage.crowd.strangers = False
    garage.begin()
    return garage


def car_of(garage: HurriedGarage) -> str:
    return next(v.id for v in garage.core.state.vehicles.values() if v.position is not None)


def done(garage: HurriedGarage, kind: str, vehicle: str) -> Order:
    """Carry out one order to its end."""
    order = garage.order(SubmitOrder(kind=kind, vehicle=VehicleData(id=vehicle)))  # type: ignore[arg-type]
    spec = garage.hardware.plant.scene.vehicles[vehicle].spec
    if kind == "store":
        garage.until(lambda: order.cabin is not None, 60)
        garage.crowd.arrive(order.cabin or "", spec)
    garage.until(lambda: order.state.is_over, 900)
    assert order.state.value == "done", garage.picture()
    return order


def phases(garage: HurriedGarage, order: Order) -> list[str]:
    """What the cabin went through for an order."""
    changes = [r.event for r in garage.journal if isinstance(r.event, ev.CabinPhaseChanged)]
    return [change.phase for change in changes if change.order == order.id]


def turns(garage: HurriedGarage) -> int:
    return sum(isinstance(record.event, ev.VehicleTurned) for record in garage.journal)


def test_a_car_that_comes_while_nobody_waits_is_turned_and_comes_out_without_a_turn() -> None:
    garage = begun()
    car = car_of(garage)
    done(garage, "retrieve", car)
    before = turns(garage)
    stored = done(garage, "store", car)
    assert "turning-round" in phases(garage, stored)
    assert turns(garage) == before + 1
    assert garage.core.state.vehicles[car].heading is garage.layout.cabins[stored.cabin or ""].side
    done(garage, "retrieve", car)
    assert turns(garage) == before + 1, "it stands as it leaves"
    assert garage.violations() == []


def test_a_car_is_put_away_as_it_stands_while_somebody_waits_and_its_shuttle_is_free() -> None:
    garage = begun()
    car, other = [v.id for v in garage.core.state.vehicles.values() if v.position is not None][:2]
    done(garage, "retrieve", car)
    order = garage.order(SubmitOrder(kind="store", vehicle=VehicleData(id=car)))
    garage.until(lambda: order.cabin is not None, 60)
    garage.crowd.arrive(order.cabin or "", garage.hardware.plant.scene.vehicles[car].spec)
    garage.until(lambda: garage.core.state.cabins[order.cabin or ""].phase == "securing", 300)
    waiting = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=other)))
    garage.until(lambda: order.state.is_over, 900)
    assert waiting.started_at_ms is None or waiting.started_at_ms >= (order.started_at_ms or 0)
    assert "turning-round" not in phases(garage, order)
    garage.until(lambda: waiting.state.is_over, 900)
    assert garage.violations() == []


def test_a_car_that_the_table_may_not_turn_is_put_away_as_it_stands() -> None:
    garage = begun()
    car = car_of(garage)
    done(garage, "retrieve", car)
    order = garage.order(SubmitOrder(kind="store", vehicle=VehicleData(id=car)))
    garage.until(lambda: order.cabin is not None, 60)
    cabin = order.cabin or ""
    garage.crowd.arrive(cabin, garage.hardware.plant.scene.vehicles[car].spec)
    garage.until(lambda: garage.core.state.cabins[cabin].phase == "checking", 300)
    garage.hardware.faults.inject(Fault(cabin, FaultKind.REFUSES))
    garage.until(lambda: garage.core.state.cabins[cabin].phase == "ready", 120)
    garage.hardware.faults.clear(cabin)
    garage.until(lambda: order.state.is_over, 900)
    assert order.state.value == "done", garage.picture()
    assert "turning-round" in phases(garage, order)
    assert garage.core.state.vehicles[car].heading is garage.layout.cabins[cabin].side.other
    assert garage.violations() == []
