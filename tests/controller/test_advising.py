"""The planner's advice in the core: a preference among what may begin, for the moment it was made for (ADR 0028)."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from controller.config.load import load_config
from controller.core.advising import REFRESH_MS
from controller.core.forecast import forecast
from controller.core.order import Order, OrderState
from controller.core.queue_facts import queue_facts
from controller.garage import Layout
from controller.local_link.booking_messages import AnnounceBooking, BookSlot
from controller.local_link.messages import Accepted, Start, SubmitOrder, VehicleData
from controller.planning.advice import Advice, Counsel, Picture, PlannerGone, PlannerReady
from controller.planning.advisor import Advisor
from tests.controller.resting_garage import RestingGarage

CONFIG = Path(__file__).parent.parent.parent / "config"


class Advised:
    """A tower with two cabins at rest, in automatic operation, and a planner whose words the test writes."""

    def __init__(self, name: str = "tower-guangzhou", **controller: int) -> None:
        config = load_config(CONFIG / f"{name}.toml")
        section = config.controller.model_copy(update=controller)
        self.garage = RestingGarage(Layout(config.model_copy(update={"controller": section})))
        self.picture: Picture | None = None
        self.garage.step(Start())
        self.garage.core.advise(PlannerReady())

    @property
    def cars(self) -> list[str]:
        return [vehicle.id for vehicle in self.garage.core.state.vehicles.values()]

    def order(self, car: str, cabin: str | None = None) -> Order:
        result = self.garage.step(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car), cabin=cabin))
        self.picture = result.picture or self.picture
        answer = result.answers[0].answer
        assert isinstance(answer, Accepted)
        assert answer.order is not None
        return self.garage.core.state.orders[answer.order.id]

    def step(self, ms: int = 20) -> None:
        self.garage.now_ms += ms - 20
        self.picture = self.garage.step().picture or self.picture

    def advise(self, *begins: Counsel, picture: int | None = None) -> None:
        assert self.picture is not None
        self.garage.core.advise(Advice(self.picture.number if picture is None else picture, list(begins), "TEST"))


def began(*orders: Order) -> list[bool]:
    return [order.state is not OrderState.WAITING for order in orders]


def test_the_order_that_the_advice_names_begins_first_and_in_its_cabin() -> None:
    tower = Advised()
    first, second = tower.order(tower.cars[0]), tower.order(tower.cars[1])
    tower.advise(Counsel(second.id, "cabin2"))
    tower.step()
    assert began(first, second) == [False, True]
    assert second.cabin == "cabin2"


def test_without_an_answer_the_rule_of_the_queue_decides_after_the_time_out_and_late_words_are_not_used() -> None:
    tower = Advised(planner_timeout_ms=100)
    first, second = tower.order(tower.cars[0]), tower.order(tower.cars[1])
    asked = tower.picture
    tower.step(60)
    assert began(first, second) == [False, False]
    tower.step(60)
    assert began(first, second) == [True, False]
    assert asked is not None
    tower.advise(Counsel(second.id, "cabin2"), picture=asked.number)
    tower.step()
    assert began(second) == [False], "it needs the lift that the first one has"


@pytest.mark.parametrize(
    "begins",
    [
        [Counsel("order-of-nobody", "cabin1")],
        [Counsel("o-999", "no-cabin", ("no-lift",), "no-place")],
    ],
)
def test_words_about_what_does_not_exist_hold_nobody_longer_than_the_bound(begins: list[Counsel]) -> None:
    tower = Advised(planner_hold_max_s=10)
    first = tower.order(tower.cars[0])
    tower.advise(*begins)
    tower.step()
    assert began(first) == [False], "a plan may keep the machine for what is about to end"
    for _ in range(9):
        tower.step(1000)
        tower.advise(*begins)
    assert began(first) == [False]
    tower.step(1000)
    assert began(first) == [True]


def test_a_cabin_that_does_not_exist_is_no_preference() -> None:
    tower = Advised()
    first = tower.order(tower.cars[0])
    tower.advise(Counsel(first.id, "no-cabin", ("no-lift",), "no-place"))
    tower.step()
    assert began(first) == [True]


def test_an_advice_to_another_picture_is_not_used() -> None:
    tower = Advised()
    first, second = tower.order(tower.cars[0]), tower.order(tower.cars[1])
    assert tower.picture is not None
    tower.advise(Counsel(second.id, "cabin2"), picture=tower.picture.number - 1)
    tower.step()
    assert began(first, second) == [False, False]
    tower.advise(Counsel(second.id, "cabin2"), picture=tower.picture.number + 1)
    tower.step(300)
    assert began(first, second) == [True, False]


def test_when_the_planner_is_gone_nobody_waits_for_it() -> None:
    tower = Advised(planner_timeout_ms=5000)
    first = tower.order(tower.cars[0])
    tower.garage.core.advise(PlannerGone("died"))
    tower.step()
    assert began(first) == [True]


def test_an_order_that_was_overtaken_enough_begins_whatever_the_advice_says() -> None:
    tower = Advised(overtaking_max=0)
    first, second = tower.order(tower.cars[0]), tower.order(tower.cars[1])
    tower.advise(Counsel(second.id, "cabin2"))
    tower.step()
    assert began(first, second) == [True, False]


def test_an_order_for_a_certain_cabin_is_not_in_the_picture_and_is_not_held() -> None:
    tower = Advised(planner_timeout_ms=5000)
    first = tower.order(tower.cars[0], cabin="cabin2")
    tower.step()
    assert began(first) == [True]
    assert tower.picture is None


def test_whoever_is_held_is_told_so_and_the_advice_is_asked_for_anew() -> None:
    tower = Advised(planner_hold_max_s=60)
    first = tower.order(tower.cars[0])
    tower.advise()
    tower.step()
    asked = tower.picture
    tower.step(600)
    assert first.waiting is not None
    assert first.waiting.code == "PLANNED_LATER"
    assert "60 s" in first.waiting.remedy
    tower.step(REFRESH_MS)
    assert asked is not None
    assert tower.picture is not None
    assert tower.picture.number == asked.number + 1


def test_the_memory_of_an_advice_goes_on_in_another_core() -> None:
    tower, other = Advised(), Advised()
    first, second = tower.order(tower.cars[0]), tower.order(tower.cars[1])
    tower.advise(Counsel(second.id, "cabin2"))
    other.garage.core.recall(tower.garage.core.memory())
    other.garage.now_ms = tower.garage.now_ms
    other.step()
    orders = other.garage.core.state.orders
    assert began(orders[first.id], orders[second.id]) == [False, True]


def test_a_unit_out_of_use_shows_in_the_picture_and_nothing_is_planned_with_it() -> None:
    shuttles = Advised("garage-shuttle")
    shuttles.garage.missing.add("lift1")
    shuttles.step()
    car = next(
        v.id for v in shuttles.garage.core.state.vehicles.values() if v.position is not None and v.position[:2] != "l0"
    )
    order = shuttles.order(car)
    assert shuttles.picture is not None
    advice = Advisor(shuttles.garage.layout).advise(shuttles.picture)
    (counsel,) = advice.begins
    assert counsel.order == order.id
    assert "lift1" not in counsel.movers
    shuttles.advise(counsel)
    shuttles.step()
    assert began(order) == [True]
    assert "lift1" not in order.claims


def test_the_same_picture_gives_the_same_advice() -> None:
    tower = Advised()
    for car in tower.cars[:4]:
        tower.order(car)
    assert tower.picture is not None
    one, two = (Advisor(tower.garage.layout).advise(tower.picture) for _ in range(2))
    assert one == two
    assert one.begins


def test_it_is_explained_who_is_before_an_order_and_who_overtook_it_under_which_bound() -> None:
    tower = Advised(overtaking_max=1)
    first, second = tower.order(tower.cars[0]), tower.order(tower.cars[1])
    assert "It waits first of all." in queue_facts(tower.garage.situation(), first)
    assert f"Before it waits {first.id}." in queue_facts(tower.garage.situation(), second)
    tower.advise(Counsel(second.id, "cabin2"))
    tower.step()
    facts = queue_facts(tower.garage.situation(), first)
    assert f"{second.id} came later and began before it: 1 of at most 1." in facts
    assert any("bound on overtaking (1) is reached" in fact for fact in facts)
    assert any(fact.startswith("Its car is expected in ") for fact in facts)
    assert any(fact.startswith("When it was accepted it was promised within ") for fact in facts)


def test_a_time_is_promised_with_the_acceptance_and_runs_down_while_nothing_happens() -> None:
    tower = Advised()
    first = tower.order(tower.cars[0])
    assert first.promise is not None
    assert first.promise.early_ms <= first.promise.eta_ms <= first.promise.late_ms
    tower.garage.core.advise(PlannerGone(""))
    for _ in range(4):
        tower.step()
    assert any(box.pending and box.pending.released_ms for box in tower.garage.core.state.mailboxes.values())
    told = [forecast(tower.garage.situation())[first.id].at_ms]
    for _ in range(10):
        tower.garage.now_ms += 100
        told.append(forecast(tower.garage.situation())[first.id].at_ms)
    assert max(told) - min(told) < 100, "a moment stays the same while its command takes its time"


def announced(tower: Advised, car: str, in_s: int) -> str:
    """A booking of a car, made for later, whose customer is on the way."""
    begin_ms = tower.garage.now().unix_ms + 600_000
    wish = BookSlot(kind="retrieve", vehicle=car, from_ms=begin_ms, to_ms=begin_ms + 600_000)
    answer = tower.garage.step(wish).answers[0].answer
    assert isinstance(answer, Accepted)
    assert answer.booking is not None
    tower.garage.step(AnnounceBooking(booking=answer.booking.id, arrival_s=in_s))
    return answer.booking.id


def test_the_picture_has_who_is_on_the_way_and_an_advice_to_begin_makes_their_order() -> None:
    tower = Advised()
    booking = announced(tower, tower.cars[2], 250)
    first = tower.order(tower.cars[0])
    assert tower.picture is not None
    seen = {one.booking: one for one in tower.picture.booked}
    assert seen[booking].vehicle == tower.cars[2]
    assert 240 < seen[booking].due_s < 250
    tower.advise(Counsel(booking, "cabin2"), Counsel(first.id, "cabin1"))
    tower.step()
    made = tower.garage.core.state.bookings.all[booking]
    assert made.order is not None
    assert made.order != first.id


def test_a_plan_fetches_a_car_for_who_is_nearly_there_and_lets_nobody_wait_for_who_is_far() -> None:
    tower = Advised()
    far = announced(tower, tower.cars[2], 290)
    first = tower.order(tower.cars[0])
    assert tower.picture is not None
    advisor = Advisor(tower.garage.layout)
    told = advisor.advise(tower.picture)
    assert [one.order for one in told.begins][:1] == [first.id]
    assert far not in {one.order for one in told.begins}, "it would wait in its cabin for minutes"
    alone = msgspec.structs.replace(tower.picture, waiting=[])
    assert advisor.advise(alone).begins == []
    near = msgspec.structs.replace(alone.booked[0], due_s=60.0)
    told = advisor.advise(msgspec.structs.replace(alone, booked=[near]))
    assert [one.order for one in told.begins] == [far], "it is fetched before its customer is there"
