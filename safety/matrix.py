"""The cause-and-effect matrix of a garage: which wrong reading takes which permit, computed from the interlocks.

Owns the matrix as data. Must never list a cell by hand: every one comes from trying the condition (``effect``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from safety.effect import Effect, Effects, tags_of
from safety.expression import (
    Answering,
    Asserted,
    Between,
    ChangedSince,
    ChangedWithin,
    Commanded,
    Compare,
    Expression,
    LockedOut,
    ManualHold,
    OneOf,
    Tag,
    leaves,
)
from safety.interlock import Interlock, Phase
from safety.logic import definitions_of
from safety.requirement import must, smallest
from safety.rules import rules_of
from safety.topology import Topology
from safety.trip import Trip
from safety.trips import trips_of
from safety.verdict import Function, StartOf
from safety.wording import words

START_LETTERS = {Effect.ALWAYS: "S", Effect.SOMETIMES: "s"}
"""Letters for what only keeps a command from starting."""

STOP_OF_A_PERMIT = "stop"
"""A PLC that loses a permit makes a controlled stop by itself (contract rule 5), whatever the controller orders."""

_LATCHED = "latched until reset"
_WITH_COMMAND = "with the command"


@dataclass(frozen=True, slots=True)
class Cause:
    """A reading that is not as it must be. ``must`` is empty for one that is unknown.

    ``kind`` is ``device`` (it gives no good readings at all), ``reading``, ``permit`` (another function may be acted
    upon) or ``command`` (one is under way).
    """

    reading: str
    must: str
    kind: str
    meaning: str = ""


@dataclass(slots=True)
class Cell:
    """What a cause does to one function: the letters, and the interlocks through which it does.

    ``category`` is the hardest stop category of the trips among those, None where there is none.
    """

    letters: set[str] = field(default_factory=set)
    interlocks: list[str] = field(default_factory=list)
    category: int | None = None

    @property
    def told(self) -> str:
        """The letters with the stop category behind them: ``X0``."""
        return self.text if self.category is None else f"{self.text}{self.category}"

    @property
    def text(self) -> str:
        """``X`` always lost, ``x`` lost in some situations; ``S`` and ``s`` the same for the start of commands."""
        run = "X" if "X" in self.letters else "x" if "x" in self.letters else ""
        start = "S" if "S" in self.letters else "s" if "s" in self.letters else ""
        return run + start


@dataclass(frozen=True, slots=True)
class Row:
    """One cause with its effects. ``or_unknown`` says that the reading's being unknown has the very same effects.

    ``category`` is the hardest stop category (IEC 60204-1) of the trips behind it; ``stop`` where interlocks alone take
    the permit, and the PLC stops by itself; empty where only starts are refused. ``latch`` and ``reset`` say what stays
    when the cause has gone, and who ends that.
    """

    cause: Cause
    cells: dict[Function, Cell]
    hazards: tuple[str, ...]
    standards: tuple[str, ...]
    interlocks: tuple[str, ...]
    category: str
    latch: str
    reset: str
    or_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Matrix:
    """All causes and all functions of a garage, in the order of its devices."""

    functions: tuple[Function, ...]
    rows: tuple[Row, ...]
    interlocks: dict[str, Interlock]


def matrix_of(topology: Topology) -> Matrix:
    """The matrix of a garage.

    Raises:
        TopologyError, ExpressionError, InterlockError, MissingSensorError: as ``rules_of``.
    """
    interlocks = rules_of(topology)
    trips = {trip.id: trip for trip in trips_of(topology)}
    functions = tuple(
        Function(name, permit) for name, one in definitions_of(topology).items() for permit in one.permits
    )
    found: dict[Cause, dict[Function, Cell]] = {}
    seen: dict[str, tuple[Effect | None, ...]] = {}
    functions_of = _guarded(topology)
    for interlock in interlocks:
        causes = list(_causes(interlock.condition))
        effects = _effects(interlock.condition, causes, seen)
        guarded = dict.fromkeys(function for guard in interlock.guards for function in functions_of(guard))
        for (cause, *_), what in zip(causes, effects, strict=True):
            if what is None:
                continue
            letter = what.value if interlock.phase is Phase.RUN else START_LETTERS[what]
            for function in guarded:
                cell = found.setdefault(cause, {}).setdefault(function, Cell())
                cell.letters.add(letter)
                if interlock.id not in cell.interlocks:
                    cell.interlocks.append(interlock.id)
                if interlock.id in trips:
                    category = int(trips[interlock.id].category)
                    cell.category = category if cell.category is None else min(cell.category, category)
    by_id = {interlock.id: interlock for interlock in interlocks}
    rows = _merged([_row(cause, cells, by_id, trips) for cause, cells in found.items()])
    order = {name: number for number, name in enumerate(definitions_of(topology))}
    rows.sort(
        key=lambda row: (
            _KINDS.index(row.cause.kind),
            order.get(row.cause.reading.partition(".")[0], -1),  # locks belong to a zone, which is no device
            row.cause.reading,
        )
    )
    return Matrix(functions, tuple(rows), by_id)


_KINDS = ["device", "reading", "act", "permit", "command"]

_Known = tuple[Cause, Expression | frozenset[Expression], bool]
"""A cause, the condition on readings behind it with the truth that it should have, or the readings not known."""


def _causes(condition: Expression) -> Iterator[_Known]:
    found: dict[Cause, _Known] = {}
    for node, wanted in smallest(condition, wanted=True):
        for cause in _wrong(node, wanted=wanted):
            found.setdefault(cause, (cause, node, wanted))
    of_device: dict[str, set[Expression]] = {}
    for leaf in leaves(condition):
        if isinstance(leaf, Answering | Tag):
            of_device.setdefault(leaf.device, set()).add(leaf)
    for tag in tags_of(condition):
        kind = "permit" if tag.name.startswith("holds_") else "reading"
        cause = Cause(str(tag), "", kind, tag.definition.meaning)
        found.setdefault(cause, (cause, frozenset({tag}), True))
    for device, readings in of_device.items():
        cause = Cause(device, "must give good readings", "device", "The device answers, in time and as itself.")
        found.setdefault(cause, (cause, frozenset(readings), True))
    yield from found.values()


def _wrong(node: Expression, *, wanted: bool) -> Iterator[Cause]:
    match node:
        case Tag():
            yield _cause(node, node, wanted=wanted)
        case Compare(_, left, right) if isinstance(right, Tag):
            yield _cause(node, left, wanted=wanted)
            yield _cause(node, right, wanted=wanted)
        case Compare(_, tag, _) | Between(tag, _, _) | OneOf(tag, _) | ChangedWithin(tag, _):
            yield _cause(node, tag, wanted=wanted)
        case ChangedSince(counter, _, restart):
            yield _cause(node, counter, wanted=wanted)
            yield Cause(str(restart), "must not have changed since the press", "reading", restart.definition.meaning)
        case Asserted(function):
            yield Cause(str(function), must(node, node, wanted=wanted), "permit", "permitted by the controller itself")
        case Commanded(_, done, _, _):
            yield Cause(f"{done.device}.command", must(node, node, wanted=wanted), "command", "given by us, not ended")
        case LockedOut(zone):
            meaning = "A person's own lock on the zone, in the books."
            yield Cause(f"zone{zone}.personal_lock", must(node, node, wanted=wanted), "act", meaning)
        case ManualHold(function, _):
            meaning = "Somebody keeps the hold-to-run of this axis pressed."
            yield Cause(f"{function}.hold_to_run", must(node, node, wanted=wanted), "act", meaning)
        case _:
            pass


def _cause(node: Expression, tag: Tag, *, wanted: bool) -> Cause:
    kind = "permit" if tag.name.startswith("holds_") else "command" if tag.name == "active_command" else "reading"
    return Cause(str(tag), must(node, tag, wanted=wanted), kind, tag.definition.meaning)


def _effects(
    condition: Expression, causes: list[_Known], seen: dict[str, tuple[Effect | None, ...]]
) -> tuple[Effect | None, ...]:
    """One for each cause; conditions that differ in the names of devices only are tried once."""
    shape = _shape(condition)
    if shape not in seen:
        effects = Effects(condition)
        seen[shape] = tuple(
            effects.of_unknown(node) if isinstance(node, frozenset) else effects.of(node, wanted=wanted)
            for _, node, wanted in causes
        )
    return seen[shape]


def _shape(condition: Expression) -> str:
    names: dict[str, str] = {}

    def numbered(found: re.Match[str]) -> str:
        return f"{names.setdefault(found[1], f'#{len(names)}')}."

    return re.sub(r"([a-z][a-z0-9-]*)\.(?=[a-z_])", numbered, words(condition))


def _guarded(topology: Topology) -> Callable[[Function | StartOf], tuple[Function, ...]]:
    definitions = definitions_of(topology)

    def functions_of(guard: Function | StartOf) -> tuple[Function, ...]:
        if isinstance(guard, Function):
            return (guard,)
        spec = definitions[guard.device].spec(guard.code)
        return () if spec is None else tuple(Function(guard.device, permit) for permit in spec.permits)

    return functions_of


def _row(cause: Cause, cells: dict[Function, Cell], interlocks: dict[str, Interlock], trips: dict[str, Trip]) -> Row:
    ids = tuple(dict.fromkeys(name for cell in cells.values() for name in cell.interlocks))
    hazards = tuple(sorted({interlocks[name].hazard for name in ids}))
    standards = tuple(sorted({interlocks[name].standard for name in ids} - {""}))
    behind = [trips[name] for name in ids if name in trips]
    taken = any(cell.letters & {"X", "x"} for cell in cells.values())
    category = str(int(min(trip.category for trip in behind))) if behind else STOP_OF_A_PERMIT if taken else ""
    latched = any(trip.latch for trip in behind)
    latch = _LATCHED if latched else _WITH_COMMAND if taken else ""
    reset = "a person resets, then starts" if latched else "a new command" if taken else "goes with its cause"
    return Row(cause, cells, hazards, standards, ids, category, latch, reset)


def _merged(rows: list[Row]) -> list[Row]:
    """Rows in which a reading's being unknown does just what its one wrong side does are told as one."""
    of_reading: dict[str, list[Row]] = {}
    for row in rows:
        of_reading.setdefault(row.cause.reading, []).append(row)
    merged: list[Row] = []
    for together in of_reading.values():
        unknown = [row for row in together if not row.cause.must]
        known = [row for row in together if row.cause.must]
        if len(known) == 1 and unknown and _texts(known[0]) == _texts(unknown[0]):
            merged.append(replace(known[0], or_unknown=True))
        else:
            merged += known + unknown
    return merged


def _texts(row: Row) -> dict[Function, str]:
    return {function: cell.told for function, cell in row.cells.items()}


def stops(matrix: Matrix, function: Function) -> Iterable[tuple[Row, Cell]]:
    """Everything that stops one function or keeps its commands from starting."""
    return [(row, row.cells[function]) for row in matrix.rows if function in row.cells]
