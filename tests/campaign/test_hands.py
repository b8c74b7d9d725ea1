"""What only hands settle: forks that no order brings home, a car off its marks, a car that nothing looks at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cli.campaign.people import LOOK_MS, Operator
from cli.campaign.run import PERIOD_MS, campaign_config
from cli.campaign.virtual_garage import VirtualGarage
from controller.config.load import load_config
from controller.local_link.messages import SubmitOrder, VehicleData
from plc_drivers.contract.codes import Mode
from sim_hardware.fault import Fault, FaultKind

CONFIG = Path(__file__).parents[2] / "config"


class Attended:
    """A garage with an operator, and nobody else."""

    def __init__(self) -> None:
        self.garage = VirtualGarage(campaign_config(load_config(CONFIG / "tower-small.toml"), 1), period_ms=PERIOD_MS)
        self.operator = Operator(self.garage, seed=1)
        self._look_ms = 0
        self.until(self.is_well)

    def is_well(self) -> bool:
        state = self.garage.core.state
        return state.mode == "automatic" and not state.blocks and not state.precautions.unconfirmed

    def order(self, car: str) -> None:
        self.garage.ask(SubmitOrder(kind="relocate", vehicle=VehicleData(id=car)))

    def until(self, condition: Callable[[], bool], seconds: int = 1800) -> None:
        """Let time pass, with the operator's looks, until ``condition`` holds."""
        garage, end_ms = self.garage, self.garage.now_ms + seconds * 1000
        while not condition():
            assert garage.now_ms < end_ms, "not reached"
            if garage.now_ms >= self._look_ms:
                self._look_ms = garage.now_ms + LOOK_MS
                self.operator.look()
            self.operator.technician.act()
            if not self.operator.technician.is_busy:
                garage.jump(min(self._look_ms, end_ms))
            garage.cycle()


@pytest.fixture
def attended() -> Attended:
    return Attended()


def test_h07_forks_that_an_order_left_out_are_brought_home_by_hold_to_run(attended: Attended) -> None:
    garage = attended.garage
    shuttle = garage.hardware.plant.shuttle("shuttle1")
    attended.order("kuga-01")
    attended.until(lambda: shuttle.forks_out and bool(shuttle.carried()))
    shuttle.turn_key(Mode.MAINTENANCE)
    attended.until(lambda: all(order.state.is_over for order in garage.core.state.orders.values()))
    assert shuttle.forks_out, "its order is void, nothing brings them home"
    shuttle.turn_key(Mode.AUTOMATIC)
    attended.until(lambda: not shuttle.forks_out and attended.is_well())
    assert attended.operator.technician.jobs >= 1
    attended.until(lambda: garage.core.state.vehicles["kuga-01"].position not in {None, "shuttle1-deck"})
    position = garage.core.state.vehicles["kuga-01"].position or ""
    assert garage.cars_at(position) == ("kuga-01",)
    assert garage.hardware.verdict().clean


def test_h06_a_car_that_was_put_elsewhere_is_found_by_whoever_looks_for_it(attended: Attended) -> None:
    garage = attended.garage
    place = garage.core.state.vehicles["kuga-01"].position or ""
    garage.hardware.faults.inject(Fault(place, FaultKind.CAR_MOVED, peer="l2-c3-left"))
    attended.order("kuga-01")
    attended.until(lambda: garage.core.state.vehicles["kuga-01"].position == "l2-c3-left")
    attended.until(attended.is_well)
    assert garage.hardware.verdict().clean


def test_h14_a_car_that_rolled_on_the_deck_is_pushed_into_its_marks_and_goes_on(attended: Attended) -> None:
    garage = attended.garage
    attended.order("kuga-01")
    attended.until(lambda: garage.hardware.plant.vehicles_at("shuttle1-deck") == ("kuga-01",))
    garage.hardware.faults.inject(Fault("shuttle1-deck", FaultKind.CAR_ROLLS, 200))
    attended.until(lambda: all(order.state.is_over for order in garage.core.state.orders.values()))
    attended.until(attended.is_well)
    assert garage.core.state.vehicles["kuga-01"].position != "shuttle1-deck"
    assert garage.hardware.verdict().clean
