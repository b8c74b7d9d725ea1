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
from controller.core.route import routes
from controller.core.situation import Situation
from controller.garage import Stop
from controller.planning.people import DRIVE_IN_S, expected_visit
from controller.planning.timing import timing_of


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
    """Seconds of the phases in which people act, from the present one on; the doors that they wait for included."""
    if order.cabin is None:
        return 0.0
    use = situation.state.cabin(order.cabin)
    if use.order != order.id:
        return 0.0
    timing, visit = timing_of(situation.layout), expected_visit(situation.config)
    shut_s, countdown_s = timing.shutting_s(order.cabin), timing.countdown_s
    after_in_s = max(shut_s, visit.confirm_in_s) + countdown_s
    after_out_s = max(shut_s, visit.confirm_out_s) + countdown_s
    on_foot_s = visit.bring_s - DRIVE_IN_S
    leaves = order.kind == "retrieve" or use.phase == REJECTING
    whole_s = visit.leave_s + after_out_s if leaves else visit.bring_s + after_in_s
    by_phase = {
        OPENING: timing.open_outer_s(order.cabin) + whole_s,
        INVITING: whole_s,
        LEAVING: whole_s,
        REJECTING: whole_s,
        POSITIONING: DRIVE_IN_S / 2 + on_foot_s + after_in_s,
        STEPPING_OUT: on_foot_s + after_in_s,
        SECURING: after_in_s,
        CHECKING: countdown_s,
        CLOSING: after_out_s,
        CONFIRMING: max(0.0, after_out_s - shut_s),
    }
    return by_phase.get(use.phase, 0.0)


def _machine_s(situation: Situation, order: Order) -> float | None:
    legs = order.legs[order.legs_done :]
    if not legs:
        return _unrouted_s(situation, order)
    total = sum(_leg_remaining_s(situation, order, leg, is_first=i == 0) for i, leg in enumerate(legs))
    if order.kind == "retrieve" and order.cabin is not None and not order.withdrawal:
        total += _presenting_s(situation, order, order.cabin)
    return total


def _unrouted_s(situation: Situation, order: Order) -> float | None:
    """A car in a cabin: on its way to the customer, or without a route into storage yet."""
    if order.cabin is None:
        return 0.0
    phase = situation.state.cabin(order.cabin).phase
    if order.kind == "retrieve" and phase in (RESERVED, TURNING, OPENING):
        timing = timing_of(situation.layout)
        is_shut = phase == OPENING
        return timing.open_outer_s(order.cabin) if is_shut else _presenting_s(situation, order, order.cabin)
    target = order.target if order.kind == "store" else order.source
    start = situation.layout.cabins[order.cabin].position
    if target is None or phase not in (OPENING, INVITING, POSITIONING, STEPPING_OUT, SECURING, CHECKING, READY):
        return None
    ways = routes(situation.layout, start, target)
    return ways[0].estimate_s if ways else None


def _leg_remaining_s(situation: Situation, order: Order, leg: Leg, *, is_first: bool) -> float:
    layout = situation.layout
    timing = timing_of(layout)
    source, target = layout.stop(leg.shuttle, leg.source), layout.stop(leg.shuttle, leg.target)
    on_deck = situation.state.vehicles[order.vehicle].position == layout.shuttles[leg.shuttle].deck
    if is_first and on_deck:
        return approach_s(situation, leg.shuttle, target) + timing.transfer_s(leg.shuttle, leg.target)
    return approach_s(situation, leg.shuttle, source) + timing.leg_s(leg.shuttle, leg.source, leg.target)


def _presenting_s(situation: Situation, order: Order, cabin: str) -> float:
    """From a car set down in a cabin to green for its driver."""
    is_turned = situation.state.vehicles[order.vehicle].heading is situation.layout.cabins[cabin].side
    return timing_of(situation.layout).presenting_s(cabin, turns=not is_turned)


def approach_s(situation: Situation, shuttle: str, stop: Stop | None) -> float:
    """Seconds for a shuttle from where it is now to ``stop``; 0 when where it is, is not known."""
    position = situation.value(shuttle, "position")
    if stop is None or position is None:
        return 0.0
    layout = situation.layout
    timing = timing_of(layout)
    lift, home = layout.shuttles[shuttle].lift, layout.home_column(shuttle)
    if lift is None or home is None or stop.level is None:
        return timing.column_s(shuttle, position, stop.column)
    height = situation.value(lift, "position_mm")
    if height is None or abs(layout.level_height_mm[stop.level] - height) < 1:
        return timing.column_s(shuttle, position, stop.column)
    back = timing.column_s(shuttle, position, home)
    out = timing.column_s(shuttle, layout.column_at[home], stop.column)
    return back + timing.hoist_s(lift, height, stop.level) + out


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
        return people + machine + (_leaving_s(situation, order) if people == 0 else 0.0)
    own = _own_s(situation, order)
    return None if own is None else own + _leaving_s(situation, order)


def _leaving_s(situation: Situation, order: Order) -> float:
    """What a retrieval's customer adds after the car stands ready, until the cabin is proven empty; 0 for a store."""
    if order.kind != "retrieve":
        return 0.0
    timing, visit = timing_of(situation.layout), expected_visit(situation.config)
    cabin = order.cabin or order.wanted_cabin or next(iter(situation.layout.cabins))
    return visit.leave_s + max(timing.shutting_s(cabin), visit.confirm_out_s) + timing.countdown_s


def _own_s(situation: Situation, order: Order) -> float | None:
    cabin = order.wanted_cabin or next(iter(situation.layout.cabins))
    bay = situation.layout.cabins[cabin].position
    vehicle = situation.state.vehicles[order.vehicle]
    if order.kind == "store":
        timing, visit = timing_of(situation.layout), expected_visit(situation.config)
        shut_s = max(timing.shutting_s(cabin), visit.confirm_in_s) + timing.countdown_s
        inside_s = timing.open_outer_s(cabin) + visit.bring_s + shut_s
        return inside_s + _way_in_s(situation, order, bay)
    target = bay if order.kind == "retrieve" else order.target
    if vehicle.position is None or target is None:
        return None
    ways = routes(situation.layout, vehicle.position, target)
    if not ways:
        return None
    leg = ways[0].legs[0]
    to_source = approach_s(situation, leg.shuttle, situation.layout.stop(leg.shuttle, leg.source))
    extra = _presenting_s(situation, order, cabin) if order.kind == "retrieve" else 0.0
    return to_source + ways[0].estimate_s + extra


def _way_in_s(situation: Situation, order: Order, bay: str) -> float:
    """From a cabin into storage: to the place asked for, or to one like the first that can be reached."""
    targets = (order.target,) if order.target is not None else (p.id for p in situation.layout.storage())
    for target in targets:
        ways = routes(situation.layout, bay, target)
        if ways:
            return timing_of(situation.layout).open_inner_s(situation.layout.positions[bay].owner) + ways[0].estimate_s
    return 0.0
