"""What must hold for a cabin's turntable to turn.

Owns the interlocks of ``rotate`` and of turning and referencing (H02, H03, H07, H09).
"""

from __future__ import annotations

from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import JOGS
from safety.expression import Const, Expression, Not, all_of, any_of
from safety.interlock import Interlock, Phase
from safety.interlocks import unit
from safety.interlocks.proof import in_line, inner_shut, outer_shut, proven_empty
from safety.interlocks.unit import Unit
from safety.topology import CabinTopology, Topology


def turntable_interlocks(topology: Topology, cabin: CabinTopology) -> list[Interlock]:
    """Interlocks of one cabin's turntable; a cabin without one never turns."""
    device = unit.cabin(cabin.id)
    if not cabin.turntable:
        return [
            _run(
                device,
                "no-turntable",
                "H09",
                Const(False),
                (
                    "The cabin has a turntable",
                    f"{device.id} has no turntable.",
                    "Nothing to do: the car leaves as it stands.",
                    "",
                ),
            )
        ]
    return [
        *_people(topology, device),
        *_machine(device),
        _starts_within(device),
        _hand_starts_within(device),
    ]


def _run(device: Unit, rule: str, hazard: str, condition: Expression, texts: tuple[str, str, str, str]) -> Interlock:
    title, cause, remedy, standard = texts
    return Interlock(
        f"{device.id}.{rule}", title, hazard, Phase.RUN, (device.may("rotate"),), condition, cause, remedy, standard
    )


def _people(topology: Topology, device: Unit) -> list[Interlock]:
    return [
        _run(
            device,
            "turn-cabin-empty",
            "H02",
            proven_empty(device, topology.clearance_countdown_ms),
            (
                "The cabin is proven empty of people",
                f"{device.id} is not proven empty of people.",
                f"Look into {device.id}. When nobody is inside, close the outer door and press confirm outside.",
                "EN 14010, presence of persons in the transfer area",
            ),
        ),
        _run(
            device,
            "turn-people-shut-off",
            "H02",
            all_of(outer_shut(device), device.idle("outer_open"), device.idle("green")),
            (
                "The outer door is closed and locked and stays so",
                f"The outer door of {device.id} is not proven closed and locked, or may open.",
                "Close the outer door. If it is closed, check its closed, open and lock switches.",
                "EN 14010, moving parts in the transfer area",
            ),
        ),
    ]


def _machine(device: Unit) -> list[Interlock]:
    return [
        _run(
            device,
            "turn-inner-shut",
            "H09",
            all_of(inner_shut(device), device.idle("inner")),
            (
                "The inner door is closed and locked and stays so",
                f"The inner door of {device.id} is not proven closed and locked, or may open.",
                "Close the inner door. If it is closed, check its closed, open and lock switches.",
                "EN 14010, collision of moving parts",
            ),
        ),
        _run(
            device,
            "turn-platform-seated",
            "H01",
            all_of(device["platform_present"], device["platform_level"]),
            (
                "The platform lies in its seat, flush with the floor",
                f"The platform of {device.id} is not seen in its seat and flush with the floor.",
                "Look at the platform; if it lies flush in its seat, check the building's two sensors.",
                "EN 14010, moving parts in the transfer area",
            ),
        ),
    ]


def _starts_within(device: Unit) -> Interlock:
    """Only before the turn: a turning car itself crosses the light barriers of the size check."""
    return Interlock(
        id=f"{device.id}.start-turn-within-marks",
        title="The vehicle stands within its marks before it is turned, and everything stands",
        hazard="H09",
        phase=Phase.START,
        guards=device.start(CommandCode.ROTATE, CommandCode.REFERENCE),
        condition=all_of(device["vehicle_in_envelope"], device["standstill"]),
        cause=f"Something of the vehicle in {device.id} sticks out of its marks, or something still moves.",
        remedy="Look at the car: close doors and boot, centre it. A turning car that sticks out hits the walls.",
        standard="EN 14010, vehicle envelope",
    )


def _hand_starts_within(device: Unit) -> Interlock:
    """By hand a car that stopped half round may be turned on, though it crosses the barriers of the size check."""
    return Interlock(
        id=f"{device.id}.start-hand-turn-within-marks",
        title="By hand too the vehicle stands within its marks, unless it was left half round",
        hazard="H09",
        phase=Phase.START,
        guards=device.start(*JOGS),
        condition=all_of(
            any_of(device["vehicle_in_envelope"], Not(in_line(device, turntable=True))), device["standstill"]
        ),
        cause=f"Something of the vehicle in {device.id} sticks out of its marks, or something still moves.",
        remedy="Look at the car: close doors and boot, centre it. A turning car that sticks out hits the walls.",
        standard="EN 14010, vehicle envelope",
    )
