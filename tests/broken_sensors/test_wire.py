"""A handful of broken sensors over each real protocol; all of them: ``make broken-sensors``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from controller.config.models import GarageConfig
from tests.broken_sensors import campaign
from tests.broken_sensors.wire_case import run_case
from tests.broken_sensors.wire_garage import WireGarage

SPEED = 20.0
CHOSEN = {
    "lift1.rope_taut stuck=0": "lift1.rope-taut (category 0)",  # Modbus TCP
    "shuttle1.load_present bad": None,  # OPC UA
    "safety1.zone1_guards_closed flicker": "zone1.guards (category 1)",  # OPC UA, read only
    "cabin2.scanner_clear stuck=0": None,  # Modbus RTU
    "cabin1 stale": None,  # Modbus TCP
}


@pytest.mark.timeout(180)
async def test_h21_a_broken_sensor_stops_what_the_matrix_says_over_every_protocol(
    config_on_free_ports: Callable[[str], GarageConfig], tmp_state: Path
) -> None:
    config = config_on_free_ports("tower-guangzhou")
    matrix, cases = campaign.plan(config)
    chosen = [case for case in cases if case.name in CHOSEN]
    assert len(chosen) == len(CHOSEN)
    async with WireGarage(config, tmp_state, SPEED) as garage:
        for case in chosen:
            found = await run_case(garage, matrix, case)
            assert found.violations == []
            assert found.shown, f"{case.name}: {found.evidence}"
            assert found.as_the_matrix_says, f"{case.name}: {found}"
            assert found.recovered, f"{case.name}: {found.note}"
            trip = CHOSEN[case.name]
            assert trip is None or trip in found.tripped, f"{case.name}: {found}"
