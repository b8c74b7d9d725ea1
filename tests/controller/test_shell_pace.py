"""Deadlines of the scan cycle, in virtual time."""

from __future__ import annotations

from controller.shell.pace import OVERRUNS_IN_A_ROW_MAX, Pace

MS = 1_000_000


def test_deadlines_are_absolute_so_that_lateness_never_adds_up() -> None:
    pace = Pace(20, 0)
    for number in range(5):
        assert pace.due_ns == number * 20 * MS
        pace.begin(pace.due_ns + 3 * MS)
        assert pace.end(pace.due_ns + 9 * MS) == 0
    assert pace.overruns == 0


def test_a_missed_deadline_is_counted_and_skipped_never_made_up_for() -> None:
    pace = Pace(20, 0)
    pace.begin(0)
    assert pace.end(65 * MS) == 3
    assert pace.due_ns == 80 * MS
    assert pace.overruns == 3
    pace.begin(80 * MS)
    assert pace.end(99 * MS) == 0
    assert pace.due_ns == 100 * MS
    assert pace.in_a_row == 0


def test_a_cycle_that_ends_exactly_when_the_next_is_due_has_missed_it() -> None:
    pace = Pace(20, 0)
    pace.begin(0)
    assert pace.end(20 * MS) == 1
    assert pace.due_ns == 40 * MS


def test_overruns_in_a_row_are_too_many_until_one_cycle_keeps_its_time() -> None:
    pace = Pace(20, 0)
    for _ in range(OVERRUNS_IN_A_ROW_MAX):
        assert not pace.too_many
        pace.begin(pace.due_ns)
        pace.end(pace.due_ns + 21 * MS)
    assert pace.too_many
    pace.begin(pace.due_ns)
    pace.end(pace.due_ns + 5 * MS)
    assert not pace.too_many


def test_the_figures_cover_the_last_ten_seconds_only() -> None:
    pace = Pace(20, 0)
    for late_us in [*([50_000] * 10), *range(500)]:
        pace.begin(pace.due_ns + late_us * 1000)
        pace.end(pace.due_ns + MS)
    view = pace.view()
    assert (view.cycles, view.late_p50_us, view.late_p99_us, view.late_max_us) == (510, 250, 495, 499)


def test_before_the_first_cycle_there_is_nothing_to_be_late() -> None:
    assert Pace(20, 0).view().late_max_us == 0
