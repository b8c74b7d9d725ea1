"""HTTP clients at full speed: each connection sends its next request as soon as it has its answer.

Usage: python -m benchmarks.http_clients PORT CONNECTIONS, until standard input closes; prints how many requests
were answered, and how many of them with another status than 200. A process of its own, so that its work is not
the controller's.
"""

from __future__ import annotations

import asyncio
import json
import sys
from itertools import cycle
from typing import cast

import uvloop

PATHS = ("/api/v1/vehicles", "/api/v1/orders", "/api/v1/devices", "/api/v1/health/live", "/api/v1/places")


class Client(asyncio.Protocol):
    """One connection that is never idle."""

    def __init__(self, first: int) -> None:
        self.answered = 0
        self.not_ok = 0
        self._paths = cycle(PATHS[first % len(PATHS) :] + PATHS[: first % len(PATHS)])
        self._buffer = bytearray()
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.WriteTransport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Count whole answers."""
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = bytes(self._buffer[:head_end]).lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0])
        if len(self._buffer) < head_end + 4 + length:
            return
        self.answered += 1
        self.not_ok += b" 200 " not in head[:16]
        self._buffer.clear()
        self._ask()

    def close(self) -> None:
        """Send nothing more."""
        if self._transport is not None:
            self._transport.close()

    def _ask(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(f"GET {next(self._paths)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())


async def main(port: int, connections: int) -> None:
    """Keep so many connections busy until standard input ends."""
    loop = asyncio.get_running_loop()
    clients = [Client(i) for i in range(connections)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()
    loop.remove_reader(sys.stdin.fileno())
    for client in clients:
        client.close()
    figures = {"answered": sum(c.answered for c in clients), "not_ok": sum(c.not_ok for c in clients)}
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(int(sys.argv[1]), int(sys.argv[2])))
