"""The order that follows into a cabin: it has begun before the cabin was free, and waits for nothing else (ADR 0029).

Owns what it is known by, in the books alone. Must never say whether it may begin or go on.
"""

from __future__ import annotations

from controller.core.order import Order, OrderState
from controller.core.situation import Situation


def is_following(situation: Situation, order: Order) -> bool:
    """True for a retrieval that began before its cabin was free, and has not been given it yet."""
    if order.kind != "retrieve" or order.cabin is None or order.state is OrderState.WAITING or order.state.is_over:
        return False
    bay = situation.layout.cabins[order.cabin].position
    return order.target == bay and order.cabin not in order.claims


def follower_of(situation: Situation, cabin: str) -> Order | None:
    """The order that gets a cabin next; None when nobody follows."""
    orders = situation.state.open_orders()
    return next((order for order in orders if order.cabin == cabin and is_following(situation, order)), None)
