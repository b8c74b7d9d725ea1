"""Turning a cabin's plate: draw the index pin, turn, let the pin in again.

Owns the order of these steps. Must never call a plate turned that is not locked (H01), nor drive it against its pin.
"""

from __future__ import annotations

from enum import Enum

from plc_drivers.contract.codes import DoneResult, FaultCode
from sim_hardware.plant.ports import CabinPort
from sim_hardware.plc.program import Ending, Watch
from sim_hardware.plc.wires import ALIGNED_MDEG, cabin_aligned

_PIN_S = 4.0
_SETTLE_MS = 1500
"""A plate that stands this long away from its target has not reached it."""


class _Step(Enum):
    DRAW_PIN = "draw the index pin"
    TURN = "turn"
    SET_PIN = "set the index pin"


class TurnSequence:
    """One turn to ``target_mdeg``, or the search for the reference when it is None."""

    def __init__(self, port: CabinPort, target_mdeg: int | None, speed_mdeg_s: int) -> None:
        self._port = port
        self._target_mdeg = target_mdeg
        self._speed_mdeg_s = speed_mdeg_s
        self._watch = Watch()
        self._fresh = True
        self._step = _Step.SET_PIN if self._nothing_to_turn() else _Step.DRAW_PIN

    def _nothing_to_turn(self) -> bool:
        return not self._port.has_turntable or (self._target_mdeg is not None and self._at_target())

    def _at_target(self) -> bool:
        if self._target_mdeg is None:
            return cabin_aligned(self._port) and self._port.turntable.encoder_valid
        return abs(self._port.turntable.position - self._target_mdeg) <= ALIGNED_MDEG

    def run(self, now_ms: int) -> Ending | None:
        """One scan; None while it goes on."""
        if self._fresh:
            self._fresh = False
            self._watch.start(now_ms, 30 + 5 * 180_000 / self._speed_mdeg_s if self._step is _Step.TURN else _PIN_S)
            if self._step is _Step.TURN:
                self._set_off()
        match self._step:
            case _Step.DRAW_PIN:
                return self._draw_pin(now_ms)
            case _Step.TURN:
                return self._turn(now_ms)
            case _Step.SET_PIN:
                return self._set_pin(now_ms)

    def _set_off(self) -> None:
        if self._target_mdeg is None:
            self._port.turntable.home()
        else:
            self._port.turntable.move_to(self._target_mdeg)

    def _draw_pin(self, now_ms: int) -> Ending | None:
        self._port.index.retract()
        if self._port.index.retracted and not self._port.index.extended:
            self._step, self._fresh = _Step.TURN, True
            return None
        return FaultCode.LOCK_FAULT if self._watch.expired(now_ms) else None

    def _turn(self, now_ms: int) -> Ending | None:
        table = self._port.turntable
        if table.standstill and table.brake_closed and not table.homing:
            if self._at_target():
                self._step, self._fresh = _Step.SET_PIN, True
                return None
            if self._watch.elapsed_ms(now_ms) > _SETTLE_MS:
                return DoneResult.NOT_REACHED
        return DoneResult.TIMED_OUT if self._watch.expired(now_ms) else None

    def _set_pin(self, now_ms: int) -> Ending | None:
        self._port.index.extend()
        if self._port.index.extended and not self._port.index.retracted:
            return DoneResult.OK
        return FaultCode.LOCK_FAULT if self._watch.expired(now_ms) else None
