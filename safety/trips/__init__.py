"""All trips of a garage, instantiated from its topology; one module per subject.

Owns the list. Must never name a device: every declaration follows from the layout.
"""

from __future__ import annotations

from safety.interlock import Interlock
from safety.topology import Topology
from safety.trip import Trip
from safety.trips.cabin import cabin_trips
from safety.trips.motion import motion_trips
from safety.trips.sensors import sensor_trips
from safety.trips.suspension import suspension_trips
from safety.trips.zone import into_zone_interlocks, zone_trips


def trips_of(topology: Topology) -> tuple[Trip, ...]:
    """Every trip of the garage, in a stable order: what stops most comes first.

    Raises:
        ExpressionError: a declaration reads what a device of the garage does not have.
        InterlockError: a malformed declaration.
    """
    found = zone_trips(topology)
    for lift in topology.lifts:
        found += suspension_trips(lift)
    return (*found, *motion_trips(topology), *cabin_trips(topology), *sensor_trips(topology))


def trip_interlocks_of(topology: Topology) -> tuple[Interlock, ...]:
    """Every trip as an interlock, and those interlocks of other functions that ask for a zone's trips.

    Raises:
        ExpressionError: a declaration reads what a device of the garage does not have.
        InterlockError: a malformed declaration.
    """
    return (*(trip.interlock for trip in trips_of(topology)), *into_zone_interlocks(topology))
