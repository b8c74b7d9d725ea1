"""The Modbus RTU line, attacked through pyserial."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import serial

from plc_drivers.contract import DeviceKind
from sim_hardware.servers import wire_fault
from sim_hardware.servers.modbus_rtu import ModbusRtuServer, crc16
from tests.sim_hardware.servers.bench import bench_plc, unit_of

READ_ID = b"\x01\x03" + struct.pack(">HH", 100, 1)
ANSWER_ID = b"\x01\x03\x02\x00\x07"


def framed(body: bytes) -> bytes:
    return body + crc16(body)


@asynccontextmanager
async def serving(path: Path, baud: int = 115_200) -> AsyncIterator[ModbusRtuServer]:
    units = {
        1: unit_of(bench_plc(DeviceKind.CABIN, "cabin1", 7)),
        2: unit_of(bench_plc(DeviceKind.LIFT, "lift1", 8), unit=2),
    }
    server = ModbusRtuServer(path, units, baud=baud)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


class Line:
    """The master's end."""

    def __init__(self, path: Path) -> None:
        self._port = serial.Serial(str(path), 115_200, timeout=1.0)

    async def send(self, data: bytes) -> None:
        await asyncio.to_thread(self._port.write, data)

    async def read(self, count: int, timeout_s: float = 1.0) -> bytes:
        self._port.timeout = timeout_s
        return bytes(await asyncio.to_thread(self._port.read, count))

    async def ask(self, body: bytes, count: int, timeout_s: float = 1.0) -> bytes:
        await self.send(framed(body))
        return await self.read(count, timeout_s)

    def close(self) -> None:
        self._port.close()


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[tuple[ModbusRtuServer, Line]]:
    path = tmp_path / "lines" / "cabin2-line"
    async with serving(path) as server:
        master = Line(path)
        try:
            yield server, master
        finally:
            master.close()


def test_the_checksum_is_that_of_the_standard() -> None:
    assert crc16(bytes.fromhex("01 03 00 00 00 0a")) == bytes.fromhex("c5 cd")


async def test_several_units_answer_on_one_line(line: tuple[ModbusRtuServer, Line]) -> None:
    _, master = line
    assert await master.ask(READ_ID, 7) == framed(ANSWER_ID)
    assert await master.ask(b"\x02" + READ_ID[1:], 7) == framed(b"\x02\x03\x02\x00\x08")


async def test_exceptions_are_those_of_the_protocol(line: tuple[ModbusRtuServer, Line]) -> None:
    _, master = line
    assert await master.ask(b"\x01\x03" + struct.pack(">HH", 300, 1), 5) == framed(b"\x01\x83\x02")
    assert await master.ask(b"\x01\x10" + struct.pack(">HHBH", 6, 1, 2, 999), 5) == framed(b"\x01\x90\x03")
    assert await master.ask(b"\x01\x2b\x0e\x01\x00", 5) == framed(b"\x01\xab\x01")


async def test_a_whole_exchange_goes_through_function_23(line: tuple[ModbusRtuServer, Line]) -> None:
    _, master = line
    block = struct.pack(">15H", 5, 0, 0, 3, 1, 1, *[0] * 9)
    request = b"\x01\x17" + struct.pack(">HHHHB", 100, 50, 0, 15, 30) + block
    answer = await master.ask(request, 105)
    assert len(answer) == 105
    assert answer[:5] == b"\x01\x17\x64\x00\x07"
    assert crc16(answer[:-2]) == answer[-2:]


async def test_a_foreign_unit_and_a_damaged_frame_get_no_answer(line: tuple[ModbusRtuServer, Line]) -> None:
    server, master = line
    assert await master.ask(b"\x09" + READ_ID[1:], 1, 0.1) == b""
    await master.send(framed(READ_ID)[:-1] + b"\x00")
    assert await master.read(1, 0.1) == b""
    assert server.damaged == 1
    assert await master.ask(READ_ID, 7) == framed(ANSWER_ID)


async def test_noise_costs_at_most_one_request_and_never_the_line(line: tuple[ModbusRtuServer, Line]) -> None:
    _, master = line
    await master.send(b"\xff\x03" + framed(READ_ID))
    await master.read(7, 0.1)
    for noise in (b"\x00" * 300, b"\x01\x10\xff", b"\x01"):
        await master.send(noise)
        await master.read(1, 0.1)
    assert await master.ask(READ_ID, 7) == framed(ANSWER_ID)


async def test_a_frame_that_arrives_in_pieces_is_answered(line: tuple[ModbusRtuServer, Line]) -> None:
    _, master = line
    frame = framed(READ_ID)
    await master.send(frame[:3])
    await master.send(frame[3:])
    assert await master.read(7) == framed(ANSWER_ID)


async def test_bytes_take_the_time_that_they_take_on_a_real_line(tmp_path: Path) -> None:
    path = tmp_path / "slow"
    async with serving(path, baud=9600):
        master = Line(path)
        try:
            began = time.monotonic()
            answer = await master.ask(b"\x01\x03" + struct.pack(">HH", 100, 40), 85, 2.0)
            took_s = time.monotonic() - began
        finally:
            master.close()
    assert len(answer) == 85
    # 8 + 85 characters of 10 bits; the emulated line is never faster than the real one
    assert took_s >= 93 * 10 / 9600


async def test_answers_can_come_late_and_twice(line: tuple[ModbusRtuServer, Line]) -> None:
    server, master = line
    server.fault = wire_fault.twice(20)
    assert await master.ask(READ_ID, 14) == 2 * framed(ANSWER_ID)
    server.fault = wire_fault.drop
    assert await master.ask(READ_ID, 1, 0.1) == b""


async def test_the_line_survives_its_reader_and_its_link_goes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "line"
    path.symlink_to("/nonexistent")
    async with serving(path):
        for _ in range(2):
            master = Line(path)
            try:
                assert await master.ask(READ_ID, 7) == framed(ANSWER_ID)
            finally:
                master.close()
    assert not path.is_symlink()


async def test_a_file_in_the_place_of_the_line_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "line"
    path.write_text("precious")
    server = ModbusRtuServer(path, {})
    with pytest.raises(FileExistsError):
        await server.start()
    assert path.read_text() == "precious"
