"""H19: while the mains are lost and no generator feeds the machine, nothing new begins, and nothing is torn off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plc_drivers.contract import CommandCode, Value
from plc_drivers.reading import Quality
from safety.verdict import StartOf
from tests.safety import situations as at
from tests.safety.scene import SHUTTLES, Scene, function

LOST: dict[str, Value] = {"mains_ok": False, "generator_off": True}


@pytest.mark.parametrize(
    ("device", "code"),
    [
        ("lift1", CommandCode.MOVE_TO_LEVEL),
        ("lift1", CommandCode.UNLOCK),
        ("shuttle1", CommandCode.MOVE_TO_COLUMN),
        ("shuttle1", CommandCode.PICK_LEFT),
        ("cabin1", CommandCode.ROTATE),
        ("cabin1", CommandCode.OPEN_INNER_DOOR),
        ("cabin1", CommandCode.CLOSE_OUTER_DOOR),
    ],
)
def test_h19_nothing_begins_without_mains_and_generator(device: str, code: CommandCode) -> None:
    verdict = at.tower_at_rest().verdict_if("safety1", **LOST)
    refusal = verdict.start_refusal(StartOf(device, code))
    assert refusal is not None
    guards = {guard for failing in verdict.failing if failing.id == "safety1.start-powered" for guard in failing.guards}
    assert StartOf(device, code) in guards


def test_h19_mains_are_enough_without_a_generator() -> None:
    verdict = at.tower_at_rest().verdict_if("safety1", mains_ok=True, generator_off=True)
    assert verdict.start_refusal(StartOf("lift1", CommandCode.UNLOCK)) is None


def test_h19_a_generator_that_feeds_the_machine_is_as_good_as_the_mains() -> None:
    verdict = at.tower_at_rest().verdict_if("safety1", mains_ok=False, generator_off=False)
    assert "safety1.start-powered" not in {failing.id for failing in verdict.failing}


@pytest.mark.parametrize("tag", ["mains_ok", "generator_off"])
def test_h19_a_supply_that_cannot_be_seen_is_none(tag: str) -> None:
    scene = at.tower_at_rest()
    scene.set("safety1", **LOST)
    scene.bad["safety1"] = {tag}
    assert "safety1.start-powered" in {failing.id for failing in scene.look().failing}


def test_h19_what_moves_already_is_not_stopped_half_way() -> None:
    verdict = at.shuttle_places_into_cabin().verdict_if("safety1", **LOST)
    assert function("shuttle1.transfer") in verdict.allowed


def test_h02_people_can_be_let_out_without_mains() -> None:
    verdict = at.tower_at_rest().verdict_if("safety1", **LOST)
    assert verdict.start_refusal(StartOf("cabin1", CommandCode.OPEN_OUTER_DOOR)) is None
    assert function("cabin1.outer_open") in verdict.allowed


# --- the generator's share ---------------------------------------------------------------------------------------

ON_GENERATOR: dict[str, Value] = {"mains_ok": False, "generator_off": False}
SHARE = ".start-generator-share"


def held_back(scene: Scene) -> set[str]:
    """The devices whose start the share of the generator refuses."""
    return {one.id.removesuffix(SHARE) for one in scene.look().failing if one.id.endswith(SHARE)}


def with_limit(limit: int) -> Scene:
    scene = Scene(replace(SHUTTLES, generator_movers_max=limit))
    scene.set("safety1", **ON_GENERATOR)
    return scene


def test_h19_on_the_generator_nothing_begins_beside_the_one_drive_that_it_carries() -> None:
    scene = with_limit(1)
    assert held_back(scene) == set()
    scene.set("shuttle0", holds_travel=True, active_command=CommandCode.MOVE_TO_COLUMN, standstill=False)
    assert held_back(scene) == {"lift1", "shuttle1", "cabin1"}
    refusal = scene.look().start_refusal(StartOf("lift1", CommandCode.MOVE_TO_LEVEL))
    assert refusal is not None
    assert (refusal.code, "generator" in refusal.text) == ("lift1.start-generator-share", True)


def test_h19_two_drives_may_move_where_the_generator_carries_two_and_no_third_begins() -> None:
    scene = with_limit(2)
    scene.set("shuttle0", holds_travel=True, active_command=CommandCode.MOVE_TO_COLUMN, standstill=False)
    assert held_back(scene) == set()
    scene.set("cabin1", holds_rotate=True, active_command=CommandCode.ROTATE, turn_speed_mdeg_s=9000)
    assert held_back(scene) == {"lift1", "shuttle1"}


@pytest.mark.parametrize(
    ("device", "tag", "value"),
    [
        ("shuttle0", "holds_transfer", True),
        ("shuttle0", "standstill", False),
        ("lift1", "holds_travel", True),
        ("cabin1", "holds_rotate", True),
        ("cabin1", "turn_speed_mdeg_s", 3000),
    ],
)
def test_h19_a_drive_counts_as_long_as_it_may_act_or_has_not_come_to_rest(device: str, tag: str, value: Value) -> None:
    scene = with_limit(1)
    scene.set(device, **{tag: value})
    assert held_back(scene) == {"lift1", "shuttle0", "shuttle1", "cabin1"} - {device}


def test_h10_a_drive_that_cannot_be_seen_counts_as_one_that_moves() -> None:
    scene = with_limit(1)
    scene.quality["shuttle1"] = Quality.STALE
    assert held_back(scene) == {"lift1", "shuttle0", "cabin1"}
    two = with_limit(2)
    two.quality["shuttle1"] = Quality.STALE
    assert held_back(two) == set()


@pytest.mark.parametrize(("mains", "off"), [(False, False), (True, False), (False, True), (None, True), (True, None)])
def test_h19_the_share_holds_unless_the_mains_are_known_to_feed_the_machine_alone(
    mains: bool | None, off: bool | None
) -> None:
    scene = with_limit(1)
    scene.set("lift1", standstill=False)
    scene.set("safety1", mains_ok=mains is not False, generator_off=off is not False)
    scene.bad["safety1"] = {tag for tag, value in (("mains_ok", mains), ("generator_off", off)) if value is None}
    assert held_back(scene) == {"shuttle0", "shuttle1", "cabin1"}


def test_h19_on_the_mains_there_is_no_share() -> None:
    scene = with_limit(1)
    scene.set("safety1", mains_ok=True, generator_off=True)
    scene.set("lift1", standstill=False)
    assert held_back(scene) == set()


def test_h19_what_moves_already_when_the_generator_takes_over_is_not_stopped_half_way() -> None:
    verdict = at.shuttle_places_into_cabin().verdict_if("safety1", **ON_GENERATOR)
    assert function("shuttle1.transfer") in verdict.allowed


def test_h02_doors_have_no_share_and_open_beside_any_drive() -> None:
    guards = {guard for one in with_limit(1).logic.interlocks if one.id.endswith(SHARE) for guard in one.guards}
    doors = {CommandCode.OPEN_OUTER_DOOR, CommandCode.CLOSE_OUTER_DOOR, CommandCode.OPEN_INNER_DOOR}
    assert not {guard for guard in guards if isinstance(guard, StartOf) and guard.code in doors}


def test_h19_a_generator_that_carries_every_drive_needs_no_rule() -> None:
    for limit, rules in ((3, 4), (4, 0)):
        interlocks = with_limit(limit).logic.interlocks
        assert sum(one.id.endswith(SHARE) for one in interlocks) == rules


def test_h19_two_drives_never_begin_in_one_cycle_because_neither_could_count_the_other() -> None:
    conflicts = with_limit(2).logic.conflicts
    assert function("shuttle1.travel") in conflicts[function("lift1.travel")]
    assert function("cabin1.rotate") in conflicts[function("shuttle0.transfer")]
