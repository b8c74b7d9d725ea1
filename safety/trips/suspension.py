"""What carries a lift: rope, governor, final limits, shaft doors, brake.

Owns the trips that take the power from a lift (H15). The machine's own safety circuit acts first; the latch here
keeps the controller from asking for motion again before a person has looked.
"""

from __future__ import annotations

from safety.expression import Expression, HeldFor, Not, all_of
from safety.interlocks import unit
from safety.interlocks.unit import Unit
from safety.topology import LiftTopology
from safety.trip import StopCategory, Trip

BRAKE_MS = 1500
"""A brake that is not proven closed this long after standstill has not closed (H15)."""


def suspension_trips(lift: LiftTopology) -> list[Trip]:
    """Trips of one lift's suspension."""
    device = unit.lift(lift.id)
    off, stop = StopCategory.POWER_OFF, StopCategory.STOP_THEN_OFF
    brake_open = all_of(device["standstill"], Not(device["brake_closed"]), device["active_command"].eq(0))
    limits = all_of(device["overtravel_top_clear"], device["overtravel_bottom_clear"])
    return [
        _trip(
            device,
            lift.zone,
            ("rope-taut", "Rope or chain carries the platform", off, device["rope_taut"]),
            f"The rope or chain of {device.id} is or was slack.",
            "Keep everybody out of the shaft. A technician inspects the suspension before anything moves, then clears.",
            "EN 81-20, slack rope",
        ),
        _trip(
            device,
            lift.zone,
            ("speed-ok", "The overspeed governor has not acted", off, device["speed_ok"]),
            f"The overspeed governor of {device.id} has acted.",
            "A technician inspects drive, brake and governor, resets the governor locally, then clears.",
            "EN 81-20, overspeed governor",
        ),
        _trip(
            device,
            lift.zone,
            ("overtravel", "Both final limit switches are closed", off, limits),
            f"A final limit switch of {device.id} is or was open: it went past its last level.",
            "A technician releases the axis locally, finds the cause, references it, then clears.",
            "EN 81-20, final limit switches",
        ),
        _trip(
            device,
            lift.zone,
            ("brake", "The brake closes when the lift stands", off, Not(HeldFor(brake_open, BRAKE_MS))),
            f"{device.id} stands without a command and its brake is not proven closed.",
            "Keep everybody away from below the platform. A technician tests the brake, then clears.",
            "EN 81-20, brake",
        ),
        _trip(
            device,
            lift.zone,
            ("shaft-doors", "All doors of the shaft are closed", stop, device["shaft_doors_closed"]),
            f"A door of {device.id}'s shaft is or was open.",
            "Make sure that nobody is in the shaft, close its doors, then clear.",
            "EN 81-20, landing doors",
        ),
    ]


def _trip(
    device: Unit,
    zone: int,
    what: tuple[str, str, StopCategory, Expression],
    cause: str,
    remedy: str,
    standard: str,
) -> Trip:
    rule, title, category, holds = what
    return Trip(
        f"{device.id}.{rule}", title, "H15", category, zone, (device.may("travel"),), holds, cause, remedy, standard
    )
