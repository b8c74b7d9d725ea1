"""The PLCs of a whole garage at rest, in one process with one clock: they answer, and nothing ever moves.

Usage: python -m benchmarks.resting_plcs CONFIG [--stops SECONDS]
Prints one JSON line with the port of each device. With --stops it presses an emergency stop at random moments for
so many seconds and prints, for each press, the microseconds until the last PLC that held a permit was written to
without one, and ``done`` at the end. It ends when standard input closes. Light on purpose, so that the benchmark
measures the controller; must never be taken for an emulator.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import uvloop

from controller.config.load import load_config
from controller.config.models import GarageConfig
from controller.shell.links import devices_of
from controller.shell.priority import raise_priority
from plc_drivers.contract import DEFINITIONS, Block, DeviceKind, TagType, Value
from plc_drivers.contract.codes import Health, Mode, Sign, State, TrafficLight
from plc_drivers.contract.definition import HOLDS_WORD, STATUS_BASE
from plc_drivers.modbus.image import BlockCodec, Span, block_places
from plc_drivers.profile import Area

SCAN_MS = 10
STEADY_S = 0.25
"""Permits must have been steady for so long before the next stop is pressed."""

DONE = "done"
STEADY_TIMEOUT_S = 30.0
SEED = 7

_OFF = frozenset(
    {
        "pins_retracted",
        "load_present",
        "target_left_occupied",
        "target_right_occupied",
        "rear_left_occupied",
        "rear_right_occupied",
        "outer_open",
        "inner_open",
        "vehicle_present",
        "wheels_in_place",
    }
)
_NUMBERS: dict[str, int] = {
    "contract_version": 1,
    "program_version": 1,
    "boot_counter": 1,
    "state": State.IDLE,
    "mode": Mode.AUTOMATIC,
    "health": Health.OK,
    "controller_timeout_ms": 500,
    "outer_opened_count": 1,
    "confirmed_opening": 1,
    "traffic_light_shown": TrafficLight.RED,
    "sign_shown": Sign.BLANK,
}
_HEARTBEAT, _ECHO, _CLOCK, _OWNER = 12, 14, 16, 20
"""Bytes in the status block: heartbeat, heartbeat_echo, clock_ms, owner_epoch."""

_ESTOP_TAG = "zone1_estop_released"


class RestingPlc:
    """One device: a status block that is patched, a command block that is looked at."""

    def __init__(self, name: str, kind: DeviceKind, number: int) -> None:
        self.name = name
        self.definition = DEFINITIONS[kind]
        values = {tag.name: _resting(tag.name, tag.wire) for tag in self.definition.status}
        values |= {"device_id": number, "device_kind": int(kind)}
        self.status = bytearray(_encode(kind, values))
        self.permits = 0
        self.permits_dropped_ns = 0
        self.dropped = asyncio.Event()
        self._epoch = 0

    def write(self, registers: bytes) -> None:
        """Take the command block as a PLC does: the highest owner's permits count, and they are echoed."""
        heartbeat, permits = struct.unpack_from(">HH", registers)
        (epoch,) = struct.unpack_from(">I", registers, 4)
        if epoch < self._epoch:
            return
        self._epoch = epoch
        if permits:
            self.dropped.clear()
        elif self.permits:
            self.permits_dropped_ns = time.monotonic_ns()
            self.dropped.set()
        self.permits = permits
        struct.pack_into(">H", self.status, _ECHO, heartbeat)
        struct.pack_into(">I", self.status, _OWNER, epoch)
        struct.pack_into(">H", self.status, 2 * HOLDS_WORD, permits)

    def read(self, first: int, count: int) -> bytes:
        """Registers of the status block, with heartbeat and clock of this moment."""
        now_ms = time.monotonic_ns() // 1_000_000
        struct.pack_into(">H", self.status, _HEARTBEAT, now_ms // SCAN_MS % 65_536)
        struct.pack_into(">I", self.status, _CLOCK, now_ms % (1 << 32))
        offset = 2 * (first - STATUS_BASE)
        return bytes(self.status[offset : offset + 2 * count])

    def flip(self, tag: str, *, on: bool) -> None:
        """Set one bit of the status block."""
        found = self.definition.tag(tag)
        byte = 2 * found.word + (0 if (found.bit or 0) > 7 else 1)
        mask = 1 << (found.bit or 0) % 8
        self.status[byte] = self.status[byte] | mask if on else self.status[byte] & ~mask


class Connection(asyncio.Protocol):
    """Answers function codes 3, 16 and 23 of one PLC."""

    def __init__(self, plc: RestingPlc) -> None:
        self._plc = plc
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # uvloop's transports are not asyncio's by class, only by what they do.
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every whole frame."""
        self._buffer += data
        while len(self._buffer) >= 8:
            transaction, _, length, unit = struct.unpack_from(">HHHB", self._buffer)
            if len(self._buffer) < 6 + length:
                return
            pdu, self._buffer = self._buffer[7 : 6 + length], self._buffer[6 + length :]
            answer = self._answer(pdu)
            if self._transport is not None:
                self._transport.write(struct.pack(">HHHB", transaction, 0, len(answer) + 1, unit) + answer)

    def _answer(self, pdu: bytes) -> bytes:
        match pdu[0]:
            case 3:
                first, count = struct.unpack_from(">HH", pdu, 1)
                return bytes((3, 2 * count)) + self._plc.read(first, count)
            case 16:
                self._plc.write(pdu[6:])
                return pdu[:5]
            case 23:
                first, count = struct.unpack_from(">HH", pdu, 1)
                self._plc.write(pdu[10:])
                return bytes((23, 2 * count)) + self._plc.read(first, count)
            case other:
                return bytes((other | 0x80, 1))


async def serve(config: GarageConfig) -> tuple[dict[str, RestingPlc], dict[str, int], list[asyncio.Server]]:
    """One server for each device, on a port of its own."""
    loop = asyncio.get_running_loop()
    plcs: dict[str, RestingPlc] = {}
    ports: dict[str, int] = {}
    servers: list[asyncio.Server] = []
    for section, kind in devices_of(config):
        plc = RestingPlc(section.id, kind, section.number)
        server = await loop.create_server(_factory(plc), "127.0.0.1", 0)
        servers.append(server)
        plcs[section.id] = plc
        ports[section.id] = server.sockets[0].getsockname()[1]
    return plcs, ports, servers


async def press_stops(plcs: dict[str, RestingPlc], safety: str, seconds: float) -> None:
    """Press and release the emergency stop again and again; print the reaction to each press in us."""
    chance = random.Random(SEED)  # noqa: S311 - moments of a benchmark, no secret
    held = await _steady(plcs)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        await asyncio.sleep(chance.random() * 0.1)
        plcs[safety].flip(_ESTOP_TAG, on=False)
        pressed_ns = time.monotonic_ns()
        async with asyncio.timeout(10):
            await asyncio.gather(*(plc.dropped.wait() for plc in held))
        last_ns = max(plc.permits_dropped_ns for plc in held)
        sys.stdout.write(f"{(last_ns - pressed_ns) // 1000} {len(held)}\n")
        sys.stdout.flush()
        plcs[safety].flip(_ESTOP_TAG, on=True)
        held = await _steady(plcs)


async def _steady(plcs: dict[str, RestingPlc]) -> list[RestingPlc]:
    """The PLCs that hold permits, once there are some and they have not changed for a while.

    Raises:
        TimeoutError: that did not come to pass in time.
    """
    async with asyncio.timeout(STEADY_TIMEOUT_S):
        while True:
            before = {name: plc.permits for name, plc in plcs.items()}
            await asyncio.sleep(STEADY_S)
            if any(before.values()) and before == {name: plc.permits for name, plc in plcs.items()}:
                return [plc for plc in plcs.values() if plc.permits]


def _factory(plc: RestingPlc) -> Callable[[], Connection]:
    return lambda: Connection(plc)


def _resting(name: str, wire: TagType) -> Value:
    if wire is TagType.BOOL:
        return name not in _OFF and not name.startswith("holds_")
    return _NUMBERS.get(name, 0)


def _encode(kind: DeviceKind, values: dict[str, Value]) -> bytes:
    definition = DEFINITIONS[kind]
    tags = [tag for tag in definition.status if tag.block is Block.STATUS]
    span = Span(Area.HOLDING, STATUS_BASE, definition.status_length)
    codec = BlockCodec(tags, block_places(tags, STATUS_BASE), [span])
    return codec.encode([values[tag.name] for tag in tags])


async def main(config: GarageConfig, stops_s: float | None) -> None:
    """Serve until standard input closes."""
    plcs, ports, servers = await serve(config)
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    if stops_s is not None:
        await press_stops(plcs, config.safety.id, stops_s)
        sys.stdout.write(f"{DONE}\n")
        sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for server in servers:
        server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("config", type=Path)
    parser.add_argument("--stops", type=float, default=None)
    options = parser.parse_args()
    # They stand for PLCs, which have processors of their own: their answers must not wait for this machine's load.
    raise_priority()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(load_config(options.config), options.stops))
