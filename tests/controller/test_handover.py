"""The handover's times are counted by the clock that nobody can set."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.config.load import load_config
from controller.core.cabin_phase import CLOSING
from controller.core.handover import RED_BEFORE_CLOSING_MS, enter
from controller.garage import Layout
from controller.local_link.messages import Start, SubmitOrder, VehicleData
from plc_drivers.contract import CommandCode
from tests.controller.resting_garage import RestingGarage

CONFIG = Path(__file__).parent.parent.parent / "config"
CABIN = "cabin1"


@pytest.mark.parametrize("jump_ms", [0, 3_600_000, -3_600_000])
def test_the_outer_door_waits_out_the_red_light_whatever_the_wall_clock_does(jump_ms: int) -> None:
    garage = RestingGarage(Layout(load_config(CONFIG / "tower-small.toml")))
    garage.step(Start())
    car = next(iter(garage.core.state.vehicles))
    garage.step(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))
    garage.values[CABIN] |= {"outer_open": True, "outer_closed": False, "outer_locked": False}
    enter(garage.situation(), CABIN, CLOSING, "o-000001")
    garage.step()
    red_since_ms = garage.now_ms
    garage.wall_jump_ms = jump_ms
    while garage.core.state.mailbox(CABIN).pending is None:
        garage.step()
        assert garage.now_ms - red_since_ms <= RED_BEFORE_CLOSING_MS + 100

    pending = garage.core.state.mailbox(CABIN).pending
    assert pending is not None
    assert pending.code is CommandCode.CLOSE_OUTER_DOOR
    assert garage.now_ms - red_since_ms >= RED_BEFORE_CLOSING_MS
