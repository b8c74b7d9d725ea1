"""Lateness of the scan cycle, idle and while HTTP clients drive the API at full speed.

The whole control process drives the PLCs of the largest shipped garage over Modbus TCP; PLCs, API and HTTP clients
are processes of their own. Idle and loaded halves take turns, so that the machine's other load meets both.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request

from benchmarks.bench_garage import CONFIG, line_of, ports_of, process
from benchmarks.figure import Figure

SECONDS = 600.0
"""Time under load; as long again is measured idle."""

TURN_S = 60.0
CONNECTIONS = 16
START_TIMEOUT_S = 60.0


def run(seconds: float | None) -> list[Figure]:
    """Measure for ``seconds`` under load (600 where None) and as long idle."""
    whole_s = seconds or SECONDS
    turns = max(1, round(whole_s / TURN_S))
    idle: list[dict[str, float]] = []
    loaded: list[dict[str, float]] = []
    answered = not_ok = 0
    with process("-m", "benchmarks.resting_plcs", str(CONFIG)) as plcs:
        port = free_port()
        arguments = ("-m", "benchmarks.cycle_controller", json.dumps(ports_of(plcs)), str(port))
        with process(*arguments) as controller:
            _wait_for_api(port)
            _mark(controller)
            for _ in range(turns):
                time.sleep(whole_s / turns)
                idle.append(_mark(controller))
                with process("-m", "benchmarks.http_clients", str(port), str(CONNECTIONS)) as clients:
                    time.sleep(whole_s / turns)
                    loaded.append(_mark(controller))
                    if clients.stdin is not None:
                        clients.stdin.close()
                    counted = json.loads(line_of(clients))
                _mark(controller)
                answered, not_ok = answered + counted["answered"], not_ok + counted["not_ok"]
    if not_ok:
        raise RuntimeError(f"{not_ok} of {answered} requests were not answered with 200: the load was not real")
    return [
        *_figures("idle", idle),
        *_figures("loaded", loaded),
        Figure("cycle", "http_requests_per_s", round(answered / whole_s), "1/s"),
    ]


def _figures(name: str, turns: list[dict[str, float]]) -> list[Figure]:
    """Sums and maxima are over all turns; a percentile is the worst turn's, which is never too good."""
    return [
        Figure("cycle", f"overruns_{name}", sum(turn["overruns"] for turn in turns), "cycles"),
        Figure("cycle", f"cycles_{name}", sum(turn["cycles"] for turn in turns), "cycles"),
        *(
            Figure("cycle", f"late_{which}_{name}_ms", round(max(turn[f"{which}_ms"] for turn in turns), 3), "ms")
            for which in ("p50", "p99", "max")
        ),
    ]


def _mark(controller: subprocess.Popen[str]) -> dict[str, float]:
    if controller.stdin is None:
        raise RuntimeError("the controller's process has no pipes")
    controller.stdin.write("mark\n")
    controller.stdin.flush()
    figures: dict[str, float] = json.loads(line_of(controller))
    return figures


def _wait_for_api(port: int) -> None:
    """Until the API answers from a snapshot, and two seconds more for the links to settle."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/vehicles", timeout=2):
                break
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            if time.monotonic() > deadline:
                raise RuntimeError("the API did not answer in time") from error
            time.sleep(0.1)
    time.sleep(2.0)


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
