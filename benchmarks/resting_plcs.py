"""The PLCs of a whole garage at rest, in one process with one clock: they answer, and nothing ever moves.

Usage: python -m benchmarks.resting_plcs CONFIG [--stops SECONDS] [--cause JSON ...]
Prints one JSON line with the port of each device. With --stops it brings about each cause (an emergency stop where none
is given) at random moments for so many seconds and prints, each time, the cause's name, the microseconds until the last
PLC that it concerns was written to without the permit, and how many those were; and ``done`` at the end. It ends when
standard input closes. Light on purpose, so that the benchmark measures the controller; must never be taken for an
emulator.
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
from dataclasses import dataclass
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

CONFIRMED_S = 1.3
"""Above the countdown after which a confirmed cabin is proven empty, in the garages of the stop benchmark."""

DONE = "done"
STEADY_TIMEOUT_S = 30.0
SEED = 7

_OFF = frozenset(
    {
        "pins_extended",
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


@dataclass(frozen=True, slots=True)
class Cause:
    """What stops: ``device`` shows ``tag`` as ``value``, or stands still where ``tag`` is None; then ``affected`` stop.

    ``affected`` None are all that hold a permit. ``confirms`` is a cabin whose button is pressed before each time, and
    ``rests_s`` how long before each time the cause must have been gone.
    """

    name: str
    device: str
    tag: str | None
    value: int = 0
    affected: tuple[str, ...] | None = None
    confirms: str | None = None
    rests_s: float = 0.0


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
        self.beat_shown_ns = 0
        """When a heartbeat was first read that differs from the one before."""
        self.stands_still = False
        self._beat = -1
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
        if not self.stands_still:
            now_ns = time.monotonic_ns()
            now_ms = now_ns // 1_000_000
            beat = now_ms // SCAN_MS % 65_536
            if beat != self._beat:
                self._beat, self.beat_shown_ns = beat, now_ns
            struct.pack_into(">H", self.status, _HEARTBEAT, beat)
            struct.pack_into(">I", self.status, _CLOCK, now_ms % (1 << 32))
        offset = 2 * (first - STATUS_BASE)
        return bytes(self.status[offset : offset + 2 * count])

    def count(self, tag: str) -> None:
        """Add one to a 16-bit number of the status block."""
        place = 2 * self.definition.tag(tag).word
        (number,) = struct.unpack_from(">H", self.status, place)
        struct.pack_into(">H", self.status, place, (number + 1) % 65_536)

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


async def bring_about(plcs: dict[str, RestingPlc], cause: Cause, seconds: float) -> None:
    """Let the cause come and go again and again; print the reaction each time in us."""
    chance = random.Random(SEED)  # noqa: S311 - moments of a benchmark, no secret
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        held = await _steady(plcs, cause)
        await asyncio.sleep(chance.random() * 0.1)
        for plc in held:
            plc.dropped.clear()
        began_ns = _begin(plcs[cause.device], cause)
        async with asyncio.timeout(10):
            await asyncio.gather(*(plc.dropped.wait() for plc in held))
        last_ns = max(plc.permits_dropped_ns for plc in held)
        sys.stdout.write(f"{cause.name} {(last_ns - began_ns) // 1000} {len(held)}\n")
        sys.stdout.flush()
        _end(plcs[cause.device], cause)


def _begin(plc: RestingPlc, cause: Cause) -> int:
    """Bring the cause about; since when in ns it could be seen."""
    if cause.tag is None:
        plc.stands_still = True
        # The controller has known since the last heartbeat that it saw.
        return plc.beat_shown_ns
    plc.flip(cause.tag, on=bool(cause.value))
    return time.monotonic_ns()


def _end(plc: RestingPlc, cause: Cause) -> None:
    if cause.tag is None:
        plc.stands_still = False
    else:
        plc.flip(cause.tag, on=not cause.value)


async def _steady(plcs: dict[str, RestingPlc], cause: Cause) -> list[RestingPlc]:
    """The PLCs that the cause concerns, once they hold permits that have not changed for a while.

    Raises:
        TimeoutError: that did not come to pass in time.
    """
    await asyncio.sleep(cause.rests_s)
    if cause.confirms is not None:
        # The controller must have seen that nobody is inside before the button counts.
        await asyncio.sleep(STEADY_S)
        plcs[cause.confirms].count("confirm_count")
        await asyncio.sleep(CONFIRMED_S)
    async with asyncio.timeout(STEADY_TIMEOUT_S):
        while True:
            before = {name: plc.permits for name, plc in plcs.items()}
            await asyncio.sleep(STEADY_S)
            concerned = before if cause.affected is None else cause.affected
            holding = [name for name in concerned if before[name]]
            complete = cause.affected is None or len(holding) == len(cause.affected)
            if holding and complete and before == {name: plc.permits for name, plc in plcs.items()}:
                return [plcs[name] for name in holding]


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


async def main(config: GarageConfig, stops_s: float | None, causes: list[Cause]) -> None:
    """Serve until standard input closes."""
    plcs, ports, servers = await serve(config)
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    if stops_s is not None:
        for cause in causes or [Cause("emergency-stop", config.safety.id, "zone1_estop_released")]:
            await bring_about(plcs, cause, stops_s)
        sys.stdout.write(f"{DONE}\n")
        sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for server in servers:
        server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("config", type=Path)
    parser.add_argument("--stops", type=float, default=None)
    parser.add_argument("--cause", action="append", default=[], help="a Cause as a JSON object")
    options = parser.parse_args()
    # They stand for PLCs, which have processors of their own: their answers must not wait for this machine's load.
    raise_priority()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(
            main(load_config(options.config), options.stops, [Cause(**json.loads(one)) for one in options.cause])
        )
