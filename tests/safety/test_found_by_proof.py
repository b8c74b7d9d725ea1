"""What the proof found open: each with the moment in which a permit or a command went out that should not have.

Owns one test for each finding. The proof itself would find them again; here stands what they look like.
"""

from __future__ import annotations

import pytest

from plc_drivers.contract import CommandCode as C
from plc_drivers.contract.codes import Mode
from safety.interlock_table import SHUTTLE_GARAGE
from safety.verdict import StartOf
from tests.safety import situations as at
from tests.safety.proof.layouts import two_towers_on_one_aisle
from tests.safety.scene import SHUTTLES, Scene, codes_failing, function


def test_h08_a_coded_switch_without_a_reference_does_not_prove_a_shuttle_elsewhere() -> None:
    """The station of a mover without its reference is what one switch sees, and nothing may depend on it."""
    scene = at.cabin_turns()
    scene.set("shuttle1", station=5, forks_centred=False, forks_left_mm=40)
    assert function("cabin1.rotate") in scene.look().allowed
    assert function("cabin1.rotate") not in scene.verdict_if("shuttle1", referenced=False).allowed


def test_h08_a_lift_without_a_reference_is_no_ground_for_a_transfer() -> None:
    scene = at.tower_at_rest()
    scene.set("shuttle1", station=5, docked=False)
    assert function("shuttle1.transfer") in scene.look().allowed
    verdict = scene.verdict_if("lift1", referenced=False, levelling_error_mm=90)
    assert codes_failing(verdict, function("shuttle1.transfer")) == {"shuttle1.transfer-lift-locked"}


def test_h08_pins_do_not_come_out_of_a_lift_that_does_not_know_its_height() -> None:
    scene = at.tower_at_rest()
    scene.set("lift1", pins_extended=False, pins_retracted=True)
    lock = StartOf("lift1", C.LOCK)
    assert scene.look().start_refusal(lock) is None
    refusal = scene.verdict_if("lift1", referenced=False).start_refusal(lock)
    assert refusal is not None
    assert refusal.code == "lift1.lock-at-level"


def test_h09_two_lifts_without_a_reference_are_not_proven_to_stand_at_different_levels() -> None:
    scene = Scene(two_towers_on_one_aisle())
    scene.set("lift2", station=1)
    scene.set("shuttle1", holds_travel=True)
    assert function("shuttle2.travel") in scene.look().allowed
    assert function("shuttle2.travel") not in scene.verdict_if("lift2", referenced=False).allowed


@pytest.mark.parametrize("extension_mm", [1, 5])
def test_h06_a_dead_centre_switch_and_a_trembling_encoder_are_no_transfer_under_way(extension_mm: int) -> None:
    """Deck and target are not asked of an interrupted transfer, so that must not come from one dead switch."""
    scene = at.tower_at_rest()
    scene.set("shuttle1", station=5, docked=False, load_present=True, load_clear=False)
    scene.set("shuttle1", target_left_occupied=True, target_left_clear=False)
    place = StartOf("shuttle1", C.PLACE_LEFT, 1)
    scene.set("shuttle1", forks_centred=False, forks_left_mm=2000)
    assert scene.look().start_refusal(place) is None
    assert scene.verdict_if("shuttle1", forks_left_mm=extension_mm).start_refusal(place) is not None


def test_h12_no_transfer_begins_into_another_zone_that_is_stopped() -> None:
    """The permit alone does not say which way the forks go: without this the command was out for one cycle."""
    scene = Scene(SHUTTLES)
    scene.confirm("cabin1")
    scene.set("cabin1", inner_open=True, inner_closed=False, inner_locked=False)
    scene.set("shuttle0", station=4, load_present=True, load_clear=False)
    place = StartOf("shuttle0", C.PLACE_LEFT, 1)
    assert scene.look().start_refusal(place) is None
    verdict = scene.verdict_if("safety1", zone2_guards_closed=False)
    assert function("shuttle0.transfer") in verdict.allowed
    refusal = verdict.start_refusal(place)
    assert refusal is not None
    assert refusal.code == "shuttle0.start-into-zone-2-cabin1-0"


@pytest.mark.parametrize("permit", ["cabin1.green", "cabin1.inner", "cabin1.rotate"])
def test_h13_nothing_of_a_cabin_meets_forks_that_a_person_drives_by_hand(permit: str) -> None:
    """In manual a PLC moves without a permit of ours; the way out stays open to whoever is inside."""
    scene = at.cabin_shows_green() if permit.endswith("green") else at.tower_at_rest()
    scene.set("shuttle1", station=2, docked=False)
    assert function(permit) in scene.look().allowed
    verdict = scene.verdict_if("shuttle1", mode=Mode.MANUAL)
    assert codes_failing(verdict, function(permit)) == {"cabin1.shuttle1-by-hand-0-2"}
    assert function("cabin1.outer_open") in verdict.allowed
    scene.set("shuttle1", station=5)
    assert function(permit) in scene.verdict_if("shuttle1", mode=Mode.MANUAL).allowed


def test_h13_a_lift_does_not_pass_forks_that_a_person_drives_by_hand() -> None:
    scene = Scene(SHUTTLES)
    scene.set("shuttle0", station=8)
    verdict = scene.verdict_if("shuttle0", mode=Mode.MAINTENANCE)
    assert codes_failing(verdict, function("lift1.travel")) == {"lift1.shuttle0-by-hand-0-8"}
    scene.set("shuttle0", station=4)
    assert function("lift1.travel") in scene.verdict_if("shuttle0", mode=Mode.MAINTENANCE).allowed


def test_h20_a_shuttle_does_not_travel_where_a_person_drives_another_by_hand() -> None:
    scene = Scene(SHUTTLE_GARAGE)
    verdict = scene.verdict_if("shuttle1", mode=Mode.MANUAL)
    assert codes_failing(verdict, function("shuttle2.travel")) == {"shuttle2.travel-apart-from-shuttle1"}
    assert function("shuttle0.travel") in verdict.allowed


@pytest.mark.parametrize("tag", ["brake_closed", "standstill"])
def test_h15_pins_leave_the_building_only_when_the_brake_holds(tag: str) -> None:
    scene = at.tower_at_rest()
    unlock = StartOf("lift1", C.UNLOCK)
    assert scene.look().start_refusal(unlock) is None
    refusal = scene.verdict_if("lift1", **{tag: False}).start_refusal(unlock)
    assert refusal is not None
    assert refusal.code == "lift1.unlock-braked"
