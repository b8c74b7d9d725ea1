"""The search: breadth first through every state of a garage and its safety, so that the first way found is a shortest.

Owns the frontier and what has been visited. A state is a plant and a memory of safety, by their numbers in one
integer. Must never judge a state itself: hazards come from ``hazard`` by way of ``space``.

A lie may begin at any moment. It makes a difference only where it shows something else than the truth; so a lying
search starts from every honest state, takes from it those happenings in which the lie shows, and goes on with all of
them from what it reaches. Where it comes back to a state that honesty reaches too, it stops: that state is a start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from safety.verification.controller import Controller
from safety.verification.hazard import Hazard
from safety.verification.lie import Lie
from safety.verification.passage import Wish
from safety.verification.space import Move, Space

_SHIFT = 24
_MEMORY = (1 << _SHIFT) - 1

Pace = Callable[[int, int], None]
"""Called now and then with the states and the depth so far."""

_PACE = 5_000


class Step(NamedTuple):
    """One cycle: what came of it, the event, what the core wished besides, and which device missed the write."""

    state: int
    hazards: tuple[Hazard, ...]
    event: int
    wishes: tuple[Wish, ...]
    late: int


_Row = tuple[int, tuple[Hazard, ...], int, tuple[Wish, ...], int]
"""A step as a bare tuple: there are very many, and few are ever told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A hazard, the state before it, the step that leads into it, and the number of steps from the start."""

    hazard: Hazard
    state: int
    step: Step
    depth: int
    lie: Lie | None = None


@dataclass(slots=True)
class Run:
    """What one search has seen. ``parents`` leads from each state to the one before it."""

    parents: dict[int, int] = field(default_factory=dict)
    layers: list[list[int]] = field(default_factory=list)
    states: int = 0
    transitions: int = 0
    complete: bool = True
    findings: dict[Hazard, Finding] = field(default_factory=dict)

    @property
    def depth(self) -> int:
        """Steps to the farthest state."""
        return max(0, len(self.layers) - 1)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a search goes: at most ``states`` new states and ``depth`` steps; ``first`` ends it with a hazard."""

    states: int | None = None
    depth: int | None = None
    first: bool = False


class Search:
    """Searches of one garage under one set of interlocks."""

    def __init__(self, space: Space, controller: Controller, pace: Pace | None = None, *, late: bool = True) -> None:
        self.space = space
        self.late = late
        self.controller = controller
        self._pace = pace

    def start(self) -> int:
        """The state of a garage at rest whose controller has just been started."""
        return self.space.first << _SHIFT | self.controller.first_memory()

    def honest(self, troubles: frozenset[int], bounds: Bounds) -> Run:
        """Every state that is reached while all sensors tell the truth and one of ``troubles`` at a time may come."""
        run = Run()
        first = self.start()
        run.parents[first] = first
        run.layers.append([first])
        while run.layers[-1] and not self._is_over(run, bounds):
            following: list[int] = []
            for state in run.layers[-1]:
                self._spread(run, state, self._steps(state, None, troubles), (run, following, None))
            run.layers.append(following)
        if not run.layers[-1]:
            run.layers.pop()
        run.states = len(run.parents)
        return run

    def lying(self, lie: Lie, troubles: frozenset[int], honest: Run, bounds: Bounds) -> Run:
        """Every state that is reached when the sensor begins to lie at any moment of ``honest``."""
        run = Run()
        frontier: list[int] = []
        depth = 0
        while depth < len(honest.layers) or frontier:
            starts = honest.layers[depth] if depth < len(honest.layers) else []
            following: list[int] = []
            run.layers.append(frontier)
            for state in starts:
                trouble = self._trouble(state)
                if not trouble or trouble in troubles:
                    rows = self._steps_that_show(state, lie, troubles)
                    run.states += bool(rows)
                    self._spread(run, state, rows, (honest, following, lie))
            for state in frontier:
                self._spread(run, state, self._steps(state, lie, troubles), (honest, following, lie))
            run.states += len(following)
            frontier = following
            depth += 1
            if self._is_over(run, bounds):
                break
        return run

    def onward(self, starts: Iterable[int], lie: Lie | None, troubles: frozenset[int], bounds: Bounds) -> Run:
        """Every state that is reached from some states, all at once, with a sensor that lies already or with none."""
        run = Run()
        frontier = list(dict.fromkeys(starts))
        run.parents.update((state, state) for state in frontier)
        while frontier and not self._is_over(run, bounds):
            run.layers.append(frontier)
            frontier = []
            for state in run.layers[-1]:
                self._spread(run, state, self._steps(state, lie, troubles), (run, frontier, lie))
                if bounds.first and run.findings:
                    break
        run.states = len(run.parents)
        return run

    def steps(self, state: int, lie: Lie | None, troubles: frozenset[int]) -> Iterator[Step]:
        """Everything that one cycle can bring, with what there is to tell of it."""
        return map(Step._make, self._steps(state, lie, troubles))

    def way_to(self, run: Run, finding: Finding, honest: Run | None = None) -> tuple[list[tuple[int, Step]], int]:
        """The steps that lead into a finding, each with the state before it, and with which of them the lie begins."""
        after = self.way(run.parents, finding.state, finding.lie)
        start = after[0][0] if after else finding.state
        before = [] if honest is None else self.way(honest.parents, start, None)
        return [*before, *after, (finding.state, finding.step)], len(before)

    def way(self, parents: Mapping[int, int], state: int, lie: Lie | None) -> list[tuple[int, Step]]:
        """The steps that lead to a state from where ``parents`` end, each with the state before it."""
        chain = [state]
        while parents.get(chain[-1], chain[-1]) != chain[-1]:
            chain.append(parents[chain[-1]])
        chain.reverse()
        everything = frozenset(range(1, len(self.space.troubles) + 1))
        return [
            (before, next(step for step in self.steps(before, lie, everything) if step.state == after))
            for before, after in pairwise(chain)
        ]

    def plant(self, state: int) -> int:
        """The number of a state's plant."""
        return state >> _SHIFT

    def memory(self, state: int) -> int:
        """The number of a state's memory."""
        return state & _MEMORY

    def state(self, plant: int, memory: int) -> int:
        """The state of a plant and a memory."""
        return plant << _SHIFT | memory

    def _spread(self, run: Run, state: int, rows: list[_Row], into: tuple[Run, list[int], Lie | None]) -> None:
        """Go on to what is new: to ``run``, and to another one that knows some states already."""
        other, following, lie = into
        parents, known = run.parents, other.parents
        run.transitions += len(rows)
        for row in rows:
            after = row[0]
            if row[1]:
                _find(run, state, Step._make(row), lie)
            elif after not in parents and after not in known:
                parents[after] = state
                following.append(after)

    def _steps(self, state: int, lie: Lie | None, troubles: frozenset[int]) -> list[_Row]:
        plant, memory = state >> _SHIFT, state & _MEMORY
        moves = self.space.moves(plant)
        self.controller.tell(lie)
        found: list[_Row] = []
        for move in moves:
            self._after(move, memory, found)
        if troubles:
            for number, move in self.space.begins(plant):
                if number in troubles:
                    self._after(move, memory, found)
        self._wished(moves[0], memory, found)
        return found

    def _steps_that_show(self, state: int, lie: Lie, troubles: frozenset[int]) -> list[_Row]:
        plant, memory = state >> _SHIFT, state & _MEMORY
        moves = self.space.moves(plant)
        self.controller.tell(lie)
        shows = self.controller.shows
        found: list[_Row] = []
        for move in moves:
            if shows(move.plant):
                self._after(move, memory, found)
        if troubles:
            for number, move in self.space.begins(plant):
                if number in troubles and shows(move.plant):
                    self._after(move, memory, found)
        if shows(moves[0].plant):
            self._wished(moves[0], memory, found)
        return found

    def _after(self, move: Move, memory: int, found: list[_Row]) -> None:
        """What an event leads to while the core wishes nothing new."""
        event, plant, hazards = move
        states, passage, _ = self.controller.answer(plant, memory)
        kept, writes = passage.default
        after = self.controller.memory(states, kept)
        for result, late, more in self.space.outcomes(plant, writes, late=self.late):
            found.append((result << _SHIFT | after, hazards + more if more else hazards, event, (), late))

    def _wished(self, passing: Move, memory: int, found: list[_Row]) -> None:
        """What each wish of the core leads to while nothing else happens."""
        event, plant, _ = passing
        states, passage, _ = self.controller.answer(plant, memory)
        done = self.space.done(plant)
        memory_of, outcomes, may_be_late = self.controller.memory, self.space.outcomes, self.late
        for wishes, orders, (kept, writes) in passage.options:
            if orders & done:
                continue
            after = memory_of(states, kept)
            for result, late, hazards in outcomes(plant, writes, late=may_be_late):
                found.append((result << _SHIFT | after, hazards, event, wishes, late))

    def _trouble(self, state: int) -> int:
        return self.space.plants[state >> _SHIFT].trouble

    def _is_over(self, run: Run, bounds: Bounds) -> bool:
        if self._pace is not None:
            self._pace(max(run.states, len(run.parents)), run.depth)
        over = bool(
            (bounds.states is not None and len(run.parents) >= bounds.states)
            or (bounds.depth is not None and run.depth >= bounds.depth)
        )
        run.complete = run.complete and not over
        return over or bool(bounds.first and run.findings)


def _find(run: Run, state: int, step: Step, lie: Lie | None) -> None:
    for hazard in step.hazards:
        if hazard not in run.findings:
            run.findings[hazard] = Finding(hazard, state, step, len(run.layers), lie)
