"""The best plan for the next orders, anew at every moment; what it wants to begin now begins.

Owns the window and the effort of the search, and reasons ``BEST_PLAN``, ``MAKES_WAY`` and ``BETTER_LATER``. A plan
binds nobody: it is made anew when anything has happened. Must never change what has begun.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from controller.core.route import Route
from controller.planning.bound import leasts_of
from controller.planning.day import Begin, View, Waiting
from controller.planning.depth import placing_s, relocation_s
from controller.planning.machine import Task
from controller.planning.phases.overtaking import Overtaking
from controller.planning.phases.phase import Answer, Hold, Start
from controller.planning.search import Act, Effort, search

EFFORT = Effort(beam=12, tries_max=800, nodes_max=0)
"""Keeps a decision within some 15 ms of a slow core."""
_NOW_S = 1e-3
_PAIRED_PLACES = 3
"""So many free places near the next car are looked at."""
_WORTH_S = 1.0
"""A place other than the promised one must save so much."""


class Horizon:
    """Searches over ``window`` orders that may begin next: half of them the first, half those that could begin now."""

    def __init__(self, overtaking: Overtaking, window: int = 8, effort: Effort | None = None) -> None:
        self._overtaking = overtaking
        self._window = window
        self._effort = effort or EFFORT
        self._acts: tuple[Act, ...] = ()
        """What the last plan still had to do: the next one is no worse than going on with it."""

    def consider(self, view: View) -> Answer:
        """The first act of the best plan, when it begins now; else hold."""
        tasks = _placed(view, self._chosen(view))
        if not tasks:
            return None
        pending = {cabin: waiting.task for cabin, waiting in view.pending.items()}
        beyond = len(view.waiting) - len(tasks)
        effort = replace(self._effort, beyond=beyond, nodes_max=0) if beyond else self._effort
        plan = search(view.machine, view.state, tasks, pending, now_s=view.now_s, effort=effort, seed=self._acts)
        self._acts = plan.acts
        kept: set[str] = set()
        for act in plan.acts:
            if act.began_s <= view.now_s + _NOW_S and act.cabin not in kept:
                return _start(view, act, plan.acts)
            # What comes later in the plan must not take the cabin from under what the plan wants there first.
            kept.update((act.cabin,) if act.cabin else ())
        return Hold("BETTER_LATER", "Whoever began now would make others wait longer than it saves.")

    def _chosen(self, view: View) -> list[Waiting]:
        """The head of the queue, then whoever further back takes the machine least, both ways about as often."""
        candidates = self._overtaking.candidates(view)
        if len(candidates) <= self._window:
            return candidates
        half = self._window // 2
        chosen, rest = candidates[:half], candidates[half:]
        brought = sum(waiting.task.kind == "store" for waiting in chosen) + len(view.pending)
        fetched = len(chosen) + len(view.pending) - brought
        stores = [waiting for waiting in rest if waiting.task.kind == "store"]
        retrievals = [waiting for waiting in rest if waiting.task.kind == "retrieve"]
        retrievals.sort(key=lambda waiting: _rank(view, waiting))
        while len(chosen) < self._window:
            takes_store = bool(stores) and (not retrievals or brought <= fetched)
            chosen.append(stores.pop(0) if takes_store else retrievals.pop(0))
            brought, fetched = brought + takes_store, fetched + (not takes_store)
        return chosen


def _rank(view: View, waiting: Waiting) -> tuple[bool, float]:
    """Retrievals that could begin now come first, and of them those that take the machine least."""
    machine, early = view.machine, view.machine.rules.fetches_early
    can_begin = any(
        view.are_free(route)
        for cabin, shape in machine.layout.cabins.items()
        if cabin not in view.pending and (early or view.is_cabin_free(cabin))
        for route in machine.ways(waiting.task.place, shape.position)
    )
    aside_s = relocation_s(machine.layout) if view.front_of(waiting) else 0.0
    return not can_begin, leasts_of(machine).of(waiting.task).carry_s + aside_s


def _placed(view: View, candidates: list[Waiting]) -> list[Task]:
    """The candidates as tasks; each store with a place of its own, as long as there are free ones.

    So has each car that stands before a wanted one. Who is behind a car that can go nowhere now is left out, unless
    that car is wanted too.
    """
    left, asides = set(view.free), set(view.asides)
    start = next(iter(view.machine.layout.cabins.values())).position
    wanted = {waiting.task.place for waiting in candidates if waiting.task.kind == "retrieve"}
    found: list[Task] = []
    for waiting in candidates:
        task = waiting.task
        if task.kind == "store" and not task.place:
            place = _best_place(view, start, left)
            if place is None:
                continue
            left.discard(place)
            asides.discard(place)
            task = replace(task, place=place)
        elif front := view.front_of(waiting):
            aside = None if front in wanted else _aside(view, front, asides)
            if aside is None and front not in wanted:
                continue
            if aside is not None:
                left.discard(aside.legs[-1].target)
                asides.discard(aside.legs[-1].target)
            task = replace(task, front=front, aside=aside)
        found.append(task)
    return found


def _best_place(view: View, start: str, places: Iterable[str], own_s: float | None = None) -> str | None:
    """The place with the shortest way and the fewest later relocations, ties go to the smaller id."""
    layout, ways, departs_s = view.machine.layout, view.machine.ways, view.departs_s

    def rank(place: str) -> tuple[float, str]:
        return placing_s(layout, place, ways(start, place)[0].estimate_s, view.occupant, departs_s, own_s), place

    return min(places, key=rank, default=None)


def _aside(view: View, front: str, asides: Iterable[str]) -> Route | None:
    """The way of the car at ``front`` to where it is in the way least; on its own level where it can."""
    layout, ways = view.machine.layout, view.machine.ways
    level = layout.positions[front].level
    places = [place for place in asides if ways(front, place)]
    near = [place for place in places if layout.positions[place].level == level]
    place = _best_place(view, front, near or places, view.departs_s.get(view.occupant.get(front, "")))
    return None if place is None else ways(front, place)[0]


def _start(view: View, act: Act, acts: Sequence[Act]) -> Start:
    if act.kind == "invite":
        return Start(Begin("invite", act.task.id, act.cabin, place=act.task.place), "BEST_PLAN")
    begin = Begin(act.kind, act.task.id, act.cabin, act.route)
    if act.kind == "relocate" and act.route is not None:
        return Start(replace(begin, place=act.route.legs[-1].target), "MAKES_WAY")
    if act.kind == "retrieve":
        return Start(begin, "BEST_PLAN")
    following = next((other for other in acts if other is not act and other.kind == "retrieve"), None)
    paired = None if following is None else _paired(view, act, following)
    if paired is None:
        return Start(begin, "BEST_PLAN")
    return Start(replace(begin, place=paired.legs[-1].target, route=paired), "PAIRED_PLACE")


def _paired(view: View, act: Act, following: Act) -> Route | None:
    """The way of a stored car to the free place from which the next retrieval is done soonest; None for its own.

    Only where one shuttle rides on one lift: there the empty way from place to place is most of what can be saved.
    """
    layout, machine = view.machine.layout, view.machine
    put, fetch = act.route, following.route
    if put is None or fetch is None or view.pending[act.cabin].keeps_place:
        return None
    if following.cabin in view.pending and following.cabin != act.cabin:
        return None
    shuttle = fetch.legs[0].shuttle
    if put.legs[-1].shuttle != shuttle or layout.shuttles[shuttle].lift is None:
        return None
    bay, source = layout.cabins[act.cabin].position, layout.positions[following.task.place]
    near = [place for place in view.free if layout.positions[place].level == source.level]
    near.sort(key=lambda place: (abs((layout.positions[place].column or 0) - (source.column or 0)), place))

    def done_s(route: Route) -> float:
        state = view.state.copy()
        machine.put(state, act.cabin, route, view.now_s)
        return machine.retrieve(state, following.task, following.cabin, fetch, view.now_s).served_s

    ways = [machine.ways(bay, place)[0] for place in near[:_PAIRED_PLACES]]
    best = min(ways, key=done_s, default=None)
    return best if best is not None and done_s(best) < done_s(put) - _WORTH_S else None
