"""A booking as the books know it: a slot that a customer was promised, for a car that is here or one that is to come.

Owns the record, the collection of bookings and the one function that changes it. Must never decide anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import assert_never

from controller.core import booking_events as bev
from controller.core.booking_events import BookingKind
from safety.refusal import Refusal

ENDED_BOOKINGS_KEPT = 200
"""Ended bookings kept in memory; older ones are in the journal."""


class BookingState(Enum):
    """Where a booking stands in its life."""

    BOOKED = "booked"
    ANNOUNCED = "announced"
    IN_SERVICE = "in-service"
    DONE = "done"
    NO_SHOW = "no-show"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """True when nothing more is done for the booking."""
        return self in _OVER


_OVER = frozenset({BookingState.DONE, BookingState.NO_SHOW, BookingState.FAILED, BookingState.CANCELLED})


@dataclass(slots=True)
class Booking:
    """A booking. Changed by ``change`` only. All times are Unix time in ms.

    ``arrival_ms`` is when the customer said to be there, None before. ``order`` is the order that serves it, or served
    it last. ``close_order`` brought the car to a nearer place. ``was_put_back`` says that the car stood before its
    person too long once: from then on only an announcement fetches it. ``outcome`` is why it did not come to its goal.
    """

    id: str
    kind: BookingKind
    vehicle: str
    from_ms: int
    to_ms: int
    made_at_ms: int
    actor: str
    purpose: str = ""
    model: str = ""
    length_mm: int = 0
    width_mm: int = 0
    height_mm: int = 0
    weight_kg: int = 0
    electric: bool = False
    state: BookingState = BookingState.BOOKED
    arrival_ms: int | None = None
    order: str | None = None
    close_order: str | None = None
    was_put_back: bool = False
    ended_at_ms: int | None = None
    outcome: Refusal | None = None
    key: str | None = None
    fingerprint: str = ""

    @property
    def wants_order(self) -> bool:
        """True while no order serves it and one may still be made."""
        return self.state in (BookingState.BOOKED, BookingState.ANNOUNCED)

    @property
    def due_ms(self) -> int:
        """When the car is to be there: the announced arrival, else the begin of the slot."""
        return self.from_ms if self.arrival_ms is None else self.arrival_ms


@dataclass(slots=True)
class Bookings:
    """All bookings that are kept, in the order in which they were made; ``made`` counts all there ever were."""

    made: int = 0
    all: dict[str, Booking] = field(default_factory=dict)

    def open(self) -> list[Booking]:
        """Bookings that are not over."""
        return [one for one in self.all.values() if not one.state.is_over]

    def of_vehicle(self, vehicle: str) -> list[Booking]:
        """The open bookings of a car."""
        return [one for one in self.open() if one.vehicle == vehicle]

    def served_by(self, order: str) -> Booking | None:
        """The booking that an order serves now; None when it serves none."""
        return next(
            (one for one in self.all.values() if one.state is BookingState.IN_SERVICE and one.order == order), None
        )


def change(bookings: Bookings, at_ms: int, event: bev.BookingFact) -> None:
    """Change ``bookings`` by one event; ``at_ms`` is Unix time."""
    if isinstance(event, bev.BookingMade):
        bookings.made += 1
        bookings.all[event.booking] = _made(event, at_ms)
        return
    booking = bookings.all[event.booking]
    match event:
        case bev.BookingAnnounced():
            booking.arrival_ms = event.arrival_ms
            if booking.state is BookingState.BOOKED:
                booking.state = BookingState.ANNOUNCED
        case bev.BookingBroughtClose():
            booking.close_order = event.order
        case bev.BookingInService():
            booking.state, booking.order = BookingState.IN_SERVICE, event.order
        case bev.BookingReleased():
            booking.order = None
            booking.was_put_back |= event.code in (CABIN_NEEDED, NOT_COME)
            booking.state = BookingState.BOOKED if booking.arrival_ms is None else BookingState.ANNOUNCED
            if event.code == NOT_COME:
                booking.arrival_ms, booking.state = None, BookingState.BOOKED
        case bev.BookingEnded():
            booking.state = BookingState(event.outcome)
            booking.ended_at_ms = at_ms
            booking.outcome = Refusal(event.code, event.text, event.remedy) if event.code else None
            _drop_old(bookings)
        case _:
            assert_never(event)


CABIN_NEEDED = "CABIN_NEEDED"
"""Code of a release after which the slot alone fetches the car no more."""
NOT_COME = "CUSTOMER_NOT_COME"
"""Code of a release after which a new announcement is needed: the last one did not hold."""


def _made(event: bev.BookingMade, at_ms: int) -> Booking:
    return Booking(
        event.booking,
        event.booking_kind,
        event.vehicle,
        event.from_ms,
        event.to_ms,
        at_ms,
        event.actor,
        purpose=event.purpose,
        model=event.model,
        length_mm=event.length_mm,
        width_mm=event.width_mm,
        height_mm=event.height_mm,
        weight_kg=event.weight_kg,
        electric=event.electric,
        key=event.key,
        fingerprint=event.fingerprint,
    )


def _drop_old(bookings: Bookings) -> None:
    ended = [one.id for one in bookings.all.values() if one.state.is_over]
    for old in ended[: max(0, len(ended) - ENDED_BOOKINGS_KEPT)]:
        del bookings.all[old]
