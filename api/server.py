"""The HTTP server of the API process: uvicorn, with an end that does not wait for listeners.

Owns signals, the end of streams and the watch over the parent process. Must never end with an error because it
was told to end.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Iterator
from socket import socket

import uvicorn

from api.events import Streams
from api.guard import Guard
from controller.local_link.client import LocalLinkClient

_log = logging.getLogger("api")

CONNECTIONS_MAX = 512
SHUTDOWN_S = 1
"""How long answers under way may take at the end; a supervisor that asks twice would kill."""


class ApiServer(uvicorn.Server):
    """Ends on SIGTERM, SIGINT and with its parent; open event streams are ended first."""

    def __init__(
        self, app: Guard, link: LocalLinkClient, streams: Streams, *, url: str = "", signals: bool = True
    ) -> None:
        """``url`` is told in the log when the server listens.

        ``signals`` is False where the server runs inside another program, which then sets ``should_exit``.
        """
        config = uvicorn.Config(
            app,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            limit_concurrency=CONNECTIONS_MAX,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
        super().__init__(config)
        self._link = link
        self._streams = streams
        self._url = url
        self._signals = signals
        self._parent: int | None = None

    def end_with_parent(self, parent: int) -> None:
        """End when this process is no longer a child of ``parent``."""
        self._parent = parent

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Begin to listen, and say where."""
        await super().startup(sockets)
        _log.info("listening on %s", self._url)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: is it time to end?"""
        if self._parent is not None and os.getppid() != self._parent:
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """End streams, then answers under way, then everything."""
        self._streams.closing = True
        self._link.announce()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on a signal with exit 0; uvicorn's own way raises the signal again afterwards."""
        if not self._signals:
            yield
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._ask_to_end)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    def _ask_to_end(self) -> None:
        self.should_exit = True
