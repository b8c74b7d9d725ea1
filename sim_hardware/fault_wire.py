"""Faults of the links of a running emulator: from a fault to what becomes of each answer on the wire.

Owns that translation. Must never change what a PLC did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from sim_hardware.fault import Effect, Fault, FaultKind, FaultRefusedError
from sim_hardware.fault_kinds import check_figures, wrong_target
from sim_hardware.servers import wire_fault
from sim_hardware.servers.wire_fault import Sending, WireFault

_NOISE = bytes(range(0x80, 0x9A))
_BYTES_MAX = 250


class Wires(Protocol):
    """What carries the answers of a garage's PLCs, and can be disturbed."""

    def effect(self, fault: Fault) -> Effect:
        """What brings a fault of a link about.

        Raises:
            FaultRefusedError: there is no such link, or its wire cannot be disturbed.
        """


class ServedWires:
    """The wires of an emulator with sockets: ``disturb`` puts a fault before a link's answers."""

    def __init__(
        self,
        links: tuple[str, ...],
        disturb: Callable[[str, WireFault], None],
        can_disturb: Callable[[str], bool],
    ) -> None:
        self._links = links
        self._disturb = disturb
        self._can_disturb = can_disturb

    def effect(self, fault: Fault) -> Effect:
        """See ``Wires``."""
        if fault.target not in self._links:
            raise wrong_target(fault, self._links)
        met = 0
        made = wire_fault_of(fault)

        def counted(frame: bytes) -> list[Sending]:
            nonlocal met
            sent = list(made(frame))
            met += sent != [Sending(frame)]
            return sent

        if not self._can_disturb(fault.target):
            text = f"The wire of {fault.target} cannot be disturbed."
            remedy = "Start the emulator with --faulty-wires; OPC UA needs it."
            raise FaultRefusedError("NOT_SUPPORTED", text, remedy)
        return Effect(
            lambda: self._disturb(fault.target, counted),
            lambda: self._disturb(fault.target, wire_fault.faithful),
            lambda: met,
        )


def wire_fault_of(fault: Fault) -> WireFault:
    """What becomes of each answer.

    Raises:
        FaultRefusedError: a figure is missing, superfluous or out of range.
    """
    check_figures(fault)
    count = fault.value or 0
    if fault.value is not None and not 0 <= count <= _BYTES_MAX:
        raise FaultRefusedError("BAD_FAULT", f"{fault.kind} cannot have value {count}.", f"Give 0 to {_BYTES_MAX}.")
    if (plain := _PLAIN.get(fault.kind)) is not None:
        return plain()
    match fault.kind:
        case FaultKind.LATE:
            return wire_fault.delay(fault.period_ms or 0)
        case FaultKind.LOSSY:
            return wire_fault.every(max(1, count), wire_fault.drop)
        case FaultKind.TRUNCATED:
            return wire_fault.truncate(count)
        case FaultKind.OVERSIZED:
            return lambda frame: (Sending(frame + bytes(count)),)
        case FaultKind.FOREIGN:
            return wire_fault.flip(count)
    raise FaultRefusedError("NOT_SUPPORTED", f"{fault.kind} is no fault of a wire.", "Use another kind.")


_PLAIN: Mapping[FaultKind, Callable[[], WireFault]] = {
    FaultKind.SILENT: lambda: wire_fault.drop,
    FaultKind.REPEATED: wire_fault.twice,
    FaultKind.OVERTAKING: wire_fault.overtaken,
    FaultKind.GARBAGE: lambda: wire_fault.garbage(_NOISE),
}
"""Kinds that take no figure."""
