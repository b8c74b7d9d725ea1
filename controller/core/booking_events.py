"""Events about bookings: slots for which a customer was promised a car, or a place.

Owns these event types, under the rules of ``events``: fields may be added with a default, none is ever renamed,
removed or given another meaning.
"""

from __future__ import annotations

from typing import Literal

from controller.core.fact import Fact

BookingKind = Literal["retrieve", "store"]
BookingOutcome = Literal["done", "no-show", "failed", "cancelled"]


class BookingEvent(Fact, frozen=True, kw_only=True):
    """Base of the events about one booking."""

    booking: str


class BookingMade(BookingEvent, frozen=True, kw_only=True, tag="booking-made"):
    """A slot was given to a customer; ``from_ms`` and ``to_ms`` are Unix time.

    Sizes are what the customer says of a car that is to come, 0 where nothing was said.
    """

    booking_kind: BookingKind
    vehicle: str
    from_ms: int
    to_ms: int
    actor: str
    purpose: str = ""
    model: str = ""
    length_mm: int = 0
    width_mm: int = 0
    height_mm: int = 0
    weight_kg: int = 0
    electric: bool = False
    key: str | None = None
    fingerprint: str = ""


class BookingAnnounced(BookingEvent, frozen=True, kw_only=True, tag="booking-announced"):
    """The customer is on the way and will be there at ``arrival_ms``, Unix time."""

    arrival_ms: int
    actor: str


class BookingBroughtClose(BookingEvent, frozen=True, kw_only=True, tag="booking-brought-close"):
    """An order was made that brings the booked car to a nearer place."""

    order: str


class BookingInService(BookingEvent, frozen=True, kw_only=True, tag="booking-in-service"):
    """An order was made from the booking, or is the customer's own for the same car."""

    order: str


class BookingReleased(BookingEvent, frozen=True, kw_only=True, tag="booking-released"):
    """The order made from the booking did not come to its goal; the slot holds, and another order may be made."""

    code: str
    text: str = ""
    remedy: str = ""


class BookingEnded(BookingEvent, frozen=True, kw_only=True, tag="booking-ended"):
    """A booking is over: by whom, and why where it did not come to its goal."""

    outcome: BookingOutcome
    actor: str
    code: str = ""
    text: str = ""
    remedy: str = ""


BookingFact = BookingMade | BookingAnnounced | BookingBroughtClose | BookingInService | BookingReleased | BookingEnded
"""Every event of this module."""
