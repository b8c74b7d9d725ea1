"""What a campaign came to: sums over its runs, and how they are told.

Owns the figures. Must never round a failure away.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from cli.campaign.mix import LEFT_OUT, MIX, excluded
from cli.campaign.worker import Done

_LOST = ("car-lost", "car-doubled", "car-moved", "car-unbooked")
_STUCK = ("order-stuck", "booking-stuck", "never-well", "car-unreachable", "car-not-out")
DAY_MS = 86_400_000


@dataclass(slots=True)
class Report:
    """Sums so far."""

    runs: int = 0
    simulated_ms: int = 0
    jumped_ms: int = 0
    cpu_s: float = 0.0
    orders: int = 0
    bookings: int = 0
    booked: Counter[str] = field(default_factory=Counter)
    fetched: int = 0
    begun_on_generator: int = 0
    injected: Counter[str] = field(default_factory=Counter)
    took: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    failures: list[dict[str, Any]] = field(default_factory=list)

    def add(self, done: Done) -> None:
        """A run has ended."""
        outcome = done.outcome
        self.runs += 1
        self.simulated_ms += outcome.simulated_ms
        self.jumped_ms += outcome.jumped_ms
        self.cpu_s += done.cpu_s
        self.orders += outcome.orders
        self.bookings += outcome.bookings
        self.booked.update(outcome.booked)
        self.fetched += outcome.fetched
        self.begun_on_generator += outcome.begun_on_generator
        self.injected.update(outcome.injected)
        self.took.update(outcome.took)
        self.ended.update(outcome.ended)
        self.kinds.update(finding.kind for finding in outcome.findings)

    @property
    def speed_x(self) -> float:
        """Simulated time by the CPU time of one core."""
        return self.simulated_ms / 1000 / self.cpu_s if self.cpu_s else 0.0

    def as_json(self) -> dict[str, Any]:
        """The document that ``--json`` ends with."""
        return {
            "garage_days": round(self.simulated_ms / DAY_MS, 3),
            "violations": sum(n for kind, n in self.kinds.items() if kind not in {*_LOST, *_STUCK}),
            "cars_lost": sum(self.kinds[kind] for kind in _LOST),
            "orders_stuck": sum(self.kinds[kind] for kind in _STUCK),
            "speed_x": round(self.speed_x, 1),
            "simulated_hours_per_s": round(self.speed_x / 3600, 3),
            "runs": self.runs,
            "jumped_share": round(self.jumped_ms / self.simulated_ms, 3) if self.simulated_ms else 0.0,
            "orders": {"asked": self.orders, **self.ended},
            "bookings": {"asked": self.bookings, **self.booked},
            "cars_fetched": self.fetched,
            "drives_begun_on_generator": self.begun_on_generator,
            "faults": {
                kind.value: {"injected": self.injected[kind.value], "took_effect": self.took[kind.value]}
                for kind in MIX
            },
            "findings": dict(self.kinds),
            "failures": self.failures,
            "never_lied_about": excluded(),
            "not_drawn": {kind.value: why for kind, why in LEFT_OUT.items()},
        }

    def lines(self) -> list[str]:
        """For people."""
        told = self.as_json()
        figures = ("garage_days", "violations", "cars_lost", "orders_stuck", "speed_x")
        drawn = sum(self.injected.values())
        return [
            ", ".join(f"{name} {told[name]}" for name in figures),
            f"{self.orders} orders, {self.fetched} cars fetched; {drawn} faults, {sum(self.took.values())} took effect",
            *(f"  {kind:<18} {n['injected']:>6} injected {n['took_effect']:>6} took effect"
              for kind, n in told["faults"].items()),
        ]  # fmt: skip
