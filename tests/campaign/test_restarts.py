"""A second controller, a damaged journal, another configuration: nothing is lost, nothing moves twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.campaign.plan import stream
from cli.campaign.restarts import begin_beside, damage, end_beside, go_on, refuse_another
from cli.campaign.run import PERIOD_MS, campaign_config
from controller.config.load import load_config
from controller.core.journal_events import JournalSalvaged
from controller.local_link.messages import ClearDevice, Start, SubmitOrder, VehicleData
from tests.simulation.virtual_garage import VirtualGarage

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture
def garage() -> VirtualGarage:
    found = VirtualGarage(campaign_config(load_config(CONFIG / "tower-small.toml"), 1), period_ms=PERIOD_MS)
    found.begin()
    return found


def moves(garage: VirtualGarage) -> bool:
    return garage.hardware.plant.lift("lift1").axis.moving or garage.hardware.plant.shuttle("shuttle1").axis.moving


def test_h13_a_second_controller_takes_the_machine_and_neither_moves_it(garage: VirtualGarage) -> None:
    order = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id="kuga-01")))
    garage.until(lambda: moves(garage), 30)
    begin_beside(garage)
    garage.run(8)
    assert not moves(garage)
    epoch = garage.hardware.devices["lift1"].read("owner_epoch")
    assert epoch == garage.core.epoch + 1
    devices = [plc for plc in garage.hardware.devices.values() if plc.definition.is_commanded]
    assert {plc.read("active_command") for plc in devices} == {0}
    assert end_beside(garage) == 3
    garage.until(lambda: garage.claimed, 10)
    garage.run(5)
    assert garage.core.state.mode == "stopped", "a start takes a person"
    assert garage.hardware.devices["lift1"].read("owner_epoch") == garage.core.epoch > epoch
    garage.demand(ClearDevice(device="all"))
    garage.run(2)
    garage.demand(Start())
    garage.until(lambda: order.state.is_over or garage.core.state.orders[order.id].state.is_over, 900)
    assert garage.violations() == []


def test_a_damaged_journal_is_refused_and_its_good_part_leaves_every_position_in_doubt(garage: VirtualGarage) -> None:
    before = garage.disk.durable_seq
    assert damage(garage, stream(3, "damage")) == 1
    go_on(garage)
    assert garage.alive
    (told,) = [one.event for one in garage.disk.load() if isinstance(one.event, JournalSalvaged)]
    assert told.kept_events == told.damaged_seq - 1 < before
    assert set(garage.core.state.precautions.doubted) == set(garage.layout.positions)


def test_h08_a_configuration_without_an_occupied_level_is_refused(garage: VirtualGarage) -> None:
    assert refuse_another(garage) == 1
    assert not garage.alive
    garage.start_controller()
    garage.until(lambda: garage.claimed, 10)
    assert garage.core.state.vehicles["kuga-01"].position
