"""Every kind of fault that can be injected: where it sits, what it needs, what it does.

Owns the table from which requests are checked, options are named and the reference is written. Must never put a fault
anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sim_hardware.fault import Fault, FaultKind, FaultPoint, FaultRefusedError

_SIGNAL = (FaultPoint.SENSOR, FaultPoint.TAG)


@dataclass(frozen=True, slots=True)
class KindSpec:
    """One kind. ``value``, ``period`` and ``peer`` say what the figure means, empty where the kind takes none.

    ``lasts`` False is of a fault that is over at once: the restart of a PLC, one customer's behaviour.
    """

    points: tuple[FaultPoint, ...]
    target: str
    does: str
    value: str = ""
    period: str = ""
    peer: str = ""
    lasts: bool = True


def _signal(does: str, target: str = "a sensor or status tag", value: str = "", period: str = "") -> KindSpec:
    return KindSpec(_SIGNAL, target, does, value=value, period=period)


def _plc(does: str, *, lasts: bool = True) -> KindSpec:
    return KindSpec((FaultPoint.PLC,), "a device", does, lasts=lasts)


def _machine(target: str, does: str, value: str = "", *, lasts: bool = True) -> KindSpec:
    return KindSpec((FaultPoint.MACHINE,), target, does, value=value, lasts=lasts)


def _site(target: str, does: str, value: str = "") -> KindSpec:
    return KindSpec((FaultPoint.SITE,), target, does, value=value)


def _link(does: str, value: str = "", period: str = "") -> KindSpec:
    return KindSpec((FaultPoint.LINK,), "a link", does, value=value, period=period)


def _people(target: str, does: str, value: str = "", *, lasts: bool = True) -> KindSpec:
    return KindSpec((FaultPoint.PEOPLE,), target, does, value=value, lasts=lasts)


_AXIS = "`LIFT.drive`, `SHUTTLE.drive`, `SHUTTLE.forks`, `CABIN.turntable`"

KINDS: Mapping[FaultKind, KindSpec] = {
    FaultKind.STUCK: _signal("shows one value for ever", value="that value; what it shows now if left out"),
    FaultKind.INVERTED: _signal("shows the opposite", "a contact"),
    FaultKind.OFFSET: _signal(
        "is wrong by so much, saturating at the range that the contract admits", "a number", value="by how much"
    ),
    FaultKind.DRIFT: _signal("is wrong by more and more", "a number", value="by how much more in each minute"),
    FaultKind.SLOW: _signal("shows what was true some time ago", period="how long ago"),
    FaultKind.SWAPPED: KindSpec(
        (FaultPoint.SENSOR,),
        "a sensor",
        "shows what its peer sees, and the peer what it sees: two wires exchanged",
        peer="the other sensor, of the same form",
    ),
    FaultKind.FLICKER: _signal(
        "shows the truth for half of a period, and for the other half the opposite or a value",
        value="the other value, for what is no contact",
        period="there and back",
    ),
    FaultKind.BAD: KindSpec(
        (FaultPoint.TAG,), "a tag of a device read over OPC UA", "is given with a bad status code by the server"
    ),
    FaultKind.FROZEN: _plc("its scan stands still: it answers as before, outputs stay, nothing changes any more"),
    FaultKind.INPUTS_FROZEN: _plc("heartbeat and clock go on and it obeys, but its inputs are shown as they were"),
    FaultKind.RESTART: _plc("loses its supply and starts anew", lasts=False),
    FaultKind.NEW_PROGRAM: _plc("starts anew with another program, whose version is one higher", lasts=False),
    FaultKind.SEQUENCE_RESET: _plc("forgets which commands it has seen, without a restart", lasts=False),
    FaultKind.REFUSES: _plc("refuses every command as interlocked"),
    FaultKind.NEVER_ENDS: _plc("accepts a command and never begins it"),
    FaultKind.NEVER_REPORTS: _plc("carries commands out and never reports that they are done"),
    FaultKind.DRIVE_TRIP: _machine(_AXIS, "switches itself off; a CLEAR resets it", lasts=False),
    FaultKind.BLOCKED: _machine(f"{_AXIS}, `CABIN.outer`, `CABIN.inner`", "something jams it"),
    FaultKind.BRAKE_WORN: _machine(
        _AXIS, "stops take longer than designed", "deceleration in percent of the design, 5 to 99"
    ),
    FaultKind.BRAKE_SLIPS: _machine(_AXIS, "creeps towards its low stop with the brake closed", "mm/s or mdeg/s"),
    FaultKind.ENCODER_LOST: _machine(
        _AXIS, "has lost its reference, until it is referenced again or taught anew", "by how much it is wrong"
    ),
    FaultKind.ROPE_SLACK: _machine("a lift", "the rope is slack, which latches until reset at the machine"),
    FaultKind.GOVERNOR: _machine("a lift", "the overspeed governor has acted, and latches until reset at the machine"),
    FaultKind.CAR_ROLLS: _machine(
        "a position, as `shuttle1-deck`",
        "the car in it rolls along its own length, as far as the stops at the ends let it",
        "how far in mm, to the left above 0",
        lasts=False,
    ),
    FaultKind.CURTAIN_BROKEN: _machine("a cabin", "the counting curtain reports itself defective"),
    FaultKind.PLATE_MISSING: _machine("a cabin", "the plate is not in its seat"),
    FaultKind.EXIT_OPEN: _site("a cabin", "somebody has opened the emergency exit"),
    FaultKind.BUTTON_CLAMPED: _site("a cabin", "somebody has wedged the confirm button: pressed until taken out"),
    FaultKind.CAR_MOVED: KindSpec(
        (FaultPoint.SITE,),
        "a position",
        "somebody moves the car in it by hand and tells nobody",
        peer="the empty place where it is put, or `out`",
        lasts=False,
    ),
    FaultKind.KEY: _site("a lift, shuttle or cabin", "somebody has turned the key switch", "2 manual, 3 maintenance"),
    FaultKind.ESTOP: _site("a zone, as `zone1`", "an emergency stop is pressed; repaired, it still needs its reset"),
    FaultKind.ESTOP_UNPLUGGED: _site("a zone", "the emergency stop's test pulses do not come back"),
    FaultKind.GUARD_OPEN: _site("a zone", "a guard door is open"),
    FaultKind.LOCKED_OUT: _site("a zone", "somebody's padlock hangs on the isolator"),
    FaultKind.FIRE: _site("`site`", "the fire alarm system reports a fire"),
    FaultKind.EARTHQUAKE: _site("`site`", "the earthquake or wind alarm has come"),
    FaultKind.MAINS_LOST: _site("`site`", "the mains are gone, as the safety PLC sees them"),
    FaultKind.GENERATOR: _site("`site`", "the mains are gone and the emergency generator feeds the machine"),
    FaultKind.SILENT: _link("no answer arrives (with connections open: half open)"),
    FaultKind.LATE: _link("answers arrive late", period="how late"),
    FaultKind.LOSSY: _link("an answer is lost now and then", value="each so many-th, 1 loses all"),
    FaultKind.REPEATED: _link("answers come twice"),
    FaultKind.TRUNCATED: _link("answers are cut off", value="bytes that arrive"),
    FaultKind.OVERSIZED: _link("more bytes follow an answer than it has", value="how many"),
    FaultKind.GARBAGE: _link("noise comes in place of answers"),
    FaultKind.FOREIGN: _link("a byte of each answer is wrong", value="which byte: transaction, unit, function, data"),
    FaultKind.OVERTAKING: _link("every second answer is overtaken by the next one and arrives after it"),
    FaultKind.INTRUDER: _people("a cabin", "somebody is inside without having passed the curtain: a child, an exit"),
    FaultKind.STAYS_INSIDE: _people("a cabin", "its next customer stays inside until told to step out", lasts=False),
    FaultKind.COMES_BACK: _people("a cabin", "its next customer goes in again after the confirmation", lasts=False),
    FaultKind.NEVER_CONFIRMS: _people("a cabin", "its next customer goes away without a confirmation", lasts=False),
    FaultKind.PRESSES_TWICE: _people("a cabin", "its next customer presses everything twice", lasts=False),
    FaultKind.BOOT_OPEN: _people(
        "a cabin",
        "the next who brings a car leaves its boot open when walking away",
        "by how many mm it is higher then",
        lasts=False,
    ),
    FaultKind.OTHER_CAR: _people(
        "a cabin",
        "the next who brings a car brings another one than was ordered",
        "by how many mm it is longer",
        lasts=False,
    ),
    FaultKind.NOBODY_COMES: _people("`people`", "customers do not come for their cars"),
}
"""Every kind there is, signals first. What is not in here is refused."""


def check_figures(fault: Fault) -> None:
    """Refuse figures that a kind does not take, or lacks, for kinds that are no lies of a signal.

    Raises:
        FaultRefusedError: a figure is missing, superfluous or out of range.
    """
    spec = KINDS[fault.kind]
    for name, meaning in (("value", spec.value), ("period_ms", spec.period), ("peer", spec.peer)):
        given = getattr(fault, name)
        if given is not None and not meaning:
            raise FaultRefusedError("BAD_FAULT", f"{fault.kind} takes no {name}.", f"Leave {name} out.")
        if given is None and meaning:
            raise FaultRefusedError("BAD_FAULT", f"{fault.kind} needs {name}.", f"Give {name}: {meaning}.")


def check_length(fault: Fault) -> None:
    """Refuse a length that is none, and one for a fault that is over at once.

    Raises:
        FaultRefusedError: ``for_ms`` cannot be.
    """
    if fault.for_ms is None:
        return
    if fault.for_ms < 1:
        raise FaultRefusedError("BAD_FAULT", f"A fault cannot last {fault.for_ms} ms.", "Give 1 ms or more.")
    if not KINDS[fault.kind].lasts:
        raise FaultRefusedError("BAD_FAULT", f"{fault.kind} is over at once.", "Leave the length out.")


def wrong_target(fault: Fault, known: tuple[str, ...]) -> FaultRefusedError:
    """The refusal of a target that a kind does not have."""
    spec = KINDS[fault.kind]
    shown = ", ".join(known) or "none in this garage"
    text = f"{fault.kind} is of {spec.target.replace('`', '')}; {fault.target!r} is none here."
    return FaultRefusedError("UNKNOWN_TARGET", text, f"Known: {shown}.")
