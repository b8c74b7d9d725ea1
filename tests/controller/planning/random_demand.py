"""Random customers of one garage, the same for the same seed.

Owns how they are drawn for tests of the planner and of the forecast.
"""

from __future__ import annotations

from random import Random

from controller.planning.day import Demand
from controller.planning.machine import Machine
from controller.planning.people import drawn_visit


def demand_of(machine: Machine, seed: int, count: int, gap_s: float) -> tuple[list[Demand], dict[str, str]]:
    """Customers at random moments; half fetch a car that stands there, half bring one. With the stock, by place."""
    dice = Random(seed)  # noqa: S311 - demand must be reproducible
    places = [place.id for place in machine.layout.storage()]
    dice.shuffle(places)
    stock = {place: f"car{n}" for n, place in enumerate(places[: len(places) // 2])}
    inside, at_s, demand = list(stock.values()), 0.0, []
    for number in range(count):
        at_s += dice.expovariate(1 / gap_s)
        fetches = dice.random() < 0.5 if 1 < len(inside) < len(places) - 1 else len(inside) > 1
        vehicle = inside.pop(dice.randrange(len(inside))) if fetches else f"guest{number}"
        if not fetches:
            inside.append(vehicle)
        visit = drawn_visit(machine.layout.config, dice.uniform)
        demand.append(Demand(at_s, "retrieve" if fetches else "store", vehicle, visit))
    return demand, stock
