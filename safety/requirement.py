"""What each reading of a condition would have to be for the condition to hold, in words, and the time still to pass.

Owns the wording of a requirement. Must never evaluate: it reads the results of an evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from plc_drivers.contract import Value
from safety.blame import TruthOf, blame
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
    Expression,
    HeldFor,
    Latch,
    Leaf,
    LockedOut,
    ManualHold,
    Not,
    Number,
    OneOf,
    Op,
    Or,
    Outlasted,
    Proven,
    ResetAsked,
    Tag,
    children,
)
from safety.memory import NodeState

StateOf = Callable[[Expression], NodeState]

_MUST: Mapping[tuple[Op, bool], str] = {
    (Op.EQ, True): "must be {0}",
    (Op.EQ, False): "must not be {0}",
    (Op.NE, True): "must not be {0}",
    (Op.NE, False): "must be {0}",
    (Op.LT, True): "must be below {0}",
    (Op.LT, False): "must be at least {0}",
    (Op.LE, True): "must be at most {0}",
    (Op.LE, False): "must be above {0}",
    (Op.GT, True): "must be above {0}",
    (Op.GT, False): "must be at most {0}",
    (Op.GE, True): "must be at least {0}",
    (Op.GE, False): "must be below {0}",
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """A reading that fails a condition, and what it must be: ``must be true``, ``must be from 0 mm to 30 mm``.

    ``way`` is empty for what is needed in any case. Where one of several ways would be enough it names the choice and
    the way, as ``1a`` and ``1b``: the readings of one way go together.
    """

    leaf: Leaf
    must: str
    way: str = ""


def requirements(condition: Expression, truth_of: TruthOf) -> tuple[Requirement, ...]:
    """For each reading that fails ``condition`` what it must be; in the order of ``blame``, each reading once."""
    blamed = blame(condition, truth_of)
    ways = _ways(condition, truth_of)
    asked: dict[Leaf, list[str]] = {leaf: [] for leaf in blamed}
    way_of: dict[Leaf, str] = {}
    for node, wanted in smallest(condition, wanted=True):
        if truth_of(node) is wanted:
            continue
        for leaf in (node, *children(node)):
            if isinstance(leaf, Leaf) and leaf in asked:
                text = must(node, leaf, wanted=wanted)
                way_of.setdefault(leaf, ways.get(node, ""))
                if text and text not in asked[leaf]:
                    asked[leaf].append(text)
    found = [Requirement(leaf, " and ".join(texts), way_of.get(leaf, "")) for leaf, texts in asked.items()]
    return tuple(sorted(found, key=lambda one: one.way))


def _ways(condition: Expression, truth_of: TruthOf) -> dict[Expression, str]:
    """For each condition on readings that belongs to one of several ways, which; the outermost choice counts."""
    found: dict[Expression, str] = {}
    for number, ways in enumerate(_choices(condition, truth_of, wanted=True), start=1):
        for letter, (way, wanted) in zip("abcdefghijklmnopqrstuvwxyz", ways, strict=False):
            for one, _ in smallest(way, wanted=wanted):
                found.setdefault(one, f"{number}{letter}")
    return found


def _choices(node: Expression, truth_of: TruthOf, *, wanted: bool) -> Iterator[tuple[tuple[Expression, bool], ...]]:
    """Every place in ``node`` at which one of several parts would be enough and none is as wanted."""
    match node:
        case Not(child):
            yield from _choices(child, truth_of, wanted=not wanted)
        case HeldFor(child, _) | Outlasted(child, _) | Proven(child):
            yield from _choices(child, truth_of, wanted=wanted)
        case And(below) | Or(below):
            failing = [child for child in below if truth_of(child) is not wanted]
            if isinstance(node, Or) is wanted and len(failing) > 1:
                yield tuple((child, wanted) for child in failing)
                return
            for child in failing:
                yield from _choices(child, truth_of, wanted=wanted)


def remaining_ms(condition: Expression, truth_of: TruthOf, state_of: StateOf, now_ms: int) -> int | None:
    """How much of the holding times that run in ``condition`` is left at most; None when none runs."""
    left = [
        node.ms - (now_ms - int(state_of(node)[0] or 0))
        for node, wanted in smallest(condition, wanted=True)
        if isinstance(node, HeldFor) and wanted and truth_of(node) is False and truth_of(node.child) is True
        if state_of(node)
    ]
    return max(0, *left) if left else None


def smallest(node: Expression, *, wanted: bool) -> Iterator[tuple[Expression, bool]]:
    """Every condition on readings within ``node``, with the truth that it should have; holding times as well."""
    match node:
        case Not(child):
            yield from smallest(child, wanted=not wanted)
        case Tag() | Compare() | Between() | OneOf() | Answering() | ChangedWithin():
            yield node, wanted
        case Asserted() | Commanded() | ResetAsked() | LockedOut() | ManualHold():
            yield node, wanted
        case ChangedSince(_, void_when, _):
            yield node, wanted
            yield from smallest(void_when, wanted=False)
        case Latch(set_when, reset_when, _):
            yield from smallest(set_when, wanted=wanted)
            yield from smallest(reset_when, wanted=not wanted)
        case AtMost(_, below):
            for child in below:
                yield from smallest(child, wanted=not wanted)
        case _:
            if isinstance(node, HeldFor):
                yield node, wanted
            for child in children(node):
                yield from smallest(child, wanted=wanted)


def must(node: Expression, leaf: Leaf, *, wanted: bool) -> str:
    """What ``leaf`` must be so that ``node``, the smallest condition on it, is as ``wanted``; empty when untold."""
    match node:
        case Tag():
            return f"must be {str(wanted).lower()}"
        case Compare(op, left, right):
            return _MUST[op, wanted].format(_other(left, right, leaf))
        case Between(tag, low, high):
            return f"must {'' if wanted else 'not '}be from {shown(tag, low)} to {shown(tag, high)}"
        case OneOf(tag, values):
            listed = " or ".join(shown(tag, value) for value in values)
            return f"must {'' if wanted else 'not '}be {listed}"
        case ChangedSince(counter, _, _):
            return "must count once more, after the last moment that voids it" if leaf == counter else ""
        case _:
            return _must_not_be_done(node, wanted=wanted)


def _must_not_be_done(node: Expression, *, wanted: bool) -> str:
    may = "must" if wanted else "must not"
    match node:
        case ChangedWithin(_, ms):
            return f"{may} have changed in the last {ms} ms"
        case Asserted():
            return f"{may} be permitted"
        case Commanded(codes, _, _, _):
            return f"{may} be under way: {' or '.join(code.name for code in codes)}"
        case Answering():
            return "must give good readings"
        case ResetAsked():
            return "must be reset by a person, once the cause is gone"
        case LockedOut():
            return f"{may} be locked out by a person"
        case ManualHold(_, ms):
            return f"{may} be held by a person, heard within {ms} ms"
        case _:
            return ""


def _other(left: Tag, right: Tag | Number, leaf: Leaf) -> str:
    if not isinstance(right, Tag):
        return shown(left, right)
    return f"what {left if leaf == right else right} is"


def shown(tag: Tag, value: Value | None) -> str:
    """A value of ``tag`` for people: ``true``, ``EXECUTING``, ``35 mm``; ``unknown`` for None."""
    definition = tag.definition
    if value is None:
        return "unknown"
    if tag.is_bool:
        return str(bool(value)).lower()
    if definition.enum is not None:
        known = {int(member): member.name for member in definition.enum}
        return known.get(int(value), str(value))
    return f"{value:g} {definition.unit}" if definition.unit else f"{value:g}"
