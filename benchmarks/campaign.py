"""How fast the campaign simulates: virtual time by the CPU time of one core, with the usual mix of faults and orders.

Each shipped garage, from the 8 places of the small tower to the 240 of the shuttle garage, so that the figures show how
it grows. ``seconds`` is the virtual time of each run in thousands of seconds.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

from benchmarks.figure import Figure
from cli.campaign.run import Run, Settings
from controller.config.load import load_config
from controller.garage import Layout

HOURS = 12.0
_SEED = 2026
_CONFIG = Path(__file__).parent.parent / "config"
_NAMES = ("tower-small", "tower-guangzhou", "garage-shuttle")


def run(seconds: float | None) -> list[Figure]:
    """Measure each garage with one seed."""
    logging.getLogger("sim_hardware").setLevel(logging.CRITICAL)
    hours = HOURS if seconds is None else max(0.5, seconds / 3.6)
    figures: list[Figure] = []
    for name in _NAMES:
        config = load_config(_CONFIG / f"{name}.toml")
        places = len(Layout(config).storage())
        began_s = time.process_time()
        outcome = Run(config, Settings(_SEED, hours)).run()
        cpu_s = time.process_time() - began_s
        if outcome.findings:
            raise RuntimeError(f"{name}: {outcome.findings[0]}")
        simulated_s = outcome.simulated_ms / 1000
        figures += [
            Figure("campaign", f"{name}_places", places, "places"),
            Figure("campaign", f"{name}_speed_x", round(simulated_s / cpu_s, 1), "x real"),
            Figure("campaign", f"{name}_hours_per_s", round(simulated_s / cpu_s / 3600, 4), "h/s CPU"),
            Figure("campaign", f"{name}_cpu_ms_per_s", round(1000 * cpu_s / simulated_s, 4), "ms CPU/s"),
            Figure("campaign", f"{name}_jumped_share", round(outcome.jumped_ms / outcome.simulated_ms, 4), "share"),
        ]
    return figures
