"""A configuration's devices with their place in the file.

Owns the one walk over all devices that every check shares. Must never judge them.
"""

from __future__ import annotations

from collections.abc import Iterator

from controller.config.models import CabinSection, GarageConfig, LiftSection, SafetySection, ShuttleSection
from plc_drivers.contract import CABIN, LIFT, SAFETY, SHUTTLE, DeviceDefinition

Device = LiftSection | ShuttleSection | CabinSection | SafetySection


def devices(config: GarageConfig) -> Iterator[tuple[str, Device]]:
    """Every device with its path in the file, as ``("lifts[0]", lift)``, in the order of the models."""
    for index, lift in enumerate(config.lifts):
        yield f"lifts[{index}]", lift
    for index, shuttle in enumerate(config.shuttles):
        yield f"shuttles[{index}]", shuttle
    for index, cabin in enumerate(config.cabins):
        yield f"cabins[{index}]", cabin
    yield "safety", config.safety


def definition_of(device: Device) -> DeviceDefinition:
    """The contract's definition for a device's kind."""
    match device:
        case LiftSection():
            return LIFT
        case ShuttleSection():
            return SHUTTLE
        case CabinSection():
            return CABIN
        case SafetySection():
            return SAFETY
