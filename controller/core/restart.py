"""A PLC that started anew, by its boot counter: what it concerns is stopped until a person has looked (H11).

Owns the memory of the boot counters of this run. A controller's own start ends in stopped anyway, so that the first
counter seen is the one that counts. Must never start or clear anything.
"""

from __future__ import annotations

from controller.core import commanding
from controller.core.mode import ModeEvent
from controller.core.mode_change import happened
from controller.core.situation import Situation
from plc_drivers.contract import Value
from plc_drivers.contract.codes import FAULT_HELP, FaultCode
from safety.refusal import Refusal


class BootCounters:
    """The boot counters last seen."""

    def __init__(self) -> None:
        self._seen: dict[str, Value] = {}

    def memory(self) -> dict[str, Value]:
        """The counters, for a recording that goes on from here."""
        return dict(self._seen)

    def recall(self, memory: dict[str, Value]) -> None:
        """Go on from what ``memory`` gave."""
        self._seen = dict(memory)

    def look(self, situation: Situation) -> None:
        """Block a device whose PLC started anew; stop the garage when it was the safety PLC's."""
        for device, image in situation.image.devices.items():
            boot = image.value("boot_counter")
            if boot is None:
                continue
            before = self._seen.setdefault(device, boot)
            if boot == before:
                continue
            self._seen[device] = boot
            if image.definition.is_commanded:
                cause, remedy = FAULT_HELP[FaultCode.PLC_RESTARTED]
                commanding.block(situation, device, Refusal("PLC_RESTARTED", f"{device}: {cause}", remedy))
            else:
                happened(situation, ModeEvent.SAFETY_RESTART, "controller", "SAFETY_PLC_RESTARTED")
