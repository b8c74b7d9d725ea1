"""The proof that a transfer has ended: deck, target and forks tell the same story.

Owns the move of a car in the books that follows from it. Must never move a car there without proof from both load
detectors (H05, H06), and never command anything.
"""

from __future__ import annotations

from controller.core import events as ev
from controller.core.order import Leg, Order
from controller.core.situation import Situation
from controller.garage import Side, Stop
from plc_drivers.contract import CommandCode
from safety.refusal import Refusal

PICK = {Side.LEFT: CommandCode.PICK_LEFT, Side.RIGHT: CommandCode.PICK_RIGHT}
PLACE = {Side.LEFT: CommandCode.PLACE_LEFT, Side.RIGHT: CommandCode.PLACE_RIGHT}


def note_transfer(situation: Situation, order: Order, leg: Leg) -> Refusal | None:
    """Move the car in the books when this order's last transfer is proven to have ended; why not, when in doubt.

    The device's own word is not enough, nor is it needed: deck, target and forks must tell the same story (H05, H06).
    """
    ended = _ended_transfer(situation, order, leg)
    if ended is None:
        return None
    end, stop, is_loaded = ended
    if situation.target_loaded(leg.shuttle, stop.side, stop.depth) is not (not is_loaded):
        return _unproven(leg.shuttle, end)
    deck = situation.layout.shuttles[leg.shuttle].deck
    source, target = (leg.source, deck) if is_loaded else (deck, leg.target)
    situation.log.write(ev.VehicleMoved(vehicle=order.vehicle, source=source, target=target, order=order.id))
    return None


def is_transfer_proven(situation: Situation, order: Order, leg: Leg) -> bool:
    """True when the order's last transfer is proven and only has to be noted: that takes no more than a start."""
    ended = _ended_transfer(situation, order, leg)
    if ended is None:
        return False
    _, stop, is_loaded = ended
    return situation.target_loaded(leg.shuttle, stop.side, stop.depth) is (not is_loaded)


def _ended_transfer(situation: Situation, order: Order, leg: Leg) -> tuple[str, Stop, bool] | None:
    """The other end of a transfer that has run and is not in the books yet, its stop, and whether it loaded the deck.

    None when there is none, or when the deck does not say that it has ended.
    """
    deck = situation.layout.shuttles[leg.shuttle].deck
    position = situation.state.vehicles[order.vehicle].position
    loading = position == leg.source and position != deck
    if position not in (leg.source, deck):
        return None
    end = leg.source if loading else leg.target
    stop = situation.layout.stop(leg.shuttle, end)
    if stop is None or not _has_run(situation, order, leg.shuttle, (PICK if loading else PLACE)[stop.side]):
        return None
    return (end, stop, loading) if situation.loaded(leg.shuttle) is loading else None


def _has_run(situation: Situation, order: Order, shuttle: str, code: CommandCode) -> bool:
    """True when this order's transfer was the shuttle's last command and its forks are home again."""
    box = situation.state.mailbox(shuttle)
    if box.pending is not None or box.last is None or (box.last.code, box.last.order) != (code, order.id):
        return False
    return situation.forks_home(shuttle) is True and situation.value(shuttle, "standstill") is True


def _unproven(shuttle: str, end: str) -> Refusal:
    return Refusal(
        "POSITION_UNPROVEN",
        f"The deck of {shuttle} and the detectors at {end} do not tell the same story about the car.",
        f"Look at {end} and at the deck; find the defective detector, then clear {shuttle}.",
    )
