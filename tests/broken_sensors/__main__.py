"""``python -m tests.broken_sensors``: break every sensor in every way over the real protocols, and say what came of it.

Owns the command line. Exits 0 when every fault was shown, the plant saw no violation, and what stopped is what the
matrix says; else 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from controller.config.load import load_config
from plc_drivers.opcua.link import quieten_library
from tests.broken_sensors import campaign
from tests.broken_sensors.cases import Mode

CONFIG = Path(__file__).parents[2] / "config" / "tower-guangzhou.toml"
"""The shipped garage in which Modbus TCP, Modbus RTU and OPC UA meet."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; the exit code."""
    options = _parser().parse_args(arguments)
    config = load_config(options.config)
    matrix, cases = campaign.plan(config)
    wanted = campaign.chosen(cases, options.only, options.mode)
    if options.list:
        sys.stdout.write("".join(f"{case.name}\n" for case in wanted))
        return 0
    logging.disable(logging.WARNING)
    quieten_library()
    results = campaign.Results.of(options.out)
    running = campaign.run(config, matrix, wanted, results, options.speed, lambda text: _tell(f"{text}\n"))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(running)
    summary = results.summary(matrix)
    if options.json:
        sys.stdout.write(json.dumps(summary) + "\n")
    else:
        sys.stdout.write("".join(f"{name}: {value}\n" for name, value in summary.items()))
    bad = summary["violations"] or summary["mismatches"] or summary["not_shown"] or summary["not_recovered"]
    return 1 if bad else 0


def _tell(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.broken_sensors",
        description="Break every sensor that an interlock reads, in a running garage over its real protocols.",
        epilog="Example: python -m tests.broken_sensors --only lift1. --mode stuck --out findings.jsonl --json",
    )
    parser.add_argument("--config", type=Path, default=CONFIG, help="the garage (tower-guangzhou if left out)")
    parser.add_argument("--speed", type=float, default=20.0, help="time factor of the plant (20 if left out)")
    parser.add_argument("--only", action="append", default=[], metavar="TAG", help="cases whose name begins so")
    parser.add_argument("--mode", action="append", default=[], choices=[mode.value for mode in Mode])
    parser.add_argument("--out", type=Path, help="file of results; cases that are in it already are not run again")
    parser.add_argument("--list", action="store_true", help="only list the cases")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON; progress goes to stderr")
    return parser


if __name__ == "__main__":
    sys.exit(main())
