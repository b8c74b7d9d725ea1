"""An axis of the emulated PLCs that does not know its place, and how it finds it."""

from __future__ import annotations

from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import AckResult, DoneResult, State
from tests.sim_hardware.panel import Panel
from tests.sim_hardware.plc.garage_panel import assert_clean

C = CommandCode


def lose_reference(panel: Panel, *devices: str) -> None:
    for device in devices:
        plant = panel.garage.plant
        machine = plant.lift(device) if device.startswith("lift") else plant.shuttle(device)
        machine.drive.lose_encoder(37.0)
    panel.cycle(2)


def test_h07_a_lift_without_reference_is_first_unlocked_then_referenced_to_a_level_then_locked(panel: Panel) -> None:
    lose_reference(panel, "lift1")
    assert panel.state("lift1") is State.NOT_REFERENCED
    assert panel.read("lift1", "station") == -1
    assert panel.read("lift1", "station_sensor") is True
    assert panel.order("lift1", C.REFERENCE) is AckResult.INTERLOCKED
    assert panel.order("lift1", C.LOCK) is AckResult.NOT_REFERENCED
    panel.run("lift1", C.UNLOCK)
    panel.run("lift1", C.REFERENCE)
    assert panel.state("lift1") is State.IDLE
    assert panel.read("lift1", "station") == 0
    assert panel.read("lift1", "brake_closed") is True
    panel.run("lift1", C.LOCK)
    assert_clean(panel)


def test_h08_a_referenced_lift_between_levels_is_brought_to_one_by_reference(panel: Panel) -> None:
    panel.run("lift1", C.UNLOCK)
    panel.order("lift1", C.MOVE_TO_LEVEL, 2)
    panel.pass_s(2.0)
    panel.order("lift1", C.STOP)
    assert panel.wait("lift1") is DoneResult.OK
    assert panel.read("lift1", "station") == -1
    panel.run("lift1", C.REFERENCE)
    assert int(panel.read("lift1", "station")) >= 0
    panel.run("lift1", C.LOCK)
    assert_clean(panel)


def test_h08_a_reference_that_ends_where_no_level_switch_is_seen_is_not_reached(panel: Panel) -> None:
    lose_reference(panel, "lift1")
    panel.run("lift1", C.UNLOCK)
    panel.garage.plant.sensors.override("lift1.station_sensor", 0)
    assert panel.order("lift1", C.REFERENCE) is AckResult.ACCEPTED
    assert panel.wait("lift1") is DoneResult.NOT_REACHED


def test_h07_a_docked_shuttle_finds_its_reference_on_a_locked_lift_and_stays_docked(panel: Panel) -> None:
    lose_reference(panel, "lift1", "shuttle1")
    assert panel.read("shuttle1", "station") == -1
    panel.run("lift1", C.UNLOCK)
    assert panel.order("shuttle1", C.REFERENCE) is AckResult.INTERLOCKED
    panel.run("lift1", C.REFERENCE)
    panel.run("lift1", C.LOCK)
    panel.run("shuttle1", C.REFERENCE)
    assert panel.read("shuttle1", "docked") is True
    assert panel.read("shuttle1", "station") == 2
    assert_clean(panel)
