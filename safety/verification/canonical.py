"""One memory for all that safety cannot tell apart: times as ages, numbers renamed, what no longer matters left out.

Owns the renaming that makes safety's memory finite. Every cycle of the search happens at the same time ``NOW_MS``
with the same heartbeat and the same numbers; after it, everything that the memory kept of this cycle is moved one
cycle into the past. Ages stop growing when they have outlived the time that their expression asks for.

Times are told from other numbers by their size: nothing else in a memory comes near ``NOW_MS``. So the memory of an
expression that is not known here is moved as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from plc_drivers.contract import CommandCode, Value
from plc_drivers.outputs import MailboxCommand
from plc_drivers.reading import ProcessImage
from safety.acts import NO_ACTS
from safety.expression import ChangedSince, Expression, Tag
from safety.logic import SafetyLogic
from safety.memory import NodeState, Passed, SafetyMemory
from safety.verdict import Function
from safety.verification.readings import BOOT, COUNT, NEXT_SEQ, PRESSED_COUNT, RESTARTED_BOOT, SEQ

STEP_MS = 750
"""Time between two cycles of the search: half the times that the small garages' interlocks ask for."""

NOW_MS = 1_000_000_000
"""The time of every cycle."""

_ANY_TIME = NOW_MS // 2
_OTHER = 4
"""A count that is not the present one."""

_OTHER_BOOT = 9
_OLDEST_BEAT = 90
"""A heartbeat that every PLC which answers has seen."""

_KNOWN = ("states", "granted", "fading", "commands", "revoked", "allowed", "acts", "stopping", "at_ms", "trace")
"""Parts of a memory that are renamed by name. ``stopping`` is left out: it measures, and nothing asks for it."""

Key = tuple[object, ...]


class Renaming:
    """The renaming for the program of one garage."""

    def __init__(self, logic: SafetyLogic) -> None:
        nodes = sorted(logic.program.states.items(), key=lambda item: item[1])
        self._nodes: tuple[Expression, ...] = tuple(node for node, _ in nodes)
        longest = max((_longest(node) for node in self._nodes), default=0)
        self._caps = tuple(_longest(node) or longest for node in self._nodes)
        self._others = [field.name for field in fields(SafetyMemory) if field.name not in _KNOWN]

    def states(
        self, memory: SafetyMemory, image: ProcessImage, frozen: frozenset[tuple[str, str]]
    ) -> tuple[NodeState, ...]:
        """What the expressions remember, moved into the past.

        ``frozen`` are tags (device, name) whose reading does not come from the plant and is not renamed, because
        their sensor lies.
        """
        return tuple(
            self._state(node, cap, state, image, frozen) if state else state
            for node, cap, state in zip(self._nodes, self._caps, memory.states, strict=True)
        )

    def rest(self, memory: SafetyMemory) -> Key:
        """What a memory holds beside the expressions' states and of no single device."""
        return tuple(_hashable(getattr(memory, name)) for name in self._others)

    def past(self, memory: SafetyMemory) -> SafetyMemory:
        """The memory that a cycle left with everything but the expressions' states moved into the past."""
        more: dict[str, Any] = {name: _moved(getattr(memory, name)) for name in self._others}
        return replace(
            memory,
            fading={f: max(_OLDEST_BEAT, beat - 1) for f, beat in sorted(memory.fading.items())},
            commands={name: _passed(passed) for name, passed in sorted(memory.commands.items())},
            revoked={f: SEQ for f, seq in sorted(memory.revoked.items()) if _is_current(memory, f, seq)},
            allowed=frozenset(),
            acts=NO_ACTS,
            stopping={},
            at_ms=NOW_MS - STEP_MS,
            **more,
        )

    def _state(
        self, node: Expression, cap: int, state: NodeState, image: ProcessImage, frozen: frozenset[tuple[str, str]]
    ) -> NodeState:
        if isinstance(node, ChangedSince) and len(state) == 2:
            return (
                _count(state[0], node.counter, image, frozen, (PRESSED_COUNT, COUNT, _OTHER)),
                _count(state[1], node.restart, image, frozen, (RESTARTED_BOOT, BOOT, _OTHER_BOOT)),
            )
        return tuple(_age(value, cap) for value in state)


def _count(
    kept: Value | None, tag: Tag, image: ProcessImage, frozen: frozenset[tuple[str, str]], names: tuple[int, int, int]
) -> Value | None:
    """A remembered count, renamed with the present one: equal stays equal, different stays different."""
    new, rest, other = names
    shown = image.value(tag.device, tag.name)
    if shown is None:
        return kept
    following = rest if shown == new and (tag.device, tag.name) not in frozen else shown
    if kept == shown:
        return following
    return other if following != other else other - 1


def _is_current(memory: SafetyMemory, function: Function, seq: int) -> bool:
    passed = memory.commands.get(function.device)
    return passed is not None and passed.command.seq == seq


def _passed(passed: Passed) -> Passed:
    command = passed.command
    if command.code is CommandCode.NONE:
        return Passed(MailboxCommand(seq=SEQ), BOOT)
    seq = SEQ if command.seq == NEXT_SEQ else command.seq
    return Passed(replace(command, seq=seq), BOOT if passed.boot is not None else None, passed.voided)


def _longest(node: Expression) -> int:
    """The longest time that an expression asks for, by its fields in milliseconds."""
    times = [getattr(node, field.name) for field in fields(node) if field.name.endswith("ms")]
    return max((int(time) for time in times), default=0)


def _age(value: Value | None, cap: int) -> Value | None:
    if isinstance(value, int) and not isinstance(value, bool) and value > _ANY_TIME:
        return max(value - STEP_MS, NOW_MS - STEP_MS - cap)
    return value


def _moved(value: object) -> object:
    """Any other memory, with its times moved by one cycle."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value - STEP_MS if value > _ANY_TIME else value
    if isinstance(value, tuple):
        return tuple(_moved(item) for item in value)
    if isinstance(value, Mapping):
        return {key: _moved(item) for key, item in sorted(value.items())}
    return value


def _hashable(value: object) -> object:
    if isinstance(value, Mapping):
        return tuple((key, _hashable(item)) for key, item in value.items())
    return value
