"""What a proof is about: the devices, interlocks and exclusions of one garage.

Owns the small reading of the interlock list that gate model and predicates share. Must never instantiate or change
an interlock. Which functions exclude each other is worked out here anew from the interlocks; a test compares it
with what the running gate uses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from plc_drivers.contract import CABIN, LIFT, SAFETY, SHUTTLE, DeviceDefinition
from safety.expression import (
    Asserted,
    ChangedSince,
    ChangedWithin,
    Expression,
    HeldFor,
    Outlasted,
    children,
    leaves,
)
from safety.interlock import Interlock, Phase
from safety.rules import rules_of
from safety.topology import Topology
from safety.trips import trips_of
from safety.verdict import Function, StartOf

Timed = HeldFor | Outlasted | ChangedWithin | ChangedSince
"""Expressions that remember for how long, or since when, something has been so."""


class Garage:
    """A layout with its interlocks, by default all that are declared for it.

    Raises:
        TopologyError: the topology contradicts itself.
        ExpressionError: an interlock reads what a device of this garage does not have.
        InterlockError: two declarations have one id.
    """

    def __init__(self, topology: Topology, interlocks: Iterable[Interlock] | None = None) -> None:
        self.topology = topology
        self.interlocks = rules_of(topology) if interlocks is None else tuple(interlocks)
        self.trips = trips_of(topology)
        self.definitions = _definitions(topology)
        self.run: dict[Function, list[Interlock]] = defaultdict(list)
        self.starts: dict[StartOf, list[Interlock]] = defaultdict(list)
        for interlock in self.interlocks:
            for guard in interlock.guards:
                if isinstance(guard, StartOf):
                    self.starts[guard].append(interlock)
                elif interlock.phase is Phase.RUN:
                    self.run[guard].append(interlock)
        self.remembering = tuple(dict.fromkeys(node for one in self.interlocks for node in _memories(one.condition)))
        """Every holding time, grace, watched change and counted press that the interlocks remember."""
        self._exclusions = self._excluding()

    @property
    def functions(self) -> tuple[Function, ...]:
        """Every hazardous function of the garage."""
        return tuple(Function(name, permit) for name, kind in self.definitions.items() for permit in kind.permits)

    def exclude_each_other(self, one: Function, other: Function) -> bool:
        """An interlock of one of the two, or of a command under it, asks whether the other is permitted."""
        return frozenset((one, other)) in self._exclusions

    def arguments(self, start: StartOf) -> frozenset[int] | None:
        """First arguments that the start interlocks speak of; None where they do not depend on it."""
        found = {
            guard.arg1
            for guard in self.starts
            if (guard.device, guard.code) == (start.device, start.code) and guard.arg1 is not None
        }
        return frozenset(found) or None

    def axes_of(self, start: StartOf) -> dict[int, Function]:
        """For a command whose first argument names an axis: the function that each argument moves."""
        spec = self.definitions[start.device].spec(start.code)
        return {} if spec is None else {axis: Function(start.device, permit) for axis, permit in spec.axes}

    def without(self, ids: Iterable[str]) -> Garage:
        """The same garage without some of its interlocks: to see whether a proof needs them."""
        gone = frozenset(ids)
        return Garage(self.topology, (one for one in self.interlocks if one.id not in gone))

    def _excluding(self) -> frozenset[frozenset[Function]]:
        pairs: set[frozenset[Function]] = set()
        for interlock in self.interlocks:
            asked = {leaf.function for leaf in leaves(interlock.condition) if isinstance(leaf, Asserted)}
            for guard in interlock.guards:
                function = self.function_of(guard)
                if function is not None:
                    pairs |= {frozenset((function, other)) for other in asked if other != function}
        return frozenset(pairs)

    def function_of(self, guard: Function | StartOf) -> Function | None:
        """The function itself, or the one that a command needs; None for a command without a permit."""
        if isinstance(guard, Function):
            return guard
        spec = self.definitions[guard.device].spec(guard.code)
        return None if spec is None or spec.permit is None else Function(guard.device, spec.permit)


def _definitions(topology: Topology) -> dict[str, DeviceDefinition]:
    return {
        topology.safety: SAFETY,
        **{lift.id: LIFT for lift in topology.lifts},
        **{shuttle.id: SHUTTLE for shuttle in topology.shuttles},
        **{cabin.id: CABIN for cabin in topology.cabins},
    }


def _memories(node: Expression) -> Iterator[Timed]:
    if isinstance(node, HeldFor | Outlasted | ChangedWithin | ChangedSince):
        yield node
    for child in children(node):
        yield from _memories(child)
