"""What can be asked for about bookings, and what the outside may see of them, as messages of the local link.

Owns their schema. Depends on nothing but msgspec. Must never hold logic.
"""

from __future__ import annotations

from typing import Literal

from controller.local_link.message import Message


class BookSlot(Message, frozen=True, kw_only=True, tag="book-slot"):
    """Ask for a slot, Unix ms: for a car that stands here (retrieve), or for one that is to come (store).

    Sizes are what the customer says of a car that is to come. ``key`` is the idempotency key, ``fingerprint`` a hash
    of the body that came with it.
    """

    kind: Literal["retrieve", "store"]
    vehicle: str
    from_ms: int
    to_ms: int
    purpose: str = ""
    model: str = ""
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    weight_kg: int | None = None
    electric: bool = False
    key: str | None = None
    fingerprint: str = ""
    actor: str = "api"


class AnnounceBooking(Message, frozen=True, kw_only=True, tag="announce-booking"):
    """The customer says: I am on my way and there in so many seconds; 0 when they stand before the cabin."""

    booking: str
    arrival_s: int
    actor: str = "api"


class CancelBooking(Message, frozen=True, kw_only=True, tag="cancel-booking"):
    """Give a slot back; an order that serves it is withdrawn."""

    booking: str
    actor: str = "api"


BookingRequest = BookSlot | AnnounceBooking | CancelBooking


class Offer(Message, frozen=True, kw_only=True):
    """The nearest thing to a refused wish that would be accepted now.

    A slot to book, or with ``order`` or ``booking`` what exists already and serves the wish.
    """

    kind: Literal["retrieve", "store"]
    vehicle: str
    from_ms: int
    to_ms: int
    order: str | None = None
    booking: str | None = None


class BookingReason(Message, frozen=True, kw_only=True):
    """Why a booking waits or how it ended: a stable code, one sentence, and what a person can do."""

    code: str
    text: str
    remedy: str


class BookingView(Message, frozen=True, kw_only=True):
    """A booking. All times are Unix ms.

    ``arrival_ms`` is when the customer said to be there. ``eta_ms`` is when the car is expected to be there for its
    person, told of bookings that are announced or near; nine times in ten it is between the two others. ``order``
    serves it, or served it last. ``next`` says what happens next and why nothing does before.
    """

    id: str
    kind: Literal["retrieve", "store"]
    vehicle: str
    state: Literal["booked", "announced", "in-service", "done", "no-show", "failed", "cancelled"]
    from_ms: int
    to_ms: int
    made_at: int
    purpose: str
    arrival_ms: int | None
    order: str | None
    ended_at: int | None
    next: str
    waiting_for: BookingReason | None
    outcome: BookingReason | None
    eta_ms: int | None = None
    eta_early_ms: int | None = None
    eta_late_ms: int | None = None
