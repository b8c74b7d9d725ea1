"""``python -m benchmarks [NAME ...] [--json] [--seconds N]``: run benchmarks, print figures, compare with targets.

Owns the list of benchmarks and the targets of their figures. Must never measure: each module does that.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import cast

from benchmarks.figure import Figure

Run = Callable[[float | None], list[Figure]]

MODULES: Mapping[str, tuple[str, ...]] = {
    "exchange": ("benchmarks.exchange_modbus", "benchmarks.exchange_opcua"),
    "cycle": ("benchmarks.cycle",),
    "reaction": ("benchmarks.reaction",),
    "stop": ("benchmarks.stop",),
    "evaluation": ("benchmarks.evaluation",),
    "footprint": ("benchmarks.footprint",),
    "recovery": ("benchmarks.recovery",),
    "campaign": ("benchmarks.campaign",),
    "black-box": ("benchmarks.black_box",),
    "month": ("benchmarks.month",),
    "dispatch": ("benchmarks.dispatch",),
    "days": ("benchmarks.days",),
}
"""The modules of each benchmark; each has ``run(seconds)`` and returns its figures."""


@dataclass(frozen=True, slots=True)
class Target:
    """A limit of a figure: a number, or what other figures of the same run make of it; the largest value it may have,
    or the least where ``is_least``.
    """

    words: str
    limit: Callable[[Mapping[str, float]], float | None]
    is_least: bool = False


def _at_most(value: float) -> Target:
    return Target(f"at most {value:g}", lambda _figures: value)


def _at_least(value: float) -> Target:
    return Target(f"at least {value:g}", lambda _figures: value, is_least=True)


def _loaded_lateness(figures: Mapping[str, float]) -> float | None:
    idle = figures.get("late_p99_idle_ms")
    return None if idle is None else 2 * idle + 1


TARGETS: Mapping[tuple[str, str], Target] = {
    ("exchange", "ratio_to_libmodbus"): _at_most(1.0),
    ("exchange", "exchange_slow_plc_ms"): _at_most(15.0),
    ("exchange", "ratio_to_bare_asyncua"): _at_most(1.1),
    ("cycle", "overruns_idle"): _at_most(0),
    ("cycle", "overruns_loaded"): _at_most(0),
    ("cycle", "late_p99_loaded_ms"): Target("at most 2 x late_p99_idle_ms + 1", _loaded_lateness),
    ("reaction", "p99_periods"): _at_most(1.5),
    ("stop", "plcs8_worst_p99_periods"): _at_most(1.5),
    ("stop", "plcs32_worst_p99_periods"): _at_most(1.5),
    ("recovery", "start_ready_s"): _at_most(2.0),
    ("evaluation", "shuttle_all_changed_p99_us"): _at_most(1000),
    ("evaluation", "ratio_four_times_the_places"): _at_most(1.25),
    ("campaign", "tower-guangzhou_cpu_ms_per_s"): _at_most(1.0),
    ("month", "growth_ratio"): _at_most(1.1),
    ("dispatch", "ratio_to_optimum_tower"): _at_most(1.01),
    ("dispatch", "ratio_to_optimum_shuttle"): _at_most(1.03),
    ("dispatch", "worst_ratio_tower"): _at_most(1.05),
    ("dispatch", "worst_ratio_shuttle"): _at_most(1.12),
    ("dispatch", "online_ratio_tower"): _at_most(1.05),
    ("dispatch", "online_ratio_shuttle"): _at_most(1.15),
    ("dispatch", "load95_ratio_tower"): _at_most(0.32),
    ("dispatch", "load95_ratio_shuttle"): _at_most(0.40),
    ("dispatch", "saturation_max_wait_ratio_tower"): _at_most(1.1),
    ("dispatch", "saturation_max_wait_ratio_shuttle"): _at_most(1.1),
    ("dispatch", "retail_ratio_tower"): _at_most(0.45),
    ("dispatch", "retail_ratio_shuttle"): _at_most(0.44),
    ("dispatch", "commuter_ratio_tower"): _at_most(0.43),
    ("dispatch", "commuter_ratio_shuttle"): _at_most(0.41),
    ("dispatch", "saturation_of_ceiling_tower"): _at_least(0.95),
    ("dispatch", "saturation_of_ceiling_shuttle"): _at_least(0.97),
    ("days", "locked_up"): _at_most(0),
    ("dispatch", "decision_p99_ms"): _at_most(20),
    ("dispatch", "decision_p99_ms_double"): _at_most(20),
    ("dispatch", "retail_ratio_double"): _at_most(0.42),
    ("dispatch", "commuter_ratio_double"): _at_most(0.42),
    ("dispatch", "load95_ratio_double"): _at_most(0.42),
    ("dispatch", "saturation_of_ceiling_double"): _at_least(0.97),
    ("dispatch", "saturation_max_wait_ratio_double"): _at_most(1.1),
    ("evaluation", "ratio_per_plc_at_four_times_the_plcs"): _at_most(1.5),
}
"""Figures without a target are reported for comparison only."""


def verdict(figure: Figure, values: Mapping[str, float]) -> str:
    """``ok``, or ``MISSED`` with the target, or empty for a figure that has none."""
    target = TARGETS.get((figure.bench, figure.figure))
    if target is None:
        return ""
    limit = target.limit(values)
    if limit is None:
        return f"not judged ({target.words})"
    holds = figure.value >= limit if target.is_least else figure.value <= limit
    return f"ok ({target.words})" if holds else f"MISSED ({target.words})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for: 0 when every figure was measured and none misses its target, else 1."""
    options = _parser().parse_args(arguments)
    whole = True
    for name in options.names or MODULES:
        figures, complete = _measure(name, options.seconds)
        whole &= complete
        values = {figure.figure: figure.value for figure in figures}
        for figure in figures:
            sys.stdout.write(json.dumps(asdict(figure)) + "\n")
        sys.stdout.flush()
        lines = [_row(figure, verdict(figure, values)) for figure in figures]
        whole &= not any("MISSED" in line for line in lines)
        # With --json, standard output holds nothing but JSON lines.
        (sys.stderr if options.json else sys.stdout).write("\n".join(["", *lines, ""]) + "\n")
    return 0 if whole else 1


def _measure(name: str, seconds: float | None) -> tuple[list[Figure], bool]:
    figures: list[Figure] = []
    complete = True
    for module in MODULES[name]:
        try:
            run = cast("Run", importlib.import_module(module).run)
        except ModuleNotFoundError as error:
            sys.stderr.write(f"{module} cannot be loaded ({error}); nothing was measured\n")
            complete = False
            continue
        sys.stderr.write(f"{module} is measuring ...\n")
        figures += run(seconds)
    return figures, complete


def _row(figure: Figure, judged: str) -> str:
    peer = "" if figure.peer is None else f"against {figure.peer}"
    return f"{figure.bench:<10} {figure.figure:<28} {figure.value:>12.4g} {figure.unit:<9} {peer:<28} {judged}".rstrip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure this controller.")
    parser.add_argument(
        "names", nargs="*", type=_known, metavar="NAME", help=f"any of {', '.join(MODULES)}; all if left out"
    )
    parser.add_argument("--json", action="store_true", help="only JSON lines on standard output; the table on stderr")
    parser.add_argument("--seconds", type=_seconds, default=None, help="length of a run, where it can be chosen")
    return parser


def _known(name: str) -> str:
    if name not in MODULES:
        raise argparse.ArgumentTypeError(f"there is no benchmark {name!r}; there are {', '.join(MODULES)}")
    return name


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 86_400:
        raise argparse.ArgumentTypeError("give a time above 0 and below 86400 seconds")
    return value


if __name__ == "__main__":
    sys.exit(main())
