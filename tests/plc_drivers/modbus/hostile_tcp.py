"""A Modbus TCP server that misbehaves on demand: each request is served by the next trick of a script.

Whatever a trick sends beside right answers carries ``POISON``, so that a test can prove that it was never taken.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import Callable

from tests.plc_drivers.modbus.fake_plc import FakePlc

POISON = 666_666
"""Position that no right answer carries."""


class Call:
    """One request, and the ways to answer it."""

    def __init__(self, server: HostileServer, writer: asyncio.StreamWriter, frame: bytes) -> None:
        self.server = server
        self.writer = writer
        self.tid, _, _, self.unit = struct.unpack(">HHHB", frame[:7])
        self.pdu = frame[7:]

    def right(self) -> bytes:
        """The PDU of the right answer."""
        return self.server.plc.answer(self.pdu)

    def poison(self) -> bytes:
        """The PDU of an answer that is right but for its content."""
        device = next(iter(self.server.plc.devices.values()))
        before = device.values["position_mm"]
        device.values["position_mm"] = POISON
        try:
            return self.server.plc.answer(self.pdu)
        finally:
            device.values["position_mm"] = before

    def frame(self, pdu: bytes, *, tid: int | None = None, unit: int | None = None, protocol: int = 0) -> bytes:
        """A frame around a PDU, by default as the answer to this call."""
        tid = self.tid if tid is None else tid
        return struct.pack(">HHHB", tid, protocol, len(pdu) + 1, self.unit if unit is None else unit) + pdu

    def send(self, data: bytes) -> None:
        """Put bytes on the wire."""
        if not self.writer.is_closing():
            self.writer.write(data)

    def later(self, delay_s: float, data: bytes) -> None:
        """Put bytes on the wire after a while."""
        self.server.timers.append(asyncio.get_running_loop().call_later(delay_s, self.send, data))

    def dribble(self, delay_s: float, data: bytes) -> None:
        """Put bytes on the wire one by one, in order: each is sent before the next is planned."""
        if data:
            self.send(data[:1])
            self.server.timers.append(asyncio.get_running_loop().call_later(delay_s, self.dribble, delay_s, data[1:]))

    def reset(self) -> None:
        """Tear the connection down with a reset."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Trick = Callable[[Call], None]


def honest(call: Call) -> None:
    """The right answer, at once."""
    call.send(call.frame(call.right()))


class HostileServer:
    """Serves one fake PLC; ``script`` holds the tricks for the next requests, ``always`` serves the rest."""

    def __init__(self, plc: FakePlc) -> None:
        self.plc = plc
        self.script: deque[Trick] = deque()
        self.always: Trick = honest
        self.connections = 0
        self.served = 0
        self.timers: list[asyncio.TimerHandle] = []
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, port: int = 0) -> None:
        """Listen on loopback."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close everything."""
        for timer in self.timers:
            timer.cancel()
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2)
        if self._server is not None:
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
        self.connections += 1
        self._writers.add(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readexactly(6)
                frame = head + await reader.readexactly(int.from_bytes(head[4:6], "big"))
                self.served += 1
                trick = self.script.popleft() if self.script else self.always
                trick(Call(self, writer, frame))
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        self._writers.discard(writer)
