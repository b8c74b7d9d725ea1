"""H02: a cabin is proven empty of people by several things together, and by nothing less."""

from __future__ import annotations

import pytest

from plc_drivers.contract import Value
from plc_drivers.reading import Quality
from safety.verdict import Verdict
from tests.safety.scene import COUNTDOWN_MS, PERIOD_MS, TOWER, Scene, function

MACHINE = {function("cabin1.inner"), function("cabin1.rotate")}


@pytest.fixture
def scene() -> Scene:
    """The controller has just started; the cabin is shut and nobody is in it."""
    scene = Scene(TOWER)
    scene.look()
    return scene


def empty(verdict: Verdict) -> bool:
    return "cabin1" in verdict.proven_empty


def test_h02_silence_is_not_clearance(scene: Scene) -> None:
    assert not empty(scene.pass_time(60_000))


def test_h02_a_press_and_the_countdown_prove_the_cabin_empty(scene: Scene) -> None:
    scene.press("cabin1")
    assert not empty(scene.pass_time(COUNTDOWN_MS - PERIOD_MS))
    verdict = scene.pass_time(2 * PERIOD_MS)
    assert empty(verdict)
    assert verdict.allowed >= MACHINE


def test_h11_a_confirmation_from_before_the_controllers_start_does_not_count(scene: Scene) -> None:
    scene.confirm("cabin1")
    scene.memory = scene.logic.memory0()
    assert scene.values["cabin1"]["confirmed_opening"] == scene.values["cabin1"]["outer_opened_count"]
    assert not empty(scene.pass_time(2 * COUNTDOWN_MS))
    scene.confirm("cabin1")
    assert empty(scene.look())


@pytest.mark.parametrize(
    "tags",
    [
        {"outer_closed": False},
        {"outer_locked": False},
        {"outer_open": True},
        {"exit_closed": False},
        {"curtain_ok": False},
        {"curtain_count": 1},
        {"scanner_clear": False},
        {"confirmed_opening": 0},
    ],
)
def test_h02_anything_aborts_the_countdown_and_it_begins_anew(scene: Scene, tags: dict[str, Value]) -> None:
    scene.press("cabin1")
    scene.pass_time(COUNTDOWN_MS - 100)
    before = {tag: scene.values["cabin1"][tag] for tag in tags}
    scene.set("cabin1", **tags)
    scene.now_ms += PERIOD_MS
    scene.look()
    scene.set("cabin1", **before)
    assert not empty(scene.pass_time(COUNTDOWN_MS - 200))


@pytest.mark.parametrize("tags", [{"curtain_count": 1}, {"scanner_clear": False}, {"curtain_ok": False}])
def test_h02_presence_after_the_press_needs_a_new_press_even_if_the_plc_forgets_to_void_it(
    scene: Scene, tags: dict[str, Value]
) -> None:
    scene.confirm("cabin1")
    before = {tag: scene.values["cabin1"][tag] for tag in tags}
    scene.set("cabin1", **tags)
    scene.pass_time(100)
    scene.set("cabin1", **before)
    assert not empty(scene.pass_time(3 * COUNTDOWN_MS))
    scene.confirm("cabin1")
    assert empty(scene.look())


def test_h02_a_press_during_presence_is_no_confirmation(scene: Scene) -> None:
    scene.set("cabin1", scanner_clear=False)
    scene.look()
    scene.press("cabin1")
    scene.look()
    scene.set("cabin1", scanner_clear=True)
    assert not empty(scene.pass_time(3 * COUNTDOWN_MS))


def test_h02_a_confirmation_of_an_earlier_opening_does_not_count(scene: Scene) -> None:
    scene.confirm("cabin1")
    scene.set("cabin1", outer_opened_count=2)
    assert not empty(scene.pass_time(3 * COUNTDOWN_MS))


def test_h10_a_cabin_lost_from_sight_for_one_cycle_needs_a_new_press(scene: Scene) -> None:
    scene.confirm("cabin1")
    scene.quality["cabin1"] = Quality.STALE
    scene.pass_time(PERIOD_MS)
    scene.quality["cabin1"] = Quality.GOOD
    assert not empty(scene.pass_time(3 * COUNTDOWN_MS))


@pytest.mark.parametrize("gap_ms", [1500, 60_000, -500])
def test_h10_a_pause_of_the_controller_is_not_counted_as_time_watched(scene: Scene, gap_ms: int) -> None:
    scene.confirm("cabin1")
    scene.now_ms += gap_ms
    assert not empty(scene.look())
    assert not empty(scene.pass_time(3 * COUNTDOWN_MS))


def test_h04_with_a_person_inside_nothing_but_the_outer_door_may_open(scene: Scene) -> None:
    scene.confirm("cabin1")
    scene.set("cabin1", curtain_count=1, scanner_clear=False, confirmed_opening=0)
    mine = {what.permit for what in scene.look().allowed if what.device == "cabin1"}
    assert mine == {"outer_open"}


def test_h02_one_sensor_alone_proves_nothing(scene: Scene) -> None:
    for tag, value in (("curtain_count", 1), ("scanner_clear", False)):
        scene.set("cabin1", curtain_count=0, scanner_clear=True)
        scene.confirm("cabin1")
        scene.set("cabin1", **{tag: value})
        assert not empty(scene.look())


def test_the_explanation_of_a_cabin_that_waits_for_its_button_names_the_button(scene: Scene) -> None:
    scene.pass_time(100)
    failing = scene.logic.explain(function("cabin1.inner"), scene.image(), scene.memory, scene.now_ms)
    readings = {reading[0] for item in failing for reading in item.readings}
    assert readings == {"cabin1.confirmed_opening", "cabin1.outer_opened_count", "cabin1.confirm_count"}


def test_the_explanation_shows_value_age_quality_and_fault_of_what_fails(scene: Scene) -> None:
    scene.bad["lift1"] = {"rope_taut"}
    scene.set("lift1", speed_ok=False)
    scene.look()
    image = scene.image()
    failing = scene.logic.explain(function("lift1.travel"), image, scene.memory, scene.now_ms + 40)
    found = {item.id: (item.unknown, item.readings) for item in failing}
    assert found["lift1.rope-taut"] == (True, (("lift1.rope_taut", True, 40, "BAD", ""),))
    assert found["lift1.speed-ok"] == (False, (("lift1.speed_ok", False, 40, "GOOD", ""),))
