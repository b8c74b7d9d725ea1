"""The snapshot: what the outside may see of one moment.

Owns the one place in which status is derived, so that nothing can contradict itself. Must never change state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from controller.core import commanding, supply
from controller.core.admission import hindrances
from controller.core.booking_view import booking_views
from controller.core.cabin_phase import MACHINES_TURN
from controller.core.forecast import etas_of
from controller.core.mode import ModeEvent
from controller.core.mode_change import would_refuse
from controller.core.order import Order, OrderState
from controller.core.recovery import finding_views
from controller.core.sensing import sensed
from controller.core.service import OutOfUse, out_of_use, unreachable
from controller.core.situation import Situation
from controller.core.state import GarageState
from controller.core.transfer import not_confirmed
from controller.core.vehicle import Vehicle
from controller.core.waiving import expired, views, warnings
from controller.core.zone_view import zone_views
from controller.garage import Cabin
from controller.local_link import messages as msg
from controller.local_link.alarm_messages import AlarmFigures, AlarmView
from plc_drivers.contract import Value
from plc_drivers.contract.codes import CommandCode, FaultCode, Health, Mode, Sign, State, TrafficLight
from plc_drivers.link import LinkStatus
from plc_drivers.reading import DeviceImage, Quality
from safety.refusal import Refusal

_QUALITY: dict[Quality, Literal["good", "stale", "bad", "missing"]] = {
    Quality.GOOD: "good",
    Quality.STALE: "stale",
    Quality.BAD: "bad",
    Quality.MISSING: "missing",
}


def reason_of(refusal: Refusal | None) -> msg.Reason | None:
    """A refusal as a message."""
    return None if refusal is None else msg.Reason(code=refusal.code, text=refusal.text, remedy=refusal.remedy)


def snapshot(
    situation: Situation,
    links: Sequence[LinkStatus],
    link_of: dict[str, str],
    cycle: msg.CycleView,
    seq: int,
    alarms: tuple[list[AlarmView], AlarmFigures],
) -> msg.Snapshot:
    """Everything that the outside may see now. ``link_of`` names each device's link."""
    state = situation.state
    found = [*hindrances(situation), *supply.told(situation), *warnings(situation)]
    safety_good = situation.is_good(situation.config.safety.id)
    stopped = state.mode != "automatic"
    if stopped:
        found.insert(0, commanding.not_automatic(situation))
    reasons = [msg.Reason(code=r.code, text=r.text, remedy=r.remedy) for r in found]
    out = out_of_use(situation)
    serving = any(_serves(situation, cabin) for cabin in situation.layout.cabins.values())
    return msg.Snapshot(
        seq=seq,
        at_ms=situation.now.unix_ms,
        event_seq=state.last_seq,
        mode=state.mode,
        ready=not stopped and serving and safety_good and expired(situation) is None,
        ready_to_start=_may_start(situation)
        and safety_good
        and state.epoch > 0
        and _all_answer(situation)
        and expired(situation) is None,
        reasons=reasons,
        epoch=state.epoch,
        cycle=cycle,
        devices=[_device(situation, device, link_of) for device in situation.image.devices],
        links=[_link(status) for status in links],
        vehicles=[_vehicle(situation, vehicle, out) for vehicle in state.vehicles.values()],
        positions=[
            msg.PositionView(
                id=position,
                vehicle=state.occupant.get(position),
                reserved_for=_reserved_for(situation, position),
                claimed_by=state.claims.get(position),
                sensed=sensed(situation, position),
                confirmed=position not in state.precautions.unconfirmed,
            )
            for position in situation.layout.positions
        ],
        cabins=[_cabin(situation, cabin) for cabin in situation.layout.cabins.values()],
        orders=[order_view(situation, order) for order in _shown(state)],
        interlocks=[
            msg.InterlockView(
                id=item.id,
                title=item.title,
                hazard=item.hazard,
                guards=[str(guard) for guard in item.guards],
                cause=item.cause,
                remedy=item.remedy,
            )
            for item in situation.verdict.failing
        ],
        trips=[
            msg.TripView(
                id=trip.id,
                title=trip.title,
                hazard=trip.hazard,
                category=trip.category,
                zone=trip.zone,
                devices=list(trip.devices),
                age_ms=situation.now.mono_ms - trip.since_ms,
                cause=trip.cause,
                remedy=trip.remedy,
                may_be_reset=trip.may_be_reset,
                is_first_out=trip.is_first_out,
            )
            for trip in situation.verdict.trips
        ],
        stops=[
            msg.StopView(
                function=function,
                speed=stop.speed,
                time_ms=stop.time_ms,
                distance=stop.distance,
                designed_ms=stop.designed_ms,
                designed_distance=stop.designed_distance,
                is_late=stop.is_late,
            )
            for function, stop in state.stops.items()
        ],
        alarms=alarms[0],
        alarm_figures=alarms[1],
        waivers=views(situation),
        zones=zone_views(situation),
        findings=finding_views(situation),
        bookings=booking_views(situation),
        service=_service(state),
    )


ENDED_ORDERS_SHOWN = 50
"""Ended orders in a snapshot; older ones are in the journal."""


def _shown(state: GarageState) -> list[Order]:
    ended = [order.id for order in state.orders.values() if order.state.is_over]
    hidden = set(ended[: max(0, len(ended) - ENDED_ORDERS_SHOWN)])
    return [order for order in state.orders.values() if order.id not in hidden]


def _serves(situation: Situation, cabin: Cabin) -> bool:
    """True when cars can come and go through this cabin: it is ready, and a shuttle and its lift that reach it."""
    if commanding.unready(situation, cabin.id) is not None:
        return False
    for shuttle in situation.layout.reached_by(cabin.position):
        lift = situation.layout.shuttles[shuttle].lift
        movers = (shuttle,) if lift is None else (shuttle, lift)
        if all(commanding.unready(situation, mover) is None for mover in movers):
            return True
    return False


def _may_start(situation: Situation) -> bool:
    return situation.state.mode != "automatic" and would_refuse(situation, ModeEvent.START) is None


def _all_answer(situation: Situation) -> bool:
    return all(situation.is_good(device) for device in situation.image.devices)


def _service(state: GarageState) -> msg.ServiceView:
    learned = state.calibration
    share = round(learned.kept / learned.promises, 4) if learned.promises else None
    return msg.ServiceView(promised=learned.promises, kept=learned.kept, within=learned.within, share=share)


def _reserved_for(situation: Situation, position: str) -> str | None:
    order = situation.state.orders.get(situation.state.claims.get(position, ""))
    if order is None or position in situation.state.occupant:
        return None
    return order.vehicle


def _device(situation: Situation, device: str, link_of: dict[str, str]) -> msg.DeviceView:
    image = situation.image[device]
    good = image.quality is Quality.GOOD
    pending = situation.state.mailbox(device).pending if image.definition.is_commanded else None
    names = image.definition.status
    values = {tag.name: image.values[i] if i not in image.bad_tags else None for i, tag in enumerate(names)}
    held = [name for name in image.definition.permits if good and image.value(f"holds_{name}") is True]
    return msg.DeviceView(
        id=device,
        kind=_kind(image),
        link=link_of.get(device, ""),
        state=_word(State, image.value("state")),
        mode=_word(Mode, image.value("mode")),
        health=_word(Health, image.value("health")),
        fault=_word(FaultCode, image.value("fault_code")),
        quality=_QUALITY[image.quality],
        age_ms=max(0, situation.now.mono_ms - image.at_ms),
        reason=_device_reason(situation, device, image),
        command="" if pending is None else CommandCode(pending.code).name,
        permits=held,
        values=values,
    )


def _kind(image: DeviceImage) -> Literal["lift", "shuttle", "cabin", "safety"]:
    match image.definition.kind.name:
        case "LIFT":
            return "lift"
        case "SHUTTLE":
            return "shuttle"
        case "CABIN":
            return "cabin"
        case _:
            return "safety"


def _word(enum: type[State | Mode | Health | FaultCode], value: Value | None) -> str:
    if value is None or value not in {int(member) for member in enum}:
        return "UNKNOWN"
    return enum(int(value)).name


def _device_reason(situation: Situation, device: str, image: DeviceImage) -> msg.Reason | None:
    if image.definition.is_commanded:
        return reason_of(commanding.unready(situation, device))
    if image.quality is Quality.GOOD or image.fault is None:
        return None
    return msg.Reason(code=image.fault.code, text=image.fault.detail, remedy=image.fault.remedy)


def _link(status: LinkStatus) -> msg.LinkView:
    fault = None if status.fault is None else status.fault.as_sentences()
    reason = None if fault is None else msg.Reason(code=fault.code, text=fault.detail, remedy=fault.remedy)
    return msg.LinkView(
        id=status.name,
        protocol=status.protocol,
        address=status.address,
        state=status.state.value,
        reason=reason,
        connects=status.connects,
        exchanges=status.exchanges,
        timeouts=status.timeouts,
        rejected=status.rejected,
        last_exchange_ms=round(status.last_exchange_ms, 3),
    )


def _vehicle(situation: Situation, vehicle: Vehicle, out: OutOfUse) -> msg.VehicleView:
    order = situation.state.order_of_vehicle(vehicle.id)
    return msg.VehicleView(
        id=vehicle.id,
        model=vehicle.model,
        position=vehicle.position,
        heading=None if vehicle.heading is None else vehicle.heading.value,
        length_mm=vehicle.length_mm,
        width_mm=vehicle.width_mm,
        height_mm=vehicle.height_mm,
        weight_kg=vehicle.weight_kg,
        electric=vehicle.electric,
        order=None if order is None else order.id,
        reason=reason_of(next(iter(unreachable(situation, vehicle, out)), None)),
    )


def _cabin(situation: Situation, cabin: Cabin) -> msg.CabinView:
    use = situation.state.cabin(cabin.id)
    order = None if use.order is None else situation.state.orders.get(use.order)
    light = situation.value(cabin.id, "traffic_light_shown")
    sign = situation.value(cabin.id, "sign_shown")
    proven = cabin.id in situation.verdict.proven_empty
    reason = commanding.unready(situation, cabin.id)
    if reason is None and use.phase in MACHINES_TURN and not proven:
        reason = not_confirmed(cabin.id)
    return msg.CabinView(
        id=cabin.id,
        phase=use.phase,
        order=use.order,
        vehicle=situation.state.occupant.get(cabin.position) or (None if order is None else order.vehicle),
        light="unknown" if light is None else "green" if light == TrafficLight.GREEN else "red",
        sign="UNKNOWN" if sign is None else Sign(int(sign)).name,
        outer_door=_door(situation, cabin.id, "outer"),
        inner_door=_door(situation, cabin.id, "inner"),
        proven_empty=proven,
        reason=reason_of(reason),
    )


def _door(situation: Situation, cabin: str, which: str) -> Literal["open", "closed", "moving", "unknown"]:
    is_open, is_closed = situation.value(cabin, f"{which}_open"), situation.value(cabin, f"{which}_closed")
    if is_open is None or is_closed is None or (is_open and is_closed):
        return "unknown"
    if is_open:
        return "open"
    return "closed" if is_closed else "moving"


def order_view(situation: Situation, order: Order) -> msg.OrderView:
    """An order as the outside sees it."""
    now_ms = situation.now.unix_ms
    phase = ""
    if order.cabin is not None and situation.state.cabin(order.cabin).order == order.id:
        phase = situation.state.cabin(order.cabin).phase
    eta = None if order.state.is_over else etas_of(situation).get(order.id)
    waiting = order.waiting
    if waiting is None and situation.state.mode != "automatic" and not order.state.is_over:
        waiting = commanding.not_automatic(situation)
    if waiting_forever(waiting):
        eta = None
    remaining = None if eta is None else max(0.0, (eta.at_ms - now_ms) / 1000)
    return msg.OrderView(
        id=order.id,
        kind=order.kind,
        vehicle=order.vehicle,
        state=_order_state(order, phase),
        phase=_phase_word(situation, order, phase),
        source=order.source,
        target=order.target,
        cabin=order.cabin or order.wanted_cabin,
        leg=min(order.legs_done + (order.leg is not None), len(order.legs)),
        legs=len(order.legs),
        progress=1.0 if phase in _CAR_IS_THERE else _progress(order, now_ms, remaining),
        accepted_at=order.accepted_at_ms,
        started_at=order.started_at_ms,
        ended_at=order.ended_at_ms,
        eta_ms=None if eta is None else eta.at_ms,
        eta_early_ms=None if eta is None else eta.early_ms,
        eta_late_ms=None if eta is None else eta.late_ms,
        promised_ms=None if order.promise is None else order.promise.late_ms,
        served_at=order.served_at_ms,
        waiting_for=reason_of(waiting),
        outcome=reason_of(order.outcome),
    )


_NO_ESTIMATE = frozenset(
    {"NOT_STARTED", "DEVICE_UNREACHABLE", "DEVICE_STOPPED", "NOT_IN_AUTOMATIC", "NOT_OWNER", "HALF_TRANSFER",
     "POSITION_UNPROVEN", "CUSTOMER_ABSENT", "CUSTOMER_STAYS", "PERSON_IN_CABIN", "NEEDS_START", "GARAGE_FULL",
     "ZONE_LOCKED_OUT", "FIRE_ALARM", "AXIS_IS_HELD", "INVENTORY_UNCONFIRMED"}
)  # fmt: skip


def waiting_forever(reason: Refusal | None) -> bool:
    """True while an order waits for somebody's act, so that no honest time can be told."""
    return reason is not None and reason.code in _NO_ESTIMATE


_HANDOVER = frozenset({"opening", "leaving", "closing", "confirming", "inviting", "positioning", "stepping-out"})


_CAR_IS_THERE = frozenset({"leaving", "closing", "confirming"})
"""Phases in which the car has been brought to its customer, or has been taken away."""


def _order_state(
    order: Order, phase: str
) -> Literal["waiting", "active", "handover", "withdrawing", "done", "withdrawn", "failed"]:
    match order.state:
        case OrderState.WAITING:
            return "waiting"
        case OrderState.ACTIVE:
            return "handover" if phase in _HANDOVER or phase in ("securing", "checking", "rejecting") else "active"
        case OrderState.WITHDRAWING:
            return "withdrawing"
        case OrderState.DONE:
            return "done"
        case OrderState.WITHDRAWN:
            return "withdrawn"
        case OrderState.FAILED:
            return "failed"


def _phase_word(situation: Situation, order: Order, phase: str) -> str:
    leg = order.current_leg
    if leg is None:
        return phase
    position = situation.state.vehicles[order.vehicle].position
    on_deck = position == situation.layout.shuttles[leg.shuttle].deck
    return "fetching" if position == leg.source and not on_deck else "carrying"


def _progress(order: Order, now_ms: int, remaining: float | None) -> float:
    if order.state is OrderState.DONE:
        return 1.0
    if order.started_at_ms is None or remaining is None:
        return 0.0
    elapsed = max(0.0, ((order.ended_at_ms or now_ms) - order.started_at_ms) / 1000)
    total = elapsed + remaining
    return round(min(1.0, elapsed / total), 3) if total > 0 else 1.0
