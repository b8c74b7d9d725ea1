"""Places two deep: how often a car that is put somewhere will have to make way later, and what that costs.

Owns the one rule by which the core and the planner compare places; the time to a place and the relocations that it
brings are weighed against each other in seconds. Pure: who asks knows what stands where, and who leaves when. Must
never choose a place for a car that it does not fit, or that is not free: whoever asks has left those out.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from controller.garage import Layout, PositionKind
from controller.planning.timing import timing_of

LEAVES_NOW_S = 0.0
"""The departure of a car that somebody has asked for."""
_UNKNOWN = 0.5
"""Of two cars of which nothing is known, either leaves first as often as the other."""


def later_relocations(behind: str | None, departs_s: Mapping[str, float], own_s: float | None = None) -> float:
    """How often a car will probably have to make way when it is put before the car ``behind``; None: nobody is there.

    ``departs_s`` are the known departures by vehicle, ``own_s`` that of the car that is put there. A car of which
    nothing is known stays longer than one that is booked.
    """
    if behind is None:
        return 0.0
    theirs_s = departs_s.get(behind)
    if theirs_s is None:
        return _UNKNOWN if own_s is None else 0.0
    return 0.0 if own_s is not None and own_s < theirs_s else 1.0


def placing_s(
    layout: Layout,
    place: str,
    way_s: float,
    occupant: Mapping[str, str],
    departs_s: Mapping[str, float],
    own_s: float | None = None,
) -> float:
    """What it costs to put a car there, in s: the way, and the relocations that will probably follow.

    ``occupant`` says which car stands in which position.
    """
    rear = layout.behind(place)
    if rear is None:
        return way_s
    return way_s + later_relocations(occupant.get(rear), departs_s, own_s) * relocation_s(layout)


@lru_cache(maxsize=64)
def relocation_s(layout: Layout) -> float:
    """What a relocation takes where it is short: from before another car into the next column; 0 with one depth.

    The mean over the garage; empty ways not counted.
    """
    timing = timing_of(layout)
    found: list[float] = []
    for place in layout.storage():
        if layout.behind(place.id) is None:
            continue
        others = [
            timing.leg_s(shuttle, place.id, other.id)
            for shuttle in layout.reached_by(place.id)
            for other in layout.storage()
            if other.kind is PositionKind.PLACE and other.column != place.column and layout.stop(shuttle, other.id)
        ]
        found += [min(others)] if others else []
    return sum(found) / len(found) if found else 0.0
