"""When it is time for a booking's order, and how a booking is written as an order.

Owns the moments. What a customer announces is the signal that counts; the slot alone fetches a car only into a cabin
that nobody needs, since cars that wait for people whom nobody has heard of keep others waiting. Must never write.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from controller.config.models import GarageConfig
from controller.core import commanding
from controller.core.booking import Booking, BookingState
from controller.core.booking_hold import held_for
from controller.core.booking_slots import capacity_of, way_back_s
from controller.core.cabin_phase import FREE, TURNING
from controller.core.forecast import NEAR_MAX, Ranked, served_if_ordered
from controller.core.order import Order, OrderState
from controller.core.route import Route
from controller.core.service import out_of_use, usable
from controller.core.situation import Situation
from controller.core.state import GarageState
from controller.core.supply import Feed, feed_of
from controller.garage import Layout
from controller.local_link.messages import SubmitOrder, VehicleData
from controller.planning.timing import timing_of


class Moment(NamedTuple):
    """A span of Unix time in ms in which something may be done for a booking, looked at again and again while
    ``is_span``; otherwise done at its begin.
    """

    from_ms: int
    until_ms: int
    is_span: bool = True


def ends_ms(config: GarageConfig, booking: Booking) -> int:
    """How long somebody is waited for, Unix ms."""
    return max(booking.to_ms, booking.due_ms) + 1000 * config.bookings.grace_s


def lead_max_ms(state: GarageState, layout: Layout) -> int:
    """No order is made sooner than this before its time: the time of everybody before it, one after the other."""
    one_ms = max(capacity_of(layout).cabin_ms, capacity_of(layout).mover_ms)
    return one_ms * (1 + len(state.open_orders())) + 1000 * layout.config.bookings.early_s


def moments(state: GarageState, layout: Layout, booking: Booking) -> Iterator[Moment]:
    """All that may be done for an open booking by time alone."""
    limits, end_ms = layout.config.bookings, ends_ms(layout.config, booking)
    if booking.state is BookingState.IN_SERVICE:
        order = state.orders.get(booking.order or "")
        in_cabin = order is not None and order.cabin is not None and state.cabin(order.cabin).order == order.id
        if in_cabin and booking.arrival_ms is not None and order is not None and order.cabin is not None:
            timing = timing_of(layout)
            open_ms = round(1000 * (timing.open_outer_s(order.cabin) + timing.gap_s))
            yield Moment(booking.arrival_ms - open_ms, booking.arrival_ms, is_span=False)
        if in_cabin:
            yield Moment(booking.due_ms, end_ms + 24 * 3_600_000)
        return
    yield Moment(end_ms, end_ms + 1, is_span=False)
    begin_ms = booking.due_ms - lead_max_ms(state, layout)
    if booking.state is BookingState.ANNOUNCED or limits.by_time:
        yield Moment(begin_ms, end_ms)
    if booking.state is BookingState.BOOKED and booking.close_order is None and limits.close_before_s:
        yield Moment(booking.from_ms - 1000 * limits.close_before_s, begin_ms)


def due_now(situation: Situation, ranked: Ranked) -> list[Booking]:
    """Bookings of which an order that is made now brings the car, or opens a cabin, just before its person comes.

    Of those that have only their slot one at most: the next one is looked at beside the order that is made of this.
    """
    now_ms, lead_ms = situation.now.unix_ms, lead_max_ms(situation.state, situation.layout)
    soon = [one for one in situation.state.bookings.open() if one.wants_order and now_ms >= one.due_ms - lead_ms]
    soon.sort(key=lambda one: (one.due_ms, one.id))
    announced = [one for one in soon if one.state is BookingState.ANNOUNCED]
    silent = (one for one in soon if one.state is BookingState.BOOKED and _may_come_by_time(situation, one))
    coming = announced or list(islice(silent, 1))
    found = [one for one in coming if now_ms >= one.due_ms]
    later = [one for one in coming if now_ms < one.due_ms][:NEAR_MAX]
    served_s = served_if_ordered(situation, later, ranked) if later else {}
    return found + [one for one in later if one.id in served_s and _is_time(situation, one, served_s[one.id])]


def _is_time(situation: Situation, booking: Booking, served_s: float) -> bool:
    early_s = situation.config.bookings.early_s if booking.kind == "retrieve" else 0
    return situation.now.unix_ms + round(1000 * (served_s + early_s)) >= booking.due_ms


def order_request(booking: Booking) -> SubmitOrder:
    """The order that serves a booking."""
    data = VehicleData(
        id=booking.vehicle,
        model=booking.model,
        length_mm=booking.length_mm or None,
        width_mm=booking.width_mm or None,
        height_mm=booking.height_mm or None,
        weight_kg=booking.weight_kg or None,
        electric=booking.electric,
    )
    return SubmitOrder(kind=booking.kind, vehicle=data, actor=f"booking {booking.id}")


# --- by time alone -------------------------------------------------------------------------------------------


def _may_come_by_time(situation: Situation, booking: Booking) -> bool:
    """A car may stand ready for somebody who has not been heard of while nobody who comes meanwhile waits for it.

    Not for a car that is to come: a door that stands open for nobody serves nobody.
    """
    limits = situation.config.bookings
    if booking.kind != "retrieve" or not limits.by_time or booking.was_put_back:
        return False
    if not limits.walk_up_delay_max_s or situation.now.unix_ms >= booking.to_ms:
        return False
    if not is_undisturbed(situation) or any(not _is_ready(situation, one) for one in situation.state.open_orders()):
        return False
    way = way_out(situation, booking.vehicle)
    return way is not None and _delay_s(situation, way) <= limits.walk_up_delay_max_s


def _is_ready(situation: Situation, order: Order) -> bool:
    """The order's car stands in its cabin and waits for its person; it needs nothing of the machine."""
    use = None if order.cabin is None else situation.state.cabin(order.cabin)
    is_there = use is not None and (use.phase, use.order) == (TURNING, order.id)
    return is_there and held_for(situation, order) is not None


def _delay_s(situation: Situation, way: Route) -> float:
    """How long somebody may wait because this car is fetched, or has to be put back for them."""
    fetch_s = moving_s(situation.layout, way)
    free = [one for one in situation.layout.cabins if is_free(situation, one)]
    if len(free) > 1:
        return fetch_s
    doors_s = max(timing_of(situation.layout).presenting_s(cabin, turns=True) for cabin in situation.layout.cabins)
    return fetch_s + way.estimate_s + doors_s


def moving_s(layout: Layout, way: Route) -> float:
    """How long movers are taken by a way, with the way to its begin from where it ends."""
    return way.estimate_s + way_back_s(layout, way)


def way_out(situation: Situation, vehicle: str) -> Route | None:
    """The quickest way of a car to a cabin that takes it, by what is in use; None when there is none."""
    car, out = situation.state.vehicles.get(vehicle), out_of_use(situation)
    if car is None or car.position is None:
        return None
    cabins = [one for one in situation.layout.cabins.values() if one.id not in out and not car.misfits(one.envelope)]
    ways = [usable(situation, car.position, cabin.position, out) for cabin in cabins]
    return min((way for way in ways if way is not None), key=lambda way: way.estimate_s, default=None)


def is_undisturbed(situation: Situation) -> bool:
    """Nothing is out of order, nobody has a lock or a key, and the mains feed the machine (H13, H19)."""
    state = situation.state
    precautions = state.precautions
    if state.blocks or state.held or state.trips or feed_of(situation) is not Feed.MAINS or situation.settling_ms:
        return False
    return not (precautions.locks or precautions.keys_out or precautions.unconfirmed or precautions.doubted)


def is_free(situation: Situation, cabin: str) -> bool:
    """Nobody uses a cabin, it is in order and proven empty."""
    return (
        cabin not in situation.state.claims
        and situation.state.cabin(cabin).phase == FREE
        and cabin in situation.verdict.proven_empty
        and commanding.unready(situation, cabin) is None
    )


def somebody_needs_a_cabin(situation: Situation, held: Order) -> bool:
    """Another order waits, and every cabin that it might take is in use."""
    for order in situation.state.open_orders():
        if order.id == held.id or order.kind == "relocate" or order.state is not OrderState.WAITING:
            continue
        cabins = situation.layout.cabins if order.wanted_cabin is None else (order.wanted_cabin,)
        if (held.cabin is None or held.cabin in cabins) and not any(is_free(situation, cabin) for cabin in cabins):
            return True
    return False
