"""Starts, orders, freezes and kills the stand-in PLC."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[3]


class StandInProcess:
    """The stand-in as a process; use as a context manager."""

    def __init__(self, devices: dict[str, tuple[str, int]], **options: Any) -> None:
        self._options = {"devices": devices, **options}
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.kill()

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}"

    @property
    def runs(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """Start it, on the port that it had before."""
        command = [sys.executable, "-m", "tests.plc_drivers.opcua.stand_in", json.dumps(self._options)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            self.port = self._options["port"] = self._line()["port"]
        except RuntimeError:
            self.kill()
            raise

    def kill(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.wait(10)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None

    def freeze(self) -> None:
        """Stop the whole process: the sockets stay open, nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def order(self, do: str, path: str = "", value: Any = None, code: str = "Good") -> Any:
        if self._process is None or self._process.stdin is None:
            raise RuntimeError("the stand-in does not run")
        self._process.stdin.write(json.dumps({"do": do, "path": path, "value": value, "code": code}) + "\n")
        self._process.stdin.flush()
        return self._line()

    def _signal(self, number: int) -> None:
        if self._process is not None:
            os.kill(self._process.pid, number)

    def _line(self) -> Any:
        if self._process is None or self._process.stdout is None:
            raise RuntimeError("the stand-in does not run")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the stand-in died")
        return json.loads(line)
