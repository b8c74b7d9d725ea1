"""The search: breadth first through every state of a garage and its safety, so that the first way found is a shortest.

Owns the frontier and what has been visited. A state is a plant and a memory of safety, by their numbers in one
integer. Must never judge a state itself: hazards come from ``hazard`` by way of ``space``.

A lie may begin at any moment. It makes a difference only where it shows something else than the truth; so a lying
search starts from every honest state, takes from it those happenings in which the lie shows, and goes on with all of
them from what it reaches. Where it comes back to a state that honesty reaches too, it stops: that state is a start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from safety.verification.controller import Answer, Controller
from safety.verification.hazard import Hazard
from safety.verification.lie import Lie
from safety.verification.passage import Wish
from safety.verification.space import Move, Space

_SHIFT = 24
_MEMORY = (1 << _SHIFT) - 1

Pace = Callable[[int, int], None]
"""Called now and then with the states and the depth so far."""

_REMEMBERED_MAX = 12_000_000
"""Steps that are remembered between lies, which share most of them; so many take about 600 MB."""


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
    """How far a search goes: at most ``states`` new states and ``depth`` steps; ``first`` ends it with a hazard.

    Hazards with an id in ``expected`` do not end it.
    """

    states: int | None = None
    depth: int | None = None
    first: bool = False
    expected: frozenset[str] = frozenset()


class _Look(NamedTuple):
    """How a search looks on: with which lie, with which troubles, and whether the lie only now begins to show."""

    lie: Lie | None
    troubles: frozenset[int]
    begins: bool = False


class _Onward(NamedTuple):
    """Where one answer of safety leads from one plant, and whether any of it is a hazard."""

    states: tuple[int, ...]
    is_hazardous: bool


class Search:
    """Searches of one garage under one set of interlocks."""

    def __init__(self, space: Space, controller: Controller, pace: Pace | None = None, *, late: bool = True) -> None:
        self.space = space
        self.late = late
        self.controller = controller
        self._pace = pace
        self._usual: dict[bool, dict[int, _Onward]] = {False: {}, True: {}}
        self._by_wish: dict[bool, dict[int, _Onward]] = {False: {}, True: {}}
        self._remembered = 0

    def start(self) -> int:
        """The state of a garage at rest whose controller has just been started."""
        return self.space.first << _SHIFT | self.controller.first_memory()

    def honest(self, troubles: frozenset[int], bounds: Bounds) -> Run:
        """Every state that is reached while all sensors tell the truth and one of ``troubles`` at a time may come."""
        run = Run()
        look = _Look(None, troubles)
        first = self.start()
        run.parents[first] = first
        run.layers.append([first])
        while run.layers[-1] and not self._is_over(run, bounds):
            following: list[int] = []
            for state in run.layers[-1]:
                self._spread(run, state, look, (run, following))
            run.layers.append(following)
        if not run.layers[-1]:
            run.layers.pop()
        run.states = len(run.parents)
        return run

    def lying(self, lie: Lie, troubles: frozenset[int], honest: Run, bounds: Bounds) -> Run:
        """Every state that is reached when the sensor begins to lie at any moment of ``honest``."""
        run = Run()
        look, first = _Look(lie, troubles), _Look(lie, troubles, begins=True)
        frontier: list[int] = []
        depth = 0
        while depth < len(honest.layers) or frontier:
            starts = honest.layers[depth] if depth < len(honest.layers) else []
            following: list[int] = []
            run.layers.append(frontier)
            for state in starts:
                trouble = self._trouble(state)
                if not trouble or trouble in troubles:
                    run.states += self._spread(run, state, first, (honest, following))
            for state in frontier:
                self._spread(run, state, look, (honest, following))
            run.states += len(following)
            frontier = following
            depth += 1
            if self._is_over(run, bounds):
                break
        return run

    def onward(self, starts: Mapping[int, int], lie: Lie | None, troubles: frozenset[int], bounds: Bounds) -> Run:
        """Every state that is reached from some states, each of which has a depth, with a sensor that lies or none."""
        run = Run()
        look = _Look(lie, troubles)
        run.parents.update((state, state) for state in starts)
        waiting = sorted(starts.items(), key=lambda start: start[1])
        frontier: list[int] = []
        while (frontier or waiting) and not self._is_over(run, bounds):
            depth = len(run.layers) if frontier else waiting[0][1]
            run.layers += [[] for _ in range(depth - len(run.layers))]
            now = [state for state, at in waiting if at <= depth]
            waiting = waiting[len(now) :]
            run.layers.append(frontier + now)
            frontier = []
            for state in run.layers[-1]:
                self._spread(run, state, look, (run, frontier))
                if bounds.first and any(hazard.id not in bounds.expected for hazard in run.findings):
                    break
        run.states = len(run.parents)
        return run

    def steps(self, state: int, lie: Lie | None, troubles: frozenset[int]) -> Iterator[Step]:
        """Everything that one cycle can bring, with what there is to tell of it."""
        return map(Step._make, self._steps(state, _Look(lie, troubles)))

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

    def _spread(self, run: Run, state: int, look: _Look, into: tuple[Run, list[int]]) -> bool:
        """Go on to what is new, to ``run`` and to another one that knows some states already; False at an end."""
        other, following = into
        parents, known = run.parents, other.parents
        found = self._onward(state, look)
        if found is None:
            rows = self._steps(state, look)
            for row in rows:
                if row[1]:
                    _find(run, state, Step._make(row), look.lie)
            found = [row[0] for row in rows if not row[1]]
            run.transitions += len(rows) - len(found)
        run.transitions += len(found)
        for after in found:
            if after not in parents and after not in known:
                parents[after] = state
                following.append(after)
        return bool(found)

    def _onward(self, state: int, look: _Look) -> list[int] | None:
        """Every state that one cycle can bring, None when some of it is a hazard and has to be told in full."""
        memory = state & _MEMORY
        answer, usual = self.controller.answer, self._usual[self.late]
        found: list[int] = []
        for move in self._moves(state >> _SHIFT, look):
            plant = move.plant
            said = answer(plant, memory)
            onward = usual.get(plant << 32 | said.number) or self._kept(usual, plant, said)
            if onward.is_hazardous or move.hazards:
                return None
            found += onward.states
        passing = self.space.moves(state >> _SHIFT)[0].plant
        if not look.begins or self.controller.shows(passing):
            by_wish = self._by_wish[self.late]
            said = answer(passing, memory)
            onward = by_wish.get(passing << 32 | said.number) or self._kept(by_wish, passing, said)
            if onward.is_hazardous:
                return None
            found += onward.states
        return found

    def _kept(self, kept: dict[int, _Onward], plant: int, said: Answer) -> _Onward:
        rows: list[_Row] = []
        if kept is self._by_wish[self.late]:
            self._wished(0, plant, said, rows)
        else:
            self._after(Move(0, plant, ()), said, rows)
        onward = _Onward(tuple([row[0] for row in rows]), any(row[1] for row in rows))
        self._remembered += len(rows)
        if self._remembered > _REMEMBERED_MAX:
            self._remembered = 0
            for late in (False, True):
                self._usual[late].clear()
                self._by_wish[late].clear()
        kept[plant << 32 | said.number] = onward
        return onward

    def _moves(self, plant: int, look: _Look) -> list[Move]:
        """What can happen at a plant; for a lie that begins, only that in which it shows."""
        self.controller.tell(look.lie)
        moves = list(self.space.moves(plant))
        if look.troubles:
            moves += [move for number, move in self.space.begins(plant) if number in look.troubles]
        if look.begins:
            shows = self.controller.shows
            return [move for move in moves if shows(move.plant)]
        return moves

    def _steps(self, state: int, look: _Look) -> list[_Row]:
        """Everything that one cycle can bring, in full and in the same order."""
        plant, memory = state >> _SHIFT, state & _MEMORY
        found: list[_Row] = []
        for move in self._moves(plant, look):
            self._after(move, self.controller.answer(move.plant, memory), found)
        passing = self.space.moves(plant)[0]
        if not look.begins or self.controller.shows(passing.plant):
            self._wished(passing.event, passing.plant, self.controller.answer(passing.plant, memory), found)
        return found

    def _after(self, move: Move, said: Answer, found: list[_Row]) -> None:
        """What an event leads to while the core wishes nothing new."""
        event, plant, hazards = move
        kept, writes = said.passage.default
        after = self.controller.memory(said.states, kept)
        for result, late, more in self.space.outcomes(plant, writes, late=self.late):
            found.append((result << _SHIFT | after, hazards + more if more else hazards, event, (), late))

    def _wished(self, event: int, plant: int, said: Answer, found: list[_Row]) -> None:
        """What each wish of the core leads to while nothing else happens."""
        done = self.space.done(plant)
        for wishes, orders, (kept, writes) in said.passage.options:
            if orders & done:
                continue
            after = self.controller.memory(said.states, kept)
            for result, late, hazards in self.space.outcomes(plant, writes, late=self.late):
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
        return over or bool(bounds.first and any(hazard.id not in bounds.expected for hazard in run.findings))


def _find(run: Run, state: int, step: Step, lie: Lie | None) -> None:
    for hazard in step.hazards:
        if hazard not in run.findings:
            run.findings[hazard] = Finding(hazard, state, step, len(run.layers), lie)
