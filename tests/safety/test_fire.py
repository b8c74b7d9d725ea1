"""The fire alarm (H16): what moves may end, for its time; nothing begins but the way out, and nobody is shut in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plc_drivers.contract import CommandCode as C
from plc_drivers.contract.codes import State
from safety.verdict import StartOf
from tests.safety.scene import TOWER, Scene, function

FINISH_MS = 2000


def scene_of(finish_ms: int) -> Scene:
    scene = Scene(replace(TOWER, fire_finish_ms=finish_ms))
    scene.confirm("cabin1")
    return scene


def burn(scene: Scene, for_ms: int) -> None:
    """The alarm comes, and so long passes."""
    scene.set("safety1", fire_clear=False)
    scene.pass_time(for_ms)


def test_h16_what_moves_keeps_its_permit_until_its_time_is_over() -> None:
    scene = scene_of(FINISH_MS)
    moving = {function(f"shuttle1.{what}") for what in ("travel", "transfer")}
    moving |= {function("cabin1.rotate"), function("cabin1.inner"), function("lift1.travel")}
    assert moving <= scene.look().allowed
    burn(scene, FINISH_MS - 40)
    assert moving <= scene.look().allowed
    scene.pass_time(60)
    assert not moving & scene.look().allowed


def test_h16_nothing_begins_but_the_opening_of_a_cabin_to_people() -> None:
    scene = scene_of(FINISH_MS)
    burn(scene, 20)
    verdict = scene.look()
    held = {guard for item in verdict.failing if item.id == "safety1.start-no-fire" for guard in item.guards}
    for device, definition in scene.logic.definitions.items():
        for spec in definition.commands:
            if spec.permits:
                assert (StartOf(device, spec.code) in held) is (spec.code is not C.OPEN_OUTER_DOOR), (device, spec.code)
    assert verdict.start_refusal(StartOf("cabin1", C.OPEN_OUTER_DOOR)) is None


@pytest.mark.parametrize("finish_ms", [0, FINISH_MS])
def test_h16_the_way_to_people_opens_and_is_not_shut_and_shows_no_green(finish_ms: int) -> None:
    scene = scene_of(finish_ms)
    scene.set("cabin2", outer_open=True, outer_closed=False, outer_locked=False, outer_opened_count=2)
    assert {function("cabin2.outer_close"), function("cabin2.green")} & scene.look().allowed
    burn(scene, 20)
    allowed = scene.look().allowed
    assert function("cabin1.outer_open") in allowed
    assert not {function("cabin2.outer_close"), function("cabin2.green")} & allowed


def test_what_is_said_during_a_fire_says_what_may_still_go_on() -> None:
    scene = scene_of(FINISH_MS)
    burn(scene, FINISH_MS + 60)
    said = {item.id: item for item in scene.look().failing if "fire" in item.id}
    assert {name: item.title for name, item in said.items()} == {
        "safety1.no-fire": "No fire alarm",
        "safety1.no-fire-for-long": "No fire alarm, or one so young that what moves may still come to its end",
        "safety1.start-no-fire": "Nothing begins during a fire alarm, but the opening of a cabin to people",
    }
    declared = [rule.standard for rule in scene.logic.interlocks if rule.id in said]
    assert declared == ["EN 81-73, behaviour of lifts in the event of fire"] * 3


def test_h16_a_site_that_wants_standstill_has_it_at_once() -> None:
    scene = scene_of(0)
    burn(scene, 20)
    assert {what.permit for what in scene.look().allowed} <= {"outer_open"}


def test_h10_an_alarm_contact_that_cannot_be_read_stops_at_once_and_finishes_nothing() -> None:
    scene = scene_of(FINISH_MS)
    scene.bad["safety1"].add("fire_clear")
    allowed = scene.look().allowed
    assert not {function("shuttle1.travel"), function("lift1.travel"), function("cabin1.rotate")} & allowed


def test_h07_the_other_interlocks_stay_on_while_something_finishes() -> None:
    scene = scene_of(FINISH_MS)
    scene.set("shuttle1", active_command=C.MOVE_TO_COLUMN, state=State.EXECUTING)
    burn(scene, 20)
    assert function("shuttle1.travel") in scene.look().allowed
    assert function("shuttle1.travel") not in scene.verdict_if("shuttle1", zone_clear=False).allowed
    assert function("shuttle1.travel") not in scene.verdict_if("safety1", zone1_estop_released=False).allowed
