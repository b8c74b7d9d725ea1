"""The safety logic as the search drives it: the real evaluation of no more than what is declared.

Owns what is taken out, and why that may be. Must never be used by anything but the search: import contracts keep this
package away from all that runs a machine.

What interlocks remember for long, latches, graces and watchdogs, would multiply the states beyond counting. It is
replaced by the constant that *permits more*, wherever it stands. A garage that is kept from every hazard by the
rest is kept from it by the whole: the whole permits no more, and whatever it refuses, a core that withdraws its wish
does as well. An interlock that is taken out altogether keeps its place and its guards and holds always, so that what
it guards still counts as evaluated.
"""

from __future__ import annotations

from dataclasses import replace

from safety.expression import (
    And,
    Answering,
    Asserted,
    AtMost,
    Between,
    ChangedSince,
    Commanded,
    Compare,
    Const,
    Expression,
    HeldFor,
    LockedOut,
    ManualHold,
    Not,
    OneOf,
    Or,
    Proven,
    Tag,
)
from safety.interlock import Interlock
from safety.logic import SafetyLogic
from safety.topology import Topology
from safety.trip import Trip

LONGEST_MS = 1500
"""Holding times up to this are searched as they are: two cycles of the search."""


class WeakenedLogic(SafetyLogic):
    """The logic of a garage without long memories, and without the interlocks with the given ids."""

    tells_losses = False

    def __init__(self, topology: Topology, without: frozenset[str] = frozenset()) -> None:
        self.without = without
        super().__init__(topology)

    def _declared(self, topology: Topology) -> tuple[tuple[Interlock, ...], tuple[Trip, ...]]:
        declared, _ = super()._declared(topology)
        return tuple(self._weakened(interlock) for interlock in declared), ()

    def _weakened(self, interlock: Interlock) -> Interlock:
        if interlock.id in self.without:
            return replace(interlock, condition=Const(value=True))
        return replace(interlock, condition=weaken(interlock.condition))


def weaken(node: Expression, *, permits: bool = True) -> Expression:
    """The expression without long memories; where ``permits`` is False, a lower truth of it permits more."""
    match node:
        case Const() | Tag() | Compare() | Between() | OneOf() | Asserted() | Commanded() | Answering():
            return node
        case Not(child):
            return Not(weaken(child, permits=not permits))
        case Proven(child):
            return Proven(weaken(child, permits=permits))
        case And(below) | Or(below):
            return type(node)(tuple(weaken(child, permits=permits) for child in below))
        case AtMost(limit, below):
            return AtMost(limit, tuple(weaken(child, permits=not permits) for child in below))
        case HeldFor(child, ms) if ms <= LONGEST_MS:
            return HeldFor(weaken(child, permits=permits), ms)
        case ChangedSince() | LockedOut() | ManualHold():
            # A hold or a lock is an event of the search; it is heard anew in every cycle in which it lasts.
            return node
        case _:
            return Const(value=permits)


def is_whole(condition: Expression) -> bool:
    """Nothing of the condition is left out of the search."""
    return weaken(condition) == condition


def is_left_out(condition: Expression) -> bool:
    """Nothing of the condition is left that could ever refuse anything."""
    return _is_always(weaken(condition), truth=True)


def _is_always(node: Expression, *, truth: bool) -> bool:
    match node:
        case Const(value):
            return value is truth
        case Not(child):
            return _is_always(child, truth=not truth)
        case Proven(child):
            return _is_always(child, truth=truth)
        case And(below):
            decide = all if truth else any
            return decide(_is_always(child, truth=truth) for child in below)
        case Or(below):
            decide = any if truth else all
            return decide(_is_always(child, truth=truth) for child in below)
        case _:
            return False
