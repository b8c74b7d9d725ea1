"""Raising, clearing, delays, suppression, shelving and restarts of single alarms."""

from __future__ import annotations

import pytest

from controller.alarms import facts
from controller.alarms.record import CHATTER_WINDOW_MS, STALE_AFTER_MS
from controller.alarms.standing import Standing
from controller.local_link.alarm_messages import (
    AcknowledgeAlarm,
    AlarmAct,
    ConfirmAlarm,
    PutAlarmBack,
    ShelveAlarm,
    TakeAlarmOut,
    UnshelveAlarm,
)
from tests.controller.alarms.bench import PLAIN, Bench, alarm, definition

A = "lift1.plain"
L = "lift1.latching"
S = "lift1.safety"
D = "lift1.delayed"
Q = "lift1.quiet"


@pytest.fixture
def bench() -> Bench:
    return Bench()


def shelve(name: str, seconds: int = 600, **changes: object) -> ShelveAlarm:
    fields: dict[str, object] = {"person": "Kim", "reason": "sensor is being replaced"}
    return ShelveAlarm(alarm=name, seconds=seconds, **(fields | changes))  # type: ignore[arg-type]  # by name


def test_an_alarm_that_nobody_acknowledged_stays_after_its_cause_has_gone(bench: Bench) -> None:
    bench.on(A, "because")
    assert bench.standing(A) is Standing.UNACKNOWLEDGED
    assert bench[A].detail == "because"
    bench.off(A)
    bench.pass_ms(24 * 3600 * 1000, step_ms=60_000)
    assert bench.standing(A) is Standing.RETURNED
    assert bench.shown() == [A]
    assert bench.act(AcknowledgeAlarm(alarm=A, person="Kim")) is None
    assert bench.shown() == []


def test_a_latched_alarm_needs_acknowledgement_and_confirmation(bench: Bench) -> None:
    bench.on(L)
    refusal = bench.act(ConfirmAlarm(alarm=L))
    assert refusal is not None
    assert refusal.code == "ALARM_STILL_ACTIVE"
    bench.off(L)
    assert bench.standing(L) is Standing.LATCHED_UNACKNOWLEDGED
    refusal = bench.act(ConfirmAlarm(alarm=L))
    assert refusal is not None
    assert refusal.code == "ALARM_NOT_ACKNOWLEDGED"
    bench.act(AcknowledgeAlarm(alarm=L, person="Kim"))
    assert bench.standing(L) is Standing.LATCHED
    assert bench.act(ConfirmAlarm(alarm=L, person="Lee")) is None
    assert bench.standing(L) is Standing.NORMAL
    confirmed = bench[L].confirmed
    assert confirmed is not None
    assert confirmed.person == "Lee"


def test_acts_that_have_been_done_already_are_accepted_and_write_nothing(bench: Bench) -> None:
    bench.on(L)
    bench.act(AcknowledgeAlarm(alarm=L))
    bench.off(L)
    bench.act(ConfirmAlarm(alarm=L))
    written = len(bench.facts)
    again: list[AlarmAct] = [ConfirmAlarm(alarm=L), UnshelveAlarm(alarm=L), PutAlarmBack(alarm=L)]
    assert [bench.act(act) for act in again] == [None, None, None]
    assert len(bench.facts) == written


def test_what_is_not_raised_cannot_be_acknowledged_and_what_does_not_exist_is_unknown(bench: Bench) -> None:
    for name, code in ((A, "ALARM_NOT_STANDING"), ("lift9.plain", "UNKNOWN_ALARM")):
        refusal = bench.act(AcknowledgeAlarm(alarm=name))
        assert refusal is not None
        assert refusal.code == code
        assert refusal.remedy


def test_a_condition_must_last_for_its_delay_and_be_gone_for_another(bench: Bench) -> None:
    bench.on(D)
    bench.pass_ms(980)
    assert bench.standing(D) is Standing.NORMAL
    bench.pass_ms(20)
    assert bench.standing(D) is Standing.UNACKNOWLEDGED
    assert bench[D].onset_ms == bench.unix_ms - 1000
    bench.off(D)
    bench.pass_ms(1980)
    assert bench.standing(D) is Standing.UNACKNOWLEDGED
    bench.pass_ms(20)
    assert bench.standing(D) is Standing.RETURNED


def test_a_condition_that_comes_and_goes_cannot_stay_below_its_delay_for_ever(bench: Bench) -> None:
    for _ in range(6):
        bench.on(D)
        bench.pass_ms(500)
        bench.off(D)
        bench.pass_ms(500)
    assert bench.standing(D) is Standing.UNACKNOWLEDGED


def test_an_unknown_condition_neither_raises_nor_clears_h10(bench: Bench) -> None:
    bench.unknown.add(A)
    bench.update()
    bench.pass_ms(60_000)
    assert bench.facts == []
    bench.unknown.clear()
    bench.on(A)
    bench.holding.clear()
    bench.unknown.add(A)
    bench.pass_ms(60_000)
    assert bench.standing(A) is Standing.UNACKNOWLEDGED
    bench.unknown.clear()
    bench.update()
    assert bench.standing(A) is Standing.RETURNED


def test_an_unknown_moment_begins_the_on_delay_anew(bench: Bench) -> None:
    bench.on(D)
    bench.pass_ms(900)
    bench.holding.clear()
    bench.unknown.add(D)
    bench.pass_ms(20)
    bench.unknown.clear()
    bench.on(D)
    bench.pass_ms(900)
    assert bench.standing(D) is Standing.NORMAL


def test_suppressed_by_design_is_not_raised_and_comes_when_the_reason_ends(bench: Bench) -> None:
    bench.stopped.add("lift1")
    bench.on(Q)
    bench.pass_ms(10_000)
    assert bench.facts == []
    bench.stopped.clear()
    bench.update()
    assert bench.standing(Q) is Standing.UNACKNOWLEDGED
    bench.stopped.add("lift1")
    bench.update()
    [view] = bench.window.alarms(bench.now_ms)
    assert view.suppressed
    assert not view.annunciated
    assert view.state == "unacknowledged", "what was raised does not disappear"


def test_shelving_ends_by_itself_and_nobody_can_prolong_it_with_a_clock(bench: Bench) -> None:
    bench.on(A)
    assert bench.act(shelve(A, 600)) is None
    assert not bench.window.alarms(bench.now_ms)[0].annunciated
    bench.wall_ms = -30 * 24 * 3600 * 1000
    bench.pass_ms(599_000, step_ms=1000)
    assert bench[A].shelf is not None
    bench.pass_ms(1000)
    assert bench[A].shelf is None
    assert bench.window.alarms(bench.now_ms)[0].annunciated


def test_a_shelf_survives_a_restart_and_still_ends(bench: Bench) -> None:
    bench.on(A)
    bench.act(shelve(A, 600))
    bench.pass_ms(300_000, step_ms=1000)
    bench.restart()
    bench.update()
    shelf = bench[A].shelf
    assert shelf is not None
    assert shelf.by.person == "Kim"
    bench.pass_ms(301_000, step_ms=1000)
    assert bench[A].shelf is None


def test_after_a_restart_with_a_clock_far_back_a_shelf_is_no_longer_than_its_limit(bench: Bench) -> None:
    bench.on(A)
    bench.act(shelve(A, 600))
    bench.wall_ms = -365 * 24 * 3600 * 1000
    bench.restart()
    bench.update()
    bench.pass_ms(PLAIN.shelve_s_max * 1000, step_ms=60_000)
    assert bench[A].shelf is None


def test_a_one_shot_shelf_ends_when_the_alarm_clears(bench: Bench) -> None:
    bench.on(A)
    bench.act(shelve(A, one_shot=True))
    bench.off(A)
    assert bench[A].shelf is None
    assert bench.kinds()[-1] == "AlarmUnshelved"
    assert bench.standing(A) is Standing.RETURNED, "on the shelf it went on, and nobody has acknowledged it"


@pytest.mark.parametrize("act", [shelve(S), TakeAlarmOut(alarm=S, person="Kim", reason="test")], ids=["shelf", "out"])
def test_a_safety_alarm_cannot_be_hidden_by_anyone(bench: Bench, act: AlarmAct) -> None:
    bench.on(S)
    refusal = bench.act(act)
    assert refusal is not None
    assert refusal.code == "SAFETY_ALARM_NOT_HIDDEN"
    assert "H12" in refusal.text
    assert bench.window.alarms(bench.now_ms)[0].annunciated


@pytest.mark.parametrize("fact", [
    facts.AlarmShelved(alarm=S, actor="api", person="Kim", reason="old version", until_ms=2_000_000_000_000),
    facts.AlarmTakenOut(alarm=S, actor="api", person="Kim", reason="old version"),
], ids=["shelf", "out"])  # fmt: skip
def test_a_safety_alarm_that_an_older_version_let_be_hidden_comes_back_at_once(
    bench: Bench, fact: facts.AlarmFact
) -> None:
    bench.on(S)
    bench.write(fact)
    bench.restart()
    bench.update()
    assert bench.window.alarms(bench.now_ms)[0].annunciated


@pytest.mark.parametrize(("act", "code"), [
    (shelve("lift1.never-shelved"), "ALARM_NOT_SHELVABLE"),
    (shelve(A, PLAIN.shelve_s_max + 1), "SHELVING_TOO_LONG"),
    (shelve(A, 0), "SHELVING_TOO_LONG"),
    (shelve(A, person=" "), "PERSON_OR_REASON_MISSING"),
    (TakeAlarmOut(alarm=A, person="Kim", reason=""), "PERSON_OR_REASON_MISSING"),
], ids=["not-shelvable", "too-long", "no-time", "nobody", "no-reason"])  # fmt: skip
def test_putting_aside_needs_a_person_a_reason_and_a_limit(bench: Bench, act: AlarmAct, code: str) -> None:
    bench.on(act.alarm)
    refusal = bench.act(act)
    assert refusal is not None
    assert refusal.code == code
    assert refusal.remedy
    assert bench.kinds() == ["AlarmRaised"]


def test_out_of_service_names_who_and_why_until_somebody_returns_it(bench: Bench) -> None:
    assert bench.act(TakeAlarmOut(alarm=A, person="Kim", reason="encoder on order")) is None
    bench.on(A)
    bench.pass_ms(48 * 3600 * 1000, step_ms=600_000)
    bench.restart()
    bench.update()
    [view] = bench.window.alarms(bench.now_ms)
    assert view.out_of_service is not None
    assert (view.out_of_service.person, view.out_of_service.reason) == ("Kim", "encoder on order")
    assert not view.annunciated
    assert bench.act(shelve(A)) is not None, "it is put aside already"
    bench.act(PutAlarmBack(alarm=A, person="Lee"))
    assert bench.window.alarms(bench.now_ms)[0].annunciated


def test_a_restart_keeps_who_acknowledged_and_does_not_raise_again(bench: Bench) -> None:
    bench.on(A)
    bench.on(L)
    bench.act(AcknowledgeAlarm(alarm=A, person="Kim", comment="on my way"))
    bench.off(L)
    written = len(bench.facts)
    bench.restart()
    bench.update()
    bench.pass_ms(10_000)
    assert len(bench.facts) == written
    assert bench.standing(A) is Standing.ACKNOWLEDGED
    answer = bench[A].acknowledged
    assert answer is not None
    assert (answer.person, answer.comment) == ("Kim", "on my way")
    assert bench.standing(L) is Standing.LATCHED_UNACKNOWLEDGED


def test_an_alarm_whose_device_is_gone_clears_and_is_forgotten_once_acknowledged(bench: Bench) -> None:
    bench.write(facts.AlarmRaised(alarm="lift9.plain", priority="low", onset_ms=0))
    bench.restart()
    bench.update()
    assert bench.standing("lift9.plain") is Standing.RETURNED
    assert bench.act(AcknowledgeAlarm(alarm="lift9.plain")) is None
    bench.update()
    assert "lift9.plain" not in bench.book.records


def test_a_chattering_alarm_is_held_and_marked_and_writes_little(bench: Bench) -> None:
    for _ in range(300):
        bench.on(A)
        bench.pass_ms(100)
        bench.off(A)
        bench.pass_ms(100)
    assert bench[A].chatters(bench.now_ms)
    assert len(bench.facts) <= 8
    assert bench.window.figures(bench.now_ms, bench.unix_ms).chattering == [A]
    bench.pass_ms(CHATTER_WINDOW_MS)
    assert not bench[A].standing.is_active, "calm for a minute: now it is believed"
    bench.pass_ms(CHATTER_WINDOW_MS + 20)
    assert not bench[A].chatters(bench.now_ms)


def test_an_alarm_that_stands_for_more_than_a_day_is_stale(bench: Bench) -> None:
    bench.on(A)
    bench.pass_ms(STALE_AFTER_MS, step_ms=600_000)
    assert not bench[A].is_stale(bench.now_ms)
    bench.restart()
    bench.update()
    bench.pass_ms(600_000, step_ms=600_000)
    assert bench.window.figures(bench.now_ms, bench.unix_ms).stale == [A], "a restart does not make it young"


def test_nothing_is_looked_at_while_nothing_changes_and_no_delay_runs(bench: Bench) -> None:
    bench.on(A)
    bench.pass_ms(40)
    seen: list[str] = []
    original = bench.book._weigh

    def weigh(name: str, *rest: object) -> object:
        seen.append(name)
        return original(name, *rest)  # type: ignore[arg-type]  # handed through

    bench.book._weigh = weigh  # type: ignore[method-assign, assignment]  # counts calls
    bench.pass_ms(60_000)
    assert seen == []
    bench.on(D)
    assert seen != []


def test_the_list_is_in_order_of_need() -> None:
    from controller.alarms.definition import Priority

    kinds = [
        definition("low"),
        definition("high", priority=Priority.HIGH),
        definition("medium", priority=Priority.MEDIUM),
        definition("later", priority=Priority.HIGH),
    ]
    bench = Bench(alarm(kind, rank=rank) for rank, kind in enumerate(kinds))
    for kind in kinds:
        bench.on(f"lift1.{kind.code}")
        bench.pass_ms(100)
    assert bench.shown() == ["lift1.high", "lift1.later", "lift1.medium", "lift1.low"]
    bench.act(AcknowledgeAlarm(alarm="lift1.high"))
    assert bench.shown() == ["lift1.later", "lift1.medium", "lift1.low", "lift1.high"]
    bench.act(shelve("lift1.later"))
    assert bench.shown()[-1] == "lift1.later"
