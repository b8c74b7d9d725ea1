"""A process that belongs to the control process: started, started again with back-off when it ends, and ended.

Owns its life and its place in the queue for the processor. What is said to it and what its end means is the heirs'
matter. Must never let anything about it reach the scan cycle.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from abc import ABC, abstractmethod
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from typing import ClassVar


class Child(ABC):
    """Keeps one interpreter alive with the given arguments, from ``start`` until told to stop."""

    NAME: ClassVar[str]
    NICE: ClassVar[int]
    """How far it stands behind the cycle when the processor is short."""
    STEADY_S: ClassVar[float]
    """A child that lived so long has worked: the back-off begins anew."""
    IS_SPOKEN_TO: ClassVar[bool]
    """Its input and output are pipes to the control process."""

    def __init__(self, arguments: Sequence[str], back_off_s: Sequence[float]) -> None:
        self._arguments = tuple(arguments)
        self._back_off_s = tuple(back_off_s)
        self._process: Process | None = None
        self._task: asyncio.Task[None] | None = None
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """Process id of the child that lives now."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the child and its supervision; call inside the running loop. Repeated calls do nothing."""
        if self._task is None:
            self._task = asyncio.create_task(self._supervise(), name=f"{self.NAME}-child")

    async def stop(self) -> None:
        """End the child."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    @abstractmethod
    async def _attend(self, process: Process) -> str:
        """Stay with the child while it lives; how it ended."""

    @abstractmethod
    async def _end(self, process: Process) -> None:
        """Let nothing be left of the child, whether it has ended by itself or not."""

    @abstractmethod
    def _missed(self, why: str, pause_s: float) -> None:
        """It has ended, and is started again after a pause."""

    async def _supervise(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            why = await self._live()
            failures = 1 if loop.time() - began > self.STEADY_S else failures + 1
            pause_s = self._back_off_s[min(failures, len(self._back_off_s)) - 1]
            self._missed(why, pause_s)
            await asyncio.sleep(pause_s)

    async def _live(self) -> str:
        """Run the child once; how it ended."""
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self._arguments,
                stdin=PIPE if self.IS_SPOKEN_TO else DEVNULL,
                stdout=PIPE if self.IS_SPOKEN_TO else None,
                # Of its own session, so that Ctrl-C reaches only the parent, which ends things in their order.
                start_new_session=True,
            )
        except OSError as error:
            return f"could not be started ({error})"
        self._process = process
        self.starts += 1
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, process.pid, self.NICE)
        try:
            return await self._attend(process)
        finally:
            self._process = None
            await self._end(process)


async def ended_within(process: Process, seconds: float) -> bool:
    """Wait for the end of a process; False when it has not come in time."""
    waiting = asyncio.ensure_future(process.wait())
    done, _ = await asyncio.wait({waiting}, timeout=seconds)
    return bool(done)
