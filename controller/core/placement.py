"""Where a car is put.

Owns the choice of a place. A better one (by predicted departure, powertrain) can stand behind the same interface.
Places two deep are compared by the rule that the planner has, too (``planning/depth.py``).
"""

from __future__ import annotations

from collections.abc import Container
from typing import Protocol

from controller.core.neighbours import blockers
from controller.core.order import Order
from controller.core.route import routes
from controller.core.service import out_of_use, usable
from controller.core.situation import Situation
from controller.core.vehicle import Vehicle
from controller.planning.depth import LEAVES_NOW_S, placing_s
from controller.planning.places import SPARE


class Placement(Protocol):
    """Chooses a place for a car."""

    def choose(self, situation: Situation, order: Order, vehicle: Vehicle, start: str) -> str | None:
        """A free place that the car fits, None when there is none. ``start`` is where the car is or will be."""
        ...


class NearestFree:
    """The free place that is reached soonest from where the car is; ties go to the smaller id.

    A place to which no way is in use now is taken only when there is no other: its unit may be out for days. Two deep,
    behind comes before in front of, and the relocations that will probably follow count like a longer way.
    """

    def choose(self, situation: Situation, order: Order, vehicle: Vehicle, start: str) -> str | None:
        """A free place that the car fits, None when there is none.

        A place that the order holds already counts as free for it. A place in front of an occupied one, or
        behind one, is taken only when nothing stands in the way.
        """
        out, layout, occupant = out_of_use(situation), situation.layout, situation.state.occupant
        departs_s = dict.fromkeys(wanted(situation), LEAVES_NOW_S)
        best: tuple[bool, bool, float, str] | None = None
        for place in layout.storage():
            if not is_open(situation, order, place.id) or vehicle.misfits(place.limits):
                continue
            ways = routes(layout, start, place.id)
            is_bad = shuts_in(situation, place.id, departs_s)
            # For a car that only makes way there is no worse place: whoever is wanted there will soon have left.
            if not ways or (is_bad and order.kind == "relocate" and order.target is None):
                continue
            way = usable(situation, start, place.id, out)
            cost_s = placing_s(layout, place.id, (way or ways[0]).estimate_s, occupant, departs_s)
            rank = (way is None, is_bad, cost_s, place.id)
            if best is None or rank < best:
                best = rank
        return None if best is None else best[3]


def wanted(situation: Situation) -> set[str]:
    """Vehicles that somebody waits for, where places lie behind others; elsewhere it does not matter."""
    if not situation.layout.is_deep:
        return set()
    return {order.vehicle for order in situation.state.open_orders() if order.kind == "retrieve"}


def shuts_in(situation: Situation, place: str, wanted: Container[str]) -> bool:
    """True for a place before one that is still empty, or before a car that is wanted."""
    rear = situation.layout.behind(place)
    if rear is None:
        return False
    vehicle = situation.state.occupant.get(rear)
    return vehicle is None or vehicle in wanted


def keeps_spare(situation: Situation, place: str) -> bool:
    """True when another free place is left beside ``place``: two deep a car must always be able to make way."""
    if not situation.layout.is_deep:
        return True
    taken = situation.state.occupant.keys() | situation.state.claims.keys()
    free = sum(1 for one in situation.layout.storage() if one.id not in taken and one.id != place)
    return free >= SPARE


def is_open(situation: Situation, order: Order, place: str) -> bool:
    """True when ``place`` is empty by the books, nobody else's, and can be reached past its neighbours.

    Nor is a place open while another order's car comes to, or leaves, the one behind it.
    """
    state, rear = situation.state, situation.layout.behind(place)
    if place in state.occupant or state.claims.get(place, order.id) != order.id:
        return False
    if rear is not None and state.claims.get(rear, order.id) != order.id:
        return False
    return not blockers(situation, place)
