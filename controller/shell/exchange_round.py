"""One round trip with every PLC at once.

Owns the waiting of a cycle for its answers. Must never let one link delay another: what has not answered by the
deadline keeps its last answer, whose age the device watch judges.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from controller.shell.clock import Clock
from plc_drivers.link import Link
from plc_drivers.outputs import PermittedOutputs


class ExchangeRound:
    """Kicks all links and waits until every one of them is idle again, or the deadline has come."""

    def __init__(self, links: Sequence[Link], clock: Clock) -> None:
        self._links = tuple(links)
        self._clock = clock
        self._open: set[int] = set()
        self._all_idle: asyncio.Future[None] | None = None
        for index, link in enumerate(self._links):
            link.on_idle = self._listener(index)

    async def run(self, outputs: PermittedOutputs | None, deadline_ns: int) -> None:
        """Write ``outputs`` (None: only read) and wait for the answers, at most until ``deadline_ns``.

        A link that is still busy with an earlier round is not waited for: it has used up its time, and takes the
        newest outputs along as soon as its wire is free.
        """
        self._open.clear()
        for index, link in enumerate(self._links):
            late_already = link.busy()
            link.exchange(outputs)
            if not late_already and link.busy():
                self._open.add(index)
        if self._open:
            await self._wait(deadline_ns)

    async def _wait(self, deadline_ns: int) -> None:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._all_idle = future
        timer = loop.call_later(max(0, deadline_ns - self._clock.monotonic_ns()) / 1e9, _resolve, future)
        try:
            await future
        finally:
            timer.cancel()
            self._all_idle = None

    def _listener(self, index: int) -> Callable[[], None]:
        def idle() -> None:
            self._open.discard(index)
            if not self._open and self._all_idle is not None:
                _resolve(self._all_idle)

        return idle


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
