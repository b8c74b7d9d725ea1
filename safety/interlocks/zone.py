"""The zones of a garage, and what permits ask of the safety PLC as a level: its answers, full speed, no fire.

Owns the interlocks that read the safety PLC and latch nothing (H10, H16, H20); what latches stands in
``safety.trips``. Must never reset anything: a person does, at the machine. A function belongs to its own device's
zone and to each zone from which it is carried or carries a load.
"""

from __future__ import annotations

from plc_drivers.contract.safety import ZONES, zone_tag
from safety.expression import ExpressionError
from safety.interlock import Interlock, Phase
from safety.interlocks import unit
from safety.interlocks.unit import Unit
from safety.topology import Topology
from safety.verdict import Function

_NOT_DRIVEN = frozenset({"outer_open", "outer_close", "inner", "green"})


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
            found += _full_speed(plc, zone, inside)
    return [*found, _fire(plc, functions)]


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


def _fire(plc: Unit, functions: dict[Function, frozenset[int]]) -> Interlock:
    """Fire stops the machine, and leaves the way out of a cabin open to people."""
    return Interlock(
        id=f"{plc.id}.no-fire",
        title="No fire alarm",
        hazard="H16",
        phase=Phase.RUN,
        guards=tuple(function for function in functions if function.permit != "outer_open"),
        condition=plc["fire_clear"],
        cause="The fire alarm system reports a fire, or its contact is open.",
        remedy="Follow the fire plan. Cabins can still be opened to people inside. "
        "Give the fire brigade the list of what stands where.",
        standard="EN 14010, fire",
    )
