"""One stop upon another: which ending is told, and in which state the PLC is left."""

from __future__ import annotations

from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import AckResult, DoneResult, FaultCode, Mode, State
from tests.sim_hardware.plc.bench import BenchProgram, Hand, cleared_bench

MOVE = CommandCode.MOVE_TO_LEVEL


def coasting_bench() -> tuple[Hand, BenchProgram, int]:
    """A command that runs on for long, and coasts for two seconds when it is stopped."""
    hand, program = cleared_bench()
    program.takes_ms = 60_000
    program.coast_scans = 200
    return hand, program, hand.command(MOVE, 1)


def fall_silent(hand: Hand) -> None:
    for _ in range(60):
        hand.scan()
    assert hand.state() is State.STOPPING


def coast_to_the_end(hand: Hand) -> tuple[State, FaultCode, tuple[int, DoneResult]]:
    hand.cycle(250)
    return hand.state(), hand.fault(), hand.done


def test_h10_a_controller_lost_while_a_lost_permit_stops_keeps_the_ending_and_leaves_stopped() -> None:
    hand, _, seq = coasting_bench()
    hand.permits.clear()
    hand.cycle()
    fall_silent(hand)
    end = (State.STOPPED, FaultCode.CONTROLLER_LOST, (seq, DoneResult.PERMIT_LOST))
    assert coast_to_the_end(hand) == end


def test_h10_a_controller_lost_while_a_stop_is_carried_out_leaves_stopped_with_the_stop_s_number() -> None:
    hand, _, _ = coasting_bench()
    stop = hand.command(CommandCode.STOP)
    fall_silent(hand)
    assert coast_to_the_end(hand) == (State.STOPPED, FaultCode.CONTROLLER_LOST, (stop, DoneResult.OK))


def test_h10_a_stop_during_the_stop_for_a_lost_controller_ends_ok_and_clears_nothing() -> None:
    hand, _, _ = coasting_bench()
    fall_silent(hand)
    stop = hand.command(CommandCode.STOP)
    assert hand.ack == (stop, AckResult.ACCEPTED)
    assert coast_to_the_end(hand) == (State.STOPPED, FaultCode.CONTROLLER_LOST, (stop, DoneResult.OK))


def test_h13_a_key_turned_while_a_lost_controller_stops_leads_to_manual() -> None:
    hand, program, seq = coasting_bench()
    fall_silent(hand)
    program.key = Mode.MANUAL
    assert coast_to_the_end(hand) == (State.MANUAL, FaultCode.NONE, (seq, DoneResult.CONTROLLER_LOST))


def test_h12_a_fault_during_a_stop_aborts_at_once_and_fails_the_stop_s_number() -> None:
    hand, program, _ = coasting_bench()
    stop = hand.command(CommandCode.STOP)
    program.circuit = FaultCode.EMERGENCY_STOP
    hand.cycle()
    assert (hand.state(), hand.done) == (State.ABORTED, (stop, DoneResult.FAULT))


def test_a_clear_in_idle_ends_at_once_and_changes_nothing() -> None:
    hand, program = cleared_bench()
    seq = hand.command(CommandCode.CLEAR)
    assert (hand.ack, hand.done, hand.state()) == ((seq, AckResult.ACCEPTED), (seq, DoneResult.OK), State.IDLE)
    assert program.begun == []
