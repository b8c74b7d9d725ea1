"""Every tag that is read has its cases, and the matrix says for each what it takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.config.load import load_config
from plc_drivers.contract import DEFINITIONS
from safety.expression import Tag
from sim_hardware.fault import FaultPoint
from sim_hardware.garage import EmulatedGarage
from tests.broken_sensors import campaign
from tests.broken_sensors.cases import Mode
from tests.broken_sensors.matrix import Matrix

CONFIG = Path(__file__).parents[2] / "config"
GARAGES = ("tower-small", "tower-guangzhou", "garage-shuttle")


def tag_of(matrix: Matrix, path: str) -> Tag:
    return next(tag for tag in matrix.tags if str(tag) == path)


@pytest.mark.parametrize("name", GARAGES)
def test_h21_every_tag_that_an_interlock_reads_is_broken_at_both_ends_and_in_between(name: str) -> None:
    config = load_config(CONFIG / f"{name}.toml")
    matrix, cases = campaign.plan(config)
    hardware = EmulatedGarage(config, populated=False)
    for tag in matrix.tags:
        mine = [case for case in cases if case.mode is not Mode.STALE and case.tags[0] == tag]
        modes = {case.mode for case in mine}
        assert {Mode.STUCK, Mode.FLICKER} <= modes, tag
        assert (Mode.INVERTED in modes) == tag.is_bool, tag
        if tag.is_bool:
            assert {case.value for case in mine if case.mode is Mode.STUCK} == {0, 1}
        else:
            assert len({case.value for case in mine if case.mode is Mode.STUCK}) >= 2, tag
    for case in cases:
        hardware.faults.inject(case.fault)
        hardware.faults.clear_all()
    assert {case.tags[0].device for case in cases if case.mode is Mode.STALE} == {tag.device for tag in matrix.tags}
    assert len({case.name for case in cases}) == len(cases)


def test_a_sensor_is_broken_at_the_plant_where_the_plant_has_one() -> None:
    _, cases = campaign.plan(load_config(CONFIG / "tower-small.toml"))
    places = {str(case.tags[0]): (case.fault.target, case.fault.point) for case in cases if case.mode is Mode.FLICKER}
    assert places["lift1.rope_taut"] == ("lift1.rope_taut", FaultPoint.SENSOR)
    assert places["safety1.zone1_guards_closed"] == ("zone1.guards_closed", FaultPoint.SENSOR)
    assert places["safety1.zone1_estop_released"] == ("zone1.estop_channel_a", FaultPoint.SENSOR)
    assert places["safety1.fire_clear"] == ("site.fire_clear", FaultPoint.SENSOR)
    assert places["lift1.state"] == ("lift1.state", FaultPoint.TAG)


def test_contradictions_speak_of_tags_that_there_are() -> None:
    _, cases = campaign.plan(load_config(CONFIG / "garage-shuttle.toml"))
    contradictory = [case for case in cases if case.partner is not None]
    assert {case.tags[0].name for case in contradictory} >= {"load_present", "pins_extended", "scanner_clear"}
    for case in contradictory:
        assert case.partner is not None
        assert case.partner.name in DEFINITIONS[case.tags[0].kind].status_index


def test_h12_the_matrix_says_what_an_emergency_stop_takes_and_trips() -> None:
    matrix, _ = campaign.plan(load_config(CONFIG / "tower-small.toml"))
    cell = matrix.cell(tag_of(matrix, "safety1.zone1_estop_released"), value=False)
    assert {str(function) for function in cell.takes} >= {"lift1.travel", "shuttle1.transfer", "cabin1.outer_open"}
    assert cell.trips == {"zone1.emergency-stop"}
    unknown = matrix.cell(tag_of(matrix, "safety1.zone1_estop_released"), value=None)
    assert unknown.takes == cell.takes
    assert unknown.trips == frozenset()
    assert matrix.cell(tag_of(matrix, "safety1.zone1_estop_released"), value=True).takes == frozenset()


def test_h21_a_tag_that_no_value_of_which_could_take_anything_is_not_read_for_nothing() -> None:
    matrix, cases = campaign.plan(load_config(CONFIG / "tower-small.toml"))
    for tag in matrix.tags:
        if tag not in matrix.interlocks_reading:
            continue  # read by the start of a command only
        values = [case.value for case in cases if case.tags == (tag,) and case.mode is Mode.STUCK]
        cells = [matrix.cell(tag, value) for value in (*values, None)]
        assert any(cell.can_take for cell in cells), tag
