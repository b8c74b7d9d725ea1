"""One device as the declarations speak of it: its tags, its permits, its commands.

Owns the short way to write a checked leaf. Must never hold a condition.
"""

from __future__ import annotations

from dataclasses import dataclass

from plc_drivers.contract import DEFINITIONS, CommandCode, DeviceKind
from safety.expression import Answering, Expression, Not, Tag, doing, granted
from safety.verdict import Function, StartOf


@dataclass(frozen=True, slots=True)
class Unit:
    """A device of the garage by name and kind."""

    id: str
    kind: DeviceKind

    def __getitem__(self, tag: str) -> Tag:
        """The status tag called ``tag``.

        Raises:
            ExpressionError: this kind of device has no such tag.
        """
        return Tag(self.id, self.kind, tag)

    @property
    def answers(self) -> Expression:
        """The device's readings are good."""
        return Answering(self.id, self.kind)

    @property
    def functions(self) -> tuple[Function, ...]:
        """All hazardous functions of the device."""
        return tuple(Function(self.id, permit) for permit in DEFINITIONS[self.kind].permits)

    def may(self, permit: str) -> Function:
        """The hazardous function behind a permit."""
        return Function(self.id, permit)

    def start(self, *codes: CommandCode, arg1: int | None = None) -> tuple[StartOf, ...]:
        """The starts of some commands."""
        return tuple(StartOf(self.id, code, arg1) for code in codes)

    def granted(self, permit: str) -> Expression:
        """The permit is asserted, on its way, or held by the PLC.

        Raises:
            ExpressionError: this kind of device has no such permit.
        """
        return granted(self.may(permit), self.kind)

    def idle(self, permit: str) -> Expression:
        """The permit is neither asserted nor held.

        Raises:
            ExpressionError: this kind of device has no such permit.
        """
        return Not(self.granted(permit))

    def doing(self, *codes: CommandCode) -> Expression:
        """The device executes, or has just been given, one of the commands.

        Raises:
            ExpressionError: this kind of device does not know one of them.
        """
        return doing(self.id, self.kind, *codes)


def lift(name: str) -> Unit:
    """The lift called ``name``."""
    return Unit(name, DeviceKind.LIFT)


def shuttle(name: str) -> Unit:
    """The shuttle called ``name``."""
    return Unit(name, DeviceKind.SHUTTLE)


def cabin(name: str) -> Unit:
    """The cabin called ``name``."""
    return Unit(name, DeviceKind.CABIN)


def safety_plc(name: str) -> Unit:
    """The safety PLC called ``name``."""
    return Unit(name, DeviceKind.SAFETY)
