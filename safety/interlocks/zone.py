"""The zones of a garage, and the first thing that permits ask of the safety PLC: that it answers.

Owns which function moves in which zone, and the interlock of the safety PLC's answers (H10); what latches stands in
``safety.trips``. Must never reset anything: a person does, at the machine. A function belongs to its own device's
zone and to each zone from which it is carried or carries a load.
"""

from __future__ import annotations

from plc_drivers.contract.safety import ZONES
from safety.expression import ExpressionError
from safety.interlock import Interlock, Phase
from safety.interlocks import unit
from safety.interlocks.unit import Unit
from safety.topology import Topology
from safety.verdict import Function


def zone_interlocks(topology: Topology) -> list[Interlock]:
    """The safety PLC's own answers, for every function.

    Raises:
        ExpressionError: a zone that the safety PLC does not have.
    """
    plc = unit.safety_plc(topology.safety)
    return [_answers(plc, zones_of(topology))]


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
