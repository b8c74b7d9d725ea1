"""What a reading must be so that a condition holds, in words; which ways there are; and how long it still takes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from plc_drivers.contract import CommandCode, DeviceKind
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
    HeldFor,
    Latch,
    Leaf,
    LockedOut,
    ManualHold,
    Not,
    Or,
    Outlasted,
    Proven,
    ResetAsked,
    Truth,
)
from safety.interlocks import unit
from safety.memory import NodeState
from safety.requirement import must, remaining_ms, requirements, shown, smallest
from safety.verdict import Function
from tests.safety.test_blame import kleene

LIFT, CABIN = unit.lift("lift1"), unit.cabin("cabin1")
A, B, C, D = LIFT["standstill"], LIFT["rope_taut"], LIFT["speed_ok"], LIFT["brake_closed"]
STATION, MODE, ERROR = LIFT["station"], LIFT["mode"], LIFT["levelling_error_mm"]
COUNTER, BOOT = CABIN["confirm_count"], CABIN["boot_counter"]
SINCE = ChangedSince(COUNTER, Not(A), BOOT)
GIVEN = Commanded((CommandCode.LOCK, CommandCode.UNLOCK), LIFT["done_seq"], LIFT["ack_seq"], LIFT["ack_result"])
TRAVEL = Function("lift1", "travel")


@pytest.mark.parametrize(
    ("node", "leaf", "wanted", "refused"),
    [
        (A, A, "must be true", "must be false"),
        (STATION.eq(2), STATION, "must be 2", "must not be 2"),
        (STATION.ne(2), STATION, "must not be 2", "must be 2"),
        (STATION.lt(2), STATION, "must be below 2", "must be at least 2"),
        (STATION.le(2), STATION, "must be at most 2", "must be above 2"),
        (STATION.gt(2), STATION, "must be above 2", "must be at most 2"),
        (STATION.ge(2), STATION, "must be at least 2", "must be below 2"),
        (
            STATION.eq(COUNTER),
            STATION,
            "must be what cabin1.confirm_count is",
            "must not be what cabin1.confirm_count is",
        ),
        (STATION.eq(COUNTER), COUNTER, "must be what lift1.station is", "must not be what lift1.station is"),
        (MODE.eq(1), MODE, "must be AUTOMATIC", "must not be AUTOMATIC"),
        (ERROR.between(-50, 60), ERROR, "must be from -50 mm to 60 mm", "must not be from -50 mm to 60 mm"),
        (MODE.one_of(1, 2), MODE, "must be AUTOMATIC or MANUAL", "must not be AUTOMATIC or MANUAL"),
        (
            ChangedWithin(STATION, 100),
            STATION,
            "must have changed in the last 100 ms",
            "must not have changed in the last 100 ms",
        ),
        (SINCE, COUNTER, *["must count once more, after the last moment that voids it"] * 2),
        (SINCE, BOOT, "", ""),
        (Asserted(TRAVEL), Asserted(TRAVEL), "must be permitted", "must not be permitted"),
        (GIVEN, GIVEN, "must be under way: LOCK or UNLOCK", "must not be under way: LOCK or UNLOCK"),
        (Answering("lift1", DeviceKind.LIFT), A, *["must give good readings"] * 2),
        (ResetAsked("lift1.brake"), A, *["must be reset by a person, once the cause is gone"] * 2),
        (LockedOut(2), LockedOut(2), "must be locked out by a person", "must not be locked out by a person"),
        (
            ManualHold(TRAVEL, 400),
            ManualHold(TRAVEL, 400),
            "must be held by a person, heard within 400 ms",
            "must not be held by a person, heard within 400 ms",
        ),
        (Const(value=True), A, "", ""),
    ],
)
def test_each_condition_says_what_its_reading_must_be(node: Expression, leaf: Leaf, wanted: str, refused: str) -> None:
    assert must(node, leaf, wanted=True) == wanted
    assert must(node, leaf, wanted=False) == refused


def test_a_value_is_shown_as_people_read_it() -> None:
    assert [shown(A, value) for value in (True, False, 1, 0, None)] == ["true", "false", "true", "false", "unknown"]
    assert [shown(MODE, value) for value in (1, 99, None)] == ["AUTOMATIC", "99", "unknown"]
    assert [shown(ERROR, value) for value in (35, -2.5)] == ["35 mm", "-2.5 mm"]
    assert [shown(STATION, value) for value in (0, 7)] == ["0", "7"]


@pytest.mark.parametrize(
    ("node", "found"),
    [
        (A, [(A, True)]),
        (Not(A), [(A, False)]),
        (Not(Not(A)), [(A, True)]),
        (And((A, Not(B))), [(A, True), (B, False)]),
        (Or((A, Not(B))), [(A, True), (B, False)]),
        (AtMost(1, (A, Not(B))), [(A, False), (B, True)]),
        (Proven(Not(A)), [(A, False)]),
        (Outlasted(Not(A), 300), [(A, False)]),
        (HeldFor(Not(A), 500), [(HeldFor(Not(A), 500), True), (A, False)]),
        (Not(HeldFor(A, 500)), [(HeldFor(A, 500), False), (A, False)]),
        (SINCE, [(SINCE, True), (A, True)]),
        (Not(SINCE), [(SINCE, False), (A, True)]),
        (ChangedSince(COUNTER, A, BOOT), [(ChangedSince(COUNTER, A, BOOT), True), (A, False)]),
        (Latch(A, B), [(A, True), (B, False)]),
        (Not(Latch(A, Not(B), Dominant.SET)), [(A, False), (B, False)]),
        (STATION.eq(COUNTER), [(STATION.eq(COUNTER), True)]),
        (Not(ERROR.between(1, 2)), [(ERROR.between(1, 2), False)]),
        (STATION.one_of(1), [(STATION.one_of(1), True)]),
        (ChangedWithin(STATION, 100), [(ChangedWithin(STATION, 100), True)]),
        (Answering("lift1", DeviceKind.LIFT), [(Answering("lift1", DeviceKind.LIFT), True)]),
        (Not(Asserted(TRAVEL)), [(Asserted(TRAVEL), False)]),
        (Not(GIVEN), [(GIVEN, False)]),
        (ResetAsked("lift1.brake"), [(ResetAsked("lift1.brake"), True)]),
        (Not(LockedOut(1)), [(LockedOut(1), False)]),
        (ManualHold(TRAVEL, 400), [(ManualHold(TRAVEL, 400), True)]),
        (Const(value=True), []),
    ],
)
def test_a_condition_comes_apart_into_the_smallest_with_what_each_should_be(
    node: Expression, found: list[tuple[Expression, bool]]
) -> None:
    assert list(smallest(node, wanted=True)) == found


def asked(condition: Expression, values: Mapping[Expression, Truth]) -> list[tuple[Leaf, str, str]]:
    return [(one.leaf, one.must, one.way) for one in requirements(condition, lambda node: kleene(node, values))]


def test_what_is_needed_in_any_case_has_no_way() -> None:
    assert asked(And((A, Not(B), C)), {A: False, B: True, C: True}) == [
        (A, "must be true", ""),
        (B, "must be false", ""),
    ]
    assert asked(And((A, B)), {A: True, B: True}) == []


def test_each_of_several_ways_has_a_number_and_a_letter_and_ways_come_last() -> None:
    node = And((Or((And((A, B)), C)), D))
    assert asked(node, {A: False, B: False, C: False, D: False}) == [
        (D, "must be true", ""),
        (A, "must be true", "1a"),
        (B, "must be true", "1a"),
        (C, "must be true", "1b"),
    ]


def test_two_choices_are_told_apart_and_one_that_is_made_is_none() -> None:
    two = And((Or((A, B)), Or((C, D))))
    nothing: dict[Expression, Truth] = {A: False, B: False, C: False, D: False}
    assert [way for *_, way in asked(two, nothing)] == ["1a", "1b", "2a", "2b"]
    assert asked(two, nothing | {A: True}) == [(C, "must be true", "1a"), (D, "must be true", "1b")]
    held = HeldFor(Or((A, B)), 500)
    running = nothing | {A: True, held: False}
    assert asked(And((held, Or((C, D)))), running) == [(C, "must be true", "1a"), (D, "must be true", "1b")]


@pytest.mark.parametrize("wrap", [Proven, lambda child: HeldFor(child, 500), lambda child: Outlasted(child, 300)])
def test_a_choice_is_seen_through_proofs_and_times(wrap: object) -> None:
    assert callable(wrap)
    node = wrap(Or((A, B)))
    assert [way for *_, way in asked(node, {A: False, B: False, node: False})] == ["1a", "1b"]


def test_a_conjunction_that_must_not_hold_is_a_choice_of_what_to_end() -> None:
    assert asked(Not(And((A, Not(B)))), {A: True, B: False}) == [
        (A, "must be false", "1a"),
        (B, "must be true", "1b"),
    ]
    assert asked(Not(Or((A, B))), {A: True, B: True}) == [(A, "must be false", ""), (B, "must be false", "")]


def test_the_outermost_choice_counts() -> None:
    node = Or((And((A, Or((B, C)))), D))
    assert [way for *_, way in asked(node, {A: True, B: False, C: False, D: False})] == ["1a", "1a", "1b"]


def test_a_reading_that_is_asked_for_twice_is_told_once_with_both_requirements() -> None:
    node = And((STATION.ge(2), STATION.ne(3), STATION.ge(2)))
    assert asked(node, {STATION.ge(2): False, STATION.ne(3): False}) == [
        (STATION, "must be at least 2 and must not be 3", "")
    ]


def test_what_the_controller_itself_does_is_asked_for_like_a_reading() -> None:
    node = And((Not(Asserted(TRAVEL)), Not(GIVEN), Answering("lift1", DeviceKind.LIFT), ResetAsked("lift1.brake")))
    values: dict[Expression, Truth] = {
        Asserted(TRAVEL): True,
        GIVEN: True,
        node.children[2]: None,
        node.children[3]: False,
    }
    assert [text for _, text, _ in asked(node, values)] == [
        "must not be permitted",
        "must not be under way: LOCK or UNLOCK",
        "must give good readings",
        "must be reset by a person, once the cause is gone",
    ]


def test_what_persons_do_is_asked_for_like_a_reading() -> None:
    held, locked = ManualHold(TRAVEL, 400), LockedOut(1)
    assert asked(And((held, Not(locked))), {held: False, locked: True}) == [
        (held, "must be held by a person, heard within 400 ms", ""),
        (locked, "must not be locked out by a person", ""),
    ]


def test_of_two_readings_that_are_compared_each_is_told_the_other() -> None:
    same = STATION.eq(COUNTER)
    assert asked(same, {same: False}) == [
        (STATION, "must be what cabin1.confirm_count is", ""),
        (COUNTER, "must be what lift1.station is", ""),
    ]


def left(node: Expression, values: Mapping[Expression, Truth], state: NodeState, now_ms: int) -> int | None:
    states: dict[Expression, NodeState] = {one: state for one in values if isinstance(one, HeldFor)}
    return remaining_ms(node, lambda one: kleene(one, values), lambda one: states[one], now_ms)


def test_a_holding_time_that_runs_says_how_much_of_it_is_left() -> None:
    held = HeldFor(A, 3000)
    running: dict[Expression, Truth] = {held: False, A: True}
    assert left(held, running, (1000,), 1400) == 2600
    assert left(held, running, (0,), 1400) == 1600
    assert left(held, running, (1000,), 9000) == 0
    assert left(And((B, held)), running | {B: True}, (1000,), 1400) == 2600


def test_a_holding_time_that_does_not_run_or_should_not_end_says_nothing() -> None:
    held = HeldFor(A, 3000)
    assert left(held, {held: False, A: False}, (1000,), 1400) is None
    assert left(held, {held: True, A: True}, (1000,), 9000) is None
    assert left(held, {held: None, A: None}, (1000,), 1400) is None
    assert left(held, {held: False, A: True}, (), 1400) is None
    assert left(Not(held), {held: False, A: True}, (1000,), 1400) is None
    assert left(A, {A: False}, (1000,), 1400) is None


def test_the_longest_of_several_holding_times_counts() -> None:
    short, long = HeldFor(A, 1000), HeldFor(B, 3000)
    values: dict[Expression, Truth] = {short: False, long: False, A: True, B: True}
    for node in (And((short, long)), And((long, short))):
        assert left(node, values, (1000,), 1400) == 2600
