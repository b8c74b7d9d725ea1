"""The fork sequence of a shuttle: pick and place step by step, and how an interrupted one is taken up again.

Owns the order of fork and hoist motions. A car hangs on the forks only while they are raised, so the hoist never
moves except with the forks at the target or at home: anything else would drop or tear the car (H06, H07).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from controller.config.models import Transfer as TransferFigures
from controller.garage import Side
from plc_drivers.contract.codes import DoneResult, FaultCode
from sim_hardware.plant.ports import ShuttlePort
from sim_hardware.plc.program import Ending, Watch

LOADED_KG = 100
"""More than this on deck and forks is a car."""

REACHED_MM = 15
"""The forks have reached their target within this."""


def _target_mm(figures: TransferFigures, side: Side, depth: int) -> int:
    return figures.stroke_mm * depth * (1 if side is Side.LEFT else -1)


def can_begin(port: ShuttlePort, figures: TransferFigures, side: Side, depth: int) -> bool:
    """False when an earlier transfer was left in a position from which this one is no way out."""
    if port.forks_centred:
        return True
    target_mm = _target_mm(figures, side, depth)
    same_side = (port.forks.position > 0) == (target_mm > 0)
    settled = port.hoist.extended or port.hoist.retracted
    return (same_side and settled) or abs(port.forks.position - target_mm) <= REACHED_MM


class Step(Enum):
    """What the forks do now."""

    SET_HOIST = "set the hoist at home"
    GO_OUT = "extend"
    SWITCH_HOIST = "raise or lower at the target"
    COME_HOME = "draw in"
    LOWER = "lower at home"


class Transfer:
    """One pick or place of ``port``'s shuttle to one side and depth.

    ``look`` is asked as long as the forks are home; its answer, if any, ends the transfer before it begins.
    """

    def __init__(
        self,
        port: ShuttlePort,
        figures: TransferFigures,
        side: Side,
        depth: int,
        *,
        pick: bool,
        look: Callable[[], DoneResult | None],
    ) -> None:
        self._port = port
        self._figures = figures
        self._pick = pick
        self._look = look
        self._target_mm = _target_mm(figures, side, depth)
        self._found = True
        self._watch = Watch()
        self._step = self._first_step()
        self._fresh = True

    def _first_step(self) -> Step:
        if self._port.forks_centred:
            return Step.SET_HOIST
        if self._at_target() and not (self._port.hoist.extended or self._port.hoist.retracted):
            return Step.SWITCH_HOIST
        loaded = self._port.hoist.extended and self._port.load_weight_kg > LOADED_KG
        # Half way out: a pick with a car on it and a place without one are on their way home.
        return Step.COME_HOME if loaded is self._pick else Step.GO_OUT

    def run(self, now_ms: int) -> Ending | None:
        """One scan; None while it goes on."""
        if not self._port.forks.ready:
            return FaultCode.DRIVE_FAULT
        if self._fresh:
            self._fresh = False
            self._watch.start(now_ms, self._limit_s())
        following = self._do()
        if isinstance(following, Step):
            self._step, self._fresh = following, True
            return None
        if following is None and self._watch.expired(now_ms):
            return FaultCode.TRANSFER_FAULT
        return following

    def _limit_s(self) -> float:
        if self._step in {Step.GO_OUT, Step.COME_HOME}:
            return 20 + 5 * abs(self._target_mm) / self._figures.loaded_speed_mm_s
        return 3 + 3 * self._figures.engage_s

    def _do(self) -> Step | Ending | None:
        match self._step:
            case Step.SET_HOIST:
                refused = self._look()
                if refused is not None:
                    return refused
                return Step.GO_OUT if self._hoist(raised=not self._pick) else None
            case Step.GO_OUT:
                return self._go_out()
            case Step.SWITCH_HOIST:
                return self._switch()
            case Step.COME_HOME:
                return self._come_home()
            case Step.LOWER:
                return self._verdict() if self._hoist(raised=False) else None

    def _go_out(self) -> Step | None:
        self._move(self._target_mm, loaded=not self._pick)
        return Step.SWITCH_HOIST if self._at_target() and self._port.forks.standstill else None

    def _switch(self) -> Step | None:
        if not self._hoist(raised=self._pick and self._found):
            return None
        if self._pick and self._found and self._port.load_weight_kg <= LOADED_KG:
            self._found = False  # nothing came up with the forks: lower them again and go home
            return Step.SWITCH_HOIST
        return Step.COME_HOME

    def _come_home(self) -> Step | None:
        self._move(0, loaded=self._pick and self._found)
        return Step.LOWER if self._port.forks_centred and self._port.forks.standstill else None

    def _verdict(self) -> Ending:
        on_deck = self._port.load_present and not self._port.load_clear
        empty = self._port.load_clear and not self._port.load_present
        if self._pick and not self._found:
            return DoneResult.NO_LOAD if empty else FaultCode.SENSOR_CONTRADICTION
        proven = on_deck and self._port.load_centred if self._pick else empty
        return DoneResult.OK if proven else FaultCode.TRANSFER_FAULT

    def _move(self, target_mm: int, *, loaded: bool) -> None:
        self._port.forks.move_to(target_mm, speed=self._figures.loaded_speed_mm_s if loaded else None)

    def _at_target(self) -> bool:
        return abs(self._port.forks.position - self._target_mm) <= REACHED_MM

    def _hoist(self, *, raised: bool) -> bool:
        hoist = self._port.hoist
        if raised:
            hoist.extend()
            return hoist.extended and not hoist.retracted
        hoist.retract()
        return hoist.retracted and not hoist.extended
