"""A garage whose control process is killed: an emulated plant that lives on, and a controller that is started anew.

Owns both processes and the operator who brings the garage back to work after each death. Must never help the
controller: everything goes through its API, as an operator would.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cli.failure import Failure
from cli.garage_api import GarageApi
from cli.plant_control import PlantControl
from controller.config.load import save_config
from controller.config.models import GarageConfig

START_S = 90.0
POLL_S = 0.1


class StuckError(Exception):
    """Something did not come about in time."""


class Victim:
    """Use as a context manager; the plant runs inside, the controller between ``start`` and ``kill``.

    ``config`` must name ports that nobody else uses.
    """

    def __init__(self, config: GarageConfig, folder: Path, speed: float) -> None:
        self.config = config
        self.folder = folder
        self._speed = speed
        self._file = folder / "garage.json"
        self._plant: subprocess.Popen[bytes] | None = None
        self._controller: subprocess.Popen[bytes] | None = None
        self.plant = PlantControl(folder)
        self.api = GarageApi(f"http://127.0.0.1:{self.config.api.port}", timeout_s=5.0)

    def __enter__(self) -> Self:
        save_config(self.config, self._file)
        self._plant = self._spawn("emulate", "--speed", str(self._speed), "--control-port", "0")
        await_that(self.plant.answers, "the plant answers")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.api.close()
        for process in (self._controller, self._plant):
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def start(self) -> float:
        """A new control process, brought to automatic operation as its operator would; how long that took in s."""
        began = time.monotonic()
        await_that(self._is_port_free, "the address of the API is free")
        self._controller = self._spawn("run")
        await_that(self._is_listening, "the API listens")
        await_that(self._tells_of_every_plc, "every PLC answers")
        self._work_off()
        return time.monotonic() - began

    def kill(self) -> None:
        """SIGKILL, this instant."""
        if self._controller is not None:
            os.kill(self._controller.pid, signal.SIGKILL)
            self._controller.wait()
            self._controller = None

    def work_off(self) -> bool:
        """Look once at what is open and settle what a look at the machine settles; True when automatic runs."""
        try:
            for finding in self.api.get("/findings")["findings"]:
                known = {answer["id"] for answer in finding["answers"]}
                answer = next((one for one in ("finish", "clear") if one in known), None)
                if answer is not None:
                    self._try(f"/findings/{finding['id']}/answer", {"answer": answer, "person": "operator"})
            self._try("/devices/all/clear", None)
            self._try("/start", None)
            return bool(self.api.get("/snapshot")["mode"] == "automatic")
        except Failure:
            return False

    def _work_off(self) -> None:
        try:
            await_that(self.work_off, "automatic operation runs")
        except StuckError as stuck:
            raise StuckError(f"{stuck}: {self._what_keeps()}") from stuck

    def _what_keeps(self) -> str:
        """What the API says why automatic operation does not run."""
        try:
            snapshot, findings = self.api.get("/snapshot"), self.api.get("/findings")["findings"]
            self.api.post("/start", None)
        except Failure as failure:
            return f"{failure.code}: {failure}"
        return f"mode {snapshot['mode']}, findings {[one['id'] for one in findings]}"

    def _try(self, path: str, body: dict[str, Any] | None) -> None:
        try:
            self.api.post(path, body)
        except Failure as failure:
            if failure.code in {"API_UNREACHABLE", "API_SILENT"}:
                raise

    def _tells_of_every_plc(self) -> bool:
        try:
            devices = self.api.get("/devices")["devices"]
        except Failure:
            return False
        return bool(devices) and all(device["quality"] == "good" for device in devices)

    def _is_listening(self) -> bool:
        if self._controller is not None and self._controller.poll() is not None:
            raise StuckError(f"the control process ended with {self._controller.returncode}; see {self.folder}/run.log")
        return not self._is_port_free()

    def _is_port_free(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1.0)
            return probe.connect_ex(("127.0.0.1", self.config.api.port)) != 0

    def _spawn(self, command: str, *more: str) -> subprocess.Popen[bytes]:
        arguments = [sys.executable, "-m", "cli.main", command, "--config", str(self._file), "--state"]
        with (self.folder / f"{command}.log").open("ab") as log:
            return subprocess.Popen(
                [*arguments, str(self.folder), *more], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )


def await_that(condition: Callable[[], bool], what: str, within_s: float = START_S) -> None:
    """Wait for a condition.

    Raises:
        StuckError: it did not come about.
    """
    until = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > until:
            raise StuckError(f"not within {within_s:.0f} s: {what}")
        time.sleep(POLL_S)
