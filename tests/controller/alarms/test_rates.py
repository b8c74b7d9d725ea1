"""Figures: floods, rates, shares and offenders, in bounded memory."""

from __future__ import annotations

from controller.alarms.definition import Priority
from controller.alarms.rates import FLOOD_WINDOW_MS, RECENT_MAX, AlarmRates
from controller.local_link.alarm_messages import TakeAlarmOut
from tests.controller.alarms.bench import Bench, alarm, definition


def many(count: int) -> Bench:
    return Bench([alarm(definition(f"n{number}"), rank=number) for number in range(count)])


def test_a_flood_begins_with_the_eleventh_and_ends_below_five_in_ten_minutes() -> None:
    bench = many(20)
    for number in range(10):
        bench.on(f"lift1.n{number}")
    assert "AlarmFloodBegan" not in bench.kinds()
    bench.pass_ms(60_000, step_ms=1000)
    bench.on("lift1.n10")
    assert bench.kinds()[-1] == "AlarmFloodBegan"
    assert bench.window.figures(bench.now_ms, bench.unix_ms).in_flood
    for number in range(11, 15):
        bench.pass_ms(100_000, step_ms=1000)
        bench.on(f"lift1.n{number}")
    bench.pass_ms(FLOOD_WINDOW_MS - 400_000 - 60_000 + 59_000, step_ms=1000)
    assert bench.window.figures(bench.now_ms, bench.unix_ms).in_flood, "five are left: the eleventh and four more"
    bench.pass_ms(420_000, step_ms=1000)
    figures = bench.window.figures(bench.now_ms, bench.unix_ms)
    assert not figures.in_flood
    assert figures.floods == 1
    assert bench.kinds().count("AlarmFloodEnded") == 1
    assert 0 < figures.flood_share < 1


def test_only_what_asks_for_somebody_is_counted() -> None:
    bench = many(3)
    bench.act(TakeAlarmOut(alarm="lift1.n0", person="Kim", reason="repair"))
    bench.on("lift1.n0")
    bench.on("lift1.n1")
    figures = bench.window.figures(bench.now_ms, bench.unix_ms)
    assert (figures.raised, figures.last_10_min, figures.last_hour, figures.last_day) == (1, 1, 1, 1)
    assert (figures.standing, figures.annunciated, figures.out_of_service) == (2, 1, 1)


def test_shares_and_top_offenders_are_those_of_a_day() -> None:
    rates = AlarmRates()
    rates.start(0)
    for _ in range(3):
        rates.note("a.x", Priority.LOW, 0)
    rates.note("b.x", Priority.HIGH, 3_600_000)
    assert rates.offenders(3_600_000, 10) == [("a.x", 3), ("b.x", 1)]
    assert rates.within(1_800_000, 3_600_000) == {Priority.HIGH: 1, Priority.MEDIUM: 0, Priority.LOW: 0}
    day_later_ms = 25 * 3_600_000
    rates.note("b.x", Priority.HIGH, day_later_ms)
    assert rates.offenders(day_later_ms, 1) == [("b.x", 2)]
    assert rates.within(24 * 3_600_000, day_later_ms)[Priority.LOW] == 0


def test_memory_does_not_grow_with_alarms() -> None:
    rates = AlarmRates()
    rates.start(0)
    for number in range(100_000):
        rates.note(f"lift{number % 7}.x", Priority.LOW, number * 1000)
    assert len(rates._recent) <= RECENT_MAX
    assert len(rates._minutes) <= 1440
    assert len(rates._hours) <= 24
    assert rates.raised == 100_000
