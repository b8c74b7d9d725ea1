"""What one wrong reading does to a condition: computed by trying, never listed.

Owns the question whether a reading that goes to its unsafe side, or becomes unknown, always takes what an interlock
guards, or only in some situations. Must never know an interlock's purpose. Exact for one condition: a "sometimes" has a
situation behind it in which the condition held before, an "always" has none in which it would still hold.

Time is taken as having passed: a holding time counts as its condition, a latch as set once its cause was there. What
the controller itself has done (permits, commands, presses seen) is a free choice like any reading.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from plc_drivers.contract import Value
from safety.diagram import EVERY, NONE, Diagrams
from safety.expression import (
    And,
    Answering,
    Asserted,
    AtMost,
    Between,
    ChangedSince,
    ChangedWithin,
    Commanded,
    Compare,
    Const,
    Expression,
    HeldFor,
    Latch,
    LockedOut,
    ManualHold,
    Not,
    OneOf,
    Op,
    Or,
    Outlasted,
    Proven,
    Tag,
    leaves,
)


class Effect(Enum):
    """What a wrong reading does; the value is the letter of a matrix."""

    ALWAYS = "X"
    SOMETIMES = "x"


class Effects:
    """What wrong readings do to one condition."""

    def __init__(self, condition: Expression) -> None:
        variables = _variables(condition)
        self._condition = condition
        self._domains = list(variables.values())
        self._number = {variable: number for number, variable in enumerate(variables)}
        self._sets = Diagrams([len(domain) for domain in self._domains])
        self._holds, _ = self._truth(condition)

    def of(self, atom: Expression, *, wanted: bool) -> Effect | None:
        """What becomes of the condition when ``atom``, a condition on readings within it, is not as ``wanted``.

        None when it never matters: whatever holds without it holds with it.
        """
        sets, holds = self._sets, self._holds
        true, false = self._truth(atom)
        right, wrong = (true, false) if wanted else (false, true)
        if sets.both(wrong, holds) == NONE:
            return Effect.ALWAYS
        before = sets.both(holds, right)
        variable = self._number[_own(atom)[0]]
        for value in range(len(self._domains[variable])):
            after = sets.both(sets.given(wrong, variable, value), sets.rest(sets.given(holds, variable, value)))
            if sets.both(before, after) != NONE:
                return Effect.SOMETIMES
        return None

    def of_unknown(self, unknown: frozenset[Expression]) -> Effect | None:
        """What becomes of the condition when some readings are unknown together."""
        still, _ = self._truth(self._condition, unknown)
        if still == NONE:
            return Effect.ALWAYS
        lost = self._sets.both(self._holds, self._sets.rest(still))
        return Effect.SOMETIMES if lost != NONE else None

    def _truth(self, node: Expression, unknown: frozenset[Expression] = frozenset()) -> tuple[int, int]:
        """The choices in which ``node`` is true, and those in which it is false."""
        match node:
            case Const(value):
                return (EVERY if value is True else NONE, EVERY if value is False else NONE)
            case Not(child):
                return self._truth(child, unknown)[::-1]
            case And(below):
                return self._all([self._truth(child, unknown) for child in below])
            case Or(below):
                return self._all([self._truth(child, unknown)[::-1] for child in below])[::-1]
            case AtMost(limit, below):
                return self._at_most(limit, [self._truth(child, unknown) for child in below])
            case HeldFor(child, _) | Outlasted(child, _) | Latch(child, _, _):
                return self._truth(child, unknown)
            case Proven(child):
                true, _ = self._truth(child, unknown)
                return true, self._sets.rest(true)
            case _:
                return self._read(node, unknown)

    def _read(self, node: Expression, unknown: frozenset[Expression]) -> tuple[int, int]:
        if isinstance(node, ChangedSince):
            if unknown & {node.counter, node.restart}:
                return NONE, NONE
            return self._all([self._leaf(node), self._truth(node.void_when, unknown)[::-1]])
        return (NONE, NONE) if unknown & set(_own(node)) else self._leaf(node)

    def _all(self, below: list[tuple[int, int]]) -> tuple[int, int]:
        true, false = EVERY, NONE
        for one_true, one_false in below:
            true, false = self._sets.both(true, one_true), self._sets.either(false, one_false)
        return true, false

    def _at_most(self, limit: int, below: list[tuple[int, int]]) -> tuple[int, int]:
        """So many false that the rest stays within the limit; more true than the limit."""
        return (
            self._at_least(len(below) - limit, [false for _, false in below]),
            self._at_least(limit + 1, [true for true, _ in below]),
        )

    def _at_least(self, count: int, sets: list[int]) -> int:
        """The choices that are in at least ``count`` of the sets."""
        # Place n holds the choices that are in at least n of the sets seen so far.
        found = [EVERY] + [NONE] * count
        for one in sets:
            for n in range(count, 0, -1):
                found[n] = self._sets.either(found[n], self._sets.both(found[n - 1], one))
        return found[count]

    def _leaf(self, node: Expression) -> tuple[int, int]:
        variables = [self._number[one] for one in _own(node)]
        domains = [self._domains[variable] for variable in variables]
        if len(variables) == 2:
            true = self._sets.of_two(
                variables[0], variables[1], lambda i, j: _holds(node, domains[0][i], domains[1][j])
            )
        else:
            true = self._sets.of(variables[0], lambda i: _holds(node, domains[0][i]))
        return true, self._sets.rest(true)


# --- variables ------------------------------------------------------------------------------------------------


def _own(atom: Expression) -> list[Expression]:
    """The variables of a condition on readings, the one that goes wrong first."""
    match atom:
        case Compare(_, left, right):
            return [left, right] if isinstance(right, Tag) else [left]
        case Between(tag, _, _) | OneOf(tag, _):
            return [tag]
        case _:
            return [atom]


def _variables(condition: Expression) -> dict[Expression, tuple[Value, ...]]:
    """Every variable of a condition with the values that make a difference to it."""
    constants: dict[Tag, set[Value]] = {}
    found: dict[Expression, tuple[Value, ...]] = {}
    pairs: list[tuple[Tag, Tag]] = []
    for node in _nodes(condition):
        match node:
            case Compare(_, left, right) if isinstance(right, Tag):
                pairs.append((left, right))
                constants.setdefault(left, set())
                constants.setdefault(right, set())
            case Compare(_, tag, value) if not isinstance(value, Tag):
                constants.setdefault(tag, set()).update((value - 1, value, value + 1))
            case Between(tag, low, high):
                constants.setdefault(tag, set()).update((low - 1, low, high, high + 1))
            case OneOf(tag, values):
                constants.setdefault(tag, set()).update(values)
            case Tag():
                constants.setdefault(node, set())
            case Asserted() | Commanded() | Answering() | LockedOut() | ManualHold() | ChangedSince() | ChangedWithin():
                found[node] = (True, False)
            case _:
                pass
    for left, right in pairs:
        shared = constants[left] | constants[right] | {1, 2}
        constants[left], constants[right] = set(shared), set(shared)
    for tag, known in constants.items():
        found[tag] = _domain(tag, known)
    return found


def _domain(tag: Tag, values: Iterable[Value]) -> tuple[Value, ...]:
    definition = tag.definition
    if tag.is_bool:
        return (True, False)
    if definition.enum is not None:
        return tuple(int(member) for member in definition.enum)
    low, _ = definition.bounds
    return tuple(sorted({value for value in values if definition.admits(value)} or {low}))


def _nodes(condition: Expression) -> Iterable[Expression]:
    """All nodes whose truth depends on variables; what only feeds a memory (counters, answers) is not among them."""
    match condition:
        case Not(child) | HeldFor(child, _) | Outlasted(child, _) | Proven(child):
            yield from _nodes(child)
        case And(below) | Or(below) | AtMost(_, below):
            for child in below:
                yield from _nodes(child)
        case ChangedSince(_, void_when, _):
            yield condition
            yield from _nodes(void_when)
        case Latch(set_when, reset_when, _):
            yield from _nodes(set_when)
            yield from _nodes(reset_when)
        case _:
            yield condition


def _holds(node: Expression, *values: Value) -> bool:
    """Whether a condition on readings is true of their values."""
    match node:
        case Compare(op, _, right):
            return _compared(op, values[0], values[1] if isinstance(right, Tag) else right)
        case Between(_, low, high):
            return low <= values[0] <= high
        case OneOf(_, among):
            return values[0] in among
        case _:
            return bool(values[0])


def _compared(op: Op, one: Value, other: Value) -> bool:
    match op:
        case Op.EQ:
            return one == other
        case Op.NE:
            return one != other
        case Op.LT:
            return one < other
        case Op.LE:
            return one <= other
        case Op.GT:
            return one > other
        case Op.GE:
            return one >= other


def tags_of(condition: Expression) -> tuple[Tag, ...]:
    """Every tag that a condition reads, each once, in order."""
    return tuple(dict.fromkeys(leaf for leaf in leaves(condition) if isinstance(leaf, Tag)))
