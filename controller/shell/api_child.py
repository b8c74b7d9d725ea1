"""The API process as a supervised child of the control process.

Owns its arguments, and how it is ended. Must never let anything about it reach the scan cycle: a
dead API is reported and started again, nothing else.
"""

from __future__ import annotations

import contextlib
import logging
import os
from asyncio.subprocess import Process
from collections.abc import Sequence
from pathlib import Path

from controller.shell.child import Child, ended_within

_log = logging.getLogger(__name__)

_BACK_OFF_S = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Pause before each restart; the last one repeats."""

_END_TIMEOUT_S = 2.0


def api_arguments(state_dir: Path, host: str, port: int, *, allow_hosts: Sequence[str] = ()) -> tuple[str, ...]:
    """Arguments of the interpreter that runs the API process; ``allow_hosts`` are other names that it answers to.

    The child is told whose child it is and ends with it: left over from a control process that was killed, it
    would hold the port against its successor.
    """
    own = str(os.getpid())
    names = tuple(part for name in allow_hosts for part in ("--allow-host", name))
    where = ("--state", str(state_dir), "--host", host, "--port", str(port), "--parent", own)
    return ("-m", "api.process", *where, *names)


class ApiChild(Child):
    """Keeps the API process alive until told to stop; then it is asked first, and killed after two seconds."""

    NAME = "api"
    NICE = 5  # whoever floods the API with requests gets slower answers, not the cycle's share of the processor
    STEADY_S = 30.0
    IS_SPOKEN_TO = False

    def __init__(self, arguments: Sequence[str], back_off_s: Sequence[float] = _BACK_OFF_S) -> None:
        super().__init__(arguments, back_off_s)

    async def _attend(self, process: Process) -> str:
        return f"exit {await process.wait()}"

    async def _end(self, process: Process) -> None:
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        if not await ended_within(process, _END_TIMEOUT_S):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await ended_within(process, _END_TIMEOUT_S)

    def _missed(self, why: str, pause_s: float) -> None:
        _log.error("API_ENDED it ended (%s); restart_in_s=%g: the cycle goes on", why, pause_s)
