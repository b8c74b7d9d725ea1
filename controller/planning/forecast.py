"""A rollout of the queue on the fast model: when each waiting order will be served, and how far that may be off.

Owns the sequence in which a rollout serves (always what can begin first, as the plan ranks it where several can), and
how the uncertainty of people and machine adds up along it. It knows no clock and rolls no dice. Must never promise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from controller.core.route import Route
from controller.planning.machine import NEVER_S, Machine, MachineState, Task
from controller.planning.people import Visit

WINDOW = 6
"""So many of the waiting are looked at for who begins next; whoever is farther back comes later."""

EITHER_WAY_S = 25.0
"""Acts that begin within so much of each other may change places in the next plan."""
QUEUE_SHARE = 0.12
"""Share of a waiting time by which orders that are still to come may move it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """An order that waits. ``place`` is where its car stands or will be put, ``target`` where a relocated one goes.

    ``after`` is the order whose car stands before this one's and goes first; empty when the way is clear.
    """

    id: str
    kind: Literal["retrieve", "store", "relocate"]
    place: str
    cabins: tuple[str, ...] = ()
    target: str = ""
    is_turned: bool = False
    after: str = ""


@dataclass(frozen=True, slots=True)
class Errors:
    """How far times may be off: of the machine as a share, of people as variances in s2."""

    machine_share: float = 0.02
    leave_s2: float = 75.0
    bring_s2: float = 75.0


@dataclass(slots=True)
class Spread:
    """Variances in s2 of the times in a ``MachineState``."""

    cabin: dict[str, float] = field(default_factory=dict)
    mover: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Expected:
    """A moment in s with its variance in s2: ``served`` is green for the driver, ``done`` is when the car is where it
    was to go (for a retrieval both are the same).
    """

    served_s: float
    served_s2: float
    done_s: float
    done_s2: float


@dataclass(frozen=True, slots=True)
class _Choice:
    begins_s: float
    rank: int
    index: int
    cabin: str
    route: Route | None
    wish: Wish | None


class Rollout:
    """One look ahead; it changes the state and the spread that it is given.

    ``patience_s`` says how much later than another order a stored car may begin and still go first; negative, how much
    sooner it must.
    """

    def __init__(
        self,
        machine: Machine,
        state: MachineState,
        spread: Spread,
        visit: Visit,
        errors: Errors,
        patience_s: float = 0.0,
    ) -> None:
        self._patience_s = patience_s
        self._machine, self._state, self._spread = machine, state, spread
        self._visit, self._errors = visit, errors
        self._found: dict[str, Expected] = {}

    def run(self, waiting: Sequence[Wish], stored: Mapping[str, Wish]) -> dict[str, Expected]:
        """Serve everybody; ``stored`` are the cars that stand, or will, in cabins and wait for movers.

        Who can never be served in this state is left out.
        """
        left, pending = list(waiting), dict(stored)
        while left or pending:
            choice = min(self._choices(left, pending), key=self._turn, default=None)
            if choice is None or choice.begins_s == NEVER_S:
                break
            if choice.wish is None:
                self._put(pending.pop(choice.cabin), choice)
                continue
            left.remove(choice.wish)
            match choice.wish.kind:
                case "retrieve":
                    self._retrieve(choice.wish, choice)
                case "store":
                    self._invite(choice.wish, choice)
                    pending[choice.cabin] = choice.wish
                case "relocate":
                    self._relocate(choice.wish, choice)
        return self._found

    def _turn(self, choice: _Choice) -> tuple[float, int, int]:
        begins_s = choice.begins_s - (self._patience_s if choice.wish is None else 0.0)
        return begins_s, choice.rank, choice.index

    def _choices(self, left: Sequence[Wish], pending: Mapping[str, Wish]) -> Iterator[_Choice]:
        machine, state = self._machine, self._state
        for cabin, wish in pending.items():
            for route in machine.ways(machine.layout.cabins[cabin].position, wish.place):
                yield _Choice(max(state.ready_s[cabin], machine.movers_free_s(state, route)), 0, 0, cabin, route, None)
        waiting = {wish.id for wish in left}
        for index, wish in enumerate(wish for wish in left[:WINDOW] if wish.after not in waiting):
            if wish.kind == "relocate":
                for route in machine.ways(wish.place, wish.target):
                    yield _Choice(machine.movers_free_s(state, route), 3, index, "", route, wish)
                continue
            for cabin in wish.cabins:
                free_s = state.cabin_s[cabin]
                if free_s == NEVER_S:
                    continue
                if wish.kind == "store":
                    yield _Choice(max(free_s, 0.0), 2, index, cabin, None, wish)
                    continue
                least_s = 0.0 if machine.rules.fetches_early else free_s
                for route in machine.ways(wish.place, machine.layout.cabins[cabin].position):
                    yield _Choice(max(least_s, machine.movers_free_s(state, route)), 1, index, cabin, route, wish)

    def _task(self, wish: Wish, kind: Literal["retrieve", "store"]) -> Task:
        return Task(wish.id, kind, wish.place, self._visit, is_turned=wish.is_turned)

    def _retrieve(self, wish: Wish, choice: _Choice) -> None:
        route, cabin = choice.route, choice.cabin
        if route is None:
            return
        cabin_s, movers_s = self._state.cabin_s[cabin], self._machine.movers_free_s(self._state, route)
        carry_s = route.estimate_s if self._machine.rules.fetches_early else 0.0
        by_cabin = cabin_s > movers_s + carry_s
        before = self._spread.cabin.get(cabin, 0.0) if by_cabin else self._movers_s2(route)
        served = self._machine.retrieve(self._state, self._task(wish, "retrieve"), cabin, route)
        served_s2 = before + self._machine_s2(served.served_s - max(served.began_s, cabin_s if by_cabin else 0.0))
        self._found[wish.id] = Expected(served.served_s, served_s2, served.served_s, served_s2)
        self._spread.cabin[cabin] = served_s2 + self._errors.leave_s2
        self._release(route, served_s2)

    def _invite(self, wish: Wish, choice: _Choice) -> None:
        before = self._spread.cabin.get(choice.cabin, 0.0)
        served = self._machine.invite(self._state, self._task(wish, "store"), choice.cabin)
        self._found[wish.id] = Expected(served.served_s, before, served.served_s, before)
        self._spread.cabin[choice.cabin] = before + self._errors.bring_s2

    def _put(self, wish: Wish, choice: _Choice) -> None:
        if choice.route is None:
            return
        ready_s, movers_s = self._state.ready_s[choice.cabin], self._machine.movers_free_s(self._state, choice.route)
        before = self._spread.cabin.get(choice.cabin, 0.0) if ready_s >= movers_s else self._movers_s2(choice.route)
        put = self._machine.put(self._state, choice.cabin, choice.route)
        done_s2 = before + self._machine_s2(put.served_s - put.began_s)
        known = self._found.get(wish.id)
        served_s, served_s2 = (put.served_s, done_s2) if known is None else (known.served_s, known.served_s2)
        self._found[wish.id] = Expected(served_s, served_s2, put.served_s, done_s2)
        self._spread.cabin[choice.cabin] = before + self._machine_s2(put.cabin_free_s - put.began_s)
        self._release(choice.route, done_s2)

    def _relocate(self, wish: Wish, choice: _Choice) -> None:
        if choice.route is None:
            return
        before = self._movers_s2(choice.route)
        done = self._machine.relocate(self._state, choice.route)
        done_s2 = before + self._machine_s2(done.served_s - done.began_s)
        self._found[wish.id] = Expected(done.served_s, done_s2, done.served_s, done_s2)
        self._release(choice.route, done_s2)

    def _movers_s2(self, route: Route) -> float:
        """Variance of the mover that is free last."""
        last = max(route.movers, key=lambda name: (self._state.mover_s[name], name))
        return self._spread.mover.get(last, 0.0)

    def _release(self, route: Route, variance_s2: float) -> None:
        for mover in route.movers:
            self._spread.mover[mover] = variance_s2

    def _machine_s2(self, took_s: float) -> float:
        off_s = self._errors.machine_share * max(took_s, 0.0)
        return off_s * off_s + 0.25


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known of one moment: when cabins and movers are free, how far that may be off, and who waits."""

    state: MachineState
    spread: Spread
    waiting: Sequence[Wish]
    stored: Mapping[str, Wish]
    """Cars that stand, or will, in cabins and wait for movers."""


def forecast(machines: Sequence[Machine], moment: Moment, visit: Visit, errors: Errors) -> dict[str, Expected]:
    """Several rollouts that differ where the plan may go either way, taken together.

    Whether a car that will soon stand ready goes before the next retrieval hangs on seconds, and the next plan may turn
    it round. A time that followed each turn would jump to and fro; the mean of both does not, and what lies between
    them counts as uncertainty. ``machines`` are those that fetch early and those that do not, as the plan may either.
    """
    runs: list[dict[str, Expected]] = []
    for machine in machines:
        for patience_s in (-EITHER_WAY_S, EITHER_WAY_S):
            own = Spread(dict(moment.spread.cabin), dict(moment.spread.mover))
            rollout = Rollout(machine, moment.state.copy(), own, visit, errors, patience_s)
            runs.append(rollout.run(moment.waiting, moment.stored))
    return {order: _together([run[order] for run in runs if order in run]) for order in runs[0]}


def _together(found: Sequence[Expected]) -> Expected:
    served_s, served_s2 = _mixed([(one.served_s, one.served_s2) for one in found])
    done_s, done_s2 = _mixed([(one.done_s, one.done_s2) for one in found])
    return Expected(served_s, served_s2, done_s, done_s2)


def _mixed(found: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Mean and variance of a mixture; the farther ahead, the more may still come between."""
    mean_s = sum(value for value, _ in found) / len(found)
    between_s2 = sum((value - mean_s) ** 2 for value, _ in found) / len(found)
    ahead_s = QUEUE_SHARE * max(mean_s, 0.0)
    return mean_s, sum(variance for _, variance in found) / len(found) + between_s2 + ahead_s * ahead_s
