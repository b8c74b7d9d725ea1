"""Ways of a car through the garage: which shuttles and lifts carry it from one position to another.

Owns the enumeration of routes and what each needs for itself. Must never look at what is occupied or claimed;
``dispatch.py`` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from controller.core.order import Leg
from controller.garage import Layout, PositionKind
from controller.planning.timing import timing_of


@dataclass(frozen=True, slots=True)
class Route:
    """Legs in order, the movers and platforms that they need, and an estimate of the machine's time in seconds."""

    legs: tuple[Leg, ...]
    movers: frozenset[str]
    platforms: frozenset[str]
    estimate_s: float

    @property
    def late(self) -> frozenset[str]:
        """The shuttle that is claimed only when the car stands on the platform before it (ADR 0033)."""
        return frozenset(leg.shuttle for leg in self.legs[1:])

    @property
    def at_once(self) -> frozenset[str]:
        """The movers that an order claims when it begins."""
        return self.movers - self.late


@lru_cache(maxsize=200_000)
def routes(layout: Layout, source: str, target: str) -> tuple[Route, ...]:
    """All ways from ``source`` to ``target``, quickest first: by one shuttle, or over one lift's platform.

    A source that is a shuttle's deck begins with that shuttle. Empty when there is no way.
    """
    found = _direct(layout, source, target)
    for lift in layout.lifts.values():
        if lift.platform is not None and lift.platform not in (source, target):
            found += [
                _join(first, second)
                for first in _direct(layout, source, lift.platform)
                for second in _direct(layout, lift.platform, target)
                if first.legs[0].shuttle != second.legs[0].shuttle
            ]
    return tuple(sorted(found, key=lambda route: (route.estimate_s, route.legs[0].shuttle)))


def _direct(layout: Layout, source: str, target: str) -> list[Route]:
    start = layout.positions[source]
    starts = (start.owner,) if start.kind is PositionKind.DECK else layout.reached_by(source)
    return [_one_leg(layout, s, source, target) for s in starts if layout.stop(s, target) is not None]


def _one_leg(layout: Layout, shuttle: str, source: str, target: str) -> Route:
    movers = {shuttle}
    lift = layout.shuttles[shuttle].lift
    if lift is not None:
        movers.add(lift)
    platforms = set()
    for end in (source, target):
        shape = layout.positions[end]
        if shape.kind is PositionKind.PLATFORM:
            movers.add(shape.owner)
            platforms.add(end)
    leg = Leg(shuttle, source, target)
    return Route((leg,), frozenset(movers), frozenset(platforms), timing_of(layout).leg_s(shuttle, source, target))


def _join(first: Route, second: Route) -> Route:
    return Route(
        first.legs + second.legs,
        first.movers | second.movers,
        first.platforms | second.platforms,
        first.estimate_s + second.estimate_s,
    )
