"""Driving a link as the scan cycle does, until something is so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from plc_drivers.binding import DeviceBinding
from plc_drivers.contract import DeviceKind, Value
from plc_drivers.link import Link, RawAnswer
from plc_drivers.modbus.reconnect import ConnectGate
from plc_drivers.modbus.settings import ModbusTcpSettings
from plc_drivers.modbus.tcp_link import ModbusTcpLink
from plc_drivers.reading import Fault
from tests.plc_drivers.modbus.sealed import beat

LIFT = DeviceBinding("lift", 1, DeviceKind.LIFT)


def tcp_link(port: int, *bindings: DeviceBinding, timeout_ms: int = 60) -> ModbusTcpLink:
    """A link with a short time-out and a gate of its own."""
    settings = ModbusTcpSettings("plc", "127.0.0.1", port, timeout_ms=timeout_ms, connect_timeout_ms=500)
    return ModbusTcpLink(settings, bindings or (LIFT,), gate=ConnectGate())


def value(link: Link, device: str, tag: str) -> Value | None:
    """A tag of a device's last answer; None while there is none."""
    answer = link.answers().get(device)
    binding = next(plan.binding for plan in link._plans if plan.device == device)  # type: ignore[attr-defined]
    return None if answer is None else answer.values[binding.definition.status_index[tag]]


@dataclass
class Driver:
    """Exchanges every few milliseconds with a new heartbeat, and keeps all that the link ever said."""

    link: Link
    writes: bool = True
    heartbeat: int = 0
    answers: list[tuple[str, RawAnswer]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    async def until(self, condition: Callable[[], object], within_s: float = 8.0) -> None:
        """Go on until the condition holds.

        Raises:
            TimeoutError: it has not come true in time.
        """
        deadline = time.monotonic() + within_s
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.link.status()} {self.link.faults()}")
            await self.once()

    async def once(self) -> None:
        """One cycle."""
        self.heartbeat += 1
        self.link.exchange(beat(self.heartbeat, *self.link.devices) if self.writes else None)
        await asyncio.sleep(0.003)
        self._note()

    async def rounds(self, count: int) -> None:
        """So many cycles."""
        for _ in range(count):
            await self.once()

    def _note(self) -> None:
        for device, answer in self.link.answers().items():
            if not self.answers or all(known is not answer for _, known in self.answers[-8:]):
                self.answers.append((device, answer))
        for fault in self.link.faults().values():
            if not self.faults or self.faults[-1] is not fault:
                self.faults.append(fault)

    def seen(self, device: str, tag: str) -> set[Value | None]:
        """Every value that the link ever gave for a tag."""
        binding = next(plan.binding for plan in self.link._plans if plan.device == device)  # type: ignore[attr-defined]
        index = binding.definition.status_index[tag]
        return {answer.values[index] for name, answer in self.answers if name == device}

    def codes(self) -> set[str]:
        """Codes of all faults seen."""
        return {fault.code for fault in self.faults}
