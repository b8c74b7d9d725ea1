"""Every stop is measured from the lost permit to standstill, and compared with what the axis was designed for (H18)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from plc_drivers.contract import Value
from plc_drivers.contract.codes import CommandCode as C
from plc_drivers.reading import ProcessImage
from safety.memory import StopRun
from safety.stopping import MEASURED_MS_MAX, StopMonitor
from safety.topology import Topology
from safety.verdict import Function, StopMeasured
from tests.safety import situations as at
from tests.safety.scene import PERIOD_MS, SHUTTLES, TOWER, Scene, function


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


# --- the measurement itself, one image at a time -------------------------------------------------------------

LIFT, SHUTTLE, TURN = function("lift1.travel"), function("shuttle1.travel"), function("cabin1.rotate")
DESIGNED = replace(
    TOWER,
    lifts=(replace(TOWER.lifts[0], deceleration=300),),
    shuttles=(replace(TOWER.shuttles[0], deceleration=500),),
    cabins=(replace(TOWER.cabins[0], deceleration=7000), TOWER.cabins[1]),
)
REST = Scene(TOWER)


def seen(tags: Mapping[str, Mapping[str, Value]], *, without: str = "", bad: str = "") -> ProcessImage:
    """The tower at rest but for some tags; without one device, or with one bad tag of every device."""
    scene = REST.copy()
    for device, values in tags.items():
        scene.set(device, **values)
        scene.bad[device] = {bad} if bad else set()
    image = scene.image()
    return replace(image, devices={name: found for name, found in image.devices.items() if name != without})


def moving(speed: int, place: int = 10_000) -> dict[str, dict[str, Value]]:
    return {"lift1": {"speed_mm_s": speed, "position_mm": place}}


def update(
    image: ProcessImage,
    runs: Mapping[Function, StopRun],
    now_ms: int,
    *fading: Function,
    topology: Topology = DESIGNED,
) -> tuple[dict[Function, StopRun], tuple[StopMeasured, ...]]:
    after, stops = StopMonitor(topology).update(image, dict.fromkeys(fading, 1), runs, now_ms)
    return dict(after), stops


@pytest.mark.parametrize(("speed", "ended"), [(1080, False), (-1080, False), (21, False), (20, True), (-20, True)])
def test_a_stop_begins_when_the_permit_goes_with_speed_and_place_of_that_moment(speed: int, ended: bool) -> None:
    runs, stops = update(seen(moving(speed)), {}, 5000, LIFT)
    assert runs == {LIFT: StopRun(5000, abs(speed), 10_000, ended=ended)}
    assert stops == ()


@pytest.mark.parametrize(("without", "bad"), [("lift1", ""), ("", "speed_mm_s"), ("", "position_mm")])
def test_a_stop_whose_beginning_is_not_seen_is_not_measured(without: str, bad: str) -> None:
    runs, _ = update(seen(moving(1080), without=without, bad=bad), {}, 5000, LIFT)
    assert runs == {LIFT: StopRun(5000, 0, 0, ended=True)}


@pytest.mark.parametrize("place", [10_900, 9100])
def test_a_stop_ends_when_the_axis_stands_and_is_told_in_whole_numbers(place: int) -> None:
    running = {LIFT: StopRun(5000, 1081, 10_000)}
    assert update(seen(moving(21, place)), running, 6500, LIFT) == (running, ())
    runs, stops = update(seen(moving(20, place)), running, 6500, LIFT)
    assert stops == (StopMeasured(LIFT, 1081, 1500, 900, 3603, 1947),)
    assert all(isinstance(one, int) for one in (stops[0].designed_ms, stops[0].designed_distance))
    assert runs == {LIFT: StopRun(5000, 1081, 10_000, ended=True)}


def test_an_axis_that_sped_up_until_the_news_arrived_is_compared_with_its_highest_speed() -> None:
    runs, _ = update(seen(moving(-900)), {LIFT: StopRun(5000, 500, 10_000)}, 5100, LIFT)
    assert runs == {LIFT: StopRun(5000, 900, 10_000)}
    runs, _ = update(seen(moving(700)), runs, 5200, LIFT)
    (stop,) = update(seen(moving(0)), runs, 6000, LIFT)[1]
    assert (stop.speed, stop.time_ms, stop.designed_ms) == (900, 1000, 3000)


@pytest.mark.parametrize(("without", "bad"), [("lift1", ""), ("", "speed_mm_s"), ("", "position_mm")])
def test_a_device_that_vanishes_during_a_stop_is_measured_to_the_moment_when_it_is_seen_to_stand(
    without: str, bad: str
) -> None:
    running = {LIFT: StopRun(5000, 1080, 10_000)}
    assert update(seen(moving(0), without=without, bad=bad), running, 7000) == (running, ())
    (stop,) = update(seen(moving(0, 11_500)), running, 8000)[1]
    assert (stop.time_ms, stop.distance) == (3000, 1500)


def test_a_measurement_is_given_up_after_its_time_and_not_before() -> None:
    assert MEASURED_MS_MAX == 60_000
    running = {LIFT: StopRun(5000, 1080, 10_000)}
    assert update(seen(moving(1080)), running, 5000 + MEASURED_MS_MAX, LIFT) == (running, ())
    runs, stops = update(seen(moving(0)), running, 5001 + MEASURED_MS_MAX, LIFT)
    assert runs == {LIFT: StopRun(5000, 1080, 10_000, ended=True)}
    assert stops == ()


def test_a_stop_that_has_ended_is_kept_while_its_permit_fades_and_is_not_measured_again() -> None:
    ended = {LIFT: StopRun(5000, 1080, 10_000, ended=True)}
    assert update(seen(moving(0)), ended, 6000, LIFT) == (ended, ())
    assert update(seen(moving(0)), ended, 6000) == ({}, ())


def test_a_stop_goes_on_when_the_plc_has_seen_the_permit_go() -> None:
    running = {LIFT: StopRun(5000, 1080, 10_000)}
    assert update(seen(moving(1080)), running, 6000) == (running, ())


def test_several_stops_are_measured_beside_each_other_each_by_its_own_design() -> None:
    image = seen(
        {
            "lift1": {"speed_mm_s": 0, "position_mm": 100},
            "shuttle1": {"speed": 0, "position": 200},
            "cabin1": {"turn_speed_mdeg_s": 200, "angle_mdeg": 300},
        }
    )
    running = {one: StopRun(1000, 2100, 0) for one in (LIFT, SHUTTLE, TURN)}
    _, stops = update(image, running, 4000)
    assert [(one.function, one.distance, one.designed_ms) for one in stops] == [
        (LIFT, 100, 7000),
        (SHUTTLE, 200, 4200),
        (TURN, 300, 300),
    ]
    faster = {"cabin1": {"turn_speed_mdeg_s": 201}, "shuttle1": {"speed": 21}}
    assert update(seen(faster), running, 4000)[0].keys() >= {SHUTTLE, TURN}
    assert update(seen({"shuttle1": {"speed": 20}}), {SHUTTLE: running[SHUTTLE]}, 4000)[0] == {}


def test_a_function_that_shows_no_speed_is_not_measured_and_keeps_no_other_from_it() -> None:
    runs, _ = update(seen(moving(1080)), {}, 5000, function("shuttle1.transfer"), function("cabin1.inner"), LIFT)
    assert set(runs) == {LIFT}
    still = function("cabin2.rotate")
    assert update(Scene(SHUTTLES).image(), {}, 5000, still, topology=SHUTTLES) == ({}, ())


def test_h18_a_stop_is_late_beyond_a_fifth_more_than_designed_and_the_way_of_the_news() -> None:
    def stop(time_ms: int, distance: int) -> StopMeasured:
        return StopMeasured(LIFT, 1000, time_ms, distance, 2500, 1250)

    assert not stop(3600, 2100).is_late
    assert stop(3601, 0).is_late
    assert stop(0, 2101).is_late
