"""The exact search against brute force: on tiny instances every sequence of acts is tried, without any bound."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from controller.config.load import load_config
from controller.garage import Layout
from controller.planning.machine import KINDS, NEVER_S, Machine, MachineState, Rules, Task
from controller.planning.people import drawn_visit, expected_visit
from controller.planning.search import Effort, Plan, search

CONFIG = Path(__file__).parent.parent.parent.parent / "config"


def machine_of(name: str, *, early: bool, overlaps: bool = False) -> Machine:
    return Machine(Layout(load_config(CONFIG / f"{name}.toml")), rules=Rules(early, overlaps))


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


def brute_force(
    machine: Machine, state: MachineState, left: tuple[Task, ...], pending: dict[str, Task], last_s: float = 0.0
) -> float:
    """The least sum of waits over every sequence of acts, cabins and routes.

    Where legs overlap an act may also wait until the one before it has begun; elsewhere that is never better.
    """
    if not left:
        return 0.0
    best = float("inf")
    hold_s = last_s if machine.rules.overlaps_legs else 0.0
    for task in left:
        others = tuple(other for other in left if other is not task)
        for cabin in machine.layout.cabins:
            if state.cabin_s[cabin] == NEVER_S:
                continue
            if task.kind == "store":
                after = state.copy()
                served = machine.invite(after, task, cabin, hold_s)
                rest_s = brute_force(machine, after, others, {**pending, cabin: task}, served.began_s)
                best = min(best, served.served_s - task.due_s + rest_s)
                continue
            for route in machine.ways(task.place, machine.layout.cabins[cabin].position):
                after = state.copy()
                served = machine.retrieve(after, task, cabin, route, hold_s)
                rest_s = brute_force(machine, after, others, pending, served.began_s)
                best = min(best, served.served_s - task.due_s + rest_s)
    for cabin, task in pending.items():
        for route in machine.ways(machine.layout.cabins[cabin].position, task.place):
            after = state.copy()
            began_s = machine.put(after, cabin, route, hold_s).began_s
            rest = {name: other for name, other in pending.items() if name != cabin}
            best = min(best, brute_force(machine, after, left, rest, began_s))
    return best


def replayed_wait_s(machine: Machine, plan: Plan) -> float:
    """What a plan's customers wait when its acts are carried out one after another from the machine at rest."""
    state, total = machine.at_rest(), 0.0
    for act in plan.acts:
        match act.kind:
            case "invite":
                total += machine.invite(state, act.task, act.cabin, act.began_s).served_s - act.task.due_s
            case "retrieve" if act.route is not None:
                served = machine.retrieve(state, act.task, act.cabin, act.route, act.began_s)
                total += served.served_s - act.task.due_s
            case _ if act.route is not None:
                machine.put(state, act.cabin, act.route, act.began_s)
    return total


CASES = [("tower-small", 4, seed, seed % 2 == 0, False) for seed in range(8)]
CASES += [("tower-guangzhou", 3 + seed % 2, 100 + seed, seed % 2 == 1, False) for seed in range(8)]
CASES += [("garage-shuttle", 3, 200 + seed, seed % 2 == 0, False) for seed in range(4)]
CASES += [("garage-shuttle", 3, 300 + seed, True, True) for seed in range(4)]


@pytest.mark.parametrize(("name", "count", "seed", "early", "overlaps"), CASES)
def test_the_proven_plan_is_as_good_as_the_best_of_all_sequences(
    name: str, count: int, seed: int, early: bool, overlaps: bool
) -> None:
    machine = machine_of(name, early=early, overlaps=overlaps)
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


@pytest.mark.parametrize("overlaps", [False, True])
def test_no_plan_is_below_its_bound_where_cars_change_over_from_shuttle_to_shuttle(overlaps: bool) -> None:
    machine = machine_of("garage-shuttle", early=True, overlaps=overlaps)
    visit = expected_visit(machine.layout.config)
    above = [place.id for place in machine.layout.storage() if place.level == 5]
    for count in (6, 12):
        # All over the ground shuttle, which is given back when the car stands on the lift.
        tasks = [Task(f"o{n}", "store", above[3 * n], visit) for n in range(count)]
        plan = search(machine, machine.at_rest(), tasks, effort=Effort(beam=8, nodes_max=0))
        assert plan.bound_s <= plan.wait_s


def test_going_on_with_an_older_plan_is_never_worse_than_it() -> None:
    machine = machine_of("tower-guangzhou", early=True)
    tasks = instance(machine, 7, 12)
    best = search(machine, machine.at_rest(), tasks)
    blind = Effort(beam=1, tries_max=1, nodes_max=0)
    assert search(machine, machine.at_rest(), tasks, effort=blind).wait_s > best.wait_s
    again = search(machine, machine.at_rest(), tasks, effort=blind, seed=best.acts)
    assert again.wait_s == pytest.approx(best.wait_s)


def test_a_shuttle_above_is_claimed_late_and_the_lift_given_back_early_where_legs_overlap() -> None:
    plain, overlapping = (machine_of("garage-shuttle", early=True, overlaps=overlaps) for overlaps in (False, True))
    visit = expected_visit(plain.layout.config)
    task = Task("o", "retrieve", "l3-c12-left", visit)
    states = []
    for machine in (plain, overlapping):
        state = machine.at_rest()
        state.mover_s["shuttle0"] = 60.0
        route = machine.ways(task.place, machine.layout.cabins["cabin2"].position)[0]
        states.append((state, machine.retrieve(state, task, "cabin2", route), route))
    (_, slow, _), (state, quick, route) = states
    assert slow.began_s == 60.0
    assert quick.began_s == 0.0
    assert quick.served_s < slow.served_s - 30
    lift = next(iter(route.movers & machine.layout.lifts.keys()))
    assert state.mover_s[lift] < state.mover_s["shuttle0"] < quick.served_s
