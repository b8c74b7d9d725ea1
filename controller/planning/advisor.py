"""From a picture of the moment to an advice: the planner asked again and again until nobody more begins now.

Owns the translation between the core's picture and the planner's view. It remembers nothing between two pictures, so
the same picture gives the same advice, live, in virtual time and after a restart. It knows no clock; how long it thinks
is bounded by the planner's number of nodes. Must never command.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from controller.garage import Layout
from controller.planning.advice import BEGINS_MAX, EARLY_S, Advice, BookedSeen, Counsel, Picture, WaitingSeen
from controller.planning.day import Begin, View, Waiting
from controller.planning.machine import NEVER_S, Machine, MachineState, Rules, Task
from controller.planning.people import expected_visit
from controller.planning.planner import planner
from controller.planning.search import Effort

_NO_BOUND = 1_000_000
"""The bound on overtaking is kept here, by the counts of the picture."""


class Advisor:
    """Looks at pictures of one garage."""

    def __init__(self, layout: Layout, machine: Machine | None = None, effort: Effort | None = None) -> None:
        self._machine = machine or Machine(layout, rules=Rules(fetches_early=True, overlaps_legs=True))
        self._effort = effort
        self._visit = expected_visit(layout.config)

    def advise(self, picture: Picture) -> Advice:
        """Who begins now, in which cabin and on which way, and why no more do."""
        view = self._view(picture)
        passed = {seen.order: seen.passed for seen in picture.waiting} | {seen.booking: 0 for seen in picture.booked}
        policy = planner(overtaking_max=_NO_BOUND, effort=self._effort)
        begins: list[Counsel] = []
        while len(begins) < BEGINS_MAX:
            candidates = _candidates(view.waiting, passed, picture.overtaking_max)
            begin = policy.decide(replace(view, waiting=candidates, state=view.state.copy()))
            if begin is None:
                break
            begins.append(_counsel(begin))
            self._carry_out(view, begin, passed)
        return Advice(picture.number, begins, policy.reason)

    def _view(self, picture: Picture) -> View:
        layout = self._machine.layout
        state = MachineState(
            {name: NEVER_S if seen.free_s is None else seen.free_s for name, seen in picture.cabins.items()},
            {name: seen.free_s for name, seen in picture.movers.items()},
            {name: seen.station for name, seen in picture.movers.items() if name in layout.shuttles},
            {name: seen.station for name, seen in picture.movers.items() if name in layout.lifts},
            {name: seen.ready_s for name, seen in picture.cabins.items() if seen.free_s is None},
        )
        waiting = [self._waiting(one, -one.since_s, one.order) for one in picture.waiting]
        waiting += [self._waiting(one, one.due_s, one.booking) for one in picture.booked]
        pending = {
            car.cabin: Waiting(Task(car.order, "store", car.place, self._visit), car.vehicle) for car in picture.stored
        }
        return View(0.0, self._machine, state, waiting, pending, set(picture.free))

    def _waiting(self, seen: WaitingSeen | BookedSeen, due_s: float, name: str) -> Waiting:
        """Somebody who waits, or is on the way: then the car may be fetched before they are there."""
        early_s = EARLY_S if due_s > 0 and seen.kind == "retrieve" else 0.0
        task = Task(name, seen.kind, seen.place, self._visit, due_s, is_turned=seen.is_turned, early_s=early_s)
        return Waiting(task, seen.vehicle)

    def _carry_out(self, view: View, begin: Begin, passed: dict[str, int]) -> None:
        """What the view is like once an order has begun."""
        if begin.kind == "put":
            car = view.pending.pop(begin.cabin)
            if begin.route is not None:
                self._machine.put(view.state, begin.cabin, begin.route, view.now_s)
            view.free.discard(begin.place or car.task.place)
            return
        index = next(i for i, waiting in enumerate(view.waiting) if waiting.task.id == begin.order)
        for other in view.waiting[:index]:
            if other.task.due_s <= view.now_s:
                passed[other.task.id] += 1
        waiting = view.waiting.pop(index)
        if begin.kind == "retrieve" and begin.route is not None:
            self._machine.retrieve(view.state, waiting.task, begin.cabin, begin.route, view.now_s)
        else:
            task = replace(waiting.task, place=begin.place)
            self._machine.invite(view.state, task, begin.cabin, view.now_s)
            view.pending[begin.cabin] = Waiting(task, waiting.vehicle)
            view.free.discard(begin.place)


def _candidates(waiting: Sequence[Waiting], passed: dict[str, int], bound: int) -> list[Waiting]:
    """All, or only up to the first that was overtaken as often as the bound allows."""
    for index, one in enumerate(waiting):
        if passed[one.task.id] >= bound:
            return list(waiting[: index + 1])
    return list(waiting)


def _counsel(begin: Begin) -> Counsel:
    movers = () if begin.route is None else tuple(sorted(begin.route.movers))
    return Counsel(begin.order, begin.cabin, movers, begin.place)
