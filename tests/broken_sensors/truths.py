"""What a condition can come to, when only the readings are known and not the past.

A third reading of the expression language, beside the compiled program and the plain recursive one: it gives the set
of all truths that are possible for any memory. What cannot be True must take the permit, whatever happened before.
Must never import the program or the steps.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from itertools import product

from plc_drivers.contract import Value
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
    Dominant,
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
    ResetAsked,
    Tag,
    Truth,
)

Truths = frozenset[Truth]

TRUE: Truths = frozenset({True})
FALSE: Truths = frozenset({False})
UNKNOWN: Truths = frozenset({None})
EITHER: Truths = frozenset({True, False})
ANY: Truths = frozenset({True, False, None})

_OPS: dict[Op, Callable[[Value, Value], bool]] = {
    Op.EQ: operator.eq,
    Op.NE: operator.ne,
    Op.LT: operator.lt,
    Op.LE: operator.le,
    Op.GT: operator.gt,
    Op.GE: operator.ge,
}


class FreeError(LookupError):
    """The reading could be anything."""


Readings = Callable[[Tag | Answering], Value | None]
"""The value of a tag, None when it is unknown; for whether a device answers True or None. Raises ``FreeError`` for what
could be anything."""


def possible(node: Expression, readings: Readings) -> Truths:
    """All truths that the condition can have with these readings."""
    match node:
        case Const(value):
            return frozenset({value})
        case Tag() | Compare() | Between() | OneOf():
            return _read(node, readings)
        case Not(child):
            return frozenset(None if one is None else not one for one in possible(child, readings))
        case Proven(child):
            return frozenset(one is True for one in possible(child, readings))
        case And(children):
            return _combined(children, readings, _both)
        case Or(children):
            return _combined(children, readings, _either)
        case AtMost(limit, children):
            return _counted(limit, [possible(child, readings) for child in children])
        case _:
            return _remembered(node, readings)


def _read(node: Tag | Compare | Between | OneOf, readings: Readings) -> Truths:
    try:
        return frozenset({_value(node, readings)})
    except FreeError:
        return ANY


def _value(node: Tag | Compare | Between | OneOf, readings: Readings) -> Truth:
    match node:
        case Tag():
            found = readings(node)
            return None if found is None else bool(found)
        case Compare(op, left, right):
            one, other = readings(left), readings(right) if isinstance(right, Tag) else right
            return None if one is None or other is None else _OPS[op](one, other)
        case Between(tag, low, high):
            found = readings(tag)
            return None if found is None else low <= found <= high
        case OneOf(tag, values):
            found = readings(tag)
            return None if found is None else found in values


def _combined(children: tuple[Expression, ...], readings: Readings, both: Callable[[Truth, Truth], Truth]) -> Truths:
    found: Truths = frozenset()
    for child in children:
        below = possible(child, readings)
        found = frozenset(both(one, other) for one, other in product(found, below)) if found else below
    return found


def _counted(limit: int, each: list[Truths]) -> Truths:
    """What a count can come to: every number of children that hold, with every number that may hold."""
    reached = {(0, 0)}
    for truths in each:
        reached = {(least + (one is True), most + (one is not False)) for least, most in reached for one in truths}
    return frozenset(True if most <= limit else False if least > limit else None for least, most in reached)


def _remembered(node: Expression, readings: Readings) -> Truths:
    match node:
        case HeldFor(child, _):
            return frozenset().union(*(EITHER if one else {one} for one in possible(child, readings)))
        case Outlasted(child, _):
            after: dict[Truth, Truths] = {True: EITHER, None: frozenset({True, None}), False: FALSE}
            return frozenset().union(*(after[one] for one in possible(child, readings)))
        case ChangedSince(_, void_when, _):
            after = {True: FALSE, None: UNKNOWN, False: ANY}
            return frozenset().union(*(after[one] for one in possible(void_when, readings)))
        case Latch(set_when, reset_when, dominant):
            return _latched(possible(set_when, readings), possible(reset_when, readings), dominant)
        case Answering():
            return _answering(node, readings)
        case ChangedWithin():
            return ANY
        case Asserted() | Commanded() | ResetAsked() | LockedOut() | ManualHold():
            return EITHER
        case _:
            raise AssertionError(f"no reading of {node}")


def _answering(node: Answering, readings: Readings) -> Truths:
    try:
        return UNKNOWN if readings(node) is None else TRUE
    except FreeError:
        return frozenset({True, None})


def _latched(wanted: Truths, ended: Truths, dominant: Dominant) -> Truths:
    found: set[Truth] = set()
    for one, end, before in product(wanted, ended, ANY):
        free = None if end is None else not end
        found.add(_either(one, _both(free, before)) if dominant is Dominant.SET else _both(free, _either(one, before)))
    return frozenset(found)


def _both(one: Truth, other: Truth) -> Truth:
    return False if False in (one, other) else None if None in (one, other) else True


def _either(one: Truth, other: Truth) -> Truth:
    return True if True in (one, other) else None if None in (one, other) else False
