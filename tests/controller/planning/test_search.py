"""The exact search against brute force: on tiny instances every sequence of acts is tried, without any bound."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from controller.config.load import load_config
from controller.garage import Layout
from controller.planning.machine import KINDS, NEVER_S, Machine, MachineState, Rules, Task
from controller.planning.people import drawn_visit
from controller.planning.search import Effort, Plan, search

CONFIG = Path(__file__).parent.parent.parent.parent / "config"


def machine_of(name: str, *, early: bool) -> Machine:
    return Machine(Layout(load_config(CONFIG / f"{name}.toml")), rules=Rules(fetches_early=early))


def instance(machine: Machine, count: int, seed: int) -> tuple[Task, ...]:
    """Customers who ask within two minutes, for random places, each with times of their own."""
    dice = Random(seed)  # noqa: S311 - instances must be reproducible
    places = dice.sample([place.id for place in machine.layout.storage()], count)
    return tuple(
        Task(
            f"o{number}",
            dice.choice(KINDS),
            place,
            drawn_visit(machine.layout.config, dice.uniform),
            due_s=dice.choice((0.0, 0.0, dice.uniform(0, 120))),
            is_turned=dice.random() < 0.5,
        )
        for number, place in enumerate(places)
    )


def brute_force(machine: Machine, state: MachineState, left: tuple[Task, ...], pending: dict[str, Task]) -> float:
    """The least sum of waits over every sequence of acts, cabins and routes."""
    if not left:
        return 0.0
    best = float("inf")
    for task in left:
        others = tuple(other for other in left if other is not task)
        for cabin in machine.layout.cabins:
            if state.cabin_s[cabin] == NEVER_S:
                continue
            if task.kind == "store":
                after = state.copy()
                wait_s = machine.invite(after, task, cabin).served_s - task.due_s
                best = min(best, wait_s + brute_force(machine, after, others, {**pending, cabin: task}))
                continue
            for route in machine.ways(task.place, machine.layout.cabins[cabin].position):
                after = state.copy()
                wait_s = machine.retrieve(after, task, cabin, route).served_s - task.due_s
                best = min(best, wait_s + brute_force(machine, after, others, pending))
    for cabin, task in pending.items():
        for route in machine.ways(machine.layout.cabins[cabin].position, task.place):
            after = state.copy()
            machine.put(after, cabin, route)
            rest = {name: other for name, other in pending.items() if name != cabin}
            best = min(best, brute_force(machine, after, left, rest))
    return best


def replayed_wait_s(machine: Machine, plan: Plan) -> float:
    """What a plan's customers wait when its acts are carried out one after another from the machine at rest."""
    state, total = machine.at_rest(), 0.0
    for act in plan.acts:
        match act.kind:
            case "invite":
                total += machine.invite(state, act.task, act.cabin).served_s - act.task.due_s
            case "retrieve" if act.route is not None:
                total += machine.retrieve(state, act.task, act.cabin, act.route).served_s - act.task.due_s
            case _ if act.route is not None:
                machine.put(state, act.cabin, act.route)
    return total


CASES = [("tower-small", 4, seed, seed % 2 == 0) for seed in range(8)]
CASES += [("tower-guangzhou", 3 + seed % 2, 100 + seed, seed % 2 == 1) for seed in range(8)]
CASES += [("garage-shuttle", 3, 200 + seed, seed % 2 == 0) for seed in range(4)]


@pytest.mark.parametrize(("name", "count", "seed", "early"), CASES)
def test_the_proven_plan_is_as_good_as_the_best_of_all_sequences(name: str, count: int, seed: int, early: bool) -> None:
    machine = machine_of(name, early=early)
    tasks = instance(machine, count, seed)
    plan = search(machine, machine.at_rest(), tasks)
    assert plan.is_proven
    assert plan.wait_s == pytest.approx(brute_force(machine, machine.at_rest(), tasks, {}), abs=1e-6)
    assert plan.wait_s == pytest.approx(replayed_wait_s(machine, plan), abs=1e-6)
    served = [act.task.id for act in plan.acts if act.kind != "put"]
    assert sorted(served) == sorted(task.id for task in tasks)


def test_a_search_that_is_cut_short_says_so_and_keeps_its_promise() -> None:
    machine = machine_of("tower-guangzhou", early=True)
    tasks = instance(machine, 7, 5)
    short = search(machine, machine.at_rest(), tasks, effort=Effort(nodes_max=0))
    whole = search(machine, machine.at_rest(), tasks)
    assert whole.is_proven
    assert not short.is_proven
    assert short.bound_s <= whole.wait_s <= short.wait_s


def test_nobody_is_served_twice_and_an_empty_list_is_no_plan() -> None:
    machine = machine_of("tower-small", early=False)
    plan = search(machine, machine.at_rest(), ())
    assert plan.acts == ()
    assert plan.wait_s == 0
