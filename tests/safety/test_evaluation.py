"""The evaluation around the expressions: what is believed, what is skipped, what is remembered, and what is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plc_drivers.contract import CABIN, LIFT, SAFETY, SHUTTLE, DeviceKind, Value
from plc_drivers.contract.codes import Axis, State
from plc_drivers.contract.codes import CommandCode as C
from plc_drivers.outputs import MailboxCommand
from plc_drivers.reading import DeviceImage, ProcessImage, Quality
from safety import topology
from safety.acts import NO_ACTS, Acts, Hold
from safety.expression import (
    And,
    Answering,
    Asserted,
    Expression,
    HeldFor,
    ManualHold,
    Not,
    ResetAsked,
    Tag,
    Truth,
    doing,
)
from safety.interlock import Interlock, Phase
from safety.interlocks import unit
from safety.logic import AGE_MS_MAX, GAP_MS_MAX, SafetyLogic, _conflicts, definitions_of
from safety.memory import Passed, SafetyMemory
from safety.program import Program
from safety.step import Pass, Results, Step
from safety.verdict import Function, StartOf
from tests.safety import situations as at
from tests.safety.scene import COUNTDOWN_MS, PERIOD_MS, SHUTTLES, TOWER, Scene, function

SCENE = Scene(TOWER)
LIFT1, CABIN1 = unit.lift("lift1"), unit.cabin("cabin1")
A, B, C1 = LIFT1["standstill"], CABIN1["scanner_clear"], LIFT1["rope_taut"]
TRAVEL = function("lift1.travel")


class Counted:
    """A program whose steps are counted by the expression that they are for."""

    def __init__(self, *roots: Expression) -> None:
        self.scene = SCENE.copy()
        self.program = Program(roots, self.scene.logic.definitions)
        self.memory = SafetyMemory(self.program.states0())
        self.taken: list[Expression] = []
        self.changes: list[bool] = []
        named = {slot: node for node, slot in self.program.slots.items()}
        steps = self.program._steps
        self.program._steps = [(slot, mask, self._counting(named[slot], step)) for slot, mask, step in steps]

    def _counting(self, node: Expression, step: Step) -> Step:
        def counted(results: Results, work: Pass) -> Truth:
            self.taken.append(node)
            return step(results, work)

        return counted

    def run(self, **changes: object) -> set[Expression]:
        """Evaluate after a change of the memory; which expressions were asked."""
        self.taken.clear()
        self.memory = replace(self.memory, **changes)  # type: ignore[arg-type]  # fields of the memory
        self.scene.now_ms += PERIOD_MS
        trace, states, changed = self.program.run(self.scene.image(), self.memory, self.scene.now_ms, AGE_MS_MAX)
        self.memory = replace(self.memory, trace=trace, states=states, at_ms=self.scene.now_ms)
        self.changes.append(changed)
        return set(self.taken)

    def truth(self, node: Expression) -> object:
        assert self.memory.trace is not None
        return self.program.truth(node, self.memory.trace)


def test_only_what_reads_a_device_that_changed_is_asked_again() -> None:
    lift, cabin = Not(A), Not(B)
    both = And((lift, cabin))
    counted = Counted(lift, cabin, both)
    assert counted.run() == {lift, cabin, both}
    assert counted.run() == set()
    assert counted.changes == [True, False]
    counted.scene.set("lift1", rope_taut=False)
    assert counted.run() == set()
    counted.scene.set("lift1", standstill=False)
    assert counted.run() == {lift, both}
    counted.scene.set("cabin1", scanner_clear=False)
    assert counted.run() == {cabin, both}
    assert (counted.truth(lift), counted.truth(cabin), counted.truth(both)) == (True, True, True)
    counted.scene.quality["cabin1"] = Quality.STALE
    assert counted.run() == {cabin, both}
    assert (counted.truth(lift), counted.truth(cabin), counted.truth(both)) == (True, None, None)
    counted.scene.quality["cabin1"] = Quality.GOOD
    assert counted.run() == {cabin, both}
    counted.scene.bad["lift1"] = {"standstill"}
    assert counted.run() == {lift, both}
    assert counted.truth(lift) is None


def test_what_runs_in_time_is_asked_until_its_time_has_come_and_nothing_else_is() -> None:
    first, second = HeldFor(A, 3 * PERIOD_MS), HeldFor(B, 5 * PERIOD_MS)
    counted = Counted(first, second, Not(first))
    counted.run()
    for _ in range(2):
        assert counted.run() >= {first, second}
    assert counted.run() >= {first, second}
    assert counted.truth(first) is True
    assert counted.run() == {second}
    assert counted.run() == {second}
    assert counted.truth(second) is True
    assert counted.run() == set()


def test_a_permit_or_a_command_of_one_device_asks_only_what_speaks_of_that_device() -> None:
    lift, cabin = Asserted(TRAVEL), Asserted(function("cabin1.inner"))
    given = doing("cabin1", DeviceKind.CABIN, C.ROTATE)
    counted = Counted(lift, cabin, given)
    counted.run()
    assert counted.run(granted=frozenset({TRAVEL})) == {lift}
    assert counted.truth(lift) is True
    assert counted.run() == set()
    assert counted.run(granted=frozenset(), fading={TRAVEL: 5}) == set()
    assert counted.run(fading={}) == {lift}
    assert counted.truth(lift) is False
    commands = {"cabin1": Passed(MailboxCommand(3, C.ROTATE), 1)}
    assert counted.run(granted=frozenset({TRAVEL, function("cabin1.inner")})) >= {lift, cabin}
    assert counted.run(granted=frozenset()) >= {lift, cabin}
    asked = counted.run(commands=commands)
    assert given in asked
    assert lift not in asked
    assert counted.truth(given) is True
    assert counted.run(commands=dict(commands)) == set()
    assert counted.run(commands=commands | {"lift1": Passed(MailboxCommand(3, C.LOCK), 1)}) == {lift}


def test_a_persons_reset_asks_what_waits_for_one_in_that_evaluation_and_in_the_next() -> None:
    reset, lift = ResetAsked("a.b"), Not(A)
    counted = Counted(reset, lift)
    counted.run()
    assert counted.run(acts=Acts(frozenset({"a.b"}))) == {reset}
    assert counted.truth(reset) is True
    assert counted.run(acts=Acts()) == {reset}
    assert counted.truth(reset) is False


def test_the_last_device_and_the_first_timer_are_told_apart() -> None:
    timer, reset = HeldFor(A, PERIOD_MS), ResetAsked("a.b")
    last = Not(unit.cabin("cabin2")["scanner_clear"])
    first = Not(unit.safety_plc("safety1")["fire_clear"])
    counted = Counted(timer, HeldFor(B, PERIOD_MS), last, first, reset)
    for _ in range(3):
        counted.run()
    counted.scene.set("cabin2", scanner_clear=False)
    assert counted.run() == {last}
    counted.scene.set("safety1", fire_clear=False)
    assert counted.run() == {first}
    assert counted.run(acts=Acts(frozenset({"a.b"}))) == {reset}


def test_a_device_of_which_nothing_but_its_answer_is_read_answers() -> None:
    answers = Answering("lift1", DeviceKind.LIFT)
    alone = Counted(answers)
    alone.run()
    assert alone.truth(answers) is True
    beside = Counted(answers, LIFT1["station"].eq(0))
    image = SCENE.image()
    values = list(image.devices["lift1"].values)
    values[LIFT.status_index["station"]] = None
    blind = _with(_lift(values=tuple(values)))
    trace, _, _ = beside.program.run(blind, beside.memory, SCENE.now_ms, AGE_MS_MAX)
    assert beside.program.truth(answers, trace) is True
    assert beside.program.truth(LIFT1["station"].eq(0), trace) is None


def test_equal_conditions_are_one_and_are_asked_once() -> None:
    counted = Counted(HeldFor(Not(A), 40), And((HeldFor(Not(A), 40), C1)), Not(HeldFor(Not(A), 40)))
    counted.run()
    assert len(counted.taken) == len(set(counted.taken)) == 4
    assert len(counted.program.states) == 1
    assert counted.program.states0() == ((),)


def test_what_is_read_only_for_its_value_is_read_as_it_is_and_a_bool_as_a_bool() -> None:
    node = LIFT1["station"].eq(3)
    counted = Counted(node, A, Answering("lift1", DeviceKind.LIFT))
    counted.scene.set("lift1", station=3, standstill=1)
    counted.run()
    assert counted.truth(LIFT1["station"]) == 3
    assert type(counted.truth(LIFT1["station"])) is int
    assert counted.truth(A) is True
    assert counted.truth(Answering("lift1", DeviceKind.LIFT)) is True


# --- what is believed (H10) ------------------------------------------------------------------------------------


def _with(device: DeviceImage | None) -> ProcessImage:
    image = SCENE.image()
    others = {name: found for name, found in image.devices.items() if name != "lift1"}
    return replace(image, devices=others if device is None else others | {"lift1": device})


def _lift(**changes: object) -> DeviceImage:
    return replace(SCENE.image().devices["lift1"], **changes)  # type: ignore[arg-type]  # fields of the image


@pytest.mark.parametrize(
    ("device", "believed"),
    [
        (_lift(), True),
        (_lift(at_ms=SCENE.now_ms - AGE_MS_MAX), True),
        (_lift(at_ms=SCENE.now_ms - AGE_MS_MAX - 1), False),
        (_lift(quality=Quality.STALE), False),
        (_lift(quality=Quality.BAD), False),
        (_lift(quality=Quality.MISSING), False),
        (_lift(values=_lift().values[:-1]), False),
        (_lift(values=(*_lift().values, 0)), False),
        (_lift(definition=CABIN), False),
        (None, False),
    ],
)
def test_h10_a_device_is_believed_when_it_is_good_young_whole_and_what_it_should_be(
    device: DeviceImage | None, believed: bool
) -> None:
    answers = Answering("lift1", DeviceKind.LIFT)
    program = Program([answers, A], SCENE.logic.definitions)
    trace, _, _ = program.run(_with(device), SafetyMemory(program.states0()), SCENE.now_ms, AGE_MS_MAX)
    assert program.truth(answers, trace) is (True if believed else None)
    assert program.truth(A, trace) is (True if believed else None)


def test_h10_the_ages_that_are_borne_are_a_second_each() -> None:
    assert AGE_MS_MAX == GAP_MS_MAX == 1000


@pytest.mark.parametrize(("pause_ms", "kept"), [(GAP_MS_MAX, True), (GAP_MS_MAX + 1, False), (0, True), (-1, False)])
def test_h10_holding_times_outlive_a_pause_of_a_second_and_no_longer_one(pause_ms: int, kept: bool) -> None:
    scene = at.tower_at_rest()
    scene.now_ms += pause_ms
    assert ("cabin1" in scene.look().proven_empty) is kept


def test_a_garage_may_ask_for_other_times() -> None:
    logic = SafetyLogic(TOWER, age_ms_max=50, gap_ms_max=70)
    image = SCENE.image()
    memory = logic.memory0()
    verdict, memory = logic.evaluate(image, memory, SCENE.now_ms + 50)
    assert TRAVEL not in {guard for one in verdict.failing if one.id == "lift1.answers" for guard in one.guards}
    verdict, _ = logic.evaluate(image, memory, SCENE.now_ms + 51)
    assert TRAVEL in {guard for one in verdict.failing if one.id == "lift1.answers" for guard in one.guards}


# --- verdict and memory ----------------------------------------------------------------------------------------


def test_a_verdict_of_unchanged_readings_is_the_last_one_at_another_time() -> None:
    scene = at.tower_at_rest()
    for _ in range(11):  # until no watchdog waits for anything
        scene.now_ms += 900
        first = scene.look()
    scene.now_ms += PERIOD_MS
    second = scene.look()
    assert second.failing is first.failing
    assert (second.now_ms, scene.memory.at_ms) == (scene.now_ms, scene.now_ms)
    assert second == replace(first, now_ms=scene.now_ms)
    scene.set("lift1", overhang_front_clear=False)
    for lost in (frozenset({TRAVEL}), frozenset[Function](), frozenset[Function]()):
        scene.now_ms += PERIOD_MS
        assert scene.look().lost == lost


def test_a_failing_interlock_is_told_with_whether_it_is_false_or_not_known() -> None:
    scene = Scene(TOWER)
    scene.set("lift1", rope_taut=False)
    scene.bad["lift1"] = {"speed_ok"}
    unknown = {one.id: one.unknown for one in scene.look().failing}
    assert unknown["lift1.rope-taut"] is False
    assert unknown["lift1.speed-ok"] is True


def test_what_is_lost_is_told_in_the_cycle_in_which_it_is_lost_and_not_again() -> None:
    scene = at.tower_at_rest()
    before = scene.look().allowed
    scene.set("safety1", zone1_torque_enabled=False)
    scene.now_ms += PERIOD_MS
    assert scene.look().lost == before
    for _ in range(2):
        scene.now_ms += PERIOD_MS
        assert scene.look().lost == frozenset()


def test_the_countdown_of_a_cabin_runs_from_its_whole_time_to_nothing() -> None:
    scene = Scene(TOWER)
    assert scene.look().clearing_ms == {}
    scene.press("cabin1")
    for _ in range(3):
        scene.now_ms += PERIOD_MS
        scene.look()
    assert scene.look().clearing_ms == {"cabin1": COUNTDOWN_MS - 2 * PERIOD_MS}
    verdict = scene.pass_time(COUNTDOWN_MS - 2 * PERIOD_MS)
    assert verdict.clearing_ms == {}
    assert verdict.proven_empty == {"cabin1"}


def test_a_countdown_may_begin_when_the_clock_is_at_nothing() -> None:
    scene = Scene(TOWER)
    scene.now_ms = -PERIOD_MS
    scene.look()
    scene.press("cabin1")
    for _ in range(2):
        scene.now_ms += PERIOD_MS
        verdict = scene.look()
    assert verdict.clearing_ms == {"cabin1": COUNTDOWN_MS - PERIOD_MS}


def test_cabins_are_proven_empty_each_by_itself() -> None:
    scene = at.tower_at_rest()
    assert scene.look().proven_empty == {"cabin1", "cabin2"}
    assert scene.look().clearing_ms == {}
    scene.set("cabin1", scanner_clear=False)
    assert scene.look().proven_empty == {"cabin2"}


def test_resets_are_heard_once_and_the_memory_keeps_the_trips_that_stand() -> None:
    scene = at.tower_at_rest()
    scene.set("lift1", rope_taut=False)
    scene.look()
    assert scene.memory.tripped == {"lift1.rope-taut": scene.now_ms}
    scene.memory = replace(scene.memory, acts=Acts(frozenset({"lift1.rope-taut"})))
    scene.look()
    assert scene.memory.acts == Acts()
    assert Acts(frozenset()) == NO_ACTS


def test_a_dropped_permit_is_forgotten_when_its_plc_has_echoed_that_heartbeat_or_a_later_one() -> None:
    for beat, echo, seen in (
        (100, 100, True),
        (100, 101, True),
        (100, 99, False),
        (65_535, 0, True),
        (0, 65_535, False),
        (0, 0x7FFF, True),
        (0, 0x8000, False),
        (0x8000, 0x8000, True),
        (0x8001, 0, True),
        (0x8000, 0, False),
    ):
        scene = SCENE.copy()
        scene.memory = replace(scene.logic.memory0(), fading={TRAVEL: beat, function("cabin1.inner"): 1})
        scene.set("lift1", heartbeat_echo=echo)
        scene.look()
        assert scene.memory.fading == ({} if seen else {TRAVEL: beat}) | {function("cabin1.inner"): 1}, (beat, echo)


def test_a_permit_of_a_plc_that_cannot_be_heard_is_not_forgotten() -> None:
    for quality in (Quality.STALE, Quality.MISSING):
        scene = SCENE.copy()
        scene.memory = replace(scene.logic.memory0(), fading={TRAVEL: 0})
        scene.quality["lift1"] = quality
        scene.look()
        assert scene.memory.fading == {TRAVEL: 0}
    memory = replace(SCENE.logic.memory0(), fading={TRAVEL: 0})
    _, memory = SCENE.logic.evaluate(_with(None), memory, SCENE.now_ms)
    assert memory.fading == {TRAVEL: 0}


def test_the_memory_of_a_fresh_start_is_empty_but_for_the_trips_it_is_told() -> None:
    logic = SCENE.logic
    assert logic.memory0() == SafetyMemory(logic.memory0().states)
    verdict, _ = logic.evaluate(SCENE.image(), logic.memory0(["lift1.brake"]), SCENE.now_ms)
    assert [trip.id for trip in verdict.trips] == ["lift1.brake"]


def test_functions_that_ask_about_each_other_never_begin_together_and_none_conflicts_with_itself() -> None:
    logic = SafetyLogic(TOWER)
    conflicts = logic.conflicts
    assert all(one in conflicts[other] for one, others in conflicts.items() for other in others)
    assert all(one not in others for one, others in conflicts.items())
    assert conflicts[TRAVEL] >= {function("shuttle1.travel"), function("shuttle1.transfer")}
    assert function("cabin2.rotate") in conflicts[TRAVEL], "a generator may carry one of them only"
    carried = SafetyLogic(replace(TOWER, generator_movers_max=4)).conflicts
    assert function("cabin2.rotate") not in carried[TRAVEL]
    assert all(isinstance(others, frozenset) for others in conflicts.values())
    assert conflicts.keys() == logic.functions


def test_h09_a_start_that_asks_for_another_functions_permit_conflicts_by_the_permit_that_its_command_needs() -> None:
    inner = function("cabin1.inner")

    def asks(phase: Phase, *guards: Function | StartOf) -> dict[Function, frozenset[Function]]:
        rule = Interlock("a.b", "t", "H09", phase, guards, Not(Asserted(inner)), "c", "r")
        found = _conflicts((rule,), SCENE.logic.functions, SCENE.logic.definitions)
        return {one: others for one, others in found.items() if others}

    both = {TRAVEL: {inner}, inner: {TRAVEL}}
    travel, transfer = function("shuttle1.travel"), function("shuttle1.transfer")
    jogged = {axis: asks(Phase.START, StartOf("shuttle1", C.JOG_FORWARD, axis)) for axis in (Axis.TRAVEL, Axis.FORKS)}
    assert jogged == {
        Axis.TRAVEL: {travel: {inner}, inner: {travel}},
        Axis.FORKS: {transfer: {inner}, inner: {transfer}},
    }
    either = asks(Phase.START, StartOf("shuttle1", C.JOG_FORWARD))
    assert either == {travel: {inner}, transfer: {inner}, inner: {travel, transfer}}
    assert asks(Phase.START, StartOf("lift1", C.LOCK)) == both
    assert asks(Phase.RUN, TRAVEL) == both
    assert asks(Phase.START, StartOf("lift1", C.CLEAR), StartOf("lift1", C.ROTATE)) == {}
    assert asks(Phase.RUN, inner) == {}


def test_every_device_of_a_garage_is_known_by_its_kind() -> None:
    assert definitions_of(SHUTTLES) == {
        "safety1": SAFETY,
        "lift1": LIFT,
        "shuttle0": SHUTTLE,
        "shuttle1": SHUTTLE,
        "cabin1": CABIN,
        "cabin2": CABIN,
    }


def test_h10_a_value_that_the_contract_does_not_admit_is_not_known() -> None:
    state, stands, station = (Tag("lift1", DeviceKind.LIFT, name) for name in ("state", "standstill", "station"))
    conditions = (state.eq(State.IDLE), stands.eq(True), station.eq(99))
    counted = Counted(*conditions)

    def told(**values: Value) -> list[object]:
        counted.scene.set("lift1", **values)
        counted.run()
        return [counted.truth(one) for one in conditions]

    assert told(state=State.IDLE, standstill=True, station=99) == [True, True, True]
    assert told(state=99, standstill=7, station=100) == [None, None, None]


def test_h13_a_hold_that_runs_out_does_not_stop_another_time_from_running() -> None:
    held, hold = HeldFor(A, 60), ManualHold(TRAVEL, 1000)
    counted = Counted(held, hold)
    acts = Acts(hold=Hold(TRAVEL, counted.scene.now_ms))
    for _ in range(5):
        counted.run(acts=acts)
    assert (counted.truth(held), counted.truth(hold)) == (True, True)


def test_h13_h19_the_speeds_by_hand_and_the_generators_share_are_those_of_the_contract() -> None:
    assert (topology.HAND_SPEED_MM_S, topology.HAND_SPEED_MDEG_S) == (300, 6000)
    assert topology.GENERATOR_MOVERS_MAX == 1
