"""Faults of whole PLCs: a scan that stands, inputs that stand, a restart, and programs that do not keep the contract.

Owns how each comes about. Must never lie about single signals; those have their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from plc_drivers.contract import Value
from plc_drivers.contract.definition import ANSWERS, IDENTITY
from sim_hardware.fault import Effect, Fault, FaultKind, FaultRefusedError
from sim_hardware.fault_kinds import check_figures
from sim_hardware.plc.commanded import CommandedPlc, Misbehaviour
from sim_hardware.plc.device import EmulatedPlc

_LIVE = frozenset(tag.name for tag in (*IDENTITY, *ANSWERS))
_MISBEHAVIOURS: Mapping[FaultKind, Misbehaviour] = {
    FaultKind.REFUSES: Misbehaviour.REFUSES,
    FaultKind.NEVER_ENDS: Misbehaviour.NEVER_ENDS,
    FaultKind.NEVER_REPORTS: Misbehaviour.NEVER_REPORTS,
}


class PlcFaults:
    """Faults of the PLCs of one garage; ``power_cycle`` restarts one of them with all that hangs on it."""

    def __init__(self, plcs: Mapping[str, EmulatedPlc], power_cycle: Callable[[str], None]) -> None:
        self._plcs = plcs
        self._power_cycle = power_cycle

    def effect(self, fault: Fault) -> Effect:
        """What brings the fault about.

        Raises:
            FaultRefusedError: there is no such PLC, or it cannot have this fault.
        """
        plc = self._plcs.get(fault.target)
        if plc is None:
            text = f"The garage has no device {fault.target!r}."
            raise FaultRefusedError("UNKNOWN_TARGET", text, f"Known: {', '.join(self._plcs)}.")
        check_figures(fault)
        match fault.kind:
            case FaultKind.FROZEN:
                return _frozen(plc)
            case FaultKind.INPUTS_FROZEN:
                return _inputs_frozen(plc)
            case FaultKind.RESTART:
                before = plc.boot_counter
                return Effect(lambda: self._power_cycle(plc.name), None, lambda: int(plc.boot_counter != before))
            case FaultKind.NEW_PROGRAM:
                return self._new_program(plc)
        if not isinstance(plc, CommandedPlc):
            text = f"{plc.name} takes no commands."
            raise FaultRefusedError("NOT_SUPPORTED", text, "Use frozen, inputs-frozen, restart or new-program.")
        if fault.kind is FaultKind.SEQUENCE_RESET:
            return _sequence_reset(plc)
        return _misbehaving(plc, _MISBEHAVIOURS[fault.kind])

    def _new_program(self, plc: EmulatedPlc) -> Effect:
        before = plc.program_version

        def begin() -> None:
            plc.program_version = before + 1
            self._power_cycle(plc.name)

        return Effect(begin, None, lambda: plc.program_version - before)


def _frozen(plc: EmulatedPlc) -> Effect:
    stood = 0

    def set_frozen(frozen: bool) -> None:  # noqa: FBT001 - the PLC's own switch
        plc.is_frozen = frozen

    def look(_now_ms: int) -> None:
        nonlocal stood
        stood += plc.is_frozen

    return Effect(lambda: set_frozen(True), lambda: set_frozen(False), lambda: stood, look)


def _inputs_frozen(plc: EmulatedPlc) -> Effect:
    def begin() -> None:
        tags = plc.definition.status
        plc.kept_inputs = {tag.name: plc.read(tag.name) for tag in tags if not _is_live(tag.name)}

    def end() -> None:
        plc.kept_inputs = None

    before = plc.kept_hidden
    return Effect(begin, end, lambda: plc.kept_hidden - before)


def _is_live(tag: str) -> bool:
    return tag in _LIVE or tag.startswith("holds_")


def _sequence_reset(plc: CommandedPlc) -> Effect:
    seen: list[Value] = []

    def begin() -> None:
        seen.append(plc.read("ack_seq"))
        plc.forget_sequence()

    # With nothing acknowledged yet there is nothing to forget.
    return Effect(begin, None, lambda: int(bool(seen and seen[0])))


def _misbehaving(plc: CommandedPlc, how: Misbehaviour) -> Effect:
    before = plc.misbehaved[how]
    return Effect(
        lambda: plc.misbehaves.add(how),
        lambda: plc.misbehaves.discard(how),
        lambda: plc.misbehaved[how] - before,
    )
