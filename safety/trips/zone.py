"""Emergency stop, guard doors, lock-outs, lost torque and earthquake, for every function in their reach.

Owns the trips that read the safety PLC (H12, H15, H20). Must never reset anything at the machine: a person does, in
view of the zone; what is reset here is the controller's own latch. A function belongs to its own device's zone and to
each zone from which it is carried or carries a load.
"""

from __future__ import annotations

from dataclasses import dataclass

from plc_drivers.contract.safety import zone_tag
from safety.expression import Expression, Not, all_of
from safety.interlock import Interlock, Phase
from safety.interlocks import unit
from safety.interlocks.reach import TRANSFERS, Reach, reach
from safety.interlocks.unit import Unit
from safety.interlocks.zone import zones_of
from safety.topology import Topology
from safety.trip import StopCategory, Trip
from safety.verdict import Function


@dataclass(frozen=True, slots=True)
class _Signal:
    """One zone signal group: the tags that must be set, how it stops, and what is said when one is not."""

    rule: str
    title: str
    hazard: str
    category: StopCategory
    tags: tuple[str, ...]
    cause: str
    remedy: str
    standard: str


_SIGNALS = (
    _Signal(
        "emergency-stop",
        "Emergency stop released, connected and reset",
        "H12",
        StopCategory.STOP_THEN_OFF,
        ("estop_released", "estop_connected", "reset_done"),
        "The emergency stop of zone {z} was pressed or not connected, and has not been reset since.",
        "Find who pressed and why. Release the button, reset at the machine in view of zone {z}, then clear and start.",
        "ISO 13850, emergency stop",
    ),
    _Signal(
        "guards",
        "Guard doors closed and locked",
        "H12",
        StopCategory.STOP_THEN_OFF,
        ("guards_closed",),
        "A guard door of zone {z} is or was open or not locked: somebody may be inside.",
        "Make sure that nobody is in zone {z}, close and lock every guard door, reset at the machine, then clear.",
        "ISO 14120, guards",
    ),
    _Signal(
        "lock-out",
        "Nobody has locked the zone out",
        "H20",
        StopCategory.STOP_THEN_OFF,
        ("lockout_clear",),
        "Zone {z} is or was locked out at its isolator: somebody works there.",
        "Only the person whose lock it is takes it off. Do not touch the isolator; ask by name. Then clear.",
        "ISO 14118, isolation",
    ),
    _Signal(
        "torque",
        "The drives of the zone have torque",
        "H12",
        StopCategory.POWER_OFF,
        ("torque_enabled",),
        "Safe torque off is or was active in zone {z}.",
        "Look at the safety PLC why: emergency stop, guard or its own fault. It gives torque back after its reset; "
        "then clear.",
        "IEC 61800-5-2, safe torque off",
    ),
)


def zone_trips(topology: Topology) -> list[Trip]:
    """Trips of all zones.

    Raises:
        ExpressionError: a zone that the safety PLC does not have.
    """
    plc = unit.safety_plc(topology.safety)
    functions = zones_of(topology)
    found: list[Trip] = []
    for zone in topology.zones:
        inside = tuple(function for function, zones in functions.items() if zone in zones)
        if inside:
            found += [_zone(plc, zone, signal, inside) for signal in _SIGNALS]
    return [*found, _earthquake(plc, functions)]


def _zone(plc: Unit, zone: int, signal: _Signal, inside: tuple[Function, ...]) -> Trip:
    return Trip(
        id=f"zone{zone}.{signal.rule}",
        title=signal.title,
        hazard=signal.hazard,
        category=signal.category,
        zone=zone,
        stops=inside,
        holds=_holds(plc, zone, signal),
        cause=signal.cause.format(z=zone),
        remedy=signal.remedy.format(z=zone),
        standard=signal.standard,
    )


def _holds(plc: Unit, zone: int, signal: _Signal) -> Expression:
    return all_of(*(plc[zone_tag(tag, zone)] for tag in signal.tags))


def _earthquake(plc: Unit, functions: dict[Function, frozenset[int]]) -> Trip:
    """Stops the machine, and leaves the way out of a cabin open to people."""
    return Trip(
        id=f"{plc.id}.no-earthquake",
        title="No earthquake or wind alarm",
        hazard="H15",
        category=StopCategory.STOP_THEN_OFF,
        zone=None,
        stops=tuple(function for function in functions if function.permit != "outer_open"),
        holds=plc["seismic_clear"],
        cause="The earthquake or wind alarm is or was on, or its contact is open.",
        remedy="Wait until it has ended, look at rails, ropes and loads, then clear and start.",
        standard="EN 81-20, external influences on lifts",
    )


def into_zone_interlocks(topology: Topology) -> list[Interlock]:
    """A transfer that carries a load into another zone needs that zone as well: its signals and its latches (H12)."""
    zones = {cabin.id: cabin.zone for cabin in topology.cabins} | {lift.id: lift.zone for lift in topology.lifts}
    own = zones_of(topology)
    trips = {trip.id: trip for trip in zone_trips(topology)}
    plc = unit.safety_plc(topology.safety)
    found: list[Interlock] = []
    for shuttle in topology.shuttles:
        transfer = Function(shuttle.id, "transfer")
        for stop in (*shuttle.cabins, *shuttle.platforms):
            zone = zones[stop[0]]
            if zone in own[transfer]:
                continue
            signals = [_holds(plc, zone, signal) for signal in _SIGNALS]
            latches = [Not(trips[f"zone{zone}.{signal.rule}"].stands) for signal in _SIGNALS]
            found += _zone_ahead(reach(shuttle, stop), stop, zone, all_of(*signals, *latches))
    return found


def _zone_ahead(into: Reach, stop: tuple[str, int, int, str], zone: int, safe: Expression) -> list[Interlock]:
    """While forks are there, and before a command sends them there: the permit alone does not say which way (H12)."""
    name, device = f"into-zone-{zone}-{stop[0]}-{stop[1]}", into.shuttle
    title = "The zone that the load goes into is safe"
    texts = (
        f"Zone {zone}, into which {device.id} would carry a load, is stopped, open or locked out.",
        f"Bring zone {zone} back at the machine first: release, close, reset; then clear.",
        "ISO 13850, span of control of an emergency stop",
    )
    transfer, starts = (device.may("transfer"),), device.start(*TRANSFERS[into.side])
    return [
        Interlock(f"{device.id}.{name}", title, "H12", Phase.RUN, transfer, into.unless_elsewhere(safe), *texts),
        Interlock(f"{device.id}.start-{name}", title, "H12", Phase.START, starts, into.unless_away(safe), *texts),
    ]
