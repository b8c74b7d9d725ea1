"""Expressions compiled to closures over one flat list of results.

Owns the order of evaluation, the sharing of equal sub-expressions, the memory of those that have one, and the
skipping of what cannot have changed. Must never give another truth than the definitions in ``expression``; the
tests compare it with a plain recursive reading of the same trees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

from plc_drivers.contract import DEFINITIONS, DeviceDefinition, Value
from plc_drivers.contract import Tag as TagDefinition
from plc_drivers.contract.tag import TagType
from plc_drivers.reading import DeviceImage, ProcessImage, Quality
from safety.expression import (
    And,
    Answering,
    Asserted,
    AtMost,
    ChangedSince,
    ChangedWithin,
    Expression,
    ExpressionError,
    HeldFor,
    Latch,
    LockedOut,
    ManualHold,
    Not,
    Or,
    Outlasted,
    Proven,
    ResetAsked,
    Tag,
    children,
)
from safety.memory import NodeState, Passed, SafetyMemory, Trace
from safety.step import Pass, Results, Step, remembering, stateless
from safety.verdict import Function

_FIRST = 1
"""Mask bit of every step: set when nothing was ever evaluated. Devices and timers have the bits above it."""
_ACTS = 2
"""Mask bit of what reads persons' acts."""


class _DeviceReader:
    """Brings the tags of one device that any expression reads into the results, as known values or None."""

    def __init__(self, device: str, definition: DeviceDefinition, number: int) -> None:
        self.device = device
        self.kind = definition.kind
        self.bit = _ACTS << (number + 1)
        self.length = len(definition.status)
        self.answering_slot: int | None = None
        self._tags: list[tuple[int, int, _Known]] = []
        self._index = definition.status_index
        self._pick: Callable[[Sequence[Value | None]], object] = lambda _: ()

    def add(self, tag: Tag, slot: int) -> None:
        index = self._index[tag.name]
        self._tags.append((index, slot, _known(tag.definition)))
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
        if image is None:
            for _, slot, _ in self._tags:
                results[slot] = None
            return
        values, bad = image.values, image.bad_tags
        for index, slot, known in self._tags:
            value = values[index]
            results[slot] = None if value is None or index in bad else known(value)


_Known = Callable[[Value], Value | None]
"""From a value as it was read to the same value when the contract admits it, else None: unknown."""


def _known(tag: TagDefinition) -> _Known:
    """What ``tag.admits`` says, worked out once: it is asked for every tag whenever anything of its device changes."""
    if tag.enum is not None:
        members = frozenset(int(member) for member in tag.enum)
        return lambda value: value if value in members else None
    low, high = tag.bounds
    if tag.wire is TagType.BOOL:
        return lambda value: bool(value) if low <= value <= high else None
    return lambda value: value if low <= value <= high else None


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
            changed = _FIRST
        else:
            changed |= before.running | self._told(before, active, commands)
            if memory.acts != before.acts:
                changed |= _ACTS
            if not changed:
                return before, memory.states, False
        work = Pass(now_ms, list(memory.states), active, commands, memory.acts)
        for slot, mask, step in self._steps:
            if mask & changed:
                results[slot] = step(results, work)
        return Trace(keys, tuple(results), work.running, active, commands, memory.acts), tuple(work.states), True

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
            case Not() | Proven() | And() | Or() | AtMost() | HeldFor() | Outlasted() | Latch():
                for child in children(node):
                    self._condition(child)
            case ChangedSince(_, void_when, _):
                self._condition(void_when)

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
            case ResetAsked() | LockedOut():
                mask |= _ACTS
            case ManualHold(function, _):
                self._asserted(function)
                self.states[node] = len(self.states)
                mask |= _ACTS | self._timer_bit(node)
            case HeldFor() | Outlasted() | ChangedWithin() | ChangedSince() | Latch():
                self.states[node] = len(self.states)
                mask |= self._timer_bit(node)
        self._masks.append(mask)
        self._steps.append((slot, mask, self._compile(node)))
        return slot

    def _asserted(self, function: Function) -> int:
        reader = self._readers.get(function.device)
        if reader is None or function.permit not in DEFINITIONS[reader.kind].permits:
            raise ExpressionError(f"there is no permit {function} in this garage")
        return reader.bit

    def _timer_bit(self, node: Expression) -> int:
        return _ACTS << (len(self._readers) + self.states[node] + 1)

    def _compile(self, node: Expression) -> Step:
        below = tuple(self.slots[child] for child in children(node))
        if node in self.states:
            return remembering(node, below, self.states[node], self._timer_bit(node))
        return stateless(node, below)
