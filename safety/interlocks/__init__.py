"""All interlocks of a garage, instantiated from its topology; one module per subject.

Owns the list. Must never name a device: every declaration follows from the layout.
"""

from __future__ import annotations

from safety.interlock import Interlock
from safety.interlocks import unit
from safety.interlocks.cabin_doors import door_interlocks
from safety.interlocks.device import device_interlocks
from safety.interlocks.fire import fire_interlocks
from safety.interlocks.hand import axes_of, forks_by_hand, speed_interlock
from safety.interlocks.lift import lift_interlocks
from safety.interlocks.lock_out import lock_out_interlocks
from safety.interlocks.power import power_interlocks
from safety.interlocks.shuttle import travel_interlocks
from safety.interlocks.transfer import transfer_interlocks
from safety.interlocks.turntable import turntable_interlocks
from safety.interlocks.unit import Unit
from safety.interlocks.zone import zone_interlocks, zones_of
from safety.topology import Topology, check


def declared(topology: Topology) -> tuple[Interlock, ...]:
    """Every interlock as the layout asks for it, whether or not the garage has its sensors.

    Raises:
        TopologyError: the topology contradicts itself.
        ExpressionError: a declaration reads what a device of the garage does not have.
        InterlockError: a malformed declaration.
    """
    check(topology)
    found = zone_interlocks(topology) + lock_out_interlocks(topology) + power_interlocks(topology)
    found += fire_interlocks(unit.safety_plc(topology.safety), _units(topology), topology.fire_finish_ms)
    found += _speeds(topology)
    for lift in topology.lifts:
        found += device_interlocks(unit.lift(lift.id)) + lift_interlocks(topology, lift)
    for shuttle in topology.shuttles:
        found += device_interlocks(unit.shuttle(shuttle.id))
        found += travel_interlocks(topology, shuttle) + transfer_interlocks(topology, shuttle)
        found += forks_by_hand(unit.shuttle(shuttle.id))
    for cabin in topology.cabins:
        found += device_interlocks(unit.cabin(cabin.id))
        found += door_interlocks(topology, cabin) + turntable_interlocks(topology, cabin)
    return tuple(found)


def _units(topology: Topology) -> tuple[Unit, ...]:
    """Every device that takes commands."""
    return (
        *(unit.lift(lift.id) for lift in topology.lifts),
        *(unit.shuttle(shuttle.id) for shuttle in topology.shuttles),
        *(unit.cabin(cabin.id) for cabin in topology.cabins),
    )


def _speeds(topology: Topology) -> list[Interlock]:
    plc, zones = unit.safety_plc(topology.safety), zones_of(topology)
    limits = {lift.id: lift.hand_speed_max for lift in topology.lifts}
    limits |= {shuttle.id: shuttle.hand_speed_max for shuttle in topology.shuttles}
    limits |= {cabin.id: cabin.hand_speed_max for cabin in topology.cabins}
    return [
        speed_interlock(plc, device, function, zones[function], limits[device.id])
        for device in _units(topology)
        for function in axes_of(device)
    ]
