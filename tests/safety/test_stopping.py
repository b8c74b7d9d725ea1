"""Every stop is measured from the lost permit to standstill, and compared with what the axis was designed for (H18)."""

from __future__ import annotations

import pytest

from plc_drivers.contract.codes import CommandCode as C
from safety.verdict import StopMeasured
from tests.safety import situations as at
from tests.safety.scene import PERIOD_MS, Scene, function


def brake(scene: Scene, device: str, tags: tuple[str, str], speed: int, deceleration: int) -> list[StopMeasured]:
    """The axis brakes evenly from ``speed`` after its permit is gone; what was measured until it stands."""
    speed_tag, place_tag = tags
    measured: list[StopMeasured] = []
    now, place = float(speed), 10_000.0
    for _ in range(400):
        scene.set(device, **{speed_tag: int(now), place_tag: int(place)})
        scene.now_ms += PERIOD_MS
        verdict = scene.look()
        scene.values[device]["heartbeat_echo"] = scene.heartbeat
        measured += verdict.stops
        place += now * PERIOD_MS / 1000
        now = max(0.0, now - deceleration * PERIOD_MS / 1000)
    return measured


def dropped() -> Scene:
    """A lift at full speed whose permit has just been dropped."""
    scene = at.lift_travels()
    scene.set("lift1", speed_mm_s=1080, position_mm=10_000)
    assert scene.cycle(lift1=at.wish("travel", 3, C.MOVE_TO_LEVEL, 2)).granted == {function("lift1.travel")}
    scene.cycle()
    return scene


def test_h18_a_sound_stop_is_measured_and_is_as_designed() -> None:
    (stop,) = brake(dropped(), "lift1", ("speed_mm_s", "position_mm"), 1080, 400)
    assert stop.function == function("lift1.travel")
    assert stop.speed == 1080
    assert (stop.designed_ms, stop.designed_distance) == (2700, 1458)
    assert stop.time_ms == pytest.approx(2700, abs=100)
    assert stop.distance == pytest.approx(1458, rel=0.05)
    assert not stop.is_late


def test_h18_a_stop_that_takes_longer_than_designed_is_late() -> None:
    (stop,) = brake(dropped(), "lift1", ("speed_mm_s", "position_mm"), 1080, 260)
    assert stop.time_ms > 4000
    assert stop.is_late


def test_h18_a_stop_that_goes_further_than_designed_is_late_although_it_is_in_time() -> None:
    stop = StopMeasured(function("lift1.travel"), 1000, 2500, 3000, 2500, 1250)
    assert stop.is_late
    assert not StopMeasured(function("lift1.travel"), 1000, 2500, 1400, 2500, 1250).is_late


def test_an_axis_that_stands_when_its_permit_goes_is_no_stop() -> None:
    scene = at.lift_travels()
    scene.set("lift1", speed_mm_s=0)
    scene.cycle(lift1=at.wish("travel", 3, C.MOVE_TO_LEVEL, 2))
    scene.cycle()
    assert brake(scene, "lift1", ("speed_mm_s", "position_mm"), 0, 400) == []


def test_a_stop_whose_end_is_not_seen_is_given_up() -> None:
    scene = dropped()
    scene.bad["lift1"] = {"speed_mm_s"}
    for _ in range(70):
        scene.now_ms += 900
        assert scene.look().stops == ()
    assert scene.memory.stopping == {}
