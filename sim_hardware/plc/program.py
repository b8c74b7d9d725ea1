"""What the machine part of an emulated PLC offers to the part that speaks the contract.

Owns the border between the two: the contract rules (``commanded.py``) are the same for every kind, a program
knows one kind of machine. Must never know a protocol or a controller.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from plc_drivers.contract import CommandCode, Value
from plc_drivers.contract.codes import AckResult, DoneResult, FaultCode, Mode
from sim_hardware.plant.ports import DevicePort

Ending = DoneResult | FaultCode
"""How an action ended; a ``FaultCode`` is a fault that also aborts the device."""


class Program(ABC):
    """The machine part of one commanded device. All times are plant milliseconds.

    A program sees the machine through its ports only. It is called once per scan, in the order ``sense``,
    ``trip``, ``drive``, ``run`` or ``halt``, ``inputs``.
    """

    def sense(self, now_ms: int) -> None:  # noqa: B027 - only kinds with edges or timers of their own need it
        """Look at the sensors once at the beginning of each scan (edges, timers)."""

    @abstractmethod
    def refusal(self, code: CommandCode, arg1: int, arg2: int) -> AckResult:
        """ACCEPTED when the command may begin now, else BAD_ARGUMENT, NOT_REFERENCED or INTERLOCKED."""

    @abstractmethod
    def begin(self, code: CommandCode, arg1: int, arg2: int, now_ms: int) -> None:
        """Start an action for which ``refusal`` answered ACCEPTED in this scan."""

    @abstractmethod
    def run(self, now_ms: int) -> Ending | None:
        """One scan of the action under way; None while it goes on."""

    @abstractmethod
    def halt(self) -> None:
        """Controlled stop of everything that moves (category 1); repeated until ``stands``."""

    @abstractmethod
    def cut(self) -> None:
        """Take every output away at once, as when the PLC loses power or the safety circuit opens."""

    @abstractmethod
    def stands(self) -> bool:
        """True when nothing of this device moves, proven by its drives."""

    @abstractmethod
    def mode(self) -> Mode:
        """Position of the hardware key switch."""

    @abstractmethod
    def safety_fault(self) -> FaultCode:
        """NONE while the hard-wired safety circuit of the device's zone gives torque, else why it does not."""

    @abstractmethod
    def reset_drives(self) -> None:
        """Reset tripped drives, as a CLEAR does; without effect while a cause is still there."""

    @abstractmethod
    def trip(self) -> FaultCode:
        """A fault that is present now whether or not an action runs; NONE when there is none."""

    @abstractmethod
    def needs_reference(self) -> bool:
        """True while the axis has no trustworthy position."""

    @abstractmethod
    def restart(self) -> None:
        """The PLC starts anew: forget every action; references stay or go as the hardware dictates."""

    @abstractmethod
    def inputs(self) -> Mapping[str, Value]:
        """The kind's own status tags as the sensors show them now."""

    def drive(  # noqa: B027 - most kinds have none
        self, held: frozenset[str], levels: Mapping[str, Value], *, heard: bool
    ) -> None:
        """Set the outputs that follow levels and need no command (lights, signs); ``heard``: the owner is alive."""

    def warnings(self) -> int:
        """Warning bits of the contract."""
        return 0


def zone_fault(port: DevicePort) -> FaultCode:
    """What the wires of the device's safety zone say; NONE while the drives have torque."""
    zone = port.zone
    if zone.torque_enabled:
        return FaultCode.NONE
    return FaultCode.EMERGENCY_STOP if zone.guards_closed else FaultCode.GUARD_OPEN


class Watch:
    """A deadline in plant time for one step of an action; a step that never ends is a fault, not a wait."""

    __slots__ = ("_limit_ms", "_since_ms")

    def __init__(self) -> None:
        self._since_ms = 0
        self._limit_ms = 0.0

    def start(self, now_ms: int, limit_s: float) -> None:
        """Begin a step that must end within ``limit_s``."""
        self._since_ms = now_ms
        self._limit_ms = 1000 * limit_s

    def elapsed_ms(self, now_ms: int) -> int:
        """Plant milliseconds since the step began."""
        return now_ms - self._since_ms

    def expired(self, now_ms: int) -> bool:
        """True when the step has taken longer than allowed."""
        return now_ms - self._since_ms > self._limit_ms
