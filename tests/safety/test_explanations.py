"""What fails, told with the readings that say so."""

from __future__ import annotations

from dataclasses import replace

from plc_drivers.contract.codes import CommandCode as C
from plc_drivers.contract.codes import Health
from plc_drivers.reading import Fault, Quality
from safety.acts import Acts, Hold
from safety.expression import Commanded, LockedOut, ManualHold, leaves
from safety.interlocks import unit
from safety.logic import SafetyLogic, _blamed
from safety.verdict import Failing, Function, StartOf
from tests.safety import situations as at
from tests.safety.scene import PERIOD_MS, TOWER, Scene, codes_failing, function

SCENE = Scene(TOWER)
LIFT1 = unit.lift("lift1")
TRAVEL = function("lift1.travel")


def explained(scene: Scene, what: Function | StartOf | None) -> dict[str, Failing]:
    found = scene.logic.explain(what, scene.image(), scene.memory, scene.now_ms + 30)
    return {item.id: item for item in found}


def test_before_the_first_evaluation_there_is_nothing_to_explain() -> None:
    scene = SCENE.copy()
    assert scene.logic.explain(None, scene.image(), scene.logic.memory0(), scene.now_ms) == ()


def test_everything_is_explained_that_fails_and_nothing_else_for_each_question() -> None:
    scene = SCENE.copy()
    scene.set("lift1", rope_taut=False)
    failing = {one.id: one for one in scene.look().failing}
    said = {key: replace(one, readings=(), musts=()) for key, one in explained(scene, None).items()}
    assert said == failing
    assert set(explained(scene, TRAVEL)) == codes_failing(scene.look(), TRAVEL)
    start = StartOf("lift1", C.MOVE_TO_LEVEL)
    assert set(explained(scene, start)) == {one.id for one in failing.values() if start in one.guards}
    deep = StartOf("shuttle1", C.PLACE_LEFT, 2)
    wanted = {deep, StartOf("shuttle1", C.PLACE_LEFT)}
    assert set(explained(scene, deep)) == {one.id for one in failing.values() if wanted & set(one.guards)}
    assert set(explained(scene, deep)) > set(explained(scene, StartOf("shuttle1", C.PLACE_LEFT)))


def test_a_reading_is_shown_with_value_age_quality_and_what_is_wrong_with_its_device() -> None:
    scene = SCENE.copy()
    scene.look()
    whole = scene.image()
    lift = replace(whole.devices["lift1"], quality=Quality.STALE, fault=Fault("TIMEOUT", "no answer", "look"))
    image = replace(whole, devices={**whole.devices, "lift1": lift})
    _, memory = scene.logic.evaluate(image, scene.memory, scene.now_ms)
    found = {one.id: one for one in scene.logic.explain(TRAVEL, image, memory, scene.now_ms + 30)}
    assert found["lift1.answers"].readings == (("lift1.heartbeat", 0, 30, "STALE", "TIMEOUT: no answer"),)
    assert found["lift1.answers"].unknown
    image = replace(whole, devices={name: one for name, one in whole.devices.items() if name != "lift1"})
    _, memory = scene.logic.evaluate(image, scene.memory, scene.now_ms)
    found = {one.id: one for one in scene.logic.explain(TRAVEL, image, memory, scene.now_ms + 30)}
    assert found["lift1.answers"].readings == (
        ("lift1.heartbeat", None, 0, "MISSING", "the device has never answered"),
    )


def test_what_the_controller_itself_does_is_shown_as_a_reading_too() -> None:
    scene = at.tower_at_rest()
    scene.cycle(shuttle1=at.wish("travel", 5, C.MOVE_TO_COLUMN, 4))
    scene.set("shuttle1", holds_travel=False)
    scene.now_ms += PERIOD_MS
    scene.look()
    readings = {one for item in explained(scene, TRAVEL).values() for one in item.readings}
    assert ("shuttle1.travel", True, 0, "GOOD", "permitted by the controller itself") in readings
    scene = at.tower_at_rest()
    scene.set("shuttle1", station=2, load_present=True, load_clear=False)
    scene.set("cabin1", inner_open=True, inner_closed=False, inner_locked=False)
    scene.cycle(shuttle1=at.wish("transfer", 5, C.PLACE_LEFT, 1))
    scene.now_ms += PERIOD_MS
    scene.look()
    readings = {one for item in explained(scene, None).values() for one in item.readings}
    code = int(C.PLACE_LEFT)
    assert ("shuttle1.cmd_code", code, 0, "GOOD", "commanded and not ended") in readings


def test_a_command_that_was_never_given_is_shown_without_a_code() -> None:
    (given,) = (one for one in leaves(LIFT1.doing(C.LOCK)) if isinstance(one, Commanded))
    name, value, *_ = _blamed(given, SCENE.image(), SCENE.logic.memory0(), SCENE.now_ms)
    assert (name, value) == ("lift1.cmd_code", None)


def test_a_trip_whose_cause_is_gone_waits_for_a_reset_and_says_so() -> None:
    scene = at.tower_at_rest()
    scene.set("lift1", rope_taut=False)
    scene.look()
    scene.set("lift1", rope_taut=True)
    scene.now_ms += PERIOD_MS
    scene.look()
    (reading,) = explained(scene, TRAVEL)["lift1.rope-taut"].readings
    assert reading == ("lift1.rope-taut.reset", False, 0, "GOOD", "waits for a person's reset")


def _both_doors_close() -> Scene:
    scene = at.tower_at_rest()
    for _ in range(2):
        scene.cycle(
            **{
                name: at.wish("outer_close", number, C.CLOSE_OUTER_DOOR)
                for number, name in ((6, "cabin2"), (5, "cabin1"))
            }
        )
    return scene


def test_permits_that_safety_takes_are_told_in_order_each_with_what_took_it() -> None:
    scene = _both_doors_close()
    assert scene.look().taken == ()
    scene.set("safety1", zone1_estop_released=False)
    scene.set("cabin2", health=Health.FAILURE)
    scene.now_ms += PERIOD_MS
    verdict = scene.look()
    assert len(verdict.lost) > 2, "most of what was permitted was not in use"
    assert [str(one.function) for one in verdict.taken] == ["cabin1.outer_close", "cabin2.outer_close"]
    ids = [[item.id for item in one.failing] for one in verdict.taken]
    assert ids == [["zone1.emergency-stop"], ["zone1.emergency-stop", "cabin2.healthy"]]
    reading = ("safety1.zone1_estop_released", False, 0, "GOOD", "")
    assert all(reading in one.failing[0].readings for one in verdict.taken)
    scene.now_ms += PERIOD_MS
    assert scene.look().taken == (), "told once"


def test_nobody_is_told_of_a_loss_where_the_logic_is_to_say_none() -> None:
    scene = _both_doors_close()
    scene.logic = SilentLogic(TOWER)
    scene.set("safety1", zone1_estop_released=False)
    scene.now_ms += PERIOD_MS
    assert scene.look().taken == ()


class SilentLogic(SafetyLogic):
    """As the search runs it."""

    tells_losses = False


def test_so_many_are_explained_as_are_asked_for() -> None:
    scene = SCENE.copy()
    scene.set("lift1", rope_taut=False)
    scene.look()
    arguments = (lambda _one: True, scene.image(), scene.memory, scene.now_ms)
    every = scene.logic.explain_each(*arguments)
    assert len(every) > 3
    assert scene.logic.explain_each(*arguments, 2) == every[:2]


def test_a_lock_in_the_books_and_a_hold_are_shown_as_readings() -> None:
    image, memory = SCENE.image(), SCENE.logic.memory0()
    held = replace(memory, acts=Acts(locks=frozenset({1}), hold=Hold(TRAVEL, 40)))
    assert _blamed(LockedOut(1), image, held, 100) == ("zone1.personal_lock", True, 0, "GOOD", "a lock in the books")
    assert _blamed(LockedOut(2), image, held, 100) == ("zone2.personal_lock", False, 0, "GOOD", "a lock in the books")
    pressed = "what a person presses"
    assert _blamed(ManualHold(TRAVEL, 50), image, held, 100) == ("lift1.travel.hold_to_run", True, 60, "GOOD", pressed)
    other = function("shuttle1.travel")
    assert _blamed(ManualHold(other, 50), image, held, 100) == (
        "shuttle1.travel.hold_to_run", False, 0, "GOOD", pressed
    )  # fmt: skip
    assert _blamed(ManualHold(TRAVEL, 50), image, memory, 100) == (
        "lift1.travel.hold_to_run", False, 0, "GOOD", pressed
    )  # fmt: skip


def test_it_is_said_what_a_reading_must_be_and_how_long_it_still_takes() -> None:
    scene = at.tower_at_rest()
    scene.set("cabin1", outer_opened_count=2)
    scene.look()
    scene.press("cabin1")
    scene.pass_time(1000)
    found = explained(scene, function("cabin1.rotate"))["cabin1.turn-cabin-empty"]
    assert found.remaining_ms is not None
    later = found.remaining_ms
    scene.pass_time(200)
    assert explained(scene, function("cabin1.rotate"))["cabin1.turn-cabin-empty"].remaining_ms == later - 200
    scene.set("lift1", rope_taut=False)
    scene.look()
    (must,) = explained(scene, TRAVEL)["lift1.rope-taut"].musts
    assert must[0]
