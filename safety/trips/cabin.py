"""A person in a cabin in which the machine is at work.

Owns the trips of presence (H02, H04). After one of them only stopping and opening the outer door is left; nothing and
nobody overrides it.
"""

from __future__ import annotations

from safety.expression import Not, Proven, any_of
from safety.interlocks import unit
from safety.interlocks.proof import nobody_seen
from safety.interlocks.reach import reach
from safety.topology import CabinTopology, Topology
from safety.trip import StopCategory, Trip


def cabin_trips(topology: Topology) -> list[Trip]:
    """Trips of every cabin."""
    return [_presence(topology, cabin) for cabin in topology.cabins]


def _presence(topology: Topology, cabin: CabinTopology) -> Trip:
    """Whoever is seen while the machine is at work stops it, and it does not go on when they are out of sight.

    The drives hold: power off would let a half transferred car roll, and a cabin without power cannot let out (H04).
    """
    device = unit.cabin(cabin.id)
    shuttles = {shuttle.id: shuttle for shuttle in topology.shuttles}
    reaches = [reach(shuttles[name], (cabin.id, level, column, side)) for name, level, column, side in cabin.reached_by]
    at_work = any_of(
        device.granted("inner"),
        device.granted("rotate"),
        *(Not(any_of(into.away, Not(into.towards))) for into in reaches),
    )
    stops = (
        device.may("inner"),
        device.may("rotate"),
        *(unit.shuttle(name).may("transfer") for name, *_ in cabin.reached_by),
    )
    return Trip(
        id=f"{cabin.id}.nobody-at-work",
        title="Nobody is seen in a cabin in which the machine is at work",
        hazard="H04",
        category=StopCategory.HOLD,
        zone=cabin.zone,
        stops=tuple(dict.fromkeys(stops)),
        # What the shuttle does while it cannot be seen is another interlock's cause, and takes its permits anyway.
        holds=any_of(Not(Proven(at_work)), nobody_seen(device)),
        clear=nobody_seen(device),
        cause=f"Somebody was seen in {cabin.id} while the machine was at work there, or a presence sensor failed.",
        remedy=f"Open the outer door of {cabin.id} and get everybody out. When nobody is inside, clear, close the door "
        "and press confirm outside.",
        standard="EN 14010, presence of persons in the transfer area",
    )
