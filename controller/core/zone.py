"""Safety zones: the emergency stop in its four states, and which devices move in a zone.

Owns the one place where the state of an emergency stop is derived: from the safety PLC's tags, and from the trip that
stays latched until a person has cleared it. Must never reset anything: a person does, in view of the zone (H12).
"""

from __future__ import annotations

from typing import Literal

from controller.core.situation import Situation
from plc_drivers.contract import Value
from plc_drivers.contract.safety import zone_tag

EmergencyStop = Literal["released", "pressed", "unacknowledged", "not-connected"]
"""``unacknowledged`` is released, but not reset at the machine or not cleared by a person since."""


def zone_value(situation: Situation, signal: str, zone: int) -> Value | None:
    """A zone's signal of the safety PLC, None when it is not known."""
    return situation.value(situation.config.safety.id, zone_tag(signal, zone))


def emergency_stop(situation: Situation, zone: int) -> EmergencyStop:
    """The state of a zone's emergency stop; what cannot be seen is not connected."""
    if zone_value(situation, "estop_connected", zone) is not True:
        return "not-connected"
    if zone_value(situation, "estop_released", zone) is not True:
        return "pressed"
    is_latched = any(trip.id == f"zone{zone}.emergency-stop" for trip in situation.verdict.trips)
    return "released" if zone_value(situation, "reset_done", zone) is True and not is_latched else "unacknowledged"


def zones_of_device(situation: Situation, device: str) -> frozenset[int]:
    """The zones in which a device moves: its own, and that of what carries it or rides on it."""
    layout = situation.layout
    if device in layout.cabins:
        return frozenset({layout.cabins[device].zone})
    if device in layout.shuttles:
        lift = layout.shuttles[device].lift
        own = layout.shuttles[device].zone
        return frozenset({own} if lift is None else {own, layout.lifts[lift].zone})
    rider = layout.rider.get(device)
    own = layout.lifts[device].zone
    return frozenset({own} if rider is None else {own, layout.shuttles[rider].zone})
