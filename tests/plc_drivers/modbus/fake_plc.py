"""A PLC for tests of links: the memory of one unit, right answers, and every value told by its own serial number.

Owns what is true on the PLC's side. It knows the protocol from the standard, not from the link that it tests.
"""

from __future__ import annotations

import struct
from collections import defaultdict

from plc_drivers.binding import DeviceBinding
from plc_drivers.contract import Value
from plc_drivers.modbus.image import Span
from plc_drivers.modbus.plan import DevicePlan, compile_plan
from plc_drivers.profile import Area

Memory = dict[Area, dict[int, int]]

READS = {1: Area.COIL, 2: Area.DISCRETE, 3: Area.HOLDING, 4: Area.INPUT}
WRITES = {15: Area.COIL, 16: Area.HOLDING}


class FakeDevice:
    """One device in a unit's memory. ``serial`` counts its answers and stands in ``heartbeat`` and ``clock_ms``."""

    def __init__(self, binding: DeviceBinding) -> None:
        self.plan: DevicePlan = compile_plan(binding)
        self.binding = binding
        self.serial = 100
        self.values: dict[str, Value] = {
            tag.name: (max(1, int(tag.bounds[0])) if tag.enum is None else int(next(iter(tag.enum))))
            for tag in binding.definition.status
        }
        self.values["device_id"] = binding.device_id
        self.values["device_kind"] = int(binding.kind)

    def publish(self, memory: Memory) -> None:
        """Write the status as it is now, with a new serial number."""
        self.serial += 1
        self.values["heartbeat"] = self.serial % 0x10000
        self.values["clock_ms"] = self.serial
        if "heartbeat_echo" in self.values:
            self.values["heartbeat_echo"] = self.command(memory)["controller_heartbeat"] or 0
        payload = self.plan.status.encode([self.values[tag.name] for tag in self.binding.definition.status])
        for span in self.plan.status.spans:
            _store(memory, span, payload[: span.size])
            payload = payload[span.size :]

    def command(self, memory: Memory) -> dict[str, Value | None]:
        """The command block as the unit's memory holds it."""
        codec = self.plan.command
        if codec is None:
            return {}
        payload = b"".join(_load(memory, span) for span in codec.spans)
        values, _ = codec.decode(payload)
        return dict(zip((tag.name for tag in codec.tags), values, strict=True))


class FakePlc:
    """One Modbus unit with one or more devices in its memory; ``answer`` serves one request."""

    def __init__(self, *bindings: DeviceBinding) -> None:
        self.memory: Memory = {area: defaultdict(int) for area in Area}
        self.devices = {binding.device: FakeDevice(binding) for binding in bindings}
        self.requests: list[bytes] = []

    def answer(self, pdu: bytes) -> bytes:
        """The right answer to a request PDU."""
        self.requests.append(pdu)
        if pdu[0] in WRITES or pdu[0] == 23:
            self._write(pdu)
        for device in self.devices.values():
            device.publish(self.memory)
        if pdu[0] in WRITES:
            return pdu[:5]
        area = Area.HOLDING if pdu[0] == 23 else READS[pdu[0]]
        address, count = struct.unpack(">HH", pdu[1:5])
        data = _load(self.memory, Span(area, address, count))
        return bytes((pdu[0], len(data))) + data

    def command(self, device: str) -> dict[str, Value | None]:
        """The device's command block as it was last written."""
        return self.devices[device].command(self.memory)

    def _write(self, pdu: bytes) -> None:
        start = 5 if pdu[0] == 23 else 1
        address, count, size = struct.unpack(">HHB", pdu[start : start + 5])
        span = Span(WRITES.get(pdu[0], Area.HOLDING), address, count)
        data = pdu[start + 5 :]
        if not len(data) == size == span.size:
            raise ValueError(f"a malformed write: {pdu.hex(' ')}")
        _store(self.memory, span, data)


def _store(memory: Memory, span: Span, data: bytes) -> None:
    for index in range(span.count):
        if span.area.holds_bits:
            memory[span.area][span.address + index] = data[index // 8] >> index % 8 & 1
        else:
            memory[span.area][span.address + index] = data[2 * index] << 8 | data[2 * index + 1]


def _load(memory: Memory, span: Span) -> bytes:
    values = [memory[span.area][span.address + index] for index in range(span.count)]
    if not span.area.holds_bits:
        return struct.pack(f">{span.count}H", *values)
    data = bytearray(span.size)
    for index, value in enumerate(values):
        data[index // 8] |= value << index % 8
    return bytes(data)
