"""The expression language: three-valued, checked at construction, worded, and compiled to the same truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plc_drivers.contract import CommandCode, DeviceKind
from plc_drivers.contract.safety import ZONES
from plc_drivers.reading import ProcessImage, Quality
from safety.expression import (
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
    doing,
    granted,
)
from safety.memory import SafetyMemory
from safety.program import Program
from safety.verdict import Function
from safety.wording import words
from tests.safety.reading_of_trees import History, truth
from tests.safety.scene import TOWER, Scene

LIFT = DeviceKind.LIFT
CABIN = DeviceKind.CABIN


def lift(tag: str) -> Tag:
    return Tag("lift1", LIFT, tag)


def cabin(tag: str) -> Tag:
    return Tag("cabin1", CABIN, tag)


BOOLS = (lift("standstill"), lift("pins_extended"), cabin("scanner_clear"), cabin("outer_closed"))
NUMBERS = (lift("station"), lift("levelling_error_mm"), cabin("curtain_count"), cabin("confirm_count"))
SMALL = st.integers(min_value=-2, max_value=3)


def _sensible(make: Callable[[], object]) -> bool:
    """False for what the language itself refuses."""
    try:
        make()
    except ExpressionError:
        return False
    return True


_comparisons: st.SearchStrategy[Expression] = st.one_of(
    st.sampled_from(BOOLS),
    st.builds(Const, st.sampled_from([True, False, None])),
    st.tuples(st.sampled_from(Op), st.sampled_from(NUMBERS), SMALL | st.sampled_from(NUMBERS))
    .filter(lambda parts: _sensible(lambda: Compare(*parts)))
    .map(lambda parts: Compare(*parts)),
    st.tuples(st.sampled_from(NUMBERS), SMALL)
    .filter(lambda parts: _sensible(lambda: Between(parts[0], parts[1], parts[1] + 2)))
    .map(lambda parts: Between(parts[0], parts[1], parts[1] + 2)),
    st.builds(lambda value: OneOf(lift("station"), (value,)), st.integers(min_value=-1, max_value=3)),
    st.just(Answering("lift1", LIFT)),
    st.builds(ChangedWithin, st.sampled_from(NUMBERS + BOOLS), st.sampled_from([40, 100])),
)


def _larger(below: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    pair = st.lists(below, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Not, below),
        st.builds(And, pair),
        st.builds(Or, pair),
        st.builds(Proven, below),
        st.builds(HeldFor, below, st.sampled_from([20, 60, 100])),
        st.builds(Outlasted, below, st.sampled_from([20, 40, 60])),
        st.builds(ChangedSince, st.just(cabin("confirm_count")), below, st.just(cabin("boot_counter"))),
        st.builds(Latch, below, below, st.sampled_from(Dominant)),
    )


EXPRESSIONS = st.recursive(_comparisons, _larger, max_leaves=8)

_CHANGES = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(BOOLS), st.booleans()),
        st.tuples(st.sampled_from(NUMBERS), SMALL),
        st.tuples(st.just(cabin("boot_counter")), st.integers(min_value=1, max_value=2)),
        st.tuples(st.sampled_from(BOOLS + NUMBERS), st.just("bad")),
        st.tuples(st.sampled_from([lift("station"), cabin("confirm_count")]), st.sampled_from(["stale", "good"])),
    ),
    max_size=3,
)


def _apply(scene: Scene, changes: list[tuple[Tag, object]]) -> ProcessImage:
    for tag, value in changes:
        match value:
            case "bad":
                scene.bad[tag.device].add(tag.name)
            case "stale":
                scene.quality[tag.device] = Quality.STALE
            case "good":
                scene.quality[tag.device] = Quality.GOOD
                scene.bad[tag.device].clear()
            case bool() | int():
                scene.set(tag.device, **{tag.name: value})
            case _:
                raise TypeError(value)
    scene.now_ms += 20
    return scene.image()


class Runner:
    """A program with its memory."""

    def __init__(self, scene: Scene, *roots: Expression) -> None:
        self.program = Program(roots, scene.logic.definitions)
        self.memory = SafetyMemory(self.program.states0())

    def run(self, image: ProcessImage) -> None:
        trace, states, _ = self.program.run(image, self.memory, image.now_ms, 1000)
        self.memory = replace(self.memory, trace=trace, states=states, at_ms=image.now_ms)

    def truth(self, node: Expression) -> object:
        if self.memory.trace is None:
            raise LookupError("nothing was evaluated")
        return self.program.truth(node, self.memory.trace)


SCENE = Scene(TOWER)


@settings(max_examples=250, deadline=None)
@given(node=EXPRESSIONS, story=st.lists(_CHANGES, min_size=1, max_size=8))
def test_the_compiled_program_says_in_every_cycle_what_a_plain_reading_of_the_history_says(
    node: Expression, story: list[list[tuple[Tag, object]]]
) -> None:
    scene = SCENE.copy()
    runner = Runner(scene, node)
    images: list[ProcessImage] = []
    for changes in story:
        images.append(_apply(scene, changes))
        runner.run(images[-1])
        assert runner.truth(node) is truth(node, History(tuple(images)))


@settings(max_examples=120, deadline=None)
@given(node=EXPRESSIONS, story=st.lists(_CHANGES, min_size=2, max_size=6))
def test_what_is_skipped_as_unchanged_would_have_come_out_the_same(
    node: Expression, story: list[list[tuple[Tag, object]]]
) -> None:
    scene = SCENE.copy()
    skipping, diligent = Runner(scene, node), Runner(scene, node)
    for changes in story:
        image = _apply(scene, changes)
        skipping.run(image)
        diligent.memory = replace(diligent.memory, trace=None)
        diligent.run(image)
        assert skipping.truth(node) is diligent.truth(node)


@pytest.mark.parametrize("unknown", ["stale", "bad", "missing", "old", "out of range", "other kind"])
def test_h10_a_reading_that_cannot_be_believed_is_unknown_and_never_true_or_false(unknown: str) -> None:
    scene = SCENE.copy()
    node = lift("station").eq(0)
    runner = Runner(scene, node, Not(node), Answering("lift1", LIFT))
    image = scene.image()
    device = image.devices["lift1"]
    match unknown:
        case "stale":
            device = replace(device, quality=Quality.STALE)
        case "bad":
            device = replace(device, bad_tags=frozenset({device.definition.status_index["station"]}))
        case "old":
            device = replace(device, at_ms=scene.now_ms - 1001)
        case "out of range":
            values = list(device.values)
            values[device.definition.status_index["station"]] = 100
            device = replace(device, values=tuple(values))
        case "other kind":
            device = replace(image.devices["shuttle1"], device="lift1")
        case _:
            pass
    devices = {name: found for name, found in image.devices.items() if name != "lift1"}
    if unknown != "missing":
        devices["lift1"] = device
    runner.run(ProcessImage(scene.now_ms, devices))
    assert runner.truth(node) is None
    assert runner.truth(Not(node)) is None


def test_a_confirmation_is_not_carried_over_a_restart_of_the_counting_plc() -> None:
    scene = SCENE.copy()
    node = ChangedSince(cabin("confirm_count"), Not(cabin("scanner_clear")), cabin("boot_counter"))
    runner = Runner(scene, node)
    scene.set("cabin1", confirm_count=5)
    runner.run(scene.image())
    scene.set("cabin1", confirm_count=6)
    runner.run(scene.image())
    assert runner.truth(node) is True
    scene.set("cabin1", confirm_count=0, boot_counter=2)
    runner.run(scene.image())
    assert runner.truth(node) is False


@pytest.mark.parametrize(
    "make",
    [
        lambda: lift("no_such_tag"),
        lambda: lift("cmd_seq"),
        lambda: lift("station").between(3, 2),
        lambda: lift("station").one_of(100),
        lambda: OneOf(lift("station"), ()),
        lambda: HeldFor(lift("standstill"), 0),
        lambda: ChangedWithin(lift("station"), -1),
        all_of,
        lambda: granted(Function("lift1", "rotate"), LIFT),
        lambda: doing("lift1", LIFT, CommandCode.ROTATE),
        lambda: doing("lift1", LIFT),
        lambda: Program([lift("station")], SCENE.logic.definitions),
        lambda: Program([Not(lift("station"))], SCENE.logic.definitions),
        lambda: Program([Tag("lift9", LIFT, "standstill")], SCENE.logic.definitions),
        lambda: Program([Tag("cabin1", LIFT, "standstill")], SCENE.logic.definitions),
        lambda: Program([Asserted(Function("cabin1", "travel"))], SCENE.logic.definitions),
        lambda: Program([ChangedSince(cabin("confirm_count"), lift("station"), cabin("boot_counter"))],
                        SCENE.logic.definitions),
    ],
)  # fmt: skip
def test_what_a_device_does_not_have_is_an_error_before_anything_runs(make: object) -> None:
    with pytest.raises(ExpressionError):
        make()  # type: ignore[operator]  # a table of lambdas


def test_every_kind_of_expression_can_be_read_as_a_sentence() -> None:
    node = all_of(
        lift("standstill"),
        Not(lift("pins_retracted")),
        Or((lift("station").eq(2), lift("levelling_error_mm").between(-50, 50))),
        cabin("mode").eq(1),
        cabin("traffic_light_shown").one_of(1),
        cabin("confirmed_opening").eq(cabin("outer_opened_count")),
        HeldFor(lift("rope_taut"), 500),
        granted(Function("lift1", "travel"), LIFT),
        doing("lift1", LIFT, CommandCode.LOCK),
        ChangedWithin(lift("position_mm"), 100),
        Latch(lift("speed_ok"), Const(False)),
        Proven(lift("referenced")),
        Outlasted(Not(lift("brake_closed")), 300),
        ResetAsked("lift1.brake"),
        Answering("lift1", LIFT),
        ChangedSince(cabin("confirm_count"), Not(cabin("scanner_clear")), cabin("boot_counter")),
    )
    said = words(node)
    for part in (
        "not lift1.pins_retracted",
        "(lift1.station = 2 or lift1.levelling_error_mm from -50 mm to 50 mm)",
        "cabin1.mode = AUTOMATIC",
        "cabin1.traffic_light_shown is RED",
        "cabin1.confirmed_opening = cabin1.outer_opened_count",
        "for 500 ms without a break: (lift1.rope_taut)",
        "(lift1.travel permitted or lift1.holds_travel)",
        "lift1 given LOCK",
        "lift1.position_mm changed in the last 100 ms",
        "latched by (lift1.speed_ok), released by (never), reset wins",
        "lift1 answers",
        "it is known that (lift1.referenced)",
        "(not lift1.brake_closed) has used up its grace of 300 ms",
        "a person resets lift1.brake",
        "cabin1.confirm_count changed since",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("nonsense", "said"),
    [
        (lambda: lift("standstill").lt(1), "smaller or larger"),
        (lambda: lift("state").ge(2), "smaller or larger"),
        (lambda: lift("standstill").eq(1), "cannot be compared"),
        (lambda: lift("station").eq(True), "cannot be compared"),
        (lambda: lift("station").eq(100), "can never be 100"),
        (lambda: lift("station").lt(-5), "can never be -5"),
        (lambda: lift("station").eq(float("nan")), "can never be nan"),
        (lambda: lift("state").eq(99), "can never be 99"),
        (lambda: lift("station").eq(lift("levelling_error_mm")), "two units"),
        (lambda: lift("standstill").eq(lift("station")), "cannot be compared"),
        (lambda: lift("state").ne(lift("mode")), "cannot be compared"),
        (lambda: lift("standstill").between(0, 1), "smaller or larger"),
        (lambda: lift("state").between(1, 3), "smaller or larger"),
        (lambda: lift("station").between(-5, 3), "can never be -5"),
        (lambda: lift("station").between(3, 1), "can never be between"),
        (lambda: lift("state").one_of(99), "can never hold"),
        (lambda: lift("state").one_of(), "can never hold"),
        (lambda: lift("standstill").one_of(1), "condition by itself"),
        (lambda: Commanded((), lift("done_seq"), lift("ack_seq"), lift("ack_result")), "no command"),
        (lambda: Commanded((CommandCode.ROTATE,), lift("done_seq"), lift("ack_seq"), lift("ack_result")), "no command"),
        (lambda: Commanded((CommandCode.LOCK,), lift("ack_seq"), lift("ack_seq"), lift("ack_result")), "is read from"),
        (
            lambda: Commanded((CommandCode.LOCK,), lift("done_seq"), cabin("ack_seq"), lift("ack_result")),
            "is read from",
        ),
        (
            lambda: Commanded((CommandCode.ROTATE,), lift("done_seq"), lift("ack_seq"), lift("ack_result")),
            "^lift1: a lift",
        ),
        (lambda: AtMost(2, (lift("standstill"), lift("referenced"))), "says nothing"),
        (lambda: AtMost(-1, (lift("standstill"), lift("referenced"))), "says nothing"),
        (lambda: LockedOut(0), "no zone 0"),
        (lambda: LockedOut(ZONES + 1), "no zone"),
        (lambda: ManualHold(Function("lift1", "travel"), 0), "positive time"),
    ],
)
def test_h10_a_condition_that_makes_no_sense_is_an_error_when_it_is_written(
    nonsense: Callable[[], object], said: str
) -> None:
    """At load: a comparison that can never be true, or always is, would be found by nobody in operation."""
    with pytest.raises(ExpressionError, match=said):
        nonsense()


def test_the_last_values_that_make_sense_are_taken() -> None:
    assert AtMost(1, (lift("standstill"), lift("referenced"))).limit == 1
    assert AtMost(0, (lift("standstill"),)).limit == 0
    assert (LockedOut(1).zone, LockedOut(ZONES).zone) == (1, ZONES)
    assert ManualHold(Function("lift1", "travel"), 1).ms == 1


def test_two_readings_of_one_kind_may_be_compared() -> None:
    assert words(lift("load_present").ne(lift("load_clear"))) == "lift1.load_present is not lift1.load_clear"
    assert lift("station").ge(-1).right == -1
