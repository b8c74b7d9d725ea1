"""Whole days of the dispatch benchmark: a retail day with bookings, a commuters' day, and what a stretch can come to.

Owns the profiles of these days and the ceilings. The rates are set by what each garage's mover can do, so that the
busiest hours come near it. Must never know a policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.planning.bound import leasts_of
from controller.planning.day import Demand
from controller.planning.demand import Bookings, Hours, Profile, Returns
from controller.planning.machine import Machine, Task

BUSY_PER_H = {"tower": 24.0, "shuttle": 34.0, "double": 34.0}
"""Customers per hour that first come, first served just about manages in mixed traffic."""


def retail(per_h: float) -> Profile:
    """Test drives: most are booked, and announce themselves 150 s ahead; most cars come back within 90 minutes."""
    hours = (Hours(9, 12, per_h * 0.5, 0.3), Hours(12, 14, per_h * 0.9, 0.3), Hours(14, 18, per_h * 0.7, 0.3))
    return Profile(hours, bookings=Bookings(0.7), returns=Returns(0.7, (0.5, 1.5)))


def commuter(per_h: float) -> Profile:
    """In within three hours of the morning, out within three of the evening."""
    hours = (Hours(6.5, 9.5, per_h * 1.1, 0.95), Hours(9.5, 16, 3, 0.5), Hours(16, 19, per_h * 1.1, 0.05))
    return Profile(hours, filled=0.3)


WORKLOADS = {"retail": retail, "commuter": commuter}


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Cars per hour that no dispatcher can exceed with these customers."""

    cabins_per_h: float
    """Cabins alone: each busy all the time, every mover always there in time."""
    machine_per_h: float
    """Cabins, or a mover that every way needs if that is less: always busy, and never on an empty way."""


def ceiling(machine: Machine, demand: Sequence[Demand], stock: dict[str, str]) -> Ceiling:
    """The ceilings of a stretch in which somebody always waits; stores take the least of any place."""
    leasts, place_of = leasts_of(machine), {vehicle: place for place, vehicle in stock.items()}
    places = [place.id for place in machine.layout.storage()]
    cabin_s, mover_s = 0.0, dict.fromkeys(machine.at_rest().mover_s, 0.0)
    expected = [leasts.of(Task("", "store", place, demand[0].visit)) for place in places]
    for wish in demand:
        least = leasts.of(Task("", wish.kind, place_of.get(wish.vehicle, places[0]), wish.visit))
        cabin_s += least.occupies_s
        for name in mover_s:
            choices = expected if wish.kind == "store" else [least]
            mover_s[name] += min(choice.claims_s.get(name, 0.0) for choice in choices)
    by_cabins = 3600 * len(demand) * len(machine.layout.cabins) / cabin_s
    by_movers = 3600 * len(demand) / max(*mover_s.values(), 1e-9)
    return Ceiling(by_cabins, min(by_cabins, by_movers))
