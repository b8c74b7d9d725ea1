"""What the core wants of a device in one cycle: input of the gate.

Wishes are harmless by construction; nothing writes them. Must never carry more than one cycle's wants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from plc_drivers.outputs import MailboxCommand


@dataclass(frozen=True, slots=True)
class DeviceWish:
    """Permits that the core wants asserted, the command that it wants in the mailbox, and level outputs.

    The command stays the same, number included, from the cycle that issues it until the next one: a repeated
    number is no new command. ``new_command`` is True only in cycles in which the PLC has not acknowledged the
    number yet, so the gate knows that start conditions still apply.
    """

    permits: frozenset[str] = frozenset()
    command: MailboxCommand = field(default_factory=MailboxCommand)
    new_command: bool = False
    levels: Mapping[str, int] = field(default_factory=dict)
