"""Who may command this device, and whether that controller is alive (contract rules 2 and 3).

Owns the highest epoch seen and the watchdog on the owner's heartbeat. Must never judge a command.
"""

from __future__ import annotations

from collections.abc import Mapping

from plc_drivers.contract import Value


class Owner:
    """The owner of one device. ``highest`` is retentive memory: it survives a restart of the PLC."""

    def __init__(self, timeout_ms: int) -> None:
        self.timeout_ms = timeout_ms
        self.highest = 0
        self.writes = False
        """True while the registers hold a write of the owner; a lower epoch's write has no permits."""
        self._heartbeat: int | None = None
        self._fed_ms: int | None = None

    def look(self, registers: Mapping[str, Value], now_ms: int) -> bool:
        """Latch epoch and heartbeat of the registers; True when a new owner has just taken over."""
        epoch, heartbeat = int(registers["owner_epoch_wanted"]), int(registers["controller_heartbeat"])
        taken_over = epoch > self.highest
        if taken_over:
            self.highest = epoch
            self._heartbeat = None
        # Epoch 0 is what registers hold before anybody wrote: it owns nothing.
        self.writes = epoch == self.highest and epoch > 0
        if self.writes and heartbeat != self._heartbeat:
            self._heartbeat = heartbeat
            self._fed_ms = now_ms
        return taken_over

    def alive(self, now_ms: int) -> bool:
        """True while the owner's heartbeat has changed within the time-out."""
        return self._fed_ms is not None and now_ms - self._fed_ms <= self.timeout_ms

    def restart(self) -> None:
        """The PLC started anew: nobody is alive, the highest epoch stays known."""
        self._heartbeat = None
        self._fed_ms = None
        self.writes = False
