"""Ways that are free now, and what an order claims for one: at once, or late.

Owns which names a way claims and what has to be free before it is chosen. Whoever begins claims all at once but the
shuttle behind a platform; that one is claimed when the car stands before it (ADR 0002, ADR 0033). Must never choose
who begins; ``dispatch`` does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from controller.core import commanding
from controller.core import events as ev
from controller.core.order import Order
from controller.core.route import Route, routes
from controller.core.situation import Situation
from safety.refusal import Refusal


@dataclass(slots=True)
class Wanted:
    """What earlier orders in the queue wait for: a later order must not take it from under them."""

    names: set[str] = field(default_factory=set)
    may_follow: bool = True
    """A car may be fetched for a cabin that still empties: not while somebody has been overtaken often enough."""

    def copy(self) -> Wanted:
        """The same, to be changed without changing this one."""
        return Wanted(set(self.names), self.may_follow)


def claim_late(situation: Situation) -> None:
    """Give the shuttle of the next leg to each car that waits for it on a platform, before anybody else is asked.

    Who waits so holds a lift; in the order of acceptance, so that each gets its turn (ADR 0033). A shuttle that was
    left with a car on its deck is for that car alone: whoever else claimed it would wait for it, and it for them (H07).
    """
    state = situation.state
    for order in state.open_orders():
        shuttle = order.missing_shuttle
        if shuttle is None or shuttle in state.claims:
            continue
        if state.occupant.get(situation.layout.shuttles[shuttle].deck) in (None, order.vehicle):
            situation.log.write(ev.ClaimsAdded(order=order.id, claims=[shuttle]))


def free_route(
    situation: Situation, order: Order, ways: Iterable[Route], wanted: Wanted, extra: tuple[str, ...]
) -> tuple[Route | None, Refusal | None]:
    """The quickest way on which everything is free; else why not, and its movers are kept for this order."""
    found: Refusal | None = None
    ways = tuple(ways)
    for route in ways:
        reason = _route_unready(situation, order, route, wanted, extra)
        if reason is None:
            return route, None
        found = found or reason
    if ways:
        wanted.names.update(claims_of(ways[0], extra))
    return None, found or no_route()


def _route_unready(
    situation: Situation, order: Order, route: Route, wanted: Wanted, extra: tuple[str, ...]
) -> Refusal | None:
    state, claims = situation.state, claims_of(route, extra)
    for name in sorted(claims | route.late):
        holder = state.claims.get(name)
        if name in claims and holder is not None and holder != order.id:
            return Refusal("RESOURCE_BUSY", f"{name} is used by order {holder}.", "Wait.")
        if name in wanted.names:
            return Refusal("EARLIER_ORDER", f"{name} goes to an order that came earlier.", "Wait.")
    for mover in sorted(route.movers):
        if (reason := commanding.unready(situation, mover)) is not None:
            return reason
    # A car on the deck of a shuttle that somebody still uses is on its way down from it.
    shuttles = [leg.shuttle for leg in route.legs if leg.shuttle not in route.late or leg.shuttle not in state.claims]
    for position in (*sorted(route.platforms), *(situation.layout.shuttles[shuttle].deck for shuttle in shuttles)):
        vehicle = state.occupant.get(position)
        if vehicle is not None and vehicle != order.vehicle:
            return Refusal("POSITION_OCCUPIED", f"{vehicle} stands on {position}.", f"Relocate {vehicle} first.")
    return None


def claims_of(route: Route, extra: tuple[str, ...]) -> set[str]:
    """Ids that an order claims when it begins a way: movers, platforms, and ``extra``, its cabin and positions."""
    return {*route.at_once, *route.platforms, *extra}


def choose_route(situation: Situation, order: Order, route: Route, target: str) -> None:
    """Write the way that an order takes from now on."""
    legs = [(leg.shuttle, leg.source, leg.target) for leg in route.legs]
    situation.log.write(ev.RouteChosen(order=order.id, legs=legs, target=target))


def reroute(situation: Situation, order: Order, target: str) -> bool:
    """Send a car that is under way to ``target`` with the movers that the order holds; False when they do not do.

    All of them, also one that another order would claim late: on a way back nobody waits for a mover.
    """
    start = situation.state.vehicles[order.vehicle].position
    if start is None:
        return False
    for route in routes(situation.layout, start, target):
        if all(situation.state.claims.get(name) == order.id for name in route.movers | route.platforms):
            choose_route(situation, order, route, target)
            return True
    return False


def no_route() -> Refusal:
    """What is said where no way exists at all."""
    return Refusal("NO_WAY", "No shuttle connects the two positions.", "Check the configuration.")
