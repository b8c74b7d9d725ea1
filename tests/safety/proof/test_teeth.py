"""The proof can fail: whichever rule is taken away, a predicate finds what it let through."""

from __future__ import annotations

from collections import defaultdict

from safety.interlock_table import SHUTTLE_GARAGE, VENDING_TOWER
from safety.proof.garage import Garage
from safety.proof.predicate import Case, Predicate
from safety.proof.predicates import PREDICATES
from safety.proof.prover import Prover, Result
from safety.proof.translation import Translation
from safety.topology import Topology
from safety.verdict import Function, StartOf
from tests.safety.proof.layouts import riding_and_captive
from tests.safety.test_necessity import KEPT_THOUGH_REDUNDANT, rule

Question = tuple[Predicate, Case, frozenset[Function]]


def questions(prover: Prover, topology: Topology) -> list[Question]:
    """Every predicate in each of its cases, with the permits that it is about."""
    found = []
    for predicate in PREDICATES:
        for case in predicate.cases(topology):
            moment = prover.moment()
            case.forbidden(moment)
            found.append((predicate, case, moment.gate.asked))
    return found


def refuting(prover: Prover, asked: list[Question], guards: set[Function], hazard: str) -> str | None:
    """The first predicate with a counterexample; those of the rule's own hazard are tried first."""
    for predicate, case, about in sorted(asked, key=lambda question: question[0].hazard != hazard):
        if about & guards and prover.ask(predicate, case).result is Result.REFUTED:
            return predicate.id
    return None


def functions_of(garage: Garage, guard: Function | StartOf) -> set[Function]:
    """What a guard lets begin: each axis of a jog whose axis it leaves open."""
    if isinstance(guard, StartOf) and (axes := garage.axes_of(guard)):
        return {axes[guard.arg1]} if guard.arg1 is not None else set(axes.values())
    function = garage.function_of(guard)
    return set() if function is None else {function}


def noticed(topology: Topology, already: set[str]) -> dict[str, str | None]:
    """For each rule of a layout the predicate that is refuted without it, None when none is."""
    garage, translation = Garage(topology), Translation()
    asked = questions(Prover(garage, translation=translation), topology)
    rules = defaultdict(list)
    for interlock in garage.interlocks:
        rules[rule(interlock.id)].append(interlock)
    found: dict[str, str | None] = {}
    for name, interlocks in rules.items():
        if name in already:
            continue
        guards = {function for one in interlocks for guard in one.guards for function in functions_of(garage, guard)}
        mutant = Prover(garage.without({one.id for one in interlocks}), translation=translation)
        found[name] = refuting(mutant, asked, guards, interlocks[0].hazard)
    return found


def test_without_any_one_rule_a_predicate_has_a_counterexample() -> None:
    found: dict[str, str | None] = {}
    for topology in (VENDING_TOWER, SHUTTLE_GARAGE, riding_and_captive()):
        already = {name for name, by in found.items() if by is not None}
        found |= noticed(topology, already)
    assert {name for name, by in found.items() if by is None} == set(KEPT_THOUGH_REDUNDANT)
    assert len(found) > 80
