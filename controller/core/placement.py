"""Where a car is put.

Owns the choice of a place. A better one (by predicted departure, powertrain, double depth) can stand behind the
same interface.
"""

from __future__ import annotations

from typing import Protocol

from controller.core.neighbours import blockers
from controller.core.order import Order
from controller.core.route import routes
from controller.core.service import out_of_use, usable
from controller.core.situation import Situation
from controller.core.vehicle import Vehicle


class Placement(Protocol):
    """Chooses a place for a car."""

    def choose(self, situation: Situation, order: Order, vehicle: Vehicle, start: str) -> str | None:
        """A free place that the car fits, None when there is none. ``start`` is where the car is or will be."""
        ...


class NearestFree:
    """The free place that is reached soonest from where the car is; ties go to the smaller id.

    A place to which no way is in use now is taken only when there is no other: its unit may be out for days.
    """

    def choose(self, situation: Situation, order: Order, vehicle: Vehicle, start: str) -> str | None:
        """A free place that the car fits, None when there is none.

        A place that the order holds already counts as free for it. A place in front of an occupied one, or
        behind one, is taken only when nothing stands in the way.
        """
        out = out_of_use(situation)
        best: tuple[bool, float, str] | None = None
        for place in situation.layout.storage():
            if not is_open(situation, order, place.id) or vehicle.misfits(place.limits):
                continue
            ways = routes(situation.layout, start, place.id)
            if not ways:
                continue
            way = usable(situation, start, place.id, out)
            rank = (way is None, (way or ways[0]).estimate_s, place.id)
            if best is None or rank < best:
                best = rank
        return None if best is None else best[2]


def is_open(situation: Situation, order: Order, place: str) -> bool:
    """True when ``place`` is empty by the books, nobody else's, and can be reached past its neighbours."""
    state = situation.state
    if place in state.occupant or state.claims.get(place, order.id) != order.id:
        return False
    return not blockers(situation, place)
