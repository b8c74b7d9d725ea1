"""Conditions that hold only while a command runs: they stop that command, and leave every other one alone."""

from __future__ import annotations

import pytest

from plc_drivers.contract import CommandCode as C
from plc_drivers.contract import Value
from tests.safety import situations as at
from tests.safety.scene import Scene
from tests.safety.test_shared_spaces import failing

JOGS = {C.JOG_FORWARD, C.JOG_BACK}

UNDER_WAY: list[tuple[str, set[C], dict[str, Value]]] = [
    ("lift1.referenced", {C.MOVE_TO_LEVEL, *JOGS}, {"referenced": False}),
    ("lift1.pins-in", {C.MOVE_TO_LEVEL, C.REFERENCE, *JOGS}, {"pins_retracted": False}),
    ("lift1.pins-in", {C.MOVE_TO_LEVEL, C.REFERENCE, *JOGS}, {"pins_extended": True}),
    ("shuttle1.travel-referenced", {C.MOVE_TO_COLUMN, *JOGS}, {"referenced": False}),
    ("shuttle1.hand-home-from-right", {C.JOG_FORWARD}, {"forks_left_mm": 31}),
    ("shuttle1.hand-home-from-left", {C.JOG_BACK}, {"forks_right_mm": 31}),
]
"""Rule, the commands that it speaks of, and a reading that it does not bear under them."""


EACH = pytest.mark.parametrize(
    ("rule", "codes", "wrong"), UNDER_WAY, ids=[f"{rule}-{next(iter(tags))}" for rule, _, tags in UNDER_WAY]
)


def at_rest() -> Scene:
    return at.tower_with_pins_in()


@EACH
def test_a_condition_of_a_running_command_stops_that_command_and_no_other(
    rule: str, codes: set[C], wrong: dict[str, Value]
) -> None:
    scene, device = at_rest(), rule.partition(".")[0]
    for spec in scene.logic.definitions[device].commands:
        active: dict[str, Value] = {"active_command": spec.code}
        assert rule not in failing(scene, **{device: active}), spec.code
        assert (rule in failing(scene, **{device: active | wrong})) is (spec.code in codes), spec.code
    assert rule not in failing(scene, **{device: wrong})


@EACH
def test_h10_a_running_command_stops_on_a_reading_that_is_not_known(
    rule: str, codes: set[C], wrong: dict[str, Value]
) -> None:
    scene, device = at_rest(), rule.partition(".")[0]
    scene.bad[device] = set(wrong)
    assert rule not in failing(scene)
    for code in codes:
        assert rule in failing(scene, **{device: {"active_command": code}}), code


@pytest.mark.parametrize(("side", "code"), [("left", C.JOG_FORWARD), ("right", C.JOG_BACK)])
def test_h07_forks_that_come_home_by_hand_end_where_they_are_home(side: str, code: C) -> None:
    came_from = {"left": "right", "right": "left"}[side]
    within: dict[str, Value] = {"active_command": code, f"forks_{side}_mm": 30}
    assert f"shuttle1.hand-home-from-{came_from}" not in failing(at_rest(), shuttle1=within)
