"""One leg of an order: a shuttle takes a car from one position and sets it down in another.

Owns the sequence of a leg. A leg remembers nothing but where the books say the car is; everything else is read from
the sensors (physical truth beats belief). Must never move a car in the books; ``transfer_proof`` does, by proof.
"""

from __future__ import annotations

from controller.core import commanding
from controller.core import events as ev
from controller.core.making_way import make_way
from controller.core.order import Leg, Order
from controller.core.reach import Do, reach_lift, reach_stop
from controller.core.situation import Situation
from controller.core.transfer_proof import PICK, PLACE, note_transfer
from controller.core.waiting import INNER_DOOR
from controller.garage import PositionKind, Stop
from plc_drivers.contract import CommandCode
from safety.refusal import Refusal


def run_leg(situation: Situation, order: Order, leg: Leg) -> Refusal | None:
    """Advance a leg by what this cycle allows; the reason when it must wait. The leg's end is an event."""
    position = situation.state.vehicles[order.vehicle].position
    deck = situation.layout.shuttles[leg.shuttle].deck
    if position == leg.target:
        return _finish(situation, order)
    if position == deck:
        return _transfer(situation, order, leg, loading=False)
    if position == leg.source:
        return _transfer(situation, order, leg, loading=True)
    return Refusal(
        "CAR_ELSEWHERE",
        f"The books have {order.vehicle} at {position or 'no position'}, not on the way of this leg.",
        "Find the car, correct the inventory and withdraw the order.",
    )


def cabin_on_leg(situation: Situation, order: Order, leg: Leg) -> str | None:
    """The cabin whose inner door the leg needs open next, None when none."""
    position = situation.state.vehicles[order.vehicle].position
    on_deck = position == situation.layout.shuttles[leg.shuttle].deck
    end = leg.source if position == leg.source and not on_deck else leg.target
    shape = situation.layout.positions[end]
    return shape.owner if shape.kind is PositionKind.CABIN and position != leg.target else None


def _transfer(situation: Situation, order: Order, leg: Leg, *, loading: bool) -> Refusal | None:
    end = leg.source if loading else leg.target
    stop = situation.layout.stop(leg.shuttle, end)
    if stop is None:
        return Refusal("NO_WAY", f"{leg.shuttle} does not reach {end}.", "Withdraw the order; report the defect.")
    pending = situation.state.mailbox(leg.shuttle).pending
    if pending is not None:
        if pending.code is CommandCode.MOVE_TO_COLUMN:
            _bring_lift(situation, order, end, stop)
        if loading:
            _bring_lift_ahead(situation, order, leg)
        return None
    deck = situation.layout.shuttles[leg.shuttle].deck
    if (reason := note_transfer(situation, order, leg)) is not None:
        return reason
    if (situation.state.vehicles[order.vehicle].position == deck) is loading:
        return None
    code = (PICK if loading else PLACE)[stop.side]
    if situation.forks_home(leg.shuttle) is False:
        return _finish_half_transfer(situation, order, leg.shuttle, code, stop)
    waits = _approach(situation, order, leg.shuttle, end, stop)
    if waits is not None:
        return waits if waits.code else None
    return commanding.command(situation, leg.shuttle, code, stop.depth, order=order.id)


def _approach(situation: Situation, order: Order, shuttle: str, end: str, stop: Stop) -> Refusal | None:
    """Bring shuttle, and the lift whose platform is the end, into place; None when both are there.

    A refusal without a code says that movement is under way.
    """
    todo = [reach_stop(situation, shuttle, stop)]
    shape = situation.layout.positions[end]
    if shape.kind is PositionKind.PLATFORM and stop.level is not None:
        todo.append(reach_lift(situation, shape.owner, stop.level))
    waits = [_do(situation, order, do) for do in todo if do is not None]
    if waits:
        return next((reason for reason in waits if reason is not None), _UNDER_WAY)
    if shape.kind is PositionKind.CABIN and situation.value(shape.owner, "inner_open") is not True:
        return cabin_closed(situation, shape.owner)
    return None


def _bring_lift(situation: Situation, order: Order, end: str, stop: Stop) -> None:
    """While the shuttle travels to a platform, its lift goes its own way; the forks come when both are there.

    A lift that may not move now is no reason to wait: the shuttle is under way, and the lift is asked again after it.
    """
    shape = situation.layout.positions[end]
    if shape.kind is PositionKind.PLATFORM and stop.level is not None:
        do = reach_lift(situation, shape.owner, stop.level)
        if do is not None:
            _do(situation, order, do)


def _bring_lift_ahead(situation: Situation, order: Order, leg: Leg) -> None:
    """While a shuttle fetches a car, the platform that it goes to comes, unless the car comes off the same lift."""
    ahead = situation.layout.stop(leg.shuttle, leg.target)
    owner = situation.layout.positions[leg.target].owner
    if ahead is not None and owner != situation.layout.positions[leg.source].owner:
        _bring_lift(situation, order, leg.target, ahead)


_UNDER_WAY = Refusal("", "", "")


def cabin_closed(situation: Situation, cabin: str) -> Refusal:
    """Why the inner door of a cabin is not open yet."""
    if cabin not in situation.verdict.proven_empty:
        return not_confirmed(cabin)
    return Refusal(INNER_DOOR, f"The inner door of {cabin} is not open yet.", "Wait; see the cabin if it lasts.")


def not_confirmed(cabin: str) -> Refusal:
    """The cabin has not been proven free of people."""
    return Refusal(
        "CABIN_NOT_CLEAR",
        f"{cabin} is not proven free of people.",
        f"Look into {cabin}; when nobody is inside, close its doors and press the confirm button outside.",
    )


def _do(situation: Situation, order: Order, do: Do) -> Refusal | None:
    refusal = commanding.command(situation, do.device, do.code, do.arg1, order=order.id)
    if refusal is not None and do.code is CommandCode.MOVE_TO_COLUMN:
        make_way(situation, do.device, do.arg1)
    return refusal


def _finish_half_transfer(
    situation: Situation, order: Order, shuttle: str, code: CommandCode, stop: Stop
) -> Refusal | None:
    """Forks are out: only the very transfer that was interrupted may be taken up again (H07)."""
    box = situation.state.mailbox(shuttle)
    last = None if box.last is None else (box.last.code, box.last.arg1, box.last.order)
    if last == (code, stop.depth, order.id):
        return commanding.command(situation, shuttle, code, stop.depth, order=order.id)
    return Refusal(
        "HALF_TRANSFER",
        f"The forks of {shuttle} are out and no transfer of this order explains it.",
        "Look where the car stands; finish or retract by hand in manual mode. Do not move lift or shuttle before.",
    )


def _finish(situation: Situation, order: Order) -> Refusal | None:
    if order.leg is not None:
        situation.log.write(ev.LegEnded(order=order.id, index=order.leg))
    return None
