"""Which readings a person is sent to: those that keep a condition from being as it should, and no others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plc_drivers.contract import CommandCode, DeviceKind
from safety.blame import blame
from safety.expression import (
    And,
    Answering,
    Asserted,
    AtMost,
    ChangedSince,
    ChangedWithin,
    Commanded,
    Const,
    Expression,
    HeldFor,
    Latch,
    Not,
    Or,
    Outlasted,
    Proven,
    ResetAsked,
    Tag,
    Truth,
)
from safety.verdict import Function

NAMES = (
    "standstill",
    "pins_extended",
    "pins_retracted",
    "rope_taut",
    "speed_ok",
    "brake_closed",
    "referenced",
    "load_present",
    "load_clear",
    "load_centred",
)
A, B, C, D = (Tag("lift1", DeviceKind.LIFT, name) for name in NAMES[:4])
NUMBER = Tag("lift1", DeviceKind.LIFT, "station")
COUNTER = Tag("cabin1", DeviceKind.CABIN, "confirm_count")
BOOT = Tag("cabin1", DeviceKind.CABIN, "boot_counter")


def kleene(node: Expression, values: Mapping[Expression, Truth]) -> Truth:
    """The truth of a tree without memory; anything else must have a value of its own."""
    match node:
        case Not(child):
            below = kleene(child, values)
            return None if below is None else not below
        case Proven(child):
            return kleene(child, values) is True
        case And(children):
            found = [kleene(child, values) for child in children]
            return False if False in found else None if None in found else True
        case Or(children):
            found = [kleene(child, values) for child in children]
            return True if True in found else None if None in found else False
        case AtMost(limit, children):
            found = [kleene(child, values) for child in children]
            decided = found.count(True) > limit or found.count(True) + found.count(None) <= limit
            return found.count(True) <= limit if decided else None
        case _:
            return values[node]


def who(node: Expression, values: Mapping[Expression, Truth], *, wanted: bool = True) -> list[Expression]:
    """What is blamed when the leaves, and the nodes with a memory, have these values."""
    return list(blame(node, lambda one: kleene(one, values), wanted=wanted))


# --- trees in which each reading stands once ---------------------------------------------------------------------


def _tree(draw: st.DrawFn, leaves: Iterator[str], depth: int) -> Expression:
    kind = draw(st.sampled_from(["leaf", "not", "proven", "and", "or", "at most"] if depth else ["leaf"]))
    match kind:
        case "leaf":
            name = next(leaves, None)
            return Const(value=draw(st.booleans())) if name is None else Tag("lift1", DeviceKind.LIFT, name)
        case "not":
            return Not(_tree(draw, leaves, depth - 1))
        case "proven":
            return Proven(_tree(draw, leaves, depth - 1))
        case _:
            below = tuple(_tree(draw, leaves, depth - 1) for _ in range(draw(st.integers(1, 3))))
            if kind == "at most":
                return AtMost(draw(st.integers(0, len(below) - 1)), below)
            return And(below) if kind == "and" else Or(below)


@st.composite
def _trees(draw: st.DrawFn) -> Expression:
    return _tree(draw, iter(NAMES), 3)


_VALUES = st.fixed_dictionaries(
    {Tag("lift1", DeviceKind.LIFT, name): st.sampled_from([True, False, None]) for name in NAMES}
)


def needed(node: Expression, *, wanted: bool = True) -> dict[Expression, bool]:
    """What each reading of a tree would have to be for it to do its part."""
    match node:
        case Not(child):
            return needed(child, wanted=not wanted)
        case Proven(child):
            return needed(child, wanted=wanted)
        case And(children) | Or(children):
            return {leaf: truth for child in children for leaf, truth in needed(child, wanted=wanted).items()}
        case AtMost(_, children):
            return {leaf: truth for child in children for leaf, truth in needed(child, wanted=not wanted).items()}
        case _:
            return {node: wanted}


@settings(max_examples=300, deadline=None)
@given(node=_trees(), values=_VALUES, wanted=st.booleans())
def test_who_is_blamed_is_not_as_it_should_be_and_it_is_enough_to_set_them_right(
    node: Expression, values: dict[Expression, Truth], wanted: bool
) -> None:
    values |= {Const(value=True): True, Const(value=False): False}
    right = needed(node, wanted=wanted)
    found = who(node, values, wanted=wanted)
    if kleene(node, values) is wanted:
        assert found == []
        return
    assert all(values[leaf] is not right[leaf] for leaf in found)
    mended = values | {leaf: right[leaf] for leaf in found}
    constants = {Const(value=True), Const(value=False)} & right.keys()
    assert constants or kleene(node, mended) is wanted


def test_a_condition_is_wanted_to_hold_unless_it_is_said_otherwise() -> None:
    values: dict[Expression, Truth] = {A: False, B: True}
    assert blame(And((A, B)), lambda node: kleene(node, values)) == (A,)


# --- by example --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "values", "wanted", "found"),
    [
        (And((A, B, C)), {A: True, B: False, C: None}, True, [B, C]),
        (And((A, B, A)), {A: False, B: False}, True, [A, B]),
        (And((A, B)), {A: True, B: True}, False, [A, B]),
        (And((A, B)), {A: True, B: None}, False, [B]),
        (Or((A, B, C)), {A: False, B: None, C: False}, True, [B]),
        (Or((A, B)), {A: False, B: False}, True, [A, B]),
        (AtMost(1, (A, B, C)), {A: True, B: None, C: False}, True, [A, B]),
        (AtMost(1, (A, B, C)), {A: True, B: False, C: False}, True, []),
        (AtMost(1, (A, B, C)), {A: True, B: None, C: False}, False, [B, C]),
        (Or((A, B)), {A: True, B: False}, False, [A]),
        (Or((A, B)), {A: True, B: None}, False, [A, B]),
        (Not(And((A, B))), {A: True, B: True}, True, [A, B]),
        (Not(Not(A)), {A: False}, True, [A]),
        (Not(Or((A, Not(B)))), {A: False, B: False}, True, [B]),
        (Proven(And((A, B))), {A: None, B: True}, True, [A]),
        (Not(Proven(And((A, B)))), {A: True, B: True}, True, [A, B]),
        (A, {A: True}, True, []),
        (A, {A: False}, False, []),
    ],
)  # fmt: skip
def test_what_is_blamed_within_a_condition(
    node: Expression, values: dict[Expression, Truth], wanted: bool, found: list[Expression]
) -> None:
    assert who(node, values, wanted=wanted) == found


@pytest.mark.parametrize("kind", [HeldFor, Outlasted])
def test_what_has_lasted_too_short_or_too_long_is_blamed_on_what_lasts(kind: type[HeldFor | Outlasted]) -> None:
    node = kind(And((A, B)), 100)
    assert who(node, {node: False, A: True, B: False}) == [B]
    assert who(node, {node: False, A: True, B: True}) == []
    assert who(Not(node), {node: True, A: True, B: True}) == [A, B]


def test_a_confirmation_that_is_missing_is_blamed_on_its_button_and_on_what_voids_it_now() -> None:
    node = ChangedSince(COUNTER, Not(And((A, B))), BOOT)
    assert who(node, {node: False, A: True, B: True}) == [COUNTER]
    assert who(node, {node: False, A: True, B: False}) == [COUNTER, B]
    assert who(node, {node: None, A: True, B: None}) == [COUNTER, B]


def test_a_latch_that_is_not_set_is_blamed_on_what_would_set_it_and_on_what_holds_it_back() -> None:
    node = Latch(A, B)
    assert who(node, {node: False, A: False, B: True}) == [A, B]
    assert who(node, {node: False, A: False, B: False}) == [A]
    assert who(node, {node: False, A: True, B: True}) == [B]


def test_a_latch_that_should_not_stand_is_blamed_on_its_cause_and_when_that_is_gone_on_its_reset() -> None:
    node = Not(Latch(A, And((B, C))))
    latch = node.child
    assert who(node, {latch: True, A: True, B: True, C: False}) == [A]
    assert who(node, {latch: True, A: False, B: True, C: False}) == [C]
    assert who(node, {latch: None, A: None, B: False, C: False}) == [A]


@pytest.mark.parametrize(
    "leaf",
    [
        Asserted(Function("lift1", "travel")),
        Answering("lift1", DeviceKind.LIFT),
        ResetAsked("lift1.brake"),
        Commanded(
            (CommandCode.LOCK,),
            *(Tag("lift1", DeviceKind.LIFT, name) for name in ("done_seq", "ack_seq", "ack_result")),
        ),
    ],
)
def test_what_is_read_from_no_tag_is_blamed_itself(leaf: Expression) -> None:
    assert who(Or((leaf, A)), {leaf: False, A: False}) == [leaf, A]


@pytest.mark.parametrize(
    ("node", "found"),
    [
        (NUMBER.eq(3), [NUMBER]),
        (NUMBER.eq(COUNTER), [NUMBER, COUNTER]),
        (NUMBER.between(1, 3), [NUMBER]),
        (NUMBER.one_of(1, 3), [NUMBER]),
        (ChangedWithin(NUMBER, 100), [NUMBER]),
    ],
)
def test_a_comparison_is_blamed_on_the_values_that_it_compares(node: Expression, found: list[Expression]) -> None:
    assert who(node, {node: False}) == found
    assert who(node, {node: True}) == []
