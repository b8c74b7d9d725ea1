"""Where "still", "home", "level" and "in line" end: the last value that permits, and the first that does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.safety import situations as at
from tests.safety.scene import Scene, function

HOME = ((-30, 30), (-31, 31))
STILL = ((-20, 20), (-21, 21))
TURNTABLE_STILL = ((-200, 200), (-201, 201))
LEVELLED = ((-50, 50), (-51, 51))
IN_LINE = ((0, 800, 179_200, 180_800, 359_200, 360_000), (801, 179_199, 180_801, 359_199, 90_000))

Limit = tuple[tuple[int, ...], tuple[int, ...]]
"""Values that permit, and values that do not."""

LIMITS: list[tuple[Callable[[], Scene], str, str, str, Limit]] = [
    (at.lift_travels, "lift1.travel", "shuttle1", "forks_left_mm", HOME),
    (at.lift_travels, "lift1.travel", "shuttle1", "forks_right_mm", HOME),
    (at.shuttle_travels, "shuttle1.travel", "shuttle1", "forks_left_mm", HOME),
    (at.shuttle_travels, "shuttle1.travel", "shuttle1", "forks_right_mm", HOME),
    (at.shuttle_travels, "shuttle1.travel", "lift1", "levelling_error_mm", LEVELLED),
    (at.shuttle_places_into_cabin, "shuttle1.transfer", "shuttle1", "speed", STILL),
    (at.shuttle_places_into_cabin, "shuttle1.transfer", "lift1", "levelling_error_mm", LEVELLED),
    (at.shuttle_places_into_cabin, "shuttle1.transfer", "cabin1", "angle_mdeg", IN_LINE),
    (at.shuttle_places_into_cabin, "shuttle1.transfer", "cabin1", "turn_speed_mdeg_s", TURNTABLE_STILL),
    (at.shuttle_places_onto_lift, "shuttle0.transfer", "lift1", "levelling_error_mm", LEVELLED),
    (at.cabin_opens_to_people, "cabin1.outer_open", "cabin1", "angle_mdeg", IN_LINE),
    (at.cabin_opens_to_people, "cabin1.outer_open", "cabin1", "turn_speed_mdeg_s", TURNTABLE_STILL),
    (at.cabin_shows_green, "cabin1.green", "cabin1", "angle_mdeg", IN_LINE),
    (at.cabin_shows_green, "cabin1.green", "cabin1", "turn_speed_mdeg_s", TURNTABLE_STILL),
    (at.cabin_opens_to_machine, "cabin1.inner", "cabin1", "angle_mdeg", IN_LINE),
    (at.cabin_opens_to_machine, "cabin1.inner", "cabin1", "turn_speed_mdeg_s", TURNTABLE_STILL),
]


@pytest.mark.parametrize(
    ("moment", "what", "device", "tag", "limit"), LIMITS, ids=[f"{what}-{tag}" for _, what, _, tag, _ in LIMITS]
)
def test_a_reading_permits_up_to_its_limit_and_not_beyond(
    moment: Callable[[], Scene], what: str, device: str, tag: str, limit: Limit
) -> None:
    scene = moment()
    within, beyond = limit
    admitted = scene.logic.definitions[device].tag(tag).admits
    for value in filter(admitted, within):
        assert function(what) in scene.verdict_if(device, **{tag: value}).allowed, value
    for value in filter(admitted, beyond):
        assert function(what) not in scene.verdict_if(device, **{tag: value}).allowed, value


def test_h08_forks_move_at_every_column_from_the_first_and_at_no_unknown_one() -> None:
    scene = at.tower_at_rest()
    for column in (0, 1, 7):
        assert function("shuttle1.transfer") in scene.verdict_if("shuttle1", station=column).allowed
    assert function("shuttle1.transfer") not in scene.verdict_if("shuttle1", station=-1).allowed
