"""A car that is fetched while its cabin still empties: who may follow whom, and when that ends (ADR 0029).

Owns the conditions under which it begins and goes on. The order that follows has claimed its movers and keeps its
car's own place, and waits for nothing but the cabin; whoever is in the cabin needs no mover any more. As soon as that
is no longer so the car is put back, with what the order holds already. Must never open a door or let a car into a
cabin: that needs the cabin's own claim.
"""

from __future__ import annotations

from controller.core import commanding
from controller.core.booking_hold import held_for
from controller.core.cabin_phase import CLOSING, CONFIRMING, FREE, LEAVING, OPENING, TURNING
from controller.core.follower import follower_of
from controller.core.order import Order
from controller.core.outlook import phase_s
from controller.core.situation import Situation
from controller.core.state import GarageState
from controller.garage import PositionKind
from safety.refusal import Refusal

PATIENCE_S = 60.0
"""A fetched car waits so much longer than people were expected to take; then its movers serve others."""

_LEAVES = frozenset({TURNING, OPENING, LEAVING, CLOSING, CONFIRMING})
"""Phases in which a car that was brought leaves, or has left, without needing a mover."""


def may_follow(situation: Situation, order: Order, cabin: str) -> bool:
    """True when a car may be fetched for a cabin that still empties.

    It must be able to go back to its own place whatever comes: a place behind another one might be shut in meanwhile.
    """
    source = situation.state.vehicles[order.vehicle].position
    if source is None or source != order.source or situation.layout.in_front_of(source):
        return False
    if situation.layout.positions[source].kind not in (PositionKind.PLACE, PositionKind.BUFFER):
        return False
    before = _holder(situation.state, cabin)
    if before is None or follower_of(situation, cabin) is not None:
        return False
    return _leaves(situation, before, cabin) and _overdue_s(situation, cabin) <= 0


def goes_on_following(situation: Situation, order: Order) -> bool:
    """True while the cabin of an order that follows will be free without any mover's help, and soon."""
    cabin = order.cabin or ""
    if order.withdrawal or commanding.unready(situation, cabin) is not None:
        return False
    before = _holder(situation.state, cabin)
    if before is None:
        return situation.state.cabin(cabin).phase == FREE and cabin in situation.verdict.proven_empty
    return _leaves(situation, before, cabin) and _overdue_s(situation, cabin) <= PATIENCE_S


def waits_before(cabin: str) -> Refusal:
    """What an order is told that waits before a cabin which still empties."""
    return Refusal(
        "CABIN_EMPTIES",
        f"The car has been fetched already, and {cabin} is still in use.",
        f"Wait until {cabin} has emptied; if that takes too long the car is put back, and comes later.",
    )


def _holder(state: GarageState, cabin: str) -> Order | None:
    return state.orders.get(state.claims.get(cabin, ""))


def _leaves(situation: Situation, order: Order, cabin: str) -> bool:
    use = situation.state.cabin(cabin)
    goes = order.kind == "retrieve" and not order.withdrawal and order.rejection is None
    goes = goes and held_for(situation, order) is None
    return goes and use.order == order.id and use.phase in _LEAVES and commanding.unready(situation, cabin) is None


def _overdue_s(situation: Situation, cabin: str) -> float:
    """By how much a phase has lasted longer than it was expected to; negative before."""
    use = situation.state.cabin(cabin)
    elapsed_s = 0.0 if use.entered_ms is None else (situation.now.mono_ms - use.entered_ms) / 1000
    return elapsed_s - phase_s(situation, cabin, use.phase)
