"""Random days without a deadlock: as many as are asked for, on every garage, each with the dispatcher.

Owns the days and the count of what went wrong with them: a customer who was never served, a car left in a cabin, an act
that the machine refused. The days differ in rate, mix, filling, bookings and effort. ``seconds`` is the effort:
10,000 days take an hour or two on a slow core.
"""

from __future__ import annotations

import sys
import time
from random import Random

from benchmarks.dispatch_garages import GARAGES
from benchmarks.figure import Figure
from controller.garage import Layout
from controller.planning.day import Day
from controller.planning.demand import Bookings, Hours, Profile, Returns, Stays, draw_day_of
from controller.planning.machine import Machine, Rules
from controller.planning.planner import planner
from controller.planning.search import Effort

DAYS = 10_000
SEED = 8_000_000
EFFORT = Effort(beam=2, tries_max=60, nodes_max=0)
"""A quick look only: what is looked for is a day that locks up, not a good one."""


def profile(dice: Random) -> Profile:
    """A day of some hours, from quiet to far too busy, from an empty garage to a full one."""
    hours = tuple(
        Hours(8 + 2 * part, 10 + 2 * part, dice.choice((2.0, 8.0, 20.0, 45.0)), dice.choice((0.0, 0.3, 0.5, 0.9, 1.0)))
        for part in range(dice.randrange(1, 4))
    )
    return Profile(
        hours,
        filled=dice.choice((0.0, 0.3, 0.6, 0.9, 1.0)),
        bookings=Bookings(dice.choice((0.0, 0.7, 1.0))),
        returns=Returns(dice.choice((0.0, 0.8)), (0.5, 1.5)),
        stays=Stays(dice.choice((0.0, 0.5)), (0.2, 2.0)),
    )


def went_wrong(machine: Machine, seed: int) -> str:
    """One random day: empty when everybody was served, otherwise what went wrong."""
    dice = Random(seed)  # noqa: S311 - days must be reproducible
    drawn = draw_day_of(machine.layout, profile(dice), dice)
    day = Day(machine, planner(overtaking_max=dice.choice((0, 3, 30)), effort=EFFORT), drawn.demand, drawn.stock)
    try:
        result = day.run()
    except ValueError as error:
        return str(error)
    if result.unserved or result.refused or len(result.outcomes) != len(drawn.demand):
        return f"{result.unserved} unserved, {result.refused} refused, {len(result.outcomes)} of {len(drawn.demand)}"
    return ""


def run(seconds: float | None) -> list[Figure]:
    """Days of all garages in turn, until the time is up, or ``DAYS`` of them."""
    machines = [
        Machine(Layout(make()), rules=Rules(True, True, turns)) for make in GARAGES.values() for turns in (False, True)
    ]
    began_s, days, wrong = time.process_time(), 0, 0
    while days < DAYS and (seconds is None or time.process_time() - began_s < seconds):
        text = went_wrong(machines[days % len(machines)], SEED + days)
        if text:
            wrong += 1
            sys.stderr.write(f"day {SEED + days}: {text}\n")
        days += 1
    return [Figure("days", "days", days, "days"), Figure("days", "locked_up", wrong, "days")]
