"""When a stored car is turned to face the exit: in its cabin, while that keeps nobody waiting (ADR 0034).

Owns the question. A car that was turned when it came in comes out that much sooner for a driver who waits. Must never
turn the table; ``handover`` does.
"""

from __future__ import annotations

from controller.core import commanding
from controller.core.cabin_reading import is_aligned, is_inner_shut
from controller.core.order import Order, OrderState
from controller.core.outlook import outlook
from controller.core.situation import Situation
from controller.garage import Cabin
from controller.planning.timing import timing_of
from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import State


def turns_now(situation: Situation, cabin: Cabin, order: Order) -> bool:
    """True when the car that has just come is turned before it is put away.

    Nobody else waits; or every shuttle that could take the car is at work for longer than the turn takes.
    """
    vehicle = situation.state.vehicles[order.vehicle]
    if order.kind != "store" or order.withdrawal or not cabin.turntable or vehicle.heading in (None, cabin.side):
        return False
    if not _can_turn(situation, cabin, order):
        return False
    waits = any(one.state is OrderState.WAITING for one in situation.state.open_orders())
    return not waits or _movers_free_s(situation, cabin) >= timing_of(situation.layout).rotate_s(cabin.id)


def _can_turn(situation: Situation, cabin: Cabin, order: Order) -> bool:
    """The table stands as it does for a car that drives in, behind shut doors, and its PLC takes commands."""
    last = situation.state.mailbox(cabin.id).last
    # A turn is known by the cabin's last command; one that is there already would be taken for it.
    has_rotated = last is not None and (last.code, last.order) == (CommandCode.ROTATE, order.id)
    if has_rotated or not is_aligned(situation, cabin.id) or not is_inner_shut(situation, cabin.id):
        return False
    return commanding.unready(situation, cabin.id) is None and situation.value(cabin.id, "state") == State.IDLE


def _movers_free_s(situation: Situation, cabin: Cabin) -> float:
    """When the first shuttle that reaches the cabin, and the lift that it rides on, are free; in s from now."""
    mover_s, free_s = outlook(situation).state.mover_s, []
    for shuttle in situation.layout.reached_by(cabin.position):
        lift = situation.layout.shuttles[shuttle].lift
        free_s.append(max(mover_s[shuttle], 0.0 if lift is None else mover_s[lift]))
    return min(free_s, default=0.0)
