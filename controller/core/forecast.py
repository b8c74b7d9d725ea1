"""When each open order will be served, with the interval that holds nine times in ten.

Owns the way from the state to these times: what is under way as ``outlook`` has it, the queue rolled out behind it in
the sequence of the present plan, times and their spread as the journal has taught them. Must never promise what waits
for a person: such an order has no time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from math import sqrt

from controller.core import cabin_phase as phases
from controller.core.booking import Booking, BookingState
from controller.core.eta import Eta
from controller.core.follower import is_following
from controller.core.front_cars import in_turn
from controller.core.neighbours import blockers
from controller.core.order import Order, OrderState
from controller.core.outlook import PRIOR_COUNT, Outlook, durations_s, outlook
from controller.core.route import routes
from controller.core.situation import Situation
from controller.garage import Layout, PositionKind
from controller.planning.calibrated import CalibratedTiming
from controller.planning.forecast import Errors, Expected, Moment, Spread, Wish
from controller.planning.forecast import forecast as rollouts
from controller.planning.machine import Machine, Rules
from controller.planning.people import expected_visit

Z90 = 1.645
"""Standard deviations from the middle of a normal distribution to either end of its middle 90 %."""
LEAST_HALF_S = 1.5
"""No interval is narrower on either side: a cycle here, a brake there."""
NEAR_MS = 900_000
"""A booking whose slot begins within so long has a time that can be told."""
NEAR_MAX = 8
"""So many bookings are rolled out behind the queue; whoever comes later has no time yet."""
_FACTOR_STEP = 0.02
"""Factors of moves are rounded to it, so that the model of a garage is not made anew with every command."""

Ranked = Callable[[Sequence[Order]], list[Order]]


def forecast(situation: Situation, ranked: Ranked = list) -> dict[str, Eta]:
    """The times of all open orders for which they can be told; ``ranked`` puts the waiting in the plan's sequence.

    Bookings that are announced or near have times as well, as if their orders were made now, after all others.
    """
    found = _expected(situation, ranked, _near(situation))
    orders = situation.state.orders
    served = {key for key in found if key in orders and _is_served(situation, orders[key])}
    return {key: _eta(situation, key, one) for key, one in found.items() if key not in served}


def served_if_ordered(situation: Situation, bookings: Sequence[Booking], ranked: Ranked = list) -> dict[str, float]:
    """When the person of each booking would be served if all their orders were made now, one after the other, in s.

    One of which nobody can tell is left out.
    """
    found = _expected(situation, ranked, bookings)
    return {one.id: found[one.id].served_s for one in bookings if one.id in found}


def _near(situation: Situation) -> list[Booking]:
    """Those that come next: announced ones whenever they come, others when their slot is near."""
    near_ms = situation.now.unix_ms + NEAR_MS
    found = [
        one
        for one in situation.state.bookings.open()
        if one.wants_order and (one.state is BookingState.ANNOUNCED or one.from_ms <= near_ms)
    ]
    return sorted(found, key=lambda one: (one.due_ms, one.id))[:NEAR_MAX]


def _expected(situation: Situation, ranked: Ranked, bookings: Sequence[Booking]) -> dict[str, Expected]:
    seen, machines = outlook(situation), _machines_of(situation)
    errors = _errors(situation)
    spread = _spread(situation, seen, errors)
    waiting = [order for order in situation.state.open_orders() if order.state is OrderState.WAITING]
    asked = [*in_turn(situation, ranked(waiting)), *(_draft(one) for one in bookings)]
    wishes = [wish for order in asked if (wish := _wish(situation, order)) is not None]
    stored = _stored(situation, seen)
    for cabin in [cabin for cabin in seen.stored if cabin not in stored]:
        seen.state.cabin_s.pop(cabin)  # nobody can tell when that car goes anywhere
        wishes = [_without(wish, cabin) for wish in wishes]
    running = {order: _running(situation, order, when_s, errors) for order, when_s in seen.goal_s.items()}
    visit = expected_visit(situation.config)
    return {**rollouts(machines, Moment(seen.state, spread, wishes, stored), visit, errors), **running}


def _draft(booking: Booking) -> Order:
    """The order that would be made from a booking."""
    return Order(booking.id, booking.kind, booking.vehicle, booking.made_at_ms, booking.actor)


def etas_of(situation: Situation) -> Mapping[str, Eta]:
    """The times of this cycle, made when they are first asked for."""
    if situation.etas is None:
        situation.etas = forecast(situation)
    return situation.etas


def _eta(situation: Situation, key: str, expected: Expected) -> Eta:
    now_ms, learned = situation.now.unix_ms, situation.state.calibration
    half_s = max(Z90 * sqrt(expected.done_s2), LEAST_HALF_S)
    early_s = max(expected.done_s - half_s * learned.early, 0.0)
    late_s = expected.done_s + half_s * learned.late
    least_ms = _not_before_ms(situation, key)
    return Eta(*(max(least_ms, now_ms + round(1000 * s)) for s in (expected.done_s, early_s, late_s)))


def _not_before_ms(situation: Situation, key: str) -> int:
    """Nobody is served before they are there: the due moment of a booking, or of the one that an order serves."""
    bookings = situation.state.bookings
    booking = bookings.all.get(key)
    if booking is not None:
        return booking.due_ms
    booking = bookings.served_by(key)
    return 0 if booking is None or booking.arrival_ms is None or booking.kind == "store" else booking.arrival_ms


def _is_served(situation: Situation, order: Order) -> bool:
    """True for a retrieval whose customer has had green: what follows is up to them."""
    if order.kind != "retrieve" or order.withdrawal or order.cabin is None:
        return False
    use = situation.state.cabin(order.cabin)
    return use.order == order.id and use.phase in (phases.LEAVING, phases.CLOSING, phases.CONFIRMING)


def _running(situation: Situation, order: str, when_s: float, errors: Errors) -> Expected:
    """An order that has begun; one that waits before its cabin waits for people."""
    variance_s2 = _running_s2(when_s, errors)
    if is_following(situation, situation.state.orders[order]):
        variance_s2 += errors.leave_s2
    return Expected(when_s, variance_s2, when_s, variance_s2)


def _running_s2(remaining_s: float, errors: Errors) -> float:
    off_s = errors.machine_share * remaining_s
    return off_s * off_s + 0.25


def _errors(situation: Situation) -> Errors:
    learned = situation.state.calibration
    ratios = [one for one in learned.moves.values() if one.count]
    total = sum(one.count for one in ratios)
    spread = sum(one.count * one.variance for one in ratios) / total if total else 0.0
    share = sqrt((PRIOR_COUNT * 0.02**2 + total * spread) / (PRIOR_COUNT + total))
    figures = situation.config.emulation
    people_s2 = sum(((high - low) ** 2) / 12 for low, high in (figures.person_walk_s, figures.person_dwell_s))
    return Errors(
        share,
        _people_s2(situation, (phases.LEAVING, phases.CLOSING, phases.CONFIRMING), people_s2),
        _people_s2(situation, (phases.INVITING, phases.POSITIONING, phases.STEPPING_OUT, phases.CHECKING), people_s2),
    )


def _people_s2(situation: Situation, course: Sequence[str], prior_s2: float) -> float:
    """Variance of a course of phases: by the garage's figures, and by what was seen the more often it was."""
    phases_seen = [
        situation.state.calibration.phases[phase] for phase in course if phase in situation.state.calibration.phases
    ]
    count = min((one.count for one in phases_seen), default=0)
    seen_s2 = sum(one.variance for one in phases_seen)
    return (PRIOR_COUNT * prior_s2 + count * seen_s2) / (PRIOR_COUNT + count)


def _spread(situation: Situation, seen: Outlook, errors: Errors) -> Spread:
    spread = Spread()
    for cabin, free_s in seen.state.cabin_s.items():
        use = situation.state.cabin(cabin)
        order = None if use.order is None else situation.state.orders.get(use.order)
        until_s = seen.state.ready_s.get(cabin, free_s)
        if order is None or until_s <= 0:
            continue
        goes_out = order.kind == "retrieve" or use.phase == phases.REJECTING
        # Of a phase of people that has begun some is behind them: the rest is as uncertain as it is long.
        whole_s = sum(durations_s(situation, cabin).values())
        people_s2 = errors.leave_s2 if goes_out else errors.bring_s2
        share = 1.0 if goes_out and use.phase not in _OUT else min(1.0, 2 * until_s / whole_s)
        spread.cabin[cabin] = people_s2 * share + _running_s2(until_s, errors)
    for mover, free_s in seen.state.mover_s.items():
        spread.mover[mover] = _running_s2(free_s, errors) if free_s > 0 else 0.0
    return spread


_OUT = frozenset({phases.LEAVING, phases.CLOSING, phases.CONFIRMING})


def _wish(situation: Situation, order: Order) -> Wish | None:
    layout, vehicle = situation.layout, situation.state.vehicles.get(order.vehicle)
    cabins = (order.wanted_cabin,) if order.wanted_cabin is not None else tuple(layout.cabins)
    if order.kind == "store":
        place = order.target or _first_open(situation)
        return None if place is None else Wish(order.id, "store", place, cabins)
    where = None if vehicle is None else vehicle.position
    if vehicle is None or where is None or layout.positions[where].kind is PositionKind.CABIN:
        return None
    if order.kind == "relocate":
        target = order.target or (_first_open(situation, where) if order.makes_way else None)
        if target is None or not routes(layout, where, target):
            return None
        return Wish(order.id, "relocate", where, target=target)
    cabins = tuple(cabin for cabin in cabins if routes(layout, where, layout.cabins[cabin].position))
    is_turned = all(vehicle.heading is layout.cabins[cabin].side for cabin in cabins)
    first = (situation.state.order_of_vehicle(situation.state.occupant[front]) for front in blockers(situation, where))
    after = next((one.id for one in first if one is not None), "")
    return Wish(order.id, "retrieve", where, cabins, is_turned=is_turned, after=after) if cabins else None


def _without(wish: Wish, cabin: str) -> Wish:
    left = tuple(one for one in wish.cabins if one != cabin)
    return replace(wish, cabins=left)


def _stored(situation: Situation, seen: Outlook) -> dict[str, Wish]:
    layout = situation.layout
    found: dict[str, Wish] = {}
    for cabin, order in seen.stored.items():
        bay = layout.cabins[cabin].position
        claimed = [one for one in sorted(order.claims) if one in layout.positions and one != bay]
        kept = order.target if order.kind == "store" else order.source
        place = next((one for one in (kept, *claimed) if one is not None), None)
        if place is not None and routes(layout, bay, place):
            found[cabin] = Wish(order.id, "store", place, (cabin,))
    return found


def _first_open(situation: Situation, start: str = "") -> str | None:
    """A place like the one that a car will get: the first that is open and that can be reached."""
    state, layout = situation.state, situation.layout
    start = start or next(iter(layout.cabins.values())).position
    return next(
        (
            p.id
            for p in layout.storage()
            if p.id not in state.occupant and p.id not in state.claims and routes(layout, start, p.id)
        ),
        None,
    )


def _machines_of(situation: Situation) -> tuple[Machine, ...]:
    learned = situation.state.calibration.moves
    factors = {key: (PRIOR_COUNT + one.count * one.mean) / (PRIOR_COUNT + one.count) for key, one in learned.items()}
    steps = tuple(sorted((key, round(factor / _FACTOR_STEP)) for key, factor in factors.items()))
    return _calibrated(situation.layout, steps)


@lru_cache(maxsize=8)
def _calibrated(layout: Layout, steps: tuple[tuple[str, int], ...]) -> tuple[Machine, ...]:
    timing = CalibratedTiming(layout, {key: step * _FACTOR_STEP for key, step in steps})
    plain = Machine(layout, timing)
    if not layout.config.controller.planner:
        return (plain,)
    return (plain, Machine(layout, timing, Rules(fetches_early=True, overlaps_legs=True)))
