"""The zones as the outside sees them.

Owns the derivation of each field, in one place, so that page, API and command line cannot differ.
"""

from __future__ import annotations

from typing import Literal

from controller.core.situation import Situation
from controller.core.zone import emergency_stop, zone_value, zones_of_device
from controller.local_link.mode_messages import LockView, ZoneView
from plc_drivers.contract import Value


def zone_views(situation: Situation) -> list[ZoneView]:
    """Every zone of the configuration."""
    return [_zone(situation, zone) for zone in situation.config.safety.zones]


def _zone(situation: Situation, zone: int) -> ZoneView:
    full_speed = zone_value(situation, "full_speed_enabled", zone)
    torque = zone_value(situation, "torque_enabled", zone)
    locks = situation.state.precautions.locks.get(zone, {})
    inside = [
        device
        for device, image in situation.image.devices.items()
        if image.definition.is_commanded and zone in zones_of_device(situation, device)
    ]
    return ZoneView(
        id=zone,
        emergency_stop=emergency_stop(situation, zone),
        guards=_guards(zone_value(situation, "guards_closed", zone)),
        isolator=_isolator(zone_value(situation, "lockout_clear", zone)),
        locks=[LockView(person=lock.person, note=lock.note, since_ms=lock.since_ms) for lock in locks.values()],
        torque=None if torque is None else bool(torque),
        speed_limited=None if full_speed is None else not full_speed,
        devices=inside,
        standing=all(situation.value(device, "standstill") is True for device in inside),
    )


def _guards(closed: Value | None) -> Literal["closed", "open", "unknown"]:
    return "unknown" if closed is None else "closed" if closed else "open"


def _isolator(clear: Value | None) -> Literal["clear", "locked", "unknown"]:
    return "unknown" if clear is None else "clear" if clear else "locked"
