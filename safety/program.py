"""Expressions compiled to closures over one flat list of results.

Owns the order of evaluation, the sharing of equal sub-expressions, the memory of those that have one, and the
skipping of what cannot have changed. Must never give another truth than the definitions in ``expression``; the
tests compare it with a plain recursive reading of the same trees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import eq, ge, gt, itemgetter, le, lt, ne

from plc_drivers.contract import DEFINITIONS, DeviceDefinition, Value
from plc_drivers.contract import Tag as TagDefinition
from plc_drivers.contract.codes import AckResult
from plc_drivers.contract.tag import TagType
from plc_drivers.reading import DeviceImage, ProcessImage, Quality
from safety.expression import (
    And,
    Answering,
    Asserted,
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
    Not,
    Number,
    OneOf,
    Op,
    Or,
    Tag,
    Truth,
    children,
)
from safety.memory import NodeState, Passed, SafetyMemory, Trace
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
_FIRST = 1
"""Mask bit of everything that was never evaluated; devices and timers have the bits above it."""
_EVERYTHING = -1
_ACCEPTED = int(AckResult.ACCEPTED)


@dataclass(slots=True)
class Pass:
    """What one evaluation works with: the time, the memory, and the timers that still run afterwards."""

    now_ms: int
    states: list[NodeState]
    active: frozenset[Function]
    commands: Mapping[str, Passed]
    running: int = 0


Step = Callable[[Results, Pass], Truth]


class _DeviceReader:
    """Brings the tags of one device that any expression reads into the results, as known values or None."""

    def __init__(self, device: str, definition: DeviceDefinition, number: int) -> None:
        self.device = device
        self.kind = definition.kind
        self.bit = _FIRST << (number + 1)
        self.length = len(definition.status)
        self.answering_slot: int | None = None
        self._tags: list[tuple[int, int, TagDefinition]] = []
        self._index = definition.status_index
        self._pick: Callable[[Sequence[Value | None]], object] = lambda _: ()

    def add(self, tag: Tag, slot: int) -> None:
        index = self._index[tag.name]
        self._tags.append((index, slot, tag.definition))
        self._pick = itemgetter(index, *(index for index, _, _ in self._tags))

    def key(self, image: DeviceImage | None, now_ms: int, age_ms_max: int) -> object:
        """Value that differs whenever a result could; None when nothing of the device may be believed."""
        if image is None or image.quality is not Quality.GOOD or now_ms - image.at_ms > age_ms_max:
            return None
        if image.definition.kind is not self.kind or len(image.values) != self.length:
            return None
        picked = self._pick(image.values)
        return (picked, image.bad_tags) if image.bad_tags else picked

    def load(self, image: DeviceImage | None, results: Results) -> None:
        """Write the device's values into its slots; all unknown when there is no image to believe."""
        if self.answering_slot is not None:
            results[self.answering_slot] = None if image is None else True
        for index, slot, tag in self._tags:
            if image is None or index in image.bad_tags:
                results[slot] = None
            else:
                results[slot] = _normal(tag, image.values[index])


def _normal(tag: TagDefinition, value: Value | None) -> Value | None:
    """The value when the contract admits it, else None; a bool as True or False."""
    if value is None or not tag.admits(value):
        return None
    return bool(value) if tag.wire is TagType.BOOL else value


class Program:
    """A set of expressions that are evaluated together.

    ``devices`` says which devices there are. Equal sub-expressions are one node and share their memory.

    Raises:
        ExpressionError: an expression names a device that is not there or is of another kind, or uses a tag
            that is not a bool as a condition.
    """

    def __init__(self, roots: Sequence[Expression], devices: Mapping[str, DeviceDefinition]) -> None:
        self._readers = {name: _DeviceReader(name, d, number) for number, (name, d) in enumerate(devices.items())}
        self.slots: dict[Expression, int] = {}
        self.states: dict[Expression, int] = {}
        self._masks: list[int] = []
        self._steps: list[tuple[int, int, Step]] = []
        for root in roots:
            self._condition(root)
            self._add(root)

    def states0(self) -> tuple[NodeState, ...]:
        """The memory of a program that has seen nothing."""
        return ((),) * len(self.states)

    def run(
        self, image: ProcessImage, memory: SafetyMemory, now_ms: int, age_ms_max: int
    ) -> tuple[Trace, tuple[NodeState, ...], bool]:
        """Evaluate: the new trace, the new states, and False when no result can differ from the last ones.

        A device is unknown when its image is not GOOD, is missing, or is older than ``age_ms_max``.
        """
        before, active, commands = memory.trace, memory.active, memory.commands
        results: Results = [None] * len(self._masks) if before is None else list(before.results)
        keys, changed = self._read(image, before, results, now_ms, age_ms_max)
        if before is None:
            changed = _EVERYTHING
        else:
            changed |= before.running | self._told(before, active, commands)
            if not changed:
                return before, memory.states, False
        work = Pass(now_ms, list(memory.states), active, commands)
        for slot, mask, step in self._steps:
            if mask & changed:
                results[slot] = step(results, work)
        return Trace(keys, tuple(results), work.running, active, commands), tuple(work.states), True

    def truth(self, node: Expression, trace: Trace) -> Value | None:
        """What the node came to in an evaluation."""
        return trace.results[self.slots[node]]

    def _read(
        self, image: ProcessImage, before: Trace | None, results: Results, now_ms: int, age_ms_max: int
    ) -> tuple[tuple[object, ...], int]:
        keys: list[object] = []
        changed = 0
        for number, reader in enumerate(self._readers.values()):
            device = image.devices.get(reader.device)
            key = reader.key(device, now_ms, age_ms_max)
            keys.append(key)
            if before is None or key != before.keys[number]:
                changed |= reader.bit
                reader.load(None if key is None else device, results)
        return tuple(keys), changed

    def _told(self, before: Trace, active: frozenset[Function], commands: Mapping[str, Passed]) -> int:
        """Devices about whose permits or commands the controller itself knows something new."""
        changed = 0
        if active != before.active:
            for function in active ^ before.active:
                changed |= self._readers[function.device].bit
        if commands is not before.commands:
            for device, reader in self._readers.items():
                if commands.get(device) != before.commands.get(device):
                    changed |= reader.bit
        return changed

    def _condition(self, node: Expression) -> None:
        if isinstance(node, Tag) and not node.is_bool:
            raise ExpressionError(f"{node} is a number and cannot be a condition by itself")
        match node:
            case Not() | And() | Or() | HeldFor() | Latch():
                for child in children(node):
                    self._condition(child)
            case ChangedSince(_, void_when, _):
                self._condition(void_when)
            case _:
                pass

    def _reader(self, device: str, kind: object) -> _DeviceReader:
        reader = self._readers.get(device)
        if reader is None:
            raise ExpressionError(f"there is no device {device!r} in this garage")
        if reader.kind is not kind:
            raise ExpressionError(f"{device} is a {reader.kind.name.lower()}, not what the expression takes it for")
        return reader

    def _add(self, node: Expression) -> int:
        if node in self.slots:
            return self.slots[node]
        mask = _FIRST
        for child in children(node):
            mask |= self._masks[self._add(child)]
        slot = self.slots[node] = len(self._masks)
        match node:
            case Tag(device, kind, _):
                reader = self._reader(device, kind)
                reader.add(node, slot)
                self._masks.append(reader.bit)
                return slot
            case Answering(device, kind):
                reader = self._reader(device, kind)
                reader.answering_slot = slot
                self._masks.append(reader.bit)
                return slot
            case Asserted(function):
                mask |= self._asserted(function)
            case HeldFor() | ChangedWithin() | ChangedSince() | Latch():
                self.states[node] = len(self.states)
                mask |= self._timer_bit(node)
            case _:
                pass
        self._masks.append(mask)
        self._steps.append((slot, mask, self._compile(node)))
        return slot

    def _asserted(self, function: Function) -> int:
        reader = self._readers.get(function.device)
        if reader is None or function.permit not in DEFINITIONS[reader.kind].permits:
            raise ExpressionError(f"there is no permit {function} in this garage")
        return reader.bit

    def _timer_bit(self, node: Expression) -> int:
        return _FIRST << (len(self._readers) + self.states[node] + 1)

    def _compile(self, node: Expression) -> Step:
        below = tuple(self.slots[child] for child in children(node))
        match node:
            case Const() | Asserted() | Commanded():
                return _told_by_us(node, below)
            case Not() | And() | Or():
                return _logic(node, below)
            case Compare() | Between() | OneOf():
                return _comparison(node, below)
            case _:
                return self._with_memory(node, below)

    def _with_memory(self, node: Expression, below: tuple[int, ...]) -> Step:
        state = self.states[node]
        match node:
            case HeldFor(_, ms):
                return _held_for(below[0], ms, state, self._timer_bit(node))
            case ChangedWithin(_, ms):
                return _changed_within(below[0], ms, state, self._timer_bit(node))
            case ChangedSince():
                return _changed_since(below, state)
            case Latch(_, _, dominant):
                return _latch(below, dominant, state)
            case _:
                raise ExpressionError(f"no rule evaluates {node!r}")


def _told_by_us(node: Const | Asserted | Commanded, below: tuple[int, ...]) -> Step:
    match node:
        case Const(value):
            return lambda _results, _work: value
        case Asserted(function):
            return lambda _results, work: function in work.active
        case Commanded():
            return _commanded(node, below)


def _logic(node: Not | And | Or, below: tuple[int, ...]) -> Step:
    match node:
        case Not():
            return _not(below[0])
        case And():
            return _and(below)
        case Or():
            return _or(below)


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
