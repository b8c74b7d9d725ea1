"""Bringing a booked car to a nearer place while nobody needs the machine.

Owns when that is worth it, and where to. One car at a time, in a garage in which no order is open, no cabin is in use
and nobody is in a zone; for no longer than somebody who comes meanwhile may be kept waiting. Must never shut another
car in behind the one that is moved.
"""

from __future__ import annotations

from controller.core import booking_events as bev
from controller.core.admission import submit_order
from controller.core.booking import Booking, BookingState
from controller.core.booking_time import is_free, is_undisturbed, lead_max_ms, moving_s, way_out
from controller.core.neighbours import blockers
from controller.core.order import Order
from controller.core.placement import is_open
from controller.core.route import Route
from controller.core.service import out_of_use, usable
from controller.core.situation import Situation
from controller.core.vehicle import Vehicle
from controller.core.zone import emergency_stop, zone_value
from controller.garage import PositionKind
from controller.local_link.messages import SubmitOrder, VehicleData

QUIET_MS = 60_000
"""A garage in which the last order ended so long ago is quiet."""


def bring_close(situation: Situation, turn: int) -> None:
    """Make the order that brings a booked car close, if one gains by it and nothing speaks against it.

    One booking is looked at, each in its turn: all places are gone through for it.
    """
    wanting = sorted(_wanting(situation), key=lambda one: (one.from_ms, one.id))
    if not wanting or not is_quiet(situation):
        return
    booking = wanting[turn % len(wanting)]
    target = nearer_place(situation, booking.vehicle)
    if target is None:
        return
    request = SubmitOrder(
        kind="relocate", vehicle=VehicleData(id=booking.vehicle), target=target, actor=f"booking {booking.id}"
    )
    order = submit_order(situation, request)
    if isinstance(order, str):
        situation.log.write(bev.BookingBroughtClose(booking=booking.id, order=order))


def _wanting(situation: Situation) -> list[Booking]:
    """Bookings whose slot is near enough for it, and too far for anything else."""
    limits, now_ms = situation.config.bookings, situation.now.unix_ms
    if not limits.close_before_s or not limits.walk_up_delay_max_s:
        return []
    latest_ms = now_ms + lead_max_ms(situation.state, situation.layout) + 1000 * limits.walk_up_delay_max_s
    return [
        one
        for one in situation.state.bookings.open()
        if one.kind == "retrieve" and one.state is BookingState.BOOKED and one.close_order is None
        if latest_ms < one.from_ms <= now_ms + 1000 * limits.close_before_s
    ]


def is_quiet(situation: Situation) -> bool:
    """Nobody needs the machine, and nobody is where it moves (H02, H12, H13)."""
    state = situation.state
    if state.open_orders() or not is_undisturbed(situation):
        return False
    last_ms = max((order.ended_at_ms or 0 for order in state.orders.values()), default=0)
    if 0 <= situation.now.unix_ms - last_ms < QUIET_MS:
        return False
    zones = situation.config.safety.zones
    is_shut = all(
        emergency_stop(situation, zone) == "released" and zone_value(situation, "guards_closed", zone) is True
        for zone in zones
    )
    return is_shut and all(is_free(situation, cabin) for cabin in situation.layout.cabins)


def nearer_place(situation: Situation, vehicle: str) -> str | None:
    """The place from which the car is out soonest, if that spares its customer enough and does not take too long."""
    car, limits = situation.state.vehicles.get(vehicle), situation.config.bookings
    way = None if car is None or car.position is None else way_out(situation, vehicle)
    if car is None or way is None or not _may_leave(situation, car):
        return None
    out = out_of_use(situation)
    least_s = way.estimate_s - limits.close_gain_s
    best: tuple[float, str] | None = None
    for place, way_s in _open_places(situation, car):
        if way_s > least_s or (best is not None and (way_s, place) >= best):
            continue
        move = usable(situation, car.position or "", place, out)
        if move is not None and moving_s(situation.layout, move) <= limits.walk_up_delay_max_s:
            best = (way_s, place)
    return None if best is None else best[1]


def _may_leave(situation: Situation, car: Vehicle) -> bool:
    where = car.position or ""
    return situation.layout.positions[where].kind is PositionKind.PLACE and not blockers(situation, where)


def _open_places(situation: Situation, car: Vehicle) -> list[tuple[str, float]]:
    """Places for the car that shut nobody in, with the time from each to a cabin."""
    layout, state = situation.layout, situation.state
    draft, out = Order("", "relocate", car.id, 0, ""), out_of_use(situation)
    before_others = {front for where in state.occupant for front in layout.in_front_of(where)}
    bays = [one.position for one in layout.cabins.values() if one.id not in out and not car.misfits(one.envelope)]
    found: list[tuple[str, float]] = []
    for place in layout.storage():
        if place.id in before_others or car.misfits(place.limits) or not is_open(situation, draft, place.id):
            continue
        ways: list[Route] = [way for bay in bays if (way := usable(situation, place.id, bay, out)) is not None]
        if ways:
            found.append((place.id, min(way.estimate_s for way in ways)))
    return found
