"""The processes of the demonstration: the emulated plant and the controller with its API.

Owns their start, their logs and their end in the right order. Must never leave one behind.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

from cli.failure import Failure

CONTROLLER_END_S = 8.0
"""Time of the controller to bring all motion to a controlled stop and end."""

PLANT_END_S = 3.0
_LOG_LINES = 5
_PR_SET_PDEATHSIG = 1


class EndedError(Exception):
    """The demonstration was told to end."""


class Ending:
    """Whether SIGINT or SIGTERM has come; from then on every pause raises ``EndedError``."""

    def __init__(self) -> None:
        self.asked = False

    def listen(self) -> None:
        """Take over both signals; the first one asks for the end, further ones change nothing."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def pause(self, seconds: float) -> None:
        """Wait.

        Raises:
            EndedError: the end was asked for.
        """
        until = time.monotonic() + seconds
        while not self.asked and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))
        if self.asked:
            raise EndedError

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True


class Child:
    """One process of the demonstration, with its output in a log file."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter with our own arguments
                [sys.executable, "-m", "cli.main", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Of its own session, so that Ctrl-C reaches only the demonstration, which ends things in order.
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - this program has one thread when it starts children
            )

    def ensure_alive(self) -> None:
        """Do nothing while it lives.

        Raises:
            Failure: PROCESS_ENDED, with the last lines of its log.
        """
        code = self._process.poll()
        if code is not None:
            text = f"The {self.name} ended with exit code {code}: {self.last_lines()}"
            raise Failure("PROCESS_ENDED", text, f"The whole log is in {self.log}.")

    def last_lines(self) -> str:
        """The end of its log in one line."""
        with suppress(OSError):
            lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            return " | ".join(lines[-_LOG_LINES:])
        return ""

    def end(self, within_s: float) -> None:
        """Ask it to end, and kill it when it has not in time."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _end_with_parent() -> None:
    """Have the kernel end this child when the demonstration is killed; without Linux' prctl it simply lives on."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    os.umask(0o077)
