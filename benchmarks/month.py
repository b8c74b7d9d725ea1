"""Whether the controller's memory grows over a month of operation, in virtual time with the usual faults and orders.

What counts is what the controller's own objects take: core, safety's memory, gate and device watches, everything that
can be reached from them. The emulated plant and the virtual disk, which keeps every event, are no part of it. It is
compared after some days, when every bounded book has filled, and after the month. ``seconds`` is the virtual time in
thousands of seconds.
"""

from __future__ import annotations

import gc
import logging
import sys
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

from benchmarks.figure import Figure
from cli.campaign.mix import OwnFault
from cli.campaign.run import Run, Settings
from controller.config.load import load_config
from controller.config.models import GarageConfig

DAYS = 30
EARLY_DAY = 15
"""By then the book of ended orders, which keeps 500, is full."""
_SEED = 2026
_CONFIG = Path(__file__).parent.parent / "config"
_DAY_MS = 86_400_000
_SHARED = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)


class _Watched(Run):
    """A run of the campaign's first phase that is looked at once a day, and in which the controller is never killed."""

    def __init__(self, config: GarageConfig, settings: Settings) -> None:
        super().__init__(config, settings)
        self._planned = [one for one in self._planned if one.kind is not OwnFault.KILL]

    @property
    def orders(self) -> int:
        """Orders that customers have placed so far."""
        return self._customers.orders

    def measure(self, days: float) -> list[int]:
        """Bytes that the controller takes at the end of each day."""
        sizes: list[int] = []
        length_ms = round(days * _DAY_MS)
        step_ms = min(_DAY_MS, length_ms)
        for end_ms in range(step_ms, length_ms + 1, step_ms):
            while self.garage.now_ms < end_ms and not self.outcome.findings:
                self._inject_due()
                if self.garage.now_ms >= self._customers.due_ms and self.garage.alive:
                    self._customers.act()
                self._pass(end_ms)
            if self.outcome.findings:
                raise RuntimeError(str(self.outcome.findings[0]))
            garage = self.garage
            sizes.append(_reachable([garage.core, garage.memory, garage.gate, garage.watches], without=[garage.layout]))
        return sizes


def run(seconds: float | None) -> list[Figure]:
    """Measure the small tower, in which a month is simulated soonest."""
    logging.getLogger("sim_hardware").setLevel(logging.CRITICAL)
    days = DAYS if seconds is None else max(0.1, seconds / 86.4)
    config = load_config(_CONFIG / "tower-small.toml")
    watched = _Watched(config, Settings(_SEED, days * 24))
    sizes = watched.measure(days)
    early = sizes[min(EARLY_DAY, len(sizes)) - 1]
    latest = max(sizes[-5:])
    events = watched.garage.disk.durable_seq
    return [
        Figure("month", "days", days, "days"),
        Figure("month", "events", events, "events"),
        Figure("month", "orders", watched.orders, "orders"),
        Figure("month", "early_kb", round(early / 1000, 1), "kB"),
        Figure("month", "latest_kb", round(latest / 1000, 1), "kB"),
        Figure("month", "growth_ratio", round(latest / early, 3), "ratio", f"day {min(EARLY_DAY, len(sizes))}"),
    ]


def _reachable(roots: list[object], without: list[object]) -> int:
    """Bytes of all objects that can be reached from ``roots`` but not through ``without``."""
    seen = {id(one) for one in without}
    waiting = list(roots)
    total = 0
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, _SHARED):
            continue
        seen.add(id(one))
        total += sys.getsizeof(one)
        waiting.extend(gc.get_referents(one))
    return total
