"""The controller's side of the cycle benchmark: the whole control process, with every cycle's lateness kept.

Usage: python -m benchmarks.cycle_controller PORTS_JSON API_PORT
Reads commands by line: ``mark`` prints a JSON line with the figures since the last mark, end of input ends it
regularly. Nothing is taken out of the control process for the measurement, and its API is a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import tempfile
from pathlib import Path

import uvloop

from benchmarks.bench_garage import CONFIG, on_ports
from controller.shell.pace import Pace
from controller.shell.priority import raise_priority
from controller.shell.run import run

SLOT_US = 10
"""Lateness is counted in slots of 10 us, only those that came: telling the figures must not make a cycle late."""

OVERRAN_KEPT_MAX = 1000


class CountingPace(Pace):
    """A pace that counts how often each lateness came, and since the last mark."""

    __slots__ = ("_counts", "_overran", "_overruns_at_mark")

    def __init__(self, period_ms: int) -> None:
        super().__init__(period_ms)
        self._counts: dict[int, int] = {}
        self._overran: list[tuple[float, float, int]] = []
        self._overruns_at_mark = 0

    def begin(self, now_ns: int) -> None:
        """Count this cycle's lateness as well."""
        slot = max(0, now_ns - self.due_ns) // (1000 * SLOT_US)
        self._counts[slot] = self._counts.get(slot, 0) + 1
        super().begin(now_ns)

    def end(self, now_ns: int) -> int:
        """Keep when the cycles that overran were due and ended as well."""
        due_ns = self.due_ns
        missed = super().end(now_ns)
        if missed and len(self._overran) < OVERRAN_KEPT_MAX:
            self._overran.append((due_ns / 1e9, now_ns / 1e9, missed))
        return missed

    def mark(self) -> dict[str, float | list[tuple[float, float, int]]]:
        """Figures since the last mark, lateness in ms, overrun cycles as (due, ended) in s with how many
        deadlines each missed; begins a new count.
        """
        overran, self._overran = self._overran, []
        counts, self._counts = sorted(self._counts.items()), {}
        overruns, self._overruns_at_mark = self.overruns - self._overruns_at_mark, self.overruns
        return {
            "cycles": sum(count for _, count in counts),
            "overruns": overruns,
            "p50_ms": _quantile(counts, 0.5),
            "p99_ms": _quantile(counts, 0.99),
            "max_ms": _quantile(counts, 1.0),
            "overran": overran,
        }


def _quantile(counts: list[tuple[int, int]], share: float) -> float:
    """Upper bound of the slot in which the given share of all cycles is reached."""
    wanted = share * sum(count for _, count in counts)
    passed = 0
    for slot, count in counts:
        passed += count
        if passed >= wanted:
            return (slot + 1) * SLOT_US / 1000
    return 0.0


async def main(ports: dict[str, int], api_port: int, state_dir: Path) -> None:
    """Run the control process until standard input ends."""
    config = on_ports(CONFIG, ports)
    pace = CountingPace(config.controller.period_ms)
    loop = asyncio.get_running_loop()
    running = asyncio.create_task(
        run(config, state_dir, api=True, host="127.0.0.1", port=api_port, signals=False, pace=pace)
    )

    def on_command() -> None:
        if sys.stdin.readline():
            sys.stdout.write(json.dumps(pace.mark()) + "\n")
            sys.stdout.flush()
        else:
            loop.remove_reader(sys.stdin.fileno())
            running.cancel()

    loop.add_reader(sys.stdin.fileno(), on_command)
    await asyncio.wait({running})


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    raise_priority()
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(json.loads(sys.argv[1]), int(sys.argv[2]), Path(folder)))
