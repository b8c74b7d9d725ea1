"""Motion against what a textbook says."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_hardware.plant.profile import NEVER_MS, MotionFigures, Profile, plan_move, plan_steady, plan_stop

PLAIN = MotionFigures(speed=1000, acceleration=400, creep_speed=60, creep_distance=0)
LIFT = MotionFigures(speed=1080, acceleration=400, creep_speed=60, creep_distance=90)


def test_a_long_way_without_creep_is_a_trapezoid() -> None:
    profile = plan_move(PLAIN, 0, 0, 0, 10_000)
    assert profile.end_ms == pytest.approx((10_000 / 1000 + 1000 / 400) * 1000)
    assert profile.speed_at(profile.end_ms / 2) == pytest.approx(1000)


def test_a_short_way_without_creep_is_a_triangle() -> None:
    profile = plan_move(PLAIN, 0, 0, 0, 100)
    assert profile.end_ms == pytest.approx(2 * sqrt(100 / 400) * 1000)
    assert profile.position_at(profile.end_ms / 2) == pytest.approx(50)


def test_the_last_part_is_run_at_creep_speed() -> None:
    profile = plan_move(LIFT, 0, 0, 0, 5000)
    fast = 5000 - 90
    ramps = 1080 / 400 + (1080 - 60) / 400
    cruise = (fast - 1080**2 / 800 - (1080**2 - 60**2) / 800) / 1080
    creep = (90 - 60**2 / 800) / 60 + 60 / 400
    assert profile.end_ms == pytest.approx((ramps + cruise + creep) * 1000)
    assert profile.speed_at(profile.next_crossing_ms(4950, 0)) == pytest.approx(60)


def test_motion_downwards_mirrors_motion_upwards() -> None:
    up, down = plan_move(LIFT, 0, 0, 0, 3000), plan_move(LIFT, 0, 3000, 0, 0)
    assert up.end_ms == pytest.approx(down.end_ms)
    assert up.position_at(2000) == pytest.approx(3000 - down.position_at(2000))


def test_the_brake_opens_before_the_axis_moves() -> None:
    profile = plan_move(PLAIN, 1000, 0, 0, 500, delay_ms=150)
    assert profile.position_at(1150) == 0
    assert profile.position_at(1160) > 0


def test_a_stop_takes_the_way_that_its_deceleration_needs() -> None:
    profile = plan_stop(0, 0, 1000, 400)
    assert profile.end_position == pytest.approx(1000**2 / 800)
    assert profile.end_ms == pytest.approx(2500)


def test_an_axis_that_runs_the_wrong_way_brakes_first() -> None:
    profile = plan_move(PLAIN, 0, 0, 500, -1000)
    assert profile.position_at(1250) == pytest.approx(500**2 / 800)
    assert profile.end_position == -1000


def test_an_axis_too_fast_for_a_near_target_passes_it_and_returns() -> None:
    profile = plan_move(PLAIN, 0, 0, 1000, 100)
    assert max(profile.position_at(t) for t in range(0, 5000, 10)) > 1000
    assert profile.position_at(profile.end_ms) == 100


def test_a_position_that_is_not_passed_has_no_crossing() -> None:
    profile = plan_steady(0, 0, 1, 0.5)
    assert profile.next_crossing_ms(0.5, 0) == pytest.approx(1000)
    assert profile.next_crossing_ms(0.5, 1000) == NEVER_MS
    assert profile.next_crossing_ms(2, 0) == NEVER_MS


def samples(profile: Profile) -> list[tuple[float, float]]:
    return [(profile.end_ms * n / 400, profile.position_at(profile.end_ms * n / 400)) for n in range(401)]


@given(
    start=st.floats(-50_000, 50_000),
    speed=st.floats(-1080, 1080),
    target=st.floats(-50_000, 50_000),
    creep=st.sampled_from([0.0, 5.0, 90.0, 400.0]),
)
def test_every_move_is_continuous_within_its_speed_and_ends_on_its_target(
    start: float, speed: float, target: float, creep: float
) -> None:
    figures = MotionFigures(1080, 400, 60, creep)
    profile = plan_move(figures, 0, start, speed, target)
    last = profile.segments[-1]
    tail_s = (profile.end_ms - last.start_ms) / 1000
    reached = last.position + last.speed * tail_s + last.acceleration * tail_s**2 / 2
    assert reached == pytest.approx(target, abs=0.01)
    assert last.speed + last.acceleration * tail_s == pytest.approx(0, abs=0.01)
    previous = start
    step_s = profile.end_ms / 400 / 1000
    for _, position in samples(profile):
        assert abs(position - previous) <= 1080 * step_s * 1.001 + 1e-3
        previous = position


@given(
    target=st.floats(-20_000, 20_000).filter(lambda x: abs(x) > 1),
    share=st.floats(0.01, 0.99),
)
def test_a_crossing_lies_where_the_position_is(target: float, share: float) -> None:
    profile = plan_move(LIFT, 0, 0, 0, target)
    place = target * share
    assert profile.position_at(profile.next_crossing_ms(place, 0)) == pytest.approx(place, abs=0.01)
