"""How often an order was overtaken, and when that is enough (ADR 0026).

Owns the count and the bound. Must never decide who begins; ``dispatch.py`` does.
"""

from __future__ import annotations

from controller.core.front_cars import in_whose_turn
from controller.core.order import Order
from controller.core.situation import Situation


def passed(situation: Situation, order: Order) -> int:
    """How many later orders have begun before one that waits."""
    count = 0
    for other in reversed(situation.state.orders.values()):
        if other.id == order.id:
            break
        count += other.started_at_ms is not None
    return count


def is_protected(situation: Situation, order: Order) -> bool:
    """True for a waiting order that was overtaken as often as the configuration allows: nobody starves.

    So is a car that makes way for it.
    """
    order = in_whose_turn(situation, order)
    left = situation.config.controller.overtaking_max
    for other in reversed(situation.state.orders.values()):
        if left == 0 or other.id == order.id:
            break
        left -= other.started_at_ms is not None
    return left == 0
