"""One axis moved by hand: slowly, towards the end of its way, for as long as it is held.

Owns the motion alone. Must never decide whether it may be: permit, mode and interlocks are looked at by who runs it.
"""

from __future__ import annotations

from plc_drivers.contract.codes import DoneResult
from sim_hardware.plant.port_parts import Drive
from sim_hardware.plc.program import Ending, Watch

JOG_MM_S = 250
"""Speed by hand of an axis that moves along a line."""

JOG_MDEG_S = 5000
"""Speed by hand of a turntable: about the same at the end of a long car."""

_LONGEST_S = 300.0
_SETTLE_MS = 500
"""An axis that stands so long after it was told to move is at the end of its way."""


class Jog:
    """Moves ``drive`` to ``target`` at ``speed`` at most."""

    def __init__(self, drive: Drive, target: int, speed: int) -> None:
        self._drive = drive
        self._target = target
        self._speed = speed
        self._watch: Watch | None = None

    def run(self, now_ms: int) -> Ending | None:
        """One scan; OK at the end of the way, None before."""
        if self._watch is None:
            self._watch = Watch()
            self._watch.start(now_ms, _LONGEST_S)
            self._drive.move_to(self._target, speed=self._speed)
        if self._drive.standstill and self._watch.elapsed_ms(now_ms) > _SETTLE_MS:
            return DoneResult.OK
        return DoneResult.TIMED_OUT if self._watch.expired(now_ms) else None
