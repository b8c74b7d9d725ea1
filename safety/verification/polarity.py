"""In which direction a reading can mislead the interlocks, read off their conditions.

Owns the rule by which a lie needs no search of its own, because another behaviour that is searched covers it.

Why that is sound. Kleene's logic is monotone in two orders. In the order of truth: where a comparison of a tag stands
in a condition only *positively*, a reading that makes it false where the truth makes it true can only take permits
away; whatever the garage then does, it also does with an honest sensor and a core that withdraws those permits, and
withdrawing is tried at every moment. In the order of knowledge: an unknown reading can make a result unknown and never
turn it to the opposite, and unknown never permits. Holding times and confirmations are monotone too: they begin anew
by what is not true. An expression of a kind that this module does not know is taken to mislead in both directions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne

from plc_drivers.contract import Value
from plc_drivers.contract.codes import AckResult
from safety.expression import (
    And,
    Answering,
    Asserted,
    AtMost,
    Between,
    Commanded,
    Compare,
    Const,
    Expression,
    HeldFor,
    Not,
    OneOf,
    Op,
    Or,
    Proven,
    ResetAsked,
    Tag,
    children,
)
from safety.interlock import Interlock

UP, DOWN, BOTH = 1, -1, 0
"""A higher truth of the comparison permits more; permits less; may do either."""

_COMPARE = {Op.EQ: eq, Op.NE: ne, Op.LT: lt, Op.LE: le, Op.GT: gt, Op.GE: ge}


@dataclass(frozen=True)
class Use:
    """One comparison of a tag (or the tag as a bool) in a condition, and its direction.

    ``opaque`` is True where the tag's value counts in a way that only the value itself tells.
    """

    node: Expression
    direction: int
    opaque: bool = False
    forgets: bool = True

    def truth(self, value: Value) -> Value:
        """What the comparison comes to for a value; the value itself where that cannot be told."""
        match self.node:
            case _ if self.opaque:
                return value
            case Compare(op, _, right) if not isinstance(right, Tag):
                return bool(_COMPARE[op](value, right))
            case Between(_, low, high):
                return low <= value <= high
            case OneOf(_, values):
                return value in values
            case _:
                return value


def uses_of(interlocks: Iterable[Interlock]) -> dict[tuple[str, str], list[Use]]:
    """Every use of every tag that any condition reads, by (device, tag)."""
    found: Found = {}
    for interlock in interlocks:
        _collect(interlock.condition, UP, found, forgets=True)
    return {key: list(uses) for key, uses in found.items()}


Found = dict[tuple[str, str], dict[Use, None]]


def _collect(node: Expression, direction: int, found: Found, *, forgets: bool) -> None:
    match node:
        case Tag() | Compare() | Between() | OneOf():
            _compared(node, direction, found, forgets=forgets)
        case Not(child):
            _collect(child, -direction, found, forgets=forgets)
        case Proven(child):
            # Not to know reads as no here, so an unreadable tag is not harmless by itself.
            _collect(child, direction, found, forgets=False)
        case AtMost(_, below):
            for child in below:
                _collect(child, -direction, found, forgets=forgets)
        case And() | Or() | HeldFor():
            for child in children(node):
                _collect(child, direction, found, forgets=forgets)
        case Const() | Asserted() | Answering() | ResetAsked():
            pass
        case _:
            _remembered(node, found)


def _compared(node: Tag | Compare | Between | OneOf, direction: int, found: Found, *, forgets: bool) -> None:
    match node:
        case Tag():
            _note(found, node, Use(node, direction, forgets=forgets))
        case Compare(_, left, Tag() as right):
            for tag in (left, right):
                _note(found, tag, Use(node, BOTH, opaque=True, forgets=forgets))
        case Compare(_, tag, _) | Between(tag, _, _) | OneOf(tag, _):
            _note(found, tag, Use(node, direction, forgets=forgets))


def _remembered(node: Expression, found: Found) -> None:
    """Commands, memory, and whatever is added one day: any reading below may mislead either way."""
    match node:
        case Tag():
            _note(found, node, Use(node, BOTH, opaque=True, forgets=False))
        case Commanded(_, done, ack, answer):
            for tag in (done, ack):
                _note(found, tag, Use(node, BOTH, opaque=True, forgets=False))
            _note(found, answer, Use(Compare(Op.EQ, answer, int(AckResult.ACCEPTED)), BOTH, forgets=False))
        case _:
            for child in children(node):
                _remembered(child, found)


def _note(found: Found, tag: Tag, use: Use) -> None:
    found.setdefault((tag.device, tag.name), {}).setdefault(use)


def covers(uses: Iterable[Use], greater: Value, less: Value) -> bool:
    """A reading of ``greater`` permits all that one of ``less`` does, in every condition."""
    for use in uses:
        above, below = use.truth(greater), use.truth(less)
        if above == below:
            continue
        if use.direction == BOTH or use.opaque:
            return False
        if use.direction == UP and above < below:
            return False
        if use.direction == DOWN and above > below:
            return False
    return True


def only_forbids_when_unknown(uses: Iterable[Use]) -> bool:
    """A tag that is unknown for ever can only take permits away: no use of it remembers what it was."""
    return all(use.forgets for use in uses)
