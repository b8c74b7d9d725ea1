"""Driving a link as the scan cycle does, until something is so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from plc_drivers.binding import DeviceBinding
from plc_drivers.contract import DeviceKind, Value
from plc_drivers.link import RawAnswer
from plc_drivers.modbus.polled_link import PolledLink
from plc_drivers.modbus.settings import ModbusTcpSettings
from plc_drivers.modbus.tcp_link import ModbusTcpLink
from plc_drivers.reading import Fault
from plc_drivers.reconnect import ConnectGate
from tests.eventually import eventually
from tests.plc_drivers.modbus.sealed import beat

_Entry = TypeVar("_Entry")

LIFT = DeviceBinding("lift", 1, DeviceKind.LIFT)


def tcp_link(port: int, *bindings: DeviceBinding, timeout_ms: int = 60) -> ModbusTcpLink:
    """A link with a short time-out and a gate of its own."""
    settings = ModbusTcpSettings("plc", "127.0.0.1", port, timeout_ms=timeout_ms, connect_timeout_ms=500)
    return ModbusTcpLink(settings, bindings or (LIFT,), gate=ConnectGate())


def value(link: PolledLink, device: str, tag: str) -> Value | None:
    """A tag of a device's last answer; None while there is none."""
    answer = link.answers().get(device)
    return None if answer is None else answer.values[_binding(link, device).definition.status_index[tag]]


def _binding(link: PolledLink, device: str) -> DeviceBinding:
    return next(plan.binding for plan in link._plans if plan.device == device)


class _Recorder(dict[str, _Entry]):
    """A mapping that also keeps everything that was ever put into it."""

    def __init__(self, now: Mapping[str, _Entry], record: list[tuple[str, _Entry]]) -> None:
        super().__init__(now)
        self._record = record

    def __setitem__(self, device: str, entry: _Entry) -> None:
        self._record.append((device, entry))
        super().__setitem__(device, entry)


class Driver:
    """Exchanges every few milliseconds with a new heartbeat, and keeps every answer and fault that the link took."""

    def __init__(self, link: PolledLink, *, writes: bool = True, heartbeat: int = 0) -> None:
        self.link = link
        self.answers: list[tuple[str, RawAnswer]] = []
        self.faults: list[tuple[str, Fault]] = []
        self._writes = writes
        self._heartbeat = heartbeat
        link._trips.answers = _Recorder(link._trips.answers, self.answers)
        link._trips.faults = _Recorder(link._trips.faults, self.faults)

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

    async def settled(self, condition: Callable[[], object]) -> None:
        """Go on until the condition holds, then let the wire become free."""
        await self.until(condition)
        await eventually(lambda: not self.link.busy())

    async def once(self) -> None:
        """One cycle."""
        self._heartbeat += 1
        self.link.exchange(beat(self._heartbeat, *self.link.devices) if self._writes else None)
        await asyncio.sleep(0.003)

    async def rounds(self, count: int) -> None:
        """So many cycles."""
        for _ in range(count):
            await self.once()

    def seen(self, device: str, tag: str) -> set[Value | None]:
        """Every value that the link ever took for a tag."""
        index = _binding(self.link, device).definition.status_index[tag]
        return {answer.values[index] for name, answer in self.answers if name == device}

    def codes(self) -> set[str]:
        """Codes of all faults that there ever were."""
        return {fault.code for _, fault in self.faults}
