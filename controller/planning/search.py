"""The best order in which to serve a set of customers, by exact search over the fast model of the machine.

Owns branch and bound with dominance: what it calls proven is no worse than any other sequence of acts, of the same
rules and times. It is an anytime search: with too few nodes it gives the best plan that it has, and says so, with a
bound below which no plan can be. It knows no clock; its only limit is the number of nodes. Must never command.

Why sequences are enough: an act begins as early as what came before it on its cabin and movers allows, and no customer
is served sooner by beginning later, so some best plan is a sequence of acts that each begin as early as they can.
Acts that use nothing in common can be swapped; only the sequence in order of their beginnings is followed up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush, heapreplace
from itertools import accumulate, pairwise
from typing import Literal

from controller.core.route import Route
from controller.planning.machine import NEVER_S, Machine, MachineState, Task

_TINY_S = 1e-6


ActKind = Literal["retrieve", "invite", "put"]
_INVITE: ActKind = "invite"
_RETRIEVE: ActKind = "retrieve"


@dataclass(frozen=True, slots=True)
class Effort:
    """How much a search may think."""

    beam: int = 24
    """States per depth of the first, quick look for a good plan; at least 1."""
    nodes_max: int = 2_000_000
    """Further states until it gives what it has; 0 ends with the quick look."""
    beyond: int = 0
    """Customers who wait beyond those that are planned for: each of them waits as long as the plan keeps the movers
    busy, and the quick look weighs that in. A proof is only of the waits of the planned ones, and needs 0 here."""


@dataclass(frozen=True, slots=True)
class Act:
    """One decision: a retrieval or a store begins in a cabin, or a stored car is taken out of it."""

    kind: ActKind
    task: Task
    cabin: str
    route: Route | None
    began_s: float
    served_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Acts in order of their beginnings, what all customers wait together, and how good that is."""

    acts: tuple[Act, ...]
    wait_s: float
    """Sum over the customers: from asking to green."""
    bound_s: float
    """No plan has a smaller sum."""
    nodes: int

    @property
    def is_proven(self) -> bool:
        """True when no plan is better."""
        return self.wait_s <= self.bound_s + _TINY_S


@dataclass(slots=True)
class _Node:
    state: MachineState
    remaining: int
    pending: dict[str, Task]
    wait_s: float
    last_s: float
    bound_s: float = 0.0
    act: Act | None = None
    parent: _Node | None = None
    is_dead: bool = False

    def acts(self) -> tuple[Act, ...]:
        found: list[Act] = []
        node: _Node | None = self
        while node is not None and node.act is not None:
            found.append(node.act)
            node = node.parent
        return tuple(reversed(found))


@dataclass(slots=True)
class _Least:
    """The least that a task takes, whatever came before: for the bound."""

    offset_s: float
    """From the cabin's being free for it to green."""
    occupies_s: float
    """From then until the cabin is free again."""
    carry_s: float
    """Movers' time of a retrieval until its car is set down; 0 for a store."""
    present_s: float
    """From set down to green."""


def search(
    machine: Machine,
    state: MachineState,
    tasks: Sequence[Task],
    pending: Mapping[str, Task] | None = None,
    *,
    now_s: float = 0.0,
    effort: Effort | None = None,
) -> Plan:
    """The plan with the smallest sum of waits for ``tasks``, none of which has begun.

    ``pending`` names the stored cars that stand in cabins, or will, and wait for movers (``state.ready_s``).

    Raises:
        ValueError: a task cannot be carried out at all, there are more than 60 tasks, or a proof is asked for with
            customers beyond.
    """
    if len(tasks) > 60:
        raise ValueError(f"{len(tasks)} tasks are more than a search can hold")
    effort = effort or Effort()
    if effort.beyond and effort.nodes_max:
        raise ValueError("a plan that weighs customers beyond it is not proven")
    run = _Search(machine, tuple(tasks), now_s, effort.beyond)
    root = _Node(state.copy(), (1 << len(tasks)) - 1, dict(pending or {}), 0.0, now_s)
    run.know_pending(root.pending.values())
    best = run.beam(root, max(1, effort.beam))
    return run.prove(root, best, effort.nodes_max)


class _Search:
    def __init__(self, machine: Machine, tasks: tuple[Task, ...], now_s: float, beyond: int = 0) -> None:
        self.machine = machine
        self.beyond = beyond
        self.tasks = tasks
        self.now_s = now_s
        self.cabins = tuple(machine.layout.cabins)
        self.movers = tuple(machine.at_rest().mover_s)
        self.empty_s = {cabin: self._least_empty_s(cabin) for cabin in self.cabins}
        self.least = tuple(self._least(task) for task in tasks)
        self.by_occupation = sorted(range(len(tasks)), key=lambda i: self.least[i].occupies_s)
        self.puts = {task.id: self._least_put_s(task) for task in tasks}
        self.common = self._common_movers()
        self.seen: dict[tuple[object, ...], list[tuple[tuple[float, ...], _Node]]] = {}

    def know_pending(self, tasks: Iterable[Task]) -> None:
        """Cars that stand in cabins already take movers too."""
        self.puts.update({task.id: self._least_put_s(task) for task in tasks})

    # --- going through the plans ---------------------------------------------------------------------------

    def beam(self, root: _Node, width: int) -> _Node:
        """A good plan soon: the most promising states of each depth, and each first act followed by a simple rule.

        The simple rule is what keeps a narrow look from falling below it.
        """
        if not root.remaining:
            return root
        level = self.children(root)
        best = min((self.follow_rule(node) for node in level), key=self.cost_s, default=None)
        if best is None:
            raise ValueError("no sequence of acts serves every task")
        while level:
            ended = [node for node in level if not node.remaining]
            best = min((best, *ended), key=self.cost_s)
            most = self.cost_s(best)
            going = sorted((n for n in level if n.remaining and n.bound_s < most), key=lambda node: node.bound_s)
            level = [child for node in going[:width] for child in self.children(node)]
        return best

    def cost_s(self, node: _Node) -> float:
        """What a finished plan costs: its own waits, and those of the customers beyond it."""
        if not self.beyond:
            return node.wait_s
        state = node.state.copy()
        for cabin in sorted(node.pending, key=lambda cabin: state.ready_s[cabin]):
            position = self.machine.layout.cabins[cabin].position
            self.machine.put(state, cabin, self.machine.ways(position, node.pending[cabin].place)[0], self.now_s)
        cabins_s = sum(state.cabin_s.values()) / len(state.cabin_s)
        return node.wait_s + self.beyond * (cabins_s - self.now_s)

    def follow_rule(self, node: _Node) -> _Node:
        """What becomes of a state when from now on always that begins which can begin first."""
        while node.remaining:
            choice = min(self._choices(node), key=lambda choice: choice[:3])
            node = self._carry_out(node, choice[3], choice[4], choice[5])
        return node

    def _choices(self, node: _Node) -> Iterator[tuple[float, int, int, int | None, str, Route | None]]:
        """(begins, rank, number, task, cabin, route) of every act that can follow; task None is a stored car."""
        machine, state = self.machine, node.state
        for cabin, task in node.pending.items():
            for route in machine.ways(machine.layout.cabins[cabin].position, task.place):
                yield max(state.ready_s[cabin], machine.movers_free_s(state, route)), 0, 0, None, cabin, route
        open_cabins = [cabin for cabin in self.cabins if state.cabin_s[cabin] != NEVER_S]
        for index, task in enumerate(self.tasks):
            if node.remaining >> index & 1:
                for cabin in open_cabins:
                    least_s = max(self.now_s, task.due_s, 0.0 if self._goes_early(task) else state.cabin_s[cabin])
                    if task.kind == "store":
                        yield least_s, 2, index, index, cabin, None
                        continue
                    for route in machine.ways(task.place, machine.layout.cabins[cabin].position):
                        yield max(least_s, machine.movers_free_s(state, route)), 1, index, index, cabin, route

    def _goes_early(self, task: Task) -> bool:
        return task.kind == "retrieve" and self.machine.rules.fetches_early

    def _carry_out(self, node: _Node, index: int | None, cabin: str, route: Route | None) -> _Node:
        state = node.state.copy()
        if index is None and route is not None:
            task = node.pending[cabin]
            served = self.machine.put(state, cabin, route, self.now_s)
            left = {name: other for name, other in node.pending.items() if name != cabin}
            act = Act("put", task, cabin, route, served.began_s, served.served_s)
            return _Node(state, node.remaining, left, node.wait_s, served.began_s, act=act, parent=node)
        number = index or 0
        task, remaining = self.tasks[number], node.remaining & ~(1 << number)
        if route is None:
            served = self.machine.invite(state, task, cabin, self.now_s)
            pending, kind = {**node.pending, cabin: task}, _INVITE
        else:
            served = self.machine.retrieve(state, task, cabin, route, self.now_s)
            pending, kind = node.pending, _RETRIEVE
        act = Act(kind, task, cabin, route, served.began_s, served.served_s)
        wait_s = node.wait_s + served.served_s - task.due_s
        return _Node(state, remaining, pending, wait_s, served.began_s, act=act, parent=node)

    def prove(self, root: _Node, best: _Node, nodes_max: int) -> Plan:
        """Best first, until nothing that is left can be better than what is known, or the nodes are used up."""
        root.bound_s = self.bound(root)
        heap: list[tuple[float, int, int, _Node]] = [(root.bound_s, 0, 0, root)]
        made = 0
        while heap:
            bound_s, _, _, node = heappop(heap)
            if bound_s >= best.wait_s - _TINY_S:
                return Plan(best.acts(), best.wait_s, best.wait_s, made)
            if node.is_dead:
                continue
            if made >= nodes_max:
                return Plan(best.acts(), best.wait_s, min(bound_s, best.wait_s), made)
            for child in self.children(node):
                made += 1
                if child.bound_s >= best.wait_s - _TINY_S:
                    continue
                if not child.remaining:
                    best = child
                elif self.is_new(child):
                    heappush(heap, (child.bound_s, child.remaining.bit_count(), made, child))
        return Plan(best.acts(), best.wait_s, best.wait_s, made)

    def is_new(self, node: _Node) -> bool:
        """False when a state of the same kind is at least as good in everything; worse ones are struck off."""
        state = node.state
        key = (
            node.remaining,
            tuple((cabin, task.id) for cabin, task in sorted(node.pending.items())),
            *state.column.values(),
            *state.level.values(),
        )
        cabins = (max(state.ready_s.get(c, 0.0), 0.0) if s == NEVER_S else s for c, s in state.cabin_s.items())
        values = (node.wait_s, node.last_s, *cabins, *state.mover_s.values())
        known = self.seen.setdefault(key, [])
        kept = []
        for other, its_node in known:
            if all(a <= b + _TINY_S for a, b in zip(other, values, strict=True)):
                return False
            if all(b <= a for a, b in zip(other, values, strict=True)):
                its_node.is_dead = True
            else:
                kept.append((other, its_node))
        kept.append((values, node))
        self.seen[key] = kept
        return True

    def children(self, node: _Node) -> list[_Node]:
        """Every act that can follow, each in a state of its own."""
        found: list[_Node] = []
        for index, task in enumerate(self.tasks):
            if not node.remaining >> index & 1:
                continue
            for cabin in self.cabins:
                if node.state.cabin_s[cabin] == NEVER_S:
                    continue
                if task.kind == "store":
                    self._add_invite(found, node, index, cabin)
                else:
                    self._add_retrievals(found, node, index, cabin)
        for cabin, task in node.pending.items():
            source = self.machine.layout.cabins[cabin].position
            for route in self.machine.ways(source, task.place):
                state = node.state.copy()
                served = self.machine.put(state, cabin, route, self.now_s)
                if served.began_s >= node.last_s - _TINY_S:
                    left = {name: other for name, other in node.pending.items() if name != cabin}
                    act = Act("put", task, cabin, route, served.began_s, served.served_s)
                    found.append(self._child(node, state, node.remaining, left, act, 0.0))
        return found

    def _add_invite(self, found: list[_Node], node: _Node, index: int, cabin: str) -> None:
        task, state = self.tasks[index], node.state.copy()
        served = self.machine.invite(state, task, cabin, self.now_s)
        if served.began_s < node.last_s - _TINY_S:
            return
        act = Act("invite", task, cabin, None, served.began_s, served.served_s)
        pending = {**node.pending, cabin: task}
        wait_s = served.served_s - task.due_s
        found.append(self._child(node, state, node.remaining & ~(1 << index), pending, act, wait_s))

    def _add_retrievals(self, found: list[_Node], node: _Node, index: int, cabin: str) -> None:
        task = self.tasks[index]
        for route in self.machine.ways(task.place, self.machine.layout.cabins[cabin].position):
            state = node.state.copy()
            served = self.machine.retrieve(state, task, cabin, route, self.now_s)
            if served.began_s < node.last_s - _TINY_S:
                continue
            act = Act("retrieve", task, cabin, route, served.began_s, served.served_s)
            wait_s = served.served_s - task.due_s
            found.append(self._child(node, state, node.remaining & ~(1 << index), node.pending, act, wait_s))

    def _child(
        self, node: _Node, state: MachineState, remaining: int, pending: dict[str, Task], act: Act, wait_s: float
    ) -> _Node:
        child = _Node(state, remaining, pending, node.wait_s + wait_s, act.began_s, act=act, parent=node)
        child.bound_s = max(node.bound_s, self.bound(child))
        return child

    # --- the bound -----------------------------------------------------------------------------------------

    def bound(self, node: _Node) -> float:
        """A sum of waits below which no plan that goes on from ``node`` can be.

        Three relaxations, the best of which counts. Cabins as like machines that work off the shortest first, each
        free when it can be at the soonest: shortest first is best there, also when machines begin at different times.
        Each order as if it were alone. And the movers that every way needs, which carry one car after another.
        """
        if not node.remaining:
            return node.wait_s
        asked_s = sum(task.due_s for i, task in enumerate(self.tasks) if node.remaining >> i & 1)
        starts = self._cabin_starts(node)
        by_cabins = 0.0
        free = [s for _, s in starts]
        heapify(free)
        for i in self.by_occupation:
            if node.remaining >> i & 1:
                begin_s = free[0]
                by_cabins += begin_s + self.least[i].offset_s
                heapreplace(free, begin_s + self.least[i].occupies_s)
        lower = max(by_cabins - asked_s, self._each_alone(node, min(s for _, s in starts)) - asked_s)
        if self.common:
            lower = max(lower, self._by_common_movers(node, min(s for _, s in starts)) - asked_s)
        return node.wait_s + lower

    def _cabin_starts(self, node: _Node) -> list[tuple[str, float]]:
        """When each cabin can be free at the soonest, with what its car waits for."""
        state = node.state
        movers_s = min(state.mover_s.values())
        found = []
        for cabin in self.cabins:
            free_s = state.cabin_s[cabin]
            if free_s == NEVER_S:
                free_s = max(state.ready_s[cabin], movers_s) + self.empty_s[cabin]
            found.append((cabin, max(free_s, self.now_s)))
        return found

    def _each_alone(self, node: _Node, cabin_s: float) -> float:
        movers_s = min(node.state.mover_s.values())
        total = 0.0
        for i, task in enumerate(self.tasks):
            if node.remaining >> i & 1:
                least = self.least[i]
                by_cabin_s = cabin_s + least.offset_s
                by_movers_s = movers_s + least.carry_s + least.present_s if task.kind == "retrieve" else 0.0
                total += max(by_cabin_s, by_movers_s, task.due_s + least.carry_s + least.present_s)
        return total

    def _by_common_movers(self, node: _Node, cabin_s: float) -> float:
        """What the movers that every way needs allow, with the shortest ways first.

        When the j-th of the remaining orders is served, each retrieval among them has been carried, and of all stores
        no more than there are cabins still stand in one. So at least ``j`` less the remaining stores, and at least
        ``j`` and the cars in cabins less the cabins, have been carried; the last of them perhaps only out of its cabin.
        """
        movers_s = max(*(node.state.mover_s[name] for name in self.common), self.now_s)
        soonest_s = min(movers_s, cabin_s)
        left = [i for i in range(len(self.tasks)) if node.remaining >> i & 1]
        stores = [i for i in left if self.tasks[i].kind == "store"]
        carries = sorted(self.least[i].carry_s for i in left if self.tasks[i].kind == "retrieve")
        puts = [self.puts[self.tasks[i].id] for i in stores] + [self.puts[t.id] for t in node.pending.values()]
        works = sorted([*carries, *(whole_s for whole_s, _ in puts)])
        tail_s = max((whole_s - out_s for whole_s, out_s in puts), default=0.0)
        by_all, by_carries = _sums(works), _sums(carries)
        total = sum(self.least[i].present_s for i in left)
        crowd = len(node.pending) - len(self.cabins)
        for j in range(1, len(left) + 1):
            carried, retrieved = max(0, j + crowd), max(0, j - len(stores))
            if carried or retrieved:
                total += movers_s + max(0.0, by_all[carried] - tail_s, by_carries[retrieved])
            else:
                total += soonest_s
        return total

    def _common_movers(self) -> frozenset[str]:
        """The movers that are part of every way between these tasks' places and any cabin."""
        layout = self.machine.layout
        bays = [layout.cabins[cabin].position for cabin in self.cabins]
        ways = [way for task in self.tasks for bay in bays for way in self.machine.ways(task.place, bay)]
        return frozenset.intersection(*(way.movers for way in ways)) if ways else frozenset()

    def _least_put_s(self, task: Task) -> tuple[float, float]:
        """Least movers' time of a stored car's way, and of its first part until the car is out of the cabin."""
        if task.kind != "store":
            return 0.0, 0.0
        whole_s, out_s = NEVER_S, NEVER_S
        for cabin in self.cabins:
            bay = self.machine.layout.cabins[cabin].position
            for route in self.machine.ways(bay, task.place):
                whole_s = min(whole_s, self._least_carry_s(route))
                out_s = min(out_s, self.machine.timing.transfer_s(route.legs[0].shuttle, bay))
        return whole_s, out_s

    def _least_empty_s(self, cabin: str) -> float:
        """Least time from a stored car's being ready to its cabin's being free."""
        timing, layout = self.machine.timing, self.machine.layout
        position = layout.cabins[cabin].position
        pick_s = min(timing.transfer_s(shuttle, position) for shuttle in layout.reached_by(position))
        return timing.open_inner_s(cabin) + pick_s + timing.close_inner_s(cabin)

    def _least(self, task: Task) -> _Least:
        machine, timing = self.machine, self.machine.timing
        found: list[_Least] = []
        for cabin in self.cabins:
            shut_s = timing.shutting_s(cabin)
            if task.kind == "store":
                offset_s = timing.gap_s + timing.open_outer_s(cabin)
                inside_s = offset_s + task.visit.bring_s + max(shut_s, task.visit.confirm_in_s) + timing.countdown_s
                found.append(_Least(offset_s, inside_s + self.empty_s[cabin], 0.0, offset_s))
                continue
            position = machine.layout.cabins[cabin].position
            present_s = timing.presenting_s(cabin, turns=not task.is_turned)
            after_s = task.visit.leave_s + max(shut_s, task.visit.confirm_out_s) + timing.countdown_s
            for route in machine.ways(task.place, position):
                carry_s = self._least_carry_s(route)
                place_s = timing.transfer_s(route.legs[-1].shuttle, position)
                offset_s = place_s + present_s + timing.open_inner_s(cabin)
                if not machine.rules.fetches_early:
                    offset_s = max(offset_s, carry_s + present_s)
                found.append(_Least(offset_s, offset_s + after_s, carry_s, present_s))
        if not found:
            raise ValueError(f"no cabin can serve {task.id}")
        return _Least(*(min(values) for values in zip(*(self._values(f) for f in found), strict=True)))

    @staticmethod
    def _values(least: _Least) -> tuple[float, float, float, float]:
        return least.offset_s, least.occupies_s, least.carry_s, least.present_s

    def _least_carry_s(self, route: Route) -> float:
        """Movers' time of a route from its first pick on, with every mover where it is wanted."""
        timing, layout = self.machine.timing, self.machine.layout
        total = sum(timing.leg_s(leg.shuttle, leg.source, leg.target) for leg in route.legs)
        for first, second in pairwise(route.legs):
            platform = layout.positions[first.target]
            low, high = layout.stop(first.shuttle, first.target), layout.stop(second.shuttle, second.source)
            if low is None or high is None or low.level is None or high.level is None:
                continue
            total += timing.hoist_s(platform.owner, layout.level_height_mm[low.level], high.level)
        return total


def _sums(values: Sequence[float]) -> list[float]:
    """Sums of the first 0, 1, 2, ... values."""
    return [0.0, *accumulate(values)]
