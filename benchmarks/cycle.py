"""Lateness of the scan cycle, idle and while HTTP clients drive the API at full speed.

The whole control process drives the PLCs of the largest shipped garage over Modbus TCP; PLCs, API and HTTP clients
are processes of their own. Idle and loaded halves take turns, so that the machine's other load meets both.

A virtual machine that is not given its processors for some milliseconds makes any program late. So a witness on each
CPU, above the control process in priority, notes when the machine itself stood, and the figures tell how many of the
overruns fell together with that. They count as overruns all the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

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
    idle: list[Turn] = []
    loaded: list[Turn] = []
    answered = not_ok = 0
    with contextlib.ExitStack() as stack:
        plcs = stack.enter_context(process("-m", "benchmarks.resting_plcs", str(CONFIG)))
        witnesses = [stack.enter_context(process("-m", "benchmarks.stall_witness", str(cpu))) for cpu in _cpus()]
        port = free_port()
        arguments = ("-m", "benchmarks.cycle_controller", json.dumps(ports_of(plcs)), str(port))
        controller = stack.enter_context(process(*arguments))
        _wait_for_api(port)
        _turn(controller, witnesses)
        for _ in range(turns):
            time.sleep(whole_s / turns)
            idle.append(_turn(controller, witnesses))
            with process("-m", "benchmarks.http_clients", str(port), str(CONNECTIONS)) as clients:
                time.sleep(whole_s / turns)
                loaded.append(_turn(controller, witnesses))
                if clients.stdin is not None:
                    clients.stdin.close()
                counted = json.loads(line_of(clients))
            _turn(controller, witnesses)
            answered, not_ok = answered + counted["answered"], not_ok + counted["not_ok"]
    if not_ok:
        raise RuntimeError(f"{not_ok} of {answered} requests were not answered with 200: the load was not real")
    return [
        *_figures("idle", idle),
        *_figures("loaded", loaded),
        Figure("cycle", "http_requests_per_s", round(answered / whole_s), "1/s"),
    ]


@dataclass(frozen=True, slots=True)
class Turn:
    """One stretch of the measurement: the control process's figures, and when the machine itself stood, in s."""

    cycles: dict[str, float]
    overran: list[tuple[float, float, int]]
    stalls: list[tuple[float, float]]

    def overran_while_the_machine_stood(self) -> int:
        """Deadlines missed by cycles in which the machine stood for a tenth of a period or longer."""
        return sum(
            missed
            for first, last, missed in self.overran
            if sum(max(0.0, min(end, last) - max(begin, first)) for begin, end in self.stalls) >= STOOD_S
        )


STOOD_S = 0.002


def _cpus() -> list[int]:
    """The CPUs to watch; none where real-time priority is not to be had."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except OSError:
        return []
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return sorted(os.sched_getaffinity(0))


def _figures(name: str, turns: list[Turn]) -> list[Figure]:
    """Sums and maxima are over all turns; a percentile is the worst turn's, which is never too good."""
    stalls = [end - begin for turn in turns for begin, end in turn.stalls]
    return [
        Figure("cycle", f"overruns_{name}", sum(turn.cycles["overruns"] for turn in turns), "cycles"),
        Figure(
            "cycle",
            f"overruns_{name}_while_machine_stood",
            sum(turn.overran_while_the_machine_stood() for turn in turns),
            "cycles",
        ),
        Figure("cycle", f"cycles_{name}", sum(turn.cycles["cycles"] for turn in turns), "cycles"),
        *(
            Figure(
                "cycle", f"late_{which}_{name}_ms", round(max(turn.cycles[f"{which}_ms"] for turn in turns), 3), "ms"
            )
            for which in ("p50", "p99", "max")
        ),
        Figure("cycle", f"machine_stalls_{name}", len(stalls), "stalls above 2 ms"),
        Figure("cycle", f"machine_stall_max_{name}_ms", round(1000 * max(stalls, default=0.0), 3), "ms"),
    ]


def _turn(controller: subprocess.Popen[str], witnesses: list[subprocess.Popen[str]]) -> Turn:
    """What has been measured since the last call."""
    figures = _mark(controller)
    overran = figures.pop("overran")
    return Turn(figures, overran, [stall for witness in witnesses for stall in _mark(witness)])


def _mark(asked: subprocess.Popen[str]) -> Any:
    if asked.stdin is None:
        raise RuntimeError("a process of the benchmark has no pipes")
    asked.stdin.write("mark\n")
    asked.stdin.flush()
    return json.loads(line_of(asked))


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
