"""The API process as a supervised child of the control process.

Owns its start, its restart with back-off, and its end. Must never let anything about it reach the scan cycle: a
dead API is reported and started again, nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

_log = logging.getLogger(__name__)

_BACK_OFF_S = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Pause before each restart; the last one repeats."""

_STEADY_S = 30.0
"""A child that lived so long has worked: the back-off begins anew."""

_END_TIMEOUT_S = 2.0
_NICE = 5


def api_arguments(state_dir: Path, host: str, port: int, *, allow_hosts: Sequence[str] = ()) -> tuple[str, ...]:
    """Arguments of the interpreter that runs the API process; ``allow_hosts`` are other names that it answers to.

    The child is told whose child it is and ends with it: left over from a control process that was killed, it
    would hold the port against its successor.
    """
    own = str(os.getpid())
    names = tuple(part for name in allow_hosts for part in ("--allow-host", name))
    where = ("--state", str(state_dir), "--host", host, "--port", str(port), "--parent", own)
    return ("-m", "api.process", *where, *names)


class ApiChild:
    """Keeps one child process alive until told to stop."""

    def __init__(self, arguments: Sequence[str], back_off_s: Sequence[float] = _BACK_OFF_S) -> None:
        self._arguments = tuple(arguments)
        self._back_off_s = tuple(back_off_s)
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """Process id of the child that lives now."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the child and its supervision; call inside the running loop."""
        self._task = asyncio.create_task(self._supervise(), name="api-child")

    async def stop(self) -> None:
        """End the child: asked first, killed after two seconds."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    async def _supervise(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            code = await self._live()
            failures = 0 if loop.time() - began > _STEADY_S else failures + 1
            pause_s = self._back_off_s[min(max(failures - 1, 0), len(self._back_off_s) - 1)]
            _log.error("API_ENDED exit=%s restart_in_s=%s: the API process ended; the cycle goes on", code, pause_s)
            await asyncio.sleep(pause_s)

    async def _live(self) -> int | None:
        """Run the child once until it ends; None when it could not be started."""
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self._arguments,
                stdin=asyncio.subprocess.DEVNULL,
                # Of its own session, so that Ctrl-C reaches only the parent, which ends things in their order.
                start_new_session=True,
            )
        except OSError as error:
            _log.error("API_NOT_STARTED: %s", error)
            return None
        self._process = process
        self.starts += 1
        with contextlib.suppress(ProcessLookupError):
            # Whoever floods the API with requests gets slower answers, not the cycle's share of the processor.
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
        try:
            return await process.wait()
        finally:
            if process.returncode is None:
                await _end(process)
            self._process = None


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    waiting = asyncio.ensure_future(process.wait())
    done, _ = await asyncio.wait({waiting}, timeout=_END_TIMEOUT_S)
    if not done:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await asyncio.wait({waiting}, timeout=_END_TIMEOUT_S)
