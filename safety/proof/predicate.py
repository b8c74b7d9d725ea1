"""What a predicate is: something that must never go out, said of every device of a layout.

Owns the shape. Must never hold a hazard; those stand in ``safety.proof.predicates``, one module per subject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from safety.proof.formula import Formula
from safety.proof.moment import Moment
from safety.topology import Topology


@dataclass(frozen=True, slots=True)
class Case:
    """A predicate said of one device or pair of devices; ``forbidden`` must be impossible at every moment."""

    name: str
    forbidden: Callable[[Moment], Formula]


@dataclass(frozen=True, slots=True)
class Predicate:
    """``never`` is what must never happen, in one sentence; ``source`` is the document that it is written from.

    ``id`` is ``HNN.rule`` with the hazard that it belongs to.
    """

    id: str
    never: str
    source: str
    cases: Callable[[Topology], Iterator[Case]]

    @property
    def hazard(self) -> str:
        """The hazard's number, as ``H07``."""
        return self.id.partition(".")[0]
