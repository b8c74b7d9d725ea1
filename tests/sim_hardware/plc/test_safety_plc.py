"""The emulated safety PLC: its circuits, what they stop, and what it takes to go on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import AckResult, DoneResult, FaultCode, Mode, State
from tests.sim_hardware.panel import Panel
from tests.sim_hardware.plc.garage_panel import assert_clean

C = CommandCode


def press(panel: Panel) -> None:
    panel.garage.plant.zone(1).press_estop()


def guard(panel: Panel) -> None:
    panel.garage.plant.zone(1).open_guard()


@pytest.mark.parametrize(("act", "fault"), [(press, FaultCode.EMERGENCY_STOP), (guard, FaultCode.GUARD_OPEN)])
def test_h12_an_open_zone_aborts_every_device_in_it_and_h11_nothing_moves_before_reset_and_clear(
    panel: Panel, act: Callable[[Panel], None], fault: FaultCode
) -> None:
    zone = panel.garage.plant.zone(1)
    panel.run("lift1", C.UNLOCK)
    panel.order("lift1", C.MOVE_TO_LEVEL, 2)
    panel.pass_s(2.0)
    act(panel)
    panel.cycle(2)
    for device in ("lift1", "shuttle1", "cabin1"):
        assert (panel.state(device), panel.fault(device)) == (State.ABORTED, fault)
    panel.pass_s(2.0)
    assert panel.read("lift1", "standstill") is True
    assert panel.read("safety1", "zone1_torque_enabled") is False
    zone.release_estop()
    zone.close_guard()
    panel.cycle(5)
    assert panel.read("safety1", "zone1_reset_done") is False
    assert panel.order("lift1", C.CLEAR) is AckResult.WRONG_STATE
    zone.press_reset()
    panel.cycle(5)
    assert panel.read("safety1", "zone1_torque_enabled") is True
    height = panel.read("lift1", "position_mm")
    panel.pass_s(2.0)
    assert (panel.state("lift1"), panel.read("lift1", "position_mm")) == (State.ABORTED, height)
    panel.clear_all()
    panel.run("lift1", C.MOVE_TO_LEVEL, 1)
    assert_clean(panel)


def test_h21_two_channels_that_disagree_are_a_fault_of_the_circuit(panel: Panel) -> None:
    panel.garage.plant.sensors.override("zone1.estop_channel_b", 0)
    panel.pass_s(1.0)
    assert panel.read("safety1", "zone1_estop_connected") is False
    assert panel.read("safety1", "zone1_torque_enabled") is False
    panel.garage.plant.sensors.restore("zone1.estop_channel_b")
    panel.cycle(5)
    assert panel.read("safety1", "zone1_estop_connected") is False
    panel.garage.plant.zone(1).press_reset()
    panel.cycle(5)
    assert panel.read("safety1", "zone1_estop_connected") is True


def test_zones_that_the_garage_does_not_have_read_as_not_safe(panel: Panel) -> None:
    assert panel.read("safety1", "zone1_reset_done") is True
    assert panel.read("safety1", "zone8_reset_done") is False
    assert panel.read("safety1", "zone8_estop_released") is False


def test_h13_the_key_switch_of_a_moving_lift_stops_it(panel: Panel) -> None:
    panel.run("lift1", C.UNLOCK)
    panel.order("lift1", C.MOVE_TO_LEVEL, 2)
    panel.pass_s(2.0)
    panel.garage.plant.lift("lift1").turn_key(Mode.MANUAL)
    panel.pass_s(6.0)
    assert panel.state("lift1") is State.MANUAL
    assert panel.done("lift1") is DoneResult.MODE_CHANGED
    assert panel.read("lift1", "standstill") is True
