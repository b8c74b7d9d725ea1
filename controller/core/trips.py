"""Trips as the core lives them: written down, carried to the devices as stops, and reset by a person.

Owns the events of trips and the STOP that belongs to each category. Must never decide whether something trips or
whether a reset counts: safety does, and has taken the permits already when the core hears of it.
"""

from __future__ import annotations

from controller.core import commanding
from controller.core import events as ev
from controller.core.situation import Situation
from plc_drivers.contract import CommandCode, StopWay
from plc_drivers.contract.codes import JOGS, State
from safety.refusal import Refusal
from safety.verdict import ActiveTrip, Function

_OUT_OF_OUR_HANDS = frozenset({State.STOPPED, State.ABORTED, State.MANUAL, State.MAINTENANCE, State.OFFLINE})
"""States in which a device has stopped for good by itself, unless it is jogged; a STOP would change nothing."""

_WAY = {0: StopWay.POWER_OFF, 1: StopWay.STOP_THEN_OFF, 2: StopWay.HOLD}
"""The way to stop for each stop category of IEC 60204-1."""


def observe_trips(situation: Situation) -> None:
    """Write down measured stops and trips that came and went, and stop what they stop, the hardest category first."""
    for stop in situation.verdict.stops:
        situation.log.write(
            ev.StopMeasured(
                device=stop.function.device,
                permit=stop.function.permit,
                speed=stop.speed,
                time_ms=stop.time_ms,
                distance=stop.distance,
                designed_ms=stop.designed_ms,
                designed_distance=stop.designed_distance,
                is_late=stop.is_late,
            )
        )
    standing = {trip.id: trip for trip in situation.verdict.trips}
    for name in [name for name in situation.state.trips if name not in standing]:
        situation.log.write(ev.TripEnded(trip=name, actor="controller"))
    for trip in sorted(standing.values(), key=lambda one: one.category):
        if trip.id not in situation.state.trips:
            _raise(situation, trip)


def _raise(situation: Situation, trip: ActiveTrip) -> None:
    situation.log.write(
        ev.TripRaised(
            trip=trip.id,
            hazard=trip.hazard,
            category=trip.category,
            devices=list(trip.devices),
            text=trip.cause,
            remedy=trip.remedy,
        )
    )
    for device in trip.devices:
        if _is_to_be_stopped(situation, device, trip):
            commanding.order_stop(situation, device, _WAY[trip.category])


def _is_to_be_stopped(situation: Situation, device: str, trip: ActiveTrip) -> bool:
    """True when a STOP adds to the lost permits: power must go, or a command of the function is under way."""
    code = situation.value(device, "active_command")
    rests = situation.value(device, "state") in _OUT_OF_OUR_HANDS and code not in JOGS
    if rests or not situation.is_good(device):
        return False
    if trip.category != StopWay.HOLD.category:
        return True
    spec = None if code is None else commanding.definition_of(situation, device).spec(CommandCode(int(code)))
    return spec is not None and any(Function(device, permit) in trip.stops for permit in spec.permits)


def reset(situation: Situation, device: str | None, actor: str) -> tuple[frozenset[str], Refusal | None]:
    """A person resets the trips of ``device``, of every device for None: ids to reset, and what prevents one.

    Resetting permits; it starts nothing (H11). A trip whose cause is still there stays, and is the refusal.
    """
    concerned = [trip for trip in situation.verdict.trips if device is None or device in trip.devices]
    resets: list[str] = []
    refusal: Refusal | None = None
    for trip in concerned:
        if trip.may_be_reset:
            resets.append(trip.id)
            situation.log.write(ev.TripEnded(trip=trip.id, actor=actor))
        elif refusal is None:
            refusal = Refusal(trip.id, f"{trip.cause} It is still so.", trip.remedy)
    return frozenset(resets), refusal


def clear(situation: Situation, device: str, actor: str) -> Refusal | None:
    """A person clears one device: its trips, its PLC's stop, and the block of this controller. It moves after a start.

    The refusal when a trip cannot be reset or the PLC cannot be asked; nothing is cleared then.
    """
    resets, tripped = reset(situation, device, actor)
    situation.resets |= resets
    return tripped or clear_device(situation, device, actor)


def clear_device(situation: Situation, device: str, actor: str) -> Refusal | None:
    """Clear a device's PLC and its block; its trips are left as they are."""
    if (refusal := commanding.order_clear(situation, device)) is not None:
        return refusal
    if device in situation.state.blocks or situation.state.mailbox(device).pending is not None:
        situation.log.write(ev.DeviceUnblocked(device=device, actor=actor))
    return None
