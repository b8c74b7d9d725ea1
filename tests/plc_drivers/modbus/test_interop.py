"""Our links against Modbus servers that this project did not write: pymodbus's and libmodbus's."""

from __future__ import annotations

import asyncio
import ctypes
import os
import pty
import struct
import threading
import tty
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from plc_drivers.binding import DeviceBinding
from plc_drivers.contract import LIFT as LIFT_DEFINITION
from plc_drivers.contract import CommandCode, DeviceKind
from plc_drivers.contract.definition import STATUS_BASE
from plc_drivers.link import LinkState
from plc_drivers.modbus.polled_link import PolledLink
from plc_drivers.modbus.rtu_link import ModbusRtuLink
from plc_drivers.modbus.settings import ModbusRtuSettings
from plc_drivers.outputs import DeviceOutputs, MailboxCommand
from tests.eventually import eventually
from tests.plc_drivers.modbus.driving import LIFT, tcp_link, value
from tests.plc_drivers.modbus.fake_plc import FakeDevice
from tests.plc_drivers.modbus.sealed import permitted

COMMAND = MailboxCommand(3, CommandCode.MOVE_TO_LEVEL, 5, -1, 99, 1000)
WRITTEN = [77, 1, 0, 6, 0, 0, 10, 0, 5, 0xFFFF, 0xFFFF, 0, 99, 1000, 3]
"""The command block that ``OUTPUTS`` makes, register by register, as the published contract says."""

OUTPUTS = permitted({"lift": DeviceOutputs(77, 6, frozenset({"travel"}), COMMAND)})


def registers() -> list[int]:
    """Holding registers 0 to the end of the status block of a lift at 12,345 mm."""
    device = FakeDevice(LIFT)
    device.values["position_mm"] = -12_345
    payload = device.plan.status.encode([device.values[tag.name] for tag in LIFT_DEFINITION.status])
    return [0] * STATUS_BASE + list(struct.unpack(f">{len(payload) // 2}H", payload))


def sim_device(unit: int) -> SimDevice:
    return SimDevice(id=unit, simdata=[SimData(0, values=registers(), datatype=DataType.REGISTERS)])


async def exchange(link: PolledLink) -> None:
    """One exchange; leaves its answer in the link."""
    link.start()
    await eventually(lambda: link.status().state is LinkState.UP)
    link.exchange(OUTPUTS)
    await eventually(lambda: not link.busy())
    assert not link.faults()
    assert value(link, "lift", "position_mm") == -12_345
    assert not link.answers()["lift"].bad_tags


async def _shut_down(server: ModbusTcpServer | ModbusSerialServer) -> None:
    shutdown: Callable[[], Awaitable[None]] = server.shutdown  # Untyped in pymodbus.
    await shutdown()


@asynccontextmanager
async def pymodbus_tcp(port: int) -> AsyncIterator[None]:
    server = ModbusTcpServer(sim_device(1), address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    yield
    await _shut_down(server)


async def test_pymodbus_s_tcp_server_is_driven(free_port: Callable[[], int]) -> None:
    port = free_port()
    async with pymodbus_tcp(port):
        link = tcp_link(port, timeout_ms=2000)
        await exchange(link)
        async with AsyncModbusTcpClient("127.0.0.1", port=port) as client:
            stored = await client.read_holding_registers(0, count=LIFT_DEFINITION.command_length, device_id=1)
        link.write_now(permitted({"lift": DeviceOutputs(78, 6)}))
        await eventually(lambda: not link.busy())
        await link.stop()
    assert stored.registers == WRITTEN


async def test_pymodbus_s_exception_for_registers_that_do_not_exist_is_a_coded_fault(
    free_port: Callable[[], int],
) -> None:
    port = free_port()
    async with pymodbus_tcp(port):
        link = tcp_link(port, DeviceBinding("cabin", 1, DeviceKind.CABIN), timeout_ms=2000)
        link.start()
        await eventually(lambda: link.status().state is LinkState.UP)
        link.exchange(None)
        await eventually(lambda: not link.busy())
        fault = link.faults()["cabin"]
        await link.stop()
    assert fault.code == "MODBUS_ILLEGAL_ADDRESS"


class Cable:
    """Two pseudo-terminals, joined: each end is a serial port by its path."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ends = [pty.openpty() for _ in range(2)]
        for master, slave in self._ends:
            tty.setraw(slave)
            os.set_blocking(master, False)
        self.paths = [Path(os.ttyname(slave)) for _, slave in self._ends]
        (one, _), (other, _) = self._ends
        self._loop.add_reader(one, self._carry, one, other)
        self._loop.add_reader(other, self._carry, other, one)

    def _carry(self, source: int, target: int) -> None:
        os.write(target, os.read(source, 1024))

    def close(self) -> None:
        for master, slave in self._ends:
            self._loop.remove_reader(master)
            os.close(master)
            os.close(slave)


async def test_pymodbus_s_rtu_server_is_driven() -> None:
    cable = Cable()
    server = ModbusSerialServer(sim_device(9), framer=FramerType.RTU, port=str(cable.paths[0]), baudrate=115_200)
    await server.serve_forever(background=True)
    settings = ModbusRtuSettings("line", cable.paths[1], timeout_ms=2000)
    link = ModbusRtuLink(settings, [DeviceBinding("lift", 1, DeviceKind.LIFT, unit=9)])
    await exchange(link)
    await link.stop()
    await _shut_down(server)
    cable.close()


@contextmanager
def libmodbus_server(port: int) -> Iterator[ctypes.Array[ctypes.c_uint16]]:
    """The server of libmodbus on a thread; gives its holding registers."""
    library = ctypes.CDLL("libmodbus.so.5")
    library.modbus_new_tcp.restype = ctypes.c_void_p
    library.modbus_mapping_new.restype = ctypes.POINTER(_Mapping)
    context = ctypes.c_void_p(library.modbus_new_tcp(b"127.0.0.1", port))
    image = registers()
    mapping = library.modbus_mapping_new(0, 0, len(image), 0)
    memory = ctypes.cast(mapping.contents.holding, ctypes.POINTER(ctypes.c_uint16 * len(image))).contents
    for address, word in enumerate(image):
        memory[address] = word
    listener = library.modbus_tcp_listen(context, 1)

    def serve() -> None:
        library.modbus_tcp_accept(context, ctypes.byref(ctypes.c_int(listener)))
        query = (ctypes.c_uint8 * 260)()
        while (size := library.modbus_receive(context, query)) >= 0:
            library.modbus_reply(context, query, size, mapping)
        library.modbus_close(context)

    thread = threading.Thread(target=serve, name="libmodbus server")
    thread.start()
    yield memory
    thread.join(5)
    os.close(listener)
    library.modbus_mapping_free(mapping)
    library.modbus_free(context)


class _Mapping(ctypes.Structure):
    """``modbus_mapping_t`` of libmodbus 3.1."""

    _fields_ = [
        *((name, ctypes.c_int) for name in ("nb_bits", "start_bits", "nb_input_bits", "start_input_bits")),
        *((name, ctypes.c_int) for name in ("nb_input", "start_input", "nb_holding", "start_holding")),
        *((name, ctypes.c_void_p) for name in ("bits", "input_bits", "input", "holding")),
    ]


@pytest.mark.needs("libmodbus")
async def test_libmodbus_s_server_is_driven(free_port: Callable[[], int]) -> None:
    port = free_port()
    with libmodbus_server(port) as memory:
        link = tcp_link(port, timeout_ms=2000)
        await exchange(link)
        assert list(memory[: len(WRITTEN)]) == WRITTEN
        link.write_now(permitted({"lift": DeviceOutputs(78, 6)}))
        await eventually(lambda: not link.busy())
        assert list(memory[:4]) == [78, 0, 0, 6]
        await link.stop()
