"""Faults of sensors and PLCs: what each kind does to a reading, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.config.models import GarageConfig
from plc_drivers.contract.codes import State
from sim_hardware.fault import Fault, FaultKind, FaultPoint, FaultRefusedError
from sim_hardware.garage import EmulatedGarage

Load = Callable[[str], GarageConfig]
SCAN_MS = 10


@pytest.fixture
def garage(config_on_free_ports: Load) -> EmulatedGarage:
    found = EmulatedGarage(config_on_free_ports("tower-guangzhou"), populated=False)
    found.step(SCAN_MS)
    return found


def readings(garage: EmulatedGarage, device: str, tag: str, scans: int) -> list[object]:
    found: list[object] = []
    for _ in range(scans):
        garage.step(SCAN_MS)
        found.append(garage.devices[device].read(tag))
    return found


def test_a_stuck_sensor_shows_its_value_to_the_plc_and_a_repair_brings_the_truth_back(garage: EmulatedGarage) -> None:
    placed = garage.faults.inject(Fault("lift1.rope_taut", FaultKind.STUCK, 0))
    assert placed.point is FaultPoint.SENSOR
    garage.step(SCAN_MS)
    assert garage.devices["lift1"].read("rope_taut") is False
    assert not garage.plant.lifts["lift1"].rope_taut
    assert garage.faults.faults == (placed,)
    assert garage.faults.clear("lift1.rope_taut")
    assert not garage.faults.clear("lift1.rope_taut")
    garage.step(SCAN_MS)
    assert garage.devices["lift1"].read("rope_taut") is True


def test_stuck_without_a_value_keeps_what_is_shown_now(garage: EmulatedGarage) -> None:
    before = garage.devices["lift1"].read("position_mm")
    garage.faults.inject(Fault("lift1.position_mm", FaultKind.STUCK))
    garage.step(SCAN_MS)
    garage.plant.lifts["lift1"].drive.move_to(5000)
    assert set(readings(garage, "lift1", "position_mm", 200)) == {before}


def test_a_lie_in_the_status_is_seen_by_the_reader_and_not_by_the_plc(garage: EmulatedGarage) -> None:
    placed = garage.faults.inject(Fault("lift1.rope_taut", FaultKind.INVERTED, point=FaultPoint.TAG))
    garage.step(SCAN_MS)
    assert placed.point is FaultPoint.TAG
    assert garage.devices["lift1"].read("rope_taut") is False
    assert garage.plant.lifts["lift1"].rope_taut


def test_a_tag_that_is_no_sensor_is_lied_about_in_the_status(garage: EmulatedGarage) -> None:
    assert garage.faults.inject(Fault("lift1.state", FaultKind.STUCK, int(State.IDLE))).point is FaultPoint.TAG
    assert readings(garage, "lift1", "state", 1) == [State.IDLE]


def test_an_offset_saturates_at_the_range_that_the_contract_admits(garage: EmulatedGarage) -> None:
    garage.faults.inject(Fault("cabin1.curtain_count", FaultKind.OFFSET, 2))
    assert readings(garage, "cabin1", "curtain_count", 1) == [2]
    garage.faults.inject(Fault("cabin1.curtain_count", FaultKind.OFFSET, 2_000_000_000))
    high = garage.devices["cabin1"].definition.tag("curtain_count").bounds[1]
    assert readings(garage, "cabin1", "curtain_count", 1) == [high]


def test_a_flicker_changes_sides_with_its_period_in_the_plcs_time_whatever_the_speed(
    config_on_free_ports: Load,
) -> None:
    for speed in (1.0, 20.0):
        garage = EmulatedGarage(config_on_free_ports("tower-small"), populated=False, speed=speed)
        garage.faults.inject(Fault("lift1.station_sensor", FaultKind.FLICKER, period_ms=40))
        shown = readings(garage, "lift1", "station_sensor", 12)
        assert shown == [True, False, False, True] * 3
        assert garage.faults.clear_all() == 1
        assert set(readings(garage, "lift1", "station_sensor", 4)) == {True}


def test_h10_a_frozen_plc_answers_with_its_last_scan_and_takes_no_notice_of_what_is_written(
    garage: EmulatedGarage,
) -> None:
    lift = garage.devices["lift1"]
    garage.faults.inject(Fault("lift1", FaultKind.FROZEN))
    before = list(lift.status())
    lift.write({"controller_heartbeat": 7})
    garage.step(10 * SCAN_MS)
    assert list(lift.status()) == before
    garage.faults.clear("lift1")
    garage.step(SCAN_MS)
    assert lift.read("heartbeat_echo") == 7


def test_a_new_fault_of_a_target_takes_the_place_of_the_old_one(garage: EmulatedGarage) -> None:
    garage.faults.inject(Fault("lift1.rope_taut", FaultKind.STUCK, 0))
    second = garage.faults.inject(Fault("lift1.rope_taut", FaultKind.STUCK, 1, point=FaultPoint.TAG))
    assert garage.faults.faults == (second,)
    garage.faults.clear_all()
    assert readings(garage, "lift1", "rope_taut", 1) == [True]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault("lift1.x", FaultKind.STUCK, 1), "UNKNOWN_TARGET"),
        (Fault("lift9", FaultKind.FROZEN), "UNKNOWN_TARGET"),
        (Fault("lift1.state", FaultKind.STUCK, 1, point=FaultPoint.SENSOR), "UNKNOWN_SENSOR"),
        (Fault("lift1", FaultKind.STUCK, 1), "NOT_SUPPORTED"),
        (Fault("lift1", FaultKind.FROZEN, 1), "BAD_FAULT"),
        (Fault("lift1.rope_taut", FaultKind.FROZEN), "NOT_SUPPORTED"),
        (Fault("lift1.rope_taut", FaultKind.STUCK, 2), "BAD_FAULT"),
        (Fault("lift1.rope_taut", FaultKind.STUCK, 1, period_ms=100), "BAD_FAULT"),
        (Fault("lift1.rope_taut", FaultKind.INVERTED, 1), "BAD_FAULT"),
        (Fault("lift1.rope_taut", FaultKind.OFFSET, 1), "NOT_SUPPORTED"),
        (Fault("lift1.rope_taut", FaultKind.FLICKER), "BAD_FAULT"),
        (Fault("lift1.rope_taut", FaultKind.FLICKER, period_ms=1), "BAD_FAULT"),
        (Fault("lift1.rope_taut", FaultKind.FLICKER, 1, 100), "BAD_FAULT"),
        (Fault("lift1.position_mm", FaultKind.INVERTED), "NOT_SUPPORTED"),
        (Fault("lift1.position_mm", FaultKind.OFFSET), "BAD_FAULT"),
        (Fault("lift1.position_mm", FaultKind.FLICKER, period_ms=100), "BAD_FAULT"),
        (Fault("lift1.position_mm", FaultKind.STUCK, 1 << 40), "BAD_FAULT"),
        (Fault("lift1.state", FaultKind.STUCK, 99), "BAD_FAULT"),
        (Fault("lift1.mode", FaultKind.STUCK, 99), "BAD_FAULT"),
        (Fault("lift1.mode", FaultKind.OFFSET, 1), "NOT_SUPPORTED"),
        (Fault("lift1.rope_taut", FaultKind.BAD), "NOT_SUPPORTED"),
        (Fault("shuttle1.docked", FaultKind.BAD, point=FaultPoint.SENSOR), "NOT_SUPPORTED"),
        (Fault("shuttle1.docked", FaultKind.BAD, 1), "BAD_FAULT"),
    ],
    ids=str,
)
def test_what_is_not_supported_is_refused_and_changes_nothing(garage: EmulatedGarage, fault: Fault, code: str) -> None:
    standing = garage.faults.inject(Fault("lift1.station_sensor", FaultKind.INVERTED))
    with pytest.raises(FaultRefusedError) as refused:
        garage.faults.inject(fault)
    assert refused.value.code == code
    assert refused.value.remedy
    assert garage.faults.faults == (standing,)


def test_every_sensor_can_be_stuck_at_what_its_form_admits(garage: EmulatedGarage) -> None:
    sensors = garage.plant.sensors
    for path in sensors.paths:
        form = sensors.form(path)
        value = 1 if form in {bool, int} else int(next(iter(form)))  # type: ignore[call-overload]  # an enumeration
        garage.faults.inject(Fault(path, FaultKind.STUCK, value))
        garage.step(SCAN_MS)
        garage.faults.clear(path)
