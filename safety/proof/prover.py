"""The search for a counterexample to every predicate, and for a moment in which every permit can go out.

Owns the questions to the solver and what came of them. Must never read a clock: who wants to know how long it took
looks before and after.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from safety.proof.formula import STEPS_MAX, Answer, Formula, solve
from safety.proof.garage import Garage
from safety.proof.gate_model import Memo
from safety.proof.moment import Moment
from safety.proof.predicate import Case, Predicate
from safety.proof.predicates import PREDICATES
from safety.proof.story import story
from safety.proof.translation import Translation
from safety.topology import Topology
from safety.verdict import Function, StartOf


class Result(Enum):
    """What came of one question."""

    PROVED = "proved"
    REFUTED = "counterexample"
    UNDECIDED = "unknown"


@dataclass(frozen=True, slots=True)
class Found:
    """One predicate said of one case of a layout. ``story`` tells the counterexample, line by line."""

    predicate: Predicate
    case: str
    result: Result
    story: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Never:
    """A permit or a command that can never go out: a proof about it says nothing.

    ``expected`` says why that is as it should be, and is empty when it is not.
    """

    what: Function | StartOf
    result: Result
    expected: str


class Prover:
    """Questions about one garage; its interlocks are translated once.

    ``translation`` may be that of the same garage with other interlocks: what an expression means does not depend
    on which of them there are.
    """

    def __init__(self, garage: Garage, *, translation: Translation | None = None, steps_max: int = STEPS_MAX) -> None:
        self.garage = garage
        self._translation = Translation() if translation is None else translation
        self._memo = Memo()
        self._steps_max = steps_max

    def moment(self) -> Moment:
        """A cycle of which nothing is known yet."""
        return Moment(self.garage, self._translation, self._memo)

    def prove(self, predicates: Iterable[Predicate] = PREDICATES) -> Iterator[Found]:
        """Each predicate in each of its cases, one after the other.

        Raises:
            TranslationError: an interlock has an expression that the proof does not know.
        """
        for predicate in predicates:
            for case in predicate.cases(self.garage.topology):
                yield self.ask(predicate, case)

    def ask(self, predicate: Predicate, case: Case) -> Found:
        """One predicate in one case."""
        moment = self.moment()
        forbidden = case.forbidden(moment)
        answer, example = solve([*moment.rules(), forbidden], steps_max=self._steps_max)
        if answer is Answer.IMPOSSIBLE:
            return Found(predicate, case.name, Result.PROVED)
        if example is None:
            return Found(predicate, case.name, Result.UNDECIDED)
        return Found(predicate, case.name, Result.REFUTED, story(moment, example))

    def never(self) -> Iterator[Never]:
        """Every permit and every command of which no moment was found in which it can go out."""
        for function in self.garage.functions:
            moment = self.moment()
            yield from self._never(function, moment, moment.out(function.device, function.permit))
        for device, definition in self.garage.definitions.items():
            for spec in definition.commands:
                moment = self.moment()
                yield from self._never(StartOf(device, spec.code), moment, moment.starts(device, spec.code))

    def _never(self, what: Function | StartOf, moment: Moment, happens: Formula) -> Iterator[Never]:
        answer, _ = solve([*moment.rules(), happens], steps_max=self._steps_max)
        if answer is not Answer.POSSIBLE:
            reason = _why_never(self.garage.topology, self._only_function(what))
            yield Never(what, Result.PROVED if answer is Answer.IMPOSSIBLE else Result.UNDECIDED, reason)

    def _only_function(self, what: Function | StartOf) -> Function | None:
        """The function itself, or the only one that the command can move."""
        axes = list(self.garage.axes_of(what).values()) if isinstance(what, StartOf) else []
        return axes[0] if len(axes) == 1 else self.garage.function_of(what)


def _why_never(topology: Topology, function: Function | None) -> str:
    cabins = {cabin.id: cabin for cabin in topology.cabins}
    found = None if function is None else cabins.get(function.device)
    if function is not None and function.permit == "rotate" and found is not None and not found.turntable:
        return f"{found.id} has no turntable"
    return ""
