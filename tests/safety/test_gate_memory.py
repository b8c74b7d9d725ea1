"""What the gate says when it withholds something, and what it remembers of what went out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plc_drivers.contract import CommandCode as C
from plc_drivers.contract.codes import TrafficLight
from plc_drivers.outputs import MailboxCommand
from plc_drivers.reading import Quality
from safety import gate
from safety.gate import GateResult
from safety.memory import Passed
from safety.refusal import Refusal
from safety.verdict import StartOf
from safety.wish import DeviceWish
from tests.safety import situations as at
from tests.safety.scene import EPOCH, SHUTTLES, Scene, codes_failing, function, reason

MOVE = MailboxCommand(5, C.MOVE_TO_LEVEL, 2, 0, 0, 1000)


@pytest.fixture
def tower() -> Scene:
    return at.tower_with_pins_in()


def is_spoken(refusal: Refusal) -> bool:
    """Whole sentences, in capitals and small letters, as a person reads them."""
    texts = (refusal.text, refusal.remedy)
    starts = all(text[0].isupper() or text[0].isdigit() for text in texts)
    return starts and all(text.endswith(".") and any(map(str.islower, text)) for text in texts)


def all_withheld(scene: Scene) -> dict[str, Refusal]:
    """Every refusal of the gate itself, each from the case that it is for."""
    found: dict[str, Refusal] = {}

    def note(result: GateResult) -> GateResult:
        found.update({refusal.code: refusal for _, refusal in result.withheld})
        found.update({refusal.code: refusal for refusal in result.defects})
        return result

    wish = DeviceWish(frozenset({"travel"}), MOVE)
    lock = MailboxCommand(9, C.ROTATE)
    for changes, wishes in (
        ({"owner_epoch": 99}, wish),
        ({"owner_epoch": EPOCH}, DeviceWish(frozenset({"travel"}), lock)),
        ({}, wish),
        ({}, DeviceWish(frozenset({"travel"}), MailboxCommand(5, C.UNLOCK))),
        ({"overhang_front_clear": False}, wish),
        ({"overhang_front_clear": True}, wish),
        ({"boot_counter": 2}, wish),
    ):
        scene.set("lift1", **changes)
        note(scene.cycle(lift1=wishes, cabin1=DeviceWish(levels={"lamp": 1})))
    note(scene.cycle(safety1=wish, lift2=DeviceWish()))
    scene.quality["lift1"] = Quality.STALE
    note(scene.cycle(lift1=DeviceWish(frozenset({"travel"}), MailboxCommand(20, C.LOCK))))
    travel = DeviceWish(frozenset({"travel"}))
    note(at.tower_at_rest().cycle(lift1=travel, shuttle1=travel))
    return found


def test_every_refusal_of_the_gate_is_a_sentence_that_says_what_to_do(tower: Scene) -> None:
    found = all_withheld(tower)
    assert set(found) >= {
        "NOT_OWNER",
        "NO_GOOD_READINGS",
        "REVOKED",
        "BEGINS_TOGETHER",
        "COMMAND_VOIDED",
        "SEQUENCE_REUSED",
        "NOT_EVALUATED",
        "UNKNOWN_DEVICE",
        "BAD_LEVEL",
    }
    own = {code: refusal for code, refusal in found.items() if code.isupper()}
    assert [code for code, refusal in own.items() if not is_spoken(refusal)] == []
    assert found["BAD_LEVEL"].text.startswith("1 was wanted for cabin1.lamp")
    assert "lift2" in found["UNKNOWN_DEVICE"].text


def test_a_permit_that_is_kept_and_one_that_begins_do_not_hinder_each_other() -> None:
    for first, second in (("outer_open", "green"), ("green", "outer_open")):
        scene = at.cabin_shows_green()
        assert scene.cycle(cabin1=DeviceWish(frozenset({first}))).granted == {function(f"cabin1.{first}")}
        both = scene.cycle(cabin1=DeviceWish(frozenset({first, second}))).granted
        assert both == {function("cabin1.green"), function("cabin1.outer_open")}


def test_h11_a_plc_whose_boot_counter_is_not_known_may_have_started_anew(tower: Scene) -> None:
    wish = DeviceWish(frozenset({"travel"}), MOVE)
    tower.cycle(lift1=wish)
    tower.bad["lift1"] = {"boot_counter"}
    assert tower.cycle(lift1=wish).outputs.devices["lift1"].command == MailboxCommand(seq=MOVE.seq)
    result = tower.cycle(lift1=DeviceWish(command=MailboxCommand(MOVE.seq + 1, C.CLEAR)))
    assert [(what, refusal.code) for what, refusal in result.withheld] == [
        (StartOf("lift1", C.CLEAR, 0), "NO_GOOD_READINGS")
    ]
    assert tower.memory.commands["lift1"] == Passed(MOVE, 1, voided=True)


def test_h09_what_begins_under_a_standing_permit_is_seen_beside_what_began_before_it() -> None:
    scene = Scene(replace(SHUTTLES, generator_movers_max=4))  # no share of the generator between the two shuttles
    scene.confirm("cabin1")
    scene.set("shuttle0", station=4)
    scene.set("shuttle1", station=12, target_left_occupied=True, target_left_clear=False)
    transfer = frozenset({"transfer"})
    assert scene.cycle(shuttle1=DeviceWish(transfer)).granted == {function("shuttle1.transfer")}
    pick = MailboxCommand(5, C.PICK_LEFT, 1)
    inner = DeviceWish(frozenset({"inner"}))
    result = scene.cycle(shuttle0=DeviceWish(transfer), shuttle1=DeviceWish(transfer, pick), cabin1=inner)
    assert result.outputs.devices["shuttle1"].command == pick
    assert function("shuttle0.transfer") in result.granted
    assert reason(result, function("cabin1.inner")) == "BEGINS_TOGETHER"


def test_a_start_that_is_forbidden_is_forbidden_under_a_standing_permit_too(tower: Scene) -> None:
    assert tower.cycle(lift1=DeviceWish(frozenset({"travel"}))).granted == {function("lift1.travel")}
    tower.set("shuttle1", referenced=False)
    result = tower.cycle(lift1=DeviceWish(frozenset({"travel"}), MOVE))
    assert function("lift1.travel") in result.granted
    assert result.outputs.devices["lift1"].command.code is C.NONE
    assert reason(result, StartOf("lift1", C.MOVE_TO_LEVEL, 2)).startswith("lift1.start-")


def test_h09_a_command_under_a_standing_permit_waits_for_what_began_before_it_in_the_same_cycle() -> None:
    scene = Scene(SHUTTLES)
    scene.set("shuttle0", station=8, load_present=True, load_clear=False)
    transfer = frozenset({"transfer"})
    assert scene.cycle(shuttle0=DeviceWish(transfer)).granted == {function("shuttle0.transfer")}
    onto = MailboxCommand(5, C.PLACE_RIGHT, 1)
    result = scene.cycle(lift1=DeviceWish(frozenset({"travel"})), shuttle0=DeviceWish(transfer, onto))
    assert result.granted == {function("lift1.travel"), function("shuttle0.transfer")}
    assert result.outputs.devices["shuttle0"].command.code is C.NONE
    assert reason(result, StartOf("shuttle0", C.PLACE_RIGHT, 1)) == "BEGINS_TOGETHER"


def test_every_refusal_that_the_gate_has_is_a_sentence() -> None:
    had = [one for one in vars(gate).values() if isinstance(one, Refusal)]
    had += [gate._unknown_device("lift9"), gate._bad_level("cabin1", "sign", 99)]
    assert len(had) >= 9
    assert [one.code for one in had if not is_spoken(one)] == []
    assert len({one.code for one in had}) == len(had)
    assert all(one.code.isupper() and one.code.replace("_", "").isalpha() and "XX" not in one.code for one in had)


def test_a_wish_is_not_asked_about_a_function_that_nobody_evaluated(tower: Scene) -> None:
    result = tower.cycle(lift1=DeviceWish(frozenset({"fly"})))
    refusal = dict(result.withheld)[function("lift1.fly")]
    assert refusal.code == "NOT_EVALUATED"
    assert refusal.text.startswith("lift1.fly was not evaluated")
    assert is_spoken(replace(refusal, text="L" + refusal.text[1:]))


def test_a_device_that_is_not_in_the_image_at_all_gets_a_heartbeat_and_nothing_else(tower: Scene) -> None:
    verdict = tower.look()
    image = tower.image()
    image = replace(image, devices={name: one for name, one in image.devices.items() if name != "lift1"})
    wishes = {"lift1": DeviceWish(frozenset({"travel"}), MOVE)}
    result = tower.gate.pass_wishes(wishes, verdict, tower.memory, heartbeat=8, epoch=EPOCH, image=image)
    out = result.outputs.devices["lift1"]
    assert (out.heartbeat, out.permits, out.command) == (8, frozenset(), MailboxCommand())
    assert {refusal.code for _, refusal in result.withheld} == {"NO_GOOD_READINGS"}


def test_an_interlocks_own_word_comes_before_the_gates(tower: Scene) -> None:
    tower.quality["lift1"] = Quality.STALE
    first = dict(tower.cycle(lift1=DeviceWish(frozenset({"travel"}))).withheld)[function("lift1.travel")]
    assert first.code.startswith("lift1.")


def test_h11_a_revoked_permit_is_told_by_the_interlock_as_long_as_that_fails(tower: Scene) -> None:
    wish = DeviceWish(frozenset({"travel"}), MOVE)
    tower.cycle(lift1=wish)
    tower.set("lift1", overhang_front_clear=False)
    for _ in range(3):
        assert reason(tower.cycle(lift1=wish), function("lift1.travel")) == "lift1.load-in-place"
    assert tower.memory.revoked == {function("lift1.travel"): MOVE.seq}


def test_the_memory_of_a_cycle_holds_what_went_out(tower: Scene) -> None:
    tower.cycle(lift1=DeviceWish(frozenset({"travel"}), MOVE))
    assert tower.memory.granted == {function("lift1.travel")}
    assert tower.memory.commands["lift1"] == Passed(MOVE, 1)
    assert tower.memory.commands["cabin1"] == Passed(MailboxCommand(), 1)
    assert tower.memory.fading == {}
    tower.scans = False
    tower.cycle()
    assert tower.memory.granted == frozenset()
    assert tower.memory.fading == {function("lift1.travel"): 2}
    assert tower.memory.active == {function("lift1.travel")}
    tower.cycle(lift1=DeviceWish(frozenset({"travel"}), MOVE))
    assert tower.memory.fading == {}
    assert tower.memory.granted == {function("lift1.travel")}


def test_the_memory_of_commands_is_the_same_while_nothing_is_commanded(tower: Scene) -> None:
    """The evaluation looks for commands that changed; the same mapping says at once that there are none."""
    tower.cycle()
    before = tower.memory.commands
    tower.cycle()
    assert tower.memory.commands is before
    tower.cycle(lift1=DeviceWish(frozenset({"travel"}), MOVE))
    assert tower.memory.commands is not before


def test_a_wish_without_a_command_takes_the_code_out_and_keeps_the_number(tower: Scene) -> None:
    tower.cycle(lift1=DeviceWish(frozenset({"travel"}), MOVE))
    result = tower.cycle(lift1=DeviceWish(command=MailboxCommand(seq=MOVE.seq)))
    assert result.outputs.devices["lift1"].command == MailboxCommand(seq=MOVE.seq)
    assert tower.memory.commands["lift1"] == Passed(MailboxCommand(seq=MOVE.seq), 1)
    result = tower.cycle(lift1=DeviceWish(command=MailboxCommand(seq=77)))
    assert result.outputs.devices["lift1"].command == MailboxCommand(seq=MOVE.seq)


def test_the_first_wish_without_a_command_sets_the_number_of_the_mailbox(tower: Scene) -> None:
    result = tower.cycle(lift1=DeviceWish(command=MailboxCommand(seq=41)))
    assert result.outputs.devices["lift1"].command == MailboxCommand(seq=41)


def test_a_stop_in_the_mailbox_is_not_voided_by_a_restart_of_its_plc(tower: Scene) -> None:
    stop = MailboxCommand(6, C.STOP)
    tower.cycle(lift1=DeviceWish(command=stop))
    tower.set("lift1", boot_counter=2)
    assert tower.cycle(lift1=DeviceWish(command=stop)).outputs.devices["lift1"].command == stop
    tower.quality["lift1"] = Quality.STALE
    assert tower.cycle(lift1=DeviceWish(command=stop)).outputs.devices["lift1"].command == stop


def test_h11_a_command_stays_voided_when_its_plc_comes_back_as_it_was(tower: Scene) -> None:
    wish = DeviceWish(frozenset({"travel"}), MOVE)
    tower.cycle(lift1=wish)
    tower.set("lift1", boot_counter=2)
    tower.cycle(lift1=wish)
    tower.set("lift1", boot_counter=1)
    result = tower.cycle(lift1=wish)
    assert result.outputs.devices["lift1"].command.code is C.NONE
    assert tower.memory.commands["lift1"] == Passed(MOVE, 1, voided=True)


def test_a_repeated_command_is_no_new_one_and_nothing_is_said_of_it(tower: Scene) -> None:
    wish = DeviceWish(frozenset({"travel"}), MOVE)
    tower.cycle(lift1=wish)
    tower.set("shuttle1", referenced=False)
    assert tower.look().start_refusal(StartOf("lift1", C.MOVE_TO_LEVEL, 2)) is not None
    assert not [what for what, _ in tower.cycle(lift1=wish).withheld if isinstance(what, StartOf)]


def test_h01_a_green_light_that_was_taken_comes_back_when_its_cause_is_gone() -> None:
    """Green starts nothing: it may come and go under one command (H11 is about motion)."""
    scene = at.cabin_shows_green()
    command = MailboxCommand(3, C.OPEN_OUTER_DOOR)
    wish = DeviceWish(frozenset({"green", "outer_open"}), command)
    assert function("cabin1.green") in scene.cycle(cabin1=wish).granted
    scene.set("cabin1", platform_locked=False)
    assert scene.cycle(cabin1=wish).granted == frozenset()
    assert scene.memory.revoked == {function("cabin1.outer_open"): 3}
    scene.set("cabin1", platform_locked=True)
    assert scene.cycle(cabin1=wish).granted == {function("cabin1.green")}


def test_a_permit_that_is_taken_without_a_command_is_not_revoked(tower: Scene) -> None:
    tower.cycle(lift1=DeviceWish(frozenset({"travel"}), MOVE))
    other = DeviceWish(frozenset({"travel"}), MailboxCommand(MOVE.seq + 1, C.UNLOCK))
    tower.set("lift1", overhang_front_clear=False)
    tower.cycle(lift1=other)
    assert tower.memory.revoked == {}


def test_safe_outputs_are_remembered_as_what_they_are(tower: Scene) -> None:
    tower.cycle(lift1=DeviceWish(frozenset({"travel"}), MOVE), cabin1=DeviceWish(frozenset({"outer_close"})))
    assert function("cabin1.outer_close") in tower.memory.granted
    stop = MailboxCommand(9, C.STOP)
    safe = tower.gate.safe_outputs(
        tower.memory, heartbeat=77, epoch=EPOCH, stops={"shuttle1": stop, "lift9": stop, "safety1": stop}
    )
    assert (safe.granted, safe.withheld, safe.defects) == (frozenset(), (), ())
    assert safe.memory.granted == frozenset()
    assert safe.memory.fading == {function("lift1.travel"): 77, function("cabin1.outer_close"): 77}
    assert safe.memory.commands["shuttle1"] == Passed(stop, None)
    assert set(safe.memory.commands) == {"lift1", "shuttle1", "cabin1", "cabin2"}
    assert safe.memory.revoked == {function("lift1.travel"): MOVE.seq, function("cabin1.outer_close"): 0}
    assert all(out.epoch == EPOCH for out in safe.outputs.devices.values())
    assert safe.outputs.devices["cabin1"].levels == {"traffic_light": 1, "sign": 1}
    assert safe.outputs.devices["lift1"].levels == {}
    again = tower.gate.safe_outputs(safe.memory, heartbeat=78, epoch=EPOCH)
    assert again.memory.fading == safe.memory.fading
    assert again.memory.revoked == safe.memory.revoked
    assert again.outputs.devices["shuttle1"].command == stop


def test_levels_that_are_not_wished_show_red_and_blank(tower: Scene) -> None:
    result = tower.cycle()
    assert result.outputs.devices["cabin1"].levels == {"traffic_light": int(TrafficLight.RED), "sign": 1}
    assert result.defects == ()


def test_one_wrong_level_does_not_take_the_other_with_it(tower: Scene) -> None:
    result = tower.cycle(cabin1=DeviceWish(levels={"traffic_light": 7, "sign": 9}), cabin2=DeviceWish(levels={"x": 0}))
    assert result.outputs.devices["cabin1"].levels == {"traffic_light": 1, "sign": 9}
    assert [defect.code for defect in result.defects] == ["BAD_LEVEL", "BAD_LEVEL"]


def test_a_verdict_of_another_cycle_is_said_to_have_evaluated_nothing(tower: Scene) -> None:
    tower.set("lift1", overhang_front_clear=False)
    old = tower.look()
    assert codes_failing(old, function("lift1.travel")) == {"lift1.load-in-place"}
    tower.set("lift1", overhang_front_clear=True)
    tower.now_ms += 20
    tower.look()
    wishes = {"lift1": DeviceWish(frozenset({"travel"}))}
    result = tower.gate.pass_wishes(wishes, old, tower.memory, heartbeat=1, epoch=EPOCH, image=tower.image())
    assert reason(result, function("lift1.travel")) == "NOT_EVALUATED"


def test_permits_are_given_in_a_stable_order_and_all_that_may_be_are_given() -> None:
    scene = at.tower_at_rest()
    scene.set("shuttle1", station=2)
    wish = DeviceWish(frozenset({"travel", "transfer"}))
    result = scene.cycle(shuttle1=wish, cabin2=DeviceWish(frozenset({"inner"})))
    assert function("shuttle1.transfer") in result.granted
    assert reason(result, function("shuttle1.travel")) == "BEGINS_TOGETHER"
