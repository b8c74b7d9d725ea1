"""Which contract device stands behind which address of a link.

Owns the pairing of a device with its link address and profile. Must never decode or send anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from plc_drivers.contract import DEFINITIONS, DeviceDefinition, DeviceKind
from plc_drivers.profile import Profile


@dataclass(frozen=True, slots=True)
class DeviceBinding:
    """One device behind a link.

    ``device`` is its name in the configuration, ``device_id`` the number that its PLC must report (contract
    rule 1), ``unit`` its Modbus unit id (not used on OPC UA). ``profile`` is None for a PLC that follows the
    default image. ``absent`` names status tags that this device does not have: they are never asked for, and always
    read as bad.
    """

    device: str
    device_id: int
    kind: DeviceKind
    unit: int = 1
    profile: Profile | None = None
    absent: frozenset[str] = frozenset()

    @property
    def definition(self) -> DeviceDefinition:
        """All tags of this kind of device."""
        return DEFINITIONS[self.kind]
