"""Which waiting order begins, and with what: routes, cabins and places that are free now, claimed all at once.

Owns the rule of the queue. An order either claims everything that it needs in one act or claims nothing, so no
order waits while it holds what another one needs (see the ADR on claims). Must never issue a command.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from controller.core import commanding, supply
from controller.core import events as ev
from controller.core.cabin_phase import FREE, OPENING, READY, RESERVED, TURNING
from controller.core.claiming import Wanted, choose_route, claim_late, claims_of, free_route, no_route
from controller.core.follower import follower_of
from controller.core.following import may_follow
from controller.core.front_cars import in_turn, is_making_way, is_moved
from controller.core.handover import enter
from controller.core.order import Order, OrderState
from controller.core.overtaking import is_protected
from controller.core.placement import Placement, is_open, keeps_spare
from controller.core.route import Route, routes
from controller.core.service import no_way, out_of_use, shut_in
from controller.core.situation import Situation
from controller.core.transfer import not_confirmed
from controller.core.vehicle import Vehicle
from controller.garage import PositionKind
from controller.planning.advice import Counsel
from safety.refusal import Refusal


class Guide(Protocol):
    """A preference among what may begin. It lets nothing begin that could not, and holds nothing for ever."""

    def counsel(self, order: str, /) -> Counsel | None:
        """With which cabin, way and place an order is to begin now; None when it is not among those."""
        ...

    def ranked(self, orders: Sequence[Order]) -> list[Order]:
        """In which order to try them."""
        ...

    def is_held(self, situation: Situation, order: str, /) -> bool:
        """True while an order is not to begin although it could."""
        ...

    def hold(self, situation: Situation, order: Order, /) -> Refusal | None:
        """Take note that an order could begin and was held; the reason to tell."""
        ...


class NoGuide:
    """Nobody advises: the rule of the queue alone."""

    def counsel(self, _order: str, /) -> Counsel | None:
        """No preference."""
        return None

    def ranked(self, orders: Sequence[Order]) -> list[Order]:
        """As they came."""
        return list(orders)

    def is_held(self, _situation: Situation, _order: str, /) -> bool:
        """Nobody is held."""
        return False

    def hold(self, _situation: Situation, _order: Order, /) -> Refusal | None:
        """Nothing to tell."""
        return None


class Dispatcher(Protocol):
    """Starts waiting orders."""

    def dispatch(self, situation: Situation, placement: Placement, guide: Guide | None = None) -> dict[str, Refusal]:
        """Start what can start now; the reasons of the orders that cannot, by order."""
        ...


@dataclass(frozen=True, slots=True)
class _Start:
    """Everything that an order begins with, found free. Without a phase the cabin is not claimed yet (ADR 0029)."""

    claims: tuple[str, ...]
    route: Route | None
    target: str
    cabin: str | None = None
    phase: str = ""


class FirstCome:
    """First come, first served, with a look past those that cannot begin.

    An order that was overtaken ``controller.overtaking_max`` times is protected: a later one may then begin only with
    what it does not wait for. With a bound of 0 that holds for every order. Orders that hold a car in a cabin and
    wait for movers come before all that have not begun. A car that stands before a wanted one makes way in that
    one's turn.

    A guide may name another sequence, and hold back who could begin (ADR 0028). It has no say over an order that is
    protected, nor over a car that stands in the way.
    """

    def dispatch(self, situation: Situation, placement: Placement, guide: Guide | None = None) -> dict[str, Refusal]:
        """Start what can start now, in the order of acceptance or of the guide; the reasons of those that wait."""
        guide = guide or NoGuide()
        wanted = Wanted()
        reasons: dict[str, Refusal] = {}
        _take_over(situation)
        claim_late(situation)
        orders = in_turn(situation, situation.state.open_orders())
        waiting = [order for order in orders if order.state is OrderState.WAITING]
        # A car that stands on a deck or platform is in everybody's way, of those in the cabins as well: it comes first.
        in_the_way = [order for order in waiting if stands_in_the_way(situation, order)]
        self._begin_each(situation, in_the_way, placement, wanted, reasons, NoGuide())
        for order in orders:
            if order.state is not OrderState.WAITING and _needs_route(situation, order):
                reason = _continue(situation, order, placement, wanted, guide)
                if reason is not None:
                    reasons[order.id] = reason
        rest = [one for one in waiting if one not in in_the_way]
        protected = [one for one in rest if is_protected(situation, one)]
        wanted.may_follow = not protected
        self._begin_each(situation, protected, placement, wanted, reasons, NoGuide())
        others = guide.ranked([one for one in rest if one not in protected])
        self._begin_each(situation, others, placement, wanted, reasons, guide)
        return reasons

    def _begin_each(
        self,
        situation: Situation,
        orders: list[Order],
        placement: Placement,
        wanted: Wanted,
        reasons: dict[str, Refusal],
        guide: Guide,
    ) -> None:
        for order in orders:
            if order.state is OrderState.WAITING:
                # Who is not protected keeps nothing from those that come later.
                its_own = wanted if is_protected(situation, order) else wanted.copy()
                reason = supply.keeps_from_beginning(situation, order)
                reason = reason or _begin(situation, order, placement, its_own, guide)
                if reason is not None:
                    reasons[order.id] = reason


def stands_in_the_way(situation: Situation, order: Order) -> bool:
    """True when the order's car stands on a deck or platform: nobody else can use that mover (H07)."""
    position = situation.state.vehicles[order.vehicle].position
    if position is None or is_moved(situation, order, position):
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


def _continue(situation: Situation, order: Order, placement: Placement, wanted: Wanted, guide: Guide) -> Refusal | None:
    """Give a car that stands ready in a cabin its place and the movers on the way."""
    vehicle = situation.state.vehicles[order.vehicle]
    start = vehicle.position
    if start is None:
        return None
    counsel = guide.counsel(order.id)
    kept = order.target if order.kind == "store" else order.source
    if kept is None or not _takes_back(situation, order, vehicle, kept):
        kept = _advised_place(situation, order, vehicle, counsel) or placement.choose(situation, order, vehicle, start)
    if kept is None:
        return Refusal("GARAGE_FULL", "No free place is large enough for this car.", "Retrieve or relocate a car.")
    is_held = counsel is None and guide.is_held(situation, order.id)
    its_own = wanted.copy() if is_held else wanted
    ways = _advised_first(routes(situation.layout, start, kept), counsel)
    route, reason = free_route(situation, order, ways, its_own, extra=(kept,))
    if route is None:
        return reason
    if is_held:
        return guide.hold(situation, order)
    claims = claims_of(route, (kept,))
    reserved = {c for c in order.claims if c in situation.layout.positions} - {kept, start}
    if reserved:
        situation.log.write(ev.ClaimsFreed(order=order.id, claims=sorted(reserved)))
    situation.log.write(ev.ClaimsAdded(order=order.id, claims=sorted(claims)))
    choose_route(situation, order, route, kept)
    return None


def _advised_place(situation: Situation, order: Order, vehicle: Vehicle, counsel: Counsel | None) -> str | None:
    """The place that the guide names, when this very car may be put there."""
    place = "" if counsel is None else counsel.place
    if place not in situation.layout.positions or not _takes_back(situation, order, vehicle, place):
        return None
    return place


def _advised_first(ways: Iterable[Route], counsel: Counsel | None) -> tuple[Route, ...]:
    """The ways, quickest first, but the one that the guide names before all."""
    movers = frozenset() if counsel is None else frozenset(counsel.movers)
    return tuple(sorted(ways, key=lambda way: way.movers != movers)) if movers else tuple(ways)


def _takes_back(situation: Situation, order: Order, vehicle: Vehicle, position: str) -> bool:
    """True when ``position`` stores cars, is open for the order, and takes the car as it was measured."""
    shape = situation.layout.positions[position]
    is_storage = shape.kind in (PositionKind.PLACE, PositionKind.BUFFER)
    return is_storage and not vehicle.misfits(shape.limits) and is_open(situation, order, position)


def _take_over(situation: Situation) -> None:
    """Give a cabin that has emptied to the order that waits before it, before anybody else is asked."""
    for cabin, shape in situation.layout.cabins.items():
        order = follower_of(situation, cabin)
        if order is None or order.withdrawal or _cabin_unready(situation, cabin, follower=order.id) is not None:
            continue
        situation.log.write(ev.ClaimsAdded(order=order.id, claims=sorted((cabin, shape.position))))
        enter(situation, cabin, RESERVED, order.id)


def _follows(situation: Situation, order: Order, cabin: str) -> bool:
    """True when the car may be fetched now, to wait before a cabin which still empties."""
    vehicle, shape = situation.state.vehicles[order.vehicle], situation.layout.cabins[cabin]
    return not vehicle.misfits(shape.envelope) and may_follow(situation, order, cabin)


def _begin(situation: Situation, order: Order, placement: Placement, wanted: Wanted, guide: Guide) -> Refusal | None:
    """Begin when all is free, in one act; else why not. Whom the guide holds does not begin, and is told so."""
    is_held, counsel = guide.is_held(situation, order.id), guide.counsel(order.id)
    if counsel is not None and counsel.cabin not in situation.layout.cabins:
        is_held, counsel = False, None
    if counsel is not None:
        start = _find(situation, order, placement, wanted.copy(), counsel)
        if isinstance(start, _Start):
            _carry_out(situation, order, start)
            return None
        # Held for the cabin that the plan has chosen, as long as it may be held.
    start = _find(situation, order, placement, wanted, None)
    if isinstance(start, Refusal):
        if order.kind == "retrieve" and not is_held and _put_aside(situation, order, placement):
            return None
        return start
    if is_held:
        return guide.hold(situation, order)
    _carry_out(situation, order, start)
    return None


def _carry_out(situation: Situation, order: Order, start: _Start) -> None:
    situation.log.write(ev.OrderStarted(order=order.id, claims=sorted(start.claims), cabin=start.cabin))
    if start.route is not None:
        choose_route(situation, order, start.route, start.target)
    if start.cabin is not None and start.phase:
        enter(situation, start.cabin, start.phase, order.id)


def _find(
    situation: Situation, order: Order, placement: Placement, wanted: Wanted, counsel: Counsel | None
) -> _Start | Refusal:
    """Everything that an order begins with, when all of it is free; else why not."""
    match order.kind:
        case "retrieve":
            return _find_retrieve(situation, order, wanted, counsel)
        case "store":
            return _find_store(situation, order, placement, wanted, counsel)
        case "relocate":
            return _find_relocate(situation, order, placement, wanted)


def _find_retrieve(situation: Situation, order: Order, wanted: Wanted, counsel: Counsel | None) -> _Start | Refusal:
    vehicle = situation.state.vehicles[order.vehicle]
    source = vehicle.position
    if source is None:
        return Refusal("VEHICLE_NOT_HERE", f"{order.vehicle} is not in the garage.", "Withdraw the order.")
    if (reason := _not_yet(situation, order, source, wanted)) is not None:
        return reason
    here = situation.layout.positions[source].owner
    if here in situation.layout.cabins and order.wanted_cabin in (None, here):
        return _find_in_cabin(situation, order, here, source)
    found: Refusal | None = None
    for cabin in _cabins(situation, order, counsel):
        shape = situation.layout.cabins[cabin]
        reason = _cabin_unready(situation, cabin) or _misfit(vehicle.misfits(shape.envelope), cabin)
        if reason is None and cabin in wanted.names:
            reason = Refusal("EARLIER_ORDER", f"{cabin} goes to an order that came earlier.", "Wait.")
        extra: tuple[str, ...] = (cabin, shape.position, source)
        phase = RESERVED
        if reason is not None and counsel is not None and wanted.may_follow and _follows(situation, order, cabin):
            reason, extra, phase = None, (source,), ""
        if reason is None:
            ways = _advised_first(routes(situation.layout, source, shape.position), counsel)
            route, reason = free_route(situation, order, ways, wanted, extra=extra)
            if route is not None:
                return _Start(tuple(claims_of(route, extra)), route, shape.position, cabin, phase)
        found = found or reason
    wanted.names.update(_cabins(situation, order, None) if order.wanted_cabin else ())
    return found or no_route()


def _not_yet(situation: Situation, order: Order, source: str, wanted: Wanted) -> Refusal | None:
    """Why a car must stay for now that makes way, or stands behind one that does (double-deep)."""
    if is_moved(situation, order, source):
        return Refusal("CAR_MAKES_WAY", f"{order.vehicle} makes way for the car behind it.", "Wait until it stands.")
    reason = shut_in(situation, source)
    if reason is not None and is_making_way(situation, source):
        # Its turn has come: what it needs as soon as the car before it is out of the way is kept for it.
        for cabin in _cabins(situation, order, None):
            bay = situation.layout.cabins[cabin].position
            ways = routes(situation.layout, source, bay)
            wanted.names.update(claims_of(ways[0], (cabin, bay, source)) if ways else ())
    return reason


def _put_aside(situation: Situation, order: Order, placement: Placement) -> bool:
    """Begin by putting a car that stands on a mover into a place: a car in a cabin waits for that mover (H07).

    Neither would ever go on: the one waits for a cabin, the other for the deck. True when it has begun.
    """
    source = situation.state.vehicles[order.vehicle].position
    cars_wait = any(_needs_route(situation, one) for one in situation.state.open_orders() if one.cabin is not None)
    if source is None or not cars_wait or not stands_in_the_way(situation, order):
        return False
    place = placement.choose(situation, order, situation.state.vehicles[order.vehicle], source)
    if place is None:
        return False
    extra = (source, place)
    # What earlier orders wait for does not count: they wait for this one.
    route, _ = free_route(situation, order, routes(situation.layout, source, place), Wanted(), extra=extra)
    if route is None:
        return False
    situation.log.write(ev.OrderStarted(order=order.id, claims=sorted(claims_of(route, extra))))
    choose_route(situation, order, route, place)
    return True


def _find_in_cabin(situation: Situation, order: Order, cabin: str, position: str) -> _Start | Refusal:
    """The car stands in a cabin already, left there by an order that was voided: it is handed over where it is."""
    if (reason := _cabin_unready(situation, cabin, for_car=order.vehicle)) is not None:
        return reason
    return _Start((cabin, position), None, "", cabin, TURNING)


def _find_store(
    situation: Situation, order: Order, placement: Placement, wanted: Wanted, counsel: Counsel | None
) -> _Start | Refusal:
    vehicle = situation.state.vehicles[order.vehicle]
    found: Refusal | None = None
    for cabin in _cabins(situation, order, counsel):
        shape = situation.layout.cabins[cabin]
        reason = _cabin_unready(situation, cabin)
        if reason is None and cabin in wanted.names:
            reason = Refusal("EARLIER_ORDER", f"{cabin} goes to an order that came earlier.", "Wait.")
        if reason is None:
            place = order.target or _advised_place(situation, order, vehicle, counsel)
            place = place or placement.choose(situation, order, vehicle, shape.position)
            if place is None or not is_open(situation, order, place):
                return Refusal("GARAGE_FULL", "No free place is large enough for this car.", "Retrieve a car first.")
            if not keeps_spare(situation, place):
                return Refusal("LAST_PLACE", "The last place is kept for cars that must make way.", "Retrieve a car.")
            # Nobody drives in whose car would only stand in the cabin.
            reason = no_way(situation, shape.position, place, out_of_use(situation))
            if reason is None:
                return _Start((cabin, shape.position, place), None, "", cabin, OPENING)
        found = found or reason
    wanted.names.update(_cabins(situation, order, None) if order.wanted_cabin else ())
    return found or no_route()


def _find_relocate(situation: Situation, order: Order, placement: Placement, wanted: Wanted) -> _Start | Refusal:
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
    route, reason = free_route(situation, order, routes(situation.layout, source, target), wanted, extra=extra)
    if route is None:
        return reason or no_route()
    return _Start(tuple(claims_of(route, extra)), route, target)


def _cabins(situation: Situation, order: Order, counsel: Counsel | None) -> Iterable[str]:
    if order.wanted_cabin is not None:
        return (order.wanted_cabin,)
    return (counsel.cabin,) if counsel is not None else tuple(situation.layout.cabins)


def _cabin_unready(
    situation: Situation, cabin: str, *, for_car: str | None = None, follower: str | None = None
) -> Refusal | None:
    """Why a cabin cannot be given to an order now."""
    state = situation.state
    holder = state.claims.get(cabin)
    if holder is None and follower is None and (waits := follower_of(situation, cabin)) is not None:
        holder = waits.id
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
