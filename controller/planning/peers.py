"""The usual simple rules, over the same machine: what a better dispatcher is measured against.

Owns first come first served as the controller's core runs it, the same with look-ahead, and nearest first. They get
the same routes, times and rules of the machine as everything else here, places two deep included. A customer counts
when they are there, not when they are expected. Must never look at times to come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from controller.core.route import Route
from controller.planning.day import Begin, View, Waiting

Choose = Callable[[View, str], str | None]
"""Which free place a car that stands, or will stand, at a position is to get."""


def nearest_place(view: View, start: str) -> str | None:
    """The free place that is reached soonest; ties go to the smaller id, as in the core."""
    ways = view.machine.ways
    return min(view.free, key=lambda place: (ways(start, place)[0].estimate_s, place), default=None)


def nearest_aside(view: View, front: str) -> Route | None:
    """The quickest way of the car at ``front`` to a place where it is in nobody's way who is wanted now."""
    ways = view.machine.ways
    found = [ways(front, place)[0] for place in sorted(view.asides) if ways(front, place)]
    return min(found, key=lambda way: way.estimate_s, default=None)


def random_place(draw: Callable[[int], int]) -> Choose:
    """Any free place; ``draw(n)`` gives a number below n from a seeded stream."""

    def choose(view: View, start: str) -> str | None:  # noqa: ARG001 - any place is as good
        places = sorted(view.free)
        return places[draw(len(places))] if places else None

    return choose


class FirstCome:
    """First come, first served, with the rule of the core's queue.

    Stored cars in cabins come first. A later order may begin only with what no earlier one waits for;
    with ``looks_ahead`` with anything that is free now.
    """

    def __init__(self, choose: Choose = nearest_place, *, looks_ahead: bool = False) -> None:
        self._choose = choose
        self._looks_ahead = looks_ahead

    def decide(self, view: View) -> Begin | None:
        """The first order that can begin now."""
        wanted: set[str] = set()
        for cabin in view.pending:
            if view.is_ready(cabin):
                begin = put(view, cabin, wanted)
                if begin is not None:
                    return begin
                self._want(wanted, put_route(view, cabin))
        for waiting in self._queue(view):
            if waiting.task.due_s > view.now_s:
                continue
            begin = self._begin(view, waiting, wanted)
            if begin is not None:
                return begin
        return None

    def _queue(self, view: View) -> list[Waiting]:
        return view.waiting

    def _want(self, wanted: set[str], route: Route, cabin: str = "") -> None:
        if not self._looks_ahead:
            wanted.update(claims(route), {cabin} if cabin else ())

    def _begin(self, view: View, waiting: Waiting, wanted: set[str]) -> Begin | None:
        cabins = [cabin for cabin in view.machine.layout.cabins if view.is_cabin_free(cabin) and cabin not in wanted]
        if waiting.task.kind == "store":
            for cabin in cabins:
                place = waiting.task.place or self._choose(view, view.machine.layout.cabins[cabin].position)
                return None if place is None else Begin("invite", waiting.task.id, cabin, place=place)
            return None
        if front := view.front_of(waiting):
            return self._clear(view, waiting, front, wanted)
        for cabin in cabins:
            routes = view.machine.ways(waiting.task.place, view.machine.layout.cabins[cabin].position)
            for route in routes:
                if view.are_free(route) and not claims(route) & wanted:
                    return Begin("retrieve", waiting.task.id, cabin, route)
            self._want(wanted, routes[0], cabin)
        return None

    def _clear(self, view: View, waiting: Waiting, front: str, wanted: set[str]) -> Begin | None:
        """The car before the wanted one makes way; it needs no cabin."""
        route = nearest_aside(view, front)
        if route is None:
            return None
        if view.are_free(route) and not claims(route) & wanted:
            return Begin("relocate", waiting.task.id, "", route, route.legs[-1].target)
        self._want(wanted, route)
        return None


class NearestFirst(FirstCome):
    """Whoever can be served soonest from where the machine stands now; nobody is protected from waiting for ever."""

    def __init__(self, choose: Choose = nearest_place) -> None:
        super().__init__(choose, looks_ahead=True)

    def _queue(self, view: View) -> list[Waiting]:
        return sorted(view.waiting, key=lambda waiting: (self._soonest_s(view, waiting), waiting.task.due_s))

    @staticmethod
    def _soonest_s(view: View, waiting: Waiting) -> float:
        if waiting.task.kind == "store":
            return 0.0
        machine = view.machine
        return (
            min(
                machine.retrieve(view.state.copy(), waiting.task, cabin, route, view.now_s).served_s - view.now_s
                for cabin, shape in machine.layout.cabins.items()
                if cabin not in view.pending
                for route in machine.ways(waiting.task.place, shape.position)
            )
            if len(view.pending) < len(machine.layout.cabins)
            else 0.0
        )


def claims(route: Route) -> set[str]:
    """Movers and platforms of a route."""
    return {*route.movers, *route.platforms}


def put_route(view: View, cabin: str) -> Route:
    """The quickest route of the stored car in a cabin."""
    return next(_put_routes(view, cabin))


def put(view: View, cabin: str, wanted: set[str]) -> Begin | None:
    """Take a stored car out of its cabin when a route is free now."""
    pending = view.pending[cabin]
    for route in _put_routes(view, cabin):
        if view.are_free(route) and not claims(route) & wanted:
            return Begin("put", pending.task.id, cabin, route)
    return None


def _put_routes(view: View, cabin: str) -> Iterator[Route]:
    position = view.machine.layout.cabins[cabin].position
    yield from view.machine.ways(position, view.pending[cabin].task.place)
