"""The form of a recording: what stands in it for each cycle, so that the cycle can be decided again.

Owns the messages and their number of format. A segment is a head, the memory of core and safety at its beginning, and
cycles; what has not changed since the cycle before is left out. Times as everywhere: ``mono_ms`` is the controller's
monotonic clock, ``unix_ms`` is for people. Must never leave out anything that a decision rests on.
"""

from __future__ import annotations

import struct

import msgspec

from controller.core.interface import Recorded, Surroundings
from controller.core.run_memory import RunMemory
from controller.local_link.messages import Request
from controller.planning.advice import PlannerWord
from plc_drivers.contract import CommandCode, Value
from plc_drivers.outputs import DeviceOutputs
from plc_drivers.reading import Fault, Quality
from safety.acts import Acts
from safety.memory import NodeState, Passed, SafetyMemory, StopRun
from safety.verdict import Function

FORMAT = 1
"""Number of this form. It rises when a field changes its meaning, so that no old recording is read for a new one."""

MESSAGE_BYTES_MAX = 64_000_000
"""A longer message is damage: the memory of a garage of 1,000 places takes about one megabyte."""


class Head(msgspec.Struct, frozen=True):
    """What a segment was recorded of. ``config`` is the whole configuration as JSON, ``run`` names the process' life.

    ``devices`` gives each device its number in ``Cycle.seen``; ``first`` is the number of the segment's first cycle.
    """

    format: int
    garage: str
    software: str
    config_hash: str
    config: str
    run: str
    first: int
    unix_ms: int
    devices: list[str]


class SafetyRunMemory(msgspec.Struct, frozen=True):
    """``SafetyMemory`` without its trace, which only saves time. Pairs stand for mappings by function."""

    states: tuple[NodeState, ...]
    granted: frozenset[Function]
    fading: list[tuple[Function, int]]
    commands: dict[str, Passed]
    revoked: list[tuple[Function, int]]
    allowed: frozenset[Function]
    tripped: list[tuple[str, int]]
    acts: Acts
    stopping: list[tuple[Function, StopRun]]
    at_ms: int | None

    @classmethod
    def of(cls, memory: SafetyMemory) -> SafetyRunMemory:
        """The memory, written down."""
        return cls(
            memory.states,
            memory.granted,
            list(memory.fading.items()),
            dict(memory.commands),
            list(memory.revoked.items()),
            memory.allowed,
            list(memory.tripped.items()),
            memory.acts,
            list(memory.stopping.items()),
            memory.at_ms,
        )

    def memory(self) -> SafetyMemory:
        """The memory that was written down."""
        return SafetyMemory(
            states=self.states,
            granted=self.granted,
            fading=dict(self.fading),
            commands=self.commands,
            revoked=dict(self.revoked),
            allowed=self.allowed,
            tripped=dict(self.tripped),
            acts=self.acts,
            stopping=dict(self.stopping),
            at_ms=self.at_ms,
        )


class Start(msgspec.Struct, frozen=True):
    """Core and safety as they stood before the segment's first cycle."""

    core: RunMemory
    safety: SafetyRunMemory


class DeviceSeen(msgspec.Struct, frozen=True, array_like=True):
    """What one device showed, as far as it differs from the cycle before.

    ``values`` are the positions that changed, with their values; ``bad_tags`` and ``fault`` are None when they did not
    change, and ``fault`` is empty when there is none any more.
    """

    device: int
    at_ms: int
    quality: Quality
    values: list[tuple[int, Value | None]]
    bad_tags: list[int] | None = None
    fault: tuple[Fault, ...] | None = None


class TripSeen(msgspec.Struct, frozen=True, array_like=True):
    """A trip in force."""

    id: str
    category: int
    since_ms: int
    may_be_reset: bool


class Judged(msgspec.Struct, frozen=True, array_like=True):
    """The verdict, where it differs from the cycle before: functions permitted, interlocks that fail, trips."""

    allowed: list[str]
    failing: list[str]
    trips: list[TripSeen]
    proven_empty: list[str]


class Mailbox(msgspec.Struct, frozen=True, array_like=True):
    """The command in a device's mailbox. ``issued_ms`` is the PLC's own clock."""

    seq: int
    code: CommandCode
    arg1: int
    arg2: int
    issued_ms: int
    valid_ms: int


class DeviceWritten(msgspec.Struct, frozen=True, array_like=True):
    """What the gate let out to one device, where it differs from the cycle before, but for the heartbeat."""

    device: str
    permits: list[str]
    mailbox: Mailbox
    levels: dict[str, int]

    @classmethod
    def of(cls, device: str, outputs: DeviceOutputs) -> DeviceWritten:
        """The outputs of one device, written down."""
        command = outputs.command
        mailbox = Mailbox(command.seq, command.code, command.arg1, command.arg2, command.issued_ms, command.valid_ms)
        return cls(device, sorted(outputs.permits), mailbox, dict(outputs.levels))


class Decided(msgspec.Struct, frozen=True, array_like=True):
    """A cycle in which the core decided: what it was asked, and what came of it.

    ``durable_seq`` is the event that was safely on disk. ``is_overrun`` says that the outputs were safe ones for want
    of time. ``answers`` are the codes of refusals by token, empty for what was accepted. ``foreign`` are devices that
    another controller owns: nothing was written to them.
    """

    durable_seq: int
    heartbeat: int
    epoch: int
    is_overrun: bool
    asks: list[tuple[int, Request]]
    answers: list[tuple[int, str]]
    written: list[DeviceWritten]
    foreign: list[str]


class Cycle(msgspec.Struct, frozen=True, array_like=True):
    """One scan cycle. ``claim`` is the highest epoch seen, in the cycle in which the controller took one above it.

    ``surroundings`` and ``judged`` are None when they did not change, ``decided`` when the core was not asked.
    ``defect`` is what broke the cycle; then nothing of it went out. ``words`` are what a planner said before it.
    """

    number: int
    mono_ms: int
    unix_ms: int
    seen: list[DeviceSeen]
    surroundings: Surroundings | None = None
    claim: int | None = None
    judged: Judged | None = None
    decided: Decided | None = None
    events: list[Recorded] = []
    defect: str = ""
    words: list[PlannerWord] = []


Message = Head | Start | Cycle

_HEADER = struct.Struct(">cI")
HEADER_BYTES = _HEADER.size
_LETTERS: dict[type[Message], bytes] = {Head: b"H", Start: b"S", Cycle: b"C"}
_ENCODER = msgspec.msgpack.Encoder()
_DECODERS: dict[bytes, msgspec.msgpack.Decoder[Message]] = {
    letter: msgspec.msgpack.Decoder(kind) for kind, letter in _LETTERS.items()
}


class FormError(ValueError):
    """The bytes are no message of this form."""


def pack(message: Message) -> bytes:
    """A message as it stands in a recording: letter and length, then its content."""
    content = _ENCODER.encode(message)
    return _HEADER.pack(_LETTERS[type(message)], len(content)) + content


def length_of(header: bytes) -> int:
    """How many bytes follow a header.

    Raises:
        FormError: it is none.
    """
    letter, length = _HEADER.unpack(header)
    if letter not in _DECODERS or length > MESSAGE_BYTES_MAX:
        raise FormError(f"a message cannot begin with {header.hex(' ')}")
    return int(length)


def unpack(header: bytes, content: bytes) -> Message:
    """The message behind a header that ``length_of`` has taken.

    Raises:
        FormError: the content is damaged, or of another format.
    """
    try:
        return _DECODERS[header[:1]].decode(content)
    except msgspec.DecodeError as error:
        raise FormError(str(error)) from error
