"""Questions to a cabin's sensors, in the words in which the handover asks them.

Owns which sensors answer which question; two different ones wherever people or cars are concerned. What is unknown
is never a yes. Must never decide what follows.
"""

from __future__ import annotations

from controller.core.situation import Situation
from plc_drivers.contract.codes import Sign

HALF_TURN_MDEG = 180_000
ALIGNED_MDEG = 1000
"""How far from a half turn the turntable still counts as in line; its index pin decides finer."""


def is_outer_shut(situation: Situation, cabin: str) -> bool:
    """True when the outer door is proven closed and locked."""
    return situation.value(cabin, "outer_closed") is True and situation.value(cabin, "outer_locked") is True


def is_inner_shut(situation: Situation, cabin: str) -> bool:
    """True when the inner door is proven closed and locked."""
    return situation.value(cabin, "inner_closed") is True and situation.value(cabin, "inner_locked") is True


def is_vehicle_gone(situation: Situation, cabin: str) -> bool:
    """True when both vehicle sensors say that nothing stands there (H05)."""
    return situation.value(cabin, "vehicle_present") is False and situation.value(cabin, "vehicle_clear") is True


def is_vehicle_there(situation: Situation, cabin: str) -> bool:
    """True when both vehicle sensors see a car."""
    return situation.value(cabin, "vehicle_present") is True and situation.value(cabin, "vehicle_clear") is False


def sees_nobody(situation: Situation, cabin: str) -> bool:
    """True when both presence sensors work and see nobody (H02)."""
    return (
        situation.value(cabin, "curtain_ok") is True
        and situation.value(cabin, "curtain_count") == 0
        and situation.value(cabin, "scanner_clear") is True
    )


def sees_somebody(situation: Situation, cabin: str) -> bool:
    """True when a presence sensor sees a person; what is unknown is not seen."""
    return situation.value(cabin, "scanner_clear") is False or (situation.value(cabin, "curtain_count") or 0) > 0


def may_close(situation: Situation, cabin: str) -> bool:
    """True when nobody is seen inside or in the outer door's way."""
    return sees_nobody(situation, cabin) and situation.value(cabin, "outer_unobstructed") is True


def is_aligned(situation: Situation, cabin: str) -> bool:
    """True when the turntable is in line with the doors."""
    angle = situation.value(cabin, "angle_mdeg")
    return angle is not None and min(angle % HALF_TURN_MDEG, -angle % HALF_TURN_MDEG) <= ALIGNED_MDEG


def guidance(situation: Situation, cabin: str) -> Sign:
    """What the driver is told until the front wheels stand in their mark (H14)."""
    if situation.value(cabin, "wheels_in_place") is True:
        return Sign.STOP
    offset = situation.value(cabin, "wheel_offset_mm")
    if offset is None:
        return Sign.PLEASE_WAIT
    return Sign.BACK if offset > 0 else Sign.FORWARD
