"""Days that are drawn from a profile can be served, and the dispatcher serves all of them."""

from __future__ import annotations

from random import Random

import pytest

from benchmarks.days import SEED, went_wrong
from benchmarks.dispatch_garages import GARAGES
from controller.garage import Layout
from controller.planning.day import Day, Demand
from controller.planning.demand import Bookings, Hours, Profile, Returns, Stays, draw_day
from controller.planning.machine import Machine, Rules
from controller.planning.people import expected_visit
from controller.planning.planner import planner

PROFILE = Profile(
    (Hours(8, 10, 30, 0.5), Hours(10, 12, 0, 0.5)), 0.5, Bookings(0.5), Returns(0.5, (0.5, 1.0)), Stays(0.5, (0.2, 1.0))
)
PLACES = [f"p{n}" for n in range(40)]


def dice(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - days are reproducible


@pytest.mark.parametrize("name", list(GARAGES))
@pytest.mark.parametrize("turns", [False, True])
def test_random_days_never_lock_up(name: str, turns: bool) -> None:
    machine = Machine(Layout(GARAGES[name]()), rules=Rules(True, True, turns))
    assert [went_wrong(machine, SEED - 1 - seed) for seed in range(4)] == [""] * 4


def test_the_same_seed_draws_the_same_day_and_another_one_does_not() -> None:
    days = [draw_day(PROFILE, PLACES, dice(seed)) for seed in (1, 1, 2)]
    assert days[0] == days[1]
    assert days[0] != days[2]


def test_no_day_asks_for_a_car_that_is_not_there_nor_brings_one_into_a_full_garage() -> None:
    for seed in range(30):
        drawn = draw_day(Profile(PROFILE.hours, 0.95, stays=Stays(0.7)), PLACES, dice(seed))
        inside = set(drawn.stock.values())
        for wish in drawn.demand:
            if wish.kind == "retrieve":
                inside.remove(wish.vehicle)
            else:
                inside.add(wish.vehicle)
            assert len(inside) <= len(PLACES)


def test_customers_come_at_the_rate_and_in_the_mix_of_their_hours() -> None:
    hours = (Hours(6, 8, 60, 1.0), Hours(10, 12, 30, 0.0))
    drawn = [draw_day(Profile(hours, 0.5), [f"p{n}" for n in range(900)], dice(s)) for s in range(10)]
    early = [wish for day in drawn for wish in day.demand if wish.at_s < 8 * 3600]
    late = [wish for day in drawn for wish in day.demand if wish.at_s >= 10 * 3600]
    assert {wish.kind for wish in early} == {"store"}
    assert {wish.kind for wish in late} == {"retrieve"}
    assert 1000 < len(early) < 1400
    assert 500 < len(late) < 700


def test_a_car_that_is_booked_and_announced_stands_in_its_cabin_when_its_customer_comes() -> None:
    machine = Machine(Layout(GARAGES["tower"]()), rules=Rules(True, True))
    visit = expected_visit(machine.layout.config)
    for early_s, least_s, most_s in ((0.0, 60.0, 200.0), (150.0, 0.0, 30.0)):
        wish = Demand(1000.0, "retrieve", "car", visit, early_s=early_s)
        outcome = Day(machine, planner(), [wish], {"l9-c4-left": "car"}).run().outcomes[0]
        assert least_s <= outcome.wait_s <= most_s


def test_a_car_that_waited_long_enough_in_its_cabin_needs_no_turn_when_it_is_fetched() -> None:
    waits = []
    for turns in (False, True):
        machine = Machine(Layout(GARAGES["tower"]()), rules=Rules(True, True, turns))
        visit = expected_visit(machine.layout.config)
        demand = [Demand(0.0, "store", "car", visit), Demand(2000.0, "retrieve", "car", visit)]
        waits.append(Day(machine, planner(), demand, {}).run().outcomes[1].wait_s)
    turn_s = machine.timing.presenting_s("cabin1", turns=True) - machine.timing.presenting_s("cabin1", turns=False)
    assert waits[0] - waits[1] == pytest.approx(turn_s)
