"""What is out of use, and what that means for cars and places: degraded service is computed, not guessed.

Owns the ways that are left while units are out of use. Must never decide that a unit is; ``commanding`` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from controller.core import commanding
from controller.core.neighbours import blockers
from controller.core.route import Route, routes
from controller.core.situation import Situation
from controller.core.vehicle import Vehicle
from controller.garage import Layout, PositionKind
from safety.refusal import Refusal

OutOfUse = Mapping[str, Refusal]
"""Units that cannot take a command now, each with the reason. A unit that is merely busy is none of them."""


def out_of_use(situation: Situation) -> OutOfUse:
    """Every lift, shuttle and cabin that is out of use now."""
    found: dict[str, Refusal] = {}
    for device, image in situation.image.devices.items():
        if image.definition.is_commanded and (reason := commanding.unready(situation, device)) is not None:
            found[device] = reason
    return found


def usable(situation: Situation, start: str, end: str, out: OutOfUse) -> Route | None:
    """The quickest way on which no mover is out of use; None when there is none."""
    return next((way for way in routes(situation.layout, start, end) if way.movers.isdisjoint(out)), None)


def no_way(situation: Situation, start: str, end: str, out: OutOfUse) -> Refusal | None:
    """Why no way between two positions can be used now; None when one can, or when there is none at all."""
    missing = _least_missing((way.movers for way in routes(situation.layout, start, end)), out)
    return out[min(missing)] if missing else None


def unreachable(situation: Situation, vehicle: Vehicle, out: OutOfUse) -> tuple[Refusal, ...]:
    """Why the car cannot be brought out now: because of which units, or which car before it. Empty when it can.

    It can when one cabin that is in use can be reached on one way that is; whether these are free now is another
    question. The units are those that the way lacks which lacks the fewest, the nearest to the car first.
    """
    position = vehicle.position
    if position is None:
        return ()
    if (reason := shut_in(situation, position)) is not None:
        return (reason,)
    near = situation.layout.reached_by(position)
    cabins = situation.layout.cabins
    missing = _least_missing(_ways_out(situation.layout, position), out)
    return tuple(out[one] for one in sorted(missing, key=lambda one: (one not in near, one in cabins, one)))


def shut_in(situation: Situation, position: str) -> Refusal | None:
    """Why the car at ``position`` cannot be taken out past its neighbours."""
    fronts = blockers(situation, position)
    if not fronts:
        return None
    return Refusal(
        "BEHIND_ANOTHER_CAR",
        f"The car at {position} stands behind {', '.join(situation.state.occupant[f] for f in fronts)}.",
        "Wait: that car is fetched or makes way first.",
    )


def _least_missing(ways: Iterable[frozenset[str]], out: OutOfUse) -> frozenset[str]:
    """What the way lacks which lacks the fewest units; nothing when one lacks none, or when there is no way."""
    least: frozenset[str] = frozenset()
    if not out:
        return least
    for needed in ways:
        if needed.isdisjoint(out):
            return frozenset()
        missing = needed & out.keys()
        if not least or len(missing) < len(least):
            least = missing
    return least


@lru_cache(maxsize=20_000)
def _ways_out(layout: Layout, position: str) -> tuple[frozenset[str], ...]:
    """What each way out of the garage needs: the cabin, and every mover on the way to it."""
    here = layout.positions[position]
    if here.kind is PositionKind.CABIN:
        return (frozenset({here.owner}),)
    ways = {
        way.movers | {cabin.id} for cabin in layout.cabins.values() for way in routes(layout, position, cabin.position)
    }
    return tuple(sorted(ways, key=lambda needed: (len(needed), sorted(needed))))
