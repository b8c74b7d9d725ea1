"""Requests from people: checked against the books, then turned into events or refused with a reason.

Owns what may be asked for and when. A refusal changes nothing. Must never command a device, but for the stop and
the clearing that a person asks for.
"""

from __future__ import annotations

from typing import assert_never

from controller.core import commanding, hand
from controller.core import events as ev
from controller.core.alarm_desk import act
from controller.core.mode import ModeEvent
from controller.core.mode_change import happened, would_refuse
from controller.core.mode_requests import admit_mode
from controller.core.order import Order, OrderState
from controller.core.placement import is_open
from controller.core.progress import withdraw_waiting
from controller.core.situation import Situation
from controller.core.trips import clear, clear_device, reset
from controller.core.vehicle import Vehicle
from controller.core.waiving import expired
from controller.garage import PositionKind
from controller.local_link.alarm_messages import (
    AcknowledgeAlarm,
    ConfirmAlarm,
    GetAlarmDefinitions,
    PutAlarmBack,
    ShelveAlarm,
    TakeAlarmOut,
    UnshelveAlarm,
)
from controller.local_link.booking_messages import AnnounceBooking, BookSlot, CancelBooking
from controller.local_link.explanation import Explain
from controller.local_link.messages import (
    ClearDevice,
    GetEvents,
    GetShape,
    Request,
    Start,
    Stop,
    SubmitOrder,
    VehicleData,
    WithdrawOrder,
)
from controller.local_link.mode_messages import (
    AnswerFinding,
    ConfirmInventory,
    EndFire,
    HoldToRun,
    LockZone,
    ReleaseHold,
    UnlockZone,
)
from controller.planning.places import SPARE
from safety.refusal import Refusal

OPEN_ORDERS_MAX = 200
"""Orders that may be open at once; the next one is refused."""

ALL_DEVICES = "all"
"""The word with which every stopped or blocked device is cleared at once."""


def admit(situation: Situation, request: Request) -> Refusal | str | None:
    """Carry out a request: a refusal, the id of the order that it concerns, or None when it concerns none."""
    match request:
        case SubmitOrder():
            return submit_order(situation, request)
        case WithdrawOrder():
            return withdraw_order(situation, request)
        case Start():
            return _start(situation, request)
        case Stop():
            return _stop(situation, request)
        case ClearDevice():
            return _clear(situation, request)
        case AcknowledgeAlarm() | ConfirmAlarm() | ShelveAlarm() | UnshelveAlarm() | TakeAlarmOut() | PutAlarmBack():
            return act(situation, request)
        case LockZone() | UnlockZone() | EndFire() | ConfirmInventory() | AnswerFinding() | HoldToRun() | ReleaseHold():
            return admit_mode(situation, request)
        case (
            GetShape()
            | GetEvents()
            | GetAlarmDefinitions()
            | Explain()
            | BookSlot()
            | AnnounceBooking()
            | CancelBooking()
        ):
            return Refusal(
                "NOT_FOR_THE_CORE", "This request is answered outside the core's step.", "Report the defect."
            )
        case _:
            assert_never(request)


# --- orders -------------------------------------------------------------------------------------------------


def repeated(situation: Situation, request: SubmitOrder) -> Refusal | str | None:
    """The order that came with the same idempotency key, a refusal when its body was another, None when new."""
    if request.key is None or request.key not in situation.state.keys:
        return None
    order = situation.state.orders[situation.state.keys[request.key]]
    if order.fingerprint != request.fingerprint:
        return Refusal(
            "IDEMPOTENCY_CONFLICT",
            f"The idempotency key was used for order {order.id} with another body.",
            "Use a new key for a new order; repeat the very same body to ask for the old one.",
        )
    return order.id


def submit_order(situation: Situation, request: SubmitOrder) -> Refusal | str | None:
    """Accept an order, or the one that its key has made before: the refusal, or its id."""
    if (known := repeated(situation, request)) is not None:
        return known
    refusal = expired(situation) or refuse_order(situation, request)
    if refusal is not None:
        return refusal
    vehicle = request.vehicle.id
    order = f"o-{situation.state.orders_made + 1:06d}"
    if request.kind == "store":
        situation.log.write(_known_vehicle(situation, request.vehicle))
    source = situation.state.vehicles[vehicle].position
    situation.log.write(
        ev.OrderAccepted(
            order=order,
            order_kind=request.kind,
            vehicle=vehicle,
            actor=request.actor,
            source=source,
            target=request.target,
            cabin=request.cabin,
            key=request.key,
            fingerprint=request.fingerprint,
        )
    )
    return order


def _known_vehicle(situation: Situation, data: VehicleData) -> ev.VehicleKnown:
    """A car that is to come. What the customer did not say is taken from its last stay, else left at 0: unknown."""
    before = situation.state.vehicles.get(data.id)
    return ev.VehicleKnown(
        vehicle=data.id,
        model=data.model or ("" if before is None else before.model),
        length_mm=data.length_mm or (0 if before is None else before.length_mm),
        width_mm=data.width_mm or (0 if before is None else before.width_mm),
        height_mm=data.height_mm or (0 if before is None else before.height_mm),
        weight_kg=data.weight_kg or (0 if before is None else before.weight_kg),
        electric=data.electric,
    )


def refuse_order(situation: Situation, request: SubmitOrder) -> Refusal | None:
    """Why an order cannot be accepted by the books, None when it can."""
    state = situation.state
    if len(state.open_orders()) >= OPEN_ORDERS_MAX:
        return Refusal("QUEUE_FULL", f"{OPEN_ORDERS_MAX} orders are open already.", "Try again when some have ended.")
    if request.cabin is not None and request.cabin not in situation.layout.cabins:
        known = ", ".join(situation.layout.cabins)
        return Refusal("UNKNOWN_CABIN", f"There is no cabin {request.cabin!r}.", f"Choose one of: {known}.")
    # A car that makes way is its customer's all the same; a relocation by hand would be one too many.
    is_fetched = request.kind == "retrieve"
    open_orders = (o for o in state.orders_of_vehicle(request.vehicle.id) if not (o.makes_way and is_fetched))
    open_order = next(open_orders, None)
    if open_order is not None:
        return Refusal(
            "VEHICLE_ALREADY_ORDERED",
            f"{request.vehicle.id} has the open order {open_order.id} ({open_order.kind}).",
            _for_it(situation, open_order),
        )
    vehicle = state.vehicles.get(request.vehicle.id)
    if request.kind == "store":
        return _refuse_store(situation, request, vehicle)
    if vehicle is None:
        return Refusal("UNKNOWN_VEHICLE", f"No car {request.vehicle.id!r} is known here.", "Check the car's id.")
    if vehicle.position is None:
        return Refusal("VEHICLE_NOT_HERE", f"{vehicle.id} is not in the garage.", "Store it first.")
    if request.kind == "relocate":
        return _refuse_relocation(situation, request, vehicle)
    return None


def _for_it(situation: Situation, order: Order) -> str:
    """What somebody can do who wants a car that has an order already."""
    booking = next((one.id for one in situation.state.bookings.open() if one.close_order == order.id), None)
    if booking is None:
        return f"Follow order {order.id}, or withdraw it first."
    return f"It is brought to a nearer place; announce booking {booking}, and it is fetched when it is there."


def _refuse_store(situation: Situation, request: SubmitOrder, vehicle: Vehicle | None) -> Refusal | None:
    if vehicle is not None and vehicle.position is not None:
        return Refusal(
            "VEHICLE_ALREADY_HERE", f"{vehicle.id} is in the garage already.", "Check the car's id, or retrieve it."
        )
    data = request.vehicle
    car = Vehicle(
        data.id,
        data.model,
        data.length_mm or 0,
        data.width_mm or 0,
        data.height_mm or 0,
        data.weight_kg or 0,
        data.electric,
    )
    if request.target is not None and request.target not in {p.id for p in situation.layout.storage()}:
        return Refusal("UNKNOWN_PLACE", f"There is no place {request.target!r}.", "Ask for the list of places.")
    places = [place for place in situation.layout.storage() if not car.misfits(place.limits)]
    cabins = [cabin for cabin in situation.layout.cabins.values() if not car.misfits(cabin.envelope)]
    if not places or not cabins:
        largest = max(situation.layout.storage(), key=lambda place: place.limits.height_mm)
        what = ", ".join(car.misfits(largest.limits)) or "it fits no cabin"
        return Refusal("VEHICLE_DOES_NOT_FIT", f"No place takes this car: {what}.", "This car cannot be stored here.")
    taken = situation.state.occupant.keys() | situation.state.claims.keys()
    waiting = sum(1 for o in situation.state.open_orders() if o.kind == "store" and o.state is OrderState.WAITING)
    waiting += _booked_soon(situation, request.vehicle.id)
    spare = SPARE if situation.layout.is_deep else 0
    if sum(1 for place in places if place.id not in taken) <= waiting + spare:
        return Refusal("GARAGE_FULL", "Every place for this car is occupied or promised.", "Retrieve a car first.")
    return None


def _booked_soon(situation: Situation, vehicle: str) -> int:
    """Places that are promised to other cars with a booking: they are coming, or their slot begins soon."""
    soon_ms = situation.now.unix_ms + 1000 * situation.config.bookings.arrival_max_s
    return sum(
        one.kind == "store" and one.wants_order and one.vehicle != vehicle and one.due_ms <= soon_ms
        for one in situation.state.bookings.open()
    )


def _refuse_relocation(situation: Situation, request: SubmitOrder, vehicle: Vehicle) -> Refusal | None:
    if request.target is None:
        return None
    place = situation.layout.positions.get(request.target)
    if place is None or place.kind not in (PositionKind.PLACE, PositionKind.BUFFER):
        return Refusal("UNKNOWN_PLACE", f"There is no place {request.target!r}.", "Ask for the list of places.")
    if misfits := vehicle.misfits(place.limits):
        return Refusal("VEHICLE_DOES_NOT_FIT", f"{place.id}: {', '.join(misfits)}.", "Choose a larger place.")
    draft = Order("", "relocate", vehicle.id, 0, "")
    if not is_open(situation, draft, place.id):
        return Refusal("PLACE_NOT_FREE", f"{place.id} is occupied, promised or shut in.", "Choose a free place.")
    return None


def withdraw_order(situation: Situation, request: WithdrawOrder) -> Refusal | str:
    """Withdraw an order that is not over: the refusal, or its id."""
    order = situation.state.orders.get(request.order)
    if order is None:
        return Refusal("UNKNOWN_ORDER", f"There is no order {request.order!r}.", "Ask for the list of orders.")
    if order.state.is_over:
        return Refusal("ORDER_OVER", f"Order {order.id} is {order.state.value} already.", "Nothing needs to be done.")
    if order.withdrawal == "immediate" or (order.withdrawal and not request.immediate):
        return order.id
    waiting = order.state is OrderState.WAITING
    situation.log.write(ev.WithdrawalAsked(order=order.id, immediate=request.immediate, actor=request.actor))
    if waiting:
        withdraw_waiting(situation, order)
    return order.id


# --- operation ----------------------------------------------------------------------------------------------


def hindrances(situation: Situation) -> list[Refusal]:
    """Everything that stands in the way of starting, worst first."""
    found: list[Refusal] = []
    for device, image in situation.image.devices.items():
        if image.definition.is_commanded or not situation.is_good(device):
            reason = commanding.unready(situation, device)
            if reason is not None:
                found.append(reason)
    return found


def _start(situation: Situation, request: Start) -> Refusal | None:
    """Start automatic operation. It needs a working safety PLC; movers that are not ready simply wait.

    While it runs already, a start releases the devices that were cleared since (reset permits, start starts: H11).
    """
    if situation.state.mode == "automatic" and not situation.state.held:
        return None
    if (reason := expired(situation)) is not None:
        return reason
    if (refusal := would_refuse(situation, ModeEvent.START)) is not None:
        return refusal
    safety = situation.config.safety.id
    if not situation.is_good(safety):
        return commanding.unready(situation, safety)
    ready = [d for d in _commanded(situation) if _is_startable(situation, d)]
    if not ready:
        found = hindrances(situation)
        return found[0] if found else None
    return happened(situation, ModeEvent.START, request.actor, "STARTED")


def _is_startable(situation: Situation, device: str) -> bool:
    reason = commanding.unready(situation, device)
    return reason is None or reason.code == commanding.NEEDS_START


def _stop(situation: Situation, request: Stop) -> Refusal | None:
    if situation.state.mode == "stopped":
        return None
    commanding.recall_all(situation)
    hand.end_for(situation, _STOPPED)
    return happened(situation, ModeEvent.STOP, request.actor, request.cause)


_STOPPED = Refusal("STOPPED", "Everything was stopped by a request.", "Ask who stopped it; then press again.")


def _commanded(situation: Situation) -> list[str]:
    return [device for device, image in situation.image.devices.items() if image.definition.is_commanded]


def _clear(situation: Situation, request: ClearDevice) -> Refusal | None:
    """Reset: it permits, it never starts. Everything that was stopped needs a start after it (H11)."""
    devices = _commanded(situation)
    if request.device == ALL_DEVICES:
        situation.resets |= reset(situation, None, request.actor)[0]
        for device in devices:
            clear_device(situation, device, request.actor)
        return None
    if request.device not in devices:
        known = ", ".join(devices)
        return Refusal("UNKNOWN_DEVICE", f"There is no device {request.device!r}.", f"Choose one of: {known}.")
    return clear(situation, request.device, request.actor)
