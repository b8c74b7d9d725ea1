"""Moving one axis by hand: hold-to-run, from the first press to the release (H13).

Owns when a hold begins, goes on and ends. Must never hold more than one axis of the garage, never take up a press that
has ended, and never decide what is safe: the interlocks see the hold and judge it like everything else.
"""

from __future__ import annotations

from controller.core import commanding
from controller.core import mode_events as mev
from controller.core.hold import HoldUnderWay
from controller.core.mode import ModeEvent
from controller.core.mode_change import would_refuse
from controller.core.situation import Situation
from controller.local_link.mode_messages import HoldToRun, ReleaseHold
from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import JOGS, Axis, Mode, State
from safety.acts import Hold
from safety.interlocks.hand import HOLD_MS
from safety.refusal import Refusal
from safety.verdict import Function, StartOf

LONGEST_MS = 60_000
"""A press that lasts longer is taken for a clamped button and released (H21)."""

_CODES = dict(zip(("forward", "back"), JOGS, strict=True))
_AXES = {"travel": Axis.TRAVEL, "forks": Axis.FORKS, "turntable": Axis.TURNTABLE}


def press(situation: Situation, request: HoldToRun) -> Refusal | None:
    """Begin a hold, or refresh the one under way; the reason when it may not be, or is no longer."""
    state = situation.state
    if (why := state.ended_presses.get(request.press)) is not None:
        return Refusal("HOLD_ENDED", f"{why.code}: {why.text}", f"Release the button. {why.remedy}")
    hold = state.hold
    if hold is None:
        return _begin(situation, request)
    if hold.press != request.press:
        return Refusal(
            "ANOTHER_AXIS_HELD",
            f"{hold.person} moves {hold.function.device} ({hold.axis}) by hand; one axis moves at a time.",
            f"Ask {hold.person} to release it.",
        )
    asked = (request.unit, request.axis, request.direction)
    if asked != (hold.function.device, hold.axis, hold.direction):
        _end(situation, _OTHER)
        return _OTHER
    hold.heard_ms = situation.now.mono_ms
    return None


def release(situation: Situation, request: ReleaseHold) -> Refusal | None:
    """The button was let go. Releasing what is not held is no error: the person wants it to stand, and it does."""
    _forget(situation, request.press, _RELEASED)
    if situation.state.hold is not None and situation.state.hold.press == request.press:
        _end(situation, _RELEASED)
    return None


def run_hold(situation: Situation) -> None:
    """Look in each cycle whether the hold may go on, and end it where not."""
    hold = situation.state.hold
    if hold is not None:
        why = _over(situation, hold)
        if why is not None:
            _end(situation, why)


def told(situation: Situation) -> Hold | None:
    """The hold as safety is to see it with the next evaluation; None when nothing is held."""
    hold = situation.state.hold
    if hold is None:
        return None
    hold.was_told = True
    return Hold(hold.function, hold.heard_ms)


def end_for(situation: Situation, why: Refusal) -> None:
    """End the hold, if there is one, for a reason from outside."""
    if situation.state.hold is not None:
        _end(situation, why)


def _begin(situation: Situation, request: HoldToRun) -> Refusal | None:
    if (refusal := _mode_refusal(situation)) is not None:
        return refusal
    image = situation.image.devices.get(request.unit)
    if image is None or not image.definition.is_commanded:
        return Refusal("UNKNOWN_DEVICE", f"There is no device {request.unit!r}.", "Name a lift, shuttle or cabin.")
    axis, code = _AXES[request.axis], _CODES[request.direction]
    spec = image.definition.spec(code)
    permit = None if spec is None or not spec.takes(int(axis)) else spec.permit_for(int(axis))
    if permit is None:
        return Refusal("UNKNOWN_AXIS", f"{request.unit} has no axis {request.axis!r}.", "Name one that it has.")
    if (refusal := _unit_refusal(situation, request.unit)) is not None:
        return refusal
    if (refusal := commanding.order_directly(situation, request.unit, code, int(axis))) is not None:
        return refusal
    now_ms = situation.now.mono_ms
    situation.state.hold = HoldUnderWay(
        press=request.press,
        function=Function(request.unit, permit),
        axis=request.axis,
        direction=request.direction,
        code=code,
        axis_number=int(axis),
        person=request.person,
        begun_ms=now_ms,
        heard_ms=now_ms,
    )
    situation.log.write(
        mev.HoldBegan(
            device=request.unit,
            axis=request.axis,
            direction=request.direction,
            person=request.person,
            actor=request.actor,
        )
    )
    return None


def _mode_refusal(situation: Situation) -> Refusal | None:
    match situation.state.mode:
        case "manual":
            return None
        case "automatic":
            return Refusal(
                "AUTOMATIC_RUNS",
                "Automatic operation runs; nothing is moved by hand beside it.",
                "Stop automatic operation first.",
            )
        case "stopped":
            return Refusal(
                "NO_KEY_IN_MANUAL",
                "No key switch stands in manual.",
                "Turn the key of the unit to manual, at the machine, with the zone in view.",
            )
        case _:
            return would_refuse(situation, ModeEvent.START)


def _unit_refusal(situation: Situation, unit: str) -> Refusal | None:
    if not situation.is_good(unit):
        return commanding.unready(situation, unit)
    if situation.value(unit, "mode") != Mode.MANUAL or situation.value(unit, "state") != State.MANUAL:
        return Refusal(
            "NOT_IN_MANUAL",
            f"The key switch of {unit} is not in manual, or its PLC is not in that state.",
            f"Turn the key of {unit} to manual, at the machine. After a fault turn it to automatic and clear it first.",
        )
    return None


def _over(situation: Situation, hold: HoldUnderWay) -> Refusal | None:
    """Why the hold ends now, None while it goes on."""
    now_ms = situation.now.mono_ms
    unit = hold.function.device
    if now_ms - hold.heard_ms > HOLD_MS:
        return _RELEASED
    if now_ms - hold.begun_ms > LONGEST_MS:
        return _TOO_LONG
    if (refusal := _mode_refusal(situation)) is not None:
        return refusal
    if situation.value(unit, "mode") != Mode.MANUAL:
        return _unit_refusal(situation, unit)
    if hold.was_told:
        refusal = situation.verdict.refusal(hold.function)
        pending = situation.state.mailbox(unit).pending
        if refusal is None and pending is not None and not pending.answered:
            refusal = situation.verdict.start_refusal(StartOf(unit, hold.code, hold.axis_number))
        if refusal is not None:
            return refusal
    return _ended(situation, unit)


def _ended(situation: Situation, unit: str) -> Refusal | None:
    """The command has ended while the button is still held: at the end of the way, or refused or stopped by the PLC."""
    box = situation.state.mailbox(unit)
    if box.pending is not None:
        return None
    last = box.last
    if last is None or last.ok:
        return _END_OF_WAY
    return Refusal(last.result, f"{unit}: {last.code.name} ended with {last.result}.", "Look at the machine.")


def _end(situation: Situation, why: Refusal) -> None:
    hold = situation.state.hold
    if hold is None:
        return
    situation.state.hold = None
    _forget(situation, hold.press, why)
    pending = situation.state.mailbox(hold.function.device).pending
    if pending is not None and pending.code is not CommandCode.STOP:
        pending.is_recalled = True
    situation.log.write(mev.HoldEnded(device=hold.function.device, axis=hold.axis, code=why.code))


def _forget(situation: Situation, press: str, why: Refusal) -> None:
    """This press never moves anything again, however late one of its messages arrives (H11)."""
    ended = situation.state.ended_presses
    ended[press] = why
    while len(ended) > _ENDED_KEPT:
        ended.popitem(last=False)


_ENDED_KEPT = 100

_RELEASED = Refusal("RELEASED", "The button was released, or was not heard in time.", "Press it again to go on.")
_OTHER = Refusal("PRESS_REUSED", "The same press asked for another axis or direction.", "Press anew for it.")
_TOO_LONG = Refusal(
    "HELD_TOO_LONG",
    f"The button was held for {LONGEST_MS // 1000} s without a break, as a clamped one is.",
    "Release it, look at the machine, and press again.",
)
_END_OF_WAY = Refusal("END_OF_WAY", "The axis is at the end of its way.", "Nothing is left to do in this direction.")
