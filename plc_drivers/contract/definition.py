"""A device kind as data: all its tags, checked once for overlaps and looked up by name.

Owns the shape of a definition and the checks on it. Must never hold a device's own facts; those stand in
``lift.py``, ``shuttle.py``, ``cabin.py`` and ``safety.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from plc_drivers.contract.codes import (
    AckResult,
    Axis,
    CommandCode,
    DeviceKind,
    DoneResult,
    FaultCode,
    Health,
    Mode,
    State,
)
from plc_drivers.contract.tag import Block, Tag, TagType

COMMAND_BASE = 0
"""First holding register of the command block unless a profile or the configuration says otherwise."""

STATUS_BASE = 100
"""First holding register of the status block unless a profile or the configuration says otherwise."""

PERMIT_WORD = 1
HOLDS_WORD = 24
SPECIFIC_WORD = 30
"""Status words below this one are common to all kinds; from here on each kind has its own."""


class DefinitionError(ValueError):
    """A definition contradicts itself: two tags on one place, an unknown tag, a permit without its echo."""


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """One command of a kind: its code, what its arguments mean, and the permit without which it cannot run.

    ``axes`` are pairs of a first argument and the permit that it needs, for a command whose first argument names an
    axis; then ``permit`` is None and no other argument is known.
    """

    code: CommandCode
    meaning: str
    permit: str | None = None
    arg1: str = ""
    arg2: str = ""
    axes: tuple[tuple[int, str], ...] = ()

    @property
    def permits(self) -> tuple[str, ...]:
        """Every permit that the command can need."""
        return tuple(permit for _, permit in self.axes) or (() if self.permit is None else (self.permit,))

    def takes(self, arg1: int) -> bool:
        """False when the command knows axes and this is none of them."""
        return not self.axes or any(axis == arg1 for axis, _ in self.axes)

    def permit_for(self, arg1: int) -> str | None:
        """The permit without which the command cannot run with this first argument, None when it needs none."""
        return next((permit for axis, permit in self.axes if axis == arg1), self.permit)


@dataclass(frozen=True)
class DeviceDefinition:
    """All that the contract says of one device kind.

    ``permits`` are the names of the hazardous functions; each has a command bit ``permit_NAME`` and the echo
    ``holds_NAME`` in which the PLC tells which permits it acts upon at this moment.

    Raises:
        DefinitionError: two tags share a register or bit, a name is used twice, or a permit lacks its bits.
    """

    kind: DeviceKind
    title: str
    status: tuple[Tag, ...]
    command: tuple[Tag, ...]
    permits: tuple[str, ...]
    commands: tuple[CommandSpec, ...]
    status_index: dict[str, int] = field(init=False, repr=False, compare=False)
    command_index: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "status_index", {tag.name: i for i, tag in enumerate(self.status)})
        object.__setattr__(self, "command_index", {tag.name: i for i, tag in enumerate(self.command)})
        _check(self)

    @property
    def status_length(self) -> int:
        """Registers in the status block of the default Modbus image."""
        return _length(self.status)

    @property
    def command_length(self) -> int:
        """Registers in the command block of the default Modbus image; 0 for a kind that is only read."""
        return _length(self.command)

    @property
    def is_commanded(self) -> bool:
        """False for a kind that the controller only reads (the safety PLC)."""
        return bool(self.command)

    def tag(self, name: str) -> Tag:
        """The tag called ``name``, status first.

        Raises:
            DefinitionError: this kind has no such tag.
        """
        if name in self.status_index:
            return self.status[self.status_index[name]]
        if name in self.command_index:
            return self.command[self.command_index[name]]
        raise DefinitionError(f"a {self.kind.name.lower()} has no tag {name!r}")

    def spec(self, code: int) -> CommandSpec | None:
        """The command with this code, or None when the kind does not know it."""
        return next((spec for spec in self.commands if spec.code == code), None)


def status(
    name: str,
    type_: TagType,
    word: int,
    meaning: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    enum: type[IntEnum] | None = None,
) -> Tag:
    """A status tag that is not a bool."""
    return Tag(name, type_, Block.STATUS, word, meaning, unit=unit, low=low, high=high, enum=enum)


def flag(name: str, word: int, bit: int, meaning: str, block: Block = Block.STATUS) -> Tag:
    """A bool at one bit of a register."""
    return Tag(name, TagType.BOOL, block, word, meaning, bit=bit)


def command(
    name: str,
    type_: TagType,
    word: int,
    meaning: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    enum: type[IntEnum] | None = None,
) -> Tag:
    """A command tag that is not a bool."""
    return Tag(name, type_, Block.COMMAND, word, meaning, unit=unit, low=low, high=high, enum=enum)


IDENTITY: tuple[Tag, ...] = (
    status(
        "device_id",
        TagType.UINT16,
        0,
        "Number of this device in the garage; first, so that a foreign answer shows.",
        low=1,
    ),
    status("contract_version", TagType.UINT16, 1, "Version of this contract that the PLC program speaks.", low=1),
    status("device_kind", TagType.ENUM, 2, "What kind of device this is.", enum=DeviceKind),
    status("program_version", TagType.UINT32, 3, "Version of the PLC program, the integrator's own number.", low=1),
    status("boot_counter", TagType.UINT16, 5, "Counts the PLC's starts; a change voids commands and permits.", low=1),
    status("heartbeat", TagType.UINT16, 6, "Counts up with every PLC scan and wraps; must change within plc_timeout."),
    status("clock_ms", TagType.UINT32, 8, "The PLC's own free-running clock since its start; wraps.", unit="ms"),
    status("state", TagType.ENUM, 17, "State of the device.", enum=State),
    status("mode", TagType.ENUM, 18, "Position of the hardware key switch.", enum=Mode),
    status("health", TagType.ENUM, 19, "Health after NAMUR NE 107.", enum=Health),
    status("fault_code", TagType.ENUM, 20, "Why the device is stopped or aborted.", enum=FaultCode),
    status("warnings", TagType.BITS, 21, "Warning bits: 0 service due, 1 temperature, 2 reopened often, 3 slow."),
)
"""Status tags that every kind has."""

ANSWERS: tuple[Tag, ...] = (
    status("heartbeat_echo", TagType.UINT16, 7, "The controller's heartbeat as the PLC last saw it."),
    status("owner_epoch", TagType.UINT32, 10, "Highest owner epoch that the PLC has seen."),
    status("ack_seq", TagType.UINT16, 12, "Sequence number of the command answered last."),
    status("ack_result", TagType.ENUM, 13, "Accepted, or why refused.", enum=AckResult),
    status("done_seq", TagType.UINT16, 14, "Sequence number of the command that ended last."),
    status("done_result", TagType.ENUM, 15, "Ended well, or how it failed.", enum=DoneResult),
    status("active_command", TagType.ENUM, 16, "Code of the command being executed, 0 when none.", enum=CommandCode),
    status(
        "controller_timeout_ms",
        TagType.UINT16,
        22,
        "After this time without a new heartbeat the PLC stops by itself.",
        unit="ms",
        low=100,
        high=5000,
    ),
)
"""Status tags of the kinds that take commands."""

MAILBOX: tuple[Tag, ...] = (
    command("controller_heartbeat", TagType.UINT16, 0, "Counts up with every controller cycle and wraps."),
    command("owner_epoch_wanted", TagType.UINT32, 2, "The controller's owner epoch; the highest seen owns the device."),
    command("cmd_code", TagType.ENUM, 6, "Which action.", enum=CommandCode),
    command("cmd_arg1", TagType.INT32, 7, "First argument, 0 where the command has none."),
    command("cmd_arg2", TagType.INT32, 9, "Second argument, 0 where the command has none."),
    command(
        "cmd_issued_ms",
        TagType.UINT32,
        11,
        "The PLC's own clock_ms as the controller saw it when it gave the command.",
        unit="ms",
    ),
    command(
        "cmd_valid_ms", TagType.UINT16, 13, "Refused as EXPIRED when older than this by the PLC's own clock.", unit="ms"
    ),
    command("cmd_seq", TagType.UINT16, 14, "Sequence number, last in the block: a change is what makes a command."),
)
"""Command tags of the kinds that take commands; words 4 and 5 are the kind's own."""


def permit_tags(meanings: dict[str, str]) -> tuple[tuple[Tag, ...], tuple[Tag, ...]]:
    """Command bits and status echoes for the permits of a kind, in the order given."""
    wanted = tuple(
        flag(f"permit_{name}", PERMIT_WORD, bit, f"Permit: {text}", Block.COMMAND)
        for bit, (name, text) in enumerate(meanings.items())
    )
    held = tuple(
        flag(f"holds_{name}", HOLDS_WORD, bit, f"The PLC acts upon the permit: {text}")
        for bit, (name, text) in enumerate(meanings.items())
    )
    return wanted, held


COMMON_COMMANDS: tuple[CommandSpec, ...] = (
    CommandSpec(
        CommandCode.STOP,
        "Stop whatever moves; accepted in every state, needs no permit.",
        arg1="0 controlled stop and hold, 1 then power off, 2 power off at once",
    ),
    CommandSpec(CommandCode.CLEAR, "Leave STOPPED or ABORTED after the cause is gone; moves nothing."),
)


def jog_commands(axes: dict[Axis, str], forward: str, back: str) -> tuple[CommandSpec, ...]:
    """The manual mode's commands of a kind: ``axes`` with the permit of each, and where the two directions lead."""
    which = ", ".join(f"{int(axis)} {axis.name.lower()}" for axis in axes)
    pairs = tuple((int(axis), permit) for axis, permit in axes.items())
    return tuple(
        CommandSpec(code, f"Manual mode, while it is held: {way}.", arg1=f"axis: {which}", axes=pairs)
        for code, way in ((CommandCode.JOG_FORWARD, forward), (CommandCode.JOG_BACK, back))
    )


def _length(tags: tuple[Tag, ...]) -> int:
    return max((tag.word + tag.wire.registers for tag in tags), default=0)


def _check(definition: DeviceDefinition) -> None:
    names = [tag.name for tag in definition.status + definition.command]
    if len(set(names)) != len(names):
        raise DefinitionError(f"{definition.title}: a tag name is used twice")
    for tags in (definition.status, definition.command):
        taken: dict[int, dict[int, str]] = {}
        for tag in tags:
            _take(definition, tag, taken)
    for permit in definition.permits:
        if f"permit_{permit}" not in definition.command_index or f"holds_{permit}" not in definition.status_index:
            raise DefinitionError(f"{definition.title}: permit {permit!r} lacks its command bit or its echo")


def _take(definition: DeviceDefinition, tag: Tag, taken: dict[int, dict[int, str]]) -> None:
    bits = range(16) if tag.bit is None else (tag.bit,)
    for word in range(tag.word, tag.word + tag.wire.registers):
        for bit in bits:
            other = taken.setdefault(word, {}).setdefault(bit, tag.name)
            if other != tag.name:
                raise DefinitionError(f"{definition.title}: {tag.name} and {other} share word {word} bit {bit}")
