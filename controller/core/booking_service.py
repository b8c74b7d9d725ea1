"""From bookings to orders: the car is there before its person, and nobody who comes without a booking pays for it.

Owns how an order is made from a booking, when a car that stands ready is put back, and how a booking ends. Nothing
begins here but by an order, in automatic operation, under the rules that every order is under. Slots are moments by the
clock on the wall; how long a door stands open for somebody is measured by the monotonic one. Must never command a
device.
"""

from __future__ import annotations

import msgspec

from controller.core import booking_events as bev
from controller.core.admission import OPEN_ORDERS_MAX, submit_order, withdraw_order
from controller.core.booking import CABIN_NEEDED, NOT_COME, Booking, BookingState
from controller.core.booking_close import bring_close
from controller.core.booking_hold import held_for, opens_at_ms
from controller.core.booking_time import due_now, ends_ms, moments, order_request, somebody_needs_a_cabin
from controller.core.cabin_phase import LEAVING, RESERVED, TURNING
from controller.core.cabin_reading import is_vehicle_there, may_close
from controller.core.dispatch import Guide
from controller.core.handover import in_phase_ms
from controller.core.order import Order, OrderState
from controller.core.situation import Situation
from controller.core.state import GarageState
from controller.garage import Layout
from controller.local_link.messages import WithdrawOrder
from safety.refusal import Refusal

LOOK_MS = 5000
"""How often is asked whether it is time, at whole multiples by the monotonic clock."""
_ACTOR = "controller"


class BookingMemory(msgspec.Struct, frozen=True):
    """All that is remembered between two cycles: which look was the last, and how far the two clocks are apart."""

    look: int = -1
    apart_ms: int = 0


class BookingService:
    """Serves the bookings of one garage."""

    def __init__(self) -> None:
        self._look = -1
        self._apart_ms = 0

    def memory(self) -> BookingMemory:
        """All that is remembered, for a recording that goes on from here."""
        return BookingMemory(self._look, self._apart_ms)

    def recall(self, memory: BookingMemory) -> None:
        """Go on from what ``memory`` gave."""
        self._look, self._apart_ms = memory.look, memory.apart_ms

    def follow(self, situation: Situation) -> None:
        """What has become of orders and slots; in every mode, since it moves nothing."""
        self._apart_ms = situation.now.unix_ms - situation.now.mono_ms
        for booking in situation.state.bookings.open():
            if booking.state is BookingState.IN_SERVICE:
                _follow_order(situation, booking)
            elif situation.now.unix_ms >= ends_ms(situation.config, booking):
                _end_overdue(situation, booking)

    def serve(self, situation: Situation, guide: Guide) -> list[str]:
        """Make the orders for which it is time, and put back what stands too long; the orders that were made."""
        bookings = situation.state.bookings.open()
        if not bookings:
            return []
        made: list[str] = []
        for booking in bookings:
            if booking.state is BookingState.ANNOUNCED and guide.counsel(booking.id) is not None:
                made += _make_order(situation, booking)
        before, self._look = self._look, situation.now.mono_ms // LOOK_MS
        if before == self._look:
            return made
        for booking in bookings:
            if booking.state is BookingState.IN_SERVICE:
                _attend(situation, booking)
        for booking in due_now(situation, guide.ranked):
            made += _make_order(situation, booking)
        bring_close(situation, self._look)
        return made

    def due_ms(self, state: GarageState, layout: Layout, now_ms: int) -> int | None:
        """When time alone may change something for a booking, by the monotonic clock; None when there is none."""
        unix_ms = now_ms + self._apart_ms
        dues: list[int] = []
        for booking in state.bookings.open():
            for moment in moments(state, layout, booking):
                if moment.until_ms > unix_ms:
                    at_ms = max(now_ms, moment.from_ms - self._apart_ms)
                    dues.append(-(-(at_ms + 1) // LOOK_MS) * LOOK_MS if moment.is_span else at_ms)
        return min(dues, default=None)


# --- what has become of it -----------------------------------------------------------------------------------


def _follow_order(situation: Situation, booking: Booking) -> None:
    """The order that serves a booking may be over: so is the booking, unless the machine was taken away from it."""
    order = situation.state.orders.get(booking.order or "")
    if order is not None and not order.state.is_over:
        return
    if order is None or order.state is OrderState.DONE:
        _end(situation, booking, "done", None)
    elif order.state is OrderState.WITHDRAWN:
        why = Refusal("ORDER_WITHDRAWN", f"Its order {order.id} was withdrawn.", "Book another slot.")
        _end(situation, booking, "cancelled", why)
    elif order.outcome is not None and order.outcome.code == "UNIT_TAKEN_OUT":
        _release(situation, booking, order.outcome)
    elif order.outcome is not None and order.outcome.code == "NO_SHOW":
        _end(situation, booking, "no-show", order.outcome)
    else:
        _end(situation, booking, "failed", order.outcome)


def _end_overdue(situation: Situation, booking: Booking) -> None:
    """Nobody came, or nothing could be done for them: the slot is over, and so is the time of grace."""
    vehicle = situation.state.vehicles.get(booking.vehicle)
    is_here = vehicle is not None and vehicle.position is not None
    if booking.kind == "retrieve" and not is_here:
        why = Refusal(
            "VEHICLE_NOT_HERE", f"{booking.vehicle} was not in the garage in its slot.", "Store it, and book again."
        )
        _end(situation, booking, "failed", why)
    elif booking.state is BookingState.ANNOUNCED:
        why = Refusal(
            "NOT_SERVED",
            f"The customer had said to come, and no order could be made until {situation.config.bookings.grace_s} s "
            "after the slot.",
            "Serve the customer by an order, and ask why the garage did not: `garagectl explain garage`.",
        )
        _end(situation, booking, "failed", why)
    else:
        _end(situation, booking, "no-show", _no_show(booking))


def _no_show(booking: Booking) -> Refusal:
    return Refusal("NO_SHOW", f"Nobody came for booking {booking.id}.", "Book another slot.")


def _end(situation: Situation, booking: Booking, outcome: bev.BookingOutcome, why: Refusal | None) -> None:
    code, text, remedy = ("", "", "") if why is None else (why.code, why.text, why.remedy)
    situation.log.write(
        bev.BookingEnded(booking=booking.id, outcome=outcome, actor=_ACTOR, code=code, text=text, remedy=remedy)
    )


def _release(situation: Situation, booking: Booking, why: Refusal) -> None:
    situation.log.write(bev.BookingReleased(booking=booking.id, code=why.code, text=why.text, remedy=why.remedy))


# --- what is done for it -------------------------------------------------------------------------------------


def _make_order(situation: Situation, booking: Booking) -> list[str]:
    """An order from a booking, where one can be made now; why not is told with the booking while that lasts."""
    if not booking.wants_order or len(situation.state.open_orders()) >= OPEN_ORDERS_MAX:
        return []
    order = submit_order(situation, order_request(booking))
    if not isinstance(order, str):
        return []
    situation.log.write(bev.BookingInService(booking=booking.id, order=order))
    return [order]


def _attend(situation: Situation, booking: Booking) -> None:
    """A car that stands ready or is fetched: somebody else needs the cabin more, or nobody comes for it."""
    order = situation.state.orders.get(booking.order or "")
    if order is None or order.kind != "retrieve" or order.withdrawal:
        return
    now_ms, cabin = situation.now.unix_ms, order.cabin
    phase = "" if cabin is None else situation.state.cabin(cabin).phase
    if cabin is not None and phase == LEAVING and situation.state.cabin(cabin).order == order.id:
        if _is_left_alone(situation, booking, cabin):
            _put_away(situation, booking, order, _NOT_COME if now_ms < booking.to_ms else None)
    elif booking.arrival_ms is None and now_ms >= ends_ms(situation.config, booking):
        _put_away(situation, booking, order, None)
    elif _waits_long(situation, booking, order, phase) and somebody_needs_a_cabin(situation, order):
        _put_away(situation, booking, order, _NEEDED)


def _waits_long(situation: Situation, booking: Booking, order: Order, phase: str) -> bool:
    """The order keeps a cabin, or will, longer than somebody may wait for it who has come."""
    if phase not in _BEFORE_OPENING or held_for(situation, order) is None:
        return False
    opens_ms = opens_at_ms(situation, booking, order.cabin)
    if opens_ms is None:
        return True
    longest_ms = 1000 * situation.config.bookings.walk_up_delay_max_s
    return phase == TURNING and opens_ms - situation.now.unix_ms > longest_ms


_BEFORE_OPENING = ("", RESERVED, TURNING)
"""Phases of a cabin, or none yet, in which a car may still go back without anybody at the cabin."""


def _is_left_alone(situation: Situation, booking: Booking, cabin: str) -> bool:
    """The door stands open, the time of grace is over by both clocks, and nobody is seen at the car (H02, H04)."""
    grace_ms = 1000 * situation.config.bookings.grace_s
    if situation.now.unix_ms < booking.due_ms + grace_ms or in_phase_ms(situation, cabin) < grace_ms:
        return False
    return is_vehicle_there(situation, cabin) and may_close(situation, cabin)


def _put_away(situation: Situation, booking: Booking, order: Order, why: Refusal | None) -> None:
    """Take the car back into the garage: the booking ends as a no-show, or goes on without its order."""
    if why is None:
        _end(situation, booking, "no-show", _no_show(booking))
    else:
        _release(situation, booking, why)
    withdraw_order(situation, WithdrawOrder(order=order.id, actor=_ACTOR))


_NEEDED = Refusal(
    CABIN_NEEDED,
    "The car stood ready, and its cabin was needed for somebody who had come.",
    "Announce the arrival; the car is then fetched for it.",
)
_NOT_COME = Refusal(
    NOT_COME,
    "The car stood ready with the door open, and nobody came for it.",
    "Announce the arrival anew while the slot lasts.",
)
