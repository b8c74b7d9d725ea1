"""All interlocks of a garage, instantiated from its topology; one module per subject.

Owns the list. Must never name a device: every declaration follows from the layout.
"""

from __future__ import annotations

from safety.interlock import Interlock
from safety.interlocks import unit
from safety.interlocks.cabin_doors import door_interlocks
from safety.interlocks.device import device_interlocks
from safety.interlocks.lift import lift_interlocks
from safety.interlocks.shuttle import travel_interlocks
from safety.interlocks.transfer import transfer_interlocks
from safety.interlocks.turntable import turntable_interlocks
from safety.interlocks.zone import zone_interlocks
from safety.topology import Topology, check


def interlocks_of(topology: Topology) -> tuple[Interlock, ...]:
    """Every interlock of the garage, in a stable order.

    Raises:
        TopologyError: the topology contradicts itself.
        ExpressionError: a declaration reads what a device of the garage does not have.
        InterlockError: a malformed declaration.
    """
    check(topology)
    found = zone_interlocks(topology)
    for lift in topology.lifts:
        found += device_interlocks(unit.lift(lift.id)) + lift_interlocks(topology, lift)
    for shuttle in topology.shuttles:
        found += device_interlocks(unit.shuttle(shuttle.id))
        found += travel_interlocks(topology, shuttle) + transfer_interlocks(topology, shuttle)
    for cabin in topology.cabins:
        found += device_interlocks(unit.cabin(cabin.id))
        found += door_interlocks(topology, cabin) + turntable_interlocks(topology, cabin)
    return tuple(found)
