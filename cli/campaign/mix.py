"""The usual mix of faults: how often each kind comes, in one table.

Owns the rates and what is never injected. Must never depend on a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from safety.verification.limits import LIMITS
from sim_hardware.fault import FaultKind


class OwnFault(StrEnum):
    """Faults of what only a campaign has: the controller's process, its disk, its clock, its links as a whole."""

    KILL = "controller-killed"
    LINK_CUT = "link-cut"
    DISK_FULL = "disk-full"
    DISK_SLOW = "disk-slow"
    CLOCK_JUMP = "clock-jump"
    SECOND = "second-controller"
    DAMAGED = "journal-damaged"
    OTHER_CONFIG = "other-configuration"


AnyKind = FaultKind | OwnFault


@dataclass(frozen=True, slots=True)
class Rate:
    """How many in a garage-day, and how long each lasts, in s (shortest, longest); (0, 0) is over at once."""

    per_day: float
    lasts_s: tuple[float, float] = (0.0, 0.0)


# Where the figures come from: no maker publishes them for car towers. They are set by judgement: a stop that needs a
# person every few days is what one hears of lifts and automated storage, raised some ten times, so that a campaign of
# days sees what years bring. What has to be relative is: sensors fail more often than PLCs, people misbehave
# more often than machines, networks lose answers more often than they break. Change a figure here and nowhere else.
MIX: Mapping[AnyKind, Rate] = {
    FaultKind.STUCK: Rate(0.8, (5, 300)),
    FaultKind.INVERTED: Rate(0.6, (5, 300)),
    FaultKind.OFFSET: Rate(0.3, (5, 300)),
    FaultKind.DRIFT: Rate(0.2, (30, 600)),
    FaultKind.SLOW: Rate(0.2, (5, 120)),
    FaultKind.FLICKER: Rate(0.4, (2, 60)),
    FaultKind.BAD: Rate(0.2, (1, 60)),
    FaultKind.FROZEN: Rate(0.25, (0.2, 30)),
    FaultKind.INPUTS_FROZEN: Rate(0.1, (0.2, 5)),
    FaultKind.RESTART: Rate(0.4),
    FaultKind.NEW_PROGRAM: Rate(0.05),
    FaultKind.SEQUENCE_RESET: Rate(0.2),
    FaultKind.REFUSES: Rate(0.2, (5, 120)),
    FaultKind.NEVER_ENDS: Rate(0.2, (5, 180)),
    FaultKind.NEVER_REPORTS: Rate(0.2, (5, 180)),
    FaultKind.DRIVE_TRIP: Rate(0.5),
    FaultKind.BLOCKED: Rate(0.4, (5, 300)),
    FaultKind.BRAKE_WORN: Rate(0.3, (60, 1800)),
    FaultKind.ENCODER_LOST: Rate(0.3, (60, 1800)),
    FaultKind.ROPE_SLACK: Rate(0.15, (30, 600)),
    FaultKind.GOVERNOR: Rate(0.15, (30, 600)),
    FaultKind.CAR_ROLLS: Rate(0.3),
    FaultKind.CAR_MOVED: Rate(0.15),
    FaultKind.CURTAIN_BROKEN: Rate(0.25, (30, 600)),
    FaultKind.EXIT_OPEN: Rate(0.25, (5, 120)),
    FaultKind.BUTTON_CLAMPED: Rate(0.2, (30, 600)),
    FaultKind.KEY: Rate(0.2, (60, 600)),
    FaultKind.ESTOP: Rate(0.3, (10, 300)),
    FaultKind.ESTOP_UNPLUGGED: Rate(0.1, (10, 120)),
    FaultKind.GUARD_OPEN: Rate(0.3, (10, 300)),
    FaultKind.LOCKED_OUT: Rate(0.2, (60, 900)),
    FaultKind.FIRE: Rate(0.15, (30, 600)),
    FaultKind.EARTHQUAKE: Rate(0.1, (5, 60)),
    FaultKind.MAINS_LOST: Rate(0.2, (1, 120)),
    FaultKind.GENERATOR: Rate(0.3, (60, 900)),
    FaultKind.SILENT: Rate(0.3, (0.2, 30)),
    FaultKind.LATE: Rate(0.3, (5, 60)),
    FaultKind.LOSSY: Rate(0.4, (5, 120)),
    FaultKind.REPEATED: Rate(0.2, (5, 60)),
    FaultKind.TRUNCATED: Rate(0.15, (0.2, 10)),
    FaultKind.OVERSIZED: Rate(0.1, (0.2, 10)),
    FaultKind.GARBAGE: Rate(0.15, (0.2, 10)),
    FaultKind.FOREIGN: Rate(0.15, (0.2, 10)),
    FaultKind.OVERTAKING: Rate(0.2, (5, 60)),
    FaultKind.INTRUDER: Rate(0.3, (10, 120)),
    FaultKind.STAYS_INSIDE: Rate(0.6),
    FaultKind.COMES_BACK: Rate(0.6),
    FaultKind.NEVER_CONFIRMS: Rate(0.6),
    FaultKind.PRESSES_TWICE: Rate(0.6),
    FaultKind.BOOT_OPEN: Rate(0.4),
    FaultKind.OTHER_CAR: Rate(0.3),
    FaultKind.NOBODY_COMES: Rate(0.2, (120, 1200)),
    OwnFault.KILL: Rate(1.0, (0.1, 20)),
    OwnFault.LINK_CUT: Rate(0.4, (0.2, 60)),
    OwnFault.DISK_FULL: Rate(0.2, (1, 120)),
    OwnFault.DISK_SLOW: Rate(0.2, (5, 120)),
    OwnFault.CLOCK_JUMP: Rate(0.2),
    OwnFault.SECOND: Rate(0.15, (5, 120)),
    OwnFault.DAMAGED: Rate(0.1, (30, 300)),
    OwnFault.OTHER_CONFIG: Rate(0.1, (5, 60)),
}
"""Everything that the mix has. A kind that is not here is not drawn: see ``LEFT_OUT``."""

LEFT_OUT: Mapping[FaultKind, str] = {
    FaultKind.SWAPPED: "two sensors lie at once: outside the single-fault assumption of the interlocks",
    FaultKind.BRAKE_SLIPS: "moves the machine against every permit: only the brake itself can hold it",
    FaultKind.PLATE_MISSING: "a hole before an open door is an accident of the building, whatever the controller does",
}
"""Kinds that a campaign does not draw, and why."""

LIES = frozenset(
    {
        FaultKind.STUCK,
        FaultKind.INVERTED,
        FaultKind.OFFSET,
        FaultKind.DRIFT,
        FaultKind.SLOW,
        FaultKind.FLICKER,
        FaultKind.INPUTS_FROZEN,
    }
)
"""Kinds by which a reading is wrong: there is one of these at most at a time (single-fault assumption)."""

_LIMITED = frozenset((limit.kind, limit.tag) for limit in LIMITS)
_ENCODERS = ("position", "position_mm", "position_mdeg", "forks_position", "forks_position_mm", "angle_mdeg")
"""Which station it is comes from the encoder alone: the same limit as ``station``, at its source."""
_MARKS = ("station_code", "levelling_error_mm")


def is_excluded(kind: str, tag: str) -> bool:
    """A lie of this tag is beyond what the interlocks claim; ``kind`` is the device's, in small letters."""
    return (kind, tag) in _LIMITED or tag in _ENCODERS or tag in _MARKS


def excluded() -> list[str]:
    """What no lie is told about, for the report."""
    return [*sorted(f"{kind}.{tag}" for kind, tag in _LIMITED), *(f"*.{tag}" for tag in (*_ENCODERS, *_MARKS))]
