"""H19: while the mains are lost and no generator feeds the machine, nothing new begins, and nothing is torn off."""

from __future__ import annotations

import pytest

from plc_drivers.contract import CommandCode, Value
from safety.verdict import StartOf
from tests.safety import situations as at
from tests.safety.scene import function

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
