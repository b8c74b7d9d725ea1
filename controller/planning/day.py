"""Days of demand on the fast model: customers come, a policy decides, the machine and the people take their times.

Owns the queue of moments, the places and what a policy may know: waiting customers, where cars stand, and expected
times. How long a customer really takes is in the demand and stays hidden until it has happened. Deterministic: who
calls it makes the demand from a seed. Must never decide which order begins; a ``Policy`` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush
from typing import Literal, Protocol

from controller.core.route import Route
from controller.garage import Layout
from controller.planning.machine import NEVER_S, Kind, Machine, MachineState, Task
from controller.planning.people import Visit, expected_visit
from controller.planning.places import Places

_SOON_S = 1.0
"""What has not ended when it was expected to is expected to end this much later."""
BOOKED_S = 1800.0
"""So long before it a booked departure is known; the customer is announced only when they set out."""
_TINY_S = 1e-6


@dataclass(frozen=True, slots=True)
class Demand:
    """Somebody wants to fetch or bring a car at a time."""

    at_s: float
    kind: Kind
    vehicle: str
    visit: Visit
    """How long this customer really takes."""
    place: str = ""
    """Place that a store asks for; empty leaves it to the policy."""
    early_s: float = 0.0
    """So long before ``at_s`` the controller knows that a booked customer is on the way; 0 for who just comes."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order that has not begun, as a policy sees it; a store has no place yet, unless its customer asked for one."""

    task: Task
    vehicle: str
    keeps_place: bool = False
    """The customer of a store asked for this very place."""


@dataclass(frozen=True, slots=True)
class Begin:
    """What a policy decides: an order begins now, a stored car is taken out of its cabin, or a car makes way."""

    kind: Literal["retrieve", "invite", "put", "relocate"]
    order: str
    """At ``relocate`` the order whose car stands behind the one that makes way; that order goes on waiting."""
    cabin: str
    route: Route | None = None
    place: str = ""
    """Place of a stored car, or of one that makes way; at ``put`` it may differ from the one at ``invite``."""


@dataclass(slots=True)
class View:
    """What a policy may know."""

    now_s: float
    machine: Machine
    state: MachineState
    """Expected times; what is at most ``now_s`` is really so."""
    waiting: list[Waiting]
    """In order of acceptance."""
    pending: dict[str, Waiting]
    """Cabins in which a stored car stands or will stand, with the place that was chosen for it."""
    free: set[str]
    """Places that a car which comes may be given."""
    asides: set[str] = field(default_factory=set)
    """Places that a car which must make way may be given."""
    occupant: Mapping[str, str] = field(default_factory=dict)
    """Vehicle by place."""
    departs_s: Mapping[str, float] = field(default_factory=dict)
    """When a vehicle leaves, as far as that is known: it is booked, or has been asked for."""

    def is_cabin_free(self, cabin: str) -> bool:
        """True when an order may use the cabin now."""
        return self.state.cabin_s[cabin] <= self.now_s + _TINY_S

    def are_free(self, route: Route) -> bool:
        """True when the route's movers are free now."""
        return self.machine.movers_free_s(self.state, route) <= self.now_s + _TINY_S

    def front_of(self, waiting: Waiting) -> str:
        """The occupied place before the car of a waiting retrieval; empty when its way is clear."""
        if waiting.task.kind == "store":
            return ""
        fronts = self.machine.layout.in_front_of(waiting.task.place)
        return next((front for front in fronts if front in self.occupant), "")

    def is_ready(self, cabin: str) -> bool:
        """True when the stored car in a cabin can be taken out now."""
        return self.state.ready_s.get(cabin, NEVER_S) <= self.now_s + _TINY_S


class Policy(Protocol):
    """Decides what begins now."""

    def decide(self, view: View) -> Begin | None:
        """The next order to begin now, None to wait for the next moment; asked again after each one."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one customer, times in s."""

    order: str
    kind: Kind
    asked_s: float
    served_s: float
    began_s: float

    @property
    def wait_s(self) -> float:
        """From asking to green."""
        return self.served_s - self.asked_s


@dataclass(frozen=True, slots=True)
class Use:
    """A cabin or mover in use, times in s: a mover from when it is claimed, a cabin from its car or customer on."""

    unit: str
    from_s: float
    to_s: float


@dataclass(slots=True)
class Result:
    """A simulated stretch of time."""

    outcomes: list[Outcome] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    refused: int = 0
    """Wishes for cars that never were there."""
    unserved: int = 0
    """Orders that had not begun, or cars left in cabins, when nothing could happen any more: a full garage, a
    deadlock, or a policy that never starts them."""
    decisions: int = 0
    relocations: int = 0
    """How often a car had to make way for another one."""

    @property
    def mean_wait_s(self) -> float:
        """Mean of all waits; 0 without customers."""
        return sum(o.wait_s for o in self.outcomes) / len(self.outcomes) if self.outcomes else 0.0


class Day:
    """One stretch of demand on one machine.

    ``stock`` names the cars in the garage at the beginning, by place; those of ``turned`` stand nose outwards.
    Places two deep are filled by the rules of ``places.py``.
    """

    def __init__(
        self,
        machine: Machine,
        policy: Policy,
        demand: Sequence[Demand],
        stock: Mapping[str, str],
        turned: Iterable[str] = (),
    ) -> None:
        self._machine = machine
        self._policy = policy
        self._expected = expected_visit(machine.layout.config)
        self._truth = machine.at_rest()
        self._belief = machine.at_rest()
        self._places = Places(machine.layout, stock)
        self._turned = set(turned)
        self._waiting: list[Waiting] = []
        self._pending: dict[str, Waiting] = {}
        self._visits: dict[str, Visit] = {}
        self._entered_s: dict[str, float] = {}
        self._under_way = self._places.asked
        """Vehicles that somebody has asked for, or brings, until they have left or stand in their place."""
        self._departs_s: dict[str, float] = {}
        self._booked = sorted(
            ((wish.at_s - BOOKED_S, wish.vehicle, wish.at_s) for wish in demand if wish.early_s), reverse=True
        )
        """What will be known of departures, the next one last: from when on, which vehicle, when it leaves."""
        self._later: dict[str, list[Demand]] = {}
        """What is wanted of a vehicle that is under way, or not there."""
        self._moments: list[tuple[float, int, Demand | None, str]] = [
            (wish.at_s - wish.early_s, number, wish, "") for number, wish in enumerate(demand)
        ]
        heapify(self._moments)
        self._number = len(self._moments)
        self.result = Result()

    def run(self) -> Result:
        """Simulate until every customer is served, or nothing can happen any more."""
        while self._moments:
            now_s = self._moments[0][0]
            while self._moments and self._moments[0][0] <= now_s + _TINY_S:
                when_s, _, wish, ended = heappop(self._moments)
                if wish is not None:
                    self._ask(wish)
                if ended:
                    self._end(when_s, ended)
            self._decide(now_s)
        self.result.unserved = len(self._waiting) + len(self._pending)
        self.result.refused = sum(len(wishes) for wishes in self._later.values())
        return self.result

    def _at(self, when_s: float, ended: str = "") -> None:
        self._number += 1
        heappush(self._moments, (when_s, self._number, None, ended))

    def _ask(self, wish: Demand) -> None:
        if wish.vehicle in self._under_way or (wish.kind == "store" and wish.vehicle in self._places.place_of):
            self._later.setdefault(wish.vehicle, []).append(wish)
            return
        number = len(self._visits)
        order = f"o{number}"
        place = self._places.place_of.get(wish.vehicle, wish.place)
        if wish.kind == "retrieve" and not place:
            self._later.setdefault(wish.vehicle, []).append(wish)
            return
        self._under_way.add(wish.vehicle)
        self._visits[order] = wish.visit
        turned = wish.vehicle in self._turned
        early_s = wish.early_s if wish.kind == "retrieve" else 0.0
        task = Task(order, wish.kind, place, self._expected, wish.at_s, is_turned=turned, early_s=early_s)
        if early_s:
            self._at(wish.at_s)
        self._waiting.append(Waiting(task, wish.vehicle, wish.kind == "store" and bool(wish.place)))

    def _end(self, now_s: float, vehicle: str) -> None:
        """A car stands in its place, or has left: what else is wanted of it is asked for, in its order.

        Who fetches a car that was still on its way in has waited for it; who brings one back sets out only now.
        """
        self._under_way.discard(vehicle)
        for wish in self._later.pop(vehicle, []):
            self._ask(replace(wish, at_s=now_s) if wish.kind == "store" else wish)

    def _decide(self, now_s: float) -> None:
        while True:
            begin = self._policy.decide(self._view(now_s))
            self.result.decisions += 1
            if begin is None:
                return
            self._begin(now_s, begin)

    def _view(self, now_s: float) -> View:
        truth, belief = self._truth, self._belief
        for real, told in (
            (truth.cabin_s, belief.cabin_s),
            (truth.mover_s, belief.mover_s),
            (truth.ready_s, belief.ready_s),
        ):
            for name, when_s in real.items():
                if when_s <= now_s + _TINY_S:
                    told[name] = when_s
                elif told[name] <= now_s + _TINY_S:
                    told[name] = now_s + _SOON_S
        while self._booked and self._booked[-1][0] <= now_s:
            _, vehicle, leaves_s = self._booked.pop()
            self._departs_s[vehicle] = leaves_s
        places = self._places
        return View(
            now_s,
            self._machine,
            belief.copy(),
            list(self._waiting),
            dict(self._pending),
            places.for_stores(),
            places.for_asides(),
            places.occupant,
            self._departs_s,
        )

    # --- what begins ---------------------------------------------------------------------------------------

    def _begin(self, now_s: float, begin: Begin) -> None:
        match begin.kind:
            case "retrieve":
                self._retrieve(now_s, begin)
            case "invite":
                self._invite(now_s, begin)
            case "put":
                self._put(now_s, begin)
            case "relocate":
                self._relocate(now_s, begin)

    def _take(self, order: str) -> Waiting:
        index = next(i for i, waiting in enumerate(self._waiting) if waiting.task.id == order)
        return self._waiting.pop(index)

    def _retrieve(self, now_s: float, begin: Begin) -> None:
        waiting, route = self._take(begin.order), begin.route
        if route is None:
            raise ValueError(f"{begin.order} begins without a route")
        task = waiting.task
        if self._places.front_of(task.place):
            raise ValueError(f"{begin.order} stands behind another car")
        self._machine.retrieve(self._belief, task, begin.cabin, route, now_s)
        real = replace(task, visit=self._visits[task.id])
        before = self._truth.mover_s.copy()
        served = self._machine.retrieve(self._truth, real, begin.cabin, route, now_s)
        self._note_movers(route, before, now_s)
        set_down_s = served.served_s - self._machine.timing.presenting_s(begin.cabin, turns=not task.is_turned)
        self.result.uses.append(Use(begin.cabin, set_down_s, served.cabin_free_s))
        self._check(now_s, served.began_s, begin)
        self._places.take(waiting.vehicle)
        self._move_promises_deeper()
        self._departs_s.pop(waiting.vehicle, None)
        self._turned.discard(waiting.vehicle)
        self.result.outcomes.append(Outcome(task.id, task.kind, task.due_s, served.served_s, served.began_s))
        self._at(served.served_s + real.visit.leave_s, waiting.vehicle)
        self._at(self._machine.movers_free_s(self._truth, route))
        for mover in route.movers:
            self._at(self._truth.mover_s[mover])
        self._at(served.cabin_free_s)

    def _invite(self, now_s: float, begin: Begin) -> None:
        waiting = self._take(begin.order)
        self._places.promise(begin.place)
        task = replace(waiting.task, place=begin.place)
        self._machine.invite(self._belief, task, begin.cabin, now_s)
        real = replace(task, visit=self._visits[task.id])
        served = self._machine.invite(self._truth, real, begin.cabin, now_s)
        self._check(now_s, served.began_s, begin)
        self._pending[begin.cabin] = replace(waiting, task=task)
        self._entered_s[begin.cabin] = served.began_s
        self.result.outcomes.append(Outcome(task.id, task.kind, task.due_s, served.served_s, served.began_s))
        ready_s = self._truth.ready_s[begin.cabin]
        self._at(ready_s)
        if self._machine.rules.turns_waiting_cars:
            self._at(ready_s + self._machine.timing.rotate_s(begin.cabin))

    def _put(self, now_s: float, begin: Begin) -> None:
        pending, route = self._pending.pop(begin.cabin), begin.route
        if route is None:
            raise ValueError(f"{begin.cabin} is emptied without a route")
        place = pending.task.place
        if begin.place and begin.place != place:
            self._places.promise(begin.place)
            self._places.give_up(place)
            place = begin.place
        turned_s = self._truth.ready_s[begin.cabin] + self._machine.timing.rotate_s(begin.cabin)
        if self._machine.rules.turns_waiting_cars and turned_s <= now_s + _TINY_S:
            self._turned.add(pending.vehicle)
        self._machine.put(self._belief, begin.cabin, route, now_s)
        before = self._truth.mover_s.copy()
        served = self._machine.put(self._truth, begin.cabin, route, now_s)
        self._note_movers(route, before, now_s)
        self.result.uses.append(Use(begin.cabin, self._entered_s.pop(begin.cabin), served.cabin_free_s))
        self._check(now_s, served.began_s, begin)
        self._places.put(pending.vehicle, place)
        self._at(served.served_s, pending.vehicle)
        for mover in route.movers:
            self._at(self._truth.mover_s[mover])
        self._at(served.cabin_free_s)

    def _relocate(self, now_s: float, begin: Begin) -> None:
        waiting = next(one for one in self._waiting if one.task.id == begin.order)
        front, route = self._places.front_of(waiting.task.place), begin.route
        if route is None or not front:
            raise ValueError(f"nothing makes way for {begin.order}")
        self._machine.relocate(self._belief, route, now_s)
        before = self._truth.mover_s.copy()
        served = self._machine.relocate(self._truth, route, now_s)
        self._note_movers(route, before, now_s)
        self._check(now_s, served.began_s, begin)
        vehicle = self._places.occupant[front]
        self._places.promise(begin.place)
        self._places.take(vehicle)
        self._places.put(vehicle, begin.place)
        for index, other in enumerate(self._waiting):
            if other.vehicle == vehicle:
                self._waiting[index] = replace(other, task=replace(other.task, place=begin.place))
        self.result.relocations += 1
        for mover in route.movers:
            self._at(self._truth.mover_s[mover])

    def _move_promises_deeper(self) -> None:
        """Who was promised the place before a car that has left meanwhile goes behind, and shuts in no free place."""
        for cabin, pending in self._pending.items():
            deeper = "" if pending.keeps_place else self._places.deeper(pending.task.place)
            if deeper:
                self._places.give_up(pending.task.place)
                self._places.promise(deeper)
                self._pending[cabin] = replace(pending, task=replace(pending.task, place=deeper))

    def _note_movers(self, route: Route, before: Mapping[str, float], now_s: float) -> None:
        for mover in route.movers:
            self.result.uses.append(Use(mover, max(now_s, before[mover]), self._truth.mover_s[mover]))

    @staticmethod
    def _check(now_s: float, began_s: float, begin: Begin) -> None:
        if abs(began_s - now_s) > 1e-3:
            raise ValueError(f"{begin.kind} of {begin.order} at {begin.cabin} cannot begin at {now_s:.1f} s")


def standing(layout: Layout, vehicles: Sequence[str]) -> dict[str, str]:
    """The given cars in the first places of a layout, as a stock.

    Raises:
        ValueError: more cars than places.
    """
    places = [place.id for place in layout.storage()]
    if len(vehicles) > len(places):
        raise ValueError(f"{len(vehicles)} cars do not stand in {len(places)} places")
    return dict(zip(places, vehicles, strict=False))
