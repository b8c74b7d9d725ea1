"""The handover in a cabin: people and machine take turns, phase by phase.

Owns the phases of a cabin and what ends each. A phase ends by proof from sensors or by a person's act, never by
time alone. Must never move a car between positions (``transfer.py`` does) and never override presence (H02).
"""

from __future__ import annotations

from collections.abc import Callable

from controller.core import commanding
from controller.core import events as ev
from controller.core.booking_hold import keeps_shut
from controller.core.cabin_phase import (
    CHECKING,
    CLOSING,
    CONFIRMING,
    FREE,
    INVITING,
    LEAVING,
    MACHINES_TURN,
    OPENING,
    POSITIONING,
    READY,
    REJECTING,
    RESERVED,
    SECURING,
    STEPPING_OUT,
    TURNING,
    TURNING_ROUND,
)
from controller.core.cabin_reading import (
    ALIGNED_MDEG,
    HALF_TURN_MDEG,
    guidance,
    is_aligned,
    is_inner_shut,
    is_outer_shut,
    is_vehicle_gone,
    is_vehicle_there,
    may_close,
    sees_nobody,
    sees_somebody,
)
from controller.core.measuring import grew, measure, refuse_car
from controller.core.order import Order
from controller.core.placement import Placement
from controller.core.situation import Situation
from controller.core.state import CabinUse
from controller.core.transfer import cabin_on_leg, not_confirmed
from controller.core.turning import turns_now
from controller.garage import Cabin
from controller.planning.timing import RED_BEFORE_CLOSING_S
from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import Sign, TrafficLight
from safety.refusal import Refusal

RED_BEFORE_CLOSING_MS = round(RED_BEFORE_CLOSING_S * 1000)
"""How long the light is red before the outer door begins to close."""


def run_cabin(situation: Situation, cabin: Cabin, placement: Placement) -> Refusal | None:
    """Advance one cabin's handover; the reason when its order must wait."""
    use = situation.state.cabin(cabin.id)
    order = None if use.order is None else situation.state.orders.get(use.order)
    if order is None or order.state.is_over:
        _tidy(situation, cabin)
        return None
    if use.phase in MACHINES_TURN and situation.value(cabin.id, "outer_closed") is False:
        return _close_outer(situation, cabin, order)  # opened in a fire, to let people out
    in_phase_ms(situation, cabin.id)  # counts from the first cycle that sees a phase
    step = _STEPS.get(use.phase)
    return None if step is None else step(situation, cabin, order, placement)


def levels(situation: Situation, cabin: Cabin) -> dict[str, int]:
    """Light and sign that the phase asks for; the light is red wherever it is not plainly to be green (H01)."""
    use = situation.state.cabin(cabin.id)
    sign = _SIGNS.get(use.phase, Sign.PLEASE_WAIT)
    if use.phase in MACHINES_TURN and cabin.id not in situation.verdict.proven_empty:
        sign = Sign.CONFIRM_EMPTY
    elif use.phase == FREE:
        sign = Sign.BLANK
    elif use.phase == POSITIONING:
        sign = guidance(situation, cabin.id)
    elif use.phase in (CLOSING, SECURING, CONFIRMING, CHECKING) and not sees_nobody(situation, cabin.id):
        sign = Sign.STEP_OUT
    green = is_green(use)
    return {"traffic_light": int(TrafficLight.GREEN if green else TrafficLight.RED), "sign": int(sign)}


def is_green(use: CabinUse) -> bool:
    """True in the phases in which a driver is to drive in or out."""
    return use.phase in (LEAVING, INVITING, REJECTING)


_SIGNS = {
    LEAVING: Sign.DRIVE_OUT,
    INVITING: Sign.DRIVE_IN,
    STEPPING_OUT: Sign.LEAVE_CAR,
    SECURING: Sign.CONFIRM_EMPTY,
    CHECKING: Sign.CONFIRM_EMPTY,
    CLOSING: Sign.CONFIRM_EMPTY,
    CONFIRMING: Sign.CONFIRM_EMPTY,
    REJECTING: Sign.DOES_NOT_FIT,
}


def enter(situation: Situation, cabin: str, phase: str, order: str | None) -> None:
    """Go to a phase."""
    use = situation.state.cabin(cabin)
    if (use.phase, use.order) != (phase, order):
        situation.log.write(ev.CabinPhaseChanged(cabin=cabin, phase=phase, order=order))


# --- phases -------------------------------------------------------------------------------------------------


def _tidy(situation: Situation, cabin: Cabin) -> None:
    """Nobody uses the cabin: both doors shut, so that it can be proven empty and stays so."""
    if situation.state.mode != "automatic":
        return
    if not is_outer_shut(situation, cabin.id) and may_close(situation, cabin.id):
        commanding.command(situation, cabin.id, CommandCode.CLOSE_OUTER_DOOR)
    elif not is_inner_shut(situation, cabin.id):
        commanding.command(situation, cabin.id, CommandCode.CLOSE_INNER_DOOR)


def _reserved(situation: Situation, cabin: Cabin, order: Order, _: Placement) -> Refusal | None:
    """A car is on its way to this cabin: be aligned, and open the inner door when the shuttle has come."""
    position = situation.state.vehicles[order.vehicle].position
    if position == cabin.position:
        if _is_mover_gone(situation, cabin):
            enter(situation, cabin.id, TURNING, order.id)
        return None
    return _serve_inner_door(situation, cabin, order)


def _is_mover_gone(situation: Situation, cabin: Cabin) -> bool:
    return all(
        situation.forks_home(shuttle) is True and situation.state.mailbox(shuttle).pending is None
        for shuttle in situation.layout.reached_by(cabin.position)
        if situation.state.claims.get(shuttle) == situation.state.claims.get(cabin.id)
    )


def _serve_inner_door(situation: Situation, cabin: Cabin, order: Order) -> Refusal | None:
    """Open the inner door for a leg that needs it next, when its shuttle is on the cabin's level."""
    leg = order.current_leg
    if leg is None or cabin_on_leg(situation, order, leg) != cabin.id:
        return None
    if situation.value(cabin.id, "inner_open") is True:
        return None
    if cabin.id not in situation.verdict.proven_empty:
        return not_confirmed(cabin.id)
    if not is_aligned(situation, cabin.id):
        return commanding.command(situation, cabin.id, CommandCode.ROTATE, 0, order=order.id)
    if not _is_shuttle_near(situation, cabin, leg.shuttle):
        return None
    return commanding.command(situation, cabin.id, CommandCode.OPEN_INNER_DOOR, order=order.id)


def _is_shuttle_near(situation: Situation, cabin: Cabin, shuttle: str) -> bool:
    lift = situation.layout.shuttles[shuttle].lift
    return lift is None or situation.is_locked_at(lift, cabin.level)


def _turning(situation: Situation, cabin: Cabin, order: Order, _: Placement) -> Refusal | None:
    """The car stands in the cabin: shut the inner door and turn its nose to the exit."""
    if order.kind == "retrieve" and order.withdrawal:
        enter(situation, cabin.id, READY, order.id)
        return None
    if not is_inner_shut(situation, cabin.id):
        return commanding.command(situation, cabin.id, CommandCode.CLOSE_INNER_DOOR, order=order.id)
    vehicle = situation.state.vehicles[order.vehicle]
    if not cabin.turntable or vehicle.heading is cabin.side:
        return _present(situation, cabin, order)
    if _note_turned(situation, cabin, order):
        return _present(situation, cabin, order)
    return _turn(situation, cabin, order)


def _turning_round(situation: Situation, cabin: Cabin, order: Order, _: Placement) -> Refusal | None:
    """A stored car is turned while nobody waits for that; what cannot be turned is put away as it stands (ADR 0034)."""
    if _note_turned(situation, cabin, order):
        enter(situation, cabin.id, READY, order.id)
        return None
    reason = _turn(situation, cabin, order)
    if reason is not None and situation.state.mailbox(cabin.id).pending is None and is_aligned(situation, cabin.id):
        enter(situation, cabin.id, READY, order.id)
        return None
    return reason


def _present(situation: Situation, cabin: Cabin, order: Order) -> Refusal | None:
    """The car stands as it will leave: open to its driver, unless nobody is there yet (H02)."""
    reason = keeps_shut(situation, order)
    if reason is None:
        enter(situation, cabin.id, OPENING, order.id)
    return reason


def _note_turned(situation: Situation, cabin: Cabin, order: Order) -> bool:
    """Note the car's new heading once the order's turn has ended where it was to; True then."""
    last = situation.state.mailbox(cabin.id).last
    is_turned = (
        last is not None
        and (last.code, last.order, last.ok) == (CommandCode.ROTATE, order.id, True)
        and abs(int(situation.value(cabin.id, "angle_mdeg") or 0) - last.arg1) <= ALIGNED_MDEG
    )
    if is_turned:
        situation.log.write(ev.VehicleTurned(vehicle=order.vehicle, heading=ev.heading_name(cabin.side)))
    return is_turned


def _turn(situation: Situation, cabin: Cabin, order: Order) -> Refusal | None:
    """Half a turn from where the table stood; the same turn again after one that failed."""
    last, angle = situation.state.mailbox(cabin.id).last, situation.value(cabin.id, "angle_mdeg")
    if angle is None:
        return commanding.unready(situation, cabin.id)
    if last is not None and last.code is CommandCode.ROTATE and last.order == order.id:
        goal = last.arg1
    else:
        goal = 0 if angle > HALF_TURN_MDEG // 2 else HALF_TURN_MDEG
    return commanding.command(situation, cabin.id, CommandCode.ROTATE, goal, order=order.id)


def _opening(situation: Situation, cabin: Cabin, order: Order, _: Placement) -> Refusal | None:
    """Open to the driver: to leave with the car, or to bring one."""
    if situation.value(cabin.id, "outer_open") is True:
        if situation.state.vehicles[order.vehicle].position == cabin.position:
            phase = LEAVING
        else:
            phase = REJECTING if order.withdrawal or order.rejection is not None else INVITING
        enter(situation, cabin.id, phase, order.id)
        return None
    if not is_inner_shut(situation, cabin.id):
        return commanding.command(situation, cabin.id, CommandCode.CLOSE_INNER_DOOR, order=order.id)
    return commanding.command(situation, cabin.id, CommandCode.OPEN_OUTER_DOOR, order=order.id)


def _leaving(situation: Situation, cabin: Cabin, order: Order, _: Placement) -> Refusal | None:
    """Wait until car and driver have left; both vehicle sensors and both presence sensors must agree (H05)."""
    take_back = order.kind == "retrieve" and bool(order.withdrawal)
    if take_back and is_vehicle_there(situation, cabin.id) and may_close(situation, cabin.id):
        enter(situation, cabin.id, SECURING, order.id)
        return None
    if is_vehicle_gone(situation, cabin.id) and may_close(situation, cabin.id):
        situation.log.write(ev.VehicleLeft(vehicle=order.vehicle, cabin=cabin.id))
        enter(situation, cabin.id, CLOSING, order.id)
        return None
    return _overdue(situation, cabin, "CUSTOMER_ABSENT", "has not driven the car out")


def _rejecting(situation: Situation, cabin: Cabin, order: Order, _: Placement) -> Refusal | None:
    """The car fits nowhere: the driver takes it out again."""
    if is_vehicle_gone(situation, cabin.id) and may_close(situation, cabin.id):
        enter(situation, cabin.id, CLOSING, order.id)
        return None
    return order.rejection or _overdue(situation, cabin, "CUSTOMER_ABSENT", "has not driven the car out")


def in_phase_ms(situation: Situation, cabin: str) -> int:
    """How long this run has seen the cabin in its phase, by the monotonic clock."""
    use = situation.state.cabin(cabin)
    if use.entered_ms is None:
        use.entered_ms = situation.now.mono_ms
    return situation.now.mono_ms - use.entered_ms


def _overdue(situation: Situation, cabin: Cabin, code: str, what: str) -> Refusal | None:
    limit_s = situation.config.controller.customer_timeout_s
    if in_phase_ms(situation, cabin.id) < limit_s * 1000:
        return None
    return Refusal(
        code,
        f"The customer at {cabin.id} {what} for {limit_s} s.",
        f"Send an attendant to {cabin.id}; withdraw the order when nobody comes.",
    )


def _closing(situation: Situation, cabin: Cabin, order: Order, _: Placement) -> Refusal | None:
    """The car is gone: close the outer door."""
    if is_outer_shut(situation, cabin.id):
        enter(situation, cabin.id, CONFIRMING, order.id)
        return None
    return _close_outer(situation, cabin, order)


def _close_outer(situation: Situation, cabin: Cabin, order: Order) -> Refusal | None:
    """Close once the light has been red for long enough that a car which began to drive has stopped or come in."""
    if in_phase_ms(situation, cabin.id) < RED_BEFORE_CLOSING_MS:
        return None
    if not may_close(situation, cabin.id):
        _open_again(situation, cabin, order)
        return _someone_inside(cabin.id)
    return commanding.command(situation, cabin.id, CommandCode.CLOSE_OUTER_DOOR, order=order.id)


def _open_again(situation: Situation, cabin: Cabin, order: Order) -> None:
    """A door that was stopped half way because somebody came in is opened for them: they would wait for ever (H04)."""
    if sees_somebody(situation, cabin.id) and situation.value(cabin.id, "outer_open") is False:
        commanding.command(situation, cabin.id, CommandCode.OPEN_OUTER_DOOR, order=order.id)


def _someone_inside(cabin: str) -> Refusal:
    return Refusal(
        "PERSON_IN_CABIN",
        f"Somebody is in {cabin} or in its door, or a presence sensor is not clear.",
        f"Ask everybody to step out of {cabin}; if nobody is there, have the presence sensors checked.",
    )


def _confirming(situation: Situation, cabin: Cabin, order: Order, _: Placement) -> Refusal | None:
    """The outer door is shut behind the customer: wait for the proof that nobody was left inside (H02)."""
    if cabin.id in situation.verdict.proven_empty:
        _end_at_cabin(situation, cabin, order)
        return None
    return _let_out(situation, cabin, order) or not_confirmed(cabin.id)


def _let_out(situation: Situation, cabin: Cabin, order: Order) -> Refusal | None:
    """Somebody shows up behind the shut door: open it again; nothing else may move (H04)."""
    if not sees_somebody(situation, cabin.id) and situation.value(cabin.id, "outer_closed") is True:
        return None
    if situation.value(cabin.id, "outer_open") is True:
        back = CLOSING if is_vehicle_gone(situation, cabin.id) else SECURING
        enter(situation, cabin.id, back, order.id)
        return None
    return commanding.command(situation, cabin.id, CommandCode.OPEN_OUTER_DOOR, order=order.id)


def _end_at_cabin(situation: Situation, cabin: Cabin, order: Order) -> None:
    enter(situation, cabin.id, FREE, None)
    why = order.rejection
    if order.withdrawal:
        situation.log.write(ev.OrderEnded(order=order.id, outcome="withdrawn"))
    elif why is not None:
        situation.log.write(
            ev.OrderEnded(order=order.id, outcome="failed", code=why.code, text=why.text, remedy=why.remedy)
        )
    else:
        situation.log.write(ev.OrderEnded(order=order.id, outcome="done"))


def reject(situation: Situation, order: Order, why: Refusal) -> None:
    """Note why an order cannot be carried out; it ends when its cabin is clear."""
    situation.log.write(ev.OrderRejected(order=order.id, code=why.code, text=why.text, remedy=why.remedy))


def _inviting(situation: Situation, cabin: Cabin, order: Order, _: Placement) -> Refusal | None:
    """Green: wait for the car to be brought."""
    if is_vehicle_there(situation, cabin.id):
        enter(situation, cabin.id, POSITIONING, order.id)
        return None
    absent = _overdue(situation, cabin, "NO_SHOW", "has not brought a car")
    if absent is not None or order.withdrawal:
        if absent is not None and not order.withdrawal:
            reject(situation, order, absent)
        enter(situation, cabin.id, REJECTING, order.id)
    return absent


def _positioning(situation: Situation, cabin: Cabin, order: Order, placement: Placement) -> Refusal | None:
    """Guide the driver until the wheels stand in their mark, then measure and see whether it fits (H14)."""
    if is_vehicle_gone(situation, cabin.id) or order.withdrawal:
        enter(situation, cabin.id, REJECTING if order.withdrawal else INVITING, order.id)
        return None
    if situation.value(cabin.id, "wheels_in_place") is not True:
        return _overdue(situation, cabin, "NOT_IN_POSITION", "has not brought the car into position")
    measured = measure(situation, cabin.id, order)
    if measured is None:
        return Refusal("MEASURING", f"{cabin.id} is measuring the car.", "Wait; check the light barriers if it lasts.")
    refusal = refuse_car(situation, cabin, order, measured, placement)
    if refusal is not None:
        reject(situation, order, refusal)
        enter(situation, cabin.id, REJECTING, order.id)
        return refusal
    situation.log.write(measured)
    enter(situation, cabin.id, STEPPING_OUT, order.id)
    return None


def _measured_again(situation: Situation, cabin: Cabin, order: Order, placement: Placement) -> Refusal | None:
    """Measure once more behind the shut door, when nobody can reach the car any more.

    With a boot that was opened since, it may be higher than any place: then it must not go in (H14). None when it
    goes on, with the measures that it has now.
    """
    measured = measure(situation, cabin.id, order)
    if measured is None:
        return Refusal("MEASURING", f"{cabin.id} is measuring the car.", "Wait; check the light barriers if it lasts.")
    if not grew(situation, measured):
        return None
    refusal = refuse_car(situation, cabin, order, measured, placement)
    if refusal is None:
        situation.log.write(measured)
        return None
    reject(situation, order, refusal)
    enter(situation, cabin.id, OPENING, order.id)
    return refusal


def _stepping_out(situation: Situation, cabin: Cabin, order: Order, _: Placement) -> Refusal | None:
    """The car is in position: engine off, brake on, everybody out."""
    if situation.value(cabin.id, "wheels_in_place") is False:
        enter(situation, cabin.id, POSITIONING, order.id)
        return None
    if may_close(situation, cabin.id):
        enter(situation, cabin.id, SECURING, order.id)
        return None
    return _overdue(situation, cabin, "CUSTOMER_STAYS", "has not left the cabin")


def _securing(situation: Situation, cabin: Cabin, order: Order, _: Placement) -> Refusal | None:
    """Everybody is out and the car stays: close the outer door.

    A store that is withdrawn now goes on until the cabin is clear: the car is then turned and driven out nose first.
    """
    if is_outer_shut(situation, cabin.id):
        enter(situation, cabin.id, CHECKING, order.id)
        return None
    return _close_outer(situation, cabin, order)


def _checking(situation: Situation, cabin: Cabin, order: Order, placement: Placement) -> Refusal | None:
    """Wait for the proof that nobody is left inside; then the car is ours (H02)."""
    if cabin.id not in situation.verdict.proven_empty:
        return _let_out(situation, cabin, order) or not_confirmed(cabin.id)
    if not is_vehicle_there(situation, cabin.id):
        return Refusal(
            "VEHICLE_UNPROVEN",
            f"The vehicle sensors of {cabin.id} do not agree that a car stands there.",
            f"Look into {cabin.id} and have loop and light barrier checked.",
        )
    if order.kind == "store" and (waits := _measured_again(situation, cabin, order, placement)) is not None:
        return waits
    if order.kind == "store" and situation.state.vehicles[order.vehicle].position is None:
        heading = ev.heading_name(cabin.side.other)
        situation.log.write(ev.VehicleArrived(vehicle=order.vehicle, position=cabin.position, heading=heading))
    enter(situation, cabin.id, TURNING_ROUND if turns_now(situation, cabin, order) else READY, order.id)
    return None


def _ready(situation: Situation, cabin: Cabin, order: Order, _: Placement) -> Refusal | None:
    """The car waits for the machine, or has just been taken: then shut the inner door and free the cabin."""
    if order.kind == "store" and order.withdrawal and order.leg is None and not order.legs:
        enter(situation, cabin.id, TURNING, order.id)
        return None
    if situation.state.vehicles[order.vehicle].position == cabin.position:
        return _serve_inner_door(situation, cabin, order)
    if not _is_mover_gone(situation, cabin):
        return None
    if not is_inner_shut(situation, cabin.id):
        return commanding.command(situation, cabin.id, CommandCode.CLOSE_INNER_DOOR, order=order.id)
    enter(situation, cabin.id, FREE, None)
    situation.log.write(ev.ClaimsFreed(order=order.id, claims=[cabin.id, cabin.position]))
    return None


_STEPS: dict[str, Callable[[Situation, Cabin, Order, Placement], Refusal | None]] = {
    RESERVED: _reserved,
    TURNING: _turning,
    OPENING: _opening,
    LEAVING: _leaving,
    REJECTING: _rejecting,
    CLOSING: _closing,
    CONFIRMING: _confirming,
    INVITING: _inviting,
    POSITIONING: _positioning,
    STEPPING_OUT: _stepping_out,
    SECURING: _securing,
    CHECKING: _checking,
    TURNING_ROUND: _turning_round,
    READY: _ready,
}
