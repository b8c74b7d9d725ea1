"""A booked car that stands in its cabin before its person has come: the outer door stays shut until then.

Owns the moment from which it opens. While it is shut nobody can be inside, the cabin stays proven empty, and the car
can be put back by the machine alone (H02). Must never open a door; ``handover`` does, by its own conditions.
"""

from __future__ import annotations

from controller.core.booking import Booking
from controller.core.order import Order
from controller.core.situation import Situation
from controller.planning.timing import timing_of
from safety.refusal import Refusal

CUSTOMER_EXPECTED = "CUSTOMER_EXPECTED"
"""Code of the reason for which a car waits behind the shut door."""


def held_for(situation: Situation, order: Order) -> Booking | None:
    """The booking for whose person an order's car waits behind the shut door; None when it may be handed over."""
    if order.kind != "retrieve" or order.withdrawal:
        return None
    booking = situation.state.bookings.served_by(order.id)
    if booking is None:
        return None
    opens_ms = opens_at_ms(situation, booking, order.cabin)
    return booking if opens_ms is None or situation.now.unix_ms < opens_ms else None


def opens_at_ms(situation: Situation, booking: Booking, cabin: str | None) -> int | None:
    """When the outer door begins to open so that it is open when the customer comes; None while nobody knows when."""
    if booking.arrival_ms is None:
        return None
    timing = timing_of(situation.layout)
    open_s = 0.0 if cabin is None else timing.open_outer_s(cabin) + timing.gap_s
    return booking.arrival_ms - round(1000 * open_s)


def shut_for_s(situation: Situation, order: Order) -> float:
    """How long the door stays shut for the customer's sake, as far as that is known."""
    booking = held_for(situation, order)
    opens_ms = None if booking is None else opens_at_ms(situation, booking, order.cabin)
    return 0.0 if opens_ms is None else max(0.0, (opens_ms - situation.now.unix_ms) / 1000)


def keeps_shut(situation: Situation, order: Order) -> Refusal | None:
    """Why a car that stands ready is not handed over yet; None when it may be."""
    booking = held_for(situation, order)
    if booking is None:
        return None
    when = "has not said when to come" if booking.arrival_ms is None else "is still on the way"
    return Refusal(
        CUSTOMER_EXPECTED,
        f"{order.vehicle} stands ready for booking {booking.id}, whose customer {when}.",
        f"Wait, or announce the arrival: `garagectl booking announce {booking.id} --in 0`.",
    )
