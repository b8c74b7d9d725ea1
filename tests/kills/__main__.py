"""``python -m tests.kills``: kill the real control process over and over, and say whether anything was lost."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from controller.config.endpoints import with_endpoints
from controller.config.load import load_config
from tests.free_ports import free_port
from tests.kills.campaign import run

CONFIG = Path(__file__).parents[2] / "config" / "tower-small.toml"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.kills",
        description="SIGKILL the control process at random instants, over real sockets.",
        epilog="Example: python -m tests.kills --kills 1000 --json",
    )
    parser.add_argument("--config", type=Path, default=CONFIG, help="the garage (tower-small if left out)")
    parser.add_argument("--kills", type=int, default=100, help="how many times (100 if left out)")
    parser.add_argument("--seed", type=int, default=1, help="where chance begins")
    parser.add_argument("--speed", type=float, default=20.0, help="time factor of the plant (20 if left out)")
    parser.add_argument("--json", action="store_true", help="print the report as JSON; progress goes to stderr")
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="kills-"))
    report = run(
        # Not the shipped ports, though they were free: whoever else starts a shipped garage would take this plant over.
        with_endpoints(load_config(options.config), lambda _host, _port: free_port()),
        folder,
        kills=options.kills,
        seed=options.seed,
        speed=options.speed,
        tell=lambda text: sys.stderr.write(f"{text}\n"),
    )
    if report.wrong:
        sys.stderr.write(f"journal, recordings and logs are kept in {folder}\n")
    else:
        shutil.rmtree(folder)
    if options.json:
        sys.stdout.write(json.dumps(report.as_json()) + "\n")
    else:
        sys.stdout.write("".join(f"{name}: {value}\n" for name, value in report.as_json().items()))
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
