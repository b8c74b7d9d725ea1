"""A unit is taken out of automatic, or comes back: what becomes of the orders that use it (H13).

Owns the note of key switches and the voiding of orders. Must never move a car in the books, and never leave an order
with a claim on a unit that is in somebody's hands.
"""

from __future__ import annotations

from controller.core import events as ev
from controller.core import mode_events as mev
from controller.core.cabin_phase import FREE
from controller.core.handover import enter
from controller.core.mode import ModeEvent
from controller.core.mode_change import happened
from controller.core.order import Order
from controller.core.situation import Situation
from plc_drivers.contract.codes import Mode

_POSITIONS: dict[int, mev.KeyPosition] = {
    int(Mode.AUTOMATIC): "automatic",
    int(Mode.MANUAL): "manual",
    int(Mode.MAINTENANCE): "maintenance",
}


def look_at_keys(situation: Situation) -> None:
    """Note every key switch that was turned since; what is not known counts as not turned."""
    for device, image in situation.image.devices.items():
        if not image.definition.is_commanded:
            continue
        shown = image.value("mode")
        position = None if shown is None else _POSITIONS.get(int(shown))
        if position is not None and position != situation.state.precautions.keys_out.get(device, "automatic"):
            _turned(situation, device, position)


def _turned(situation: Situation, device: str, position: mev.KeyPosition) -> None:
    own = [place.id for place in situation.layout.positions.values() if place.owner == device]
    situation.log.write(mev.KeyTurned(device=device, position=position, unconfirmed=own))
    for order in situation.state.open_orders():
        if device in order.claims:
            _void(situation, order, device)
    event = ModeEvent.KEY_BACK if position == "automatic" else ModeEvent.KEY_OUT
    happened(situation, event, "machine", "KEY_TURNED")


def _void(situation: Situation, order: Order, device: str) -> None:
    """End the order, unless its car stands in a cabin that is not concerned: then only its way is void."""
    if order.cabin is not None and order.cabin != device and _is_in_cabin(situation, order):
        kept = {order.cabin, situation.layout.cabins[order.cabin].position}
        situation.log.write(mev.RouteVoided(order=order.id, device=device))
        situation.log.write(ev.ClaimsFreed(order=order.id, claims=sorted(order.claims - kept)))
        return
    if order.cabin is not None and situation.state.cabin(order.cabin).order == order.id:
        enter(situation, order.cabin, FREE, None)
    where = situation.state.vehicles[order.vehicle].position
    situation.log.write(
        ev.OrderEnded(
            order=order.id,
            outcome="failed",
            code="UNIT_TAKEN_OUT",
            text=f"{device} was taken out of automatic; {order.vehicle} is at {where or 'no position in the books'}.",
            remedy=f"When {device} is back and its inventory confirmed, order {order.vehicle} again.",
        )
    )


def _is_in_cabin(situation: Situation, order: Order) -> bool:
    position = situation.state.vehicles[order.vehicle].position
    return order.cabin is not None and position == situation.layout.cabins[order.cabin].position
