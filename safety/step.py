"""One closure for each expression: from the results below it to its own.

Owns what each kind of expression means, in the form that runs. Must never read an image: tags are in the results
before any step is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne

from plc_drivers.contract import Value
from plc_drivers.contract.codes import AckResult
from safety.acts import Acts
from safety.expression import (
    REFILL,
    And,
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
    ExpressionError,
    HeldFor,
    Latch,
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
    Truth,
)
from safety.memory import NodeState, Passed
from safety.verdict import Function

Results = list[Value | None]
_COMPARE: dict[Op, Callable[[Value, Value], bool]] = {
    Op.EQ: eq,
    Op.NE: ne,
    Op.LT: lt,
    Op.LE: le,
    Op.GT: gt,
    Op.GE: ge,
}
_ACCEPTED = int(AckResult.ACCEPTED)


@dataclass(slots=True)
class Pass:
    """What one evaluation works with: the time, the memory, and the timers that still run afterwards."""

    now_ms: int
    states: list[NodeState]
    active: frozenset[Function]
    commands: Mapping[str, Passed]
    acts: Acts
    running: int = 0


Step = Callable[[Results, Pass], Truth]


def stateless(node: Expression, below: tuple[int, ...]) -> Step:
    """The step of an expression without memory; ``below`` are the slots of its children.

    Raises:
        ExpressionError: this kind of expression is none that is stepped.
    """
    match node:
        case Const() | Asserted() | Commanded() | ResetAsked() | LockedOut():
            return _told_by_us(node, below)
        case Not() | Proven() | And() | Or() | AtMost():
            return _logic(node, below)
        case Compare() | Between() | OneOf():
            return _comparison(node, below)
        case _:
            raise ExpressionError(f"no rule evaluates {node!r}")


def remembering(node: Expression, below: tuple[int, ...], state: int, bit: int) -> Step:
    """The step of an expression that remembers in ``state``; ``bit`` is set while it must be asked again in time.

    Raises:
        ExpressionError: this kind of expression remembers nothing.
    """
    match node:
        case HeldFor(_, ms):
            return _held_for(below[0], ms, state, bit)
        case Outlasted(_, ms):
            return _outlasted(below[0], ms, state, bit)
        case ChangedWithin(_, ms):
            return _changed_within(below[0], ms, state, bit)
        case ChangedSince():
            return _changed_since(below, state)
        case Latch(_, _, dominant):
            return _latch(below, dominant, state)
        case ManualHold(function, ms):
            return _manual_hold(function, ms, bit)
        case _:
            raise ExpressionError(f"no rule evaluates {node!r}")


def _told_by_us(node: Const | Asserted | Commanded | ResetAsked | LockedOut, below: tuple[int, ...]) -> Step:
    match node:
        case Const(value):
            return lambda _results, _work: value
        case Asserted(function):
            return lambda _results, work: function in work.active
        case Commanded():
            return _commanded(node, below)
        case ResetAsked(trip):
            return lambda _results, work: trip in work.acts.resets
        case LockedOut(zone):
            return lambda _results, work: zone in work.acts.locks


def _logic(node: Not | Proven | And | Or | AtMost, below: tuple[int, ...]) -> Step:
    match node:
        case Not():
            return _not(below[0])
        case Proven():
            return _proven(below[0])
        case And():
            return _and(below)
        case Or():
            return _or(below)
        case AtMost(limit, _):
            return _at_most(limit, below)


def _comparison(node: Compare | Between | OneOf, below: tuple[int, ...]) -> Step:
    match node:
        case Compare(op, _, right):
            return _compare_tags(op, *below) if isinstance(right, Tag) else _compare(op, below[0], right)
        case Between(_, low, high):
            return _between(below[0], low, high)
        case OneOf(_, values):
            return _one_of(below[0], frozenset(values))


def _not(child: int) -> Step:
    def step(results: Results, _work: Pass) -> Truth:
        value = results[child]
        return None if value is None else not value

    return step


def _proven(child: int) -> Step:
    return lambda results, _work: results[child] is True


def _and(below: tuple[int, ...]) -> Step:
    def step(results: Results, _work: Pass) -> Truth:
        known = True
        for child in below:
            value = results[child]
            if value is False:
                return False
            if value is None:
                known = False
        return True if known else None

    return step


def _or(below: tuple[int, ...]) -> Step:
    def step(results: Results, _work: Pass) -> Truth:
        known = True
        for child in below:
            value = results[child]
            if value is True:
                return True
            if value is None:
                known = False
        return False if known else None

    return step


def _at_most(limit: int, below: tuple[int, ...]) -> Step:
    def step(results: Results, _work: Pass) -> Truth:
        values = [results[child] for child in below]
        true = values.count(True)
        if true > limit:
            return False
        return True if true + values.count(None) <= limit else None

    return step


def _compare(op: Op, tag: int, number: Number) -> Step:
    holds = _COMPARE[op]

    def step(results: Results, _work: Pass) -> Truth:
        value = results[tag]
        return None if value is None else holds(value, number)

    return step


def _compare_tags(op: Op, left: int, right: int) -> Step:
    holds = _COMPARE[op]

    def step(results: Results, _work: Pass) -> Truth:
        one, other = results[left], results[right]
        return None if one is None or other is None else holds(one, other)

    return step


def _between(tag: int, low: Number, high: Number) -> Step:
    def step(results: Results, _work: Pass) -> Truth:
        value = results[tag]
        return None if value is None else low <= value <= high

    return step


def _one_of(tag: int, values: frozenset[int]) -> Step:
    def step(results: Results, _work: Pass) -> Truth:
        value = results[tag]
        return None if value is None else value in values

    return step


def _commanded(node: Commanded, below: tuple[int, ...]) -> Step:
    device, codes = node.done.device, frozenset(node.codes)
    done, ack, answer = below

    def step(results: Results, work: Pass) -> Truth:
        passed = work.commands.get(device)
        if passed is None or passed.code not in codes:
            return False
        seq = passed.command.seq
        if results[done] == seq:
            return False
        refused = results[ack] == seq and results[answer] not in (None, _ACCEPTED)
        return not refused

    return step


def _held_for(child: int, ms: int, state: int, bit: int) -> Step:
    def step(results: Results, work: Pass) -> Truth:
        value = results[child]
        if value is not True:
            work.states[state] = ()
            return None if value is None else False
        since = work.states[state] or (work.now_ms,)
        work.states[state] = since
        if work.now_ms - int(since[0] or 0) >= ms:
            return True
        work.running |= bit
        return False

    return step


def _outlasted(child: int, ms: int, state: int, bit: int) -> Step:
    """State: what has been drained, in ms times ``REFILL``; when that was; whether the cause was there since then."""
    full = ms * REFILL

    def step(results: Results, work: Pass) -> Truth:
        value = results[child]
        drained, at_ms, drains = work.states[state] or (0, work.now_ms, False)
        passed_ms = work.now_ms - int(at_ms or 0)
        left = int(drained or 0) + (passed_ms * REFILL if drains else -passed_ms)
        left = min(full, max(0, left))
        there = value is not False
        work.states[state] = (left, work.now_ms, there) if left or there else ()
        if (left < full) if there else left:
            work.running |= bit
        if not there:
            return False
        return True if left == full else None if value is None else False

    return step


def _manual_hold(function: Function, ms: int, bit: int) -> Step:
    """Remembers nothing: the person's last word carries its own time, and grows old by itself."""

    def step(_results: Results, work: Pass) -> Truth:
        hold = work.acts.hold
        if hold is None or hold.function != function or not 0 <= work.now_ms - hold.at_ms <= ms:
            return False
        work.running |= bit
        return True

    return step


def _changed_within(tag: int, ms: int, state: int, bit: int) -> Step:
    def step(results: Results, work: Pass) -> Truth:
        value = results[tag]
        if value is None:
            work.states[state] = ()
            return None
        seen = work.states[state]
        if not seen:
            seen = (value, work.now_ms, False)
        elif seen[0] != value:
            seen = (value, work.now_ms, True)
        work.states[state] = seen
        if work.now_ms - int(seen[1] or 0) >= ms:
            return False
        work.running |= bit
        return True if seen[2] else None

    return step


def _changed_since(below: tuple[int, ...], state: int) -> Step:
    counter_slot, void_slot, restart_slot = below

    def step(results: Results, work: Pass) -> Truth:
        counter, void, boot = results[counter_slot], results[void_slot], results[restart_slot]
        if counter is None or boot is None or void is None:
            work.states[state] = ()
            return None
        base = work.states[state]
        if void or not base or base[1] != boot:
            work.states[state] = (counter, boot)
            return False
        return base[0] != counter

    return step


def _latch(below: tuple[int, ...], dominant: Dominant, state: int) -> Step:
    def step(results: Results, work: Pass) -> Truth:
        set_now, reset_now = results[below[0]], results[below[1]]
        kept = work.states[state]
        before = kept[0] if kept else None
        free = None if reset_now is None else not reset_now
        if dominant is Dominant.SET:
            value = _either(set_now, _both(free, before))
        else:
            value = _both(free, _either(set_now, before))
        work.states[state] = (value,)
        return value

    return step


def _both(one: Value | None, other: Value | None) -> Truth:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def _either(one: Value | None, other: Value | None) -> Truth:
    if one is True or other is True:
        return True
    return None if one is None or other is None else False
