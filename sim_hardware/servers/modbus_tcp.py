"""A Modbus TCP server as strict as a real PLC's, in front of emulated units.

Owns sockets and framing. Several requests in one segment are answered one by one in their order, each under its own
transaction id. Must never guess: a header that is not Modbus closes the connection.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Mapping
from contextlib import suppress

from sim_hardware.servers.modbus_unit import ExceptionCode, ModbusUnit
from sim_hardware.servers.wire_fault import WireFault, faithful

_HEADER = struct.Struct(">HHHB")
_LARGEST_LENGTH = 254
"""Unit id and PDU (1 + 253 bytes)."""


class ModbusTcpServer:
    """Serves ``units`` by unit id at ``host``:``port`` (0 takes a free port; see ``port`` after ``start``).

    ``silent_units`` True leaves requests to unknown units unanswered, as some PLCs do; otherwise they get exception
    0x0B. Connections beyond ``connections_max`` are closed at once, as a PLC with few sockets does. ``fault`` may be
    changed at any time.
    """

    def __init__(
        self,
        host: str,
        port: int,
        units: Mapping[int, ModbusUnit],
        *,
        silent_units: bool = False,
        connections_max: int = 8,
    ) -> None:
        self.host = host
        self.port = port
        self.units = units
        self.silent_units = silent_units
        self.connections_max = connections_max
        self.fault: WireFault = faithful
        self.connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the port is in use, or the host is not one of this machine.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close every connection and the listening socket."""
        if self._server is None:
            return
        self._server.close()
        gone = [connection.lost for connection in self.connections]
        for connection in tuple(self.connections):
            connection.abort()
        if gone:
            await asyncio.wait(gone, timeout=1.0)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._server.wait_closed(), 1.0)
        self._server = None

    def answer(self, unit: int, pdu: bytes) -> bytes | None:
        """Answer PDU of a unit, None when nobody answers."""
        target = self.units.get(unit)
        if target is not None:
            return target.answer(pdu)
        return None if self.silent_units else bytes((pdu[0] | 0x80, ExceptionCode.GATEWAY_NO_RESPONSE))


class _Connection(asyncio.Protocol):
    """One client."""

    def __init__(self, server: ModbusTcpServer) -> None:
        self._server = server
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._late: set[asyncio.TimerHandle] = set()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream transport is needed")
        self._transport = transport
        self._server.connections.add(self)
        if len(self._server.connections) > self._server.connections_max:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - given by asyncio
        for handle in self._late:
            handle.cancel()
        self._late.clear()
        self._server.connections.discard(self)
        if not self.lost.done():
            self.lost.set_result(None)

    def abort(self) -> None:
        """Close without waiting for unsent answers."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= _HEADER.size:
            transaction, protocol, length, unit = _HEADER.unpack_from(self._buffer)
            if protocol != 0 or not 2 <= length <= _LARGEST_LENGTH:
                self.abort()
                return
            end = 6 + length
            if len(self._buffer) < end:
                return
            pdu, self._buffer = self._buffer[_HEADER.size : end], self._buffer[end:]
            answer = self._server.answer(unit, pdu)
            if answer is not None:
                self._send(_HEADER.pack(transaction, 0, 1 + len(answer), unit) + answer)

    def _send(self, frame: bytes) -> None:
        for sending in self._server.fault(frame):
            if sending.delay_ms <= 0:
                self._write(sending.data)
            else:
                self._send_late(sending.data, sending.delay_ms)

    def _send_late(self, data: bytes, delay_ms: int) -> None:
        def send() -> None:
            self._late.discard(handle)
            self._write(data)

        handle = asyncio.get_running_loop().call_later(delay_ms / 1000, send)
        self._late.add(handle)

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
