"""Commands on their way: from an intent through the device's mailbox to a proven end.

Owns the handshake as the controller lives it, and what a failed command means for its device. Must never
choose which command is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.core import events as ev
from controller.core import inventory, supply
from controller.core.cabin_reading import sees_somebody
from controller.core.duration import expected_ms
from controller.core.finding import open_on
from controller.core.mailbox import Mailbox, Pending
from controller.core.mode import Mode as GarageMode
from controller.core.mode import ModeEvent
from controller.core.mode_change import would_refuse
from controller.core.situation import Situation
from plc_drivers.contract import CommandCode, DeviceDefinition, StopWay
from plc_drivers.contract.codes import (
    ACK_HELP,
    DONE_HELP,
    FAULT_HELP,
    JOGS,
    AckResult,
    DoneResult,
    FaultCode,
    Mode,
    State,
)
from plc_drivers.outputs import MailboxCommand
from plc_drivers.reading import DeviceImage, Fault
from safety.refusal import Refusal
from safety.verdict import Function, StartOf
from safety.wish import DeviceWish

RETRIES_MAX = 5
"""Commands in a row that may fail without motion before a person has to look."""

NEEDS_START = "NEEDS_START"
"""Code of the reason for which a cleared device still waits."""

_RETRY_STEP_MS = 1000
_CLOCK_MODULUS = 1 << 32
_NEVER_LATCHED_MARGIN_MS = 300

_MOVED_AND_FAILED = frozenset(
    {
        "PERMIT_LOST",
        "CONTROLLER_LOST",
        "FAULT",
        "TIMED_OUT",
        "MODE_CHANGED",
        "NOT_REACHED",
        "PLC_RESTARTED",
        "LINK_LOST",
    }
)
_LOAD_IN_DOUBT = frozenset({"NO_LOAD", "TARGET_OCCUPIED"})
_DOOR_TO_PEOPLE = frozenset({CommandCode.OPEN_OUTER_DOOR, CommandCode.CLOSE_OUTER_DOOR})
NOT_STARTED = Refusal(
    "NOT_STARTED",
    "Automatic operation is stopped.",
    "Look at the machine; clear what is stopped, then start.",
)

_COMMANDABLE = frozenset({State.IDLE})


def definition_of(situation: Situation, device: str) -> DeviceDefinition:
    """The definition of a device of this garage."""
    return situation.image[device].definition


def observe(situation: Situation) -> None:
    """Take note of ownership, acknowledgements and endings that the devices report."""
    for device, image in situation.image.devices.items():
        if image.definition.is_commanded:
            box = situation.state.mailbox(device)
            _observe_owner(situation, box, image)
            if box.pending is not None:
                _observe_pending(situation, device, box.pending, image)


def _observe_owner(situation: Situation, box: Mailbox, image: DeviceImage) -> None:
    epoch = image.value("owner_epoch")
    if epoch is not None:
        box.owned = situation.state.epoch > 0 and epoch == situation.state.epoch


def _observe_pending(situation: Situation, device: str, pending: Pending, image: DeviceImage) -> None:
    if pending.released_ms is None:
        if situation.journal_fault is not None:
            # Whenever the disk comes back, nothing may begin that was right minutes ago.
            _end(situation, device, ok=False, code="NOT_RECORDED")
        return
    waited_ms = situation.now.mono_ms - pending.released_ms
    is_late = waited_ms > situation.config.controller.command_timeout_s * 1000
    if image.value("ack_seq") is None or image.value("done_seq") is None:
        if is_late:
            _end(situation, device, ok=False, code="LINK_LOST")
    elif pending.boot is not None and image.value("boot_counter") != pending.boot:
        _end(situation, device, ok=False, code="PLC_RESTARTED")
    elif _is_answered(situation, device, pending, image) and image.value("done_seq") == pending.seq:
        done = DoneResult(int(image.value("done_result") or 0))
        fault = int(image.value("fault_code") or 0)
        _end(situation, device, ok=done is DoneResult.OK, code=done.name, fault=fault)
    elif situation.state.mailbox(device).pending is pending:
        _observe_unended(situation, device, pending, image, is_late=is_late)


def _is_answered(situation: Situation, device: str, pending: Pending, image: DeviceImage) -> bool:
    """Note the acknowledgement, and the end with it when it was a refusal; True when the command was accepted."""
    if not pending.answered and image.value("ack_seq") == pending.seq:
        result = AckResult(int(image.value("ack_result") or 0))
        situation.log.write(ev.CommandAnswered(device=device, seq=pending.seq, result=int(result)))
        if result is not AckResult.ACCEPTED:
            _end(situation, device, ok=False, code=result.name)
            return False
    return pending.answered


def _observe_unended(situation: Situation, device: str, pending: Pending, image: DeviceImage, *, is_late: bool) -> None:
    if pending.is_void:
        if image.value("state") not in (State.EXECUTING, State.STOPPING):
            _end(situation, device, ok=False, code="CONTROLLER_RESTARTED")
    elif not pending.answered and _never_latched(pending, image, situation):
        _end(situation, device, ok=False, code="NO_ANSWER")
    elif pending.answered and _is_forgotten(pending, image):
        _end(situation, device, ok=False, code="PLC_RESTARTED")
    elif is_late:
        _end(situation, device, ok=False, code="TIMED_OUT")
        order_stop(situation, device)


def _is_forgotten(pending: Pending, image: DeviceImage) -> bool:
    """True when the device stands and no longer knows the command that it had accepted (H11).

    A PLC that was exchanged, or keeps nothing over a restart, may come back with the very boot counter it had. The
    acknowledgement alone proves nothing: a refused foreign controller changes it too while the command goes on.
    """
    is_standing = image.value("state") in (State.STOPPED, State.ABORTED)
    return is_standing and pending.seq not in (image.value("ack_seq"), image.value("done_seq"))


def _never_latched(pending: Pending, image: DeviceImage, situation: Situation) -> bool:
    """True when by the PLC's own clock the command has expired without having been answered."""
    clock, issued = image.value("clock_ms"), pending.issued_ms
    if clock is None or issued is None:
        return False
    age = (int(clock) - issued) % _CLOCK_MODULUS
    return age > situation.config.controller.command_valid_ms + _NEVER_LATCHED_MARGIN_MS


def _end(situation: Situation, device: str, *, ok: bool, code: str, fault: int = 0) -> None:
    """Write the ending, and draw the line between what may be tried again and what a person must look at (H11)."""
    box = situation.state.mailbox(device)
    pending = box.pending
    if pending is None:
        return
    situation.log.write(ev.CommandEnded(device=device, seq=pending.seq, ok=ok, code=code, fault=fault))
    if ok:
        return
    if pending.code is CommandCode.STOP and pending.arg1 and code == AckResult.BAD_ARGUMENT.name:
        order_stop(situation, device)  # a PLC that knows one way to stop gets that one; its permits are gone already
        return
    box.retry_after_ms = situation.now.mono_ms + _RETRY_STEP_MS * min(2 ** (box.failures - 1), 8)
    if _needs_a_person(pending, box, code):
        block(situation, device, _failure(device, pending, code, fault))


def _needs_a_person(pending: Pending, box: Mailbox, code: str) -> bool:
    """True when the failure interrupted motion, put a load in doubt, or keeps coming back (H06, H11).

    A door to people that gives way is everyday life, and so is a permit that went because a person stopped the
    garage: both may go on without anyone's look at the machine.
    """
    if pending.code in JOGS:
        return False  # whoever holds it looks on, and leaving manual asks for clear, inventory and start anyway
    if code in _LOAD_IN_DOUBT:
        return True
    if code in _MOVED_AND_FAILED and pending.code not in _DOOR_TO_PEOPLE:
        return not (pending.is_recalled and code == "PERMIT_LOST")
    return box.failures >= RETRIES_MAX and code != "OBSTRUCTED" and pending.code not in _DOOR_TO_PEOPLE


def _failure(device: str, pending: Pending, code: str, fault: int) -> Refusal:
    cause, remedy = "", ""
    if code in DoneResult.__members__:
        cause = DONE_HELP[DoneResult[code]]
    elif code in AckResult.__members__:
        cause = ACK_HELP[AckResult[code]]
    elif code == "PLC_RESTARTED":
        cause, remedy = FAULT_HELP[FaultCode.PLC_RESTARTED]
    elif code == "LINK_LOST":
        cause = "The PLC stopped answering while the command was under way."
    elif code == "NO_ANSWER":
        cause = "The PLC did not acknowledge the command within its validity time."
    if fault in FaultCode._value2member_map_ and fault:
        fault_cause, remedy = FAULT_HELP[FaultCode(fault)]
        cause = f"{cause} {fault_cause}"
    elif code == "PERMIT_LOST" and pending.taken is not None:
        cause = f"{cause} {pending.taken.text}"
    remedy = remedy or f"Look at {device} and what it carries; when it may move again, clear it and start."
    return Refusal(code, f"{device}: {pending.code.name} failed. {cause}".strip(), remedy)


def block(situation: Situation, device: str, why: Refusal) -> None:
    """Take a device out of use until a person has cleared it."""
    if device not in situation.state.blocks:
        situation.log.write(ev.DeviceBlocked(device=device, code=why.code, text=why.text, remedy=why.remedy))


def unready(situation: Situation, device: str) -> Refusal | None:
    """Why ``device`` cannot take a command now, None when it can."""
    image = situation.image.devices.get(device)
    if image is None or not situation.is_good(device):
        fault = None if image is None else image.fault
        detail = "" if fault is None else f" {fault.detail}"
        remedy = "Check power, network and the PLC's program." if fault is None else fault.remedy
        return Refusal("DEVICE_UNREACHABLE", f"{device} gives no trustworthy readings.{detail}", remedy)
    if (blocked := situation.state.blocks.get(device)) is not None:
        return blocked
    box = situation.state.mailbox(device)
    if not box.owned:
        return _not_owned(situation, device, image)
    if image.value("mode") != Mode.AUTOMATIC:
        return Refusal(
            "NOT_IN_AUTOMATIC",
            f"The key switch of {device} is not in automatic.",
            "Whoever turned it finishes the work, leaves the zone and turns it back.",
        )
    if (refusal := inventory.unconfirmed(situation, device) or _not_at_rest(device, image)) is not None:
        return refusal
    if (refusal := open_on(situation, device)) is not None:
        return refusal
    if device in situation.state.held:
        return Refusal(NEEDS_START, f"{device} was cleared and waits for a start.", "Look at the machine, then start.")
    return None


def _not_at_rest(device: str, image: DeviceImage) -> Refusal | None:
    """The PLC says that it is stopped, or says nothing that the contract knows."""
    state = image.value("state")
    if state is None:
        return Refusal("STATE_UNKNOWN", f"{device} shows no state of the contract.", "Check the PLC's program.")
    if state in (State.STOPPED, State.ABORTED, State.OFFLINE, State.MAINTENANCE, State.MANUAL):
        cause, remedy = FAULT_HELP[FaultCode(int(image.value("fault_code") or 0))]
        return Refusal("DEVICE_STOPPED", f"{device} is {State(int(state or 0)).name}: {cause}", remedy)
    return None


def _not_owned(situation: Situation, device: str, image: DeviceImage) -> Refusal:
    seen = int(image.value("owner_epoch") or 0)
    if (seen & 0xFFFF) << 16 | seen >> 16 == situation.state.epoch and seen != situation.state.epoch:
        return Refusal(
            "WORDS_SWAPPED",
            f"{device} shows owner epoch {seen} for {situation.state.epoch}: its 32-bit words are swapped.",
            "Send the high word first, or set the word order in the device's profile (docs/profiles.md).",
        )
    if seen > situation.state.epoch:
        return Refusal(
            "NOT_OWNER",
            f"{device} obeys a controller with epoch {seen}; this one has {situation.state.epoch}.",
            "Make sure which controller shall run this garage; stop the other, then restart this one.",
        )
    return Refusal(
        "OWNERSHIP_PENDING",
        f"{device} shows owner epoch {seen}; {situation.state.epoch} is being written.",
        "Wait a second. If it stays: check word order and addresses, and that the command block reaches the program.",
    )


def command(
    situation: Situation, device: str, code: CommandCode, arg1: int = 0, *, order: str | None = None
) -> Refusal | None:
    """Intend ``code`` at ``device`` unless something forbids it; None when intended or already under way.

    A device that must first be referenced is referenced instead.
    """
    box = situation.state.mailbox(device)
    if box.pending is not None:
        same = (box.pending.code, box.pending.arg1) == (code, arg1)
        return None if same else Refusal("BUSY", f"{device} is busy with {box.pending.code.name}.", "Wait.")
    if (refusal := unready(situation, device)) is not None:
        return refusal
    if (refusal := _nothing_begins(situation, device, code)) is not None:
        return refusal
    if situation.now.mono_ms < box.retry_after_ms:
        last = "" if box.last is None else f"{box.last.code.name} failed with {box.last.result}"
        return Refusal("RETRY_LATER", f"{device}: {last}; tried again in a moment.", "Wait.")
    if situation.value(device, "state") == State.NOT_REFERENCED:
        code, arg1 = _towards_reference(situation, device), 0
    elif situation.value(device, "state") not in _COMMANDABLE:
        return Refusal("BUSY", f"{device} has not come to rest yet.", "Wait.")
    refusal = supply.keeps_from_moving(situation, device, code, order) or _forbidden(situation, device, code, arg1)
    if refusal is None:
        _intend(situation, device, code, arg1, order)
    return refusal


def _forbidden(situation: Situation, device: str, code: CommandCode, arg1: int) -> Refusal | None:
    """What safety has against the command now: against the permit that it needs, or against its start."""
    permit = _permit_for(situation, device, code, arg1)
    if permit is not None and (refusal := situation.verdict.refusal(Function(device, permit))) is not None:
        return refusal
    return situation.verdict.start_refusal(StartOf(device, code, arg1))


def _nothing_begins(situation: Situation, device: str, code: CommandCode) -> Refusal | None:
    """Why no order may have this now, whatever the device's own state."""
    if situation.state.mode != "automatic":
        return not_automatic(situation)
    if situation.journal_fault is None or not _waits_for_disk(situation, device, code):
        return None
    return _not_recorded(situation.journal_fault)


def _waits_for_disk(situation: Situation, device: str, code: CommandCode) -> bool:
    """False for a STOP, and for the door that lets out whoever is seen inside, or may be in a fire (H04, H16).

    Neither moves a car, and both are right whether or not anybody can read of them later.
    """
    if code is CommandCode.OPEN_OUTER_DOOR:
        return situation.state.mode != "fire" and not sees_somebody(situation, device)
    return code is not CommandCode.STOP


def _not_recorded(fault: Fault) -> Refusal:
    """A car must be found again whatever dies: what cannot be written down is not begun. The text stays the same."""
    text = f"The journal cannot be written ({fault.code}), and no motion begins that is not in it."
    return Refusal("JOURNAL_NOT_WRITTEN", text, "Look at the alarm of the journal; it says what to do.")


def not_automatic(situation: Situation) -> Refusal:
    """Why nothing is begun in the garage's present mode, which is not automatic."""
    refusal = would_refuse(situation, ModeEvent.START)
    return refusal or Refusal("NOT_STARTED", "Automatic operation is stopped.", "Look at the machine, then start it.")


def order_directly(situation: Situation, device: str, code: CommandCode, arg1: int = 0) -> Refusal | None:
    """Intend what no order asks for: an axis moved by hand, a door opened to let people out. None when intended.

    Mode, key switch and interlocks are looked at by who asks; here it is only seen to that the device can be asked.
    """
    box = situation.state.mailbox(device)
    if not situation.is_good(device) or not box.owned:
        return unready(situation, device)
    if box.pending is not None:
        return Refusal("BUSY", f"{device} is busy with {box.pending.code.name}.", "Wait until it has ended.")
    if code in JOGS and situation.journal_fault is not None:
        return _not_recorded(situation.journal_fault)
    _intend(situation, device, code, arg1, None)
    return None


def void_pending(situation: Situation) -> None:
    """After a restart: no command of the run before is sent again; its end is only watched for (H11)."""
    for box in situation.state.mailboxes.values():
        box.sent = box.seq
        if box.pending is not None:
            box.pending.is_void = True
            box.pending.released_ms = situation.now.mono_ms


def _towards_reference(situation: Situation, device: str) -> CommandCode:
    """What an axis that does not know its place needs first: a lift's pins out of the building, then REFERENCE."""
    is_lift = device in situation.layout.lifts
    if is_lift and situation.value(device, "pins_retracted") is not True:
        return CommandCode.UNLOCK
    return CommandCode.REFERENCE


def order_stop(situation: Situation, device: str, way: StopWay = StopWay.HOLD) -> None:
    """Put STOP into the mailbox now. It does not wait for the disk: stopping is always recoverable.

    A STOP that is under way is only ever replaced by a harder one.
    """
    box = situation.state.mailbox(device)
    if box.pending is not None and box.pending.code is CommandCode.STOP and box.pending.arg1 >= way:
        return
    if box.pending is not None:
        situation.log.write(ev.CommandEnded(device=device, seq=box.pending.seq, ok=False, code="STOPPED"))
    _intend(situation, device, CommandCode.STOP, int(way), None)


def order_clear(situation: Situation, device: str) -> Refusal | None:
    """Put CLEAR into the mailbox of a stopped or aborted device; moves nothing. None when intended."""
    box = situation.state.mailbox(device)
    if not situation.is_good(device):
        return unready(situation, device)
    if not box.owned:
        return unready(situation, device)
    if box.pending is not None:
        return Refusal("BUSY", f"{device} is busy with {box.pending.code.name}.", "Wait until it has ended.")
    if situation.value(device, "state") in (State.STOPPED, State.ABORTED):
        _intend(situation, device, CommandCode.CLEAR, 0, None)
    return None


def _intend(situation: Situation, device: str, code: CommandCode, arg1: int, order: str | None) -> None:
    box = situation.state.mailbox(device)
    # A number that still stands in the PLC's answers would read as answered before it was seen.
    shown = {situation.value(device, "ack_seq"), situation.value(device, "done_seq")}
    seq = next(n for n in (_following(box.seq, i) for i in range(1, 4)) if n not in shown)
    expected = expected_ms(situation, device, code, arg1)
    situation.log.write(
        ev.CommandIntended(device=device, seq=seq, code=int(code), arg1=arg1, order=order, expected_ms=expected)
    )


def _following(seq: int, steps: int) -> int:
    """The number ``steps`` after ``seq``; 0 is the empty mailbox and is left out."""
    return (seq - 1 + steps) % 0xFFFF + 1


def wish(situation: Situation, device: str, durable_seq: int, levels: Mapping[str, int]) -> DeviceWish:
    """What is wanted of ``device`` in this cycle: mailbox, the permit that goes with it, and level outputs."""
    box = situation.state.mailbox(device)
    pending = box.pending
    if pending is None or pending.is_void:
        return DeviceWish(command=MailboxCommand(seq=box.sent), levels=levels)
    if pending.released_ms is None and not _release(situation, device, pending, durable_seq):
        return DeviceWish(command=MailboxCommand(seq=box.sent), levels=levels)
    box.sent = pending.seq
    permit = _permit_for(situation, device, pending.code, pending.arg1)
    permits = frozenset() if permit is None else frozenset({permit})
    if not _may_go_on(situation.state.mode, pending.code):
        pending.is_recalled = True
    if pending.is_recalled:
        permits = frozenset()
    mailbox = MailboxCommand(
        pending.seq,
        pending.code,
        pending.arg1,
        pending.arg2,
        pending.issued_ms or 0,
        situation.config.controller.command_valid_ms,
    )
    return DeviceWish(permits, mailbox, new_command=not pending.answered, levels=levels)


def _permit_for(situation: Situation, device: str, code: CommandCode, arg1: int) -> str | None:
    spec = definition_of(situation, device).spec(code)
    return None if spec is None else spec.permit_for(arg1)


def _may_go_on(mode: GarageMode, code: CommandCode) -> bool:
    """Whether a command may go on in a mode: a jog in manual; the others in automatic and, to their end, in a fire.

    How long a fire lets it go on is the interlocks' part, which also let nothing begin then (H16).
    """
    if code in (CommandCode.STOP, CommandCode.CLEAR):
        return True
    return mode == "manual" if code in JOGS else mode in ("automatic", "fire")


def recall_all(situation: Situation) -> None:
    """A person wants everything to stand: no permit that is out comes back for its command."""
    for box in situation.state.mailboxes.values():
        if box.pending is not None and box.pending.code is not CommandCode.STOP:
            box.pending.is_recalled = True


def _release(situation: Situation, device: str, pending: Pending, durable_seq: int) -> bool:
    """Let a command out once its intent is on disk; STOP never waits, nor does the way out for people."""
    if pending.intent_seq > durable_seq and _waits_for_disk(situation, device, pending.code):
        return False
    clock, boot = situation.value(device, "clock_ms"), situation.value(device, "boot_counter")
    if clock is None or boot is None:
        return False
    pending.released_ms = situation.now.mono_ms
    pending.issued_ms, pending.boot = int(clock), int(boot)
    return True
