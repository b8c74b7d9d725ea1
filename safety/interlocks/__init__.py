"""All interlocks of a garage, instantiated from its topology; one module per subject.

Owns the list. Must never name a device: every declaration follows from the layout.
"""

from __future__ import annotations

from safety.absence import instantiated
from safety.interlock import Interlock, InterlockError
from safety.interlocks import unit
from safety.interlocks.cabin_doors import door_interlocks
from safety.interlocks.device import device_interlocks
from safety.interlocks.lift import lift_interlocks
from safety.interlocks.power import power_interlocks
from safety.interlocks.shuttle import travel_interlocks
from safety.interlocks.transfer import transfer_interlocks
from safety.interlocks.turntable import turntable_interlocks
from safety.interlocks.zone import zone_interlocks
from safety.topology import Topology, check


def interlocks_of(topology: Topology) -> tuple[Interlock, ...]:
    """Every interlock of the garage, in a stable order; those that read a waived sensor stand without it.

    Raises:
        TopologyError: the topology contradicts itself.
        ExpressionError: a declaration reads what a device of the garage does not have.
        InterlockError: two declarations have one id.
        MissingSensorError: the garage lacks a sensor that an interlock reads, and nobody has waived it.
    """
    return instantiated(declared(topology), topology.absent, topology.waivers)


def declared(topology: Topology) -> tuple[Interlock, ...]:
    """Every interlock as the layout asks for it, whether or not the garage has its sensors.

    Raises:
        TopologyError: the topology contradicts itself.
        ExpressionError: a declaration reads what a device of the garage does not have.
        InterlockError: two declarations have one id.
    """
    check(topology)
    found = zone_interlocks(topology) + power_interlocks(topology)
    for lift in topology.lifts:
        found += device_interlocks(unit.lift(lift.id)) + lift_interlocks(topology, lift)
    for shuttle in topology.shuttles:
        found += device_interlocks(unit.shuttle(shuttle.id))
        found += travel_interlocks(topology, shuttle) + transfer_interlocks(topology, shuttle)
    for cabin in topology.cabins:
        found += device_interlocks(unit.cabin(cabin.id))
        found += door_interlocks(topology, cabin) + turntable_interlocks(topology, cabin)
    ids = [interlock.id for interlock in found]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise InterlockError(f"interlocks declared twice: {', '.join(twice)}")
    return tuple(found)
