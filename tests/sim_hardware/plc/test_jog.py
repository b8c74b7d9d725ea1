"""Axes moved by hand at the emulated PLCs: only in MANUAL, only while the permit is held, slowly, and never on."""

from __future__ import annotations

import pytest

from plc_drivers.contract import CommandCode as C
from plc_drivers.contract.codes import AckResult, Axis, DoneResult, FaultCode, Mode, State
from tests.sim_hardware.panel import Panel
from tests.sim_hardware.plc.bench import BenchProgram, Hand, cleared_bench
from tests.sim_hardware.plc.garage_panel import panel_of


def manual_bench() -> tuple[Hand, BenchProgram]:
    hand, program = cleared_bench()
    program.takes_ms = 10_000
    program.key = Mode.MANUAL
    hand.cycle(2)
    return hand, program


def test_h13_a_jog_begins_in_manual_and_the_state_stays_manual() -> None:
    hand, program = manual_bench()
    seq = hand.command(C.JOG_FORWARD, 1)
    assert hand.ack == (seq, AckResult.ACCEPTED)
    assert (hand.state(), hand.read("active_command")) == (State.MANUAL, C.JOG_FORWARD)
    assert hand.read("holds_travel") is True
    assert program.begun[-1] == (C.JOG_FORWARD, 1)


@pytest.mark.parametrize("key", [Mode.AUTOMATIC, Mode.MAINTENANCE])
def test_h13_a_jog_is_refused_unless_the_key_is_in_manual(key: Mode) -> None:
    hand, program = cleared_bench()
    program.key = key
    hand.cycle(2)
    hand.command(C.JOG_FORWARD, 1)
    assert hand.ack[1] is AckResult.WRONG_MODE
    assert program.begun == []


def test_a_jog_needs_its_permit_and_an_axis_that_there_is() -> None:
    hand, program = manual_bench()
    hand.permits = set()
    without = hand.command(C.JOG_BACK, 1)
    assert hand.ack == (without, AckResult.NO_PERMIT)
    hand.permits = {"travel"}
    elsewhere = hand.command(C.JOG_BACK, 2)
    assert hand.ack == (elsewhere, AckResult.BAD_ARGUMENT)
    assert program.begun == []


def test_h13_the_permit_is_the_hold_and_nothing_goes_on_when_it_comes_back() -> None:
    hand, program = manual_bench()
    seq = hand.command(C.JOG_FORWARD, 1)
    hand.permits = set()
    hand.cycle(2)
    assert not program.moving
    assert hand.done == (seq, DoneResult.PERMIT_LOST)
    assert (hand.state(), hand.read("holds_travel")) == (State.MANUAL, False)
    hand.permits = {"travel"}
    hand.cycle(5)
    assert not program.moving
    assert hand.read("holds_travel") is False, "without a jog nothing is held in manual"


def test_h11_a_jog_ends_with_the_controllers_heartbeat() -> None:
    hand, program = manual_bench()
    seq = hand.command(C.JOG_FORWARD, 1)
    hand.beats = False
    hand.cycle(60)
    assert not program.moving
    assert (hand.done, hand.state()) == ((seq, DoneResult.CONTROLLER_LOST), State.MANUAL)
    hand.beats = True
    hand.cycle(5)
    assert not program.moving


@pytest.mark.parametrize(("key", "state"), [(Mode.AUTOMATIC, State.STOPPED), (Mode.MAINTENANCE, State.MAINTENANCE)])
def test_h13_turning_the_key_ends_a_jog(key: Mode, state: State) -> None:
    hand, program = manual_bench()
    seq = hand.command(C.JOG_FORWARD, 1)
    program.key = key
    hand.cycle(3)
    assert not program.moving
    assert (hand.done, hand.state()) == ((seq, DoneResult.MODE_CHANGED), state)


def test_a_stop_ends_a_jog_in_manual() -> None:
    hand, program = manual_bench()
    hand.command(C.JOG_FORWARD, 1)
    seq = hand.command(C.STOP)
    hand.cycle(2)
    assert not program.moving
    assert (hand.done, hand.state()) == ((seq, DoneResult.OK), State.MANUAL)


@pytest.mark.parametrize("fault", [FaultCode.OVERTRAVEL, FaultCode.DRIVE_FAULT])
def test_h15_a_machine_fault_aborts_a_jog(fault: FaultCode) -> None:
    hand, program = manual_bench()
    seq = hand.command(C.JOG_FORWARD, 1)
    program.fault = fault
    hand.cycle()
    assert (hand.state(), hand.fault(), hand.done) == (State.ABORTED, fault, (seq, DoneResult.FAULT))


def test_only_stop_is_accepted_beside_a_jog() -> None:
    hand, _ = manual_bench()
    hand.command(C.JOG_FORWARD, 1)
    hand.command(C.JOG_BACK, 1)
    assert hand.ack[1] is AckResult.BUSY


# --- over the plant ----------------------------------------------------------------------------------------------


@pytest.fixture
def panel() -> Panel:
    return panel_of()


def _jog(panel: Panel, device: str, code: C, axis: Axis, seconds: float) -> float:
    """Hold for so long; the fastest that the lift, or the shuttle, really was."""
    answer = panel.order(device, code, int(axis))
    assert answer is AckResult.ACCEPTED, answer
    fastest = 0.0
    for _ in range(int(seconds * 1000 / panel.scan_ms)):
        panel.cycle()
        snapshot = panel.garage.plant.snapshot()
        fastest = max(fastest, abs(snapshot.lifts["lift1"].speed_mm_s), abs(snapshot.shuttles["shuttle1"].speed))
    return fastest


def test_h20_a_lift_held_by_hand_is_slow_and_stops_when_it_is_let_go(panel: Panel) -> None:
    panel.run("lift1", C.UNLOCK)
    panel.garage.plant.lift("lift1").turn_key(Mode.MANUAL)
    panel.pass_s(0.5)
    assert panel.read("safety1", "zone1_full_speed_enabled") is False
    fastest = _jog(panel, "lift1", C.JOG_FORWARD, Axis.TRAVEL, 3)
    assert 200 < fastest <= 250
    panel.permits["lift1"] = set()
    panel.pass_s(1.5)
    height = panel.garage.plant.snapshot().lifts["lift1"].z_mm
    panel.pass_s(2)
    assert panel.garage.plant.snapshot().lifts["lift1"].z_mm == height > 300
    assert panel.state("lift1") is State.MANUAL
    assert panel.garage.verdict().clean


def test_h15_a_lift_held_by_hand_ends_at_its_last_level_and_not_beyond(panel: Panel) -> None:
    panel.run("lift1", C.UNLOCK)
    panel.garage.plant.lift("lift1").turn_key(Mode.MANUAL)
    panel.pass_s(0.5)
    assert panel.order("lift1", C.JOG_FORWARD, 1) is AckResult.ACCEPTED
    assert panel.wait("lift1", 60) is DoneResult.OK
    assert panel.garage.plant.snapshot().lifts["lift1"].z_mm == pytest.approx(4800, abs=10)
    assert panel.garage.verdict().clean


def test_h07_the_plc_jogs_no_lift_that_hangs_on_its_pins(panel: Panel) -> None:
    panel.garage.plant.lift("lift1").turn_key(Mode.MANUAL)
    panel.pass_s(0.5)
    assert panel.order("lift1", C.JOG_FORWARD, 1) is AckResult.INTERLOCKED


def test_h07_the_plc_brings_forks_home_by_hand_and_never_out(panel: Panel) -> None:
    panel.garage.plant.shuttle("shuttle1").turn_key(Mode.MANUAL)
    panel.pass_s(0.5)
    for code in (C.JOG_FORWARD, C.JOG_BACK):
        assert panel.order("shuttle1", code, int(Axis.FORKS)) is AckResult.INTERLOCKED


def test_h09_the_plc_turns_no_table_by_hand_against_its_pin(panel: Panel) -> None:
    panel.garage.plant.cabin("cabin1").turn_key(Mode.MANUAL)
    panel.pass_s(0.5)
    assert panel.order("cabin1", C.JOG_FORWARD, int(Axis.TURNTABLE)) is AckResult.INTERLOCKED


def test_h20_any_key_out_of_automatic_limits_the_speed_of_its_zone(panel: Panel) -> None:
    for mode in (Mode.MANUAL, Mode.MAINTENANCE, Mode.AUTOMATIC):
        panel.garage.plant.cabin("cabin1").turn_key(mode)
        panel.pass_s(0.2)
        assert panel.read("safety1", "zone1_full_speed_enabled") is (mode is Mode.AUTOMATIC)
