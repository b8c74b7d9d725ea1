"""The watchdogs at their edges: to the cycle, for every command and reading of an axis, and for whoever is inside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from plc_drivers.contract import CommandCode as C
from plc_drivers.contract import Value
from plc_drivers.reading import Quality
from safety.verdict import Verdict
from tests.safety import situations as at
from tests.safety.scene import PERIOD_MS, Scene
from tests.safety.test_trips import standing, stays

JOGS = {C.JOG_FORWARD, C.JOG_BACK}
TRANSFERS = {C.PICK_LEFT, C.PICK_RIGHT, C.PLACE_LEFT, C.PLACE_RIGHT}
TRAVEL = ("position", "forks_left_mm", "forks_right_mm")


def until_just_before(scene: Scene, ms: int) -> Verdict:
    """So much time passes but for one cycle, in steps that no gap is seen in."""
    stays(scene, ms - 500, 500)
    scene.now_ms += 500 - PERIOD_MS
    return scene.look()


@dataclass(frozen=True)
class Watched:
    """A trip, the permit of its axis, the pause that it bears, what commands move the axis, and where that shows."""

    moment: Callable[[], Scene]
    trip: str
    permit: str
    pause_ms: int
    codes: frozenset[C]
    places: tuple[str, ...]

    @property
    def device(self) -> str:
        return self.trip.partition(".")[0]

    def told_to_move(self) -> Scene:
        scene = self.moment()
        scene.set(self.device, **{f"holds_{self.permit}": True})
        return scene


AXES = [
    Watched(
        at.lift_travels,
        "lift1.lift-progress",
        "travel",
        6000,
        frozenset({C.MOVE_TO_LEVEL, C.REFERENCE, *JOGS}),
        ("position_mm",),
    ),
    Watched(
        at.shuttle_travels,
        "shuttle1.travel-progress",
        "travel",
        6000,
        frozenset({C.MOVE_TO_COLUMN, C.REFERENCE, *JOGS}),
        TRAVEL,
    ),
    Watched(
        at.shuttle_places_into_cabin,
        "shuttle1.forks-progress",
        "transfer",
        8000,
        frozenset({*TRANSFERS, *JOGS}),
        TRAVEL[1:],
    ),
    Watched(
        at.cabin_turns,
        "cabin1.turn-progress",
        "rotate",
        8000,
        frozenset({C.ROTATE, C.REFERENCE, *JOGS}),
        ("angle_mdeg",),
    ),
]
EACH = pytest.mark.parametrize("axis", AXES, ids=[axis.trip for axis in AXES])


@EACH
def test_h15_a_pause_is_borne_to_the_cycle_under_every_command_that_moves_the_axis(axis: Watched) -> None:
    scene = axis.told_to_move()
    for spec in scene.logic.definitions[axis.device].commands:
        told = scene.copy()
        told.set(axis.device, active_command=spec.code)
        assert axis.trip not in standing(until_just_before(told, axis.pause_ms)), spec.code
        assert (axis.trip in standing(stays(told, PERIOD_MS))) is (spec.code in axis.codes), spec.code
    unpermitted = scene.copy()
    unpermitted.set(axis.device, **{f"holds_{axis.permit}": False})
    assert axis.trip not in standing(stays(unpermitted, axis.pause_ms + 500, 500))


@EACH
def test_h15_an_axis_that_moves_by_any_of_its_encoders_is_not_stuck(axis: Watched) -> None:
    for place in axis.places:
        scene = axis.told_to_move()
        for step in range(4):
            scene.set(axis.device, **{place: int(scene.values[axis.device][place]) + step})
            assert axis.trip not in standing(until_just_before(scene, axis.pause_ms)), place


@EACH
def test_h10_a_silent_axis_is_not_taken_for_a_stuck_one(axis: Watched) -> None:
    scene = axis.told_to_move()
    stays(scene, 100)
    scene.quality[axis.device] = Quality.STALE
    assert axis.trip not in standing(stays(scene, 2 * axis.pause_ms, 500))


STOPS = [
    ("lift1", "speed_mm_s", "lift1.lift-stops", "travel", 4000, 20),
    ("shuttle1", "speed", "shuttle1.travel-stops", "travel", 5000, 20),
    ("cabin1", "turn_speed_mdeg_s", "cabin1.turn-stops", "rotate", 3000, 200),
]


@pytest.mark.parametrize(("device", "tag", "trip", "permit", "stop_ms", "still"), STOPS, ids=[row[2] for row in STOPS])
def test_h18_a_stop_is_borne_to_the_cycle_and_only_above_what_counts_as_still(
    device: str, tag: str, trip: str, permit: str, stop_ms: int, still: int
) -> None:
    for speed in (still + 1, -still - 1):
        scene = at.tower_at_rest()
        scene.set(device, **{tag: speed})
        assert trip not in standing(until_just_before(scene, stop_ms))
        assert trip in standing(stays(scene, PERIOD_MS))
    for speed in (still, -still):
        scene = at.tower_at_rest()
        scene.set(device, **{tag: speed})
        assert trip not in standing(stays(scene, stop_ms + 500, 500))
    scene = at.tower_at_rest()
    scene.set(device, **{tag: still + 1, f"holds_{permit}": True})
    assert trip not in standing(stays(scene, stop_ms + 500, 500)), "it may move"
    scene.quality[device] = Quality.STALE
    scene.set(device, **{f"holds_{permit}": False})
    assert trip not in standing(stays(scene, stop_ms + 500, 500)), "nobody knows"


NOBODY_AT_WORK = "cabin1.nobody-at-work"
UNSEEN: list[dict[str, Value]] = [{"scanner_clear": False}, {"curtain_count": 1}, {"curtain_ok": False}]


def _before_cabin(**tags: Value) -> Scene:
    scene = at.tower_at_rest()
    scene.set("shuttle1", **{"station": 2, "docked": False, **tags})
    return scene


@pytest.mark.parametrize("seen", UNSEEN, ids=[next(iter(tags)) for tags in UNSEEN])
def test_h04_whoever_is_seen_trips_exactly_the_machine_that_is_at_work_there(seen: dict[str, Value]) -> None:
    forks: dict[str, Value] = {"forks_centred": False, "forks_left_mm": 2000}
    at_work = [_before_cabin(**forks), _before_cabin(active_command=C.PICK_LEFT)]
    for permit in ("inner", "rotate"):
        scene = at.tower_at_rest()
        scene.set("cabin1", **{f"holds_{permit}": True})
        at_work.append(scene)
    for scene in at_work:
        assert NOBODY_AT_WORK not in standing(scene.look())
        scene.set("cabin1", **seen)
        assert NOBODY_AT_WORK in standing(stays(scene, PERIOD_MS))
    elsewhere = _before_cabin(**forks)
    elsewhere.set("shuttle1", station=5)
    for scene in (at.tower_at_rest(), _before_cabin(), elsewhere):
        scene.set("cabin1", **seen)
        assert NOBODY_AT_WORK not in standing(stays(scene, PERIOD_MS))


OUT = 61
"""Forks are out beyond twice what counts as home."""

Contradiction = tuple[str, list[dict[str, Value]], list[dict[str, Value]]]


def _door(door: str) -> Contradiction:
    wrong: list[dict[str, Value]] = [
        {f"{door}_open": True, f"{door}_locked": False},
        {f"{door}_open": True, f"{door}_closed": False},
    ]
    right: list[dict[str, Value]] = [
        {f"{door}_open": True, f"{door}_closed": False, f"{door}_locked": False},
        {f"{door}_closed": False},
    ]
    return f"cabin1.{door}-switches", wrong, right


CONTRADICTIONS: list[Contradiction] = [
    (
        "lift1.pin-switches",
        [{"pins_extended": True, "pins_retracted": True}],
        [{"pins_extended": False, "pins_retracted": False}, {"pins_extended": False, "pins_retracted": True}],
    ),
    (
        "shuttle1.fork-switches",
        [
            {"forks_left_mm": OUT},
            {"forks_right_mm": OUT},
            {"forks_centred": False, "forks_left_mm": OUT, "forks_right_mm": OUT},
        ],
        [
            {"forks_left_mm": 60},
            {"forks_right_mm": 60},
            {"forks_centred": False, "forks_left_mm": OUT, "forks_right_mm": 60},
            {"forks_centred": False, "forks_left_mm": 60, "forks_right_mm": OUT},
            {"forks_centred": False},
        ],
    ),
    _door("outer"),
    _door("inner"),
]
"""Trip, readings that contradict each other, and readings that look like it and do not."""


@pytest.mark.parametrize(("trip", "wrong", "right"), CONTRADICTIONS, ids=[trip for trip, *_ in CONTRADICTIONS])
def test_h21_a_contradiction_is_borne_for_half_a_second_and_what_only_looks_like_one_for_ever(
    trip: str, wrong: list[dict[str, Value]], right: list[dict[str, Value]]
) -> None:
    device = trip.partition(".")[0]
    for tags in wrong:
        scene = at.tower_at_rest()
        scene.set(device, **tags)
        assert trip not in standing(stays(scene, 500 - PERIOD_MS)), tags
        assert trip in standing(stays(scene, PERIOD_MS)), tags
    for tags in right:
        scene = at.tower_at_rest()
        scene.set(device, **tags)
        assert trip not in standing(stays(scene, 2000, 500)), tags


@pytest.mark.parametrize(("trip", "wrong"), [(trip, wrong) for trip, wrong, _ in CONTRADICTIONS])
def test_h10_a_switch_that_is_not_known_contradicts_nothing(trip: str, wrong: list[dict[str, Value]]) -> None:
    device = trip.partition(".")[0]
    for tags in wrong:
        scene = at.tower_at_rest()
        scene.set(device, **tags)
        scene.bad[device] = set(tags)
        assert trip not in standing(stays(scene, 2000, 500)), tags


def test_h15_a_brake_is_borne_open_to_the_cycle_and_under_a_command_for_as_long_as_that_runs() -> None:
    scene = at.tower_at_rest()
    scene.set("lift1", brake_closed=False)
    assert "lift1.brake" not in standing(until_just_before(scene, 1500))
    assert "lift1.brake" in standing(stays(scene, PERIOD_MS))
    moves: tuple[dict[str, Value], ...] = (
        {"active_command": C.MOVE_TO_LEVEL},
        {"standstill": False},
        {"brake_closed": True},
    )
    for tags in moves:
        scene = at.tower_at_rest()
        scene.set("lift1", **{"brake_closed": False, **tags})
        assert "lift1.brake" not in standing(stays(scene, 3000, 500)), tags
