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

from safety.verification.controller import Controller, Wish
from safety.verification.hazard import Hazard
from safety.verification.lie import Lie
from safety.verification.space import Move, Space

_SHIFT = 24
_MEMORY = (1 << _SHIFT) - 1

Pace = Callable[[int, int], None]
"""Called now and then with the states and the depth so far."""

_PACE = 5_000


class Step(NamedTuple):
    """One cycle: the event, what the core wished besides, which device missed the write, and what came of it."""

    event: int
    wishes: tuple[Wish, ...]
    late: int
    state: int
    hazards: tuple[Hazard, ...]


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
                for step in self.steps(state, None, troubles):
                    run.transitions += 1
                    if step.hazards:
                        _find(run, state, step, None)
                    elif step.state not in run.parents:
                        run.parents[step.state] = state
                        following.append(step.state)
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
                    self._spread(run, state, self._steps_that_show(state, lie, troubles), (honest, following, lie))
            for state in frontier:
                self._spread(run, state, self.steps(state, lie, troubles), (honest, following, lie))
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
                for step in self.steps(state, lie, troubles):
                    run.transitions += 1
                    if step.hazards:
                        _find(run, state, step, lie)
                    elif step.state not in run.parents:
                        run.parents[step.state] = state
                        frontier.append(step.state)
                if bounds.first and run.findings:
                    break
        run.states = len(run.parents)
        return run

    def steps(self, state: int, lie: Lie | None, troubles: frozenset[int]) -> Iterator[Step]:
        """Everything that one cycle can bring."""
        plant, memory = state >> _SHIFT, state & _MEMORY
        moves = self.space.moves(plant)
        for move in moves:
            yield from self._after(move, memory, lie)
        if troubles:
            for number, move in self.space.begins(plant):
                if number in troubles:
                    yield from self._after(move, memory, lie)
        yield from self._wished(moves[0], memory, lie)

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

    def _spread(self, run: Run, state: int, steps: Iterator[Step], into: tuple[Run, list[int], Lie]) -> None:
        honest, following, lie = into
        shows = False
        for step in steps:
            shows = True
            run.transitions += 1
            if step.hazards:
                _find(run, state, step, lie)
            elif step.state not in run.parents and step.state not in honest.parents:
                run.parents[step.state] = state
                following.append(step.state)
        if shows and state in honest.parents:
            run.states += 1

    def _steps_that_show(self, state: int, lie: Lie, troubles: frozenset[int]) -> Iterator[Step]:
        plant, memory = state >> _SHIFT, state & _MEMORY
        moves = self.space.moves(plant)
        for move in moves:
            if self._shows(move.plant, lie):
                yield from self._after(move, memory, lie)
        for number, move in self.space.begins(plant) if troubles else ():
            if number in troubles and self._shows(move.plant, lie):
                yield from self._after(move, memory, lie)
        if self._shows(moves[0].plant, lie):
            yield from self._wished(moves[0], memory, lie)

    def _shows(self, plant: int, lie: Lie) -> bool:
        return self.controller.shows(plant, lie)

    def _after(self, move: Move, memory: int, lie: Lie | None) -> Iterator[Step]:
        self.controller.lie = lie
        answer = self.controller.answer(move.plant, memory)
        result = answer.passage.default
        after = self.controller.memory(answer.states, result.kept)
        outcomes = self.space.outcomes(move.plant, result.writes)
        for outcome in outcomes if self.late else outcomes[:1]:
            state = outcome.plant << _SHIFT | after
            yield Step(move.event, (), outcome.late, state, move.hazards + outcome.hazards)

    def _wished(self, passing: Move, memory: int, lie: Lie | None) -> Iterator[Step]:
        self.controller.lie = lie
        answer = self.controller.answer(passing.plant, memory)
        for wishes, result in answer.passage.options:
            if any(what == "orders" and self.space.is_done(passing.plant, who, order) for what, who, order in wishes):
                continue
            after = self.controller.memory(answer.states, result.kept)
            outcomes = self.space.outcomes(passing.plant, result.writes)
            for outcome in outcomes if self.late else outcomes[:1]:
                state = outcome.plant << _SHIFT | after
                yield Step(passing.event, wishes, outcome.late, state, outcome.hazards)

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
