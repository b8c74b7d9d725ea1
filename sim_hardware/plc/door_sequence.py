"""Opening and closing a power door with its bolt, step by step.

Owns retrying and counting after an obstruction. Must never bolt a door that is not proven closed, and never call a
door closed that is not bolted (H03).
"""

from __future__ import annotations

from enum import Enum

from plc_drivers.contract.codes import DoneResult, FaultCode
from sim_hardware.plant.ports import Door
from sim_hardware.plc.program import Ending, Watch

REOPENINGS_MAX = 5
"""After so many reversals a closing gives up and leaves the door open."""

_WAIT_MS = 1500
"""How long the doorway must be clear before a closing is tried again."""

_PATIENCE_S = 45.0
"""How long a closing waits for the doorway to become clear."""

_BOLT_S = 3.0


class _Step(Enum):
    UNBOLT = "unbolt"
    OPEN = "open"
    WAIT = "wait for a clear doorway"
    CLOSE = "close"
    BOLT = "bolt"


class DoorSequence:
    """One opening or closing of ``door``, which takes about ``travel_s`` of plant time."""

    def __init__(self, door: Door, travel_s: float, *, opening: bool) -> None:
        self._door = door
        self._travel_s = travel_s
        self._watch = Watch()
        self._clear_since_ms: int | None = None
        self._reversals = door.reversals
        self._was_moving = False
        self.reopened = 0
        if opening:
            self._step = _Step.OPEN if door.bolt.retracted else _Step.UNBOLT
        else:
            self._step = _Step.BOLT if door.is_closed else _Step.CLOSE
        self._fresh = True

    def run(self, now_ms: int) -> Ending | None:
        """One scan; None while it goes on."""
        if self._fresh:
            self._fresh = False
            self._enter(now_ms)
        match self._step:
            case _Step.UNBOLT:
                return self._unbolt(now_ms)
            case _Step.OPEN:
                return self._open(now_ms)
            case _Step.WAIT:
                return self._wait(now_ms)
            case _Step.CLOSE:
                return self._close(now_ms)
            case _Step.BOLT:
                return self._bolt(now_ms)

    def _enter(self, now_ms: int) -> None:
        limits = {_Step.UNBOLT: _BOLT_S, _Step.BOLT: _BOLT_S, _Step.WAIT: _PATIENCE_S}
        self._watch.start(now_ms, limits.get(self._step, 5 + 3 * self._travel_s))
        self._clear_since_ms = None
        if self._step is _Step.CLOSE:
            self._door.close()

    def _next(self, step: _Step) -> None:
        self._step, self._fresh = step, True

    def _unbolt(self, now_ms: int) -> Ending | None:
        self._door.bolt.retract()
        if self._door.bolt.retracted and not self._door.bolt.extended:
            self._next(_Step.OPEN)
            return None
        return FaultCode.LOCK_FAULT if self._watch.expired(now_ms) else None

    def _open(self, now_ms: int) -> Ending | None:
        self._door.open()
        if self._door.is_open and self._door.standstill:
            return DoneResult.OK
        return FaultCode.DOOR_FAULT if self._watch.expired(now_ms) else None

    def _close(self, now_ms: int) -> Ending | None:
        reversals = self._door.reversals
        if reversals != self._reversals:
            self.reopened += reversals - self._reversals
            self._reversals = reversals
            if self.reopened > REOPENINGS_MAX:
                return DoneResult.OBSTRUCTED
            self._next(_Step.WAIT)
            return None
        if self._door.is_closed and self._door.standstill:
            self._next(_Step.BOLT)
            return None
        return FaultCode.DOOR_FAULT if self._watch.expired(now_ms) else None

    def _wait(self, now_ms: int) -> Ending | None:
        if not (self._door.curtain_clear and self._door.edge_clear):
            self._clear_since_ms = None
        elif self._clear_since_ms is None:
            self._clear_since_ms = now_ms
        elif now_ms - self._clear_since_ms >= _WAIT_MS:
            self._reversals = self._door.reversals
            self._next(_Step.CLOSE)
            return None
        return DoneResult.OBSTRUCTED if self._watch.expired(now_ms) else None

    def _bolt(self, now_ms: int) -> Ending | None:
        self._door.bolt.extend()
        if self._door.bolt.extended and not self._door.bolt.retracted:
            return DoneResult.OK
        return FaultCode.LOCK_FAULT if self._watch.expired(now_ms) else None
