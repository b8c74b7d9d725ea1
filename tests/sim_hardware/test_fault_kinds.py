"""Every kind of fault of the fault model: it comes about, it shows that it did, and it is repaired."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.config.models import GarageConfig
from plc_drivers.contract import CommandCode
from sim_hardware.fault import Effect, Fault, FaultKind, FaultRefusedError
from sim_hardware.fault_kinds import KINDS
from sim_hardware.fault_wire import wire_fault_of
from sim_hardware.garage import EmulatedGarage

Load = Callable[[str], GarageConfig]
SCAN_MS = 10

STORED, FREE = "l1-c1-left", "l1-c1-right"

AT_REST = [
    Fault("lift1.position_mm", FaultKind.DRIFT, 600_000),
    Fault("lift1.rope_taut", FaultKind.STUCK, 0),
    Fault("lift1.rope_taut", FaultKind.INVERTED),
    Fault("lift1.position_mm", FaultKind.OFFSET, 5),
    Fault("lift1.rope_taut", FaultKind.FLICKER, period_ms=20),
    Fault("lift1.pins_extended", FaultKind.SWAPPED, peer="lift1.pins_retracted"),
    Fault("shuttle1.docked", FaultKind.BAD),
    Fault("lift1", FaultKind.FROZEN),
    Fault("lift1", FaultKind.RESTART),
    Fault("lift1", FaultKind.NEW_PROGRAM),
    Fault("lift1.drive", FaultKind.DRIVE_TRIP),
    Fault("lift1.drive", FaultKind.BLOCKED),
    Fault("lift1.drive", FaultKind.BRAKE_SLIPS, 5),
    Fault("shuttle1.forks", FaultKind.ENCODER_LOST, 40),
    Fault("lift1", FaultKind.ROPE_SLACK),
    Fault("lift1", FaultKind.GOVERNOR),
    Fault("cabin1", FaultKind.CURTAIN_BROKEN),
    Fault("cabin1", FaultKind.PLATE_MISSING),
    Fault("cabin1", FaultKind.EXIT_OPEN),
    Fault("cabin1", FaultKind.BUTTON_CLAMPED),
    Fault("shuttle1", FaultKind.KEY, 2),
    Fault("zone1", FaultKind.ESTOP),
    Fault("zone1", FaultKind.ESTOP_UNPLUGGED),
    Fault("zone1", FaultKind.GUARD_OPEN),
    Fault("zone1", FaultKind.LOCKED_OUT),
    Fault("site", FaultKind.FIRE),
    Fault("site", FaultKind.EARTHQUAKE),
    Fault("site", FaultKind.MAINS_LOST),
    Fault("site", FaultKind.GENERATOR),
    Fault("people", FaultKind.NOBODY_COMES),
    Fault(STORED, FaultKind.CAR_ROLLS, -120),
    Fault(STORED, FaultKind.CAR_MOVED, peer="out"),
    Fault(STORED, FaultKind.CAR_MOVED, peer=FREE),
]


@pytest.fixture
def garage(config_on_free_ports: Load) -> EmulatedGarage:
    found = EmulatedGarage(config_on_free_ports("tower-guangzhou"))
    found.step(SCAN_MS)
    return found


@pytest.mark.parametrize("fault", AT_REST, ids=lambda fault: fault.kind.value)
def test_a_fault_comes_about_shows_it_and_is_repaired(garage: EmulatedGarage, fault: Fault) -> None:
    garage.faults.inject(fault)
    garage.step(20 * SCAN_MS)
    assert garage.faults.took(fault.target) > 0
    assert garage.faults.clear(fault.target) is KINDS[fault.kind].lasts
    assert garage.faults.faults == ()
    garage.step(5 * SCAN_MS)
    assert garage.plant.sensors.faulty == ()


def test_h21_a_wedged_button_is_one_press_and_nobody_can_press_it_again(garage: EmulatedGarage) -> None:
    cabin = garage.plant.cabin("cabin1")
    before = cabin.confirm_presses
    garage.faults.inject(Fault("cabin1", FaultKind.BUTTON_CLAMPED))
    cabin.press_confirm()
    garage.step(500 * SCAN_MS)
    assert (cabin.confirm_pressed, cabin.confirm_presses) == (True, before + 1)
    garage.faults.clear("cabin1")
    garage.step(2 * SCAN_MS)
    assert not cabin.confirm_pressed
    cabin.press_confirm()
    assert cabin.confirm_presses == before + 2


def test_a_fault_with_a_length_repairs_itself(garage: EmulatedGarage) -> None:
    garage.faults.inject(Fault("zone1", FaultKind.GUARD_OPEN, for_ms=50))
    garage.step(4 * SCAN_MS)
    assert garage.faults.due_ms() is not None
    assert not garage.plant.zone(1).guards_closed
    garage.step(2 * SCAN_MS)
    assert garage.plant.zone(1).guards_closed
    assert garage.faults.faults == ()


def test_a_slow_sensor_shows_what_was_true(garage: EmulatedGarage) -> None:
    garage.faults.inject(Fault("zone1.guards_closed", FaultKind.SLOW, period_ms=100))
    garage.step(SCAN_MS)
    garage.plant.zone(1).open_guard()
    garage.step(5 * SCAN_MS)
    assert garage.plant.zone(1).guards_closed
    garage.step(8 * SCAN_MS)
    assert not garage.plant.zone(1).guards_closed


def test_frozen_inputs_stand_while_the_heartbeat_goes_on(garage: EmulatedGarage) -> None:
    garage.faults.inject(Fault("safety1", FaultKind.INPUTS_FROZEN))
    garage.plant.zone(1).press_estop()
    before = garage.devices["safety1"].read("heartbeat")
    garage.step(5 * SCAN_MS)
    assert garage.devices["safety1"].read("zone1_estop_released") is True
    assert garage.devices["safety1"].read("heartbeat") != before
    assert garage.faults.took("safety1") > 0
    garage.faults.clear("safety1")
    garage.step(SCAN_MS)
    assert garage.devices["safety1"].read("zone1_estop_released") is False


def _own(garage: EmulatedGarage, **more: int | bool) -> None:
    lift = garage.devices["lift1"]
    for beat in range(1, 4):
        lift.write({"owner_epoch_wanted": 1, "controller_heartbeat": beat, **more})
        garage.step(SCAN_MS)


def _command(garage: EmulatedGarage, seq: int, code: CommandCode) -> None:
    clock = int(garage.devices["lift1"].read("clock_ms"))
    order = {"cmd_seq": seq, "cmd_code": int(code), "cmd_issued_ms": clock, "cmd_valid_ms": 5000}
    _own(garage, permit_travel=True, **order)


@pytest.mark.parametrize(
    ("kind", "result"), [(FaultKind.REFUSES, 0), (FaultKind.NEVER_ENDS, 1), (FaultKind.NEVER_REPORTS, 2)]
)
def test_a_program_that_does_not_keep_the_contract(garage: EmulatedGarage, kind: FaultKind, result: int) -> None:
    lift = garage.devices["lift1"]
    _own(garage)
    _command(garage, 1, CommandCode.CLEAR)
    garage.faults.inject(Fault("lift1", kind))
    _command(garage, 2, CommandCode.UNLOCK)
    for _ in range(120):
        _own(garage, permit_travel=True)
    assert lift.read("done_seq") != 2
    assert (lift.read("active_command") != 0) is (result == 1)
    assert lift.read("pins_retracted") is (result == 2)
    assert garage.faults.took("lift1") > 0


def test_a_forgotten_sequence_shows_no_answer_any_more(garage: EmulatedGarage) -> None:
    _own(garage)
    _command(garage, 1, CommandCode.CLEAR)
    garage.faults.inject(Fault("lift1", FaultKind.SEQUENCE_RESET))
    assert garage.faults.took("lift1") == 1


@pytest.mark.parametrize("kind", [k for k, spec in KINDS.items() if spec.target == "a link"])
def test_a_fault_of_a_link_changes_its_answers(kind: FaultKind) -> None:
    spec = KINDS[kind]
    fault = Fault("lift-plc", kind, 1 if spec.value else None, 100 if spec.period else None)
    sent = wire_fault_of(fault)(b"0123456789")
    assert [(one.data, one.delay_ms) for one in sent] != [(b"0123456789", 0)]


def test_of_two_answers_the_second_one_arrives_first() -> None:
    made = wire_fault_of(Fault("lift-plc", FaultKind.OVERTAKING))
    sent = [[one.data for one in made(frame)] for frame in (b"1", b"2", b"3", b"4")]
    assert sent == [[], [b"2", b"1"], [], [b"4", b"3"]]


class _Wires:
    """Wires that can be disturbed."""

    def __init__(self) -> None:
        self.cut = False

    def effect(self, fault: Fault) -> Effect:
        def set_cut(cut: bool) -> None:
            self.cut = cut

        return Effect(lambda: set_cut(True), lambda: set_cut(False), lambda: 1)


def test_a_link_without_a_wire_refuses_and_one_with_a_wire_takes_the_fault(garage: EmulatedGarage) -> None:
    with pytest.raises(FaultRefusedError, match="NOT_SUPPORTED"):
        garage.faults.inject(Fault("lift-plc", FaultKind.SILENT))
    wires = _Wires()
    garage.faults.wires = wires
    garage.faults.inject(Fault("lift-plc", FaultKind.SILENT))
    assert wires.cut
    garage.faults.clear("lift-plc")
    assert not wires.cut


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault("lift9.drive", FaultKind.DRIVE_TRIP), "UNKNOWN_TARGET"),
        (Fault("lift1.drive", FaultKind.DRIVE_TRIP, 3), "BAD_FAULT"),
        (Fault("lift1.drive", FaultKind.DRIVE_TRIP, for_ms=10), "BAD_FAULT"),
        (Fault("lift1.drive", FaultKind.BRAKE_WORN, 100), "BAD_FAULT"),
        (Fault("lift1.drive", FaultKind.BRAKE_WORN), "BAD_FAULT"),
        (Fault("lift1.drive", FaultKind.BRAKE_SLIPS, 0), "BAD_FAULT"),
        (Fault("cabin1", FaultKind.ROPE_SLACK), "UNKNOWN_TARGET"),
        (Fault("zone9", FaultKind.ESTOP), "UNKNOWN_TARGET"),
        (Fault("lift1", FaultKind.FIRE), "UNKNOWN_TARGET"),
        (Fault("cabin1", FaultKind.NOBODY_COMES), "UNKNOWN_TARGET"),
        (Fault("lift1", FaultKind.KEY, 1), "BAD_FAULT"),
        (Fault("cabin1", FaultKind.INTRUDER), "NOT_NOW"),
        (Fault("safety1", FaultKind.REFUSES), "NOT_SUPPORTED"),
        (Fault("lift1.pins_extended", FaultKind.SWAPPED), "BAD_FAULT"),
        (Fault("lift1.pins_extended", FaultKind.SWAPPED, peer="lift1.position_mm"), "BAD_FAULT"),
        (Fault("lift1.state", FaultKind.SWAPPED, peer="lift1.mode"), "NOT_SUPPORTED"),
        (Fault("lift1.rope_taut", FaultKind.STUCK, 0, peer="lift1.speed_ok"), "BAD_FAULT"),
        (Fault("lift1.rope_taut", FaultKind.DRIFT, 1), "NOT_SUPPORTED"),
        (Fault("lift1.rope_taut", FaultKind.STUCK, 0, for_ms=0), "BAD_FAULT"),
        (Fault(FREE, FaultKind.CAR_ROLLS, 100), "NOT_NOW"),
        (Fault("shuttle1-deck", FaultKind.CAR_ROLLS, 100), "NOT_NOW"),
        (Fault("nowhere", FaultKind.CAR_ROLLS, 100), "UNKNOWN_TARGET"),
        (Fault(STORED, FaultKind.CAR_ROLLS), "BAD_FAULT"),
        (Fault(STORED, FaultKind.CAR_MOVED), "BAD_FAULT"),
        (Fault(STORED, FaultKind.CAR_MOVED, peer="nowhere"), "UNKNOWN_TARGET"),
        (Fault(STORED, FaultKind.CAR_MOVED, peer=STORED), "NOT_NOW"),
        (Fault(STORED, FaultKind.CAR_MOVED, peer="shuttle1-deck"), "NOT_NOW"),
        (Fault("cabin1", FaultKind.BOOT_OPEN), "BAD_FAULT"),
        (Fault("cabin1", FaultKind.OTHER_CAR, 0), "BAD_FAULT"),
        (Fault("lift1", FaultKind.OTHER_CAR, 300), "UNKNOWN_TARGET"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_with_what_would_be_right(garage: EmulatedGarage, fault: Fault, code: str) -> None:
    with pytest.raises(FaultRefusedError) as refused:
        garage.faults.inject(fault)
    assert refused.value.code == code
    assert refused.value.remedy
    assert garage.faults.faults == ()


def test_every_kind_is_in_the_table_and_has_a_case() -> None:
    assert set(KINDS) == set(FaultKind)
    elsewhere = {
        FaultKind.SLOW,
        FaultKind.INPUTS_FROZEN,
        FaultKind.REFUSES,
        FaultKind.NEVER_ENDS,
        FaultKind.NEVER_REPORTS,
        FaultKind.SEQUENCE_RESET,
        FaultKind.INTRUDER,
        FaultKind.BRAKE_WORN,
        FaultKind.STAYS_INSIDE,
        FaultKind.COMES_BACK,
        FaultKind.NEVER_CONFIRMS,
        FaultKind.PRESSES_TWICE,
        FaultKind.BOOT_OPEN,
        FaultKind.OTHER_CAR,
    }
    links = {kind for kind, spec in KINDS.items() if spec.target == "a link"}
    assert {fault.kind for fault in AT_REST} | elsewhere | links == set(FaultKind)
