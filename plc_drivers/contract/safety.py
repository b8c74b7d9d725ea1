"""The safety PLC: read only. The controller can never reset it; a person does, at the machine, in view of the zone."""

from __future__ import annotations

from plc_drivers.contract.codes import DeviceKind
from plc_drivers.contract.definition import IDENTITY, DeviceDefinition, flag
from plc_drivers.contract.tag import Tag

ZONES = 8
"""Zones that one safety PLC reports; a zone that the garage does not have reads as its wiring leaves it."""

_ZONE_SIGNALS: tuple[tuple[str, str], ...] = (
    ("estop_released", "Every emergency stop button of zone {z} is released, on both channels."),
    ("estop_connected", "The emergency stop circuit of zone {z} is connected and free of faults."),
    ("reset_done", "Zone {z} has been reset at the machine since its last stop."),
    ("guards_closed", "Every guard door of zone {z} is closed and locked."),
    ("lockout_clear", "Nobody has locked out zone {z} at its isolator."),
    ("torque_enabled", "The drives of zone {z} have torque (safe torque off is not active)."),
    ("full_speed_enabled", "Safe limited speed is not active in zone {z}."),
)


def zone_tag(signal: str, zone: int) -> str:
    """Name of the tag of ``signal`` for ``zone`` (1 to 8), as ``zone3_guards_closed``."""
    return f"zone{zone}_{signal}"


def _zone_tags() -> tuple[Tag, ...]:
    tags: list[Tag] = []
    for number, (signal, meaning) in enumerate(_ZONE_SIGNALS):
        word, shift = 30 + number // 2, 8 * (number % 2)
        tags += [flag(zone_tag(signal, z), word, shift + z - 1, meaning.format(z=z)) for z in range(1, ZONES + 1)]
    return tuple(tags)


SAFETY = DeviceDefinition(
    kind=DeviceKind.SAFETY,
    title="Safety PLC",
    status=(
        *IDENTITY,
        *_zone_tags(),
        flag("fire_clear", 34, 0, "The fire alarm system reports no fire."),
        flag("seismic_clear", 34, 1, "No earthquake or wind alarm."),
        flag("mains_ok", 34, 2, "The mains supply is present."),
        flag("generator_off", 34, 3, "The emergency generator does not feed the machine."),
    ),
    command=(),
    permits=(),
    commands=(),
)
"""Definition of a safety PLC."""
