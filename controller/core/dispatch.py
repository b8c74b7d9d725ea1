"""Which waiting order begins, and with what: routes, cabins and places that are free now, claimed all at once.

Owns the rule of the queue. An order either claims everything that it needs in one act or claims nothing, so no
order waits while it holds what another one needs (see the ADR on claims). Must never issue a command.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from controller.core import commanding, supply
from controller.core import events as ev
from controller.core.handover import FREE, OPENING, READY, RESERVED, TURNING, enter
from controller.core.order import Order, OrderState
from controller.core.placement import Placement, is_open
from controller.core.route import Route, routes
from controller.core.service import no_way, out_of_use, shut_in
from controller.core.situation import Situation
from controller.core.transfer import not_confirmed
from controller.core.vehicle import Vehicle
from controller.garage import PositionKind
from safety.refusal import Refusal


class Dispatcher(Protocol):
    """Starts waiting orders."""

    def dispatch(self, situation: Situation, placement: Placement) -> dict[str, Refusal]:
        """Start what can start now; the reasons of the orders that cannot, by order."""
        ...


@dataclass(slots=True)
class _Wanted:
    """What earlier orders in the queue wait for: a later order must not take it from under them."""

    names: set[str] = field(default_factory=set)


class FirstCome:
    """First come, first served, with a look past those that cannot begin.

    An order that was overtaken ``controller.overtaking_max`` times is protected: a later one may then begin only with
    what it does not wait for. With a bound of 0 that holds for every order. Orders that hold a car in a cabin and
    wait for movers come before all that have not begun.
    """

    def dispatch(self, situation: Situation, placement: Placement) -> dict[str, Refusal]:
        """Start what can start now, in the order of acceptance; the reasons of those that wait."""
        wanted = _Wanted()
        reasons: dict[str, Refusal] = {}
        orders = situation.state.open_orders()
        waiting = [order for order in orders if order.state is OrderState.WAITING]
        # A car that stands on a deck or platform is in everybody's way, of those in the cabins as well: it comes first.
        in_the_way = [order for order in waiting if _stands_in_the_way(situation, order)]
        self._begin_each(situation, in_the_way, placement, wanted, reasons)
        for order in orders:
            if order.state is not OrderState.WAITING and _needs_route(situation, order):
                reason = _continue(situation, order, placement, wanted)
                if reason is not None:
                    reasons[order.id] = reason
        self._begin_each(situation, [one for one in waiting if one not in in_the_way], placement, wanted, reasons)
        return reasons

    def _begin_each(
        self,
        situation: Situation,
        orders: list[Order],
        placement: Placement,
        wanted: _Wanted,
        reasons: dict[str, Refusal],
    ) -> None:
        for order in orders:
            if order.state is OrderState.WAITING:
                # Who is not protected keeps nothing from those that come later.
                its_own = wanted if is_protected(situation, order) else _Wanted(set(wanted.names))
                reason = supply.keeps_from_beginning(situation, order)
                reason = reason or _begin(situation, order, placement, its_own)
                if reason is not None:
                    reasons[order.id] = reason


def is_protected(situation: Situation, order: Order) -> bool:
    """True for a waiting order that was overtaken as often as the configuration allows: nobody starves."""
    left = situation.config.controller.overtaking_max
    for other in reversed(situation.state.orders.values()):
        if left == 0 or other.id == order.id:
            break
        left -= other.started_at_ms is not None
    return left == 0


def _stands_in_the_way(situation: Situation, order: Order) -> bool:
    position = situation.state.vehicles[order.vehicle].position
    if position is None:
        return False
    return situation.layout.positions[position].kind in (PositionKind.DECK, PositionKind.PLATFORM)


def _needs_route(situation: Situation, order: Order) -> bool:
    """True for a running order whose car stands ready in a cabin and has no way to its place yet."""
    if order.cabin is None or order.leg is not None or (order.kind == "store" and order.withdrawal):
        return False
    use = situation.state.cabin(order.cabin)
    if use.order != order.id or use.phase != READY:
        return False
    position = situation.state.vehicles[order.vehicle].position
    return position == situation.layout.cabins[order.cabin].position and not _has_way_from(order, position)


def _has_way_from(order: Order, position: str | None) -> bool:
    return order.legs_done < len(order.legs) and order.legs[order.legs_done].source == position


def _continue(situation: Situation, order: Order, placement: Placement, wanted: _Wanted) -> Refusal | None:
    """Give a car that stands ready in a cabin its place and the movers on the way."""
    vehicle = situation.state.vehicles[order.vehicle]
    start = vehicle.position
    if start is None:
        return None
    kept = order.target if order.kind == "store" else order.source
    if kept is None or not _takes_back(situation, order, vehicle, kept):
        kept = placement.choose(situation, order, vehicle, start)
    if kept is None:
        return Refusal("GARAGE_FULL", "No free place is large enough for this car.", "Retrieve or relocate a car.")
    route, reason = _free_route(situation, order, routes(situation.layout, start, kept), wanted, extra=(kept,))
    if route is None:
        return reason
    claims = _claims(route, (kept,))
    reserved = {c for c in order.claims if c in situation.layout.positions} - {kept, start}
    if reserved:
        situation.log.write(ev.ClaimsFreed(order=order.id, claims=sorted(reserved)))
    situation.log.write(ev.ClaimsAdded(order=order.id, claims=sorted(claims)))
    _choose_route(situation, order, route, kept)
    return None


def _takes_back(situation: Situation, order: Order, vehicle: Vehicle, position: str) -> bool:
    """True when ``position`` stores cars, is open for the order, and takes the car as it was measured."""
    shape = situation.layout.positions[position]
    is_storage = shape.kind in (PositionKind.PLACE, PositionKind.BUFFER)
    return is_storage and not vehicle.misfits(shape.limits) and is_open(situation, order, position)


def _begin(situation: Situation, order: Order, placement: Placement, wanted: _Wanted) -> Refusal | None:
    match order.kind:
        case "retrieve":
            return _begin_retrieve(situation, order, placement, wanted)
        case "store":
            return _begin_store(situation, order, placement, wanted)
        case "relocate":
            return _begin_relocate(situation, order, placement, wanted)


def _begin_retrieve(situation: Situation, order: Order, placement: Placement, wanted: _Wanted) -> Refusal | None:
    vehicle = situation.state.vehicles[order.vehicle]
    source = vehicle.position
    if source is None:
        return Refusal("VEHICLE_NOT_HERE", f"{order.vehicle} is not in the garage.", "Withdraw the order.")
    if (reason := shut_in(situation, source)) is not None:
        return reason
    here = situation.layout.positions[source].owner
    if here in situation.layout.cabins and order.wanted_cabin in (None, here):
        return _begin_in_cabin(situation, order, here, source)
    found: Refusal | None = None
    for cabin in _cabins(situation, order):
        shape = situation.layout.cabins[cabin]
        reason = _cabin_unready(situation, cabin) or _misfit(vehicle.misfits(shape.envelope), cabin)
        if reason is None and cabin in wanted.names:
            reason = Refusal("EARLIER_ORDER", f"{cabin} goes to an order that came earlier.", "Wait.")
        if reason is None:
            extra = (cabin, shape.position, source)
            ways = routes(situation.layout, source, shape.position)
            route, reason = _free_route(situation, order, ways, wanted, extra=extra)
            if route is not None:
                claims = sorted(_claims(route, extra))
                situation.log.write(ev.OrderStarted(order=order.id, claims=claims, cabin=cabin))
                _choose_route(situation, order, route, shape.position)
                enter(situation, cabin, RESERVED, order.id)
                return None
        found = found or reason
    if _put_aside(situation, order, source, placement):
        return None
    wanted.names.update(_cabins(situation, order) if order.wanted_cabin else ())
    return found


def _put_aside(situation: Situation, order: Order, source: str, placement: Placement) -> bool:
    """Begin by putting a car that stands on a mover into a place: a car in a cabin waits for that mover (H07).

    Neither would ever go on: the one waits for a cabin, the other for the deck. True when it has begun.
    """
    cars_wait = any(_needs_route(situation, one) for one in situation.state.open_orders() if one.cabin is not None)
    if not cars_wait or not _stands_in_the_way(situation, order):
        return False
    place = placement.choose(situation, order, situation.state.vehicles[order.vehicle], source)
    if place is None:
        return False
    extra = (source, place)
    # What earlier orders wait for does not count: they wait for this one.
    route, _ = _free_route(situation, order, routes(situation.layout, source, place), _Wanted(), extra=extra)
    if route is None:
        return False
    situation.log.write(ev.OrderStarted(order=order.id, claims=sorted(_claims(route, extra))))
    _choose_route(situation, order, route, place)
    return True


def _begin_in_cabin(situation: Situation, order: Order, cabin: str, position: str) -> Refusal | None:
    """The car stands in a cabin already, left there by an order that was voided: it is handed over where it is."""
    if (reason := _cabin_unready(situation, cabin, for_car=order.vehicle)) is not None:
        return reason
    situation.log.write(ev.OrderStarted(order=order.id, claims=sorted((cabin, position)), cabin=cabin))
    enter(situation, cabin, TURNING, order.id)
    return None


def _begin_store(situation: Situation, order: Order, placement: Placement, wanted: _Wanted) -> Refusal | None:
    vehicle = situation.state.vehicles[order.vehicle]
    found: Refusal | None = None
    for cabin in _cabins(situation, order):
        shape = situation.layout.cabins[cabin]
        reason = _cabin_unready(situation, cabin)
        if reason is None and cabin in wanted.names:
            reason = Refusal("EARLIER_ORDER", f"{cabin} goes to an order that came earlier.", "Wait.")
        if reason is None:
            place = order.target or placement.choose(situation, order, vehicle, shape.position)
            if place is None or not is_open(situation, order, place):
                return Refusal("GARAGE_FULL", "No free place is large enough for this car.", "Retrieve a car first.")
            # Nobody drives in whose car would only stand in the cabin.
            reason = no_way(situation, shape.position, place, out_of_use(situation))
            if reason is None:
                claims = [cabin, shape.position, place]
                situation.log.write(ev.OrderStarted(order=order.id, claims=claims, cabin=cabin))
                enter(situation, cabin, OPENING, order.id)
                return None
        found = found or reason
    wanted.names.update(_cabins(situation, order) if order.wanted_cabin else ())
    return found


def _begin_relocate(situation: Situation, order: Order, placement: Placement, wanted: _Wanted) -> Refusal | None:
    vehicle = situation.state.vehicles[order.vehicle]
    source = vehicle.position
    if source is None:
        return Refusal("VEHICLE_NOT_HERE", f"{order.vehicle} is not in the garage.", "Withdraw the order.")
    if (reason := shut_in(situation, source)) is not None:
        return reason
    target = order.target or placement.choose(situation, order, vehicle, source)
    if target is None or not is_open(situation, order, target):
        return Refusal("PLACE_NOT_FREE", "The place asked for is not free.", "Choose another place, or wait.")
    extra = (source, target)
    route, reason = _free_route(situation, order, routes(situation.layout, source, target), wanted, extra=extra)
    if route is None:
        return reason
    situation.log.write(ev.OrderStarted(order=order.id, claims=sorted(_claims(route, extra))))
    _choose_route(situation, order, route, target)
    return None


def _cabins(situation: Situation, order: Order) -> Iterable[str]:
    return (order.wanted_cabin,) if order.wanted_cabin is not None else tuple(situation.layout.cabins)


def _cabin_unready(situation: Situation, cabin: str, *, for_car: str | None = None) -> Refusal | None:
    """Why a cabin cannot be given to an order now."""
    state = situation.state
    holder = state.claims.get(cabin)
    if holder is not None:
        return Refusal("CABIN_BUSY", f"{cabin} is used by order {holder}.", "Wait until its customer has left.")
    if (reason := commanding.unready(situation, cabin)) is not None:
        return reason
    if state.cabin(cabin).phase != FREE or cabin not in situation.verdict.proven_empty:
        return not_confirmed(cabin)
    occupant = state.occupant.get(situation.layout.cabins[cabin].position)
    if occupant is not None and occupant != for_car:
        return Refusal("POSITION_OCCUPIED", f"{occupant} stands in {cabin}.", f"Retrieve or relocate {occupant} first.")
    return None


def _misfit(misfits: tuple[str, ...], cabin: str) -> Refusal | None:
    if not misfits:
        return None
    return Refusal("CABIN_TOO_SMALL", f"The car does not fit {cabin}: {', '.join(misfits)}.", "Choose another cabin.")


def _free_route(
    situation: Situation, order: Order, ways: Iterable[Route], wanted: _Wanted, extra: tuple[str, ...]
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
        wanted.names.update(_claims(ways[0], extra))
    return None, found or Refusal("NO_WAY", "No shuttle connects the two positions.", "Check the configuration.")


def _route_unready(
    situation: Situation, order: Order, route: Route, wanted: _Wanted, extra: tuple[str, ...]
) -> Refusal | None:
    state = situation.state
    for name in sorted(_claims(route, extra)):
        holder = state.claims.get(name)
        if holder is not None and holder != order.id:
            return Refusal("RESOURCE_BUSY", f"{name} is used by order {holder}.", "Wait.")
        if name in wanted.names:
            return Refusal("EARLIER_ORDER", f"{name} goes to an order that came earlier.", "Wait.")
    for mover in sorted(route.movers):
        if (reason := commanding.unready(situation, mover)) is not None:
            return reason
    decks = [situation.layout.shuttles[leg.shuttle].deck for leg in route.legs]
    for position in (*sorted(route.platforms), *decks):
        vehicle = state.occupant.get(position)
        if vehicle is not None and vehicle != order.vehicle:
            return Refusal("POSITION_OCCUPIED", f"{vehicle} stands on {position}.", f"Relocate {vehicle} first.")
    return None


def _claims(route: Route, extra: tuple[str, ...]) -> set[str]:
    return {*route.movers, *route.platforms, *extra}


def _choose_route(situation: Situation, order: Order, route: Route, target: str) -> None:
    legs = [(leg.shuttle, leg.source, leg.target) for leg in route.legs]
    situation.log.write(ev.RouteChosen(order=order.id, legs=legs, target=target))


def reroute(situation: Situation, order: Order, target: str) -> bool:
    """Send a car that is under way to ``target`` with the movers that the order holds; False when they do not do."""
    start = situation.state.vehicles[order.vehicle].position
    if start is None:
        return False
    for route in routes(situation.layout, start, target):
        if all(situation.state.claims.get(name) == order.id for name in route.movers | route.platforms):
            _choose_route(situation, order, route, target)
            return True
    return False
