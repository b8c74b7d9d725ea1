"""Memory and start time of ``garagectl run``, for both garages.

Measured from outside, as an operator would see it: resident memory of the control process and of its API process
once the API answers from a snapshot and has been left alone for a while, and the time until it answers the first
time. The PLCs are absent, which is the slowest start there is.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks.cycle import free_port
from benchmarks.figure import Figure

GARAGES = {"tower": "tower-guangzhou", "shuttle": "garage-shuttle"}
SETTLE_S = 5.0
"""How long it runs before its memory is read, where no time is given."""

START_TIMEOUT_S = 60.0
_CONFIG = Path(__file__).parent.parent / "config"


def run(seconds: float | None) -> list[Figure]:
    """Start each garage once on a new state directory and once more on the same one."""
    figures: list[Figure] = []
    for name, config in GARAGES.items():
        folder = tempfile.mkdtemp(prefix="garage-")
        try:
            first_s, _, _ = _measure(config, folder, 0.0)
            again_s, control_mb, api_mb = _measure(config, folder, seconds or SETTLE_S)
        finally:
            shutil.rmtree(folder)
        figures += [
            Figure("footprint", f"{name}_first_start_s", round(first_s, 2), "s"),
            Figure("footprint", f"{name}_start_s", round(again_s, 2), "s"),
            Figure("footprint", f"{name}_control_rss_mb", round(control_mb, 1), "MB"),
            Figure("footprint", f"{name}_api_rss_mb", round(api_mb, 1), "MB"),
        ]
    return figures


def _measure(config: str, state: str, settle_s: float) -> tuple[float, float, float]:
    """Seconds until the API answered, and the resident megabytes of control process and API process."""
    port = free_port()
    began = time.monotonic()
    command = ["-m", "cli.main", "run", "--config", str(_CONFIG / f"{config}.toml"), "--state", state]
    child = subprocess.Popen(  # noqa: S603 - our own interpreter with our own arguments
        [sys.executable, *command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for_api(port, child)
        started_s = time.monotonic() - began
        time.sleep(settle_s)
        return started_s, resident_mb(child.pid), sum(resident_mb(pid) for pid in _children(child.pid))
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(20)


def _wait_for_api(port: int, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/vehicles", timeout=2):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            if child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"garagectl run did not come up (exit code {child.poll()})") from error
            time.sleep(0.02)


def resident_mb(pid: int) -> float:
    """Resident memory of one process, shared pages included."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} shows no resident memory")


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
