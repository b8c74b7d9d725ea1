"""The proof itself: every layout, every predicate; and what it says when it cannot."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from controller.config.load import load_config
from controller.garage import Layout
from controller.garage.topology import topology_of
from safety.interlock_table import SHUTTLE_GARAGE, VENDING_TOWER
from safety.proof.formula import FALSE, TRUE, Answer, Formula, real, solve, truth, whole
from safety.proof.garage import Garage
from safety.proof.predicate import Case, Predicate
from safety.proof.predicates import PREDICATES
from safety.proof.prover import Prover, Result
from safety.topology import CabinTopology, Topology
from tests.safety.proof.layouts import LAYOUTS
from tests.safety.scene import SHUTTLES, TOWER

SHIPPED = sorted((Path(__file__).parents[3] / "config").glob("*.toml"))


def proved(topology: Topology) -> Counter[Result]:
    found = list(Prover(Garage(topology)).prove())
    assert [(one.predicate.id, one.case, one.story) for one in found if one.result is not Result.PROVED] == []
    return Counter(one.result for one in found)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_no_permit_goes_out_of_a_shipped_garage_that_a_hazard_forbids(path: Path) -> None:
    assert proved(topology_of(Layout(load_config(path))))[Result.PROVED] > 150


@pytest.mark.parametrize("name", LAYOUTS)
def test_no_permit_goes_out_of_another_layout_that_a_hazard_forbids(name: str) -> None:
    assert proved(LAYOUTS[name])[Result.PROVED] > 150


@pytest.mark.parametrize("topology", [TOWER, SHUTTLES, SHUTTLE_GARAGE])
def test_every_permit_and_every_command_can_go_out_at_some_moment(topology: Topology) -> None:
    """A proof about something that can never happen would say nothing."""
    never = list(Prover(Garage(topology)).never())
    assert [one.what for one in never if not one.expected] == []
    without = [cabin.id for cabin in topology.cabins if not cabin.turntable]
    assert {str(one.what) for one in never} == {
        f"{cabin}.{what}" for cabin in without for what in ("rotate", "ROTATE", "REFERENCE", "JOG_FORWARD", "JOG_BACK")
    }


def test_every_predicate_is_said_of_something_and_can_be_thought_of() -> None:
    """Without the interlocks and the gate each one is possible: none is false by its own words."""
    said: set[str] = set()
    for topology in (*LAYOUTS.values(), TOWER, SHUTTLES):
        prover = Prover(Garage(topology))
        for predicate in PREDICATES:
            for case in predicate.cases(topology):
                if predicate.id not in said and solve([case.forbidden(prover.moment())])[0] is Answer.POSSIBLE:
                    said.add(predicate.id)
    assert {predicate.id for predicate in PREDICATES} == said


def test_predicates_have_ids_hazards_and_sentences_of_their_own() -> None:
    ids = [predicate.id for predicate in PREDICATES]
    assert len(set(ids)) == len(ids)
    assert len({predicate.never for predicate in PREDICATES}) == len(ids)
    assert {predicate.hazard for predicate in PREDICATES} >= {f"H{n:02}" for n in (*range(1, 17), 18, 20, 21)}


ANYTHING = Case("lift1", lambda at: at.out("lift1", "travel"))
NOTHING_EVER = Predicate("H10.nothing-ever", "Anything goes out", "test", lambda _: iter((ANYTHING,)))


def test_a_counterexample_is_told_in_words_of_the_machine() -> None:
    predicate = next(one for one in PREDICATES if one.id == "H01.way-in-without-platform")
    garage = Garage(VENDING_TOWER)
    found = list(Prover(garage.without({"cabin1.platform-under-people"})).prove([predicate]))
    assert [one.result for one in found] == [Result.REFUTED]
    told = "\n".join(found[0].story)
    assert "goes out" in told
    assert "cabin1.platform_" in told
    assert found[0].case == "cabin1"


def test_a_question_that_takes_too_many_steps_is_not_proved() -> None:
    prover = Prover(Garage(VENDING_TOWER), steps_max=1)
    assert {one.result for one in prover.prove(PREDICATES[:3])} == {Result.UNDECIDED}


def test_what_can_happen_is_found() -> None:
    assert [one.result for one in Prover(Garage(TOWER)).prove([NOTHING_EVER])] == [Result.REFUTED]


def test_h02_a_shorter_countdown_than_the_layout_asks_for_is_found() -> None:
    """The countdown of the interlocks is read from their own trees, not taken on trust."""
    predicate = next(one for one in PREDICATES if one.id == "H02.countdown-not-over")
    interlocks = Garage(VENDING_TOWER).interlocks
    longer = replace(VENDING_TOWER, clearance_countdown_ms=VENDING_TOWER.clearance_countdown_ms + 1)
    assert {one.result for one in Prover(Garage(longer, interlocks)).prove([predicate])} == {Result.REFUTED}
    shorter = replace(VENDING_TOWER, clearance_countdown_ms=VENDING_TOWER.clearance_countdown_ms - 1)
    assert {one.result for one in Prover(Garage(shorter, interlocks)).prove([predicate])} == {Result.PROVED}


def test_h02_a_reach_that_the_interlocks_do_not_know_of_is_found() -> None:
    """The predicates go by the layout: interlocks made for another one do not pass for it."""
    shuttle, cabin = VENDING_TOWER.shuttles[0], VENDING_TOWER.cabins[0]
    second = CabinTopology("cabin1", 1, turntable=True, reached_by=(("shuttle1", 0, 4, "left"),))
    moved = replace(VENDING_TOWER, shuttles=(replace(shuttle, cabins=(("cabin1", 0, 4, "left"),)),), cabins=(second,))
    assert cabin.id == second.id
    found = Prover(Garage(moved, Garage(VENDING_TOWER).interlocks)).prove()
    assert any(one.result is Result.REFUTED for one in found)


def test_formulas_fold_their_constants_and_numbers_compare_as_they_should() -> None:
    some = truth("some")
    assert (TRUE & some).term.eq(some.term)
    assert (FALSE | some).term.eq(some.term)
    assert (FALSE & some) is FALSE
    assert (TRUE | some) is TRUE
    assert ~TRUE is FALSE
    number, fraction = whole("number"), real("fraction")
    answer, example = solve([number.between(3, 4), ~number.at_most(3), fraction.equals(0.5), some])
    assert answer is Answer.POSSIBLE
    assert example is not None
    assert (example.number(number), example.number(fraction), example.truth(some)) == (4, 0.5, True)
    assert _impossible(number.below(3) & number.equals(3.0))


def _impossible(formula: Formula) -> bool:
    return solve([formula])[0] is Answer.IMPOSSIBLE
