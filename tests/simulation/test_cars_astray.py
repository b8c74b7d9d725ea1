"""Cars that are not what or where the books say: grown, another one, moved by hand, rolled away. The plant judges."""

from __future__ import annotations

from pathlib import Path

from controller.config.load import load_config
from controller.core.finding import findings
from controller.core.log import EventLog
from controller.core.order import Order
from controller.core.situation import Situation
from controller.local_link.messages import (
    Accepted,
    SubmitOrder,
    VehicleData,
    WithdrawOrder,
)
from controller.local_link.mode_messages import AnswerFinding, ConfirmInventory
from sim_hardware.fault import Fault, FaultKind
from sim_hardware.plant.body import SeatKind, VehicleSpec
from tests.simulation.virtual_garage import HurriedGarage

CONFIG = Path(__file__).parents[2] / "config"


class Astray(HurriedGarage):
    """A started garage, with what is open between books and machine."""

    def __init__(self, name: str) -> None:
        super().__init__(load_config(CONFIG / f"{name}.toml"))
        self.begin()

    def found(self) -> dict[str, list[str]]:
        """What is open between books and machine, each with its answers."""
        situation = Situation(
            self.layout, self.core.state, self.image, self.verdict, EventLog(self.core.state, self.now())
        )
        return {one.id: [answer.id for answer in one.answers] for one in findings(situation)}

    def store(self, spec: VehicleSpec) -> Order:
        """Order a car to be stored under its measures; it drives up when it is invited."""
        said = VehicleData(id=spec.id, length_mm=spec.length_mm, width_mm=spec.width_mm, height_mm=spec.height_mm)
        order = self.order(SubmitOrder(kind="store", vehicle=said))
        self.crowd.arrive(None, spec)
        return order

    def retrieve(self, car: str) -> Order:
        return self.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))

    def inject(self, target: str, kind: FaultKind, value: int | None = None, peer: str | None = None) -> None:
        self.hardware.faults.inject(Fault(target, kind, value, peer=peer))
        assert peer is None or self.hardware.faults.took(target) == 1


def waits_for(order: Order) -> str:
    return "" if order.waiting is None else order.waiting.code


# --- grown -------------------------------------------------------------------------------------------------------


def test_h14_a_boot_that_opens_after_the_measurement_and_fits_nowhere_goes_back_to_its_driver() -> None:
    garage = Astray("tower-small")
    car = VehicleSpec("tall-1", height_mm=1700)
    order = garage.store(car)
    garage.inject("cabin1", FaultKind.BOOT_OPEN, 300)
    garage.until(lambda: order.state.is_over, 900)
    assert garage.violations() == []
    assert (order.state.value, order.outcome and order.outcome.code) == ("failed", "VEHICLE_DOES_NOT_FIT")
    body = garage.hardware.plant.scene.vehicles[car.id]
    assert (body.seat.kind, body.spec.height_mm) == (SeatKind.AWAY, 1700), "its driver came back and shut the boot"


def test_h14_a_car_with_an_open_boot_goes_where_it_fits_as_it_is() -> None:
    garage = Astray("tower-guangzhou")
    order = garage.store(VehicleSpec("low-1", height_mm=1650))
    for cabin in garage.layout.cabins:
        garage.inject(cabin, FaultKind.BOOT_OPEN, 400)
    garage.until(lambda: order.state.is_over, 900)
    stored = garage.core.state.vehicles["low-1"]
    assert (order.state.value, stored.height_mm) == ("done", 2050)
    assert garage.layout.positions[stored.position or ""].limits.height_mm >= 2050
    assert garage.violations() == []


# --- another one -------------------------------------------------------------------------------------------------


def test_h06_another_car_than_the_one_that_was_ordered_is_turned_away() -> None:
    garage = Astray("tower-small")
    order = garage.store(VehicleSpec("known-1", length_mm=4300))
    garage.inject("cabin1", FaultKind.OTHER_CAR, 250)
    garage.until(lambda: order.state.is_over, 900)
    assert (order.state.value, order.outcome and order.outcome.code) == ("failed", "NOT_THE_ORDERED_CAR")
    assert garage.hardware.plant.scene.vehicles["other-1"].seat.kind is SeatKind.AWAY
    assert garage.core.state.vehicles["known-1"].position is None
    assert garage.violations() == []


# --- moved by hand -----------------------------------------------------------------------------------------------


def test_h06_a_car_taken_out_by_hand_is_missed_and_goes_out_of_the_books_by_a_persons_word() -> None:
    garage = Astray("tower-small")
    place = garage.core.state.vehicles["kuga-01"].position or ""
    early = ConfirmInventory(position=place, vehicle=None, person="Mia", gone=True)
    assert not isinstance(garage.demand(early), Accepted), "nothing has missed it yet"
    garage.inject(place, FaultKind.CAR_MOVED, peer="out")
    order = garage.retrieve("kuga-01")
    missed = f"empty-though-occupied.{place}"
    garage.until(lambda: waits_for(order).endswith("pick-front-occupied-left"), 120)
    assert "gone" in garage.found()[missed]
    answer = AnswerFinding(finding=missed, answer="gone", person="Mia")
    assert not isinstance(garage.demand(answer), Accepted), "its order still holds the place"
    garage.demand(WithdrawOrder(order=order.id))
    garage.until(lambda: order.state.is_over, 10)
    told = garage.demand(answer)
    assert isinstance(told, Accepted), told
    assert garage.core.state.vehicles["kuga-01"].position is None
    assert missed not in garage.found()
    assert garage.violations() == []


def test_h06_nothing_is_set_down_where_a_car_was_put_by_hand() -> None:
    garage = Astray("tower-small")
    car = garage.core.state.vehicles["mustang-01"]
    garage.inject(car.position or "", FaultKind.CAR_MOVED, peer="l1-c3-left")
    order = garage.order(SubmitOrder(kind="relocate", vehicle=VehicleData(id="kuga-01"), target="l1-c3-left"))
    garage.until(lambda: waits_for(order).endswith("place-front-free-left"), 200)
    garage.run(30)
    assert garage.core.state.vehicles["kuga-01"].position == "shuttle1-deck"
    assert "mustang-01" in garage.found()["occupied-though-free.l1-c3-left"]
    assert garage.violations() == []


# --- rolled away -------------------------------------------------------------------------------------------------


def test_h07_a_car_that_rolls_on_the_deck_stops_what_carries_it() -> None:
    garage = Astray("tower-small")
    order = garage.retrieve("kuga-01")
    shuttle, lift = garage.hardware.plant.shuttle("shuttle1"), garage.hardware.plant.lift("lift1")
    moves = (shuttle.axis, lift.axis)
    garage.until(
        lambda: garage.hardware.plant.vehicles_at("shuttle1-deck") != () and any(axis.moving for axis in moves), 200
    )
    garage.inject("shuttle1-deck", FaultKind.CAR_ROLLS, 390)
    garage.run(1.5)
    assert not any(axis.moving for axis in moves)
    garage.run(60)
    assert not any(axis.moving for axis in moves)
    assert waits_for(order)
    assert garage.violations() == []


def test_h07_a_car_that_rolled_in_its_place_is_not_carried_off_its_marks() -> None:
    garage = Astray("tower-small")
    place = garage.core.state.vehicles["kuga-01"].position or ""
    garage.inject(place, FaultKind.CAR_ROLLS, -300)
    order = garage.retrieve("kuga-01")
    garage.until(lambda: waits_for(order) == "FAULT", 200)
    garage.run(30)
    assert not garage.hardware.plant.shuttle("shuttle1").axis.moving
    assert garage.violations() == []
