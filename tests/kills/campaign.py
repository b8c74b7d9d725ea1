"""Kill after kill: orders, a death at a random instant, a look from outside, a new start.

Owns the sequence; everything random comes from one seed, but for what the real clock brings.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cli.failure import Failure
from controller.config.models import GarageConfig
from tests.kills import judge
from tests.kills.victim import StuckError, Victim, await_that

OPEN_MAX = 3
LIFE_S_MAX = 4.0
"""Longest life of a control process at work; at twenty times the speed that is more than a whole order."""

END_S = 300.0


@dataclass(slots=True)
class Report:
    """What came of it. ``wrong`` is empty when nothing was lost."""

    kills: int = 0
    orders_accepted: int = 0
    orders_done: int = 0
    commands_checked: int = 0
    violations: int = 0
    start_s_max: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The report's figures."""
        return asdict(self)


def run(
    config: GarageConfig, folder: Path, *, kills: int, seed: int, speed: float, tell: Callable[[str], object]
) -> Report:
    """Kill the control process so many times."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    report, accepted = Report(), set[str]()
    cars = {car.id for car in config.vehicles}
    with Victim(config, folder, speed) as victim:
        for number in range(1, kills + 1):
            if not _live_and_die(victim, chance, report, accepted):
                break
            verdict = judge.Verdict()
            judge.unrecorded(victim.config, folder, verdict)
            verdict.add(judge.known(folder, accepted))
            verdict.add(judge.cars(victim.plant.world(), cars))
            _count(victim, report, verdict)
            report.kills = number
            tell(
                f"{number}/{kills}: {len(accepted)} orders, {report.commands_checked} commands, {report.wrong or 'ok'}"
            )
            if report.wrong:
                break
        if not report.wrong:
            _come_to_rest(victim, report)
    report.orders_accepted = len(accepted)
    return report


def _live_and_die(victim: Victim, chance: random.Random, report: Report, accepted: set[str]) -> bool:
    """One life: start, order, work for a random time, die. False when it could not be brought to work again."""
    try:
        report.start_s_max = max(report.start_s_max, round(victim.start(), 1))
    except StuckError as stuck:
        report.wrong.append(str(stuck))
        return False
    ends = time.monotonic() + chance.uniform(0.0, LIFE_S_MAX)
    while time.monotonic() < ends:
        _order(victim, chance, accepted)
        time.sleep(min(0.1, max(0.0, ends - time.monotonic())))
    victim.kill()
    return True


def _order(victim: Victim, chance: random.Random, accepted: set[str]) -> None:
    """Another relocation while there are few, for a car that stands in a place; a refusal is no matter here."""
    try:
        snapshot = victim.api.get("/snapshot")
        is_open = [one for one in snapshot["orders"] if one["ended_at"] is None]
        if len(is_open) >= OPEN_MAX:
            return
        busy = {one["vehicle"] for one in is_open}
        free = [car["id"] for car in snapshot["vehicles"] if car["position"] is not None and car["id"] not in busy]
        if free:
            order = victim.api.post("/orders", {"kind": "relocate", "vehicle": chance.choice(free)})
            accepted.add(order["id"])
    except Failure:
        return


def _count(victim: Victim, report: Report, verdict: judge.Verdict) -> None:
    report.commands_checked += verdict.commands
    seen = victim.plant.violations()
    report.violations = sum(seen.values())
    report.wrong += verdict.wrong
    if report.violations:
        report.wrong.append(f"the plant reports {seen}")


def _come_to_rest(victim: Victim, report: Report) -> None:
    """After the last death everything that was accepted ends, and books and world agree."""
    try:
        victim.start()
        await_that(lambda: _is_idle(victim), "every order ends", END_S)
    except StuckError as stuck:
        orders = [one for one in victim.api.get("/snapshot")["orders"] if one["ended_at"] is None]
        report.wrong.append(f"{stuck}: {orders[:2]}")
        return
    snapshot = victim.api.get("/snapshot")
    report.orders_done = len(judge.events(victim.folder, "order-ended"))
    report.wrong += judge.agreed(snapshot["vehicles"], victim.plant.world())


def _is_idle(victim: Victim) -> bool:
    victim.work_off()
    try:
        return all(one["ended_at"] is not None for one in victim.api.get("/snapshot")["orders"])
    except Failure:
        return False
