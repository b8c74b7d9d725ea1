"""The device contract as data: from these definitions come the wire images, the emulator, the tables and the checks."""

from __future__ import annotations

from plc_drivers.contract.cabin import CABIN
from plc_drivers.contract.codes import CONTRACT_VERSION, CommandCode, DeviceKind, StopWay
from plc_drivers.contract.definition import CommandSpec, DefinitionError, DeviceDefinition
from plc_drivers.contract.lift import LIFT
from plc_drivers.contract.safety import SAFETY
from plc_drivers.contract.shuttle import SHUTTLE
from plc_drivers.contract.tag import Block, Tag, TagType, Value

DEFINITIONS: dict[DeviceKind, DeviceDefinition] = {
    DeviceKind.LIFT: LIFT,
    DeviceKind.SHUTTLE: SHUTTLE,
    DeviceKind.CABIN: CABIN,
    DeviceKind.SAFETY: SAFETY,
}
"""Every device kind that the contract knows."""

__all__ = [
    "CABIN",
    "CONTRACT_VERSION",
    "DEFINITIONS",
    "LIFT",
    "SAFETY",
    "SHUTTLE",
    "Block",
    "CommandCode",
    "CommandSpec",
    "DefinitionError",
    "DeviceDefinition",
    "DeviceKind",
    "StopWay",
    "Tag",
    "TagType",
    "Value",
]
