"""Everything that safety remembers from one cycle to the next, in one immutable value.

Owns the memory's shape. Must never decide anything. Two runs that get the same memory and the same image get
the same verdict; a memory lost with the process is an empty one, which permits less, never more (H11).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from plc_drivers.contract import CommandCode, Value
from plc_drivers.outputs import MailboxCommand
from safety.acts import NO_ACTS, Acts
from safety.verdict import Function, Verdict

NodeState = tuple[Value | None, ...]
"""What one expression with memory keeps; empty until it has seen anything."""


@dataclass(frozen=True, slots=True)
class Passed:
    """The command that the gate let into a device's mailbox last.

    ``boot`` is the PLC's boot counter at that moment. ``voided`` is set when the device was lost or started
    anew since: the number stays in the mailbox and its code is taken out, so that a PLC which has forgotten
    the number finds no command behind it (H11).
    """

    command: MailboxCommand
    boot: int | None
    voided: bool = False

    @property
    def mailbox(self) -> MailboxCommand:
        """What stands in the mailbox now."""
        return MailboxCommand(seq=self.command.seq) if self.voided else self.command

    @property
    def code(self) -> CommandCode:
        """Code of the command in the mailbox, NONE when it was voided."""
        return CommandCode.NONE if self.voided else self.command.code


@dataclass(frozen=True, slots=True)
class StopRun:
    """A stop that is being measured: since when, from which speed and place; ``ended`` once it stood, or given up."""

    since_ms: int
    speed: int
    place: int
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Trace:
    """Results of the last evaluation, kept so that only what changed is evaluated again.

    Never part of the memory's identity: without it the same results come out, only later.
    """

    keys: tuple[object, ...]
    results: tuple[Value | None, ...]
    running: int
    active: frozenset[Function]
    commands: Mapping[str, Passed]
    acts: Acts = NO_ACTS
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class SafetyMemory:
    """Memory of expressions and gate.

    ``states`` follows the program's expressions with memory. ``granted`` are the permits asserted in the last
    cycle; ``fading`` those dropped since, each with the heartbeat of the first write without it, until the PLC
    echoes that heartbeat. ``commands`` holds the last command passed to each device. ``revoked`` are permits
    that safety took away under a command, with that command's number: they stay away until the core asks
    anew (H11). ``tripped`` are the trips that stand, each with the time at which it came. ``acts`` is what persons ask
    for: its resets have come since the last evaluation, its locks and its hold stand. ``stopping`` are the stops that
    are being measured (H18). ``at_ms`` is the time of the last evaluation, None before the first.
    """

    states: tuple[NodeState, ...]
    granted: frozenset[Function] = frozenset()
    fading: Mapping[Function, int] = field(default_factory=dict)
    commands: Mapping[str, Passed] = field(default_factory=dict)
    revoked: Mapping[Function, int] = field(default_factory=dict)
    allowed: frozenset[Function] = frozenset()
    tripped: Mapping[str, int] = field(default_factory=dict)
    acts: Acts = NO_ACTS
    stopping: Mapping[Function, StopRun] = field(default_factory=dict)
    at_ms: int | None = None
    trace: Trace | None = field(default=None, compare=False, repr=False)

    @property
    def active(self) -> frozenset[Function]:
        """Permits that may be acted upon by a PLC for all that the gate has written."""
        return self.granted | self.fading.keys()
