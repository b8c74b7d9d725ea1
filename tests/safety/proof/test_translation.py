"""The formulas that are proved mean what the program runs: for random trees, images and histories."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plc_drivers.contract import CommandCode, DeviceKind
from safety.expression import (
    Answering,
    Asserted,
    ChangedSince,
    ChangedWithin,
    Commanded,
    Const,
    Expression,
    HeldFor,
    Latch,
    Not,
    Outlasted,
    Proven,
    ResetAsked,
    Tag,
    children,
    doing,
)
from safety.proof.formula import Answer, Formula, solve
from safety.proof.translation import Kleene, Translation, TranslationError, unknown
from safety.verdict import Function
from tests.safety.proof import facts
from tests.safety.scene import TOWER, Scene
from tests.safety.test_expression import _CHANGES, EXPRESSIONS, Runner, _apply

SCENE = Scene(TOWER)
STANDS = Tag("lift1", DeviceKind.LIFT, "standstill")
PRESSES = Tag("cabin1", DeviceKind.CABIN, "confirm_count")
BOOT = Tag("cabin1", DeviceKind.CABIN, "boot_counter")
SEEN = Tag("cabin1", DeviceKind.CABIN, "scanner_clear")


def remembers(node: Expression) -> bool:
    return isinstance(node, HeldFor | Outlasted | ChangedWithin | ChangedSince | Latch) or any(
        remembers(child) for child in children(node)
    )


def impossible(*formulas: Formula) -> bool:
    return solve(formulas)[0] is Answer.IMPOSSIBLE


@settings(max_examples=120, deadline=None)
@given(node=EXPRESSIONS, story=st.lists(_CHANGES, min_size=1, max_size=5))
def test_what_the_program_says_is_possible_for_the_solver_and_without_memory_nothing_else_is(
    node: Expression, story: list[list[tuple[Tag, object]]]
) -> None:
    scene = SCENE.copy()
    runner, translation = Runner(scene, node), Translation()
    for changes in story:
        image = _apply(scene, changes)
        runner.run(image)
    said = facts.came_to(translation.truth(node), runner.truth(node))
    known = facts.readings(translation, image, set(facts.tags_of(node)))
    assert solve([*known, said])[0] is Answer.POSSIBLE
    if not remembers(node):
        assert impossible(*known, ~said)


@settings(max_examples=60, deadline=None)
@given(node=EXPRESSIONS)
def test_no_expression_is_ever_true_and_false_at_once(node: Expression) -> None:
    kleene = Translation().truth(node)
    assert impossible(kleene.true & kleene.false)


def translated(node: Expression, *below: Expression) -> tuple[Kleene, ...]:
    translation = Translation()
    return tuple(translation.truth(one) for one in (node, *below))


def test_a_holding_time_that_is_over_says_that_its_child_holds_and_one_that_runs_is_not_unknown() -> None:
    held, stands = translated(HeldFor(STANDS, 100), STANDS)
    assert impossible(held.true & ~stands.true)
    assert impossible(unknown(held) & ~unknown(stands))
    assert not impossible(held.false & stands.true)


def test_a_grace_that_is_used_up_says_that_its_child_is_not_false() -> None:
    used, stands = translated(Outlasted(STANDS, 100), STANDS)
    assert impossible(used.true & stands.false)
    assert not impossible(used.true & unknown(stands))


def test_h02_a_press_counts_only_while_nothing_voids_it_and_everything_is_known() -> None:
    pressed, seen = translated(ChangedSince(PRESSES, Not(SEEN), BOOT), SEEN)
    assert impossible(pressed.true & ~seen.true)
    assert not impossible(pressed.true & seen.true)


def test_a_latch_goes_on_only_by_its_cause_and_off_only_by_its_release() -> None:
    translation = Translation()
    latch = Latch(STANDS, SEEN)
    value, before = translation.truth(latch), translation.before(latch)
    stands, seen = translation.truth(STANDS), translation.truth(SEEN)
    assert impossible(value.true & ~before.true & ~stands.true)
    assert impossible(before.true & value.false & ~seen.true)


def test_what_is_proven_is_never_unknown_and_an_answer_is_never_false() -> None:
    proven, answers = translated(Proven(STANDS), Answering("lift1", DeviceKind.LIFT))
    assert impossible(unknown(proven))
    assert impossible(answers.false)


def test_what_the_controller_told_itself_is_known() -> None:
    for node in (
        Asserted(Function("lift1", "travel")),
        ResetAsked("zone1.guards"),
        next(one for one in children(doing("lift1", DeviceKind.LIFT, CommandCode.LOCK)) if isinstance(one, Commanded)),
    ):
        (value,) = translated(node)
        assert impossible(unknown(value))
        assert not impossible(value.true)
        assert not impossible(value.false)


@pytest.mark.parametrize("value", [True, False, None])
def test_a_constant_stays_what_it_is(value: bool | None) -> None:
    (said,) = translated(Const(value))
    assert impossible(~facts.came_to(said, value))


def test_h10_a_value_that_the_contract_does_not_admit_is_unknown() -> None:
    mode = Tag("lift1", DeviceKind.LIFT, "mode")
    translation = Translation()
    reading, said = translation.reading(mode), translation.truth(mode.ne(1))
    assert impossible(reading.number.equals(7) & (said.true | said.false))
    assert not impossible(reading.number.equals(2) & said.true)


def test_an_expression_without_a_translation_stops_the_proof() -> None:
    with pytest.raises(TranslationError, match="nothing is proved"):
        Translation().truth(object())  # type: ignore[arg-type]  # what a new kind of expression would be
