"""What each kind of expression means, by example: truth tables, and times to the millisecond."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from plc_drivers.contract import CommandCode, DeviceKind, Value
from plc_drivers.contract.codes import AckResult
from plc_drivers.outputs import MailboxCommand
from safety.acts import NO_ACTS, Acts
from safety.expression import (
    And,
    Answering,
    Asserted,
    AtMost,
    ChangedSince,
    ChangedWithin,
    Commanded,
    Const,
    Dominant,
    Expression,
    ExpressionError,
    HeldFor,
    Latch,
    Not,
    Or,
    Outlasted,
    Proven,
    ResetAsked,
    Tag,
)
from safety.memory import NodeState, Passed
from safety.step import Pass, remembering, stateless
from safety.verdict import Function

A = Tag("lift1", DeviceKind.LIFT, "standstill")
N = Tag("lift1", DeviceKind.LIFT, "station")
M = Tag("lift1", DeviceKind.LIFT, "levelling_error_mm")
BIT = 8
T, F, U = True, False, None


def work(
    now_ms: int = 0,
    *states: NodeState,
    active: Sequence[Function] = (),
    acts: Acts = NO_ACTS,
    commands: Mapping[str, Passed] | None = None,
) -> Pass:
    return Pass(now_ms, list(states), frozenset(active), commands or {}, acts)


def once(node: Expression, *values: Value | None, given: Pass | None = None) -> object:
    """The truth of a node without memory when its children have these values."""
    return stateless(node, tuple(range(len(values))))(list(values), given or work())


class Watched:
    """A node with memory, asked again and again. Its state is the second of three, which keep what they have."""

    def __init__(self, node: Expression, children: int = 1) -> None:
        self._step = remembering(node, tuple(range(children)), 1, BIT)
        self._states: list[NodeState] = [(1,), (), (2,)]
        self.runs = False

    def at(self, now_ms: int, *values: Value | None) -> object:
        """The truth at a time; ``runs`` says whether it asks to be looked at again although nothing changes."""
        given = work(now_ms, *self._states)
        given.running = 1
        truth = self._step(list(values), given)
        self._states = given.states
        assert (self._states[0], self._states[2]) == ((1,), (2,))
        assert isinstance(self._states[1], tuple)
        assert given.running in (1, 1 | BIT)
        self.runs = given.running != 1
        return truth


@pytest.mark.parametrize(("value", "opposite", "proven"), [(T, F, T), (F, T, F), (U, U, F)])
def test_not_keeps_the_unknown_and_proven_ends_it(value: bool | None, opposite: bool | None, proven: bool) -> None:
    assert once(Not(A), value) is opposite
    assert once(Proven(A), value) is proven


@pytest.mark.parametrize(
    ("values", "both", "either"),
    [
        ((T, T), T, T),
        ((T, F), F, T),
        ((T, U), U, T),
        ((F, T), F, T),
        ((F, F), F, F),
        ((F, U), F, U),
        ((U, T), U, T),
        ((U, F), F, U),
        ((U, U), U, U),
        ((U, T, F), F, T),
        ((T, U, T), U, T),
        ((F, U, F), F, U),
    ],
)
def test_and_is_decided_by_one_false_and_or_by_one_true_wherever_they_stand(
    values: tuple[bool | None, ...], both: bool | None, either: bool | None
) -> None:
    below = (A,) * len(values)
    assert once(And(below), *values) is both
    assert once(Or(below), *values) is either


@pytest.mark.parametrize(
    ("limit", "values", "truth"),
    [
        (0, (F, F), T),
        (0, (F, U), U),
        (0, (U, T), F),
        (1, (T, F, F), T),
        (1, (T, T, U), F),
        (1, (T, U, F), U),
        (1, (U, F, F), T),
        (1, (U, U, F), U),
        (2, (T, T, F), T),
        (2, (T, T, T), F),
        (2, (T, U, U), U),
    ],
)
def test_a_count_is_decided_when_what_is_unknown_cannot_tip_it(
    limit: int, values: tuple[bool | None, ...], truth: bool | None
) -> None:
    assert once(AtMost(limit, (A,) * len(values)), *values) is truth


@pytest.mark.parametrize(
    ("node", "true"),
    [
        (N.eq(2), {2}),
        (N.ne(2), {1, 3}),
        (N.lt(2), {1}),
        (N.le(2), {1, 2}),
        (N.gt(2), {3}),
        (N.ge(2), {2, 3}),
        (N.between(2, 3), {2, 3}),
        (N.between(1, 2), {1, 2}),
        (N.between(2, 2), {2}),
        (N.one_of(1, 3), {1, 3}),
    ],
)
def test_a_number_is_compared_as_the_sign_says_and_not_at_all_when_it_is_unknown(
    node: Expression, true: set[int]
) -> None:
    assert {value for value in (1, 2, 3) if once(node, value) is True} == true
    assert {value for value in (1, 2, 3) if once(node, value) is False} == {1, 2, 3} - true
    assert once(node, None) is None


def test_two_tags_are_compared_in_their_order_and_only_when_both_are_known() -> None:
    place = Tag("lift1", DeviceKind.LIFT, "position_mm")
    assert [once(place.lt(M), *pair) for pair in ((1, 2), (2, 1), (2, 2))] == [True, False, False]
    assert [once(place.lt(M), *pair) for pair in ((None, 2), (1, None), (None, None))] == [None] * 3


def test_constants_permits_and_resets_are_what_the_controller_knows_itself() -> None:
    travel, lock = Function("lift1", "travel"), Function("lift1", "lock")
    assert [once(Const(value=value)) for value in (True, False, None)] == [True, False, None]
    given = work(active=[travel], acts=Acts(frozenset({"lift1.brake"})))
    assert once(Asserted(travel), given=given) is True
    assert once(Asserted(lock), given=given) is False
    assert once(ResetAsked("lift1.brake"), given=given) is True
    assert once(ResetAsked("lift1.rope"), given=given) is False


@pytest.mark.parametrize(
    ("passed", "readings", "truth"),
    [
        (None, (0, 0, 0), False),
        (Passed(MailboxCommand(5, CommandCode.UNLOCK), 1), (0, 0, 0), False),
        (Passed(MailboxCommand(5, CommandCode.LOCK), 1, voided=True), (0, 0, 0), False),
        (Passed(MailboxCommand(5, CommandCode.LOCK), 1), (4, 4, AckResult.ACCEPTED), True),
        (Passed(MailboxCommand(5, CommandCode.LOCK), 1), (4, 5, AckResult.ACCEPTED), True),
        (Passed(MailboxCommand(5, CommandCode.LOCK), 1), (5, 5, AckResult.ACCEPTED), False),
        (Passed(MailboxCommand(5, CommandCode.LOCK), 1), (4, 5, 99), False),
        (Passed(MailboxCommand(5, CommandCode.LOCK), 1), (4, 4, 99), True),
        (Passed(MailboxCommand(5, CommandCode.LOCK), 1), (4, 5, None), True),
        (Passed(MailboxCommand(5, CommandCode.LOCK), 1), (None, None, None), True),
    ],
)
def test_a_command_counts_from_its_passing_until_the_plc_has_ended_or_refused_it(
    passed: Passed | None, readings: tuple[int | None, ...], truth: bool
) -> None:
    done, ack, answer = (Tag("lift1", DeviceKind.LIFT, name) for name in ("done_seq", "ack_seq", "ack_result"))
    node = Commanded((CommandCode.LOCK,), done, ack, answer)
    others = {"lift2": Passed(MailboxCommand(5, CommandCode.LOCK), 1)}
    commands = others if passed is None else others | {"lift1": passed}
    assert once(node, *readings, given=work(commands=commands)) is truth


def test_a_time_that_is_held_begins_anew_with_anything_but_true() -> None:
    node = Watched(HeldFor(A, 100))
    assert (node.at(0, T), node.runs) == (False, True)
    assert (node.at(99, T), node.runs) == (False, True)
    assert (node.at(100, T), node.runs) == (True, False)
    assert (node.at(150, F), node.runs) == (False, False)
    assert (node.at(160, T), node.at(259, T), node.at(260, T)) == (False, False, True)
    assert (node.at(270, U), node.runs) == (None, False)
    assert (node.at(280, T), node.at(379, T), node.at(380, T)) == (False, False, True)


def test_a_grace_is_used_up_by_the_cause_and_by_not_knowing_and_refills_a_quarter_as_fast() -> None:
    node = Watched(Outlasted(A, 100))
    assert (node.at(0, F), node.runs) == (False, False)
    assert (node.at(1000, T), node.runs) == (False, True)
    assert (node.at(1060, T), node.runs) == (False, True)
    assert (node.at(1060, F), node.runs) == (False, True)
    assert (node.at(1140, T), node.runs) == (False, True)  # 80 ms gave back 20: 60 are left
    assert node.at(1199, T) is False
    assert (node.at(1200, T), node.runs) == (True, False)
    assert node.at(5000, T) is True
    assert (node.at(5000, F), node.runs) == (False, True)
    assert (node.at(5399, F), node.runs) == (False, True)
    assert (node.at(5400, F), node.runs) == (False, False)
    assert node.at(6000, U) is None
    assert node.at(6099, U) is None
    assert node.at(6100, U) is True
    assert node.at(6101, F) is False


def test_a_grace_is_at_most_full_and_at_most_used_up() -> None:
    node = Watched(Outlasted(A, 100))
    node.at(0, T)
    node.at(10_000, F)
    assert node.at(10_004, F) is False
    node.at(10_004, T)  # one ms has come back
    assert (node.at(10_004, T), node.at(10_005, T)) == (False, True)
    node.at(20_000, F)
    node.at(90_000, F)
    node.at(90_000, T)
    assert (node.at(90_099, T), node.at(90_100, T)) == (False, True)


def test_a_grace_that_is_not_touched_keeps_no_memory_of_the_time() -> None:
    node = Watched(Outlasted(A, 100))
    node.at(0, F)
    assert node._states[1] == ()
    node.at(10, T)
    node.at(20, F)
    node.at(60, F)
    assert node._states[1] == ()


def test_a_change_is_remembered_for_its_time_and_what_was_not_watched_that_long_is_unknown() -> None:
    node = Watched(ChangedWithin(N, 100))
    assert (node.at(0, 5), node.runs) == (None, True)
    assert node.at(99, 5) is None
    assert (node.at(100, 5), node.runs) == (False, False)
    assert (node.at(110, 6), node.runs) == (True, True)
    assert (node.at(209, 6), node.at(210, 6)) == (True, False)
    assert (node.at(220, None), node.runs) == (None, False)
    assert (node.at(230, 7), node.at(329, 7), node.at(330, 7)) == (None, None, False)


def test_h02_a_change_counts_only_since_nothing_voids_it_and_in_one_life_of_the_plc() -> None:
    node = Watched(ChangedSince(N, A, M), 3)
    assert node.at(0, 5, F, 1) is False
    assert node.at(1, 5, F, 1) is False
    assert (node.at(2, 6, F, 1), node.runs) == (True, False)
    assert node.at(3, 6, T, 1) is False
    assert node.at(4, 6, F, 1) is False
    assert node.at(5, 7, F, 1) is True
    assert node.at(6, 8, F, 2) is False
    assert node.at(7, 8, F, 2) is False
    assert node.at(8, 9, F, 2) is True
    for unknown in ((None, F, 2), (9, None, 2), (9, F, None)):
        assert node.at(9, *unknown) is None
        assert node.at(10, 9, F, 2) is False
        assert node.at(11, 10, F, 2) is True


_LATCHED = [
    # before, set, reset: when the reset wins, when the set wins
    (U, F, F, U, U),
    (U, T, F, T, T),
    (U, F, T, F, F),
    (U, T, T, F, T),
    (U, U, F, U, U),
    (U, F, U, U, U),
    (U, U, T, F, U),
    (U, T, U, U, T),
    (T, F, F, T, T),
    (T, F, T, F, F),
    (T, F, U, U, U),
    (T, U, F, T, T),
    (T, U, T, F, U),
    (F, F, F, F, F),
    (F, T, F, T, T),
    (F, U, F, U, U),
    (F, T, T, F, T),
    (F, T, U, U, T),
    (F, F, U, F, F),
    (F, U, T, F, U),
]


@pytest.mark.parametrize(("before", "set_now", "reset_now", "reset_wins", "set_wins"), _LATCHED)
def test_a_latch_stays_until_its_reset_and_what_is_not_known_decides_nothing(
    before: bool | None, set_now: bool | None, reset_now: bool | None, reset_wins: bool | None, set_wins: bool | None
) -> None:
    for dominant, expected in ((Dominant.RESET, reset_wins), (Dominant.SET, set_wins)):
        node = Watched(Latch(A, A, dominant), 2)
        if before is not None:
            assert node.at(0, before, not before) is before
        assert (node.at(1, set_now, reset_now), node.runs) == (expected, False)
        assert node._states[1] == (expected,)


def test_a_kind_that_has_no_rule_is_an_error_and_never_a_truth() -> None:
    with pytest.raises(ExpressionError, match=r"^no rule evaluates Answering"):
        stateless(Answering("lift1", DeviceKind.LIFT), ())
    with pytest.raises(ExpressionError, match=r"^no rule evaluates Not"):
        remembering(Not(A), (0,), 0, 1)
