"""The whole verification of one variant, in parts that can run beside each other.

Owns the order of the searches and the figures that come of them. Must never read a clock or start a process: the caller
counts the time and says how far each part goes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from plc_drivers.contract import Value
from safety.verification.controller import Controller
from safety.verification.lie import Lie, Lies, lies_of
from safety.verification.limits import limit_of
from safety.verification.relevance import beside, troubles_with
from safety.verification.search import Bounds, Finding, Pace, Run, Search
from safety.verification.space import Space
from safety.verification.story import story
from safety.verification.variants import Part, Variant
from safety.verification.weakened import WeakenedLogic

NOTHING: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Task:
    """One part of a variant's verification; of the lies, every ``shares``-th one beginning with ``share``."""

    variant: str
    part: Part
    share: int = 0
    shares: int = 1


@dataclass(frozen=True, slots=True)
class Told:
    """A hazard that was found: its id, what happened, the lie behind it or "", and the way into it in words."""

    hazard: str
    what: str
    lie: str
    depth: int
    story: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Declared:
    """A declared limit that the search has confirmed: the lie, and the device kind and tag of the declaration."""

    lie: str
    kind: str
    tag: str
    hazard: str
    reason: str


@dataclass(slots=True)
class Outcome:
    """The figures of one part. ``complete`` is False when a bound ended it before everything was seen."""

    variant: str
    part: str
    states: int = 0
    transitions: int = 0
    depth: int = 0
    complete: bool = True
    lies: int = 0
    lies_covered: int = 0
    hazards: list[Told] = field(default_factory=list)
    limits: list[Declared] = field(default_factory=list)

    def add(self, run: Run) -> None:
        """Count one search."""
        self.states += run.states
        self.transitions += run.transitions
        self.depth = max(self.depth, run.depth)
        self.complete = self.complete and run.complete


def tasks_of(variants: Iterable[Variant], shares: int, *, thorough: bool = False) -> tuple[Task, ...]:
    """The parts of some variants' verification, the lies of each in ``shares`` shares.

    Without ``thorough`` those that come to their end within an hour; with it all.
    """
    found: list[Task] = []
    for variant in variants:
        for part in Part:
            if part in variant.parts or (thorough and part in variant.thorough):
                split = shares if part in (Part.LIES, Part.LIES_IN_TROUBLE) else 1
                found += [Task(variant.name, part, share, split) for share in range(split)]
    return tuple(found)


def verify(variant: Variant, task: Task, bounds: Bounds, pace: Pace | None = None) -> Outcome:
    """Run one part."""
    space = Space(variant.layout)
    controller = Controller(space, WeakenedLogic(variant.layout.topology))
    search = Search(space, controller, pace, late=task.part is Part.LATE)
    outcome = Outcome(variant.name, task.part.name.lower())
    everything = frozenset(range(1, len(space.troubles) + 1))
    if task.part in (Part.LIES, Part.LIES_IN_TROUBLE):
        _lies(task, search, bounds, outcome)
        return outcome
    run = search.honest(everything if task.part is Part.TROUBLES else NOTHING, bounds)
    outcome.add(run)
    outcome.hazards += [_told(search, run, finding) for finding in run.findings.values()]
    return outcome


def lies_in(search: Search, run: Run) -> Lies:
    """Every lie that the searched interlocks can be told; the honest ``run`` shows which values the tags truly take."""
    logic = search.controller.logic
    return lies_of(logic.interlocks, logic.definitions, shown_in(search, run))


def shown_in(search: Search, run: Run) -> dict[tuple[str, str], frozenset[Value]]:
    """The values that every tag truly takes in the plants of a search, and in every trouble."""
    readings = search.space.readings
    definitions = search.controller.logic.definitions
    rows: list[set[tuple[Value, ...]]] = [set() for _ in readings.names]
    for plant in {state >> 24 for state in run.parents}:
        for row, values in zip(rows, readings.of(search.space.plants[plant]), strict=True):
            if values is not None:
                row.add(values)
    found: dict[tuple[str, str], frozenset[Value]] = {}
    for name, row in zip(readings.names, rows, strict=True):
        for index, tag in enumerate(definitions[name].status):
            found[name, tag.name] = frozenset(values[index] for values in row)
    for trouble in search.space.troubles:
        for key, value in trouble.readings.items():
            found[key] |= {value}
    return found


def _lies(task: Task, search: Search, bounds: Bounds, outcome: Outcome) -> None:
    honest = search.honest(NOTHING, bounds)
    if task.share == 0:
        outcome.add(honest)
    lies = lies_in(search, honest)
    mine = lies.searched[task.share :: task.shares]
    outcome.lies = len(mine)
    outcome.lies_covered = len(lies.covered) if task.share == 0 else 0
    neighbours = beside(search.controller.logic.interlocks)
    for lie in mine:
        tags = neighbours.get((lie.device, lie.tag), frozenset())
        troubles = troubles_with(tags, search.space.troubles) if task.part is Part.LIES_IN_TROUBLE else NOTHING
        if troubles or task.part is Part.LIES:
            run = search.lying(lie, troubles, honest, bounds)
            outcome.add(run)
            _judge(search, (run, honest), lie, outcome)


def _judge(search: Search, runs: tuple[Run, Run], lie: Lie, outcome: Outcome) -> None:
    run, honest = runs
    for hazard, finding in run.findings.items():
        limit = limit_of(search.space.layout, lie, hazard)
        if limit is None:
            outcome.hazards.append(_told(search, run, finding, honest))
        else:
            outcome.limits.append(Declared(str(lie), limit.kind, limit.tag, hazard.id, limit.reason))


def _told(search: Search, run: Run, finding: Finding, honest: Run | None = None) -> Told:
    lines = story(search, run, finding, honest)
    lie = "" if finding.lie is None else str(finding.lie)
    return Told(finding.hazard.id, finding.hazard.what, lie, finding.depth, tuple(lines))
