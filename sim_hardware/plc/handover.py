"""The cabin's memory of the handover: openings of the doors to the people, and the confirmation that nobody is inside.

Owns three counters of the contract. Must never take silence for clearance: presence voids a confirmation (H02).
"""

from __future__ import annotations

from sim_hardware.plant.ports import CabinPort
from sim_hardware.plc.wires import nobody_inside

_WRAP = 0x1_0000


class HandoverMemory:
    """Counters of one cabin since its PLC's start."""

    def __init__(self, port: CabinPort) -> None:
        self._port = port
        self.restart()

    def restart(self) -> None:
        """The PLC started anew: no confirmation is known, the present opening is number 1."""
        self.opened_count = 1
        self.confirmed_opening = 0
        self.confirm_count = 0
        self._presses = self._port.confirm_presses
        self._outer_was_closed = self._port.outer.is_closed
        self._exit_was_closed = self._port.exit_closed

    def scan(self) -> None:
        """Look for edges; once per scan."""
        port = self._port
        outer_closed, exit_closed = port.outer.is_closed, port.exit_closed
        left = (self._outer_was_closed and not outer_closed) + (self._exit_was_closed and not exit_closed)
        self._outer_was_closed, self._exit_was_closed = outer_closed, exit_closed
        if left:
            # 0 is reserved for "not confirmed"
            self.opened_count = (self.opened_count + left - 1) % (_WRAP - 1) + 1
        presses = port.confirm_presses
        if presses != self._presses:
            self.confirm_count = (self.confirm_count + presses - self._presses) % _WRAP
            self._presses = presses
            self.confirmed_opening = self.opened_count
        if not nobody_inside(port):
            self.confirmed_opening = 0
