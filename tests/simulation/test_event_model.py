"""The fast model against the full simulation: the same customers, the same rule of the queue, the same waits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from controller.config.load import load_config
from controller.core import events as ev
from controller.core.order import OrderState
from controller.local_link.messages import Accepted, SubmitOrder, VehicleData
from controller.planning.day import Day, Demand
from controller.planning.machine import KINDS, Machine, Rules
from controller.planning.peers import FirstCome
from controller.planning.people import visit
from sim_hardware.plant.body import VehicleSpec
from tests.simulation.virtual_garage import VirtualGarage

CONFIG = Path(__file__).parent.parent.parent / "config"
RULES = Rules(overlaps_legs=True)
"""As the core: legs overlap; nobody is fetched early, since no plan is made here."""
WALK_S, DWELL_S = 7.0, 30.0
MEAN_ERROR_MAX = 0.03
"""Of the mean wait; a single order may differ more, when two begin in another order for a second's difference."""


def started(name: str) -> VirtualGarage:
    config = load_config(CONFIG / f"{name}.toml")
    people = {"person_walk_s": (WALK_S, WALK_S), "person_dwell_s": (DWELL_S, DWELL_S)}
    strict = config.controller.model_copy(update={"overtaking_max": 0, "planner": False})  # as the peer
    emulation = config.emulation.model_copy(update=people)
    config = config.model_copy(update={"emulation": emulation, "controller": strict})
    garage = VirtualGarage(config)
    garage.crowd.strangers = False
    garage.begin()
    return garage


def demand_of(garage: VirtualGarage, count: int, gap_s: float, seed: int) -> list[Demand]:
    """Customers at random moments: half fetch a car that stands there, half bring a new one."""
    dice = Random(seed)  # noqa: S311 - demand must be reproducible
    standing = [v.id for v in garage.core.state.vehicles.values() if v.position is not None]
    fetched = iter(dice.sample(standing, count))
    at_s, found = 0.0, []
    for number in range(count):
        kind = dice.choice(KINDS)
        vehicle = next(fetched) if kind == "retrieve" else f"guest-{number}"
        found.append(Demand(round(at_s, 2), kind, vehicle, visit(WALK_S, DWELL_S)))
        at_s += dice.uniform(0, 2 * gap_s)
    return found


def waits_in_full(garage: VirtualGarage, demand: list[Demand]) -> dict[str, float]:
    """Seconds from each request to green, by vehicle, in the full simulation."""
    begin_ms = garage.now_ms
    asked: dict[str, int] = {}
    green: dict[str, int] = {}
    left = list(demand)
    tokens: list[int] = []
    for _ in range(50 * 3600):
        while left and garage.now_ms - begin_ms >= left[0].at_s * 1000 - 20:
            wish = left.pop(0)
            asked[wish.vehicle] = garage.now_ms
            tokens.append(garage.ask(SubmitOrder(kind=wish.kind, vehicle=VehicleData(id=wish.vehicle))))
        garage.cycle()
        for record in garage.result.events:
            if isinstance(record.event, ev.CabinPhaseChanged) and record.event.phase in ("leaving", "inviting"):
                vehicle = garage.core.state.orders[record.event.order or ""].vehicle
                green[vehicle] = garage.now_ms
                if record.event.phase == "inviting":
                    garage.crowd.arrive(record.event.cabin, guest(vehicle))
        if not left and len(green) == len(demand) and all(o.state.is_over for o in garage.core.state.orders.values()):
            break
    assert all(isinstance(garage.answers[token], Accepted) for token in tokens)
    assert all(o.state is OrderState.DONE for o in garage.core.state.orders.values()), garage.picture()
    assert garage.violations() == []
    return {vehicle: (at_ms - asked[vehicle]) / 1000 for vehicle, at_ms in green.items()}


def guest(vehicle: str) -> VehicleSpec:
    return VehicleSpec(
        vehicle,
        length_mm=4500,
        width_mm=1900,
        height_mm=1500,
        weight_kg=1500,
        ground_clearance_mm=140,
        front_overhang_mm=850,
        rear_overhang_mm=850,
    )


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("name", "count", "gap_s", "seed"), [("tower-guangzhou", 7, 45.0, 11), ("garage-shuttle", 4, 40.0, 12)]
)
def test_the_mean_wait_is_that_of_the_full_simulation_within_3_percent(
    name: str, count: int, gap_s: float, seed: int, record_property: Callable[[str, object], None]
) -> None:
    garage = started(name)
    demand = demand_of(garage, count, gap_s, seed)
    state = garage.core.state
    stock = dict(state.occupant)
    turned = {v.id for v in state.vehicles.values() if v.heading is not None and v.heading.value == "left"}
    day = Day(Machine(garage.layout, rules=RULES), FirstCome(), demand, stock, turned=turned)
    result = day.run()
    assert result.unserved == 0
    fast = {demand[number].vehicle: o.wait_s for number, o in enumerate(sorted(result.outcomes, key=order_number))}
    full = waits_in_full(garage, demand)
    assert fast.keys() == full.keys()
    fast_mean, full_mean = sum(fast.values()) / count, sum(full.values()) / count
    by_order = {vehicle: (round(fast[vehicle], 1), round(full[vehicle], 1)) for vehicle in full}
    record_property("means", f"{fast_mean:.1f} s fast, {full_mean:.1f} s full, by order {by_order}")
    assert fast_mean == pytest.approx(full_mean, rel=MEAN_ERROR_MAX), by_order


def order_number(outcome: object) -> int:
    return int(str(getattr(outcome, "order", "o0"))[1:])
