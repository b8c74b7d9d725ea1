"""Conditions in words: the line of text that documents, matrices and explanations show of an expression.

Owns that text. Must never decide what a condition comes to.
"""

from __future__ import annotations

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
    ExpressionError,
    HeldFor,
    Latch,
    LockedOut,
    ManualHold,
    Not,
    Number,
    OneOf,
    Or,
    Outlasted,
    Proven,
    ResetAsked,
    Tag,
)


def words(node: Expression) -> str:
    """The expression as a line of text; every tag by its path, every enumeration by its word."""
    match node:
        case Const(value):
            return {True: "always", False: "never", None: "unknown"}[value]
        case Tag():
            return str(node)
        case Not(Tag() as tag):
            return f"not {tag}"
        case Not(child):
            return f"not ({words(child)})"
        case And() | Or() | AtMost():
            return _combined(node)
        case Compare() | Between() | OneOf():
            return _comparison(node)
        case _:
            return _remembered(node)


def _combined(node: And | Or | AtMost) -> str:
    match node:
        case And(below):
            return " and ".join(_grouped(child, Or) for child in below)
        case Or(below):
            return " or ".join(_grouped(child, And) for child in below)
        case AtMost(limit, below):
            return f"at most {limit} of these: " + "; ".join(f"({words(child)})" for child in below)


def _comparison(node: Compare | Between | OneOf) -> str:
    match node:
        case Compare(op, left, right):
            return f"{left} {op.value} {right if isinstance(right, Tag) else _number(left, right)}"
        case Between(tag, low, high):
            return f"{tag} from {_number(tag, low)} to {_number(tag, high)}"
        case OneOf(tag, values):
            return f"{tag} is {' or '.join(_number(tag, value) for value in values)}"


def _remembered(node: Expression) -> str:
    match node:
        case Outlasted(child, ms):
            return f"({words(child)}) has used up its grace of {ms} ms"
        case HeldFor(child, ms):
            return f"for {ms} ms without a break: ({words(child)})"
        case ChangedWithin(tag, ms):
            return f"{tag} changed in the last {ms} ms"
        case ChangedSince(counter, void_when, restart):
            return f"{counter} changed since the last moment of ({words(void_when)}) and of a change of {restart}"
        case Latch(set_when, reset_when, dominant):
            return f"latched by ({words(set_when)}), released by ({words(reset_when)}), {dominant.value} wins"
        case _:
            return _told(node)


def _told(node: Expression) -> str:
    match node:
        case Proven(child):
            return f"it is known that ({words(child)})"
        case Asserted(function):
            return f"{function} permitted"
        case Commanded(codes, done, _, _):
            return f"{done.device} given {' or '.join(code.name for code in codes)}"
        case LockedOut(zone):
            return f"zone {zone} is locked out by a person"
        case ManualHold(function, ms):
            return f"{function} is held by a person who was heard within {ms} ms"
        case Answering(device, _):
            return f"{device} answers"
        case ResetAsked(trip):
            return f"a person resets {trip}"
        case _:
            raise ExpressionError(f"there are no words for {node!r}")


def _grouped(child: Expression, other: type[And | Or]) -> str:
    return f"({words(child)})" if isinstance(child, other | AtMost) else words(child)


def _number(tag: Tag, value: Number) -> str:
    enum = tag.definition.enum
    if enum is not None:
        return enum(int(value)).name
    unit = tag.definition.unit
    return f"{value} {unit}" if unit else str(value)
