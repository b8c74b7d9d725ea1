"""A wire with faults in front of an OPC UA server whose library leaves no place for them.

Owns the forwarding of one listening address to another, message by message on the way back. Must never touch what a
client sends: faults are those of answers (see ``wire_fault``).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from sim_hardware.servers.wire_fault import WireFault, faithful

_HEADER = 8
"""Type (3), chunk (1) and size (4, little endian) of an OPC UA message."""
_SIZE_MAX = 16 * 1024 * 1024
_CONNECT_S = 2.0


class WireRelay:
    """Forwards ``host``:``port`` to ``target``; ``fault`` may be changed at any time."""

    def __init__(self, host: str, port: int, target: tuple[str, int]) -> None:
        self.fault: WireFault = faithful
        self._address = (host, port)
        self._target = target
        self._server: asyncio.Server | None = None
        self._meetings: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the port is in use.
        """
        self._server = await asyncio.start_server(self._meet, *self._address)

    async def stop(self) -> None:
        """Close everything."""
        if self._server is None:
            return
        self._server.close()
        meetings = tuple(self._meetings)
        for meeting in meetings:
            meeting.cancel()
        if meetings:
            await asyncio.wait(meetings, timeout=1.0)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._server.wait_closed(), 1.0)
        self._server = None

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._meetings.add(task)
            task.add_done_callback(self._meetings.discard)
        try:
            async with asyncio.timeout(_CONNECT_S):
                far_reader, far_writer = await asyncio.open_connection(*self._target)
        except (OSError, TimeoutError):
            writer.close()
            return
        ways = [
            asyncio.create_task(_forward(reader, far_writer)),
            asyncio.create_task(self._forward_answers(far_reader, writer)),
        ]
        try:
            # Each way ends with its connection; the relay itself has no reason to end one.
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            for end in (writer, far_writer):
                end.close()
            await asyncio.wait(ways)

    async def _forward_answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        late: set[asyncio.TimerHandle] = set()
        loop = asyncio.get_running_loop()
        try:
            while (message := await _message(reader)) is not None:
                for sending in self.fault(message):
                    if sending.delay_ms <= 0:
                        writer.write(sending.data)
                    else:
                        late.add(loop.call_later(sending.delay_ms / 1000, _write, writer, sending.data))
                late = {handle for handle in late if not handle.cancelled() and handle.when() > loop.time()}
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            return  # the connection has ended: so does this way
        finally:
            for handle in late:
                handle.cancel()


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        return  # the connection has ended: so does this way


async def _message(reader: asyncio.StreamReader) -> bytes | None:
    """The next whole message, None at the end or where no message is."""
    head = await reader.readexactly(_HEADER)
    size = int.from_bytes(head[4:], "little")
    if not _HEADER <= size <= _SIZE_MAX:
        return None
    return head + await reader.readexactly(size - _HEADER)


def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    if not writer.is_closing():
        writer.write(data)
