"""What any plan must take at least: the relaxations behind every proof.

Owns the least times of a task and the bounds made of them. A bound here is never above what the best plan needs, under
every rule of the machine; a test compares them with every sequence of acts. Must never decide.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import heapify, heapreplace
from itertools import pairwise

from controller.core.route import Route
from controller.planning.machine import NEVER_S, Machine, MachineState, Task
from controller.planning.people import Visit


@dataclass(frozen=True, slots=True)
class Least:
    """The least that a task takes, whatever came before, in s."""

    offset_s: float
    """From the cabin's being free for it to green."""
    occupies_s: float
    """From then until the cabin is free again."""
    carry_s: float
    """From the first pick of a retrieval until its car is set down; 0 for a store."""
    present_s: float
    """From set down to green."""
    out_s: float
    """What a stored car's way takes until it is out of its cabin; 0 for a retrieval."""
    claims_s: Mapping[str, float]
    """For every mover that all of its ways need: how long it is claimed."""
    back_s: Mapping[str, float]
    """For the shuttles among them: how long one takes empty from where it sets the car down to where it picks it up."""


class Leasts:
    """The least times of tasks of one machine, remembered."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._known: dict[tuple[str, str, Visit, bool], Least] = {}
        self.empty_s = {cabin: self._empty_s(cabin) for cabin in machine.layout.cabins}
        """Least time from a stored car's being ready to its cabin's being free."""

    def of(self, task: Task) -> Least:
        """The least times of a task.

        Raises:
            ValueError: no cabin can serve it.
        """
        key = (task.kind, task.place, task.visit, task.is_turned)
        found = self._known.get(key)
        if found is None:
            if len(self._known) > _KNOWN_MAX:
                self._known.clear()
            found = self._known[key] = self._least(task)
        return found

    def _empty_s(self, cabin: str) -> float:
        timing, layout = self._machine.timing, self._machine.layout
        position = layout.cabins[cabin].position
        pick_s = min(timing.transfer_s(shuttle, position) for shuttle in layout.reached_by(position))
        return timing.open_inner_s(cabin) + pick_s + timing.close_inner_s(cabin)

    def _least(self, task: Task) -> Least:
        machine, timing = self._machine, self._machine.timing
        found: list[tuple[float, float, float, float, float]] = []
        claims: list[dict[str, float]] = []
        for cabin, shape in machine.layout.cabins.items():
            shut_s = timing.shutting_s(cabin)
            if task.kind == "store":
                offset_s = timing.gap_s + timing.open_outer_s(cabin)
                inside_s = offset_s + task.visit.bring_s + max(shut_s, task.visit.confirm_in_s) + timing.countdown_s
                for route in machine.ways(shape.position, task.place):
                    out_s = timing.transfer_s(route.legs[0].shuttle, shape.position)
                    found.append((offset_s, inside_s + self.empty_s[cabin], 0.0, offset_s, out_s))
                    claims.append(self._claims_s(route))
                continue
            present_s = timing.presenting_s(cabin, turns=not task.is_turned)
            after_s = task.visit.leave_s + max(shut_s, task.visit.confirm_out_s) + timing.countdown_s
            for route in machine.ways(task.place, shape.position):
                carry_s = self._carry_s(route)
                place_s = timing.transfer_s(route.legs[-1].shuttle, shape.position)
                offset_s = place_s + present_s + timing.open_inner_s(cabin)
                if not machine.rules.fetches_early:
                    offset_s = max(offset_s, carry_s + present_s)
                found.append((offset_s, offset_s + after_s, carry_s, present_s, 0.0))
                claims.append(self._claims_s(route))
        if not found:
            raise ValueError(f"no cabin can serve {task.id}")
        common = set(claims[0]).intersection(*claims)
        offset_s, occupies_s, carry_s, present_s, out_s = (min(values) for values in zip(*found, strict=True))
        claims_s = {name: min(claim[name] for claim in claims) for name in common}
        return Least(offset_s, occupies_s, carry_s, present_s, out_s, claims_s, self._back_s(task, common))

    def _back_s(self, task: Task, common: Iterable[str]) -> dict[str, float]:
        layout = self._machine.layout
        found: dict[str, float] = {}
        for name in common:
            for shape in layout.cabins.values():
                ends = (task.place, shape.position) if task.kind == "retrieve" else (shape.position, task.place)
                for leg in (leg for route in self._machine.ways(*ends) for leg in route.legs if leg.shuttle == name):
                    stops = layout.stop(name, leg.target), layout.stop(name, leg.source)
                    found[name] = min(found.get(name, NEVER_S), self._machine.timing.travel_s(name, *stops))
        return found

    def _claims_s(self, route: Route) -> dict[str, float]:
        """How long a route claims each of its movers at least, with every mover where it is wanted."""
        whole_s, timing = self._carry_s(route), self._machine.timing
        claimed = dict.fromkeys(route.movers, whole_s)
        if len(route.legs) > 1:
            first, last = route.legs[0], route.legs[-1]
            claimed[first.shuttle] = timing.leg_s(first.shuttle, first.source, first.target)
            if self._machine.rules.overlaps_legs:
                last_s = claimed[last.shuttle] = timing.leg_s(last.shuttle, last.source, last.target)
                lift = self._machine.layout.positions[last.source].owner
                claimed[lift] = whole_s - last_s + timing.transfer_s(last.shuttle, last.source)
        return claimed

    def _carry_s(self, route: Route) -> float:
        """Time of a route from its first pick on, with every mover where it is wanted."""
        timing, layout = self._machine.timing, self._machine.layout
        total = sum(timing.leg_s(leg.shuttle, leg.source, leg.target) for leg in route.legs)
        for first, second in pairwise(route.legs):
            platform = layout.positions[first.target]
            low, high = layout.stop(first.shuttle, first.target), layout.stop(second.shuttle, second.source)
            if low is None or high is None or low.level is None or high.level is None:
                continue
            total += timing.hoist_s(platform.owner, layout.level_height_mm[low.level], high.level)
        return total


_KNOWN_MAX = 50_000


@lru_cache(maxsize=16)
def leasts_of(machine: Machine) -> Leasts:
    """The least times of a machine's tasks."""
    return Leasts(machine)


class Bound:
    """What is at least to come for the tasks of one search, from any state on."""

    def __init__(self, machine: Machine, tasks: Sequence[Task], pending: Sequence[Task], now_s: float) -> None:
        leasts = leasts_of(machine)
        self.tasks = tasks
        self.now_s = now_s
        self.least = tuple(leasts.of(task) for task in tasks)
        self._empty_s = leasts.empty_s
        order = sorted(range(len(tasks)), key=lambda i: self.least[i].occupies_s)
        self._by_occupation = [(1 << i, self.least[i].offset_s, self.least[i].occupies_s) for i in order]
        self._alone = [
            (
                1 << i,
                self.least[i].offset_s,
                self.least[i].carry_s + self.least[i].present_s,
                task.due_s,
                task.due_s - (task.early_s if task.kind == "retrieve" else 0.0),
                task.kind == "retrieve",
            )
            for i, task in enumerate(tasks)
        ]
        known = {task.id: leasts.of(task) for task in (*tasks, *pending)}
        every = [least.claims_s for least in known.values()]
        common = sorted(set(every[0]).intersection(*every)) if every else []
        self._movers = [_CommonMover(name, tasks, known) for name in common]
        """The movers that every way needs."""

    def waits_s(self, state: MachineState, remaining: int, pending: Mapping[str, Task]) -> float:
        """A sum of waits of the remaining tasks below which no plan can be.

        Three relaxations, the best of which counts. Cabins as like machines that work off the shortest first, each
        free when it can be at the soonest: shortest first is best there, also when machines begin at different times.
        Each order as if it were alone. And each mover that every way needs, which carries one car after another.
        """
        if not remaining:
            return 0.0
        free = self._cabins_s(state)
        cabin_s, movers_s = min(free), min(state.mover_s.values())
        asked_s = alone_s = 0.0
        for bit, offset_s, after_s, due_s, may_begin_s, is_carried in self._alone:
            if remaining & bit:
                asked_s += due_s
                soonest_s = max(cabin_s + offset_s, may_begin_s + after_s, due_s)
                alone_s += max(soonest_s, movers_s + after_s) if is_carried else soonest_s
        lower = max(self._by_cabins(free, remaining), alone_s)
        # With a stored car in every cabin nothing is carried before the first of them stands ready.
        first_s = min(state.ready_s.values()) if len(pending) == len(free) else self.now_s
        for mover in self._movers:
            mover_s = max(state.mover_s[mover.name], self.now_s, first_s)
            lower = max(lower, mover.waits_s(mover_s, cabin_s, len(free), remaining, pending))
        return lower - asked_s

    def _cabins_s(self, state: MachineState) -> list[float]:
        """When each cabin can be free at the soonest, with what its car waits for."""
        movers_s, found = -1.0, []
        for cabin, free_s in state.cabin_s.items():
            if free_s == NEVER_S:
                if movers_s < 0:
                    movers_s = min(state.mover_s.values())
                found.append(max(state.ready_s[cabin], movers_s, self.now_s) + self._empty_s[cabin])
            else:
                found.append(max(free_s, self.now_s))
        return found

    def _by_cabins(self, cabins_s: Sequence[float], remaining: int) -> float:
        free, total = list(cabins_s), 0.0
        heapify(free)
        for bit, offset_s, occupies_s in self._by_occupation:
            if remaining & bit:
                begin_s = free[0]
                total += begin_s + offset_s
                heapreplace(free, begin_s + occupies_s)
        return total


class _CommonMover:
    """One mover that every way needs, and what each task wants of it."""

    def __init__(self, name: str, tasks: Sequence[Task], known: Mapping[str, Least]) -> None:
        self.name = name
        work = sorted((known[task.id].claims_s[name], i) for i, task in enumerate(tasks))
        self._work = [(1 << i, claims_s, known[tasks[i].id].present_s, tasks[i].kind) for claims_s, i in work]
        self._claims_s = {task: least.claims_s[name] for task, least in known.items()}
        stores = [least for least in known.values() if least.out_s]
        self._tail_s = max((max(0.0, least.claims_s[name] - least.out_s) for least in stores), default=0.0)

    def waits_s(
        self, mover_s: float, cabin_s: float, cabins: int, remaining: int, pending: Mapping[str, Task]
    ) -> float:
        """A sum of moments of green of the remaining tasks, the shortest ways first.

        When the j-th of the remaining orders is served, each retrieval among them has been carried, and of all stores
        no more than there are cabins still stand in one. So at least ``j`` less the remaining stores, and at least
        ``j`` and the cars in cabins less the cabins, have been carried; the last of them perhaps only out of its cabin.
        """
        works: list[float] = []
        carries: list[float] = []
        total = 0.0
        for bit, claims_s, present_s, kind in self._work:
            if remaining & bit:
                total += present_s
                works.append(claims_s)
                if kind == "retrieve":
                    carries.append(claims_s)
        count, stores = len(works), len(works) - len(carries)
        for task in pending.values():
            insort(works, self._claims_s[task.id])
        crowd, soonest_s = len(pending) - cabins, min(mover_s, cabin_s)
        all_s, carries_s = -self._tail_s, 0.0
        for j in range(1, count + 1):
            carried, retrieved = j + crowd, j - stores
            if carried > 0:
                all_s += works[carried - 1]
            if retrieved > 0:
                carries_s += carries[retrieved - 1]
            if carried > 0 or retrieved > 0:
                total += mover_s + max(0.0, all_s, carries_s)
            else:
                total += soonest_s
        return total
