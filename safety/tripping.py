"""Which trips are in force after an evaluation: since when, which came first, and whether a reset would count.

Owns the way from a program's results to ``ActiveTrip``, and a trip's place in a memory that begins anew. Must never
decide whether something trips: the declarations do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from safety.memory import NodeState, Trace
from safety.program import Program
from safety.trip import Trip
from safety.verdict import ActiveTrip


class Tripping:
    """The trips of one garage, compiled into ``program``."""

    def __init__(self, trips: Sequence[Trip], program: Program) -> None:
        self._rows = tuple((trip, program.slots[trip.stands], program.slots[trip.may_be_reset]) for trip in trips)
        self._latches = {trip.id: program.states[trip.stands] for trip in trips if trip.latch}

    def latched(self, states: tuple[NodeState, ...], ids: frozenset[str]) -> tuple[NodeState, ...]:
        """States in which the latches of ``ids`` are set and all others are not."""
        found = list(states)
        for name, state in self._latches.items():
            found[state] = (name in ids,)
        return tuple(found)

    def active(self, trace: Trace, since: Mapping[str, int], now_ms: int) -> tuple[ActiveTrip, ...]:
        """Trips in force, the oldest first and in the order of their declaration; ``since`` is when each came."""
        standing = [(trip, clear) for trip, slot, clear in self._rows if trace.results[slot] is True]
        standing.sort(key=lambda row: since.get(row[0].id, now_ms))
        taken: set[str] = set()
        found: list[ActiveTrip] = []
        for trip, clear in standing:
            found.append(
                ActiveTrip(
                    trip.id,
                    trip.title,
                    trip.hazard,
                    int(trip.category),
                    trip.zone,
                    trip.stops,
                    since.get(trip.id, now_ms),
                    trip.cause,
                    trip.remedy,
                    may_be_reset=trace.results[clear] is True,
                    is_first_out=taken.isdisjoint(trip.devices),
                )
            )
            taken.update(trip.devices)
        return tuple(found)
