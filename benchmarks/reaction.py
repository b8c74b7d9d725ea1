"""From an emergency stop in the safety PLC to the dropped permits in every other PLC.

The PLCs live in one process, so that one clock sees both ends. Each press comes at a random moment of the cycle.
"""

from __future__ import annotations

import json

from benchmarks.bench_garage import CONFIG, line_of, ports_of, process
from benchmarks.figure import Figure
from benchmarks.resting_plcs import DONE
from controller.config.load import load_config

SECONDS = 60.0


def run(seconds: float | None) -> list[Figure]:
    """Press for ``seconds`` (60 where None); every press takes about a third of a second."""
    period_us = load_config(CONFIG).controller.period_ms * 1000
    reactions: list[int] = []
    held = 0
    wanted = ("-m", "benchmarks.resting_plcs", str(CONFIG), "--stops", str(seconds or SECONDS))
    with process(*wanted) as plcs:
        ports = ports_of(plcs)
        with process("-m", "benchmarks.reaction_controller", json.dumps(ports)):
            while (line := line_of(plcs).strip()) != DONE:
                _, reaction_us, count = line.split()
                reactions.append(int(reaction_us))
                held = max(held, int(count))
    if not reactions:
        raise RuntimeError("no permit was ever granted: nothing was measured")
    reactions.sort()
    return [
        _figure("p50_periods", reactions[len(reactions) // 2] / period_us, "periods"),
        _figure("p99_periods", reactions[min(len(reactions) - 1, len(reactions) * 99 // 100)] / period_us, "periods"),
        _figure("max_periods", reactions[-1] / period_us, "periods"),
        _figure("stops", len(reactions), "presses"),
        _figure("plcs", held, "PLCs"),
    ]


def _figure(name: str, value: float, unit: str) -> Figure:
    return Figure("reaction", name, round(value, 3), unit)
