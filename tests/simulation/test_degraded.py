"""A garage with a unit out of use: what can still be done is done, and each car says which unit it lacks."""

from __future__ import annotations

import pytest

from controller.config.load import load_config
from controller.core.log import EventLog
from controller.core.order import OrderState
from controller.core.service import out_of_use, unreachable
from controller.core.situation import Situation
from controller.local_link.messages import Accepted, ClearDevice, Start, SubmitOrder, VehicleData
from safety.refusal import Refusal
from tests.conftest import CONFIG_FOLDER
from tests.simulation.virtual_garage import VirtualGarage


@pytest.fixture
def garage() -> VirtualGarage:
    """The shuttle garage in automatic operation, eight times as fast."""
    made = VirtualGarage(load_config(CONFIG_FOLDER / "garage-shuttle.toml"), speed=8, strangers=True)
    made.run(3)
    assert isinstance(made.demand(ClearDevice(device="all", actor="test")), Accepted)
    made.run(3)
    assert isinstance(made.demand(Start(actor="test")), Accepted)
    made.until(lambda: not made.core.state.held, 5)
    return made


def take_out(garage: VirtualGarage, *units: str) -> None:
    """The PLCs of these units answer no more."""
    garage.cut.update(units)
    garage.until(lambda: out_of_use(situation(garage)).keys() >= set(units), 5)


def situation(garage: VirtualGarage) -> Situation:
    """The garage at this moment, as a decider sees it."""
    core = garage.core
    return Situation(core.layout, core.state, garage.image, garage.verdict, EventLog(core.state, garage.now()))


def reasons(garage: VirtualGarage) -> dict[str, Refusal | None]:
    """For each car why it cannot be had."""
    now = situation(garage)
    out = out_of_use(now)
    return {
        car: next(iter(unreachable(now, vehicle, out)), None) for car, vehicle in garage.core.state.vehicles.items()
    }


def level_of(garage: VirtualGarage, car: str) -> int | None:
    """The level on which a car stands."""
    position = garage.core.state.vehicles[car].position
    return None if position is None else garage.layout.positions[position].level


def test_with_everything_in_use_every_car_can_be_had(garage: VirtualGarage) -> None:
    assert set(reasons(garage).values()) == {None}


def test_a_shuttle_that_is_out_takes_its_level_with_it_and_no_other(garage: VirtualGarage) -> None:
    take_out(garage, "shuttle2")
    for car, reason in reasons(garage).items():
        if level_of(garage, car) == 2:
            assert reason is not None
            assert "shuttle2" in reason.text
        else:
            assert reason is None, car


def test_one_lift_of_two_takes_nothing_and_both_take_every_upper_level(garage: VirtualGarage) -> None:
    take_out(garage, "lift1")
    assert set(reasons(garage).values()) == {None}
    take_out(garage, "lift2")
    for car, reason in reasons(garage).items():
        assert (reason is None) == (level_of(garage, car) == 0), car
        assert reason is None or "lift" in reason.text


def test_the_ground_floor_s_shuttle_takes_the_whole_garage(garage: VirtualGarage) -> None:
    take_out(garage, "shuttle0")
    assert all(reason is not None and "shuttle0" in reason.text for reason in reasons(garage).values())


def test_cabins_that_are_out_are_told_only_when_none_is_left(garage: VirtualGarage) -> None:
    take_out(garage, "cabin1", "cabin2")
    assert set(reasons(garage).values()) == {None}
    take_out(garage, "cabin3")
    assert all(reason is not None and "cabin" in reason.text for reason in reasons(garage).values())


def test_a_car_is_brought_over_the_other_lift_while_one_is_out(garage: VirtualGarage) -> None:
    car = next(car for car in garage.core.state.vehicles if level_of(garage, car) == 1)
    take_out(garage, "lift1")
    order = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))
    garage.until(lambda: order.state is OrderState.DONE, 600)
    assert {leg.shuttle for leg in order.legs} == {"shuttle1", "shuttle0"}
    assert not garage.violations()


def test_a_new_car_goes_where_a_unit_in_use_can_bring_it(garage: VirtualGarage) -> None:
    """The nearest places are those of the ground floor; with the shuttle of the nearest upper level out, another."""
    take_out(garage, "shuttle1")
    order = garage.order(SubmitOrder(kind="store", vehicle=VehicleData(id="new-01")))
    garage.until(lambda: order.state is OrderState.DONE, 900)
    assert level_of(garage, "new-01") != 1
    assert not garage.violations()


def test_nobody_is_let_in_whose_car_could_only_stand_in_the_cabin(garage: VirtualGarage) -> None:
    take_out(garage, "shuttle0")
    order = garage.order(SubmitOrder(kind="store", vehicle=VehicleData(id="new-01")))
    garage.run(20)
    assert order.state is OrderState.WAITING
    assert order.waiting is not None
    assert "shuttle0" in order.waiting.text
    garage.cut.clear()
    garage.run(5)
    assert isinstance(garage.demand(ClearDevice(device="all", actor="test")), Accepted)
    garage.run(3)
    garage.demand(Start(actor="test"))
    garage.until(lambda: order.state is OrderState.DONE, 900)
