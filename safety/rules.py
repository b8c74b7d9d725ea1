"""Everything that stands between a wish and the machine: all interlocks of a garage, trips among them.

Owns the one list that is evaluated, printed, searched and proved.
"""

from __future__ import annotations

from safety.interlock import Interlock, InterlockError
from safety.interlocks import interlocks_of
from safety.topology import Topology
from safety.trips import trip_interlocks_of


def rules_of(topology: Topology) -> tuple[Interlock, ...]:
    """Every interlock of the garage, those of its trips first, in a stable order.

    Raises:
        TopologyError: the topology contradicts itself.
        ExpressionError: a declaration reads what a device of the garage does not have.
        InterlockError: two declarations have one id.
    """
    interlocks = interlocks_of(topology)
    found = (*trip_interlocks_of(topology), *interlocks)
    ids = [interlock.id for interlock in found]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise InterlockError(f"interlocks declared twice: {', '.join(twice)}")
    return found
