"""Emergency stop, guard doors, lock-outs, safe states, fire and earthquake, for every function in their reach.

Owns the interlocks that read the safety PLC (H12, H16, H20). Must never reset anything: a person does, at the
machine. A function belongs to its own device's zone and to each zone from which it is carried or carries a load.
"""

from __future__ import annotations

from dataclasses import dataclass

from plc_drivers.contract.safety import ZONES, zone_tag
from safety.expression import ExpressionError, all_of
from safety.interlock import Interlock, Phase
from safety.interlocks import unit
from safety.interlocks.reach import reach
from safety.interlocks.unit import Unit
from safety.topology import Topology
from safety.verdict import Function

_NOT_DRIVEN = frozenset({"outer_open", "outer_close", "inner", "green"})


@dataclass(frozen=True, slots=True)
class _Signal:
    """One zone signal group: the tags that must be set and what is said when one is not."""

    rule: str
    title: str
    hazard: str
    tags: tuple[str, ...]
    cause: str
    remedy: str
    standard: str


_SIGNALS = (
    _Signal(
        "emergency-stop",
        "Emergency stop released, connected and reset",
        "H12",
        ("estop_released", "estop_connected", "reset_done"),
        "The emergency stop of zone {z} is pressed, not connected, or not reset since.",
        "Find who pressed and why. Release the button, reset at the machine in view of zone {z}, then clear and start.",
        "ISO 13850, emergency stop",
    ),
    _Signal(
        "guards",
        "Guard doors closed and locked",
        "H12",
        ("guards_closed",),
        "A guard door of zone {z} is open or not locked: somebody may be inside.",
        "Make sure that nobody is in zone {z}, close and lock every guard door, reset at the machine.",
        "ISO 14120, guards",
    ),
    _Signal(
        "lock-out",
        "Nobody has locked the zone out",
        "H20",
        ("lockout_clear",),
        "Zone {z} is locked out at its isolator: somebody works there.",
        "Only the person whose lock it is takes it off. Do not touch the isolator; ask by name.",
        "ISO 14118, isolation",
    ),
    _Signal(
        "torque",
        "The drives of the zone have torque",
        "H12",
        ("torque_enabled",),
        "Safe torque off is active in zone {z}.",
        "Look at the safety PLC why: emergency stop, guard or its own fault. It gives torque back after its reset.",
        "IEC 61800-5-2, safe torque off",
    ),
)


def zone_interlocks(topology: Topology) -> list[Interlock]:
    """Interlocks of all zones, with the safety PLC's own answers.

    Raises:
        ExpressionError: a zone that the safety PLC does not have.
    """
    plc = unit.safety_plc(topology.safety)
    functions = zones_of(topology)
    found = [_answers(plc, functions)]
    for zone in topology.zones:
        inside = tuple(function for function, zones in functions.items() if zone in zones)
        if inside:
            found += [_zone(plc, zone, signal, inside) for signal in _SIGNALS]
            found += _full_speed(plc, zone, inside)
    return found + _alarms(plc, functions) + _load_into(topology, plc)


def zones_of(topology: Topology) -> dict[Function, frozenset[int]]:
    """Every hazardous function of the garage with the zones that it moves in.

    Raises:
        ExpressionError: a device in a zone that the safety PLC does not report for this garage.
    """
    lifts = {lift.id: lift.zone for lift in topology.lifts}
    riders = {shuttle.lift: shuttle.zone for shuttle in topology.shuttles if shuttle.lift is not None}
    placed: list[tuple[Unit, frozenset[int]]] = [
        *((unit.lift(lift.id), frozenset({lift.zone, riders.get(lift.id, lift.zone)})) for lift in topology.lifts),
        *(
            (unit.shuttle(s.id), frozenset({s.zone, s.zone if s.lift is None else lifts[s.lift]}))
            for s in topology.shuttles
        ),
        *((unit.cabin(cabin.id), frozenset({cabin.zone})) for cabin in topology.cabins),
    ]
    for device, zones in placed:
        if not zones <= set(topology.zones) or not zones <= set(range(1, ZONES + 1)):
            raise ExpressionError(f"{device.id} is in a zone that {topology.safety} does not report")
    return {function: zones for device, zones in placed for function in device.functions}


def _answers(plc: Unit, functions: dict[Function, frozenset[int]]) -> Interlock:
    return Interlock(
        id=f"{plc.id}.answers",
        title="The safety PLC's readings are good",
        hazard="H10",
        phase=Phase.RUN,
        guards=tuple(functions),
        condition=plc.answers,
        cause=f"{plc.id}, the safety PLC, gives no trustworthy readings: no zone is known to be safe.",
        remedy=f"Check supply and network of {plc.id}; `garagectl diag link` shows what was seen last.",
        standard="IEC 60204-1, loss of communication",
    )


def _zone(plc: Unit, zone: int, signal: _Signal, inside: tuple[Function, ...]) -> Interlock:
    return Interlock(
        id=f"zone{zone}.{signal.rule}",
        title=signal.title,
        hazard=signal.hazard,
        phase=Phase.RUN,
        guards=inside,
        condition=all_of(*(plc[zone_tag(tag, zone)] for tag in signal.tags)),
        cause=signal.cause.format(z=zone),
        remedy=signal.remedy.format(z=zone),
        standard=signal.standard,
    )


def _full_speed(plc: Unit, zone: int, inside: tuple[Function, ...]) -> list[Interlock]:
    driven = tuple(function for function in inside if function.permit not in _NOT_DRIVEN)
    if not driven:
        return []
    return [
        Interlock(
            id=f"zone{zone}.full-speed",
            title="Safe limited speed is off",
            hazard="H20",
            phase=Phase.RUN,
            guards=driven,
            condition=plc[zone_tag("full_speed_enabled", zone)],
            cause=f"Safe limited speed is active in zone {zone}: it is set up for people, not for automatic runs.",
            remedy="End the set-up work at the machine and let the safety PLC go back to full speed.",
            standard="IEC 61800-5-2, safely-limited speed",
        )
    ]


def _alarms(plc: Unit, functions: dict[Function, frozenset[int]]) -> list[Interlock]:
    """Fire and earthquake stop the machine, and leave the way out of a cabin open to people."""
    stopped = tuple(function for function in functions if function.permit != "outer_open")
    return [
        Interlock(
            id=f"{plc.id}.no-fire",
            title="No fire alarm",
            hazard="H16",
            phase=Phase.RUN,
            guards=stopped,
            condition=plc["fire_clear"],
            cause="The fire alarm system reports a fire, or its contact is open.",
            remedy="Follow the fire plan. Cabins can still be opened to people inside. "
            "Give the fire brigade the list of what stands where.",
            standard="EN 14010, fire",
        ),
        Interlock(
            id=f"{plc.id}.no-earthquake",
            title="No earthquake or wind alarm",
            hazard="H15",
            phase=Phase.RUN,
            guards=stopped,
            condition=plc["seismic_clear"],
            cause="The earthquake or wind alarm is on, or its contact is open.",
            remedy="Wait until it has ended, look at rails, ropes and loads, reset at the machine.",
        ),
    ]


def _load_into(topology: Topology, plc: Unit) -> list[Interlock]:
    """A transfer that carries a load into another zone needs that zone as well."""
    zones = {cabin.id: cabin.zone for cabin in topology.cabins} | {lift.id: lift.zone for lift in topology.lifts}
    own = zones_of(topology)
    found: list[Interlock] = []
    for shuttle in topology.shuttles:
        transfer = Function(shuttle.id, "transfer")
        for stop in (*shuttle.cabins, *shuttle.platforms):
            zone = zones[stop[0]]
            if zone in own[transfer]:
                continue
            tags = [plc[zone_tag(tag, zone)] for signal in _SIGNALS for tag in signal.tags]
            found.append(
                Interlock(
                    id=f"{shuttle.id}.into-zone-{zone}-{stop[0]}-{stop[1]}",
                    title="The zone that the load goes into is safe",
                    hazard="H12",
                    phase=Phase.RUN,
                    guards=(transfer,),
                    condition=reach(shuttle, stop).unless_elsewhere(all_of(*tags)),
                    cause=f"Zone {zone}, into which {shuttle.id} would carry a load, is stopped, open or locked out.",
                    remedy=f"Bring zone {zone} back at the machine first: release, close, reset.",
                    standard="ISO 13850, span of control of an emergency stop",
                )
            )
    return found
