"""What an interlock is: a declaration that is evaluated, printed, searched and proved as it stands.

Owns the shape of a declaration and the checks on it. Must never hold a condition itself; those stand in
``safety.interlocks``, one module per subject.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from plc_drivers.contract import DeviceDefinition
from safety.expression import Expression
from safety.verdict import Function, StartOf

_ID = re.compile(r"^[a-z0-9-]+\.[a-z0-9-]+$")
_HAZARD = re.compile(r"^H\d\d$")


class InterlockError(ValueError):
    """A declaration that cannot be one: a malformed id, no guards, guards of the wrong phase or of nothing."""


class Phase(Enum):
    """RUN guards permits, as levels in every cycle; START guards the moment in which a command is given."""

    RUN = "run"
    START = "start"


@dataclass(frozen=True, slots=True)
class Interlock:
    """A condition that must hold for every one of ``guards``.

    ``id`` is ``device.rule``; refusals carry it as their code. ``cause`` says what is wrong when the condition
    does not hold and ``remedy`` what a person does about it, both for an operator at 3 a.m. ``standard`` names
    a standard and its subject, without clause numbers, or is empty where none is known to speak of it.
    ``without`` names the sensors, as ``device.tag``, that the site does not have and has waived: the condition
    stands without them.

    Raises:
        InterlockError: malformed id or hazard, a text missing, no guards, or guards of the other phase.
    """

    id: str
    title: str
    hazard: str
    phase: Phase
    guards: tuple[Function | StartOf, ...]
    condition: Expression
    cause: str
    remedy: str
    standard: str = ""
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _ID.match(self.id) or not _HAZARD.match(self.hazard):
            raise InterlockError(f"interlock {self.id!r} for hazard {self.hazard!r} is not well named")
        if not (self.title and self.cause and self.remedy):
            raise InterlockError(f"interlock {self.id} lacks a title, a cause or a remedy")
        wanted = Function if self.phase is Phase.RUN else StartOf
        if not self.guards or not all(isinstance(guard, wanted) for guard in self.guards):
            raise InterlockError(f"interlock {self.id} must guard {wanted.__name__} and at least one of them")


def check_guards(interlocks: Iterable[Interlock], definitions: Mapping[str, DeviceDefinition]) -> None:
    """Look whether every guard is something that a device of the garage can do.

    A guard of nothing would leave the function open that was meant, and nobody would notice (H10).

    Raises:
        InterlockError: with the interlock and its guard.
    """
    for interlock in interlocks:
        for guard in interlock.guards:
            definition = definitions.get(guard.device)
            if definition is None:
                raise InterlockError(f"interlock {interlock.id} guards {guard}: there is no device {guard.device!r}")
            known = (
                definition.spec(guard.code) is not None
                if isinstance(guard, StartOf)
                else guard.permit in definition.permits
            )
            if not known:
                kind = definition.kind.name.lower()
                raise InterlockError(f"interlock {interlock.id} guards {guard}, which no {kind} has")
