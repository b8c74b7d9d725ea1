"""Trips: what sets them, what keeps them, who resets them, and that a reset starts nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from plc_drivers.contract import Value
from plc_drivers.contract.codes import CommandCode as C
from plc_drivers.contract.codes import State
from plc_drivers.outputs import MailboxCommand
from plc_drivers.reading import Quality
from safety.acts import Acts
from safety.expression import Const
from safety.interlock import InterlockError
from safety.interlocks import unit
from safety.trip import UNKNOWN_GRACE_MS, StopCategory, Trip
from safety.verdict import Function, Verdict
from safety.wish import DeviceWish
from tests.safety import situations as at
from tests.safety.scene import PERIOD_MS, SHUTTLES, TOWER, Scene, codes_failing, function
from tests.safety.test_blame import kleene


def standing(verdict: Verdict) -> set[str]:
    return {trip.id for trip in verdict.trips}


def reset(scene: Scene, *trips: str) -> Verdict:
    """A person resets some trips; the next evaluation hears of it."""
    scene.memory = replace(scene.memory, acts=Acts(frozenset(trips)))
    scene.now_ms += PERIOD_MS
    return scene.look()


def stays(scene: Scene, ms: int, period_ms: int = PERIOD_MS) -> Verdict:
    """Time passes with the readings as they are."""
    verdict = scene.look()
    for _ in range(0, ms, period_ms):
        scene.now_ms += period_ms
        verdict = scene.look()
    return verdict


# --- zones (H12, H20) ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "trip", "category"),
    [
        ("zone1_estop_released", "zone1.emergency-stop", StopCategory.STOP_THEN_OFF),
        ("zone1_estop_connected", "zone1.emergency-stop", StopCategory.STOP_THEN_OFF),
        ("zone1_reset_done", "zone1.emergency-stop", StopCategory.STOP_THEN_OFF),
        ("zone1_guards_closed", "zone1.guards", StopCategory.STOP_THEN_OFF),
        ("zone1_lockout_clear", "zone1.lock-out", StopCategory.STOP_THEN_OFF),
        ("zone1_torque_enabled", "zone1.torque", StopCategory.POWER_OFF),
    ],
)
def test_h12_a_zone_signal_trips_every_function_of_the_zone_until_a_person_resets_it(
    tag: str, trip: str, category: StopCategory
) -> None:
    scene = at.tower_at_rest()
    assert function("shuttle1.travel") in scene.look().allowed
    scene.set("safety1", **{tag: False})
    verdict = stays(scene, PERIOD_MS)
    assert standing(verdict) == {trip}
    assert verdict.trips[0].category == category
    assert not verdict.trips[0].may_be_reset
    assert not verdict.allowed
    assert verdict.stop_category("cabin2") == category
    scene.set("safety1", **{tag: True})
    verdict = stays(scene, 5000)
    assert standing(verdict) == {trip}
    assert verdict.trips[0].may_be_reset
    assert not verdict.allowed
    verdict = reset(scene, trip)
    assert standing(verdict) == set()
    assert verdict.stop_category("cabin2") is None
    assert function("shuttle1.travel") in verdict.allowed


def test_h11_a_reset_does_not_count_while_the_cause_is_there_nor_is_it_remembered() -> None:
    scene = at.tower_at_rest()
    scene.set("safety1", zone1_guards_closed=False)
    stays(scene, 100)
    assert standing(reset(scene, "zone1.guards")) == {"zone1.guards"}
    scene.set("safety1", zone1_guards_closed=True)
    assert standing(stays(scene, 1000)) == {"zone1.guards"}


def test_h11_a_reset_permits_and_does_not_bring_back_the_permit_of_a_command_under_way() -> None:
    scene = at.lift_travels()
    wish = at.wish("travel", 5, C.MOVE_TO_LEVEL, 2)
    assert scene.cycle(lift1=wish).granted == {function("lift1.travel")}
    scene.set("lift1", rope_taut=False)
    assert not scene.cycle(lift1=wish).granted
    scene.set("lift1", rope_taut=True)
    reset(scene, "lift1.rope-taut")
    assert not scene.cycle(lift1=wish).granted
    again = DeviceWish(frozenset({"travel"}), MailboxCommand(6, C.MOVE_TO_LEVEL, 2, 0, 0, 1000), new_command=True)
    assert scene.cycle(lift1=again).granted == {function("lift1.travel")}


def test_h12_a_stopped_zone_gets_no_load_from_its_neighbour_until_its_trip_is_reset() -> None:
    scene = Scene(SHUTTLES)
    scene.confirm("cabin1")
    scene.set("cabin1", inner_open=True, inner_closed=False, inner_locked=False)
    scene.set("shuttle0", station=4, active_command=C.PLACE_LEFT, forks_left_mm=2000, forks_centred=False)
    transfer = function("shuttle0.transfer")
    assert transfer in scene.look().allowed
    scene.set("safety1", zone2_estop_released=False)
    assert codes_failing(stays(scene, PERIOD_MS), transfer) == {"shuttle0.into-zone-2-cabin1-0"}
    scene.set("safety1", zone2_estop_released=True)
    assert codes_failing(stays(scene, PERIOD_MS), transfer) == {"shuttle0.into-zone-2-cabin1-0"}
    assert transfer in reset(scene, "zone2.emergency-stop").allowed


def test_h12_a_zone_of_its_own_goes_on_when_another_one_is_stopped() -> None:
    scene = Scene(SHUTTLES)
    scene.set("safety1", zone2_estop_released=False)
    verdict = stays(scene, PERIOD_MS)
    assert function("shuttle1.travel") in verdict.allowed
    assert not [one for one in verdict.allowed if one.device == "cabin1"]


# --- what is not known (H10), restarts (H11) ----------------------------------------------------------------


def test_h10_silence_takes_permits_at_once_and_latches_only_after_its_grace() -> None:
    scene = at.tower_at_rest()
    scene.quality["safety1"] = Quality.STALE
    verdict = stays(scene, UNKNOWN_GRACE_MS - 100)
    assert not verdict.allowed
    assert standing(verdict) == set()
    scene.quality["safety1"] = Quality.GOOD
    assert stays(scene, PERIOD_MS).allowed
    scene.quality["safety1"] = Quality.STALE
    stays(scene, UNKNOWN_GRACE_MS)
    scene.quality["safety1"] = Quality.GOOD
    verdict = stays(scene, PERIOD_MS)
    assert "zone1.emergency-stop" in standing(verdict)
    assert not verdict.allowed


def test_h10_silence_that_comes_and_goes_cannot_postpone_the_latch() -> None:
    scene = at.tower_at_rest()
    verdict = scene.look()
    for _ in range(12):
        scene.quality["safety1"] = Quality.STALE
        stays(scene, 100)
        scene.quality["safety1"] = Quality.GOOD
        verdict = stays(scene, 40)
    assert "zone1.emergency-stop" in standing(verdict)


def test_a_plc_that_has_not_been_heard_since_the_start_trips_nothing() -> None:
    scene = Scene(TOWER)
    scene.quality["safety1"] = Quality.MISSING
    verdict = stays(scene, 10 * UNKNOWN_GRACE_MS)
    assert standing(verdict) == set()
    assert not verdict.allowed
    scene.quality["safety1"] = Quality.GOOD
    assert standing(stays(scene, PERIOD_MS)) == set()


def test_h11_trips_that_nobody_reset_stand_again_after_a_restart_and_a_pause_of_evaluation() -> None:
    scene = Scene(TOWER)
    scene.memory = scene.logic.memory0(["zone1.guards", "lift9.unknown"])
    assert standing(stays(scene, PERIOD_MS)) == {"zone1.guards"}
    scene.now_ms += 60_000
    assert standing(scene.look()) == {"zone1.guards"}
    assert standing(reset(scene, "zone1.guards")) == set()


def test_the_first_of_several_trips_of_one_device_is_marked() -> None:
    scene = at.tower_at_rest()
    scene.set("lift1", shaft_doors_closed=False)
    stays(scene, 200)
    scene.set("lift1", rope_taut=False)
    scene.set("safety1", zone1_torque_enabled=False)
    verdict = stays(scene, 200)
    assert [(trip.id, trip.is_first_out) for trip in verdict.trips] == [
        ("lift1.shaft-doors", True),
        ("zone1.torque", False),
        ("lift1.rope-taut", False),
    ]
    assert verdict.stop_category("lift1") == StopCategory.POWER_OFF
    assert verdict.trips[0].since_ms == scene.now_ms - 400


def test_a_trip_in_force_says_what_its_declaration_says() -> None:
    scene = at.tower_at_rest()
    scene.set("safety1", zone1_torque_enabled=False, seismic_clear=False)
    scene.set("lift1", rope_taut=False)
    scene.set("shuttle1", forks_left_mm=900)
    verdict = stays(scene, 1000)
    declared = {trip.id: trip for trip in scene.logic.trips}
    assert standing(verdict) == {"zone1.torque", "safety1.no-earthquake", "lift1.rope-taut", "shuttle1.fork-switches"}
    for active in verdict.trips:
        trip = declared[active.id]
        said = (active.title, active.hazard, active.category, active.zone, active.stops, active.cause, active.remedy)
        assert said == (trip.title, trip.hazard, trip.category, trip.zone, trip.stops, trip.cause, trip.remedy)
        assert type(active.category) is int
        assert active.devices == trip.devices
        assert not active.may_be_reset
    assert next(iter(verdict.trips)).devices == ("lift1", "shuttle1", "cabin1", "cabin2")


def test_trips_are_told_oldest_first_and_with_the_time_at_which_each_came() -> None:
    scene = at.tower_at_rest()
    scene.set("lift1", shaft_doors_closed=False)
    stays(scene, 100)
    first = scene.now_ms - 100
    scene.set("lift1", rope_taut=False, speed_ok=False)
    verdict = stays(scene, 100)
    assert [(trip.id, trip.since_ms) for trip in verdict.trips] == [
        ("lift1.shaft-doors", first),
        ("lift1.rope-taut", first + 100),
        ("lift1.speed-ok", first + 100),
    ]
    scene.set("lift1", shaft_doors_closed=True, speed_ok=True)
    may = {trip.id: trip.may_be_reset for trip in stays(scene, 100).trips}
    assert may == {"lift1.shaft-doors": True, "lift1.rope-taut": False, "lift1.speed-ok": True}


def test_trips_of_different_devices_are_each_the_first_of_their_own() -> None:
    scene = at.tower_at_rest()
    scene.set("lift1", rope_taut=False)
    stays(scene, 100)
    scene.set("cabin1", outer_open=True)
    verdict = stays(scene, 600)
    assert [(trip.id, trip.is_first_out) for trip in verdict.trips] == [
        ("lift1.rope-taut", True),
        ("cabin1.outer-switches", True),
    ]
    scene.set("lift1", speed_ok=False)
    assert [trip.is_first_out for trip in stays(scene, 100).trips] == [True, True, False]


# --- motion that is not as it was told (H15, H18) -----------------------------------------------------------


def _held(scene: Scene, device: str, permit: str) -> None:
    scene.set(device, **{f"holds_{permit}": True})


def _stuck_lift() -> tuple[Scene, str, dict[str, Value]]:
    scene = at.lift_travels()
    _held(scene, "lift1", "travel")
    return scene, "lift1.travel", {"position_mm": 1}


def _stuck_shuttle() -> tuple[Scene, str, dict[str, Value]]:
    scene = at.shuttle_travels()
    _held(scene, "shuttle1", "travel")
    return scene, "shuttle1.travel", {"position": 1}


def _stuck_forks() -> tuple[Scene, str, dict[str, Value]]:
    scene = at.shuttle_places_into_cabin()
    _held(scene, "shuttle1", "transfer")
    return scene, "shuttle1.transfer", {"forks_left_mm": 3001}


def _stuck_turntable() -> tuple[Scene, str, dict[str, Value]]:
    scene = at.cabin_turns()
    _held(scene, "cabin1", "rotate")
    return scene, "cabin1.rotate", {"angle_mdeg": 90_001}


@pytest.mark.parametrize(
    ("make", "trip", "pause_ms"),
    [
        (_stuck_lift, "lift1.lift-progress", 6000),
        (_stuck_shuttle, "shuttle1.travel-progress", 6000),
        (_stuck_forks, "shuttle1.forks-progress", 8000),
        (_stuck_turntable, "cabin1.turn-progress", 8000),
    ],
)
def test_h15_an_axis_that_is_told_to_move_and_does_not_is_stopped_by_nothing_else(
    make: Callable[[], tuple[Scene, str, dict[str, Value]]], trip: str, pause_ms: int
) -> None:
    scene, permit, step = make()
    tag, value = next(iter(step.items()))
    device = permit.partition(".")[0]
    for i in range(pause_ms * 2 // 500):
        scene.set(device, **{tag: int(value) + i})
        assert function(permit) in stays(scene, 480).allowed
    verdict = stays(scene, pause_ms + 500)
    assert codes_failing(verdict, function(permit)) == {trip}
    assert verdict.stop_category(device) == StopCategory.STOP_THEN_OFF
    scene.set(device, **{tag: int(value) - 5})
    assert standing(stays(scene, 200)) == {trip}


@pytest.mark.parametrize(
    ("device", "speed", "trip", "permit", "stop_ms"),
    [
        ("lift1", "speed_mm_s", "lift1.lift-stops", "travel", 4000),
        ("shuttle1", "speed", "shuttle1.travel-stops", "travel", 5000),
        ("cabin1", "turn_speed_mdeg_s", "cabin1.turn-stops", "rotate", 3000),
    ],
)
def test_h18_an_axis_that_still_moves_after_its_stopping_time_without_a_permit_loses_its_power(
    device: str, speed: str, trip: str, permit: str, stop_ms: int
) -> None:
    scene = at.tower_at_rest()
    scene.set(device, **{speed: 400})
    assert trip not in standing(stays(scene, stop_ms - 100))
    verdict = stays(scene, 200)
    assert trip in standing(verdict)
    assert verdict.stop_category(device) == StopCategory.POWER_OFF
    scene.set(device, **{speed: 0})
    stays(scene, 100)
    assert trip in codes_failing(scene.look(), Function(device, permit))
    assert trip not in standing(reset(scene, trip))


def test_h18_a_technician_who_moves_an_axis_in_manual_mode_trips_nothing() -> None:
    scene = at.tower_at_rest()
    scene.set("lift1", speed_mm_s=100, mode=2, state=State.MANUAL)
    assert standing(stays(scene, 20_000)) == set()


# --- people (H04) and defeated switches (H21) ---------------------------------------------------------------


def test_h04_somebody_seen_in_a_cabin_at_work_stops_it_and_it_does_not_go_on_when_they_are_out_of_sight() -> None:
    scene = at.cabin_turns()
    _held(scene, "cabin1", "rotate")
    assert function("cabin1.rotate") in stays(scene, 100).allowed
    scene.set("cabin1", scanner_clear=False)
    verdict = stays(scene, PERIOD_MS)
    assert "cabin1.nobody-at-work" in codes_failing(verdict, function("cabin1.rotate"))
    assert verdict.stop_category("cabin1") == StopCategory.HOLD
    scene.set("cabin1", scanner_clear=True, holds_rotate=False, turn_speed_mdeg_s=0)
    scene.confirm("cabin1")
    assert codes_failing(scene.look(), function("cabin1.rotate")) == {"cabin1.nobody-at-work"}
    assert function("cabin1.rotate") in reset(scene, "cabin1.nobody-at-work").allowed


def test_h04_the_way_out_of_a_cabin_is_open_while_presence_has_tripped_it() -> None:
    scene = at.tower_at_rest()
    _held(scene, "cabin1", "inner")
    scene.set("cabin1", curtain_count=1)
    assert "cabin1.nobody-at-work" in standing(stays(scene, PERIOD_MS))
    scene.set("cabin1", holds_inner=False)
    assert function("cabin1.outer_open") in stays(scene, PERIOD_MS).allowed


@pytest.mark.parametrize(
    ("device", "made", "trip"),
    [
        ("lift1", {"pins_extended": True, "pins_retracted": True}, "lift1.pin-switches"),
        ("shuttle1", {"forks_centred": True, "forks_left_mm": 900}, "shuttle1.fork-switches"),
        ("shuttle1", {"forks_centred": False, "forks_left_mm": 900, "forks_right_mm": 900}, "shuttle1.fork-switches"),
        ("cabin1", {"outer_open": True, "outer_closed": True}, "cabin1.outer-switches"),
        ("cabin1", {"inner_open": True, "inner_locked": True}, "cabin1.inner-switches"),
    ],
)
def test_h21_switches_that_contradict_each_other_are_noticed_and_not_forgotten(
    device: str, made: dict[str, Value], trip: str
) -> None:
    scene = at.tower_at_rest()
    before = {tag: scene.values[device][tag] for tag in made}
    scene.set(device, **made)
    assert trip not in standing(stays(scene, 300))
    assert trip in standing(stays(scene, 300))
    scene.set(device, **before)
    verdict = stays(scene, 60_000)
    stopped = next(one for one in verdict.trips if one.id == trip).stops
    assert function("cabin1.outer_open") not in stopped
    only = [one for one in stopped if codes_failing(verdict, one) == {trip}]
    assert only
    assert only[0] in reset(scene, trip).allowed


def test_h21_a_contact_that_bounces_ever_so_often_is_noticed() -> None:
    scene = at.tower_at_rest()
    for _ in range(40):
        scene.set("lift1", pins_retracted=True)
        stays(scene, 60)
        scene.set("lift1", pins_retracted=False)
        stays(scene, 60)
    assert "lift1.pin-switches" in standing(scene.look())


# --- the declaration ----------------------------------------------------------------------------------------


def _trip(**changes: object) -> Trip:
    fields: dict[str, object] = {
        "id": "lift1.rule",
        "title": "t",
        "hazard": "H15",
        "category": StopCategory.HOLD,
        "zone": 1,
        "stops": (function("lift1.travel"),),
        "holds": Const(value=True),
        "cause": "c",
        "remedy": "r",
    }
    return Trip(**(fields | changes))  # type: ignore[arg-type]  # a table of fields


@pytest.mark.parametrize("wrong", [{"grace_ms": -1}, {"stops": ()}, {"id": "no rule"}, {"hazard": "H1"}, {"cause": ""}])
def test_a_malformed_trip_is_an_error_when_it_is_declared(wrong: dict[str, object]) -> None:
    with pytest.raises(InterlockError):
        _trip(**wrong)


def test_a_grace_below_zero_is_said_to_be_one() -> None:
    with pytest.raises(InterlockError, match=r"^trip lift1\.rule has a grace below zero$"):
        _trip(grace_ms=-1)
    assert _trip(grace_ms=0).grace_ms == 0


def test_a_trip_without_a_latch_goes_with_its_cause() -> None:
    trip = _trip(holds=Const(value=False), latch=False)
    assert trip.stands == trip.fires


# --- to the cycle, and to the letter --------------------------------------------------------------------------


def test_h10_a_reading_that_was_known_is_missed_for_a_second_before_its_trip_latches() -> None:
    scene = at.tower_at_rest()
    scene.bad["lift1"] = {"rope_taut"}
    assert "lift1.rope-taut" not in standing(stays(scene, 1000 - PERIOD_MS))
    assert "lift1.rope-taut" in standing(stays(scene, PERIOD_MS))


def test_h04_a_reset_of_presence_counts_only_when_nobody_is_seen_though_the_machine_has_stopped() -> None:
    scene = at.cabin_turns()
    _held(scene, "cabin1", "rotate")
    scene.set("cabin1", scanner_clear=False)
    assert "cabin1.nobody-at-work" in standing(stays(scene, 100))
    scene.set("cabin1", holds_rotate=False)
    assert "cabin1.nobody-at-work" in standing(reset(scene, "cabin1.nobody-at-work"))
    scene.set("cabin1", scanner_clear=True)
    assert "cabin1.nobody-at-work" not in standing(reset(scene, "cabin1.nobody-at-work"))


@pytest.mark.parametrize(
    ("holds", "clear", "may"), [(True, True, True), (False, True, False), (True, False, False), (None, True, False)]
)
def test_a_reset_counts_when_the_cause_is_gone_and_what_it_asks_for_besides_is_there(
    holds: bool | None, clear: bool, may: bool
) -> None:
    one, other = unit.lift("lift1")["rope_taut"], unit.lift("lift1")["speed_ok"]
    trip = replace(Scene(TOWER).logic.trips[0], holds=one, clear=other)
    assert kleene(trip.may_be_reset, {one: holds, other: clear}) is may


def test_h21_within_its_grace_a_contradiction_takes_no_permit_that_nothing_else_takes() -> None:
    scene = at.cabin_closes_to_people()
    scene.set("cabin1", inner_open=True)
    assert function("cabin1.outer_close") in stays(scene, 500 - PERIOD_MS).allowed
    assert function("cabin1.outer_close") not in stays(scene, PERIOD_MS).allowed


def test_h10_without_a_grace_a_reading_that_is_not_known_takes_the_permit_before_the_trip_latches() -> None:
    scene = at.lift_travels()
    scene.bad["lift1"] = {"rope_taut"}
    verdict = scene.look()
    assert "lift1.rope-taut" not in standing(verdict)
    assert function("lift1.travel") not in verdict.allowed
