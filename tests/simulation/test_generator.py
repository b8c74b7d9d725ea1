"""H19: mains lost, a generator that carries few drives, mains back: whole garages in virtual time."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.campaign.generator_share import GeneratorShare
from controller.config.load import load_config
from controller.config.models import PowerSection
from controller.core.events import CommandIntended, OrderWaiting
from controller.core.order import Order, OrderState
from controller.local_link.messages import CycleView, SubmitOrder, VehicleData
from plc_drivers.contract import CommandCode
from sim_hardware.fault import Fault, FaultKind
from tests.simulation.virtual_garage import HurriedGarage

CONFIG = Path(__file__).parent.parent.parent / "config"
GARAGES = ("tower-small", "tower-guangzhou", "garage-shuttle")
CYCLE = CycleView(period_ms=100, cycles=1, overruns=0, late_p50_us=0, late_p99_us=0, late_max_us=0)
DOORS = {CommandCode.OPEN_OUTER_DOOR, CommandCode.CLOSE_OUTER_DOOR}


class Supplied(HurriedGarage):
    """A started garage whose mains and generator come and go; every cycle is counted from outside."""

    def __init__(self, name: str, movers: int = 1) -> None:
        power = PowerSection(generator_movers_max=movers, settle_s=2)
        super().__init__(load_config(CONFIG / f"{name}.toml").model_copy(update={"power": power}))
        self.share = GeneratorShare(self)
        self.begin()

    def cycle(self) -> None:
        super().cycle()
        assert self.share.look() == ""

    def supply(self, feed: str) -> None:
        """Set what feeds the machine from now on: mains, generator, or nothing."""
        self.hardware.faults.clear("site")
        if feed != "mains":
            kind = FaultKind.GENERATOR if feed == "generator" else FaultKind.MAINS_LOST
            self.hardware.faults.inject(Fault("site", kind))

    def retrieve(self, car: str) -> Order:
        return self.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))

    def relocate(self, level: int) -> Order:
        """Move the first car of a level to another place of it."""
        car, _ = next((car, at) for car, at in self.stored() if at.startswith(f"l{level}-"))
        vehicle = self.core.state.vehicles[car]
        free = (place.id for place in self.layout.storage() if place.id not in self.core.state.occupant)
        target = next(
            at for at in free if at.startswith(f"l{level}-") and not vehicle.misfits(self.layout.positions[at].limits)
        )
        return self.order(SubmitOrder(kind="relocate", vehicle=VehicleData(id=car), target=target))

    def stored(self) -> list[tuple[str, str]]:
        """Every car with its position."""
        return [(v.id, v.position) for v in self.core.state.vehicles.values() if v.position is not None]

    def intended(self, after: int) -> list[CommandIntended]:
        """Commands other than those of the doors to people, since an event."""
        found = [record.event for record in self.journal if record.seq > after]
        return [one for one in found if isinstance(one, CommandIntended) and CommandCode(one.code) not in DOORS]

    def reasons(self) -> set[str]:
        """What status shows of the whole garage."""
        shown = self.core.snapshot(self.image, self.verdict, self.now(), (), CYCLE, 1)
        return {reason.code for reason in shown.reasons}

    def told(self, order: Order) -> set[str]:
        """Every reason that the order has ever waited for."""
        found = (record.event for record in self.journal)
        return {one.code for one in found if isinstance(one, OrderWaiting) and one.order == order.id}


def cars(garage: HurriedGarage, count: int) -> list[str]:
    """Cars from all over the garage."""
    every = list(garage.core.state.vehicles)
    return list(dict.fromkeys(every[i * (len(every) - 1) // max(1, count - 1)] for i in range(count)))


def moving(garage: Supplied) -> list[str]:
    """Lifts and shuttles that do not stand."""
    movers = [*garage.layout.lifts, *garage.layout.shuttles]
    return [name for name in movers if garage.image[name].value("standstill") is False]


@pytest.mark.parametrize("name", GARAGES)
def test_h19_without_supply_what_moves_ends_and_nothing_begins_until_it_is_back(name: str) -> None:
    garage = Supplied(name)
    order = garage.retrieve(cars(garage, 2)[1])
    garage.until(lambda: bool(moving(garage)), 60)
    garage.supply("nothing")
    garage.run(1)
    seq = garage.core.last_seq
    waiting = garage.retrieve(cars(garage, 2)[0])
    garage.run(120)
    assert garage.intended(seq) == []
    assert all(box.pending is None for box in garage.core.state.mailboxes.values())
    assert all(box.last is None or box.last.ok for box in garage.core.state.mailboxes.values())
    assert garage.core.state.blocks == {}
    assert waiting.state is OrderState.WAITING
    assert waiting.waiting is not None
    assert waiting.waiting.code == "MAINS_LOST"
    garage.supply("mains")
    garage.until(lambda: order.state.is_over and waiting.state.is_over, 1200)
    assert (order.state, waiting.state) == (OrderState.DONE, OrderState.DONE)
    assert garage.violations() == []


@pytest.mark.parametrize("movers", [1, 2])
@pytest.mark.parametrize("name", GARAGES)
def test_h19_on_the_generator_cars_come_out_one_after_the_other_and_none_goes_in(name: str, movers: int) -> None:
    garage = Supplied(name, movers)
    garage.supply("generator")
    garage.run(1)
    orders = [garage.retrieve(car) for car in cars(garage, 4)]
    store = garage.order(SubmitOrder(kind="store", vehicle=VehicleData(id="new-1")))
    garage.until(lambda: all(order.state.is_over for order in orders), 3600)
    assert {order.state for order in orders} == {OrderState.DONE}, garage.picture()
    assert garage.share.begun > 20
    assert store.state is OrderState.WAITING
    assert garage.told(store) == {"ON_GENERATOR"}
    garage.supply("mains")
    garage.until(lambda: store.state is not OrderState.WAITING, 30)
    assert garage.violations() == []


def test_h19_orders_that_ran_on_the_mains_are_finished_one_by_one_on_the_generator() -> None:
    garage = Supplied("garage-shuttle")
    orders = [garage.relocate(level) for level in (1, 2, 3, 4)]
    garage.until(lambda: len(moving(garage)) >= 3, 30)
    garage.supply("nothing")
    garage.until(lambda: not moving(garage), 60)
    seq = garage.core.last_seq
    garage.run(20)
    assert garage.intended(seq) == []
    garage.supply("generator")
    garage.until(lambda: all(order.state.is_over for order in orders), 1200)
    assert {order.state for order in orders} == {OrderState.DONE}
    assert garage.share.begun >= 4
    assert "GENERATOR_BUSY" in set().union(*(garage.told(order) for order in orders))
    assert garage.violations() == []


def test_h07_a_car_that_was_picked_up_arrives_before_another_one_moves() -> None:
    garage = Supplied("garage-shuttle")
    garage.supply("generator")
    garage.run(3)
    orders = [garage.retrieve(car) for car in cars(garage, 4)]
    between: set[str] = set()

    def is_over() -> bool:
        decks = {shuttle.deck for shuttle in garage.layout.shuttles.values()}
        platforms = {lift.platform for lift in garage.layout.lifts.values()}
        here = {o.vehicle for o in orders if garage.core.state.vehicles[o.vehicle].position in decks | platforms}
        between.update(here)
        assert len(here) <= 1
        return all(order.state.is_over for order in orders)

    garage.until(is_over, 3600)
    assert between == {order.vehicle for order in orders}


def test_h19_an_order_that_waits_for_a_person_does_not_keep_the_others_from_their_cars() -> None:
    garage = Supplied("garage-shuttle")
    stuck = garage.relocate(3)
    garage.until(lambda: stuck.state is OrderState.ACTIVE, 30)
    garage.hardware.faults.inject(Fault("shuttle3.drive", FaultKind.DRIVE_TRIP))
    garage.until(lambda: stuck.waiting is not None and stuck.waiting.code == "DEVICE_STOPPED", 120)
    garage.supply("generator")
    other = garage.retrieve(next(car for car, at in garage.stored() if at.startswith("l0-")))
    garage.until(lambda: other.state.is_over, 900)
    assert (other.state, stuck.state) == (OrderState.DONE, OrderState.ACTIVE)


def test_h19_a_car_is_moved_aside_on_the_generator_only_where_somebody_waits_behind_it() -> None:
    garage = Supplied("garage-shuttle")
    garage.supply("generator")
    order = garage.relocate(2)
    garage.run(60)
    assert order.waiting is not None
    assert (order.state, order.waiting.code) == (OrderState.WAITING, "ON_GENERATOR")
    garage.supply("mains")
    garage.until(lambda: order.state is OrderState.DONE, 300)


def test_h02_people_are_let_out_of_a_cabin_whatever_feeds_the_machine() -> None:
    garage = Supplied("tower-small")
    cabin = next(iter(garage.layout.cabins))
    car = cars(garage, 2)[1]
    order = garage.retrieve(car)
    garage.until(lambda: garage.core.state.cabin(cabin).phase == "opening", 600)
    garage.supply("nothing")
    garage.until(lambda: garage.image[cabin].value("outer_open") is True, 60)
    assert garage.core.state.cabin(cabin).phase == "leaving"
    assert order.state is OrderState.ACTIVE


def test_a_supply_that_comes_and_goes_starts_nothing() -> None:
    garage = Supplied("tower-small")
    garage.supply("nothing")
    garage.run(1)
    seq = garage.core.last_seq
    order = garage.retrieve(cars(garage, 2)[1])
    for _ in range(10):
        garage.supply("mains")
        garage.run(1.5)
        garage.supply("nothing")
        garage.run(1.5)
    assert garage.intended(seq) == []
    assert order.state is OrderState.WAITING
    assert garage.told(order) <= {"MAINS_LOST", "SUPPLY_SETTLING"}
    assert garage.told(order)


def test_status_and_explain_tell_what_feeds_the_machine() -> None:
    garage = Supplied("tower-small")
    garage.supply("generator")
    garage.run(1)
    order = garage.order(SubmitOrder(kind="store", vehicle=VehicleData(id="new-1")))
    garage.run(2)
    assert order.waiting is not None
    assert (order.waiting.code, bool(order.waiting.text), bool(order.waiting.remedy)) == ("ON_GENERATOR", True, True)
    assert "ON_GENERATOR" in garage.reasons()
    garage.supply("nothing")
    garage.run(2)
    assert "MAINS_LOST" in garage.reasons()
