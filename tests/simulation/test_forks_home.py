"""A transfer ends in the books when the forks are home by all of their readings, not by one (H05)."""

from __future__ import annotations

from pathlib import Path

from controller.config.load import load_config
from controller.local_link.messages import ClearDevice, Start, SubmitOrder, VehicleData
from plc_drivers.contract import CommandCode
from sim_hardware.fault import Fault, FaultKind
from tests.simulation.virtual_garage import VirtualGarage

CONFIG = Path(__file__).parents[2] / "config" / "tower-small.toml"


def test_h05_a_home_switch_that_sticks_does_not_book_a_car_that_hangs_on_the_forks() -> None:
    garage = VirtualGarage(load_config(CONFIG), speed=3)
    garage.run(1)
    garage.demand(ClearDevice(device="all"))
    garage.run(1)
    garage.demand(Start())
    order = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id="kuga-01")))

    def out_mm() -> int:
        return max(int(garage.image.value("shuttle1", f"forks_{side}_mm") or 0) for side in ("left", "right"))

    def car_is_half_way() -> bool:
        picking = garage.image.value("shuttle1", "active_command") in {CommandCode.PICK_LEFT, CommandCode.PICK_RIGHT}
        return picking and garage.image.value("shuttle1", "load_present") is True and out_mm() > 500

    garage.until(car_is_half_way, 120)
    place = garage.core.state.vehicles["kuga-01"].position
    garage.hardware.faults.inject(Fault("shuttle1.forks_centred", FaultKind.STUCK, 1))
    garage.hardware.plant.zone(1).press_estop()
    garage.run(3)
    assert out_mm() > 100
    assert garage.core.state.vehicles["kuga-01"].position == place
    garage.hardware.faults.clear_all()
    garage.hardware.plant.zone(1).release_estop()
    garage.hardware.plant.zone(1).press_reset()
    garage.run(1)
    garage.demand(ClearDevice(device="all"))
    garage.run(1)
    garage.demand(Start())
    garage.until(lambda: garage.core.state.vehicles["kuga-01"].position == "shuttle1-deck", 60)
    garage.until(lambda: order.state.is_over, 400)
    assert garage.violations() == []
