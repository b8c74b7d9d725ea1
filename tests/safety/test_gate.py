"""The gate: nothing goes out that the verdict does not hold, and dropping is always possible."""

from __future__ import annotations

import pytest

from plc_drivers.contract import CommandCode as C
from plc_drivers.contract.codes import AckResult, Axis, State, TrafficLight
from plc_drivers.outputs import MailboxCommand, PermittedOutputs, Seal, SealError, take_seal
from plc_drivers.reading import Quality
from safety.gate import Gate
from safety.verdict import StartOf, Verdict
from safety.wish import DeviceWish
from tests.safety import situations as at
from tests.safety.scene import EPOCH, SHUTTLES, TOWER, Scene, function, reason

MOVE = MailboxCommand(5, C.MOVE_TO_LEVEL, 2, 0, 0, 1000)


@pytest.fixture
def tower() -> Scene:
    return at.tower_with_pins_in()


def test_h10_the_seal_is_taken_and_nobody_else_makes_outputs() -> None:
    with pytest.raises(SealError):
        take_seal()
    with pytest.raises(SealError):
        PermittedOutputs(Seal(), {})


def test_a_wished_and_allowed_permit_and_its_command_go_out(tower: Scene) -> None:
    result = tower.cycle(lift1=DeviceWish(frozenset({"travel"}), MOVE, new_command=True))
    out = result.outputs.devices["lift1"]
    assert (out.permits, out.command, out.epoch, out.heartbeat) == (frozenset({"travel"}), MOVE, EPOCH, 1)
    assert result.granted == {function("lift1.travel")}
    assert result.withheld == ()


def test_h13_a_jog_needs_the_permit_of_the_axis_that_it_names(tower: Scene) -> None:
    jog = MailboxCommand(5, C.JOG_FORWARD, Axis.FORKS, 0, 0, 1000)
    result = tower.cycle(shuttle1=DeviceWish(frozenset(), jog, new_command=True))
    assert result.outputs.devices["shuttle1"].command.code is C.NONE
    ((_, refusal),) = result.withheld
    assert refusal.code.startswith("shuttle1.")


def test_what_is_allowed_but_not_wished_is_not_permitted(tower: Scene) -> None:
    result = tower.cycle()
    assert result.granted == frozenset()
    assert all(out.permits == frozenset() for out in result.outputs.devices.values())


def test_every_commanded_device_gets_a_heartbeat_and_the_safety_plc_gets_nothing(tower: Scene) -> None:
    outputs = tower.cycle().outputs.devices
    assert set(outputs) == {"lift1", "shuttle1", "cabin1", "cabin2"}
    assert all(out.heartbeat == 1 and out.epoch == EPOCH for out in outputs.values())


def test_h10_a_device_without_good_readings_gets_its_heartbeat_and_no_permit(tower: Scene) -> None:
    tower.quality["lift1"] = Quality.STALE
    result = tower.cycle(lift1=DeviceWish(frozenset({"travel"}), MOVE))
    out = result.outputs.devices["lift1"]
    assert (out.permits, out.command.code, out.heartbeat) == (frozenset(), C.NONE, 1)
    assert reason(result, StartOf("lift1", C.MOVE_TO_LEVEL, 2)) == "NO_GOOD_READINGS"


@pytest.mark.parametrize("owner", [EPOCH - 1, EPOCH + 1])
def test_h13_a_device_that_another_controller_owns_gets_neither_permit_nor_command(tower: Scene, owner: int) -> None:
    tower.set("lift1", owner_epoch=owner)
    result = tower.cycle(lift1=DeviceWish(frozenset({"travel"}), MOVE))
    assert result.outputs.devices["lift1"].permits == frozenset()
    assert result.outputs.devices["lift1"].command.code is C.NONE
    assert reason(result, function("lift1.travel")) == "NOT_OWNER"


def test_a_start_that_an_interlock_forbids_leaves_the_mailbox_as_it_was_until_it_may_go(tower: Scene) -> None:
    tower.set("lift1", pins_extended=True, pins_retracted=False)
    wish = DeviceWish(frozenset({"travel"}), MOVE, new_command=True)
    result = tower.cycle(lift1=wish)
    assert result.outputs.devices["lift1"].command.seq == 0
    assert reason(result, StartOf("lift1", C.MOVE_TO_LEVEL, 2)) == "lift1.start-pins-in"
    tower.set("lift1", pins_extended=False, pins_retracted=True)
    assert tower.cycle(lift1=wish).outputs.devices["lift1"].command == MOVE


def test_a_command_whose_permit_is_not_wished_does_not_go_out(tower: Scene) -> None:
    result = tower.cycle(lift1=DeviceWish(frozenset(), MOVE))
    assert result.outputs.devices["lift1"].command.code is C.NONE


def test_a_passed_command_stays_in_the_mailbox_whatever_its_start_interlock_says_later(tower: Scene) -> None:
    """Going back to an older number would be a new command for the PLC."""
    wish = DeviceWish(frozenset({"travel"}), MOVE, new_command=True)
    tower.cycle(lift1=wish)
    tower.set("shuttle1", referenced=False)
    assert tower.cycle(lift1=wish).outputs.devices["lift1"].command == MOVE
    assert tower.cycle().outputs.devices["lift1"].command.seq == MOVE.seq


def test_a_stop_is_never_withheld(tower: Scene) -> None:
    tower.quality["lift1"] = Quality.MISSING
    tower.set("lift1", owner_epoch=99, state=State.ABORTED)
    stop = MailboxCommand(6, C.STOP)
    assert tower.cycle(lift1=DeviceWish(command=stop)).outputs.devices["lift1"].command == stop


def test_a_clear_needs_no_permit_and_no_interlock(tower: Scene) -> None:
    tower.set("lift1", state=State.ABORTED)
    clear = MailboxCommand(6, C.CLEAR, valid_ms=1000)
    assert tower.cycle(lift1=DeviceWish(command=clear)).outputs.devices["lift1"].command == clear


def test_a_command_that_the_kind_does_not_have_is_not_passed(tower: Scene) -> None:
    result = tower.cycle(lift1=DeviceWish(frozenset({"travel"}), MailboxCommand(5, C.ROTATE)))
    assert result.outputs.devices["lift1"].command.code is C.NONE
    assert reason(result, StartOf("lift1", C.ROTATE, 0)) == "NOT_EVALUATED"


@pytest.mark.parametrize("depth", [0, 3])
def test_h06_a_depth_that_no_interlock_speaks_of_is_not_passed(depth: int) -> None:
    scene = at.tower_at_rest()
    scene.set("shuttle1", station=5, load_present=True, load_clear=False)
    wish = DeviceWish(frozenset({"transfer"}), MailboxCommand(5, C.PLACE_LEFT, depth))
    assert reason(scene.cycle(shuttle1=wish), StartOf("shuttle1", C.PLACE_LEFT, depth)) == "NOT_EVALUATED"


@pytest.mark.parametrize(
    ("code", "depth", "tags", "passes"),
    [
        (C.PLACE_LEFT, 1, {}, True),
        (C.PLACE_LEFT, 1, {"target_left_clear": False}, False),
        (C.PLACE_LEFT, 1, {"target_left_occupied": True}, False),
        (C.PLACE_LEFT, 1, {"load_present": False}, False),
        (C.PLACE_LEFT, 1, {"load_clear": True}, False),
        (C.PLACE_LEFT, 1, {"load_centred": False}, False),
        (C.PLACE_LEFT, 2, {}, False),
        (C.PLACE_LEFT, 2, {"rear_left_clear": True}, True),
        (C.PLACE_LEFT, 2, {"rear_left_clear": True, "rear_left_occupied": True}, False),
        (C.PLACE_LEFT, 2, {"rear_left_clear": True, "target_left_clear": False}, False),
        (C.PICK_LEFT, 1, {"target_left_occupied": True, "target_left_clear": False}, False),
        (C.PICK_LEFT, 1, {"load_present": False, "load_clear": True}, False),
        (
            C.PICK_LEFT,
            1,
            {"load_present": False, "load_clear": True, "target_left_occupied": True, "target_left_clear": False},
            True,
        ),
        (C.PICK_LEFT, 2, {"load_present": False, "load_clear": True, "rear_left_occupied": True}, True),
        (
            C.PICK_LEFT,
            2,
            {"load_present": False, "load_clear": True, "rear_left_occupied": True, "target_left_occupied": True},
            False,
        ),
    ],
)
def test_h06_deck_and_target_are_proven_by_two_detectors_before_a_transfer(
    code: C, depth: int, tags: dict[str, bool], *, passes: bool
) -> None:
    scene = at.tower_at_rest()
    scene.set("shuttle1", station=5, load_present=True, load_clear=False)
    scene.set("shuttle1", **tags)
    out = scene.cycle(shuttle1=DeviceWish(frozenset({"transfer"}), MailboxCommand(5, code, depth)))
    assert (out.outputs.devices["shuttle1"].command.code is code) is passes


def test_h05_a_car_is_not_set_down_in_a_cabin_that_sees_one_itself() -> None:
    scene = at.tower_at_rest()
    scene.set("shuttle1", station=2, load_present=True, load_clear=False)
    scene.set("cabin1", inner_open=True, inner_closed=False, inner_locked=False)
    place = StartOf("shuttle1", C.PLACE_LEFT, 1)
    assert scene.look().start_refusal(place) is None
    for wrong in ({"vehicle_present": True}, {"vehicle_clear": False}):
        refusal = scene.verdict_if("cabin1", **wrong).start_refusal(place)
        assert refusal is not None
        assert refusal.code == "shuttle1.place-free-cabin1-at-0-2"


def test_one_number_never_carries_two_commands(tower: Scene) -> None:
    tower.cycle(lift1=DeviceWish(frozenset({"travel"}), MOVE))
    other = MailboxCommand(MOVE.seq, C.UNLOCK, valid_ms=1000)
    result = tower.cycle(lift1=DeviceWish(frozenset({"travel"}), other))
    assert result.outputs.devices["lift1"].command == MOVE
    assert reason(result, StartOf("lift1", C.UNLOCK, 0)) == "SEQUENCE_REUSED"


def test_h11_a_plc_that_started_anew_finds_no_command_behind_the_number(tower: Scene) -> None:
    wish = DeviceWish(frozenset({"travel"}), MOVE)
    tower.cycle(lift1=wish)
    tower.set("lift1", boot_counter=2)
    result = tower.cycle(lift1=wish)
    assert result.outputs.devices["lift1"].command == MailboxCommand(seq=MOVE.seq)
    assert reason(result, StartOf("lift1", C.MOVE_TO_LEVEL, 2)) == "COMMAND_VOIDED"
    later = MailboxCommand(MOVE.seq + 1, C.MOVE_TO_LEVEL, 2)
    result = tower.cycle(lift1=DeviceWish(frozenset({"travel"}), later))
    assert result.outputs.devices["lift1"].command == later


def test_h11_a_command_given_before_a_loss_of_readings_is_not_there_when_they_come_back(tower: Scene) -> None:
    wish = DeviceWish(frozenset({"travel"}), MOVE)
    tower.cycle(lift1=wish)
    tower.quality["lift1"] = Quality.STALE
    tower.cycle(lift1=wish)
    tower.quality["lift1"] = Quality.GOOD
    out = tower.cycle(lift1=wish).outputs.devices["lift1"]
    assert (out.permits, out.command.code) == (frozenset(), C.NONE)


def test_h11_a_permit_that_safety_took_under_a_command_comes_back_only_with_another_command(tower: Scene) -> None:
    wish = DeviceWish(frozenset({"travel"}), MOVE)
    tower.cycle(lift1=wish)
    tower.set("lift1", overhang_front_clear=False)
    assert reason(tower.cycle(lift1=wish), function("lift1.travel")) == "lift1.load-in-place"
    tower.set("lift1", overhang_front_clear=True)
    for _ in range(3):
        result = tower.cycle(lift1=wish)
        assert result.granted == frozenset()
        assert reason(result, function("lift1.travel")) == "REVOKED"
    again = MailboxCommand(MOVE.seq + 1, C.MOVE_TO_LEVEL, 2)
    assert tower.cycle(lift1=DeviceWish(frozenset({"travel"}), again)).granted == {function("lift1.travel")}


def test_h11_a_permit_that_the_core_gave_up_meanwhile_may_be_asked_for_again(tower: Scene) -> None:
    wish = DeviceWish(frozenset({"travel"}), MOVE)
    tower.cycle(lift1=wish)
    tower.set("lift1", overhang_front_clear=False)
    tower.cycle(lift1=wish)
    tower.set("lift1", overhang_front_clear=True)
    tower.cycle()
    assert tower.memory.revoked == {}


def test_h09_two_functions_that_exclude_each_other_never_begin_in_one_cycle() -> None:
    scene = at.tower_at_rest()
    travel = DeviceWish(frozenset({"travel"}))
    result = scene.cycle(lift1=travel, shuttle1=travel)
    assert len(result.granted) == 1
    assert reason(result, function("shuttle1.travel")) == "BEGINS_TOGETHER"
    result = scene.cycle(lift1=travel, shuttle1=travel)
    assert result.granted == {function("lift1.travel")}


def test_h09_a_command_under_a_standing_permit_counts_as_a_beginning() -> None:
    """The transfer permit alone is harmless to a cabin across; the command into it in this very cycle is not."""
    scene = at.tower_at_rest()
    scene.set("shuttle1", station=2, load_present=True, load_clear=False)
    scene.set("cabin1", inner_open=True, inner_closed=False, inner_locked=False)
    transfer = frozenset({"transfer"})
    assert scene.cycle(shuttle1=DeviceWish(transfer)).granted == {function("shuttle1.transfer")}
    into = MailboxCommand(5, C.PLACE_LEFT, 1)
    result = scene.cycle(cabin1=DeviceWish(frozenset({"inner"})), shuttle1=DeviceWish(transfer, into))
    started = result.outputs.devices["shuttle1"].command.code is C.PLACE_LEFT
    assert started is not (function("cabin1.inner") in result.granted)


def test_h09_a_dropped_permit_still_counts_until_the_plc_has_seen_it_dropped() -> None:
    scene = at.tower_at_rest()
    scene.cycle(shuttle1=DeviceWish(frozenset({"travel"})))
    scene.set("shuttle1", holds_travel=False)
    scene.scans = False
    scene.cycle()
    assert function("lift1.travel") not in scene.cycle(lift1=DeviceWish(frozenset({"travel"}))).granted
    scene.set("shuttle1", heartbeat_echo=scene.heartbeat)
    assert function("lift1.travel") in scene.cycle(lift1=DeviceWish(frozenset({"travel"}))).granted


def test_h01_green_shows_only_with_its_permit() -> None:
    scene = at.cabin_shows_green()
    levels = {"traffic_light": int(TrafficLight.GREEN), "sign": 9}
    wish = DeviceWish(frozenset({"green"}), levels=levels)
    assert scene.cycle(cabin1=wish).outputs.devices["cabin1"].levels == levels
    assert scene.cycle(cabin1=DeviceWish(levels=levels)).outputs.devices["cabin1"].levels["traffic_light"] == 1
    scene.set("cabin1", platform_locked=False)
    assert scene.cycle(cabin1=wish).outputs.devices["cabin1"].levels["traffic_light"] == TrafficLight.RED


def test_a_level_that_the_contract_does_not_admit_is_a_defect_and_shows_red(tower: Scene) -> None:
    result = tower.cycle(cabin1=DeviceWish(levels={"traffic_light": 7, "lamp": 1}))
    assert result.outputs.devices["cabin1"].levels == {"traffic_light": 1, "sign": 1}
    assert [defect.code for defect in result.defects] == ["BAD_LEVEL", "BAD_LEVEL"]


def test_a_wish_for_a_device_that_takes_no_commands_is_a_defect(tower: Scene) -> None:
    result = tower.cycle(safety1=DeviceWish(frozenset({"reset"})))
    assert [defect.code for defect in result.defects] == ["UNKNOWN_DEVICE"]
    assert "safety1" not in result.outputs.devices


def test_h10_a_verdict_of_another_cycle_permits_nothing(tower: Scene) -> None:
    old = tower.look()
    tower.now_ms += 20
    tower.look()
    wishes = {"lift1": DeviceWish(frozenset({"travel"}))}
    result = tower.gate.pass_wishes(wishes, old, tower.memory, heartbeat=1, epoch=EPOCH, image=tower.image())
    assert result.granted == frozenset()
    assert isinstance(old, Verdict)


def test_safe_outputs_drop_every_permit_keep_the_heartbeat_and_leave_the_mailbox(tower: Scene) -> None:
    wish = DeviceWish(frozenset({"travel"}), MOVE)
    tower.cycle(lift1=wish)
    stop = MailboxCommand(9, C.STOP)
    safe = tower.gate.safe_outputs(
        tower.memory, heartbeat=77, epoch=EPOCH, stops={"shuttle1": stop, "cabin1": MailboxCommand(3, C.ROTATE)}
    )
    out = safe.outputs.devices
    assert all(one.permits == frozenset() and one.heartbeat == 77 for one in out.values())
    assert out["lift1"].command == MOVE
    assert out["shuttle1"].command == stop
    assert out["cabin1"].command.code is C.NONE
    assert out["cabin1"].levels["traffic_light"] == TrafficLight.RED
    tower.memory = safe.memory
    assert tower.cycle(lift1=wish).granted == frozenset()


def test_a_refused_command_no_longer_counts_as_on_its_way() -> None:
    scene = Scene(SHUTTLES)
    scene.set("shuttle0", station=8, load_present=True, load_clear=False)
    wish = DeviceWish(frozenset({"transfer"}), MailboxCommand(5, C.PLACE_RIGHT, 1))
    assert scene.cycle(shuttle0=wish).outputs.devices["shuttle0"].command.code is C.PLACE_RIGHT
    travel = DeviceWish(frozenset({"travel"}))
    assert function("lift1.travel") not in scene.cycle(shuttle0=wish, lift1=travel).granted
    scene.set("shuttle0", ack_seq=5, ack_result=AckResult.EXPIRED)
    scene.cycle()
    scene.cycle()
    assert function("lift1.travel") in scene.cycle(lift1=travel).granted


def test_a_gate_can_be_made_for_each_garage_with_the_one_seal() -> None:
    assert Gate(Scene(TOWER).logic) is not Gate(Scene(SHUTTLES).logic)
