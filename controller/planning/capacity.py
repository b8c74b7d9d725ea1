"""How well a garage would serve a demand: days of it on the fast model, and what they say together.

Owns the figures of capacity planning: waits by hour, how busy each unit is, and which one limits the garage. Means come
with the half width of their 95 % confidence interval over the days. Pure: the caller gives the chance. Must never
promise: people and breakdowns differ, and no breakdown is simulated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, sqrt
from statistics import fmean, stdev

from controller.planning.day import Day, Policy, Result
from controller.planning.demand import HOUR_S, Dice, Profile, draw_day_of
from controller.planning.machine import Kind, Machine


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean and the half width of its 95 % confidence interval; None with fewer than two values."""

    value: float
    half: float | None

    def __str__(self) -> str:
        return f"{self.value:.0f}" if self.half is None else f"{self.value:.0f} +/- {self.half:.0f}"


@dataclass(frozen=True, slots=True)
class HourFigures:
    """Customers who asked in one hour of the day, per day; waits in s."""

    hour: int
    customers: Mean
    mean_wait_s: Mean
    p95_wait_s: float
    """Over the customers of all days."""
    longest_wait_s: float


@dataclass(frozen=True, slots=True)
class UnitFigures:
    """How busy a cabin or mover is, as shares of the time."""

    unit: str
    kind: str
    busy: Mean
    """In percent of the hours in which customers come."""
    busiest_hour: int
    busiest: float
    """In percent of that hour."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the days say together."""

    days: int
    customers_per_day: Mean
    mean_wait_s: Mean
    p95_wait_s: Mean
    longest_wait_s: float
    within_5_min: Mean
    """Share of customers with a wait of 5 minutes at most, in percent."""
    turned_away_per_day: Mean
    unserved: int
    hours: tuple[HourFigures, ...]
    units: tuple[UnitFigures, ...]
    bottleneck: str
    """The unit, or the kind of units, that is busy most in its busiest hour."""
    bottleneck_busy: float
    """In percent of that hour."""


def simulate(
    machine: Machine,
    profile: Profile,
    policy: Callable[[], Policy],
    dice: Sequence[Dice],
    said: Callable[[int], None] = lambda _done: None,
) -> Capacity:
    """One day for each stream of chance; ``said`` is told how many are done.

    Raises:
        ValueError: no stream, or a profile without any customer.
    """
    results: list[Result] = []
    turned_away: list[float] = []
    for number, one in enumerate(dice, 1):
        drawn = draw_day_of(machine.layout, profile, one)
        results.append(Day(machine, policy(), drawn.demand, drawn.stock).run())
        turned_away.append(drawn.turned_away)
        said(number)
    if not any(result.outcomes for result in results):
        raise ValueError("no customer comes on any of the days")
    waits = [[outcome.wait_s for outcome in result.outcomes] or [0.0] for result in results]
    units = _units(machine, profile, results)
    groups = {kind: [unit for unit in units if unit.kind == kind] for kind in ("cabin", "lift", "shuttle")}
    # Like cabins share the work, so they limit only together; each mover limits by itself.
    busy = {unit.unit: unit.busiest for unit in units if unit.kind != "cabin"}
    busy["the cabins"] = fmean(unit.busiest for unit in groups["cabin"])
    bottleneck = max(sorted(busy), key=lambda name: busy[name])
    return Capacity(
        len(results),
        mean_of([len(result.outcomes) for result in results]),
        mean_of([fmean(day) for day in waits]),
        mean_of([share_of(day, 0.95) for day in waits]),
        max(max(day) for day in waits),
        mean_of([100 * sum(wait_s <= 300 for wait_s in day) / len(day) for day in waits]),
        mean_of(turned_away),
        sum(result.unserved + result.refused for result in results),
        _hours(results),
        units,
        bottleneck,
        busy[bottleneck],
    )


def mean_of(values: Sequence[float]) -> Mean:
    """Mean with its interval."""
    half = 1.96 * stdev(values) / sqrt(len(values)) if len(values) > 1 else None
    return Mean(fmean(values), half)


def share_of(values: Sequence[float], share: float) -> float:
    """The value that a share of all values is at most: the smallest one for which that holds."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]


def _hours(results: Sequence[Result]) -> tuple[HourFigures, ...]:
    by_hour: dict[int, list[list[float]]] = {}
    for number, result in enumerate(results):
        for outcome in result.outcomes:
            days = by_hour.setdefault(floor(outcome.asked_s / HOUR_S), [[] for _ in results])
            days[number].append(outcome.wait_s)
    return tuple(
        HourFigures(
            hour,
            mean_of([len(day) for day in days]),
            mean_of([fmean(day) for day in days if day]),
            share_of([wait_s for day in days for wait_s in day], 0.95),
            max(wait_s for day in days for wait_s in day),
        )
        for hour, days in sorted(by_hour.items())
    )


def _units(machine: Machine, profile: Profile, results: Sequence[Result]) -> tuple[UnitFigures, ...]:
    layout = machine.layout
    kinds: dict[str, Kind | str] = {
        **dict.fromkeys(layout.cabins, "cabin"),
        **dict.fromkeys(layout.lifts, "lift"),
        **dict.fromkeys(layout.shuttles, "shuttle"),
    }
    open_s = sum(hours.to_h - hours.from_h for hours in profile.hours) * HOUR_S
    found = []
    for unit, kind in kinds.items():
        whole = [sum(use.to_s - use.from_s for use in result.uses if use.unit == unit) for result in results]
        by_hour: dict[int, float] = {}
        for result in results:
            for use in result.uses:
                if use.unit == unit:
                    _spread(by_hour, use.from_s, use.to_s)
        busiest = max(sorted(by_hour), key=lambda hour: by_hour[hour], default=0)
        share = 100 * by_hour.get(busiest, 0.0) / HOUR_S / len(results)
        busy = mean_of([min(100.0, 100 * busy_s / open_s) for busy_s in whole])
        found.append(UnitFigures(unit, kind, busy, busiest, share))
    return tuple(found)


def _spread(by_hour: dict[int, float], from_s: float, to_s: float) -> None:
    while from_s < to_s:
        hour = floor(from_s / HOUR_S)
        end_s = min(to_s, (hour + 1) * HOUR_S)
        by_hour[hour] = by_hour.get(hour, 0.0) + end_s - from_s
        from_s = end_s
