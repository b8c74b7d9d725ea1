"""The shortest story that leads to a failure: the fewest faults, and no more time than it needs.

Owns the search, which is delta debugging over the injected faults: the same seed is run again with some left out. Must
never call something the same failure that is of another kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from cli.campaign.checkers import Finding
from cli.campaign.run import Outcome, Run, Settings, first_kind
from controller.config.models import GarageConfig

_Item = TypeVar("_Item")

RUNS_MAX = 60
AT_THE_END = frozenset({"order-stuck", "never-well", "car-unreachable", "car-not-out", "car-lost", "car-moved"})
"""Kinds that show only after everything has healed: those runs cannot be broken off."""


@dataclass(frozen=True, slots=True)
class Story:
    """The settings that still fail, what happens in them, and how often it was tried."""

    settings: Settings
    finding: Finding
    outcome: Outcome
    runs: int

    def lines(self) -> list[str]:
        """For people: each fault, then the failure."""
        told = [one.told() for one in self.outcome.placed]
        return [*told, f"{self.finding.at_ms / 1000:.1f} s: {self.finding.kind}: {self.finding.text}"]


class Shortener:
    """Makes the story of one failed run shorter, within a number of runs."""

    def __init__(self, config: GarageConfig, outcome: Outcome, runs_max: int = RUNS_MAX) -> None:
        self._config = config
        self._kind = first_kind(outcome.findings)
        self._best = outcome
        self._runs = 0
        self._runs_max = runs_max

    def story(self) -> Story:
        """The shortest story that was found."""
        first = self._best
        finding = first.findings[0]
        names = [one.name for one in first.placed if one.at_ms <= finding.at_ms]
        base = first.settings
        if finding.kind not in AT_THE_END:
            base = replace(base, until_ms=finding.at_ms + 1000)
        kept = minimal(names, lambda some: self._fails(replace(base, only=frozenset(some))))
        settings = replace(base, only=frozenset(kept))
        if self._best is first:
            settings = first.settings
        return Story(settings, self._best.findings[0], self._best, self._runs)

    def _fails(self, settings: Settings) -> bool:
        if self._runs >= self._runs_max:
            return False
        self._runs += 1
        outcome = Run(self._config, settings).run()
        if first_kind(outcome.findings) != self._kind:
            return False
        self._best = outcome
        return True


def minimal(items: list[_Item], fails: Callable[[list[_Item]], bool]) -> list[_Item]:
    """Fewest ``items`` that still fail, none of which can be left out alone (Zeller's delta debugging)."""
    if not items or fails([]):
        return []
    parts = 2
    while len(items) >= 2:
        size = -(-len(items) // parts)
        pieces = [items[start : start + size] for start in range(0, len(items), size)]
        reduced = next((piece for piece in pieces if fails(piece)), None)
        if reduced is not None:
            items, parts = reduced, 2
            continue
        rest = next((r for piece in pieces if fails(r := [i for i in items if i not in piece])), None)
        if rest is not None:
            items, parts = rest, max(parts - 1, 2)
        elif parts >= len(items):
            break
        else:
            parts = min(len(items), parts * 2)
    return items
