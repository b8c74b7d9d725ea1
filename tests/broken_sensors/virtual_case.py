"""One case in virtual time: the same course as over the wire, without a socket and without waiting.

Owns the course; the garage is ``VirtualGarage``, and what the case amounts to, ``witness`` says.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path

from controller.config.load import load_config
from controller.config.models import GarageConfig
from controller.core.order import Order
from controller.garage import Layout
from controller.garage.topology import topology_of
from controller.local_link.messages import ClearDevice, Start, SubmitOrder, VehicleData
from controller.local_link.mode_messages import ConfirmInventory, EndFire
from plc_drivers.contract.codes import State
from safety.logic import SafetyLogic
from sim_hardware.plant.body import VehicleSpec
from tests.broken_sensors.cases import Case
from tests.broken_sensors.matrix import Matrix
from tests.broken_sensors.movable import movable_positions
from tests.broken_sensors.wire_case import BEFORE, must_stop
from tests.broken_sensors.witness import Cycle, Finding, Witness
from tests.simulation.virtual_garage import VirtualGarage

SPEED = 10.0
WINDOW = 36
"""Cycles of a case: above the grace of a contradiction."""
WAIT = 150
"""Cycles that a case waits for a moment at which it must take a permit."""
RECOVER = 400
_STANDING = frozenset({State.STOPPED, State.ABORTED})


class BusyGarage:
    """A small tower with customers who want their cars in turn, and cases one after the other."""

    def __init__(self, config: GarageConfig, logic: SafetyLogic | None = None) -> None:
        self.garage = VirtualGarage(config, speed=SPEED, logic=logic)
        self.matrix = Matrix(SafetyLogic(topology_of(Layout(config))))
        self._cycles: deque[Cycle] = deque(maxlen=1000)
        self._guests = 0
        self._orders: list[Order] = []
        self.garage.run(1)
        if not self._recover():
            raise RuntimeError(self.garage.picture())

    @classmethod
    def of(cls, name: str, logic: SafetyLogic | None = None) -> BusyGarage:
        """A shipped garage."""
        return cls(load_config(Path(__file__).parents[2] / "config" / f"{name}.toml"), logic)

    def run_case(self, case: Case, wait: int = WAIT) -> Finding:
        """Wait for at most ``wait`` cycles until it matters, break, look, repair, and bring the garage back."""
        garage = self.garage
        before = len(garage.violations())
        in_use = self._until_it_matters(case, wait)
        garage.hardware.faults.inject(case.fault)
        for _ in range(WINDOW):
            self._cycle()
        cycles = list(self._cycles)[-WINDOW - BEFORE :]
        garage.hardware.faults.clear_all()
        witness = Witness(self.matrix, case, cycles, BEFORE)
        for _ in witness.judge():
            pass
        found = witness.finding
        found.in_use = in_use
        found.recovered = self._recover()
        found.note = "" if found.recovered else garage.picture()
        found.violations = garage.violations()[before:]
        return found

    def _until_it_matters(self, case: Case, wait: int) -> bool:
        for _ in range(wait):
            self._cycle()
            if case.contradicts(self._cycles[-1].image) and must_stop(self.matrix, case, self._cycles[-1]):
                return True
        return bool(self._cycles[-1].asserted() & self.matrix.functions_reading(case.tags))

    def _cycle(self) -> None:
        self._keep_busy()
        self.garage.cycle()
        self._cycles.append(Cycle(self.garage.image, self.garage.verdict, self.garage.outputs))

    def _keep_busy(self) -> None:
        """One order at a time: a guest brings a car, then one of those that are here is fetched."""
        garage = self.garage
        self._orders = [order for order in self._orders if not order.state.is_over]
        if self._orders or garage.core.state.mode != "automatic" or garage.now_ms % 200:
            return
        here = [car for car, vehicle in garage.core.state.vehicles.items() if vehicle.position is not None]
        if len(here) > 2:
            garage.ask(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=here[0])))
        else:
            self._guests += 1
            name = f"guest-{self._guests}"
            garage.crowd.arrive(None, VehicleSpec(name))
            garage.ask(SubmitOrder(kind="store", vehicle=VehicleData(id=name)))
        garage.cycle()
        self._orders = [order for order in garage.core.state.orders.values() if not order.state.is_over]

    def _recover(self) -> bool:
        """Reset at the machine, clear and start, as persons would, until the garage is automatic and nothing stands."""
        garage = self.garage
        for tick in range(RECOVER):
            if tick % 20 == 0:
                for zone in garage.config.safety.zones:
                    garage.hardware.plant.zone(zone).press_reset()
                for position in movable_positions(garage.layout):
                    vehicle = garage.core.state.occupant.get(position)
                    garage.ask(ConfirmInventory(position=position, vehicle=vehicle, person="mia"))
                garage.ask(EndFire(person="mia"))
                garage.ask(ClearDevice(device="all"))
            if tick % 20 == 10:
                garage.ask(Start())
            self._cycle()
            if tick % 20 < 15:
                continue
            states = {garage.image.value(name, "state") for name in garage.image}
            if garage.core.state.mode == "automatic" and not garage.verdict.trips and not states & _STANDING:
                return True
        return False
