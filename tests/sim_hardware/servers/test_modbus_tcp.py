"""The Modbus TCP server, attacked with a client of another make and with bare sockets."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from pymodbus.client import AsyncModbusTcpClient

from plc_drivers.contract import DeviceKind, TagType
from plc_drivers.profile import Profile, parse_profile
from sim_hardware.plc.commanded import CommandedPlc
from sim_hardware.plc.device import EmulatedPlc
from sim_hardware.servers import wire_fault
from sim_hardware.servers.modbus_tcp import ModbusTcpServer
from tests.sim_hardware.servers.bench import bench_plc, registers_of, unit_of

HOST = "127.0.0.1"


@asynccontextmanager
async def serving(
    *plcs: EmulatedPlc, profile: Profile | None = None, **options: bool | int
) -> AsyncIterator[ModbusTcpServer]:
    units = {unit: unit_of(plc, profile, unit) for unit, plc in enumerate(plcs, start=1)}
    server = ModbusTcpServer(HOST, 0, units, **options)  # type: ignore[arg-type]  # each option has its own type
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def client_of(server: ModbusTcpServer) -> AsyncIterator[AsyncModbusTcpClient]:
    client = AsyncModbusTcpClient(HOST, port=server.port, timeout=2, retries=0)
    assert await client.connect()
    try:
        yield client
    finally:
        client.close()


@asynccontextmanager
async def socket_to(server: ModbusTcpServer) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(HOST, server.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


def request(pdu: bytes, transaction: int = 1, unit: int = 1, protocol: int = 0) -> bytes:
    return struct.pack(">HHHB", transaction, protocol, 1 + len(pdu), unit) + pdu


async def ask(server: ModbusTcpServer, *frames: bytes, answers: int | None = None) -> list[tuple[int, bytes]]:
    """Send all frames in one segment; transaction id and PDU of each answer."""
    async with socket_to(server) as (reader, writer):
        writer.write(b"".join(frames))
        found = []
        for _ in range(len(frames) if answers is None else answers):
            head = await asyncio.wait_for(reader.readexactly(7), 2)
            transaction, _, length, _ = struct.unpack(">HHHB", head)
            found.append((transaction, await asyncio.wait_for(reader.readexactly(length - 1), 2)))
        return found


@pytest.mark.parametrize("kind", list(DeviceKind))
async def test_every_status_tag_stands_at_its_documented_address(kind: DeviceKind) -> None:
    plc = bench_plc(kind)
    async with serving(plc) as server, client_of(server) as client:
        for tag, value in zip(plc.definition.status, plc.status(), strict=True):
            answer = await client.read_holding_registers(100 + tag.word, count=tag.wire.registers, device_id=1)
            assert not answer.isError(), tag.name
            if tag.wire is TagType.BOOL:
                assert bool(answer.registers[0] >> (tag.bit or 0) & 1) is value, tag.name
            else:
                assert answer.registers == registers_of(tag, value), tag.name


@pytest.mark.parametrize("kind", list(DeviceKind))
async def test_every_register_outside_the_blocks_is_an_illegal_address(kind: DeviceKind) -> None:
    plc = bench_plc(kind)
    definition = plc.definition
    async with serving(plc) as server, client_of(server) as client:
        exists = set(range(definition.command_length)) | set(range(100, 100 + definition.status_length))
        for address in [*range(200), 1000, 65535]:
            answer = await client.read_holding_registers(address, count=1, device_id=1)
            assert answer.isError() is (address not in exists), address
            if answer.isError():
                assert answer.exception_code == 2
        answer = await client.read_holding_registers(100, count=definition.status_length + 1, device_id=1)
        assert answer.exception_code == 2


async def test_other_tables_and_functions_do_not_exist() -> None:
    async with serving(bench_plc()) as server, client_of(server) as client:
        for answer in (
            await client.read_coils(0, count=1, device_id=1),
            await client.read_discrete_inputs(0, count=1, device_id=1),
            await client.read_input_registers(100, count=1, device_id=1),
            await client.write_register(0, 1, device_id=1),
            await client.write_coil(0, True, device_id=1),
            await client.read_exception_status(device_id=1),
        ):
            assert answer.exception_code == 1


async def test_a_whole_command_block_goes_out_and_the_status_comes_back_in_one_exchange() -> None:
    plc = bench_plc()
    assert isinstance(plc, CommandedPlc)
    block = [5, 1, 0, 3, 0, 0, 10, 0xFFFF, 0xFFFF, 0, 0, 0, 250, 1000, 9]
    async with serving(plc) as server, client_of(server) as client:
        answer = await client.readwrite_registers(
            read_address=100, read_count=38, write_address=0, values=block, device_id=1
        )
        assert not answer.isError()
        assert answer.registers[0] == 7
    written = plc.registers.values
    assert (written["owner_epoch_wanted"], written["cmd_arg1"], written["cmd_seq"]) == (3, -1, 9)
    assert (written["permit_travel"], written["cmd_issued_ms"], written["cmd_valid_ms"]) == (True, 250, 1000)


async def test_command_registers_read_back_what_was_written() -> None:
    async with serving(bench_plc()) as server, client_of(server) as client:
        await client.write_registers(2, [1, 2], device_id=1)
        answer = await client.read_holding_registers(0, count=15, device_id=1)
        assert answer.registers == [0, 0, 1, 2, *[0] * 11]


@pytest.mark.parametrize(
    ("address", "values", "code"),
    [
        (6, [999], 3),  # no such command code
        (1, [2], 3),  # a permit bit that a lift does not have
        (4, [1], 3),  # reserved register
        (2, [1], 3),  # half of the epoch
        (3, [1], 3),  # the other half
        (100, [1], 2),  # status
        (14, [1, 1], 2),  # runs past the block
        (15, [1], 2),
    ],
)
async def test_a_write_that_is_not_understood_is_refused_and_changes_nothing(
    address: int, values: list[int], code: int
) -> None:
    plc = bench_plc()
    assert isinstance(plc, CommandedPlc)
    before = dict(plc.registers.values)
    async with serving(plc) as server, client_of(server) as client:
        answer = await client.write_registers(address, values, device_id=1)
        assert answer.exception_code == code
    assert plc.registers.values == before


async def test_a_block_with_one_bad_value_is_refused_as_a_whole() -> None:
    plc = bench_plc(DeviceKind.CABIN)
    assert isinstance(plc, CommandedPlc)
    block = [5, 1, 0, 3, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0, 4]  # light 9 does not exist
    async with serving(plc) as server, client_of(server) as client:
        for answer in (
            await client.write_registers(0, block, device_id=1),
            await client.readwrite_registers(
                read_address=100, read_count=5, write_address=0, values=block, device_id=1
            ),
        ):
            assert answer.exception_code == 3
    assert plc.registers.values["cmd_seq"] == 0


async def test_a_wrong_read_address_leaves_the_write_of_the_same_request_undone() -> None:
    plc = bench_plc()
    assert isinstance(plc, CommandedPlc)
    async with serving(plc) as server, client_of(server) as client:
        answer = await client.readwrite_registers(
            read_address=300, read_count=5, write_address=0, values=[77], device_id=1
        )
        assert answer.exception_code == 2
    assert plc.registers.values["controller_heartbeat"] == 0


async def test_a_device_that_is_only_read_refuses_every_write() -> None:
    async with serving(bench_plc(DeviceKind.SAFETY)) as server, client_of(server) as client:
        assert (await client.write_registers(0, [1], device_id=1)).exception_code == 1
        answer = await client.readwrite_registers(
            read_address=100, read_count=5, write_address=0, values=[1], device_id=1
        )
        assert answer.exception_code == 1


async def test_an_unknown_unit_is_a_gateway_that_gets_no_response() -> None:
    async with serving(bench_plc()) as server, client_of(server) as client:
        answer = await client.read_holding_registers(100, count=1, device_id=9)
        assert answer.exception_code == 0x0B


async def test_an_unknown_unit_may_stay_silent() -> None:
    async with serving(bench_plc(), silent_units=True) as server:
        read = struct.pack(">BHH", 3, 100, 1)
        assert [t for t, _ in await ask(server, request(read, 1, unit=9), request(read, 2), answers=1)] == [2]


async def test_several_units_are_several_devices() -> None:
    plcs = bench_plc(name="lift1", device_id=7), bench_plc(DeviceKind.SHUTTLE, "shuttle1", 8)
    async with serving(*plcs) as server, client_of(server) as client:
        for unit, device_id in ((1, 7), (2, 8)):
            assert (await client.read_holding_registers(100, count=1, device_id=unit)).registers == [device_id]


async def test_requests_in_one_segment_are_answered_one_by_one_in_order() -> None:
    reads = [request(struct.pack(">BHH", 3, 100 + i, 1), transaction=500 + i) for i in range(6)]
    async with serving(bench_plc()) as server:
        answers = await ask(server, *reads)
    assert [transaction for transaction, _ in answers] == [500 + i for i in range(6)]
    assert [struct.unpack(">H", pdu[2:])[0] for _, pdu in answers][:3] == [7, 1, 1]


async def test_a_request_that_arrives_in_pieces_is_answered() -> None:
    frame = request(struct.pack(">BHH", 3, 100, 1))
    async with serving(bench_plc()) as server, socket_to(server) as (reader, writer):
        for byte in frame:
            writer.write(bytes((byte,)))
            await writer.drain()
        assert (await asyncio.wait_for(reader.readexactly(11), 2))[-2:] == b"\x00\x07"


@pytest.mark.parametrize(
    "pdu",
    [
        struct.pack(">BHH", 3, 100, 0),
        struct.pack(">BHH", 3, 100, 126),
        struct.pack(">BH", 3, 100),
        struct.pack(">BHHB", 16, 0, 1, 4) + b"\0\0",
        struct.pack(">BHHB", 16, 0, 2, 2) + b"\0\0",
        struct.pack(">BHHHHB", 23, 100, 1, 0, 2, 2) + b"\0\0",
        struct.pack(">BHH", 23, 100, 1),
    ],
)
async def test_a_malformed_request_is_an_illegal_value(pdu: bytes) -> None:
    async with serving(bench_plc()) as server:
        assert await ask(server, request(pdu)) == [(1, bytes((pdu[0] | 0x80, 3)))]


@pytest.mark.parametrize("frame", [b"GET / HTTP/1.1\r\n\r\n", request(b"\x03\0\0\0\1", protocol=1), b"\0\1\0\0\0\0\1"])
async def test_what_is_not_modbus_closes_the_connection(frame: bytes) -> None:
    async with serving(bench_plc()) as server, socket_to(server) as (reader, writer):
        writer.write(frame)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await asyncio.wait_for(reader.readexactly(1), 2)


async def test_connections_beyond_the_limit_are_closed() -> None:
    async with serving(bench_plc(), connections_max=1) as server, socket_to(server), socket_to(server) as (reader, _):
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await asyncio.wait_for(reader.readexactly(1), 2)


async def test_a_plc_restart_clears_the_command_registers() -> None:
    plc = bench_plc()
    async with serving(plc) as server, client_of(server) as client:
        await client.write_registers(14, [9], device_id=1)
        plc.power_cycle()
        assert (await client.read_holding_registers(14, count=1, device_id=1)).registers == [0]


async def test_a_profile_moves_swaps_and_splits_the_image() -> None:
    profile = parse_profile(
        {
            "name": "old PLC",
            "kinds": ["lift"],
            "modbus": {
                "exchange": "fc16+fc4",
                "command_base": 500,
                "status_base": 20,
                "word_order": "low-first",
                "tags": {
                    "rope_taut": {"area": "discrete", "address": 3},
                    "speed_ok": {"area": "discrete", "address": 4},
                    "permit_travel": {"area": "coil", "address": 8},
                },
            },
        },
        "test",
    )
    plc = bench_plc()
    assert isinstance(plc, CommandedPlc)
    async with serving(plc, profile=profile) as server, client_of(server) as client:
        answer = await client.read_input_registers(50, count=2, device_id=1)
        position = int(plc.read("position_mm")) & 0xFFFF_FFFF
        assert answer.registers == [position & 0xFFFF, position >> 16]
        bits = (await client.read_discrete_inputs(3, count=2, device_id=1)).bits[:2]
        assert bits == [plc.read("rope_taut"), plc.read("speed_ok")]
        assert (await client.read_discrete_inputs(5, count=1, device_id=1)).exception_code == 2
        assert not (await client.write_coils(8, [True], device_id=1)).isError()
        assert not (await client.write_registers(502, [2, 0], device_id=1)).isError()
        refused = await client.readwrite_registers(
            read_address=20, read_count=1, write_address=500, values=[1], device_id=1
        )
        assert refused.exception_code == 1
    assert (plc.registers.values["permit_travel"], plc.registers.values["owner_epoch_wanted"]) == (True, 2)


FRAME = request(struct.pack(">BHH", 3, 100, 1), transaction=3)
RIGHT = struct.pack(">HHHBBBH", 3, 0, 5, 1, 3, 2, 7)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (wire_fault.delay(30), RIGHT),
        (wire_fault.twice(), RIGHT + RIGHT),
        (wire_fault.truncate(6), RIGHT[:6]),
        (wire_fault.garbage(b"noise"), b"noise"),
        (wire_fault.preceded_by(b"\0\1"), b"\0\1" + RIGHT),
        (wire_fault.flip(1), RIGHT[:1] + bytes((RIGHT[1] ^ 0xFF,)) + RIGHT[2:]),
    ],
)
async def test_wire_faults_befall_the_answer(fault: wire_fault.WireFault, expected: bytes) -> None:
    async with serving(bench_plc()) as server, socket_to(server) as (reader, writer):
        server.fault = fault
        writer.write(FRAME)
        assert await asyncio.wait_for(reader.readexactly(len(expected)), 2) == expected


async def test_a_dropped_answer_never_comes_and_every_nth_answer_can_be_met() -> None:
    async with serving(bench_plc()) as server:
        server.fault = wire_fault.every(2, wire_fault.drop)
        read: Callable[[int], bytes] = lambda n: request(struct.pack(">BHH", 3, 100, 1), transaction=n)  # noqa: E731
        answers = await ask(server, read(1), read(2), read(3), answers=2)
    assert [transaction for transaction, _ in answers] == [1, 3]


async def test_a_port_in_use_is_an_error_of_the_system() -> None:
    async with serving(bench_plc()) as server:
        second = ModbusTcpServer(HOST, server.port, {})
        with pytest.raises(OSError, match="in use"):
            await second.start()
        await second.stop()
