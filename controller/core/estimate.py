"""When an order's car will be there, as well as figures and sensors can tell.

Owns the arithmetic of estimates. Must never promise: an estimate that cannot be made is None.
"""

from __future__ import annotations

from controller.core.handover import (
    CHECKING,
    CLOSING,
    CONFIRMING,
    INVITING,
    LEAVING,
    OPENING,
    POSITIONING,
    READY,
    REJECTING,
    RESERVED,
    SECURING,
    STEPPING_OUT,
    TURNING,
)
from controller.core.order import Leg, Order, OrderState
from controller.core.route import leg_s, routes
from controller.core.situation import Situation
from controller.core.timing import along_s, handover_s, lift_s, transfer_s
from controller.garage import Stop

PERSON_S = 60.0
"""Seconds that a person is taken to need in a cabin; published figures run from 45 s to 4 minutes."""

_PEOPLE_PHASES = {
    OPENING: 1.3,
    INVITING: 1.2,
    POSITIONING: 0.8,
    STEPPING_OUT: 0.5,
    SECURING: 0.3,
    CHECKING: 0.15,
    LEAVING: 1.0,
    REJECTING: 1.0,
    CLOSING: 0.3,
    CONFIRMING: 0.15,
}
"""Share of ``PERSON_S`` that is still to come in a phase in which people act."""


def remaining_s(situation: Situation, order: Order) -> float | None:
    """Seconds until the car stands ready for its customer (retrieve) or is stored (store, relocate); None unknown."""
    if order.state is OrderState.WAITING:
        return _waiting_s(situation, order)
    total = _people_s(situation, order)
    if order.kind == "retrieve" and not order.withdrawal and _is_opening(situation, order):
        return _machine_s(situation, order)
    if order.kind == "retrieve" and not order.withdrawal and total is not None:
        return None if total > 0 else _machine_s(situation, order)
    machine = _machine_s(situation, order)
    return machine if total is None or machine is None else total + machine


def _is_opening(situation: Situation, order: Order) -> bool:
    return order.cabin is not None and situation.state.cabin(order.cabin).phase == OPENING


def _people_s(situation: Situation, order: Order) -> float | None:
    if order.cabin is None:
        return 0.0
    use = situation.state.cabin(order.cabin)
    if use.order != order.id:
        return 0.0
    return _PEOPLE_PHASES.get(use.phase, 0.0) * PERSON_S


def _machine_s(situation: Situation, order: Order) -> float | None:
    legs = order.legs[order.legs_done :]
    if not legs:
        return _unrouted_s(situation, order)
    total = sum(_leg_remaining_s(situation, order, leg, is_first=i == 0) for i, leg in enumerate(legs))
    if order.kind == "retrieve" and order.cabin is not None and not order.withdrawal:
        total += handover_s(situation.layout, order.cabin)
    return total


def _unrouted_s(situation: Situation, order: Order) -> float | None:
    """A car in a cabin: on its way to the customer, or without a route into storage yet."""
    if order.cabin is None:
        return 0.0
    phase = situation.state.cabin(order.cabin).phase
    if order.kind == "retrieve" and phase in (RESERVED, TURNING, OPENING):
        return handover_s(situation.layout, order.cabin) * (0.9 if phase == TURNING else 0.4)
    target = order.target if order.kind == "store" else order.source
    start = situation.layout.cabins[order.cabin].position
    if target is None or phase not in (OPENING, INVITING, POSITIONING, STEPPING_OUT, SECURING, CHECKING, READY):
        return None
    ways = routes(situation.layout, start, target)
    return ways[0].estimate_s if ways else None


def _leg_remaining_s(situation: Situation, order: Order, leg: Leg, *, is_first: bool) -> float:
    layout = situation.layout
    source, target = layout.stop(leg.shuttle, leg.source), layout.stop(leg.shuttle, leg.target)
    on_deck = situation.state.vehicles[order.vehicle].position == layout.shuttles[leg.shuttle].deck
    if is_first and on_deck:
        return approach_s(situation, leg.shuttle, target) + transfer_s(layout, leg.shuttle, leg.target)
    return approach_s(situation, leg.shuttle, source) + leg_s(layout, leg)


def approach_s(situation: Situation, shuttle: str, stop: Stop | None) -> float:
    """Seconds for a shuttle from where it is now to ``stop``; 0 when where it is, is not known."""
    position = situation.value(shuttle, "position")
    if stop is None or position is None:
        return 0.0
    layout = situation.layout
    lift, home = layout.shuttles[shuttle].lift, layout.home_column(shuttle)
    if lift is None or home is None or stop.level is None:
        return along_s(layout, shuttle, position, stop.column)
    height = situation.value(lift, "position_mm")
    if height is None or abs(layout.level_height_mm[stop.level] - height) < 1:
        return along_s(layout, shuttle, position, stop.column)
    back = along_s(layout, shuttle, position, home)
    out = along_s(layout, shuttle, layout.column_at[home], stop.column)
    return back + lift_s(layout, lift, height, stop.level) + out


def _waiting_s(situation: Situation, order: Order) -> float | None:
    """Own time after everything that came before: honest for first come, first served, and no better than that."""
    before = 0.0
    for other in situation.state.open_orders():
        if other.id == order.id:
            break
        share = _turn_s(situation, other)
        if share is None:
            return None
        before += share
    own = _own_s(situation, order)
    return None if own is None else before / max(1, len(situation.layout.cabins)) + own


def _turn_s(situation: Situation, order: Order) -> float | None:
    if order.state is not OrderState.WAITING:
        people = _people_s(situation, order) or 0.0
        machine = _machine_s(situation, order) or 0.0
        return people + machine + (PERSON_S if order.kind == "retrieve" and people == 0 else 0.0)
    own = _own_s(situation, order)
    return None if own is None else own + PERSON_S


def _own_s(situation: Situation, order: Order) -> float | None:
    cabin = order.wanted_cabin or next(iter(situation.layout.cabins))
    bay = situation.layout.cabins[cabin].position
    vehicle = situation.state.vehicles[order.vehicle]
    if order.kind == "store":
        return 1.5 * PERSON_S + handover_s(situation.layout, cabin)
    target = bay if order.kind == "retrieve" else order.target
    if vehicle.position is None or target is None:
        return None
    ways = routes(situation.layout, vehicle.position, target)
    if not ways:
        return None
    leg = ways[0].legs[0]
    to_source = approach_s(situation, leg.shuttle, situation.layout.stop(leg.shuttle, leg.source))
    extra = handover_s(situation.layout, cabin) if order.kind == "retrieve" else 0.0
    return to_source + ways[0].estimate_s + extra
