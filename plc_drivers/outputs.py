"""What may be written to a PLC, and the lock on it.

A link writes nothing but ``PermittedOutputs``, and those can be made only with the seal that the safety gate
takes once when it is imported. A fault in the planner can thus want anything and move nothing (H10).
Must never decide what is permitted.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from plc_drivers.contract import CommandCode


class SealError(RuntimeError):
    """Something other than the safety gate tried to make outputs."""


class Seal:
    """The one token with which outputs can be made."""

    __slots__ = ()


_seal: list[Seal] = [Seal()]
_issued = _seal[0]


def take_seal() -> Seal:
    """Hand out the seal; it can be taken once in the life of a process, by the safety gate.

    Raises:
        SealError: the seal has been taken already.
    """
    if not _seal:
        raise SealError("the seal for outputs has been taken already; only safety.gate makes outputs")
    return _seal.pop()


@dataclass(frozen=True, slots=True)
class MailboxCommand:
    """A command as it stands in a device's mailbox.

    ``issued_ms`` is the PLC's own ``clock_ms`` as last seen when the command was given; the PLC refuses it as
    EXPIRED when by its own clock more than ``valid_ms`` have passed since. ``seq`` 0 with code NONE stands for
    an empty mailbox.
    """

    seq: int = 0
    code: CommandCode = CommandCode.NONE
    arg1: int = 0
    arg2: int = 0
    issued_ms: int = 0
    valid_ms: int = 0


@dataclass(frozen=True, slots=True)
class DeviceOutputs:
    """Everything that is written to one device with one exchange.

    ``permits`` are the names of the asserted permits; ``levels`` are the kind's other command tags by name
    (a cabin's ``traffic_light`` and ``sign``). ``heartbeat`` is 0 to 65535 and must change with every cycle.
    """

    heartbeat: int
    epoch: int
    permits: frozenset[str] = frozenset()
    command: MailboxCommand = field(default_factory=MailboxCommand)
    levels: Mapping[str, int] = field(default_factory=dict)


class PermittedOutputs:
    """Outputs that have passed the gate, by device name. Cannot be made without the seal.

    Raises:
        SealError: made with anything but the seal.
    """

    __slots__ = ("devices",)

    def __init__(self, seal: Seal, devices: Mapping[str, DeviceOutputs]) -> None:
        if seal is not _issued:
            raise SealError("outputs can be made by safety.gate only")
        self.devices = devices

    def get(self, device: str) -> DeviceOutputs | None:
        """Outputs of a device, None when nothing is written to it (it is then only read)."""
        return self.devices.get(device)

    def without(self, devices: Container[str]) -> PermittedOutputs:
        """The same outputs for all but ``devices``, which are then only read. Needs no seal: it can only take away."""
        return PermittedOutputs(_issued, {name: out for name, out in self.devices.items() if name not in devices})
