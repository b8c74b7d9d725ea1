"""Locks that persons hold on a zone in the books, beside the isolator's own.

Owns the interlock that makes such a lock a lock: nothing moves in the zone, and nothing that can send a load into it,
not even empty (H20, ISO 14118). Must never let a lock go by itself; who releases one is decided and written down
elsewhere.
"""

from __future__ import annotations

from safety.expression import LockedOut, Not
from safety.interlock import Interlock, Phase
from safety.interlocks.zone import zones_of
from safety.topology import Topology
from safety.verdict import Function


def lock_out_interlocks(topology: Topology) -> list[Interlock]:
    """One interlock for each zone."""
    reach = zones_reached(topology)
    found: list[Interlock] = []
    for zone in topology.zones:
        guards = tuple(function for function, zones in reach.items() if zone in zones)
        if guards:
            found.append(
                Interlock(
                    id=f"zone{zone}.personal-lock",
                    title="Nobody holds a lock on the zone in the books",
                    hazard="H20",
                    phase=Phase.RUN,
                    guards=guards,
                    condition=Not(LockedOut(zone)),
                    cause=f"Zone {zone} is locked out by a person: somebody works there, or in its reach.",
                    remedy=f"`garagectl zones` names who holds the locks of zone {zone}. Each of them releases the own "
                    "lock, after having left the machine; nobody does it for another.",
                    standard="ISO 14118, prevention of unexpected start-up",
                )
            )
    return found


def zones_reached(topology: Topology) -> dict[Function, frozenset[int]]:
    """Every function with the zones that its device moves in or can send a load into.

    A shuttle reaches the zones of the cabins and platforms that its forks go into, and so does the lift that carries
    it: idle moves of either come near whoever works there.
    """
    spaces = {cabin.id: cabin.zone for cabin in topology.cabins} | {lift.id: lift.zone for lift in topology.lifts}
    sent = {s.id: frozenset(spaces[stop[0]] for stop in (*s.cabins, *s.platforms)) for s in topology.shuttles}
    carried = {s.lift: sent[s.id] for s in topology.shuttles if s.lift is not None}
    nowhere: frozenset[int] = frozenset()
    return {
        function: zones | sent.get(function.device, nowhere) | carried.get(function.device, nowhere)
        for function, zones in zones_of(topology).items()
    }
