"""Bookings as customers ask for them: made, announced and given back, or refused with the nearest that would be taken.

Owns what may be booked. A refusal changes nothing. What is offered was put through the very checks that refused, so it
would be accepted at this moment. Must never let anything move; ``booking_service`` makes the orders.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from controller.config.models import BookingsSection
from controller.core import booking_events as bev
from controller.core.admission import withdraw_order
from controller.core.booking import Booking, BookingState
from controller.core.booking_hold import held_for
from controller.core.booking_slots import Capacity, Slot, about, are_kept, capacity_of, moments_near
from controller.core.forecast import etas_of
from controller.core.order import OrderState
from controller.core.route import routes
from controller.core.service import out_of_use, unreachable
from controller.core.situation import Situation
from controller.core.vehicle import Vehicle
from controller.local_link.booking_messages import AnnounceBooking, BookingRequest, BookSlot, CancelBooking, Offer
from controller.local_link.messages import SubmitOrder, WithdrawOrder
from safety.refusal import Refusal

PAST_MS = 60_000
"""A slot may have begun so long ago: a customer who books it for now needs a moment to do so."""
REPAIR_MS = 3_600_000
"""A slot that begins later than this is given although a unit is out of use now."""
OFFERS_TRIED = 24
"""So many moments are looked at for an offer; then there is none."""
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class BookingRefused:
    """Why a wish about a booking is refused, and the nearest that would be accepted, if there is one."""

    reason: Refusal
    offer: Offer | None = None


def ask_for(situation: Situation, request: BookingRequest) -> str | BookingRefused:
    """Carry out a request: the id of the booking that it concerns, or why not."""
    match request:
        case BookSlot():
            return _book(situation, request)
        case AnnounceBooking():
            return _announce(situation, request)
        case CancelBooking():
            return _cancel(situation, request)


def repeated(situation: Situation, request: BookSlot) -> str | BookingRefused | None:
    """The booking that came with the same idempotency key, a refusal when its body was another, None when new."""
    if request.key is None:
        return None
    known = next((one for one in situation.state.bookings.all.values() if one.key == request.key), None)
    if known is None or known.fingerprint == request.fingerprint:
        return None if known is None else known.id
    return BookingRefused(
        Refusal(
            "IDEMPOTENCY_CONFLICT",
            f"The idempotency key was used for booking {known.id} with another body.",
            "Use a new key for a new booking; repeat the very same body to ask for the old one.",
        )
    )


# --- making one ---------------------------------------------------------------------------------------------


def _book(situation: Situation, request: BookSlot) -> str | BookingRefused:
    known = repeated(situation, request)
    if known is not None:
        return known
    refusal = refuse(situation, request)
    if refusal is not None:
        return BookingRefused(refusal, _offer(situation, request, refusal))
    booking = f"b-{situation.state.bookings.made + 1:06d}"
    situation.log.write(
        bev.BookingMade(
            booking=booking,
            booking_kind=request.kind,
            vehicle=request.vehicle,
            from_ms=request.from_ms,
            to_ms=request.to_ms,
            actor=request.actor,
            purpose=request.purpose,
            model=request.model,
            length_mm=request.length_mm or 0,
            width_mm=request.width_mm or 0,
            height_mm=request.height_mm or 0,
            weight_kg=request.weight_kg or 0,
            electric=request.electric,
            key=request.key,
            fingerprint=request.fingerprint,
        )
    )
    return booking


def refuse(situation: Situation, request: BookSlot) -> Refusal | None:
    """Why a slot cannot be given, None when it can."""
    limits = situation.config.bookings
    if len(situation.state.bookings.open()) >= limits.open_max:
        return Refusal(
            "BOOKINGS_FULL",
            f"{limits.open_max} bookings are open, and no more are taken.",
            "Order the car when you need it, or book when another booking has ended.",
        )
    return (
        _refuse_slot(situation, request, limits)
        or _refuse_course(situation, request)
        or _refuse_reach(situation, request)
        or _refuse_room(situation, request)
        or _refuse_capacity(situation, request)
    )


def _refuse_slot(situation: Situation, request: BookSlot, limits: BookingsSection) -> Refusal | None:
    now_ms, length_s = situation.now.unix_ms, (request.to_ms - request.from_ms) / 1000
    if length_s <= 0:
        return Refusal("SLOT_REVERSED", "The slot ends before it begins.", "Exchange its begin and its end.")
    if request.from_ms < now_ms - PAST_MS:
        return Refusal("SLOT_IN_THE_PAST", "The slot has begun already.", "Book one that is still to come.")
    if request.from_ms > now_ms + limits.ahead_max_h * 3_600_000:
        return Refusal(
            "SLOT_TOO_FAR", f"Slots are given {limits.ahead_max_h} hours ahead at most.", "Book it when it is nearer."
        )
    if length_s < limits.slot_min_s:
        return Refusal("SLOT_TOO_SHORT", f"A slot takes {limits.slot_min_s} s at least.", "Book a longer one.")
    if length_s > limits.slot_max_s:
        return Refusal("SLOT_TOO_LONG", f"A slot takes {limits.slot_max_s} s at most.", "Book a shorter one.")
    return None


def _refuse_course(situation: Situation, request: BookSlot) -> Refusal | None:
    """What speaks against it in where the car is, and in what was ordered and booked for it already."""
    state, vehicle = situation.state, situation.state.vehicles.get(request.vehicle)
    booked = state.bookings.of_vehicle(request.vehicle)
    for one in booked:
        if one.from_ms < request.to_ms and request.from_ms < one.to_ms:
            return Refusal(
                "BOOKINGS_OVERLAP",
                f"Booking {one.id} ({one.kind}) has {request.vehicle} in a slot that overlaps this one.",
                f"Use booking {one.id}, cancel it first, or take another slot.",
            )
    coming = sorted(
        [(one.from_ms, one.kind, one.id) for one in booked if one.state is not BookingState.IN_SERVICE]
        + [(request.from_ms, request.kind, "")]
    )
    order = state.order_of_vehicle(request.vehicle)
    is_here = vehicle is not None and vehicle.position is not None
    if order is not None and order.kind != "relocate" and not order.withdrawal:
        is_here = order.kind == "store"
    for _, kind, booking in coming:
        if is_here is not (kind == "retrieve"):
            if booking:
                return _contradicts(request, booking)
            return _not_as_wanted(situation, request, coming[0][2])
        is_here = not is_here
    return None


def _contradicts(request: BookSlot, booking: str) -> Refusal:
    return Refusal(
        "BOOKINGS_CONTRADICT",
        f"After this, booking {booking} of {request.vehicle} could not be kept: the car would "
        f"{'be gone' if request.kind == 'retrieve' else 'be here'} already.",
        f"Cancel booking {booking} first, or book the way back in between.",
    )


def _not_as_wanted(situation: Situation, request: BookSlot, before: str) -> Refusal:
    vehicle = situation.state.vehicles.get(request.vehicle)
    order = situation.state.order_of_vehicle(request.vehicle)
    if order is not None and order.kind != "relocate":
        return Refusal(
            "VEHICLE_ALREADY_ORDERED",
            f"{request.vehicle} has the open order {order.id} ({order.kind}).",
            f"Follow order {order.id}, or withdraw it first.",
        )
    if before:
        return Refusal(
            "BOOKINGS_CONTRADICT",
            f"Booking {before} comes before this, and leaves {request.vehicle} where this one cannot be served.",
            f"Book after {before} what follows from it, or cancel it first.",
        )
    if request.kind == "store":
        return Refusal(
            "VEHICLE_ALREADY_HERE", f"{request.vehicle} is in the garage.", "Book its retrieval, or check the car's id."
        )
    if vehicle is None:
        return Refusal("UNKNOWN_VEHICLE", f"No car {request.vehicle!r} is known here.", "Check the car's id.")
    return Refusal(
        "VEHICLE_NOT_HERE", f"{vehicle.id} is not in the garage.", "Book a slot for bringing it in before this one."
    )


def _refuse_reach(situation: Situation, request: BookSlot) -> Refusal | None:
    """A car that no cabin takes is refused for good, one that is out of reach now for the near future."""
    vehicle = situation.state.vehicles.get(request.vehicle)
    if request.kind == "store":
        return _refuse_size(situation, request)
    if vehicle is None or vehicle.position is None:
        return None
    cabins = [cabin for cabin in situation.layout.cabins.values() if not vehicle.misfits(cabin.envelope)]
    if not any(_is_joined(situation, vehicle.position, cabin.position) for cabin in cabins):
        return Refusal("NO_WAY", f"{vehicle.id} cannot be brought to any cabin that takes it.", "Call the operator.")
    if request.from_ms > situation.now.unix_ms + REPAIR_MS:
        return None
    return next(iter(unreachable(situation, vehicle, out_of_use(situation))), None)


def _is_joined(situation: Situation, start: str, end: str) -> bool:
    return start == end or bool(routes(situation.layout, start, end))


def _refuse_size(situation: Situation, request: BookSlot) -> Refusal | None:
    car = _car(request)
    cabins = situation.layout.cabins.values()
    if _fitting(situation, car) and any(not car.misfits(cabin.envelope) for cabin in cabins):
        return None
    largest = max(situation.layout.storage(), key=lambda place: place.limits.height_mm)
    what = ", ".join(car.misfits(largest.limits)) or "it fits no cabin"
    return Refusal("VEHICLE_DOES_NOT_FIT", f"No place takes this car: {what}.", "This car cannot be stored here.")


def _refuse_room(situation: Situation, request: BookSlot) -> Refusal | None:
    """A place must be free when the car comes, and for every car that is booked to come after it."""
    if request.kind != "store":
        return None
    later = [one for one in situation.state.bookings.open() if one.kind == "store" and one.from_ms >= request.from_ms]
    wished = (_car(request), request.from_ms)
    for car, at_ms in (wished, *((_car(one), one.from_ms) for one in later if one.wants_order)):
        if _places_left(situation, car, at_ms, with_one_more=True) < 0:
            return Refusal(
                "GARAGE_FULL",
                "Every place for this car is occupied, or promised to another one, at that time.",
                "Book it for when a car has left, or retrieve one first.",
            )
    return None


def _places_left(situation: Situation, car: Vehicle, at_ms: int, *, with_one_more: bool) -> int:
    """Places for a car at a moment, by who is here, who has ordered, and whose slot is over by then or has begun."""
    state = situation.state
    fitting = _fitting(situation, car)
    taken = sum(1 for place in fitting if place in state.occupant or place in state.claims)
    orders = [one for one in state.open_orders() if one.kind == "store" and one.state is OrderState.WAITING]
    booked = state.bookings.open()
    coming = sum(1 for one in booked if one.kind == "store" and one.wants_order and one.from_ms <= at_ms)
    leaving = 0
    for one in booked:
        vehicle = state.vehicles.get(one.vehicle)
        is_in = vehicle is not None and vehicle.position in fitting
        leaving += one.kind == "retrieve" and one.to_ms <= at_ms and is_in
    return len(fitting) - taken - len(orders) - coming + leaving - with_one_more


def _fitting(situation: Situation, car: Vehicle) -> frozenset[str]:
    return frozenset(place.id for place in situation.layout.storage() if not car.misfits(place.limits))


def _car(wish: BookSlot | Booking) -> Vehicle:
    return Vehicle(
        wish.vehicle,
        wish.model,
        wish.length_mm or 0,
        wish.width_mm or 0,
        wish.height_mm or 0,
        wish.weight_kg or 0,
        wish.electric,
    )


def _refuse_capacity(situation: Situation, request: BookSlot) -> Refusal | None:
    slot, capacity = Slot(request.from_ms, request.to_ms), capacity_of(situation.layout)
    if are_kept([slot, *about(slot, _slots(situation), capacity)], capacity):
        return None
    return Refusal(
        "SLOT_FULL",
        f"The {_cabins(capacity)} cannot serve more bookings at that time.",
        "Take the slot that is offered, or come without a booking.",
    )


def _cabins(capacity: Capacity) -> str:
    return "cabin" if capacity.cabins == 1 else f"{capacity.cabins} cabins"


def _slots(situation: Situation) -> list[Slot]:
    return [Slot(one.from_ms, max(one.to_ms, one.due_ms)) for one in situation.state.bookings.open()]


# --- what is offered instead --------------------------------------------------------------------------------


def _offer(situation: Situation, request: BookSlot, refusal: Refusal) -> Offer | None:
    """The nearest to the wish that would be accepted now; None where nothing like it would be."""
    if refusal.code in ("BOOKINGS_FULL", "VEHICLE_DOES_NOT_FIT", "NO_WAY"):
        return None
    if refusal.code == "VEHICLE_ALREADY_ORDERED":
        return _order_instead(situation, request)
    wishes = [request]
    if refusal.code in ("UNKNOWN_VEHICLE", "VEHICLE_NOT_HERE", "VEHICLE_ALREADY_HERE"):
        wishes = [_other_way(request)]
    tried = (changed for wish in wishes for changed in _changed(situation, wish))
    for _, changed in zip(range(OFFERS_TRIED), tried, strict=False):
        if refuse(situation, changed) is None:
            return Offer(kind=changed.kind, vehicle=changed.vehicle, from_ms=changed.from_ms, to_ms=changed.to_ms)
    return None


def _order_instead(situation: Situation, request: BookSlot) -> Offer | None:
    order = situation.state.order_of_vehicle(request.vehicle)
    if order is None or order.kind != request.kind:
        return None
    eta = etas_of(situation).get(order.id)
    begin_ms = situation.now.unix_ms if eta is None else eta.at_ms
    end_ms = begin_ms if eta is None else eta.late_ms
    booking = situation.state.bookings.served_by(order.id)
    return Offer(
        kind=request.kind,
        vehicle=request.vehicle,
        from_ms=begin_ms,
        to_ms=end_ms,
        order=order.id,
        booking=None if booking is None else booking.id,
    )


def _other_way(request: BookSlot) -> BookSlot:
    """Bringing in a car that is not here, or fetching one that is, in the same slot."""
    return _replaced(request, "store" if request.kind == "retrieve" else "retrieve", request.from_ms, request.to_ms)


def _changed(situation: Situation, wish: BookSlot) -> Iterator[BookSlot]:
    """Wishes like this one with a slot that can be given, the nearest first, each once."""
    limits, now_ms = situation.config.bookings, situation.now.unix_ms
    low, high = sorted((wish.from_ms, wish.to_ms))
    length_ms = min(max(high - low, 1000 * limits.slot_min_s), 1000 * limits.slot_max_s)
    earliest_ms = -(-now_ms // _MINUTE_MS) * _MINUTE_MS
    latest_ms = now_ms + limits.ahead_max_h * 3_600_000 // _MINUTE_MS * _MINUTE_MS
    begin_ms = min(max(low, earliest_ms), latest_ms)
    slot = Slot(begin_ms, begin_ms + length_ms)
    found = [begin_ms, *_moments(situation, wish, slot, earliest_ms)]
    found.sort(key=lambda at_ms: (abs(at_ms - begin_ms), at_ms))
    for at_ms in dict.fromkeys(found):
        if earliest_ms <= at_ms <= latest_ms:
            yield _replaced(wish, wish.kind, at_ms, at_ms + length_ms)


def _moments(situation: Situation, wish: BookSlot, slot: Slot, earliest_ms: int) -> Iterable[int]:
    """When something may change for the better: slots of others are over, a place is free, a unit is repaired."""
    capacity = capacity_of(situation.layout)
    near = about(slot, _slots(situation), capacity)
    yield from moments_near(slot, near, earliest_ms)[:OFFERS_TRIED]
    if near:
        yield _whole_minute(max(one.to_ms for one in near) + capacity.cabin_ms)
    for one in situation.state.bookings.open():
        if one.vehicle == wish.vehicle or (wish.kind == "store" and one.kind == "retrieve"):
            yield _whole_minute(one.to_ms)
    yield _whole_minute(situation.now.unix_ms + REPAIR_MS + 1)


def _whole_minute(at_ms: int) -> int:
    return -(-at_ms // _MINUTE_MS) * _MINUTE_MS


def _replaced(wish: BookSlot, kind: bev.BookingKind, from_ms: int, to_ms: int) -> BookSlot:
    return BookSlot(
        kind=kind,
        vehicle=wish.vehicle,
        from_ms=from_ms,
        to_ms=to_ms,
        length_mm=wish.length_mm,
        width_mm=wish.width_mm,
        height_mm=wish.height_mm,
        weight_kg=wish.weight_kg,
        electric=wish.electric,
        actor=wish.actor,
    )


# --- announcing and cancelling -------------------------------------------------------------------------------


def _announce(situation: Situation, request: AnnounceBooking) -> str | BookingRefused:
    booking = situation.state.bookings.all.get(request.booking)
    if booking is None or booking.state.is_over:
        return BookingRefused(_gone(request.booking, booking))
    limits, now_ms = situation.config.bookings, situation.now.unix_ms
    arrival_ms = now_ms + 1000 * request.arrival_s
    offer = Offer(kind=booking.kind, vehicle=booking.vehicle, from_ms=booking.from_ms, to_ms=booking.to_ms)
    if not 0 <= request.arrival_s <= limits.arrival_max_s:
        text = f"An arrival is announced {limits.arrival_max_s} s ahead at most."
        return BookingRefused(Refusal("ARRIVAL_TOO_FAR", text, "Announce it when you set out."), offer)
    if arrival_ms > booking.to_ms + 1000 * limits.grace_s:
        text = f"That is more than {limits.grace_s} s after the end of the slot."
        return BookingRefused(Refusal("ARRIVAL_TOO_LATE", text, f"Cancel {booking.id} and book a later slot."), offer)
    situation.log.write(bev.BookingAnnounced(booking=booking.id, arrival_ms=arrival_ms, actor=request.actor))
    return booking.id


def _cancel(situation: Situation, request: CancelBooking) -> str | BookingRefused:
    booking = situation.state.bookings.all.get(request.booking)
    if booking is None:
        return BookingRefused(_gone(request.booking, None))
    if booking.state is BookingState.CANCELLED:
        return booking.id
    if booking.state.is_over:
        return BookingRefused(_gone(request.booking, booking))
    order = booking.order if booking.state is BookingState.IN_SERVICE else None
    situation.log.write(bev.BookingEnded(booking=booking.id, outcome="cancelled", actor=request.actor))
    if order is not None and not situation.state.orders[order].state.is_over:
        withdraw_order(situation, WithdrawOrder(order=order, actor=request.actor))
    return booking.id


def _gone(name: str, booking: Booking | None) -> Refusal:
    if booking is None:
        return Refusal("UNKNOWN_BOOKING", f"There is no booking {name!r}.", "Ask for the list of bookings.")
    return Refusal("BOOKING_OVER", f"Booking {name} is {booking.state.value} already.", "Book another slot.")


def arrived(situation: Situation, request: SubmitOrder) -> str | None:
    """The order that serves the car's booking already, when its customer orders it: they are here, and it opens."""
    if request.kind == "relocate":
        return None
    for booking in situation.state.bookings.of_vehicle(request.vehicle.id):
        order = situation.state.orders.get(booking.order or "")
        if booking.state is not BookingState.IN_SERVICE or booking.kind != request.kind or order is None:
            continue
        if order.withdrawal or order.state.is_over or order.id == situation.state.keys.get(request.key or ""):
            continue
        if held_for(situation, order) is not None:
            now_ms = situation.now.unix_ms
            situation.log.write(bev.BookingAnnounced(booking=booking.id, arrival_ms=now_ms, actor=request.actor))
        return order.id
    return None


def adopt(situation: Situation, order: str) -> None:
    """An order that a customer gave for a car with a booking is that booking's: they have come, early or late."""
    made = situation.state.orders[order]
    limits, now_ms = situation.config.bookings, situation.now.unix_ms
    for booking in situation.state.bookings.of_vehicle(made.vehicle):
        is_near = booking.arrival_ms is not None or now_ms >= booking.from_ms - 1000 * limits.arrival_max_s
        if booking.wants_order and booking.kind == made.kind and is_near:
            situation.log.write(bev.BookingAnnounced(booking=booking.id, arrival_ms=now_ms, actor=made.actor))
            situation.log.write(bev.BookingInService(booking=booking.id, order=order))
            return
