"""Switches that contradict each other: a guard that is defeated or dead must not go unnoticed.

Owns the plausibility trips (H21). Two end switches of one thing that are both made, longer than a switch may bounce,
mean that one of them is bridged, stuck or torn off; which one, only a person can tell.
"""

from __future__ import annotations

from safety.expression import Expression, Not, Proven, all_of, any_of
from safety.interlocks import unit
from safety.interlocks.proof import FORKS_HOME_MM
from safety.interlocks.unit import Unit
from safety.topology import Topology
from safety.trip import StopCategory, Trip
from safety.verdict import Function

CONTRADICTION_MS = 500
"""How long two switches may contradict each other in all: above any contact's bounce and two PLC scans."""


def sensor_trips(topology: Topology) -> list[Trip]:
    """Plausibility of every lift, shuttle and cabin."""
    found = [
        _trip(
            unit.lift(lift.id),
            lift.zone,
            "pin-switches",
            all_of(unit.lift(lift.id)["pins_extended"], unit.lift(lift.id)["pins_retracted"]),
            f"Both end switches of {lift.id}'s lock pins are made at once.",
            unit.lift(lift.id).functions,
        )
        for lift in topology.lifts
    ]
    for shuttle in topology.shuttles:
        device = unit.shuttle(shuttle.id)
        out = any_of(device["forks_left_mm"].gt(2 * FORKS_HOME_MM), device["forks_right_mm"].gt(2 * FORKS_HOME_MM))
        both = all_of(device["forks_left_mm"].gt(2 * FORKS_HOME_MM), device["forks_right_mm"].gt(2 * FORKS_HOME_MM))
        found.append(
            _trip(
                device,
                shuttle.zone,
                "fork-switches",
                any_of(all_of(device["forks_centred"], out), both),
                f"The forks of {shuttle.id} are home by their switch and out by an encoder, or out to both sides.",
                device.functions,
            )
        )
    for cabin in topology.cabins:
        device = unit.cabin(cabin.id)
        # The way out for people stays: opening the outer door has interlocks of its own (H04).
        stops = tuple(function for function in device.functions if function.permit != "outer_open")
        found += [_door(device, cabin.zone, which, stops) for which in ("outer", "inner")]
    return found


def _door(device: Unit, zone: int, which: str, stops: tuple[Function, ...]) -> Trip:
    is_open = device[f"{which}_open"]
    contradiction = all_of(is_open, any_of(device[f"{which}_closed"], device[f"{which}_locked"]))
    cause = f"The {which} door of {device.id} is open by one switch and closed or locked by another."
    return _trip(device, zone, f"{which}-switches", contradiction, cause, stops)


def _trip(
    device: Unit, zone: int, rule: str, contradiction: Expression, cause: str, stops: tuple[Function, ...]
) -> Trip:
    return Trip(
        id=f"{device.id}.{rule}",
        title="Switches that exclude each other do",
        hazard="H21",
        category=StopCategory.STOP_THEN_OFF,
        zone=zone,
        stops=stops,
        # Silence of the device is another interlock's cause; a contradiction is what is seen, not what is unknown.
        holds=Not(Proven(contradiction)),
        grace_ms=CONTRADICTION_MS,
        cause=cause,
        remedy="Compare the switches with what can be seen. Find what is stuck, bridged or torn off; then clear.",
        standard="ISO 14119, defeat and plausibility of interlocking devices",
    )
