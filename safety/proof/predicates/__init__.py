"""Everything that must never go out, one module per subject.

Owns the list. Must never be derived from an interlock: what is proved must have been written by somebody else.
"""

from __future__ import annotations

from safety.proof.predicate import Predicate
from safety.proof.predicates.cars import CARS
from safety.proof.predicates.hand import HAND
from safety.proof.predicates.machine import MACHINE
from safety.proof.predicates.modes import MODES
from safety.proof.predicates.people import PEOPLE

PREDICATES: tuple[Predicate, ...] = tuple(sorted((*PEOPLE, *CARS, *MACHINE, *MODES, *HAND), key=lambda one: one.hazard))
"""Every predicate, by hazard."""
