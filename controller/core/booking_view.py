"""A booking as the outside sees it, and what happens next with it in words.

Owns these words, in one place, so that page, command line and explanation cannot differ. Must never change state.
"""

from __future__ import annotations

from controller.core.admission import refuse_order
from controller.core.booking import Booking, BookingState
from controller.core.booking_desk import BookingRefused
from controller.core.booking_time import order_request
from controller.core.situation import Situation
from controller.local_link.booking_messages import BookingReason, BookingView
from controller.local_link.messages import Reason, Refused
from safety.refusal import Refusal

ENDED_SHOWN = 50
"""Ended bookings in a snapshot."""


def booking_views(situation: Situation) -> list[BookingView]:
    """The open bookings and the last ended ones, in the order in which they were made."""
    bookings = list(situation.state.bookings.all.values())
    ended = [one.id for one in bookings if one.state.is_over]
    hidden = set(ended[: max(0, len(ended) - ENDED_SHOWN)])
    return [booking_view(situation, one) for one in bookings if one.id not in hidden]


def booking_view(situation: Situation, booking: Booking) -> BookingView:
    """One booking; it has its times where those of this cycle are worked out already, as for a snapshot."""
    over = booking.state.is_over
    times = {} if over or situation.etas is None else situation.etas
    eta = times.get(booking.id if booking.wants_order else booking.order or "")
    return BookingView(
        id=booking.id,
        kind=booking.kind,
        vehicle=booking.vehicle,
        state=booking.state.value,
        from_ms=booking.from_ms,
        to_ms=booking.to_ms,
        made_at=booking.made_at_ms,
        purpose=booking.purpose,
        arrival_ms=booking.arrival_ms,
        order=booking.order,
        ended_at=booking.ended_at_ms,
        next="" if over else what_next(situation, booking),
        waiting_for=_reason(waits_for(situation, booking)),
        outcome=_reason(booking.outcome),
        eta_ms=None if eta is None else eta.at_ms,
        eta_early_ms=None if eta is None else eta.early_ms,
        eta_late_ms=None if eta is None else eta.late_ms,
    )


def waits_for(situation: Situation, booking: Booking) -> Refusal | None:
    """Why its order could not be made now, or what its order waits for."""
    if booking.state is BookingState.IN_SERVICE:
        order = situation.state.orders.get(booking.order or "")
        return None if order is None else order.waiting
    if booking.state is BookingState.ANNOUNCED:
        return refuse_order(situation, order_request(booking))
    return None


def what_next(situation: Situation, booking: Booking) -> str:
    """What will be done for an open booking, and what it takes."""
    limits = situation.config.bookings
    brings = "the car is brought" if booking.kind == "retrieve" else "a cabin opens for it"
    match booking.state:
        case BookingState.IN_SERVICE:
            return f"Order {booking.order} serves it."
        case BookingState.ANNOUNCED:
            return f"Its order is made so that {brings} just before the customer comes."
    if booking.kind == "store":
        return f"When the customer announces the arrival, {brings}."
    if booking.was_put_back:
        return f"The car stood ready once and was put back; when the customer announces the arrival, {brings} again."
    if limits.by_time and limits.walk_up_delay_max_s:
        return (
            f"When the customer announces the arrival, {brings} for it; without that for the begin of the slot, "
            "if nobody else needs the cabin."
        )
    return f"When the customer announces the arrival, {brings} for it."


def _reason(refusal: Refusal | None) -> BookingReason | None:
    return None if refusal is None else BookingReason(code=refusal.code, text=refusal.text, remedy=refusal.remedy)


def refused(found: BookingRefused) -> Refused:
    """A refusal with its offer, as a message."""
    why = found.reason
    return Refused(reason=Reason(code=why.code, text=why.text, remedy=why.remedy), offer=found.offer)


def booking_facts(situation: Situation, booking: Booking) -> list[str]:
    """A booking in sentences, for an explanation."""
    now_ms = situation.now.unix_ms
    begins, ends = (round((at_ms - now_ms) / 1000) for at_ms in (booking.from_ms, booking.to_ms))
    found = [f"{booking.id} is to {booking.kind} {booking.vehicle}; it is {booking.state.value}."]
    if booking.state.is_over:
        if booking.outcome is not None:
            why = booking.outcome
            found.append(f"{why.code}: {why.text} {why.remedy}".rstrip())
        return found
    found.append(f"Its slot {_when('begins', 'began', begins)} and {_when('ends', 'ended', ends)}.")
    if booking.arrival_ms is not None:
        found.append(f"The customer said to be there {_when('', '', round((booking.arrival_ms - now_ms) / 1000))}.")
    if booking.close_order is not None and booking.close_order in situation.state.orders:
        close = situation.state.orders[booking.close_order]
        found.append(f"The car was to be brought close by order {close.id}, which is {close.state.value}.")
    found.append(what_next(situation, booking))
    return found


def _when(coming: str, gone: str, seconds: int) -> str:
    return f"{coming} in {seconds} s".strip() if seconds >= 0 else f"{gone} {-seconds} s ago".strip()
