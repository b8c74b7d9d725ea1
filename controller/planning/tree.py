"""The plans that can follow from a state of the machine: acts one after another, each in a state of its own.

Owns what can follow what. Acts follow each other in order of their beginnings, and each begins as early as what came
before it on its cabin and movers allows. Where movers are claimed all at once that loses nothing: acts that use nothing
in common can be swapped. Where legs overlap, an act that begins claims a shuttle for later, so it can be better to
begin after another one on purpose; so can it be for a customer who comes later, whose car would keep a cabin from
others. Then an act may also be held back until the one before it begins. Must never judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from controller.core.route import Route
from controller.planning.machine import NEVER_S, Machine, MachineState, Task

TINY_S = 1e-6
ActKind = Literal["retrieve", "invite", "put", "relocate"]


@dataclass(frozen=True, slots=True)
class Act:
    """One decision: a retrieval or a store begins in a cabin, or a stored car is taken out of it.

    At ``relocate`` the car that stands before that of ``task`` makes way, and ``cabin`` is empty.
    """

    kind: ActKind
    task: Task
    cabin: str
    route: Route | None
    began_s: float
    served_s: float


@dataclass(slots=True)
class Node:
    """A state after some acts. ``remaining`` has a bit for each task that has not begun, ``blocked`` for each of them
    whose car stands behind another one.
    """

    state: MachineState
    remaining: int
    pending: dict[str, Task]
    wait_s: float
    last_s: float
    blocked: int = 0
    bound_s: float = 0.0
    act: Act | None = None
    parent: Node | None = None
    is_dead: bool = False

    def acts(self) -> tuple[Act, ...]:
        """The acts that led here, the first one first."""
        found: list[Act] = []
        node: Node | None = self
        while node is not None and node.act is not None:
            found.append(node.act)
            node = node.parent
        return tuple(reversed(found))


class Tree:
    """Every sequence of acts for some tasks."""

    def __init__(self, machine: Machine, tasks: Sequence[Task], now_s: float) -> None:
        self.machine = machine
        self.tasks = tuple(tasks)
        self.now_s = now_s
        self._holds_back = machine.rules.overlaps_legs or any(task.early_s for task in tasks)
        self._bays = [(cabin, shape.position) for cabin, shape in machine.layout.cabins.items()]
        self._bay_of = dict(self._bays)
        self._ways = [
            {cabin: machine.ways(task.place, bay) for cabin, bay in self._bays} if task.kind == "retrieve" else {}
            for task in tasks
        ]
        self._number = {task.id: number for number, task in enumerate(tasks)}
        self._clears = [
            sum(1 << i for i, other in enumerate(tasks) if other.front and other.front == task.place) for task in tasks
        ]
        """Bits of the tasks whose way a retrieval clears."""
        places = {task.place for task in tasks if task.kind == "retrieve"}
        self._asides = [None if task.front in places else task.aside for task in tasks]
        """The way aside of the car before; a car that is wanted itself only goes out, and is not moved before."""

    def root(self, state: MachineState, pending: dict[str, Task]) -> Node:
        """Where every plan begins.

        Raises:
            ValueError: a car stands behind another one that can neither be moved nor is wanted.
        """
        blocked = sum(1 << i for i, task in enumerate(self.tasks) if task.front)
        for i, task in enumerate(self.tasks):
            if task.front and self._asides[i] is None and not any(bits >> i & 1 for bits in self._clears):
                raise ValueError(f"nothing can clear the way of {task.id}")
        return Node(state.copy(), (1 << len(self.tasks)) - 1, pending, 0.0, self.now_s, blocked)

    def put_routes(self, cabin: str, task: Task) -> tuple[Route, ...]:
        """The ways of a stored car out of its cabin, quickest first."""
        return self.machine.ways(self._bay_of[cabin], task.place)

    def _not_before_s(self, node: Node) -> float:
        return node.last_s if self._holds_back else self.now_s

    def children(self, node: Node, *, quick: bool = False) -> list[Node]:
        """Every act that can follow, each in a state of its own.

        ``quick`` leaves out other routes between the same two positions than the one that looks soonest.
        """
        found: list[Node] = []
        cabin_s, last_s = node.state.cabin_s, node.last_s - TINY_S
        for number, task in enumerate(self.tasks):
            if not node.remaining >> number & 1:
                continue
            if node.blocked >> number & 1:
                found += [self.relocate(node, number)] if self._asides[number] is not None else []
                continue
            open_cabins = [cabin for cabin, _ in self._bays if cabin_s[cabin] != NEVER_S]
            if task.kind == "store":
                found += [self.invite(node, number, cabin) for cabin in open_cabins]
                continue
            for cabin in open_cabins:
                ways = self._ways[number][cabin]
                for route in self._soonest(node, ways) if quick else ways:
                    found.append(self.retrieve(node, number, cabin, route))
        for cabin, task in node.pending.items():
            ways = self.put_routes(cabin, task)
            for route in self._soonest(node, ways) if quick else ways:
                found.append(self.put(node, cabin, route))
        return found if self._holds_back else [child for child in found if child.last_s >= last_s]

    def _soonest(self, node: Node, ways: Sequence[Route]) -> Sequence[Route]:
        if len(ways) < 2:
            return ways
        state, free_s = node.state, self.machine.movers_free_s
        return (min(ways, key=lambda way: max(free_s(state, way), node.last_s) + way.estimate_s),)

    def invite(self, node: Node, number: int, cabin: str) -> Node:
        """A customer drives in."""
        task, state = self.tasks[number], node.state.copy()
        served = self.machine.invite(state, task, cabin, self._not_before_s(node))
        act = Act("invite", task, cabin, None, served.began_s, served.served_s)
        wait_s = node.wait_s + served.served_s - task.due_s
        pending, left = {**node.pending, cabin: task}, node.remaining & ~(1 << number)
        return Node(state, left, pending, wait_s, act.began_s, node.blocked, act=act, parent=node)

    def retrieve(self, node: Node, number: int, cabin: str, route: Route) -> Node:
        """A car is fetched."""
        task, state = self.tasks[number], node.state.copy()
        served = self.machine.retrieve(state, task, cabin, route, self._not_before_s(node))
        act = Act("retrieve", task, cabin, route, served.began_s, served.served_s)
        wait_s = node.wait_s + served.served_s - task.due_s
        left, blocked = node.remaining & ~(1 << number), node.blocked & ~self._clears[number]
        return Node(state, left, node.pending, wait_s, act.began_s, blocked, act=act, parent=node)

    def relocate(self, node: Node, number: int) -> Node:
        """The car before the wanted one makes way."""
        task, state, route = self.tasks[number], node.state.copy(), self._asides[number]
        if route is None:
            raise ValueError(f"nothing makes way for {task.id}")
        not_before_s = max(self._not_before_s(node), task.due_s - task.early_s)
        served = self.machine.relocate(state, route, not_before_s)
        act = Act("relocate", task, "", route, served.began_s, served.served_s)
        blocked = node.blocked & ~sum(1 << i for i, other in enumerate(self.tasks) if other.front == task.front)
        return Node(state, node.remaining, node.pending, node.wait_s, act.began_s, blocked, act=act, parent=node)

    def put(self, node: Node, cabin: str, route: Route) -> Node:
        """A stored car is taken out of its cabin."""
        task, state = node.pending[cabin], node.state.copy()
        served = self.machine.put(state, cabin, route, self._not_before_s(node))
        left = {name: other for name, other in node.pending.items() if name != cabin}
        act = Act("put", task, cabin, route, served.began_s, served.served_s)
        return Node(state, node.remaining, left, node.wait_s, act.began_s, node.blocked, act=act, parent=node)

    # --- rules -----------------------------------------------------------------------------------------------

    def follow_rule(self, node: Node) -> Node:
        """What becomes of a state when from now on always that begins which can begin first."""
        while node.remaining:
            _, _, number, cabin, route = min(self._choices(node), key=lambda choice: choice[:3])
            if number < 0 and route is not None:
                node = self.put(node, cabin, route)
            elif not cabin:
                node = self.relocate(node, number)
            elif route is None:
                node = self.invite(node, number, cabin)
            else:
                node = self.retrieve(node, number, cabin, route)
        return node

    def _choices(self, node: Node) -> Iterator[tuple[float, int, int, str, Route | None]]:
        """(begins, rank, number, cabin, route) of what can follow; number -1: a stored car, no cabin: one makes way.

        Of one kind only the first task counts, and of its routes the quickest one that begins soonest: a rule is quick.
        """
        machine, state, soonest_s = self.machine, node.state, self._not_before_s(node)
        for cabin, task in node.pending.items():
            for route in self.put_routes(cabin, task):
                yield max(soonest_s, state.ready_s[cabin], machine.movers_free_s(state, route)), 0, -1, cabin, route
        yield from self._makes_way(node, soonest_s)
        open_s = {cabin: free_s for cabin, free_s in state.cabin_s.items() if free_s != NEVER_S}
        if not open_s:
            return
        soonest = min(open_s, key=lambda cabin: open_s[cabin])
        early, has_store = machine.rules.fetches_early, False
        for number, task in enumerate(self.tasks):
            if not node.remaining & ~node.blocked & (1 << number):
                continue
            if task.kind == "store":
                if not has_store:
                    yield max(soonest_s, task.due_s, open_s[soonest]), 2, number, soonest, None
                has_store = True
                continue
            for cabin, cabin_s in open_s.items():
                least_s = max(soonest_s, task.due_s - task.early_s, 0.0 if early else cabin_s)
                for route in self._ways[number][cabin]:
                    yield max(least_s, machine.movers_free_s(state, route)), 1, number, cabin, route

    def _makes_way(self, node: Node, soonest_s: float) -> Iterator[tuple[float, int, int, str, Route | None]]:
        for number, aside in enumerate(self._asides):
            if aside is not None and node.blocked & node.remaining & (1 << number):
                task = self.tasks[number]
                free_s = self.machine.movers_free_s(node.state, aside)
                yield max(soonest_s, task.due_s - task.early_s, free_s), 1, number, "", aside

    def replay(self, node: Node, acts: Iterable[Act]) -> Node:
        """What becomes of a state when acts of an older plan follow as far as they can, and then the simple rule."""
        for act in acts:
            if act.kind == "put":
                task = node.pending.get(act.cabin)
                if task is not None and task.id == act.task.id:
                    node = self.put(node, act.cabin, self._like(act, self.put_routes(act.cabin, task)))
                continue
            number = self._number.get(act.task.id, -1)
            if number < 0 or not node.remaining >> number & 1:
                continue
            is_blocked = bool(node.blocked >> number & 1)
            if act.kind == "relocate" and is_blocked and self._asides[number] is not None:
                node = self.relocate(node, number)
            if act.kind == "relocate" or is_blocked or node.state.cabin_s[act.cabin] == NEVER_S:
                continue
            if act.kind == "invite":
                node = self.invite(node, number, act.cabin)
            else:
                ways = self.machine.ways(self.tasks[number].place, self._bay_of[act.cabin])
                node = self.retrieve(node, number, act.cabin, self._like(act, ways))
        return self.follow_rule(node)

    @staticmethod
    def _like(act: Act, ways: Sequence[Route]) -> Route:
        """The way of an older act, or the one with the same lift, or the quickest."""
        if act.route in ways:
            return act.route or ways[0]
        platforms = act.route.platforms if act.route is not None else frozenset()
        return next((way for way in ways if way.platforms == platforms), ways[0])
