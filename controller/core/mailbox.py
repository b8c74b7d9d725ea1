"""The command under way at one device.

Owns the record that turns an intent into a mailbox entry. Must never decide which command is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass

from plc_drivers.contract import CommandCode
from safety.refusal import Refusal


@dataclass(slots=True)
class Pending:
    """A command that was intended and has not ended.

    ``intent_seq`` is the journal number of its intent. ``released_ms`` is the controller's clock when it first
    went out, ``issued_ms`` the PLC's clock then; both are None before. ``boot`` is the PLC's boot counter at
    release. ``is_void`` marks a command of an earlier run of the controller: it is watched to its end and never
    sent again (H11). ``is_recalled`` marks one whose permit a person took by stopping the garage: its interruption is
    no fault, and its permit does not come back. ``taken`` says why safety took its permit, None while it has not.
    """

    seq: int
    code: CommandCode
    arg1: int
    arg2: int
    order: str | None
    intent_seq: int
    released_ms: int | None = None
    issued_ms: int | None = None
    boot: int | None = None
    answered: bool = False
    is_void: bool = False
    is_recalled: bool = False
    taken: Refusal | None = None
    expected_ms: int = 0
    intended_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """How the last command of a device ended. ``result`` is a name of the contract or of the controller's own."""

    code: CommandCode
    arg1: int
    order: str | None
    ok: bool
    result: str


@dataclass(slots=True)
class Mailbox:
    """A device's mailbox: the last sequence number used, and the command under way if any.

    ``sent`` is the number that stands in the PLC's mailbox. ``last`` is the last command that ended, None before the
    first; STOP and CLEAR do not count, so that it tells which transfer was left half done. ``failures`` counts the
    commands that failed in a row.
    """

    seq: int = 0
    sent: int = 0
    pending: Pending | None = None
    owned: bool = False
    last: Ended | None = None
    retry_after_ms: int = 0
    failures: int = 0
