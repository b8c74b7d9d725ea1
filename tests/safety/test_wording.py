"""Expressions as sentences, exactly, and what is said of an expression that cannot be."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from plc_drivers.contract import CommandCode, DeviceKind
from safety.expression import (
    REFILL,
    And,
    Answering,
    Asserted,
    AtMost,
    Between,
    ChangedSince,
    ChangedWithin,
    Commanded,
    Compare,
    Const,
    Dominant,
    Expression,
    ExpressionError,
    HeldFor,
    Latch,
    LockedOut,
    ManualHold,
    Not,
    OneOf,
    Op,
    Or,
    Outlasted,
    Proven,
    ResetAsked,
    Tag,
    all_of,
    any_of,
    children,
    doing,
    granted,
    leaves,
)
from safety.interlocks import unit
from safety.program import Program
from safety.verdict import Function, StartOf
from safety.wording import words
from tests.safety.scene import TOWER, Scene

SCENE = Scene(TOWER)
LIFT = unit.lift("lift1")
CABIN = unit.cabin("cabin1")
A, B, C = LIFT["standstill"], LIFT["rope_taut"], LIFT["speed_ok"]
STATION = LIFT["station"]
TRAVEL = Function("lift1", "travel")
COUNTER, BOOT = CABIN["confirm_count"], CABIN["boot_counter"]
DONE, ACK, ANSWER = LIFT["done_seq"], LIFT["ack_seq"], LIFT["ack_result"]
GIVEN = Commanded((CommandCode.LOCK, CommandCode.UNLOCK), DONE, ACK, ANSWER)
SINCE = ChangedSince(COUNTER, Not(A), BOOT)
SINCE_SAID = (
    "cabin1.confirm_count changed since the last moment of (not lift1.standstill) and of a change of "
    "cabin1.boot_counter"
)


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (Const(value=True), "always"),
        (Const(value=False), "never"),
        (Const(value=None), "unknown"),
        (A, "lift1.standstill"),
        (Not(A), "not lift1.standstill"),
        (Not(STATION.eq(2)), "not (lift1.station = 2)"),
        (And((A, Or((B, C)))), "lift1.standstill and (lift1.rope_taut or lift1.speed_ok)"),
        (Or((A, And((B, C)))), "lift1.standstill or (lift1.rope_taut and lift1.speed_ok)"),
        (And((A, And((B, C)))), "lift1.standstill and lift1.rope_taut and lift1.speed_ok"),
        (Or((A, Or((B, C)))), "lift1.standstill or lift1.rope_taut or lift1.speed_ok"),
        (AtMost(1, (A, Or((B, C)))), "at most 1 of these: (lift1.standstill); (lift1.rope_taut or lift1.speed_ok)"),
        (And((A, AtMost(0, (B,)))), "lift1.standstill and (at most 0 of these: (lift1.rope_taut))"),
        (STATION.ne(2), "lift1.station is not 2"),
        (STATION.lt(2), "lift1.station < 2"),
        (STATION.le(2), "lift1.station <= 2"),
        (STATION.gt(2), "lift1.station > 2"),
        (STATION.ge(2), "lift1.station >= 2"),
        (STATION.eq(COUNTER), "lift1.station = cabin1.confirm_count"),
        (LIFT["position_mm"].lt(LIFT["levelling_error_mm"]), "lift1.position_mm < lift1.levelling_error_mm"),
        (LIFT["speed_mm_s"].lt(20), "lift1.speed_mm_s < 20 mm/s"),
        (LIFT["levelling_error_mm"].between(-50, 60), "lift1.levelling_error_mm from -50 mm to 60 mm"),
        (STATION.one_of(1, 2), "lift1.station is 1 or 2"),
        (LIFT["mode"].eq(1), "lift1.mode = AUTOMATIC"),
        (HeldFor(Not(A), 500), "for 500 ms without a break: (not lift1.standstill)"),
        (Outlasted(Not(A), 300), "(not lift1.standstill) has used up its grace of 300 ms"),
        (ChangedWithin(STATION, 100), "lift1.station changed in the last 100 ms"),
        (
            SINCE,
            SINCE_SAID,
        ),
        (Latch(A, Not(B)), "latched by (lift1.standstill), released by (not lift1.rope_taut), reset wins"),
        (Latch(A, B, Dominant.SET), "latched by (lift1.standstill), released by (lift1.rope_taut), set wins"),
        (Proven(Not(A)), "it is known that (not lift1.standstill)"),
        (Asserted(TRAVEL), "lift1.travel permitted"),
        (GIVEN, "lift1 given LOCK or UNLOCK"),
        (Answering("lift1", DeviceKind.LIFT), "lift1 answers"),
        (ResetAsked("lift1.brake"), "a person resets lift1.brake"),
        (LockedOut(2), "zone 2 is locked out by a person"),
        (ManualHold(TRAVEL, 300), "lift1.travel is held by a person who was heard within 300 ms"),
    ],
)
def test_an_expression_reads_as_a_sentence(node: Expression, said: str) -> None:
    assert words(node) == said


@pytest.mark.parametrize(
    ("node", "below"),
    [
        (Not(A), (A,)),
        (Proven(A), (A,)),
        (HeldFor(A, 5), (A,)),
        (Outlasted(A, 5), (A,)),
        (And((A, B)), (A, B)),
        (Or((A, B)), (A, B)),
        (AtMost(1, (A, B)), (A, B)),
        (STATION.eq(2), (STATION,)),
        (STATION.eq(COUNTER), (STATION, COUNTER)),
        (STATION.between(1, 2), (STATION,)),
        (STATION.one_of(1), (STATION,)),
        (ChangedWithin(STATION, 5), (STATION,)),
        (SINCE, (COUNTER, Not(A), BOOT)),
        (Latch(A, B), (A, B)),
        (GIVEN, (DONE, ACK, ANSWER)),
        (Const(value=True), ()),
        (A, ()),
        (Asserted(TRAVEL), ()),
        (Answering("lift1", DeviceKind.LIFT), ()),
        (ResetAsked("lift1.brake"), ()),
    ],
)
def test_what_stands_directly_below_an_expression(node: Expression, below: tuple[Expression, ...]) -> None:
    assert children(node) == below


def test_everything_that_an_expression_reads_is_found_in_order_and_as_often_as_it_is_read() -> None:
    answers = Answering("lift1", DeviceKind.LIFT)
    node = And((Asserted(TRAVEL), Latch(A, ResetAsked("x.y")), Not(A), answers, GIVEN))
    assert list(leaves(node)) == [Asserted(TRAVEL), A, ResetAsked("x.y"), A, answers, GIVEN, DONE, ACK, ANSWER]


def test_conditions_of_one_kind_are_joined_flat_and_one_alone_stands_for_itself() -> None:
    assert all_of(A, all_of(B, C)) == And((A, B, C))
    assert any_of(A, any_of(B, C)) == Or((A, B, C))
    assert all_of(A, any_of(B, C)) == And((A, Or((B, C))))
    assert any_of(A, all_of(B, C)) == Or((A, And((B, C))))
    assert all_of(A) is any_of(A) is A


def test_each_comparison_is_what_its_name_says() -> None:
    for make, op in (
        (STATION.eq, Op.EQ),
        (STATION.ne, Op.NE),
        (STATION.lt, Op.LT),
        (STATION.le, Op.LE),
        (STATION.gt, Op.GT),
        (STATION.ge, Op.GE),
    ):
        assert make(3) == Compare(op, STATION, 3)
    assert STATION.between(1, 3) == Between(STATION, 1, 3)
    assert STATION.between(3, 3) == Between(STATION, 3, 3)
    assert STATION.one_of(1, 2) == OneOf(STATION, (1, 2))


def test_a_permit_counts_as_granted_by_the_controllers_word_or_by_the_plcs() -> None:
    assert granted(TRAVEL, DeviceKind.LIFT) == Or((Asserted(TRAVEL), LIFT["holds_travel"]))


def test_a_device_does_what_its_plc_executes_or_what_it_was_given_and_has_not_ended() -> None:
    codes = (CommandCode.LOCK, CommandCode.UNLOCK)
    assert doing("lift1", DeviceKind.LIFT, *codes) == Or((LIFT["active_command"].one_of(*codes), GIVEN))


def test_the_shortest_time_of_each_kind_is_a_millisecond() -> None:
    assert HeldFor(A, 1).ms == Outlasted(A, 1).ms == ChangedWithin(STATION, 1).ms == 1


def test_a_grace_refills_four_times_slower_than_it_drains() -> None:
    assert REFILL == 4


def test_only_a_bool_can_be_a_condition_by_itself() -> None:
    assert A.is_bool
    assert not STATION.is_bool
    assert STATION.definition.name == "station"
    assert str(STATION) == "lift1.station"


def program(*roots: Expression) -> Program:
    return Program(roots, SCENE.logic.definitions)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: LIFT["nothing"], "lift1: a lift has no status tag 'nothing'"),
        (lambda: STATION.between(3, 2), "lift1.station can never be between 3 and 2"),
        (lambda: STATION.one_of(1, 100), "lift1.station can never hold [100]"),
        (lambda: OneOf(STATION, ()), "lift1.station can never hold []"),
        (lambda: HeldFor(A, 0), "a holding time must be positive"),
        (lambda: Outlasted(A, 0), "a grace must be positive"),
        (lambda: ChangedWithin(STATION, 0), "a watching time must be positive"),
        (all_of, "an expression needs at least one condition"),
        (any_of, "an expression needs at least one condition"),
        (lambda: granted(Function("lift1", "fly"), DeviceKind.LIFT), "lift1: a lift has no permit 'fly'"),
        (
            lambda: doing("lift1", DeviceKind.LIFT, CommandCode.LOCK, CommandCode.ROTATE),
            "lift1: a lift has no command ['ROTATE']",
        ),
        (lambda: doing("lift1", DeviceKind.LIFT), "lift1: a lift has no command []"),
        (lambda: program(STATION), "lift1.station is a number and cannot be a condition by itself"),
        (lambda: program(Tag("lift9", DeviceKind.LIFT, "station").eq(1)), "there is no device 'lift9' in this garage"),
        (lambda: program(Answering("lift9", DeviceKind.LIFT)), "there is no device 'lift9' in this garage"),
        (
            lambda: program(Tag("cabin1", DeviceKind.LIFT, "standstill")),
            "cabin1 is a cabin, not what the expression takes it for",
        ),
        (
            lambda: program(Answering("cabin1", DeviceKind.LIFT)),
            "cabin1 is a cabin, not what the expression takes it for",
        ),
        (lambda: program(Asserted(Function("lift9", "travel"))), "there is no permit lift9.travel in this garage"),
        (lambda: program(Asserted(Function("lift1", "fly"))), "there is no permit lift1.fly in this garage"),
    ],
)
def test_an_expression_that_cannot_be_says_why(make: Callable[[], object], said: str) -> None:
    with pytest.raises(ExpressionError, match=f"^{re.escape(said)}$"):
        make()


@pytest.mark.parametrize(
    "around",
    [
        Not,
        Proven,
        lambda node: And((A, node)),
        lambda node: Or((A, node)),
        lambda node: HeldFor(node, 5),
        lambda node: Outlasted(node, 5),
        lambda node: Latch(node, A),
        lambda node: Latch(A, node),
        lambda node: ChangedSince(COUNTER, node, BOOT),
        lambda node: Not(Not(node)),
    ],
)
def test_a_number_is_no_condition_wherever_a_condition_is_wanted(around: Callable[[Expression], Expression]) -> None:
    with pytest.raises(ExpressionError, match="cannot be a condition"):
        program(around(STATION))
    assert program(around(B)).slots[B] >= 0


def test_what_is_no_expression_has_no_words() -> None:
    with pytest.raises(ExpressionError, match=r"^there are no words for 5$"):
        words(5)  # type: ignore[arg-type]  # what this is for


def test_functions_and_starts_are_written_as_people_write_them() -> None:
    assert str(TRAVEL) == "lift1.travel"
    assert str(StartOf("lift1", CommandCode.LOCK)) == "lift1.LOCK"
    assert str(StartOf("shuttle1", CommandCode.PLACE_LEFT, 2)) == "shuttle1.PLACE_LEFT(2)"


def test_a_unit_speaks_of_its_device() -> None:
    assert LIFT.answers == Answering("lift1", DeviceKind.LIFT)
    assert unit.shuttle("s").functions == (Function("s", "travel"), Function("s", "transfer"))
    assert LIFT.may("travel") == TRAVEL
    assert LIFT.start(CommandCode.LOCK, CommandCode.UNLOCK, arg1=2) == (
        StartOf("lift1", CommandCode.LOCK, 2),
        StartOf("lift1", CommandCode.UNLOCK, 2),
    )
    assert LIFT.start(CommandCode.LOCK) == (StartOf("lift1", CommandCode.LOCK),)
    assert LIFT.granted("travel") == granted(TRAVEL, DeviceKind.LIFT)
    assert LIFT.idle("travel") == Not(granted(TRAVEL, DeviceKind.LIFT))
    assert LIFT.doing(CommandCode.LOCK) == doing("lift1", DeviceKind.LIFT, CommandCode.LOCK)
    assert unit.safety_plc("s").kind is DeviceKind.SAFETY
    assert (LIFT.kind, CABIN.kind, unit.shuttle("s").kind) == (DeviceKind.LIFT, DeviceKind.CABIN, DeviceKind.SHUTTLE)
