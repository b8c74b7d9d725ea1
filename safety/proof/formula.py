"""Formulas over truths and numbers, and the solver that decides them: the only module that speaks to z3.

Owns the typed surface of z3. Must never know an interlock or a hazard. The bound of a search is counted in the
solver's own steps and not in seconds, so the same question gets the same answer on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import z3

STEPS_MAX = 20_000_000
"""Steps of the solver (its ``rlimit``) for one question; the hardest of the shipped garages take a hundredth."""


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """Something that is true or false."""

    term: Any

    def __and__(self, other: Formula) -> Formula:
        return all_of(self, other)

    def __or__(self, other: Formula) -> Formula:
        return any_of(self, other)

    def __invert__(self) -> Formula:
        if self is TRUE or self is FALSE:
            return FALSE if self is TRUE else TRUE
        return Formula(z3.Not(self.term))

    def implies(self, other: Formula) -> Formula:
        """This is false or the other is true."""
        return ~self | other


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """A whole number, or a real one."""

    term: Any

    def equals(self, other: Number | float) -> Formula:
        """Both are the same."""
        return Formula(self.term == _number(other))

    def at_most(self, other: Number | float) -> Formula:
        """This is the smaller one, or both are the same."""
        return Formula(self.term <= _number(other))

    def below(self, other: Number | float) -> Formula:
        """This is the smaller one."""
        return Formula(self.term < _number(other))

    def between(self, low: float, high: float) -> Formula:
        """Within a range, both ends included."""
        return Formula(z3.And(self.term >= _number(low), self.term <= _number(high)))

    def one_of(self, values: Iterable[int]) -> Formula:
        """One of some numbers."""
        return any_of(*(self.equals(value) for value in values))


TRUE = Formula(z3.BoolVal(True))
FALSE = Formula(z3.BoolVal(False))


def truth(name: str) -> Formula:
    """A truth that can be either; one name is one truth."""
    return Formula(z3.Bool(name))


def whole(name: str) -> Number:
    """A whole number that can be any; one name is one number."""
    return Number(z3.Int(name))


def real(name: str) -> Number:
    """A real number that can be any; one name is one number."""
    return Number(z3.Real(name))


def as_number(formula: Formula) -> Number:
    """1 for true, 0 for false."""
    return Number(z3.If(formula.term, z3.IntVal(1), z3.IntVal(0)))


def same(one: Formula, other: Formula) -> Formula:
    """Both are true or both are false."""
    return Formula(one.term == other.term)


def all_of(*parts: Formula) -> Formula:
    """Every one is true; so it is when there is none."""
    left = [part.term for part in parts if part is not TRUE]
    if any(part is FALSE for part in parts):
        return FALSE
    if not left:
        return TRUE
    return Formula(left[0] if len(left) == 1 else z3.And(*left))


def any_of(*parts: Formula) -> Formula:
    """At least one is true; so none is when there is none."""
    left = [part.term for part in parts if part is not FALSE]
    if any(part is TRUE for part in parts):
        return TRUE
    if not left:
        return FALSE
    return Formula(left[0] if len(left) == 1 else z3.Or(*left))


def at_least(count: int, *parts: Formula) -> Formula:
    """At least ``count`` are true."""
    if count <= 0:
        return TRUE
    if count > len(parts):
        return FALSE
    return Formula(z3.PbGe([(part.term, 1) for part in parts], count))


class Answer(Enum):
    """Whether all of several formulas can be true together."""

    IMPOSSIBLE = "impossible"
    POSSIBLE = "possible"
    UNDECIDED = "undecided"


class Example:
    """Values under which the formulas are true."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def truth(self, formula: Formula) -> bool:
        """What the formula is in this example."""
        return bool(z3.is_true(self._model.eval(formula.term, model_completion=True)))

    def number(self, number: Number) -> int | float:
        """What the number is in this example."""
        value = self._model.eval(number.term, model_completion=True)
        return int(value.as_long()) if z3.is_int_value(value) else float(value.as_fraction())


def solve(formulas: Iterable[Formula], *, steps_max: int = STEPS_MAX) -> tuple[Answer, Example | None]:
    """Whether the formulas can be true together, with an example when they can.

    UNDECIDED when ``steps_max`` steps were not enough; a question without an answer counts as not proved.
    """
    solver = z3.SimpleSolver()
    solver.set("rlimit", steps_max)
    solver.add(*(formula.term for formula in formulas))
    found = solver.check()
    if found == z3.unsat:
        return Answer.IMPOSSIBLE, None
    if found == z3.sat:
        return Answer.POSSIBLE, Example(solver.model())
    return Answer.UNDECIDED, None


def _number(value: Number | float) -> Any:
    if isinstance(value, Number):
        return value.term
    return z3.RealVal(value) if isinstance(value, float) and not value.is_integer() else z3.IntVal(int(value))
