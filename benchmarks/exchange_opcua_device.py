"""The PLC of the OPC UA exchange benchmark: a lift cut down to 20 status tags. Owns its definition; holds no code."""

from __future__ import annotations

from dataclasses import dataclass

from plc_drivers.binding import DeviceBinding
from plc_drivers.contract import LIFT, DeviceDefinition
from plc_drivers.contract.definition import ANSWERS, COMMON_COMMANDS, IDENTITY, MAILBOX

DEVICE = "lift1"
TAGS = 20

SMALL = DeviceDefinition(LIFT.kind, "Lift", (*IDENTITY, *ANSWERS)[:TAGS], MAILBOX, (), COMMON_COMMANDS)
"""Twenty status tags, and the command mailbox of every kind."""


@dataclass(frozen=True)
class SmallBinding(DeviceBinding):
    """A binding of the cut-down lift."""

    @property
    def definition(self) -> DeviceDefinition:
        """The cut-down lift's tags."""
        return SMALL
