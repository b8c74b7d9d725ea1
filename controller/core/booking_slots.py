"""How many bookings fit beside each other: what each takes of cabins and movers, and whether slots can be kept.

Owns that arithmetic. A slot is kept when its car can be handed over at some moment of it, even if every customer with a
booking comes at the very begin of theirs. Must never look at what goes on now; ``booking_desk`` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import heappop, heappush, heapreplace
from typing import NamedTuple

from controller.core.route import Route, routes
from controller.garage import Layout
from controller.planning.people import expected_visit
from controller.planning.timing import timing_of

_PLACES_SAMPLED = 16
"""So many places stand for all when the usual way of a car is worked out."""


class Slot(NamedTuple):
    """A span of Unix time in ms in which a car is to be handed over."""

    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one booking takes in ms of a cabin and of a mover, and how many of each there are.

    A garage has as many movers in this sense as lifts: nearly every car needs one, and it is the scarcest.
    """

    cabin_ms: int
    mover_ms: int
    cabins: int
    movers: int


@lru_cache(maxsize=64)
def capacity_of(layout: Layout) -> Capacity:
    """The capacity of a garage by its timing model, with the share that bookings may have already taken off."""
    timing, visit, share = timing_of(layout), expected_visit(layout.config), layout.config.bookings.cabin_share
    ways = _usual_ways(layout)
    carry_s = sum(way.estimate_s for way in ways) / max(1, len(ways))
    back_s = sum(way_back_s(layout, way) for way in ways) / max(1, len(ways))
    cabin_s = max(
        timing.presenting_s(cabin, turns=True) + visit.leave_s + visit.confirm_out_s + timing.countdown_s
        for cabin in layout.cabins
    )
    return Capacity(
        round(1000 * (carry_s + cabin_s) / share),
        round(1000 * (carry_s + back_s) / share),
        len(layout.cabins),
        max(1, len(layout.lifts)),
    )


def _usual_ways(layout: Layout) -> list[Route]:
    """The quickest ways from places all over the garage to each cabin."""
    places = layout.storage()[:: max(1, len(layout.storage()) // _PLACES_SAMPLED)]
    ends = [(place.id, cabin.position) for place in places for cabin in layout.cabins.values()]
    return [found[0] for start, end in ends if (found := routes(layout, start, end))]


def way_back_s(layout: Layout, way: Route) -> float:
    """What the movers need to come to where the way begins, from where it ends."""
    timing = timing_of(layout)
    return sum(
        timing.travel_s(leg.shuttle, layout.stop(leg.shuttle, leg.target), layout.stop(leg.shuttle, leg.source))
        for leg in way.legs
    )


def are_kept(slots: Iterable[Slot], capacity: Capacity) -> bool:
    """True when every slot can be kept: served one by one, whose slot ends first goes first."""
    coming = sorted(slots)
    cabins, movers = [0] * capacity.cabins, [0] * capacity.movers
    released: list[tuple[int, int]] = []
    index = begin_ms = 0
    while index < len(coming) or released:
        begin_ms = max(begin_ms, cabins[0], movers[0])
        if not released:
            begin_ms = max(begin_ms, coming[index].from_ms)
        while index < len(coming) and coming[index].from_ms <= begin_ms:
            heappush(released, (coming[index].to_ms, coming[index].from_ms))
            index += 1
        to_ms, _ = heappop(released)
        if begin_ms > to_ms:
            return False
        heapreplace(cabins, begin_ms + capacity.cabin_ms)
        heapreplace(movers, begin_ms + capacity.mover_ms)
    return True


def about(slot: Slot, others: Sequence[Slot], capacity: Capacity) -> list[Slot]:
    """Those of the other slots that the slot can have anything to do with, over whatever lies between them."""
    reach_ms = max(capacity.cabin_ms, capacity.mover_ms)
    group: list[Slot] = []
    end_ms, has_slot = 0, False
    for one in sorted([*others, slot]):
        if group and one.from_ms > end_ms:
            if has_slot:
                break
            group, has_slot, end_ms = [], False, 0
        group.append(one)
        has_slot |= one == slot
        end_ms = max(end_ms, one.to_ms + reach_ms)
    group.remove(slot)
    return group


def moments_near(slot: Slot, others: Sequence[Slot], earliest_ms: int) -> list[int]:
    """Begins of slots of the same length that may be kept where this one is not, the nearest first."""
    length_ms = slot.to_ms - slot.from_ms
    later = [one.to_ms for one in others if one.to_ms > slot.from_ms]
    earlier = [one.from_ms - length_ms for one in others if earliest_ms <= one.from_ms - length_ms < slot.from_ms]
    return sorted({*later, *earlier}, key=lambda at_ms: (abs(at_ms - slot.from_ms), at_ms))
