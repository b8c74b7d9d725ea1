"""The contract's rules one by one, on the core that every emulated PLC runs."""

from __future__ import annotations

import pytest

from plc_drivers.contract import LIFT, CommandCode, TagType
from plc_drivers.contract.codes import AckResult, DoneResult, FaultCode, Health, Mode, State, StopWay
from sim_hardware.plc.commanded import CommandedPlc
from sim_hardware.plc.registers import Refused, WriteRefusedError
from tests.sim_hardware.plc.bench import BenchProgram, Hand, cleared_bench

MOVE = CommandCode.MOVE_TO_LEVEL


# --- identity, heartbeat, restart ---------------------------------------------------------------------------


def test_a_plc_names_itself_and_waits_for_a_clear_after_its_start() -> None:
    hand = Hand(CommandedPlc(LIFT, "lift1", 7, BenchProgram()))
    hand.scan()
    assert (hand.read("device_id"), hand.read("contract_version"), hand.read("device_kind")) == (7, 1, 1)
    assert (hand.state(), hand.fault()) == (State.STOPPED, FaultCode.PLC_RESTARTED)
    assert hand.ack == (0, AckResult.NONE)
    assert hand.done == (0, DoneResult.NONE)


def test_every_status_value_is_one_that_the_contract_allows() -> None:
    hand, _ = cleared_bench()
    for tag, value in zip(LIFT.status, hand.plc.status(), strict=True):
        assert (tag.wire is TagType.BOOL) is isinstance(value, bool)
        assert tag.admits(value), tag.name


def test_the_heartbeat_counts_scans_and_the_echo_follows_the_controller() -> None:
    hand, _ = cleared_bench()
    before = int(hand.read("heartbeat"))
    hand.cycle(3)
    assert int(hand.read("heartbeat")) == before + 3
    assert hand.read("heartbeat_echo") == hand.heartbeat


def test_status_is_that_of_the_last_scan_until_the_next_one() -> None:
    hand, _ = cleared_bench()
    seen = tuple(hand.plc.status())
    hand.write()
    assert tuple(hand.plc.status()) == seen


def test_h11_a_power_cycle_voids_command_permits_and_answers_and_shows_in_the_boot_counter() -> None:
    hand, program = cleared_bench()
    hand.command(MOVE, 2)
    assert hand.state() is State.EXECUTING
    hand.plc.power_cycle()
    hand.scan()
    assert hand.read("boot_counter") == 2
    assert (hand.state(), hand.fault()) == (State.STOPPED, FaultCode.PLC_RESTARTED)
    assert hand.read("holds_travel") is False
    assert hand.read("heartbeat_echo") == 0
    assert hand.ack == (0, AckResult.NONE)
    assert program.cuts >= 1
    hand.cycle(100)
    assert hand.state() is State.STOPPED
    assert len(program.begun) == 1


def test_h11_a_command_left_in_the_mailbox_does_not_run_after_a_power_cycle() -> None:
    hand, program = cleared_bench()
    hand.cycle(50)
    hand.command(MOVE, 2)
    hand.plc.power_cycle()
    hand.cycle(5)
    assert hand.ack == (0, AckResult.NONE), "the first number after a start is taken for seen, not answered"
    assert len(program.begun) == 1


def test_h11_a_clear_left_in_the_mailbox_does_not_clear_after_a_power_cycle() -> None:
    hand, _ = cleared_bench()
    hand.cycle(50)
    hand.command(CommandCode.CLEAR)
    hand.plc.power_cycle()
    hand.cycle(50)
    assert hand.state() is State.STOPPED


def test_h13_the_highest_epoch_survives_a_power_cycle() -> None:
    hand, _ = cleared_bench()
    hand.epoch = 9
    hand.cycle()
    hand.plc.power_cycle()
    hand.cycle()
    assert hand.read("owner_epoch") == 9
    hand.epoch = 8
    hand.command(CommandCode.CLEAR)
    assert hand.ack[1] is AckResult.NOT_OWNER


# --- mailbox ------------------------------------------------------------------------------------------------


def test_a_command_is_acknowledged_then_done_with_its_number() -> None:
    hand, program = cleared_bench()
    seq = hand.command(MOVE, 3)
    assert hand.ack == (seq, AckResult.ACCEPTED)
    assert hand.read("active_command") == MOVE
    hand.cycle(20)
    assert hand.done == (seq, DoneResult.OK)
    assert (hand.state(), hand.read("active_command")) == (State.IDLE, 0)
    assert program.begun == [(MOVE, 3)]


def test_a_repeated_number_is_no_new_command_even_with_another_code() -> None:
    hand, program = cleared_bench()
    seq = hand.command(MOVE, 3)
    hand.cycle(20)
    hand.mailbox["cmd_arg1"] = 1
    hand.cycle(20)
    assert program.begun == [(MOVE, 3)]
    assert hand.done == (seq, DoneResult.OK)


def test_of_two_writes_between_scans_only_the_last_is_latched() -> None:
    hand, program = cleared_bench()
    issued = hand.read("clock_ms")
    for seq, level in ((40, 1), (41, 2)):
        hand.mailbox.update(cmd_code=10, cmd_arg1=level, cmd_seq=seq, cmd_issued_ms=issued, cmd_valid_ms=1000)
        hand.write()
    hand.scan()
    assert program.begun == [(MOVE, 2)]
    assert hand.ack == (41, AckResult.ACCEPTED)


def test_an_emptied_mailbox_is_not_answered() -> None:
    hand, _ = cleared_bench()
    before = hand.ack
    hand.mailbox.update(cmd_code=0, cmd_seq=0)
    hand.cycle(3)
    assert hand.ack == before


def test_sequence_numbers_may_wrap() -> None:
    hand, program = cleared_bench()
    hand.mailbox["cmd_seq"] = 65534
    hand.command(MOVE, 1)
    hand.cycle(20)
    hand.command(MOVE, 2)
    assert hand.ack == (0, AckResult.ACCEPTED)
    assert program.begun == [(MOVE, 1), (MOVE, 2)]


@pytest.mark.parametrize(
    ("code", "arg1", "more", "expected"),
    [
        (CommandCode.ROTATE, 0, {}, AckResult.UNKNOWN_COMMAND),
        (MOVE, 99, {}, AckResult.BAD_ARGUMENT),
        (MOVE, 1, {"cmd_arg2": 5}, AckResult.BAD_ARGUMENT),
        (CommandCode.LOCK, 1, {}, AckResult.BAD_ARGUMENT),
        (MOVE, 1, {"cmd_valid_ms": 0}, AckResult.EXPIRED),
        (MOVE, 1, {"cmd_issued_ms": 4_000_000_000}, AckResult.EXPIRED),
    ],
)
def test_a_refusal_is_coded_and_changes_nothing(
    code: CommandCode, arg1: int, more: dict[str, int], expected: AckResult
) -> None:
    hand, program = cleared_bench()
    done = hand.done
    seq = hand.command(code, arg1, **more)
    assert hand.ack == (seq, expected)
    hand.cycle(20)
    assert program.begun == []
    assert (hand.state(), hand.done, hand.read("active_command")) == (State.IDLE, done, 0)


@pytest.mark.parametrize(("age_ms", "expected"), [(990, AckResult.ACCEPTED), (1010, AckResult.EXPIRED)])
def test_a_command_older_than_its_validity_is_refused_as_expired(age_ms: int, expected: AckResult) -> None:
    hand, _ = cleared_bench()
    hand.cycle(200)
    clock_at_latch = int(hand.read("clock_ms")) + 10
    hand.command(MOVE, 1, cmd_issued_ms=clock_at_latch - age_ms)
    assert hand.ack[1] is expected


def test_while_executing_only_stop_is_accepted() -> None:
    hand, program = cleared_bench()
    seq = hand.command(MOVE, 1)
    for code in (MOVE, CommandCode.CLEAR, CommandCode.LOCK):
        hand.command(code)
        assert hand.ack[1] is AckResult.BUSY
    assert program.begun == [(MOVE, 1)]
    hand.cycle(20)
    assert hand.done == (seq, DoneResult.OK)


def test_stop_supersedes_and_only_its_own_number_ends() -> None:
    hand, program = cleared_bench()
    move = hand.command(MOVE, 1)
    program.coast_scans = 5
    stop = hand.command(CommandCode.STOP)
    assert hand.ack == (stop, AckResult.ACCEPTED)
    assert hand.state() is State.STOPPING
    assert hand.done[0] not in {move, stop}
    hand.cycle(10)
    assert hand.done == (stop, DoneResult.OK)
    assert hand.state() is State.IDLE


def test_a_stop_of_category_1_takes_the_power_after_standstill_and_needs_a_clear() -> None:
    hand, program = cleared_bench()
    move = hand.command(MOVE, 1)
    program.coast_scans = 5
    stop = hand.command(CommandCode.STOP, StopWay.STOP_THEN_OFF)
    assert (hand.state(), hand.read("holds_travel"), program.cuts) == (State.STOPPING, False, 0)
    hand.cycle(10)
    assert hand.done == (stop, DoneResult.OK)
    assert (hand.state(), hand.fault(), program.cuts) == (State.STOPPED, FaultCode.TRIPPED, 1)
    assert hand.command(MOVE, 2) != move
    assert hand.ack[1] is AckResult.WRONG_STATE
    hand.command(CommandCode.CLEAR)
    assert (hand.state(), hand.fault()) == (State.IDLE, FaultCode.NONE)


def test_a_stop_of_category_0_takes_the_power_at_once_and_needs_a_clear() -> None:
    hand, program = cleared_bench()
    hand.command(MOVE, 1)
    program.coast_scans = 5
    stop = hand.command(CommandCode.STOP, StopWay.POWER_OFF)
    assert program.cuts == 1
    assert hand.done == (stop, DoneResult.OK)
    assert (hand.state(), hand.fault()) == (State.ABORTED, FaultCode.TRIPPED)
    hand.command(CommandCode.CLEAR)
    assert (hand.state(), hand.fault()) == (State.IDLE, FaultCode.NONE)


@pytest.mark.parametrize("way", [StopWay.STOP_THEN_OFF, StopWay.POWER_OFF])
def test_a_device_that_rests_loses_its_power_with_a_stop_of_category_1_or_0_as_well(way: StopWay) -> None:
    hand, program = cleared_bench()
    stop = hand.command(CommandCode.STOP, way)
    hand.cycle()
    assert hand.done == (stop, DoneResult.OK)
    assert hand.fault() is FaultCode.TRIPPED
    assert program.cuts == 1


def test_a_stop_in_an_unknown_way_is_refused_and_changes_nothing() -> None:
    hand, _ = cleared_bench()
    move = hand.command(MOVE, 1)
    hand.command(CommandCode.STOP, 3)
    assert hand.ack[1] is AckResult.BAD_ARGUMENT
    assert hand.state() is State.EXECUTING
    hand.cycle(20)
    assert hand.done == (move, DoneResult.OK)


@pytest.mark.parametrize("circuit", [FaultCode.NONE, FaultCode.EMERGENCY_STOP])
def test_stop_is_accepted_in_every_state_and_leaves_it(circuit: FaultCode) -> None:
    hand, program = cleared_bench()
    program.circuit = circuit
    hand.cycle()
    state = hand.state()
    seq = hand.command(CommandCode.STOP, cmd_valid_ms=0)
    assert hand.ack == (seq, AckResult.ACCEPTED)
    assert hand.done == (seq, DoneResult.OK)
    assert hand.state() is state


def test_an_interlock_refusal_of_the_program_is_reported() -> None:
    hand, program = cleared_bench()
    program.answer = AckResult.INTERLOCKED
    seq = hand.command(MOVE, 1)
    assert hand.ack == (seq, AckResult.INTERLOCKED)
    hand.permits.clear()
    hand.cycle()
    seq = hand.command(MOVE, 1)
    assert hand.ack == (seq, AckResult.NO_PERMIT)


# --- permits ------------------------------------------------------------------------------------------------


def test_without_its_permit_a_command_is_refused() -> None:
    hand, program = cleared_bench()
    hand.permits.clear()
    hand.command(MOVE, 1)
    assert hand.ack[1] is AckResult.NO_PERMIT
    assert program.begun == []


def test_a_lost_permit_is_a_controlled_stop_and_nothing_resumes_when_it_comes_back() -> None:
    hand, program = cleared_bench()
    seq = hand.command(MOVE, 1)
    program.coast_scans = 3
    hand.permits.clear()
    hand.cycle()
    assert (hand.state(), hand.read("holds_travel")) == (State.STOPPING, False)
    hand.permits.add("travel")
    hand.cycle(30)
    assert hand.done == (seq, DoneResult.PERMIT_LOST)
    assert hand.state() is State.IDLE
    assert program.cuts == 0
    assert len(program.begun) == 1


def test_holds_shows_the_permits_that_are_acted_upon() -> None:
    hand, program = cleared_bench()
    hand.cycle()
    assert hand.read("holds_travel") is True
    program.circuit = FaultCode.EMERGENCY_STOP
    hand.cycle()
    assert hand.read("holds_travel") is False


# --- owner --------------------------------------------------------------------------------------------------


def test_h13_a_new_owner_s_number_is_taken_for_seen_and_not_executed() -> None:
    hand, program = cleared_bench()
    hand.epoch = 5
    hand.mailbox.update(cmd_code=10, cmd_arg1=2, cmd_seq=77, cmd_issued_ms=hand.read("clock_ms"), cmd_valid_ms=1000)
    hand.cycle(5)
    assert hand.read("owner_epoch") == 5
    assert program.begun == []
    hand.command(MOVE, 3)
    assert hand.ack == (78, AckResult.ACCEPTED)


def test_h13_an_older_owner_is_refused_and_its_permits_count_for_nothing() -> None:
    hand, program = cleared_bench()
    hand.epoch = 5
    hand.cycle()
    hand.epoch = 4
    seq = hand.command(MOVE, 1)
    assert hand.ack == (seq, AckResult.NOT_OWNER)
    assert (hand.read("owner_epoch"), hand.read("holds_travel")) == (5, False)
    assert program.begun == []


def test_h13_an_older_owner_s_number_does_not_make_the_owner_s_command_run_twice() -> None:
    hand, program = cleared_bench()
    hand.epoch = 5
    hand.cycle()
    hand.command(MOVE, 1)
    hand.cycle(20)
    own = dict(hand.mailbox)
    hand.epoch = 4
    hand.command(MOVE, 2)
    hand.epoch, hand.mailbox = 5, own
    hand.cycle(20)
    assert program.begun == [(MOVE, 1)]


def test_h13_an_older_owner_s_heartbeat_does_not_feed_the_watchdog() -> None:
    hand, _ = cleared_bench()
    hand.epoch = 5
    hand.cycle()
    hand.epoch = 4
    hand.cycle(60)
    assert (hand.state(), hand.fault()) == (State.STOPPED, FaultCode.CONTROLLER_LOST)


def test_registers_that_nobody_has_written_own_nothing() -> None:
    hand = Hand(CommandedPlc(LIFT, "lift1", 7, BenchProgram()), epoch=0)
    hand.scan()
    hand.command(CommandCode.CLEAR)
    assert hand.ack[1] is AckResult.NOT_OWNER
    assert hand.state() is State.STOPPED


# --- watchdog -----------------------------------------------------------------------------------------------


def test_h10_a_silent_controller_means_a_controlled_stop_then_stopped_until_cleared() -> None:
    hand, program = cleared_bench()
    program.takes_ms = 60_000
    seq = hand.command(MOVE, 1)
    for _ in range(60):
        hand.scan()
    assert (hand.state(), hand.fault()) == (State.STOPPED, FaultCode.CONTROLLER_LOST)
    assert hand.done == (seq, DoneResult.CONTROLLER_LOST)
    assert hand.read("holds_travel") is False
    assert program.cuts == 0
    hand.cycle(5)
    assert hand.state() is State.STOPPED
    hand.command(MOVE, 2)
    assert hand.ack[1] is AckResult.WRONG_STATE
    hand.command(CommandCode.CLEAR)
    assert hand.state() is State.IDLE
    assert program.begun == [(MOVE, 1)]


def test_h10_writes_with_a_frozen_heartbeat_do_not_keep_the_device_moving() -> None:
    hand, program = cleared_bench()
    program.takes_ms = 60_000
    hand.command(MOVE, 1)
    hand.beats = False
    hand.cycle(60)
    assert hand.fault() is FaultCode.CONTROLLER_LOST


def test_the_controller_time_out_is_shown_and_kept() -> None:
    plc = CommandedPlc(LIFT, "lift1", 7, BenchProgram(), controller_timeout_ms=200)
    hand = Hand(plc)
    hand.scan()
    hand.cycle(2)
    hand.command(CommandCode.CLEAR)
    assert hand.read("controller_timeout_ms") == 200
    for _ in range(20):
        hand.scan()
    assert hand.state() is State.IDLE
    hand.scan()
    assert hand.fault() is FaultCode.CONTROLLER_LOST


def test_h10_a_clear_without_a_living_controller_is_refused() -> None:
    hand, _ = cleared_bench()
    for _ in range(60):
        hand.scan()
    hand.beats = False
    hand.command(CommandCode.CLEAR)
    assert hand.ack[1] is AckResult.WRONG_STATE


# --- faults, safety circuit, modes --------------------------------------------------------------------------


@pytest.mark.parametrize("cause", [FaultCode.EMERGENCY_STOP, FaultCode.GUARD_OPEN])
def test_h12_an_open_safety_circuit_aborts_at_once_and_is_left_only_by_clear_after_it_closed(cause: FaultCode) -> None:
    hand, program = cleared_bench()
    seq = hand.command(MOVE, 1)
    program.circuit = cause
    hand.cycle()
    assert (hand.state(), hand.fault()) == (State.ABORTED, cause)
    assert hand.done == (seq, DoneResult.FAULT)
    assert program.cuts >= 1
    hand.command(CommandCode.CLEAR)
    assert hand.ack[1] is AckResult.WRONG_STATE
    program.circuit = FaultCode.NONE
    hand.cycle(5)
    assert hand.state() is State.ABORTED
    hand.command(CommandCode.CLEAR)
    assert (hand.state(), hand.fault()) == (State.IDLE, FaultCode.NONE)
    assert len(program.begun) == 1


def test_a_fault_that_ends_an_action_aborts_and_reports_failure() -> None:
    hand, program = cleared_bench()
    program.ends = FaultCode.LOCK_FAULT
    seq = hand.command(CommandCode.LOCK)
    hand.cycle(20)
    assert (hand.state(), hand.fault()) == (State.ABORTED, FaultCode.LOCK_FAULT)
    assert hand.done == (seq, DoneResult.FAULT)
    assert hand.read("health") == Health.FAILURE


def test_a_standing_fault_aborts_an_idle_device_too() -> None:
    hand, program = cleared_bench()
    program.fault = FaultCode.SLACK_ROPE
    hand.cycle()
    assert (hand.state(), hand.fault()) == (State.ABORTED, FaultCode.SLACK_ROPE)
    hand.command(CommandCode.CLEAR)
    assert hand.ack[1] is AckResult.WRONG_STATE


def test_clear_leads_to_not_referenced_where_the_position_is_unknown_and_moves_nothing() -> None:
    hand, program = cleared_bench()
    program.referenced = False
    hand.plc.power_cycle()
    hand.cycle(2)
    hand.command(CommandCode.CLEAR)
    assert hand.state() is State.NOT_REFERENCED
    assert program.begun == []
    program.referenced = True
    hand.cycle()
    assert hand.state() is State.IDLE


def test_h13_turning_the_key_ends_the_command_and_coming_back_needs_a_clear() -> None:
    hand, program = cleared_bench()
    seq = hand.command(MOVE, 1)
    program.key = Mode.MANUAL
    hand.cycle(2)
    assert (hand.state(), hand.read("mode")) == (State.MANUAL, Mode.MANUAL)
    assert hand.done == (seq, DoneResult.MODE_CHANGED)
    assert (hand.read("holds_travel"), hand.read("health")) == (False, Health.FUNCTION_CHECK)
    hand.command(MOVE, 2)
    assert hand.ack[1] is AckResult.WRONG_MODE
    program.key = Mode.AUTOMATIC
    hand.cycle(2)
    assert hand.state() is State.STOPPED
    hand.command(CommandCode.CLEAR)
    assert hand.state() is State.IDLE


# --- writes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"no_such_tag": 1}, Refused.UNKNOWN_TAG),
        ({"position_mm": 1}, Refused.NOT_WRITABLE),
        ({"cmd_code": 999}, Refused.OUT_OF_RANGE),
        ({"cmd_seq": 70_000}, Refused.OUT_OF_RANGE),
        ({"cmd_seq": True}, Refused.WRONG_TYPE),
        ({"permit_travel": 1}, Refused.WRONG_TYPE),
        ({"cmd_arg1": 1.5}, Refused.WRONG_TYPE),
    ],
)
def test_a_write_that_is_not_understood_is_refused_as_a_whole(values: dict[str, float], reason: Refused) -> None:
    hand, _ = cleared_bench()
    plc = hand.plc
    before = dict(plc.registers.values)
    with pytest.raises(WriteRefusedError) as refusal:
        plc.write({"controller_heartbeat": 4711, **values})
    assert refusal.value.reason is reason
    assert plc.registers.values == before
