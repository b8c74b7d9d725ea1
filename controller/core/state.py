"""All that the controller believes and has decided, and the one function that changes it.

Owns ``GarageState`` and ``apply``. State changes by applying events only, so that folding a journal gives the
same state as having lived through it. Must never decide anything.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import assert_never

from controller.alarms import facts
from controller.alarms.book import CONTROLLER, AlarmBook
from controller.core import booking as booking_book
from controller.core import events as ev
from controller.core import journal_events as jev
from controller.core import mode_events as mev
from controller.core.booking import Bookings
from controller.core.booking_events import BookingEvent
from controller.core.calibration import GREEN_TO_LEAVE, PEOPLE_PHASES, Calibration
from controller.core.hold import HoldUnderWay
from controller.core.mailbox import Ended, Mailbox, Pending
from controller.core.mode import Mode
from controller.core.order import Leg, Order, OrderState, Promise
from controller.core.precautions import Precautions, change
from controller.core.vehicle import Vehicle
from controller.garage import Side
from plc_drivers.contract import CommandCode
from safety.refusal import Refusal

ENDED_ORDERS_KEPT = 500
"""Ended orders kept in memory; older ones are in the journal. A car that has left goes with the last order that names
it, so that the books do not grow with every customer there ever was."""


@dataclass(slots=True)
class CabinUse:
    """What goes on in a cabin: the handover's phase and its order.

    ``entered_ms`` is the controller's monotonic clock when this run first saw the phase, None before. It is a run-time
    field: neither a wall clock that is set nor the time while the controller was away may end a phase. ``since_at_ms``
    is the Unix time of the phase's event, 0 before the first; figures come from it, and no decision.
    """

    phase: str = "free"
    order: str | None = None
    entered_ms: int | None = None
    since_at_ms: int = 0


@dataclass(slots=True)
class GarageState:
    """The whole state. ``blocks`` are devices that a person must look at; ``held`` those cleared but not started,
    ``trips`` the trips that stand with the devices that they stop, ``stops`` the last measured stop of each axis,
    ``programs`` the version of each PLC's program as it was seen last, ``calibration`` what was learned about times,
    ``bookings`` the slots that customers were promised.

    ``stopped_by`` is why the controller itself stopped the garage, empty when a person did or it runs.
    Changed by ``apply`` only, but for the run-time fields of ``Pending``, ``Mailbox`` and ``CabinUse``, and for
    ``hold`` and ``ended_presses``: what is held by hand, and the presses that have ended, die with the process (H11).
    """

    mode: Mode = "stopped"
    epoch: int = 0
    epoch_used: int = 0
    last_seq: int = 0
    orders_made: int = 0
    vehicles: dict[str, Vehicle] = field(default_factory=dict)
    occupant: dict[str, str] = field(default_factory=dict)
    orders: OrderedDict[str, Order] = field(default_factory=OrderedDict)
    claims: dict[str, str] = field(default_factory=dict)
    mailboxes: dict[str, Mailbox] = field(default_factory=dict)
    cabins: dict[str, CabinUse] = field(default_factory=dict)
    blocks: dict[str, Refusal] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    trips: dict[str, tuple[str, ...]] = field(default_factory=dict)
    stops: dict[str, ev.StopMeasured] = field(default_factory=dict)
    programs: dict[str, int] = field(default_factory=dict)
    precautions: Precautions = field(default_factory=Precautions)
    hold: HoldUnderWay | None = None
    ended_presses: OrderedDict[str, Refusal] = field(default_factory=OrderedDict)
    keys: OrderedDict[str, str] = field(default_factory=OrderedDict)
    stopped_by: str = ""
    alarms: AlarmBook = field(default_factory=AlarmBook)
    calibration: Calibration = field(default_factory=Calibration)
    bookings: Bookings = field(default_factory=Bookings)

    def open_orders(self) -> list[Order]:
        """Orders that are not over, in the order in which they were accepted."""
        return [order for order in self.orders.values() if not order.state.is_over]

    def order_of_vehicle(self, vehicle: str) -> Order | None:
        """The open order of a car, None when it has none; of two, the one that has begun."""
        found = self.orders_of_vehicle(vehicle)
        return min(found, key=lambda order: order.state is OrderState.WAITING, default=None)

    def orders_of_vehicle(self, vehicle: str) -> list[Order]:
        """Every open order of a car: one of its customer's, and one by which it makes way for another car."""
        return [o for o in self.orders.values() if o.vehicle == vehicle and not o.state.is_over]

    def mailbox(self, device: str) -> Mailbox:
        """The mailbox of a device; it comes into being with its first use."""
        return self.mailboxes.setdefault(device, Mailbox())

    def cabin(self, cabin: str) -> CabinUse:
        """The use of a cabin; it comes into being with its first use."""
        return self.cabins.setdefault(cabin, CabinUse())


def apply(state: GarageState, seq: int, at_ms: int, event: ev.CoreEvent) -> None:  # noqa: C901, PLR0912, PLR0915
    """Change ``state`` by one event; ``seq`` is its number in the journal, ``at_ms`` Unix time.

    One flat match on purpose: every event's effect can be read in one place, a few lines each.
    """
    state.last_seq = seq
    match event:
        case ev.EpochClaimed():
            state.epoch = state.epoch_used = event.epoch
            state.programs.update(event.programs)
            for box in state.mailboxes.values():
                box.owned = False
        case ev.ProgramSeen():
            state.programs[event.device] = event.version
        case ev.ModeChanged():
            state.mode = event.mode
            state.held.clear()
            state.stopped_by = event.cause if event.mode != "automatic" and event.actor == CONTROLLER else ""
        case ev.VehicleKnown():
            _know(state, event)
        case ev.VehicleMeasured():
            state.vehicles[event.vehicle] = replace(
                state.vehicles[event.vehicle],
                length_mm=event.length_mm,
                width_mm=event.width_mm,
                height_mm=event.height_mm,
                weight_kg=event.weight_kg,
            )
        case ev.VehicleArrived():
            _put(state, event.vehicle, event.position)
            _turn(state, event.vehicle, event.heading)
        case ev.VehicleMoved():
            _put(state, event.vehicle, event.target)
        case ev.VehicleTurned():
            _turn(state, event.vehicle, event.heading)
        case ev.VehicleLeft():
            _put(state, event.vehicle, None)
        case ev.OrderAccepted():
            _accept(state, event, at_ms)
        case ev.OrderStarted():
            order = state.orders[event.order]
            order.state = OrderState.ACTIVE
            order.started_at_ms = at_ms
            order.cabin = event.cabin
            order.waiting = None
            _claim(state, order, event.claims)
        case ev.ClaimsAdded():
            _claim(state, state.orders[event.order], event.claims)
        case ev.ClaimsFreed():
            _free(state, state.orders[event.order], event.claims)
        case ev.RouteChosen():
            order = state.orders[event.order]
            order.legs = tuple(Leg(*leg) for leg in event.legs)
            order.leg = None
            order.legs_done = 0
            order.target = event.target
        case ev.LegStarted():
            state.orders[event.order].leg = event.index
        case ev.LegEnded():
            order = state.orders[event.order]
            order.leg = None
            order.legs_done = event.index + 1
        case ev.OrderWaiting():
            waiting = Refusal(event.code, event.text, event.remedy) if event.code else None
            state.orders[event.order].waiting = waiting
        case ev.OrderPromised():
            state.orders[event.order].promise = Promise(event.eta_ms, event.early_ms, event.late_ms)
        case ev.OrderRejected():
            state.orders[event.order].rejection = Refusal(event.code, event.text, event.remedy)
        case ev.WithdrawalAsked():
            order = state.orders[event.order]
            order.withdrawal = "immediate" if event.immediate else "regular"
            order.state = OrderState.WITHDRAWING
        case ev.OrderHalted():
            state.orders[event.order].is_halted = True
        case ev.OrderPutAside():
            order = state.orders[event.order]
            _free(state, order, sorted(order.claims))
            order.state = OrderState.WAITING
            order.legs, order.leg, order.legs_done, order.target, order.cabin = (), None, 0, None, None
        case ev.OrderEnded():
            _end(state, event, at_ms)
        case ev.CabinPhaseChanged():
            _enter(state, event, at_ms)
        case ev.CommandIntended():
            box = state.mailbox(event.device)
            box.seq = event.seq
            code = CommandCode(event.code)
            box.pending = Pending(
                event.seq, code, event.arg1, event.arg2, event.order, seq, expected_ms=event.expected_ms
            )
            box.pending.intended_at_ms = at_ms
        case ev.CommandAnswered():
            pending = state.mailbox(event.device).pending
            if pending is not None and pending.seq == event.seq:
                pending.answered = True
        case ev.CommandEnded():
            _end_command(state, event, at_ms)
        case ev.PermitTaken():
            pending = state.mailbox(event.device).pending
            if pending is not None and pending.seq == event.seq:
                pending.taken = Refusal(event.interlocks[0], event.text, event.remedy)
        case ev.DeviceBlocked():
            state.blocks[event.device] = Refusal(event.code, event.text, event.remedy)
        case ev.DeviceUnblocked():
            state.blocks.pop(event.device, None)
            if state.mode == "automatic":
                state.held.add(event.device)
        case ev.TripRaised():
            state.trips[event.trip] = tuple(event.devices)
        case ev.TripEnded():
            devices = state.trips.pop(event.trip, ())
            if state.mode == "automatic":
                state.held.update(devices)
        case ev.StopMeasured():
            state.stops[f"{event.device}.{event.permit}"] = event
        case ev.RequestRefused() | jev.JournalSalvaged() | jev.JournalRestored():
            pass
        case BookingEvent():
            booking_book.change(state.bookings, at_ms, event)
        case facts.AlarmEvent():
            state.alarms.apply(at_ms, event)
        case mev.RouteVoided():
            order = state.orders[event.order]
            order.legs, order.leg, order.legs_done = (), None, 0
        case mev.FindingAnswered():
            if state.mode == "automatic":
                state.held.update(event.units)
        case mev.InventoryConfirmed():
            _confirm(state, event)
            change(state.precautions, at_ms, event)
        case mev.ZoneLocked() | mev.ZoneUnlocked() | mev.KeyTurned() | mev.InventoryDoubted():
            change(state.precautions, at_ms, event)
        case mev.HoldBegan() | mev.HoldEnded():
            change(state.precautions, at_ms, event)
        case _:
            assert_never(event)


def _know(state: GarageState, event: ev.VehicleKnown) -> None:
    state.vehicles[event.vehicle] = Vehicle(
        event.vehicle,
        event.model,
        event.length_mm,
        event.width_mm,
        event.height_mm,
        event.weight_kg,
        event.electric,
        None,
        None if event.heading is None else Side(event.heading),
    )
    _put(state, event.vehicle, event.position)


def _put(state: GarageState, vehicle: str, position: str | None) -> None:
    before = state.vehicles[vehicle].position
    if before is not None and state.occupant.get(before) == vehicle:
        del state.occupant[before]
    if position is not None:
        state.occupant[position] = vehicle
    state.vehicles[vehicle] = replace(state.vehicles[vehicle], position=position)


def _confirm(state: GarageState, event: mev.InventoryConfirmed) -> None:
    if event.gone is not None:
        _put(state, event.gone, None)
    if event.vehicle is None:
        return
    if event.vehicle not in state.vehicles:  # it had left so long ago that the books forgot it
        state.vehicles[event.vehicle] = Vehicle(event.vehicle, "", 0, 0, 0, 0, electric=False)
    if state.vehicles[event.vehicle].position != event.position:
        _put(state, event.vehicle, event.position)


def _turn(state: GarageState, vehicle: str, heading: ev.HeadingName) -> None:
    state.vehicles[vehicle] = replace(state.vehicles[vehicle], heading=Side(heading))


def _accept(state: GarageState, event: ev.OrderAccepted, at_ms: int) -> None:
    state.orders_made += 1
    state.orders[event.order] = Order(
        event.order,
        event.order_kind,
        event.vehicle,
        at_ms,
        event.actor,
        source=event.source,
        target=event.target,
        wanted_cabin=event.cabin,
        key=event.key,
        fingerprint=event.fingerprint,
    )
    if event.key is not None:
        state.keys[event.key] = event.order


def _claim(state: GarageState, order: Order, claims: list[str]) -> None:
    for claim in claims:
        state.claims[claim] = order.id
        order.claims.add(claim)


def _free(state: GarageState, order: Order, claims: list[str]) -> None:
    for claim in claims:
        if state.claims.get(claim) == order.id:
            del state.claims[claim]
        order.claims.discard(claim)


def _enter(state: GarageState, event: ev.CabinPhaseChanged, at_ms: int) -> None:
    use = state.cabin(event.cabin)
    if use.phase in PEOPLE_PHASES and use.since_at_ms and use.order == event.order:
        state.calibration.stayed(use.phase, at_ms - use.since_at_ms)
    use.phase, use.order, use.entered_ms, use.since_at_ms = event.phase, event.order, None, at_ms
    order = state.orders.get(event.order or "")
    if order is not None and event.phase == GREEN_TO_LEAVE and order.kind == "retrieve" and not order.withdrawal:
        _served(state, order, at_ms)


def _served(state: GarageState, order: Order, at_ms: int) -> None:
    if order.served_at_ms is None:
        order.served_at_ms = at_ms
        if order.promise is not None:
            state.calibration.served(order.promise, at_ms)


def _end(state: GarageState, event: ev.OrderEnded, at_ms: int) -> None:
    order = state.orders[event.order]
    if event.outcome == "done" and order.kind != "retrieve":
        _served(state, order, at_ms)
    _free(state, order, sorted(order.claims))
    order.state = OrderState(event.outcome)
    order.ended_at_ms = at_ms
    order.leg = None
    order.waiting = None
    order.outcome = Refusal(event.code, event.text, event.remedy) if event.code else None
    ended = [o.id for o in state.orders.values() if o.state.is_over]
    for old in ended[: max(0, len(ended) - ENDED_ORDERS_KEPT)]:
        dropped = state.orders.pop(old)
        if dropped.key is not None:
            state.keys.pop(dropped.key, None)
        _forget(state, dropped.vehicle)


def _forget(state: GarageState, vehicle: str) -> None:
    """Drop a car that is not here from the books once no order names it; it is known anew when it comes again."""
    known = state.vehicles.get(vehicle)
    is_named = any(order.vehicle == vehicle for order in state.orders.values())
    if known is not None and known.position is None and not is_named:
        del state.vehicles[vehicle]


def _end_command(state: GarageState, event: ev.CommandEnded, at_ms: int) -> None:
    box = state.mailbox(event.device)
    pending = box.pending
    if pending is None or pending.seq != event.seq:
        return
    box.pending = None
    if event.ok and pending.intended_at_ms and pending.taken is None and not pending.is_void:
        took_ms = at_ms - pending.intended_at_ms
        state.calibration.moved(event.device, pending.code.name, took_ms, pending.expected_ms)
    if pending.code not in (CommandCode.STOP, CommandCode.CLEAR):
        box.last = Ended(pending.code, pending.arg1, pending.order, event.ok, event.code)
    box.failures = 0 if event.ok else box.failures + 1
