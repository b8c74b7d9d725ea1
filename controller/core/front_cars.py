"""Cars that stand before a wanted one (double-deep): the controller orders that they are relocated.

Owns those orders: when one is made, in whose turn it goes, and when it is taken back. Each is an order like all others,
with claims of its own (ADR 0031), so it holds nothing that it waits with. Must never move a car whose own order is
open: it goes by that one.
"""

from __future__ import annotations

from controller.alarms.book import CONTROLLER
from controller.core import events as ev
from controller.core.neighbours import blockers
from controller.core.order import Order, OrderState
from controller.core.situation import Situation

ORDERS_MAX = 180
"""With so many open orders none is made; it is below the bound of what customers may place, which comes first."""


def order_to_make_way(situation: Situation) -> None:
    """Order a relocation for each car that stands before one that somebody waits for; take back those in vain."""
    if not situation.layout.is_deep:
        return
    behind = _behind(situation)
    for order in situation.state.open_orders():
        if _is_in_vain(situation, order, behind):
            situation.log.write(ev.OrderEnded(order=order.id, outcome="withdrawn"))
    for front in behind:
        vehicle = situation.state.occupant[front]
        is_full = len(situation.state.open_orders()) >= ORDERS_MAX
        if situation.state.order_of_vehicle(vehicle) is None and not is_full:
            situation.log.write(
                ev.OrderAccepted(
                    order=f"o-{situation.state.orders_made + 1:06d}",
                    order_kind="relocate",
                    vehicle=vehicle,
                    actor=CONTROLLER,
                    source=front,
                )
            )


def in_whose_turn(situation: Situation, order: Order) -> Order:
    """The order in whose turn a relocation begins: that of the car behind, when somebody waits for it; else its own."""
    if order.kind != "relocate" or not situation.layout.is_deep:
        return order
    position = situation.state.vehicles[order.vehicle].position
    return _behind(situation).get(position or "", order)


def is_making_way(situation: Situation, position: str) -> bool:
    """True when whatever stands before a position is being relocated."""
    state = situation.state
    fronts = [state.orders.get(state.claims.get(front, "")) for front in blockers(situation, position)]
    return all(order is not None and order.kind == "relocate" for order in fronts)


def is_moved(situation: Situation, order: Order, position: str) -> bool:
    """True while another order moves this order's car: it makes way for the one behind it."""
    claims, orders = situation.state.claims, situation.state.orders
    holders = {claims.get(position), claims.get(situation.layout.positions[position].owner)} - {None, order.id}
    return any(holder is not None and orders[holder].vehicle == order.vehicle for holder in holders)


def in_turn(situation: Situation, orders: list[Order]) -> list[Order]:
    """Orders as they came, but a relocation that makes way just before the order that waits for it."""
    if not situation.layout.is_deep:
        return orders
    place = {order.id: index for index, order in enumerate(orders)}

    def turn(order: Order) -> tuple[int, bool]:
        leader = in_whose_turn(situation, order)
        return min(place[order.id], place.get(leader.id, place[order.id])), leader is order

    return sorted(orders, key=turn)


def _behind(situation: Situation) -> dict[str, Order]:
    """By the position of each car that stands in the way: the first order that waits for the car behind it."""
    found: dict[str, Order] = {}
    for order in situation.state.open_orders():
        if order.kind == "retrieve" and order.state is OrderState.WAITING:
            for front in blockers(situation, situation.state.vehicles[order.vehicle].position or ""):
                found.setdefault(front, order)
    return found


def _is_in_vain(situation: Situation, order: Order, behind: dict[str, Order]) -> bool:
    position = situation.state.vehicles[order.vehicle].position
    return order.makes_way and order.state is OrderState.WAITING and position not in behind
