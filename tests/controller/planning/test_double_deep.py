"""Places two deep on the fast model: who is behind another car is fetched, and nothing shuts itself in."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from controller.config.load import load_config
from controller.garage import Layout
from controller.planning.bound import Bound
from controller.planning.day import Begin, Day, Demand, Policy, View
from controller.planning.demand import Bookings, Hours, Profile, Returns, Stays, draw_day_of
from controller.planning.depth import later_relocations, placing_s, relocation_s
from controller.planning.machine import Machine, MachineState, Rules, Task
from controller.planning.peers import FirstCome, NearestFirst, put, random_place
from controller.planning.people import expected_visit
from controller.planning.places import Places, fillable, settled
from controller.planning.planner import Planner, planner
from controller.planning.search import Effort, search

CONFIG = Path(__file__).parent.parent.parent.parent / "config"
FRONT, REAR, OTHER, OTHER_REAR = "l1-c1-left", "l1-c1-left-2", "l1-c3-left", "l1-c3-left-2"
RIGHT_REARS = ("l1-c1-right-2", "l1-c3-right-2")


def layout_of(levels: tuple[int, ...] = (1,)) -> Layout:
    """The small tower with places two deep: 8 on each level."""
    config = load_config(CONFIG / "tower-small.toml")
    block = config.places[0].model_copy(update={"levels": levels, "depths": (1, 2)})
    return Layout(config.model_copy(update={"places": (block,), "vehicles": ()}))


LAYOUT = layout_of()
MACHINE = Machine(LAYOUT, rules=Rules(fetches_early=True, overlaps_legs=True))
VISIT = expected_visit(LAYOUT.config)


def wait_s(policy: Policy, stock: dict[str, str], *wishes: Demand) -> list[float]:
    result = Day(MACHINE, policy, wishes, stock).run()
    assert (result.unserved, result.refused) == (0, 0)
    return [outcome.wait_s for outcome in sorted(result.outcomes, key=lambda outcome: outcome.order)]


def fetch(vehicle: str, at_s: float = 0.0) -> Demand:
    return Demand(at_s, "retrieve", vehicle, VISIT)


@pytest.mark.parametrize("policy", [FirstCome(), FirstCome(looks_ahead=True), NearestFirst(), planner()])
def test_a_car_behind_another_one_is_there_after_a_relocation_and_a_retrieval(policy: Policy) -> None:
    stock = {REAR: "mine", FRONT: "its", OTHER_REAR: "third"}
    state = MACHINE.at_rest()
    # Before "third" would be nearer, but that car may leave first.
    asides = RIGHT_REARS if isinstance(policy, Planner) else (*RIGHT_REARS, OTHER)
    aside = min((MACHINE.ways(FRONT, place)[0] for place in asides), key=lambda way: way.estimate_s)
    MACHINE.relocate(state, aside)
    way = MACHINE.ways(REAR, LAYOUT.cabins["cabin1"].position)[0]
    served = MACHINE.retrieve(state, Task("o0", "retrieve", REAR, VISIT), "cabin1", way)
    assert wait_s(policy, stock, fetch("mine")) == [pytest.approx(served.served_s)]


def test_a_car_before_it_that_is_wanted_too_is_not_moved_twice() -> None:
    stock = {REAR: "mine", FRONT: "its"}
    result = Day(MACHINE, planner(), [fetch("mine"), fetch("its")], stock).run()
    assert (result.unserved, result.relocations) == (0, 0)
    strict = Day(MACHINE, planner(overtaking_max=0), [fetch("mine"), fetch("its")], stock).run()
    assert (strict.unserved, strict.relocations) == (0, 1), "whoever may not be overtaken is dug out"


def test_a_car_makes_way_to_where_it_need_not_make_way_again() -> None:
    # A free column of its own is there; before "third", who is booked, it would have to go again.
    stock = {REAR: "mine", FRONT: "its", OTHER_REAR: "third", "l1-c1-right-2": "fourth", "l1-c1-right": "fifth"}
    booked = Demand(1500.0, "retrieve", "third", VISIT, early_s=150.0)
    result = Day(MACHINE, planner(), [fetch("mine"), booked, fetch("its", 2500.0)], stock).run()
    assert (result.unserved, result.relocations) == (0, 1)


@pytest.mark.parametrize("seed", range(6))
def test_a_plan_with_cars_in_the_way_is_the_best_of_all_sequences(seed: int) -> None:
    dice = Random(seed)  # noqa: S311 - instances must be reproducible
    machine = Machine(layout_of((1, 2)), rules=Rules(fetches_early=seed % 2 == 0, overlaps_legs=seed % 3 == 0))
    rears = dice.sample([place.id for place in machine.layout.storage() if place.depth == 2], 3)
    spots = [place for rear in rears for place in (rear, *machine.layout.in_front_of(rear))]
    free = [place.id for place in machine.layout.storage() if place.depth == 2 and place.id not in spots]
    tasks = []
    for number, rear in enumerate(rears[:2]):
        (front,) = machine.layout.in_front_of(rear)
        aside = machine.ways(front, free[number])[0]
        tasks.append(Task(f"o{number}", "retrieve", rear, VISIT, front=front, aside=aside))
    kept = dice.choice(("retrieve", "store"))
    tasks.append(Task("o2", "store", rears[2], VISIT) if kept == "store" else Task("o2", "retrieve", rears[2], VISIT))
    if kept == "retrieve":
        tasks.append(Task("o3", "retrieve", tasks[0].front, VISIT))  # who is wanted is not moved before
    plan = search(machine, machine.at_rest(), tasks)
    assert plan.is_proven
    assert plan.wait_s == pytest.approx(brute_force(machine, machine.at_rest(), tuple(tasks), {}, frozenset(), 0.0))
    quick = search(machine, machine.at_rest(), tasks, effort=Effort(beam=6, nodes_max=0))
    bound = Bound(machine, tuple(tasks), (), 0.0).waits_s(machine.at_rest(), (1 << len(tasks)) - 1, {})
    assert bound - 1e-6 <= plan.wait_s <= quick.wait_s + 1e-6


def brute_force(
    machine: Machine,
    state: MachineState,
    left: tuple[Task, ...],
    pending: dict[str, Task],
    cleared: frozenset[str],
    last_s: float,
) -> float:
    """The least sum of waits over every sequence of acts, each also held back until the one before it begins."""
    if not left:
        return 0.0
    best, (cabin, shape) = float("inf"), next(iter(machine.layout.cabins.items()))
    hold_s = last_s if machine.rules.overlaps_legs else 0.0
    for task in left:
        others, after = tuple(other for other in left if other is not task), state.copy()
        if task.front and task.front not in cleared:
            if task.aside is not None and all(other.place != task.front for other in left):
                began_s = machine.relocate(after, task.aside, hold_s).began_s
                best = min(best, brute_force(machine, after, left, pending, cleared | {task.front}, began_s))
            continue
        if cabin in pending:
            continue
        if task.kind == "store":
            served, now = machine.invite(after, task, cabin, hold_s), {cabin: task}
        else:
            served, now = machine.retrieve(after, task, cabin, machine.ways(task.place, shape.position)[0], hold_s), {}
        gone = cleared | {task.place}
        best = min(best, served.served_s + brute_force(machine, after, others, now, gone, served.began_s))
    for one in pending.values():
        after = state.copy()
        began_s = machine.put(after, cabin, machine.ways(shape.position, one.place)[0], hold_s).began_s
        best = min(best, brute_force(machine, after, left, {}, cleared, began_s))
    return best


# --- places ---------------------------------------------------------------------------------------------------


def test_behind_comes_first_nothing_is_put_before_a_wanted_car_and_one_place_stays_free() -> None:
    places = Places(LAYOUT, {REAR: "mine"})
    assert FRONT in places.for_stores()
    assert OTHER_REAR in places.for_stores()
    assert OTHER not in places.for_stores(), "the one behind it comes first"
    places.asked.add("mine")
    assert FRONT not in places.for_stores()
    assert FRONT not in places.for_asides()
    full = Places(LAYOUT, {place: f"car{n}" for n, place in enumerate(fillable(LAYOUT))})
    assert len(full.free) == 1
    assert full.for_stores() == set()
    assert full.for_asides() == full.free
    full.asked.add(full.occupant[LAYOUT.behind(min(full.free)) or ""])
    assert full.for_asides() == full.free, "rather before a wanted car than nowhere"


def test_no_place_is_promised_that_is_shut_in_or_taken() -> None:
    places = Places(LAYOUT, {FRONT: "its"})
    for place in (FRONT, REAR):
        with pytest.raises(ValueError, match="is not free"):
            places.promise(place)
    assert settled(LAYOUT, {FRONT: "its", OTHER: "a", OTHER_REAR: "b"}) == {REAR: "its", OTHER: "a", OTHER_REAR: "b"}


def test_fewer_later_relocations_are_worth_a_longer_way() -> None:
    assert later_relocations(None, {}) == 0
    assert later_relocations("theirs", {}) == 0.5
    assert later_relocations("theirs", {"theirs": 900.0}) == 1, "who is booked leaves before one who is not"
    assert later_relocations("theirs", {}, 900.0) == 0
    assert later_relocations("theirs", {"theirs": 900.0}, 600.0) == 0
    assert later_relocations("theirs", {"theirs": 900.0}, 900.0) == 1
    cost_s = placing_s(LAYOUT, FRONT, 10.0, {REAR: "theirs"}, {"theirs": 900.0})
    assert cost_s == 10.0 + relocation_s(LAYOUT)
    assert placing_s(LAYOUT, REAR, 10.0, {REAR: "theirs"}, {"theirs": 900.0}) == 10.0
    assert relocation_s(layout_of()) > 2 * LAYOUT.config.shuttles[0].transfer.stroke_mm / 1000 / 10
    assert relocation_s(Layout(load_config(CONFIG / "tower-small.toml"))) == 0


class Scripted:
    """Lets a guest in, promised the place before a car that is fetched before the guest's own is put away."""

    def __init__(self) -> None:
        self.put_into: list[str] = []

    def decide(self, view: View) -> Begin | None:
        machine, (cabin, other) = view.machine, view.machine.layout.cabins
        bay = machine.layout.cabins[other].position
        match [waiting.task.kind for waiting in view.waiting]:
            case ["store", "retrieve"]:
                return Begin("invite", view.waiting[0].task.id, cabin, place=FRONT)
            case ["retrieve"]:
                return Begin("retrieve", view.waiting[0].task.id, other, machine.ways(REAR, bay)[0])
        if not view.is_ready(cabin):
            return None
        begin = put(view, cabin, set())
        self.put_into += [] if begin is None or begin.route is None else [begin.route.legs[-1].target]
        return begin


def test_a_promise_before_a_car_that_has_left_goes_behind() -> None:
    config = load_config(CONFIG / "tower-guangzhou.toml")
    block = config.places[0].model_copy(update={"levels": (1,), "columns": (1,), "sides": ("left",), "depths": (1, 2)})
    machine = Machine(Layout(config.model_copy(update={"places": (block,), "vehicles": ()})))
    policy = Scripted()
    wishes = [Demand(0.0, "store", "guest", VISIT), fetch("mine")]
    assert Day(machine, policy, wishes, {REAR: "mine"}).run().unserved == 0
    assert policy.put_into == [REAR]


# --- days -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fetches_early", [False, True])
def test_no_random_day_locks_up_in_a_small_garage_however_full(fetches_early: bool) -> None:
    machine = Machine(LAYOUT, rules=Rules(fetches_early, fetches_early))
    relocations = 0
    for seed in range(60):
        dice = Random(seed)  # noqa: S311 - days must be reproducible
        hours = (Hours(8, 9, dice.choice((10.0, 40.0)), dice.random()),)
        rest = (dice.choice((0.3, 1.0)), Bookings(dice.choice((0.0, 0.7))), Returns(0.5, (0.1, 1.0)))
        drawn = draw_day_of(machine.layout, Profile(hours, *rest, Stays(0.5, (0.1, 1.0))), dice)
        policies: tuple[Policy, ...] = (
            planner(overtaking_max=dice.choice((0, 2, 30)), effort=Effort(beam=2, tries_max=40, nodes_max=0)),
            FirstCome(),
            FirstCome(random_place(dice.randrange), looks_ahead=True),
            NearestFirst(),
        )
        result = Day(machine, policies[seed % 4], drawn.demand, drawn.stock).run()
        relocations += result.relocations
        assert (result.unserved, result.refused, len(result.outcomes)) == (0, 0, len(drawn.demand)), seed
    assert relocations > 50
