"""Why a waiting order is not next, in words: who is before it, who overtook it and under which bound, what it was told.

Owns the words. Must never decide who begins; ``dispatch`` does.
"""

from __future__ import annotations

from controller.core.follower import is_following
from controller.core.forecast import etas_of
from controller.core.order import Order, OrderState
from controller.core.overtaking import is_protected
from controller.core.situation import Situation

SHOWN = 8
"""So many orders are named; the others are counted."""


def queue_facts(situation: Situation, order: Order) -> list[str]:
    """The place of an open order in the queue, and its times."""
    found: list[str] = []
    if order.state is OrderState.WAITING:
        found += _place(situation, order)
    elif is_following(situation, order):
        found.append(f"Its car was fetched while {order.cabin} still empties; it goes back if that takes too long.")
    eta = etas_of(situation).get(order.id)
    if eta is not None:
        left = [
            max(0, round((at_ms - situation.now.unix_ms) / 1000)) for at_ms in (eta.at_ms, eta.early_ms, eta.late_ms)
        ]
        found.append(f"Its car is expected in {left[0]} s, nine times in ten between {left[1]} and {left[2]} s.")
    if order.promise is not None:
        promised_s = round((order.promise.late_ms - order.accepted_at_ms) / 1000)
        found.append(f"When it was accepted it was promised within {promised_s} s.")
    return found


def _place(situation: Situation, order: Order) -> list[str]:
    orders = list(situation.state.orders.values())
    number = orders.index(order)
    before = [one.id for one in orders[:number] if one.state is OrderState.WAITING]
    passed = [one.id for one in orders[number + 1 :] if one.started_at_ms is not None]
    limit = situation.config.controller.overtaking_max
    found = [
        f"Before it {'wait' if len(before) > 1 else 'waits'} {_named(before)}." if before else "It waits first of all."
    ]
    if passed:
        found.append(f"{_named(passed)} came later and began before it: {len(passed)} of at most {limit}.")
    if is_protected(situation, order):
        found.append(
            f"The bound on overtaking ({limit}) is reached: no later order may begin with anything that it waits for."
        )
    return found


def _named(orders: list[str]) -> str:
    more = len(orders) - SHOWN
    return ", ".join(orders[:SHOWN]) + (f" and {more} more" if more > 0 else "")
