"""A seat and a dock that one lying switch cannot feign: two readings for each (H01, H07)."""

from __future__ import annotations

import pytest

from plc_drivers.contract import CommandCode
from safety.verdict import Function, StartOf
from tests.safety import situations as at
from tests.safety.scene import Scene

ROTATE = Function("cabin1", "rotate")
UNLOCK = StartOf("lift1", CommandCode.UNLOCK)


@pytest.mark.parametrize("seen", [{"platform_present": False}, {"platform_level": False}])
def test_h01_a_platform_turns_only_while_two_sensors_see_it_in_its_seat(seen: dict[str, bool]) -> None:
    scene = at.tower_at_rest()
    assert scene.look().refusal(ROTATE) is None
    scene.set("cabin1", **seen)
    refusal = scene.look().refusal(ROTATE)
    assert refusal is not None
    assert refusal.code == "cabin1.turn-platform-seated"


def test_h01_a_turning_platform_needs_no_pin() -> None:
    scene = at.tower_at_rest()
    scene.set("cabin1", platform_locked=False, angle_mdeg=90_000, turn_speed_mdeg_s=20_000)
    assert scene.look().refusal(ROTATE) is None


def _unlocking() -> Scene:
    scene = at.tower_at_rest()
    assert scene.look().start_refusal(UNLOCK) is None
    return scene


@pytest.mark.parametrize("lost", [{"referenced": False}, {"station": 4}, {"station": -1}])
def test_h07_pins_stay_out_under_a_shuttle_of_which_only_the_dock_switch_says_that_it_is_home(
    lost: dict[str, bool | int],
) -> None:
    scene = _unlocking()
    scene.set("shuttle1", docked=True, **lost)
    refusal = scene.look().start_refusal(UNLOCK)
    assert refusal is not None
    assert refusal.code == "lift1.start-unlock-rider-home"


def test_h07_pins_that_are_on_their_way_in_already_may_go_on_without_the_shuttles_reference() -> None:
    scene = _unlocking()
    scene.set("shuttle1", referenced=False)
    scene.set("lift1", pins_extended=False)
    assert scene.look().start_refusal(UNLOCK) is None
