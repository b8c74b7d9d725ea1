"""Everything that stands between a wish and the machine: all interlocks of a garage, trips among them.

Owns the one list that is evaluated, printed, searched and proved.
"""

from __future__ import annotations

from safety.absence import instantiated
from safety.expression import Answering
from safety.interlock import Interlock, InterlockError
from safety.interlocks import declared
from safety.topology import Topology
from safety.trips import trip_interlocks_of


def rules_of(topology: Topology) -> tuple[Interlock, ...]:
    """Every interlock of the garage, in a stable order: good readings, trips, the rest; without what is waived.

    Raises:
        TopologyError: the topology contradicts itself.
        ExpressionError: a declaration reads what a device of the garage does not have.
        InterlockError: two declarations have one id.
        MissingSensorError: the garage lacks a sensor that an interlock or trip reads, and nobody has waived it.
    """
    return instantiated(declared_rules_of(topology), topology.absent, topology.waivers)


def declared_rules_of(topology: Topology) -> tuple[Interlock, ...]:
    """The same as the layout asks for them, whether or not the garage has their sensors.

    Raises:
        TopologyError: the topology contradicts itself.
        ExpressionError: a declaration reads what a device of the garage does not have.
        InterlockError: two declarations have one id.
    """
    interlocks = declared(topology)
    found = (*trip_interlocks_of(topology), *interlocks)
    ids = [interlock.id for interlock in found]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise InterlockError(f"interlocks declared twice: {', '.join(twice)}")
    # Without good readings everything else is unknown too: the rule that says so is told first.
    return tuple(sorted(found, key=lambda rule: not isinstance(rule.condition, Answering)))
