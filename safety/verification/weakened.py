"""The safety logic with single interlocks taken out, to see what they are there for.

Owns the taking out. An interlock that is taken out keeps its place and its guards and holds always, so that what it
guards still counts as evaluated. Must never be used by anything but the search: import contracts keep this package
away from all that runs a machine.
"""

from __future__ import annotations

from dataclasses import replace

from safety.expression import Const
from safety.interlock import Interlock
from safety.logic import SafetyLogic
from safety.topology import Topology


class WeakenedLogic(SafetyLogic):
    """The logic of a garage in which the interlocks with the given ids hold always."""

    def __init__(self, topology: Topology, without: frozenset[str]) -> None:
        self.without = without
        super().__init__(topology)

    def _declared(self, topology: Topology) -> tuple[Interlock, ...]:
        declared = super()._declared(topology)
        return tuple(
            replace(interlock, condition=Const(True)) if interlock.id in self.without else interlock
            for interlock in declared
        )
