"""The dispatcher on the fast model: nobody starves, nothing locks up, and decisions are the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.config.load import load_config
from controller.garage import Layout
from controller.planning.day import Day, Policy, Result
from controller.planning.machine import Machine, Rules
from controller.planning.peers import FirstCome, NearestFirst
from controller.planning.planner import OVERTAKING_MAX, planner
from controller.planning.search import Effort
from tests.controller.planning.random_demand import demand_of

CONFIG = Path(__file__).parent.parent.parent.parent / "config"
QUICK = Effort(beam=2, nodes_max=0)
GARAGES = ("tower-small", "tower-guangzhou", "garage-shuttle")


def machine_of(name: str) -> Machine:
    return Machine(Layout(load_config(CONFIG / f"{name}.toml")), rules=Rules(fetches_early=True, overlaps_legs=True))


def day(machine: Machine, policy: Policy, seed: int, count: int, gap_s: float) -> Result:
    """Customers at random moments; half fetch a car that stands there, half bring one."""
    demand, stock = demand_of(machine, seed, count, gap_s)
    return Day(machine, policy, demand, stock).run()


def overtaken(result: Result) -> dict[int, int]:
    """For each order, how many that were accepted later began before it. Numbers grow with acceptance."""
    numbered = [(int(outcome.order[1:]), outcome.began_s) for outcome in result.outcomes]
    return {number: sum(n > number and s < began_s for n, s in numbered) for number, began_s in numbered}


@pytest.mark.parametrize("bound", [0, 2, 5])
@pytest.mark.parametrize("name", ["tower-guangzhou", "garage-shuttle"])
def test_nobody_is_overtaken_more_often_than_the_bound_in_a_rush(name: str, bound: int) -> None:
    result = day(machine_of(name), planner(overtaking_max=bound, effort=QUICK), 31, count=30, gap_s=30)
    assert result.unserved == 0
    assert max(overtaken(result).values()) <= bound


@pytest.mark.parametrize("name", GARAGES)
def test_random_days_end_with_everybody_served(name: str) -> None:
    machine = machine_of(name)
    for seed in range(12):
        result = day(machine, planner(effort=QUICK), 1000 + seed, count=24, gap_s=20 + 15 * (seed % 6))
        assert (result.unserved, result.refused) == (0, 0), seed
        assert len(result.outcomes) == 24


@pytest.mark.parametrize("name", GARAGES)
def test_the_same_seed_gives_the_same_day(name: str) -> None:
    machine = machine_of(name)
    runs = [day(machine, planner(effort=QUICK), 77, count=16, gap_s=40).outcomes for _ in range(2)]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("name", GARAGES)
def test_simple_rules_serve_everybody_too(name: str) -> None:
    machine = machine_of(name)
    for rule in (FirstCome(), FirstCome(looks_ahead=True), NearestFirst()):
        assert day(machine, rule, 5, count=24, gap_s=45).unserved == 0


def test_planning_ahead_makes_a_busy_tower_wait_less_than_first_come() -> None:
    machine = machine_of("tower-guangzhou")
    seeds = range(500, 504)
    ours = sum(day(machine, planner(), seed, count=24, gap_s=85).mean_wait_s for seed in seeds)
    first = sum(day(machine, FirstCome(), seed, count=24, gap_s=85).mean_wait_s for seed in seeds)
    assert ours < 0.9 * first


def test_the_bound_that_is_planned_with_is_that_of_a_garage_that_sets_none() -> None:
    assert machine_of("tower-small").layout.config.controller.overtaking_max == OVERTAKING_MAX
