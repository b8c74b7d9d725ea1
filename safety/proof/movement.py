"""What several predicates say of a device in the same words: that it may move, its zones, its level.

Owns these words. Must never be taken from the interlocks.
"""

from __future__ import annotations

from plc_drivers.contract.safety import zone_tag
from safety.proof.formula import FALSE, Formula, all_of, any_of
from safety.proof.moment import Moment
from safety.topology import ShuttleTopology, Topology


def zones_of_device(topology: Topology, device: str) -> frozenset[int]:
    """Zones that a device moves in: its own, that of what carries it, and that of what it carries."""
    lifts = {lift.id: lift for lift in topology.lifts}
    zones = {one.zone for group in (topology.lifts, topology.shuttles, topology.cabins) for one in group
             if one.id == device}  # fmt: skip
    for shuttle in topology.shuttles:
        if shuttle.lift is not None and device in (shuttle.id, shuttle.lift):
            zones |= {shuttle.zone, lifts[shuttle.lift].zone}
    return frozenset(zones)


def any_permit(at: Moment, device: str) -> Formula:
    """Any permit of the device goes out."""
    return any_of(*(at.out(device, permit) for permit in at.garage.definitions[device].permits))


def starts_under_a_permit(at: Moment, device: str) -> Formula:
    """A command that needs a permit is given to the device."""
    codes = (spec.code for spec in at.garage.definitions[device].commands if spec.permit is not None)
    return at.starts(device, *codes)


def moves(at: Moment, device: str) -> Formula:
    """Anything of the device may move: a permit goes out, or a command that needs one is given."""
    return any_permit(at, device) | starts_under_a_permit(at, device)


def on_different_levels(at: Moment, one: ShuttleTopology, other: ShuttleTopology) -> Formula:
    """Each stands on a lift that is locked at a level of its own, or one is captive to another level."""
    lifts = [shuttle.lift for shuttle in (one, other) if shuttle.lift is not None]
    if not lifts:
        return FALSE
    locked = [
        all_of(
            at.says(lift, referenced=True, station_sensor=True, pins_extended=True, pins_retracted=False),
            at.above(lift, "station", -1),
        )
        for lift in lifts
    ]
    if len(lifts) == 2:
        return all_of(*locked, at.differ((lifts[0], "station"), (lifts[1], "station")))
    level = one.level if one.level is not None else other.level
    return all_of(*locked, at.says_other_than(lifts[0], "station", -1 if level is None else level))


def out_of_the_way(at: Moment, one: ShuttleTopology, other: ShuttleTopology) -> Formula:
    """The other stands at a column, beyond the goal of ``one`` and on the same side of it.

    Round a ring there is no between: whichever of the two ways is taken, the other may stand in it.
    """
    if at.garage.topology.ring:
        return FALSE
    above = at.beyond_goal(other.id, "station", one.id) & at.greater((other.id, "position"), (one.id, "position"))
    below = all_of(
        at.above(other.id, "station", -1),
        at.short_of_goal(other.id, "station", one.id),
        at.greater((one.id, "position"), (other.id, "position")),
    )
    return at.says(other.id, referenced=True, station_sensor=True) & (above | below)


def zone_says(at: Moment, zone: int, *signals: str) -> Formula:
    """The safety PLC says all of these signals of the zone."""
    return at.says(at.garage.topology.safety, **{zone_tag(signal, zone): True for signal in signals})
