"""A second, plain reading of the expression language: recursive, slow, and written from the definitions alone.

Owns nothing but the comparison: it remembers the whole history and looks back over it, where the compiled program
carries a memory forward. Must never import the program.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass

from plc_drivers.contract import Value
from plc_drivers.reading import ProcessImage, Quality
from safety.expression import (
    And,
    Answering,
    AtMost,
    Between,
    ChangedSince,
    ChangedWithin,
    Compare,
    Const,
    Dominant,
    Expression,
    HeldFor,
    Latch,
    Not,
    OneOf,
    Op,
    Or,
    Outlasted,
    Proven,
    Tag,
    Truth,
)

_OPS = {Op.EQ: operator.eq, Op.NE: operator.ne, Op.LT: operator.lt, Op.LE: operator.le, Op.GT: operator.gt,
        Op.GE: operator.ge}  # fmt: skip


@dataclass(frozen=True)
class History:
    """All images up to now, oldest first; the last one is now."""

    images: tuple[ProcessImage, ...]

    @property
    def now_ms(self) -> int:
        return self.images[-1].now_ms

    def value(self, tag: Tag, at: int) -> Value | None:
        found = self.images[at].devices.get(tag.device)
        if found is None or found.quality is not Quality.GOOD:
            return None
        value = found.value(tag.name)
        return value if value is not None and tag.definition.admits(value) else None


def truth(node: Expression, history: History, at: int | None = None) -> Truth:
    """The truth of ``node`` in image number ``at``, by default the last."""
    at = len(history.images) - 1 if at is None else at
    match node:
        case Const(value):
            return value
        case Tag():
            found = history.value(node, at)
            return None if found is None else bool(found)
        case Not(child):
            below = truth(child, history, at)
            return None if below is None else not below
        case And(children):
            values = [truth(child, history, at) for child in children]
            return False if False in values else None if None in values else True
        case Or(children):
            values = [truth(child, history, at) for child in children]
            return True if True in values else None if None in values else False
        case AtMost(limit, children):
            least = sum(truth(child, history, at) is True for child in children)
            most = sum(truth(child, history, at) is not False for child in children)
            return (least <= limit) if (least <= limit) is (most <= limit) else None
        case Proven(child):
            return truth(child, history, at) is True
        case _:
            return _leaf(node, history, at)


def _leaf(node: Expression, history: History, at: int) -> Truth:
    match node:
        case Compare(op, left, right):
            one = history.value(left, at)
            other = history.value(right, at) if isinstance(right, Tag) else right
            return None if one is None or other is None else _OPS[op](one, other)
        case Between(tag, low, high):
            value = history.value(tag, at)
            return None if value is None else low <= value <= high
        case OneOf(tag, values):
            value = history.value(tag, at)
            return None if value is None else value in values
        case Answering(device, _):
            found = history.images[at].devices.get(device)
            return True if found is not None and found.quality is Quality.GOOD else None
        case _:
            return _remembered(node, history, at)


def _remembered(node: Expression, history: History, at: int) -> Truth:
    match node:
        case HeldFor(child, ms):
            return _held(child, ms, history, at)
        case Outlasted(child, ms):
            return _outlasted(child, ms, history, at)
        case ChangedWithin(tag, ms):
            return _changed_within(tag, ms, history, at)
        case ChangedSince():
            return _changed_since(node, history, at)
        case Latch(set_when, reset_when, dominant):
            return _latched(set_when, reset_when, dominant, history, at)
        case _:
            raise AssertionError(f"no reading of {node}")


def _held(child: Expression, ms: int, history: History, at: int) -> Truth:
    now = truth(child, history, at)
    if now is not True:
        return None if now is None else False
    since = at
    while since > 0 and truth(child, history, since - 1) is True:
        since -= 1
    return history.images[at].now_ms - history.images[since].now_ms >= ms


def _outlasted(child: Expression, ms: int, history: History, at: int) -> Truth:
    left_ms = float(ms)
    for i in range(1, at + 1):
        passed_ms = history.images[i].now_ms - history.images[i - 1].now_ms
        if truth(child, history, i - 1) is False:
            left_ms = min(ms, left_ms + passed_ms / 4)
        else:
            left_ms = max(0, left_ms - passed_ms)
    now = truth(child, history, at)
    if now is False:
        return False
    return True if left_ms == 0 else None if now is None else False


def _changed_within(tag: Tag, ms: int, history: History, at: int) -> Truth:
    value = history.value(tag, at)
    if value is None:
        return None
    since = at
    while since > 0 and history.value(tag, since - 1) == value:
        since -= 1
    if history.images[at].now_ms - history.images[since].now_ms >= ms:
        return False
    return True if since > 0 and history.value(tag, since - 1) is not None else None


def _changed_since(node: ChangedSince, history: History, at: int) -> Truth:
    def usable(i: int) -> bool:
        known = history.value(node.counter, i) is not None and history.value(node.restart, i) is not None
        return known and truth(node.void_when, history, i) is not None

    if not usable(at):
        return None
    first = at
    while first > 0 and usable(first - 1):
        first -= 1
    base = first
    for i in range(first, at + 1):
        restarted = i > first and history.value(node.restart, i) != history.value(node.restart, base)
        if truth(node.void_when, history, i) or restarted:
            base = i
    return base != at and history.value(node.counter, at) != history.value(node.counter, base)


def _latched(set_when: Expression, reset_when: Expression, dominant: Dominant, history: History, at: int) -> Truth:
    kept: Truth = None
    for i in range(at + 1):
        wanted, ended = truth(set_when, history, i), truth(reset_when, history, i)
        free = None if ended is None else not ended
        by_set = _any(wanted, _all(free, kept))
        by_reset = _all(free, _any(wanted, kept))
        kept = by_set if dominant is Dominant.SET else by_reset
    return kept


def _all(one: Truth, other: Truth) -> Truth:
    return False if False in (one, other) else None if None in (one, other) else True


def _any(one: Truth, other: Truth) -> Truth:
    return True if True in (one, other) else None if None in (one, other) else False
