"""Anything in any order: conditions, silence, people, restarts and clocks; what must hold holds after every step."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from controller.alarms import facts
from controller.alarms.definition import SHELVE_S
from controller.alarms.standing import Standing
from controller.local_link.alarm_messages import (
    AcknowledgeAlarm,
    ConfirmAlarm,
    PutAlarmBack,
    ShelveAlarm,
    TakeAlarmOut,
    UnshelveAlarm,
)
from tests.controller.alarms.bench import DEFINITIONS, Bench

NAMES = [f"lift1.{kind.code}" for kind in DEFINITIONS]
name = st.sampled_from(NAMES)
SAFE = [f"lift1.{kind.code}" for kind in DEFINITIONS if kind.is_safety]
LATCHES = {f"lift1.{kind.code}" for kind in DEFINITIONS if kind.latching}


class AlarmMachine(RuleBasedStateMachine):
    """Drives a book; ``active``, ``unanswered`` and ``unconfirmed`` follow from the facts alone."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.seen = 0
        self.unanswered: set[str] = set()
        self.unconfirmed: set[str] = set()
        self.active: set[str] = set()
        self.shelved_since_ms: dict[str, int] = {}

    @rule(alarm=name)
    def condition_comes(self, alarm: str) -> None:
        self.bench.unknown.discard(alarm)
        self.bench.on(alarm)

    @rule(alarm=name)
    def condition_goes(self, alarm: str) -> None:
        self.bench.unknown.discard(alarm)
        self.bench.off(alarm)

    @rule(alarm=name)
    def readings_are_lost(self, alarm: str) -> None:
        active = self.bench[alarm].standing.is_active
        self.bench.holding.pop(alarm, None)
        self.bench.unknown.add(alarm)
        self.bench.update()
        assert self.bench[alarm].standing.is_active is active, "unknown neither raises nor clears"

    @rule(ms=st.sampled_from([20, 500, 2500, 61_000, 3_600_000]))
    def time_passes(self, ms: int) -> None:
        self.bench.pass_ms(ms, step_ms=max(20, ms // 10))

    @rule(days=st.integers(-400, 400))
    def somebody_sets_the_clock(self, days: int) -> None:
        self.bench.wall_ms = days * 24 * 3600 * 1000

    @rule()
    def controller_restarts(self) -> None:
        before = {record.id: record.standing for record in self.bench.book.shown()}
        self.bench.restart()
        assert {record.id: record.standing for record in self.bench.book.shown()} == before
        self.bench.update()

    @rule(alarm=name, stopped=st.booleans())
    def design_suppresses(self, alarm: str, *, stopped: bool) -> None:
        self.bench.stopped = {"lift1"} if stopped else set()
        self.bench.update()

    @rule(alarm=name, group=st.booleans())
    def acknowledge(self, alarm: str, *, group: bool) -> None:
        self.bench.act(AcknowledgeAlarm(alarm=alarm, group=group, person="Kim"))

    @rule(alarm=name)
    def confirm(self, alarm: str) -> None:
        self.bench.act(ConfirmAlarm(alarm=alarm, person="Kim"))

    @rule(alarm=name, seconds=st.integers(-5, SHELVE_S + 5), one_shot=st.booleans())
    def shelve(self, alarm: str, seconds: int, *, one_shot: bool) -> None:
        self.bench.act(ShelveAlarm(alarm=alarm, seconds=seconds, one_shot=one_shot, person="Kim", reason="test"))

    @rule(alarm=name)
    def unshelve(self, alarm: str) -> None:
        self.bench.act(UnshelveAlarm(alarm=alarm))

    @rule(alarm=name)
    def take_out(self, alarm: str) -> None:
        self.bench.act(TakeAlarmOut(alarm=alarm, person="Kim", reason="test"))

    @rule(alarm=name)
    def put_back(self, alarm: str) -> None:
        self.bench.act(PutAlarmBack(alarm=alarm))

    @precondition(lambda self: any(record.shelf for record in self.bench.book.records.values()))
    @rule()
    def a_shift_and_a_day_pass(self) -> None:
        self.bench.pass_ms((SHELVE_S + 1) * 1000, step_ms=600_000)
        assert not any(record.shelf for record in self.bench.book.records.values()), "shelving always ends"

    @invariant()
    def facts_tell_the_story(self) -> None:
        for _, fact in self.bench.facts[self.seen :]:
            match fact:
                case facts.AlarmRaised(alarm=alarm):
                    assert alarm not in self.active, "raised twice"
                    self.active.add(alarm)
                    self.unanswered.add(alarm)
                    self.unconfirmed |= {alarm} & LATCHES
                case facts.AlarmCleared(alarm=alarm):
                    self.active.remove(alarm)
                case facts.AlarmAcknowledged(alarm=alarm):
                    self.unanswered.remove(alarm)
                case facts.AlarmConfirmed(alarm=alarm):
                    assert alarm not in self.active | self.unanswered, "confirmed too early"
                    self.unconfirmed.remove(alarm)
                case facts.AlarmShelved(alarm=alarm) | facts.AlarmTakenOut(alarm=alarm):
                    assert alarm not in SAFE
        self.seen = len(self.bench.facts)

    @invariant()
    def nothing_disappears_before_it_was_answered(self) -> None:
        shown = set(self.bench.shown())
        assert self.unanswered | self.unconfirmed | self.active <= shown

    @invariant()
    def the_book_says_what_the_facts_say(self) -> None:
        for alarm in NAMES:
            standing = self.bench.standing(alarm)
            assert standing.is_active is (alarm in self.active)
            assert standing.is_acknowledged is (alarm not in self.unanswered)
            is_over = alarm not in self.active | self.unanswered | self.unconfirmed
            assert (standing is Standing.NORMAL) is is_over

    @invariant()
    def a_safety_alarm_is_never_hidden(self) -> None:
        for view in self.bench.window.alarms(self.bench.now_ms):
            if view.is_safety:
                assert view.annunciated
                assert view.shelved is None
                assert view.out_of_service is None

    @invariant()
    def every_group_has_a_first_that_the_others_name(self) -> None:
        for view in self.bench.window.alarms(self.bench.now_ms):
            if view.group and view.state != "normal":
                assert view.first_out is not (view.under is not None)

    @invariant()
    def figures_agree_with_the_list(self) -> None:
        figures = self.bench.window.figures(self.bench.now_ms, self.bench.unix_ms)
        views = self.bench.window.alarms(self.bench.now_ms)
        assert figures.standing == len(views)
        assert figures.annunciated == sum(view.annunciated for view in views)
        assert figures.unacknowledged == sum(not view.acknowledged for view in views)


TestAlarmMachine = AlarmMachine.TestCase
TestAlarmMachine.settings = settings(max_examples=120, stateful_step_count=40, deadline=None, derandomize=True)
