"""A running order from claim to claim: its legs one after another, and what it gives back when.

Owns the life of an order between its start and the handover or its end, including withdrawal. Must never choose
routes or places on its own; it asks ``dispatch`` and ``placement``.
"""

from __future__ import annotations

from controller.core import commanding
from controller.core import events as ev
from controller.core.cabin_phase import FREE, INVITING, OPENING, RESERVED
from controller.core.claiming import reroute
from controller.core.follower import is_following
from controller.core.following import goes_on_following, waits_before
from controller.core.handover import enter
from controller.core.order import Leg, Order, OrderState
from controller.core.placement import Placement, is_open
from controller.core.situation import Situation
from controller.core.transfer import run_leg
from controller.core.transfer_proof import note_transfer
from controller.core.waiting import INNER_DOOR
from controller.garage import PositionKind
from safety.refusal import Refusal


def run_order(situation: Situation, order: Order, placement: Placement) -> Refusal | None:
    """Advance an active or withdrawing order; the reason when it must wait."""
    under_way = order.current_leg
    if under_way is not None and situation.state.mailbox(under_way.shuttle).pending is None:
        # The books first: what has just ended must be known before anything is decided on where the car is.
        doubt = note_transfer(situation, order, under_way)
        if doubt is not None:
            return doubt
    follows = is_following(situation, order)
    if follows and not goes_on_following(situation, order) and put_back(situation, order):
        return None
    if order.state is OrderState.WITHDRAWING:
        reason, is_settled = _withdraw(situation, order, placement)
        if is_settled:
            return reason
    if order.legs_done < len(order.legs):
        reason = _go_on(situation, order)
        if order.leg is not None or order.legs_done < len(order.legs):
            free_passed(situation, order)
            at_the_door = follows and reason is not None and reason.code in (INNER_DOOR, "CABIN_NOT_CLEAR")
            return waits_before(order.cabin or "") if at_the_door else reason
    if order.legs and _is_at(situation, order, order.target):
        _arrive(situation, order)
    return None


def _go_on(situation: Situation, order: Order) -> Refusal | None:
    """The next step of the leg that is under way, or of the next one once its shuttle is the order's."""
    if (shuttle := order.missing_shuttle) is not None:
        return _shuttle_busy(situation, order, shuttle)
    if order.leg is None:
        situation.log.write(ev.LegStarted(order=order.id, index=order.legs_done))
    leg = order.current_leg
    return None if leg is None else run_leg(situation, order, leg)


def _shuttle_busy(situation: Situation, order: Order, shuttle: str) -> Refusal:
    """Why a car waits on a platform for the shuttle that takes it on (ADR 0033)."""
    holder = situation.state.claims.get(shuttle)
    left = situation.state.occupant.get(situation.layout.shuttles[shuttle].deck)
    if holder is None and left not in (None, order.vehicle):
        return Refusal("POSITION_OCCUPIED", f"{left} stands on {shuttle}.", f"Relocate {left} first.")
    used = "is being claimed" if holder is None else f"is used by order {holder}"
    return Refusal("RESOURCE_BUSY", f"{shuttle} {used}.", "Wait.")


def free_passed(situation: Situation, order: Order) -> None:
    """Give back what is behind the car: shuttles whose legs are over, and a lift whose platform the car has left.

    Each stands with nothing under way, and every fork that could be over it is home. Not while the car may still have
    to go back (ADR 0029).
    """
    if is_following(situation, order):
        return
    needed = _still_needed(situation, order)
    shuttles = {leg.shuttle for leg in order.legs}
    if any(situation.forks_home(name) is not True for name in shuttles & order.claims):
        return
    movers = situation.layout.shuttles.keys() | situation.layout.lifts.keys()
    passed = (order.claims & movers) - needed
    free = {name for name in passed if situation.state.mailbox(name).pending is None}
    free |= {
        situation.layout.lifts[name].platform or name for name in free & situation.layout.lifts.keys()
    } & order.claims
    if free:
        situation.log.write(ev.ClaimsFreed(order=order.id, claims=sorted(free)))


def _still_needed(situation: Situation, order: Order) -> set[str]:
    """Movers of what is left of an order's way; the platform that a car has left on a shuttle is behind it."""
    layout, needed = situation.layout, set[str]()
    position = situation.state.vehicles[order.vehicle].position
    for leg in order.legs[order.legs_done :]:
        shuttle = layout.shuttles[leg.shuttle]
        ends = (leg.target,) if position == shuttle.deck else (leg.source, leg.target)
        needed |= {leg.shuttle, *(() if shuttle.lift is None else (shuttle.lift,))}
        needed |= {layout.positions[end].owner for end in ends if layout.positions[end].kind is PositionKind.PLATFORM}
    return needed


def _is_at(situation: Situation, order: Order, position: str | None) -> bool:
    return position is not None and situation.state.vehicles[order.vehicle].position == position


def _arrive(situation: Situation, order: Order) -> None:
    """All legs are done: give back the movers; an order that ends in storage is over."""
    target = situation.layout.positions[order.target or ""]
    if target.kind is PositionKind.CABIN:
        kept = {target.id, target.owner}
        free = sorted(order.claims - kept)
        if free:
            situation.log.write(ev.ClaimsFreed(order=order.id, claims=free))
        return
    cabin = order.cabin
    if cabin is not None and situation.state.cabin(cabin).order == order.id:
        free = sorted(order.claims - {cabin, situation.layout.cabins[cabin].position})
        if free:
            situation.log.write(ev.ClaimsFreed(order=order.id, claims=free))
        return
    if order.kind == "retrieve" and not order.withdrawal:
        situation.log.write(ev.OrderPutAside(order=order.id))
        return
    outcome: ev.Outcome = "withdrawn" if order.withdrawal else "done"
    situation.log.write(ev.OrderEnded(order=order.id, outcome=outcome))


def put_back(situation: Situation, order: Order) -> bool:
    """A car that was fetched early goes back to its own place, with what its order holds; True when that is settled.

    Nothing that is half done is left so: until forks are home and movers stand, the leg goes on. It waits for nobody.
    """
    if order.withdrawal == "immediate" or not _is_free_to_leave(situation, order):
        return False
    if _is_at(situation, order, order.source):
        if order.withdrawal:
            situation.log.write(ev.OrderEnded(order=order.id, outcome="withdrawn"))
        else:
            situation.log.write(ev.OrderPutAside(order=order.id))
        return True
    return order.source is not None and reroute(situation, order, order.source)


# --- withdrawal ---------------------------------------------------------------------------------------------


def withdraw_waiting(situation: Situation, order: Order) -> None:
    """An order that has not begun ends at once."""
    situation.log.write(ev.OrderEnded(order=order.id, outcome="withdrawn"))


def _withdraw(situation: Situation, order: Order, placement: Placement) -> tuple[Refusal | None, bool]:
    """What withdrawal changes in this cycle; the flag tells that nothing else is to be done for the order."""
    leg = order.current_leg
    if order.withdrawal == "immediate" and leg is not None:
        return _halt(situation, order, leg)
    if order.withdrawal == "immediate" and order.missing_shuttle is not None:
        # On a platform, with nothing under way that carries it: it ends where it is.
        if _bring_to_rest(situation, order):
            return _STOPPING, True
        _end_halted(situation, order, situation.state.vehicles[order.vehicle].position)
        return None, True
    if order.cabin is None:
        return _withdraw_relocation(situation, order)
    use = situation.state.cabin(order.cabin)
    if use.order != order.id:
        return None, False
    if order.kind == "store":
        is_here = situation.state.vehicles[order.vehicle].position is not None
        is_shut = situation.value(order.cabin, "outer_closed") is True
        if use.phase in (OPENING, INVITING) and is_shut and not is_here:
            _leave_cabin(situation, order)
            return None, True
        return None, False
    return _withdraw_retrieval(situation, order, use.phase, placement)


def _halt(situation: Situation, order: Order, leg: Leg) -> tuple[Refusal | None, bool]:
    """Immediate: stop the order's movers where they are, and end the order when nothing is left half done.

    A transfer that was cut in the middle blocks its shuttle until a person has looked; then that very transfer is
    finished (H07), and the order ends with its car in a defined place.
    """
    if not order.is_halted:
        if _bring_to_rest(situation, order):
            return _STOPPING, True
        situation.log.write(ev.OrderHalted(order=order.id))
        if situation.forks_home(leg.shuttle) is not True:
            commanding.block(situation, leg.shuttle, _half_transfer(leg.shuttle))
    if situation.state.mailbox(leg.shuttle).pending is not None:
        return None, True
    if situation.forks_home(leg.shuttle) is not True:
        return commanding.unready(situation, leg.shuttle) or run_leg(situation, order, leg), True
    if (reason := note_transfer(situation, order, leg)) is not None:
        return reason, True
    where = situation.state.vehicles[order.vehicle].position
    if order.cabin is not None and where == situation.layout.cabins[order.cabin].position:
        return None, False
    _end_halted(situation, order, where)
    return None, True


_STOPPING = Refusal("STOPPING", "The movers of this order are coming to a stop.", "Wait.")


def _bring_to_rest(situation: Situation, order: Order) -> bool:
    """Stop every mover of the order; True while one still moves."""
    moving = False
    for device in sorted(order.claims & (situation.layout.shuttles.keys() | situation.layout.lifts.keys())):
        if situation.state.mailbox(device).pending is not None:
            commanding.order_stop(situation, device)
            moving = True
        elif situation.value(device, "standstill") is not True:
            moving = True
    return moving


def _end_halted(situation: Situation, order: Order, where: str | None) -> None:
    if order.cabin is not None and situation.state.cabin(order.cabin).order == order.id:
        enter(situation, order.cabin, FREE, None)
    situation.log.write(
        ev.OrderEnded(
            order=order.id,
            outcome="withdrawn",
            code="STOPPED_ON_THE_WAY",
            text=f"The order was stopped at once; {order.vehicle} is at {where}.",
            remedy=f"Order {order.vehicle} again, or relocate it.",
        )
    )


def _half_transfer(shuttle: str) -> Refusal:
    return Refusal(
        "HALF_TRANSFER",
        f"{shuttle} was stopped in the middle of a transfer; its forks are out.",
        "Look where the car stands. If the transfer may be finished, clear the shuttle and start; else move by hand.",
    )


def _withdraw_relocation(situation: Situation, order: Order) -> tuple[Refusal | None, bool]:
    if _is_at(situation, order, order.source) and _is_free_to_leave(situation, order):
        situation.log.write(ev.OrderEnded(order=order.id, outcome="withdrawn"))
        return None, True
    return None, False


def _is_free_to_leave(situation: Situation, order: Order) -> bool:
    """True when no mover of the order is under way and no fork is out: nothing would be left half done."""
    for device in order.claims & (situation.layout.shuttles.keys() | situation.layout.lifts.keys()):
        if situation.state.mailbox(device).pending is not None:
            return False
        if device in situation.layout.shuttles and situation.forks_home(device) is not True:
            return False
    return True


def _withdraw_retrieval(
    situation: Situation, order: Order, phase: str, placement: Placement
) -> tuple[Refusal | None, bool]:
    """Bring the car back to where it came from, or to the nearest place that takes it."""
    vehicle = situation.state.vehicles[order.vehicle]
    if phase == RESERVED and _is_at(situation, order, order.source):
        if _is_free_to_leave(situation, order):
            _leave_cabin(situation, order)
            return None, True
        return None, False
    at_cabin = vehicle.position == situation.layout.cabins[order.cabin or ""].position
    if phase == RESERVED and not at_cabin and _is_free_to_leave(situation, order):
        _turn_back(situation, order, placement)
    return None, False


def _turn_back(situation: Situation, order: Order, placement: Placement) -> None:
    if order.target is not None and situation.layout.positions[order.target].kind is not PositionKind.CABIN:
        return
    vehicle = situation.state.vehicles[order.vehicle]
    back = order.source
    kinds = (PositionKind.PLACE, PositionKind.BUFFER)
    if back is None or situation.layout.positions[back].kind not in kinds or not is_open(situation, order, back):
        back = placement.choose(situation, order, vehicle, vehicle.position or "")
    if back is not None and reroute(situation, order, back) and order.cabin is not None:
        enter(situation, order.cabin, FREE, None)


def _leave_cabin(situation: Situation, order: Order) -> None:
    if order.cabin is not None:
        enter(situation, order.cabin, FREE, None)
    situation.log.write(ev.OrderEnded(order=order.id, outcome="withdrawn"))


def run_orders(situation: Situation, placement: Placement) -> dict[str, Refusal]:
    """Advance every running order; the reasons of those that wait, by order."""
    reasons: dict[str, Refusal] = {}
    for order in situation.state.open_orders():
        if order.state is not OrderState.WAITING:
            reason = run_order(situation, order, placement)
            if reason is not None:
                reasons[order.id] = reason
    return reasons
