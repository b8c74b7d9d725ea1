"""The picture that a planner gets of a moment: which orders may begin, and when what they need is free.

Owns what goes into it. Left out is every order whose way the planner cannot know: one that wants a certain cabin or
does not fit all of them, one that has no way now, one that the supply keeps waiting, one whose car stands in
somebody's way. Those go by the rule of the queue. Must never change state.
"""

from __future__ import annotations

from functools import lru_cache

from controller.core import supply
from controller.core.booking import BookingState
from controller.core.dispatch import stands_in_the_way
from controller.core.front_cars import is_moved
from controller.core.order import Order, OrderState
from controller.core.outlook import SOON_S, Outlook, outlook
from controller.core.overtaking import is_protected, passed
from controller.core.placement import Placement, keeps_spare, shuts_in, wanted
from controller.core.route import routes
from controller.core.service import OutOfUse, out_of_use, shut_in, usable
from controller.core.situation import Situation
from controller.garage import Layout, PositionKind
from controller.planning.advice import OUT_OF_USE_S, BookedSeen, CabinSeen, MoverSeen, Picture, StoredSeen, WaitingSeen
from controller.planning.machine import NEVER_S, Kind

BOOKED_WITHIN_S = 300.0
"""A customer who is on the way and farther off than this changes nothing in who begins now."""


def picture_of(situation: Situation, placement: Placement, number: int) -> Picture:
    """The picture of this cycle."""
    seen, out = outlook(situation), out_of_use(situation)
    stored = _stored(situation, placement, seen)
    return Picture(
        number=number,
        movers=_movers(situation, seen, out),
        cabins=_cabins(situation, seen, out, {car.cabin for car in stored}),
        waiting=[
            found
            for order in situation.state.open_orders()
            if order.state is OrderState.WAITING and (found := _waiting(situation, order, out)) is not None
        ],
        stored=stored,
        free=_free(situation),
        overtaking_max=situation.config.controller.overtaking_max,
        booked=_booked(situation, out),
    )


def _booked(situation: Situation, out: OutOfUse) -> list[BookedSeen]:
    """Customers who are on the way and soon there; their orders are not made yet."""
    found: list[BookedSeen] = []
    for booking in situation.state.bookings.open():
        due_s = round((booking.due_ms - situation.now.unix_ms) / 1000, 2)
        if booking.state is not BookingState.ANNOUNCED or due_s > BOOKED_WITHIN_S:
            continue
        draft = Order(booking.id, booking.kind, booking.vehicle, booking.due_ms, booking.actor)
        if booking.kind == "retrieve" and booking.vehicle not in situation.state.vehicles:
            continue  # it was to be brought first
        way = _way(situation, draft, out)
        if way is not None:
            found.append(BookedSeen(booking.id, booking.kind, booking.vehicle, way[0], due_s, way[1]))
    return found


def _movers(situation: Situation, seen: Outlook, out: OutOfUse) -> dict[str, MoverSeen]:
    state, layout = seen.state, situation.layout
    generator_s = _generator_s(situation, seen)
    found: dict[str, MoverSeen] = {}
    for name, free_s in state.mover_s.items():
        station = state.level[name] if name in layout.lifts else state.column[name]
        deck = layout.shuttles[name].deck if name in layout.shuttles else layout.lifts[name].platform
        is_laden = deck in situation.state.occupant and name not in situation.state.claims
        when_s = OUT_OF_USE_S if name in out or is_laden else max(free_s, generator_s)
        found[name] = MoverSeen(round(when_s, 2), station)
    return found


def _generator_s(situation: Situation, seen: Outlook) -> float:
    """When the generator carries one order more; 0 with the mains (H19)."""
    if supply.feed_of(situation) is not supply.Feed.GENERATOR:
        return 0.0
    limit = situation.config.power.generator_movers_max
    ends = sorted(
        seen.goal_s.get(order.id, SOON_S)
        for order in situation.state.open_orders()
        if order.state is not OrderState.WAITING and order.legs_done < len(order.legs)
    )
    return ends[-limit] if len(ends) >= limit else 0.0


def _cabins(situation: Situation, seen: Outlook, out: OutOfUse, stored: set[str]) -> dict[str, CabinSeen]:
    found: dict[str, CabinSeen] = {}
    for cabin, free_s in seen.state.cabin_s.items():
        is_shut_in = situation.layout.cabins[cabin].position in situation.state.occupant and not free_s
        if cabin in stored:
            found[cabin] = CabinSeen(None, round(seen.state.ready_s[cabin], 2))
        elif cabin in out or free_s == NEVER_S or is_shut_in:
            found[cabin] = CabinSeen(OUT_OF_USE_S)
        else:
            least_s = 0.0 if cabin in situation.verdict.proven_empty else SOON_S
            found[cabin] = CabinSeen(round(max(free_s, least_s), 2))
    return found


def _waiting(situation: Situation, order: Order, out: OutOfUse) -> WaitingSeen | None:
    way = _way(situation, order, out)
    if way is None:
        return None
    since_s = round((situation.now.unix_ms - _asked_ms(situation, order)) / 1000, 2)
    kind: Kind = "retrieve" if order.kind == "retrieve" else "store"
    count = passed(situation, order)
    if is_protected(situation, order):
        count = max(count, situation.config.controller.overtaking_max)
    return WaitingSeen(order.id, kind, order.vehicle, way[0], since_s, way[1], count)


def _asked_ms(situation: Situation, order: Order) -> int:
    """Since when somebody waits: from the acceptance, or from when they said to be there."""
    booking = situation.state.bookings.served_by(order.id)
    arrival_ms = None if booking is None else booking.arrival_ms
    return order.accepted_at_ms if arrival_ms is None else max(order.accepted_at_ms, arrival_ms)


def _way(situation: Situation, order: Order, out: OutOfUse) -> tuple[str, bool] | None:
    """The place that an order is about, and whether its car is turned already; None when its way cannot be known."""
    if order.kind == "relocate" or order.wanted_cabin is not None:
        return None
    reason = supply.keeps_from_beginning(situation, order)
    if reason is not None and reason.code != supply.GENERATOR_BUSY:
        return None
    layout, vehicle = situation.layout, situation.state.vehicles.get(order.vehicle)
    # A car is turned when its nose points out of every cabin that it could be brought to.
    is_turned = vehicle is not None and all(vehicle.heading is cabin.side for cabin in layout.cabins.values())
    if order.kind == "store":
        return order.target or "", is_turned
    where = None if vehicle is None else vehicle.position
    if vehicle is None or where is None or not _is_stored(situation, order, where):
        return None
    cabins = layout.cabins.values()
    if any(vehicle.misfits(cabin.envelope) or not _has_way(situation, where, cabin.id) for cabin in cabins):
        return None
    if not any(usable(situation, where, cabin.position, out) for cabin in cabins if cabin.id not in out):
        return None
    return where, is_turned


def _is_stored(situation: Situation, order: Order, where: str) -> bool:
    """True when an order's car rests in a place, in nobody's way, and nothing stands before it."""
    if is_moved(situation, order, where) or stands_in_the_way(situation, order):
        return False
    kinds = (PositionKind.PLACE, PositionKind.BUFFER)
    return shut_in(situation, where) is None and situation.layout.positions[where].kind in kinds


def _has_way(situation: Situation, start: str, cabin: str) -> bool:
    return usable(situation, start, situation.layout.cabins[cabin].position, {}) is not None


def _stored(situation: Situation, placement: Placement, seen: Outlook) -> list[StoredSeen]:
    found: list[StoredSeen] = []
    for cabin, order in seen.stored.items():
        bay, vehicle = situation.layout.cabins[cabin].position, situation.state.vehicles[order.vehicle]
        kept = (order.target,) if order.kind == "store" else (order.source,)
        held = (claim for claim in sorted(order.claims) if claim in situation.layout.positions and claim != bay)
        place = next((p for p in (*kept, *held) if p is not None), None)
        place = place or placement.choose(situation, order, vehicle, bay)
        if place is not None and usable(situation, bay, place, {}) is not None:
            found.append(StoredSeen(cabin, order.id, order.vehicle, place))
    return found


def _free(situation: Situation) -> list[str]:
    state, layout, cars = situation.state, situation.layout, wanted(situation)
    free = [
        place
        for place in _reached_from_every_cabin(layout)
        if place not in state.occupant
        and place not in state.claims
        and not any(front in state.occupant for front in layout.in_front_of(place))
        and layout.behind(place) not in state.claims
        and not shuts_in(situation, place, cars)
    ]
    return free if not free or keeps_spare(situation, free[0]) else []


@lru_cache(maxsize=64)
def _reached_from_every_cabin(layout: Layout) -> tuple[str, ...]:
    bays = [cabin.position for cabin in layout.cabins.values()]
    return tuple(place.id for place in layout.storage() if all(routes(layout, bay, place.id) for bay in bays))
