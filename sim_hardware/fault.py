"""What can be broken at the emulated machine: one fault, where it sits, and what is refused.

Owns the kinds of fault and the checks of a wish for one. Must never put a fault anywhere; ``FaultInjector`` does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from plc_drivers.contract import Tag, TagType

PERIOD_MS_MIN = 2
PERIOD_MS_MAX = 600_000


class FaultKind(StrEnum):
    """What is wrong; ``fault_kinds.KINDS`` says of each where it can be and what it needs."""

    STUCK = "stuck"
    INVERTED = "inverted"
    OFFSET = "offset"
    DRIFT = "drift"
    SLOW = "slow"
    SWAPPED = "swapped"
    FLICKER = "flicker"
    BAD = "bad"
    FROZEN = "frozen"
    INPUTS_FROZEN = "inputs-frozen"
    RESTART = "restart"
    NEW_PROGRAM = "new-program"
    SEQUENCE_RESET = "sequence-reset"
    REFUSES = "refuses"
    NEVER_ENDS = "never-ends"
    NEVER_REPORTS = "never-reports"
    DRIVE_TRIP = "drive-trip"
    BLOCKED = "blocked"
    BRAKE_WORN = "brake-worn"
    BRAKE_SLIPS = "brake-slips"
    ENCODER_LOST = "encoder-lost"
    ROPE_SLACK = "rope-slack"
    GOVERNOR = "governor"
    CAR_ROLLS = "car-rolls"
    CAR_MOVED = "car-moved"
    CURTAIN_BROKEN = "curtain-broken"
    EXIT_OPEN = "exit-open"
    BUTTON_CLAMPED = "button-clamped"
    PLATE_MISSING = "plate-missing"
    KEY = "key"
    ESTOP = "estop"
    ESTOP_UNPLUGGED = "estop-unplugged"
    GUARD_OPEN = "guard-open"
    LOCKED_OUT = "locked-out"
    FIRE = "fire"
    EARTHQUAKE = "earthquake"
    MAINS_LOST = "mains-lost"
    GENERATOR = "generator"
    SILENT = "silent"
    LATE = "late"
    LOSSY = "lossy"
    REPEATED = "repeated"
    TRUNCATED = "truncated"
    OVERSIZED = "oversized"
    GARBAGE = "garbage"
    FOREIGN = "foreign"
    OVERTAKING = "overtaking"
    INTRUDER = "intruder"
    STAYS_INSIDE = "stays-inside"
    COMES_BACK = "comes-back"
    NEVER_CONFIRMS = "never-confirms"
    PRESSES_TWICE = "presses-twice"
    BOOT_OPEN = "boot-open"
    OTHER_CAR = "other-car"
    NOBODY_COMES = "nobody-comes"


class FaultPoint(StrEnum):
    """Where the fault sits, and so who is lied to or what is broken."""

    SENSOR = "sensor"
    """At a sensor of the plant: the PLC and its own interlocks are lied to as well."""
    TAG = "tag"
    """In the status that a PLC shows: only who reads the PLC is lied to."""
    PLC = "plc"
    """The PLC as a whole."""
    MACHINE = "machine"
    """A drive, a brake, a rope: the mechanics themselves."""
    SITE = "site"
    """What people and events do to the machine: buttons, guards, locks, keys, fire, mains."""
    LINK = "link"
    """The wire between a PLC and who reads it: what becomes of the answers."""
    PEOPLE = "people"
    """How people at a cabin behave."""


class FaultRefusedError(Exception):
    """A fault that cannot be injected is refused, never ignored: stable code, what is wrong, what would be right."""

    def __init__(self, code: str, text: str, remedy: str) -> None:
        super().__init__(f"{code}: {text} {remedy}")
        self.code = code
        self.text = text
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. ``target`` is a sensor (``lift1.rope_taut``), a status tag (``lift1.state``), a PLC (``lift1``), a
    part of the machine (``lift1.drive``), a position (``l1-c2-left``), a zone (``zone1``), ``site``, a link
    (``lift-plc``) or ``people``.

    ``point`` None takes the one that the kind has; for a signal the plant's sensor where there is one of that path,
    else the status tag. ``value``, ``period_ms`` and ``peer`` are for the kinds that need them. ``for_ms`` repairs it
    by itself after so long. Times are the PLCs' own, in which a scan takes ``scan_ms`` whatever the plant's speed.
    """

    target: str
    kind: FaultKind
    value: int | None = None
    period_ms: int | None = None
    point: FaultPoint | None = None
    peer: str | None = None
    for_ms: int | None = None

    def as_json(self) -> dict[str, object]:
        """The fault as the control port shows it; what only few faults have is left out where it is not given."""
        shown: dict[str, object] = {
            "target": self.target,
            "kind": self.kind.value,
            "value": self.value,
            "period_ms": self.period_ms,
            "point": None if self.point is None else self.point.value,
        }
        rare = {"peer": self.peer, "for_ms": self.for_ms}
        return shown | {name: entry for name, entry in rare.items() if entry is not None}


@dataclass(frozen=True, slots=True)
class Effect:
    """How a fault comes about: ``begin`` brings it about, ``end`` repairs it, ``took`` counts what it has changed.

    ``end`` None is of a fault that is over at once: it leaves nothing to repair. ``look`` runs once in each scan.
    """

    begin: Callable[[], None]
    end: Callable[[], None] | None
    took: Callable[[], int]
    look: Callable[[int], None] | None = None


def check(fault: Fault, form: type[int], tag: Tag | None) -> None:
    """Refuse a fault of a signal that makes no sense there.

    ``form`` is what the signal shows: bool, int or an enumeration; ``tag`` the status tag in which it is seen, None for
    a sensor that no tag shows.

    Raises:
        FaultRefusedError: the kind does not fit the signal, or a figure is missing, superfluous or out of range.
    """
    _check_kind(fault, form)
    _check_period(fault)
    by_how_much = fault.kind in {FaultKind.OFFSET, FaultKind.DRIFT}
    needed = by_how_much or (fault.kind is FaultKind.FLICKER and form is not bool)
    if needed and fault.value is None:
        raise FaultRefusedError("BAD_FAULT", f"{fault.kind} needs a value here.", "Give a value.")
    if fault.value is None or by_how_much:
        return
    if fault.kind in _WITHOUT_VALUE or (fault.kind is FaultKind.FLICKER and form is bool):
        raise FaultRefusedError("BAD_FAULT", f"{fault.kind} takes no value here.", "Leave the value out.")
    _check_value(fault.target, fault.value, form, tag)


_WITHOUT_VALUE = frozenset({FaultKind.INVERTED, FaultKind.SLOW, FaultKind.SWAPPED})
_TIMED = frozenset({FaultKind.FLICKER, FaultKind.SLOW})


def limits(tag: Tag | None) -> tuple[int, int]:
    """Range within which a number stays: the contract's for its tag, else that of a 32-bit register."""
    low, high = TagType.INT32.limits if tag is None else tag.bounds
    return int(low), int(high)


def _check_kind(fault: Fault, form: type[int]) -> None:
    if fault.kind is FaultKind.FROZEN:
        text = f"{fault.target} is one signal; only a whole PLC can be frozen."
        raise FaultRefusedError("NOT_SUPPORTED", text, f"Use stuck, or freeze {fault.target.partition('.')[0]}.")
    if fault.kind is FaultKind.INVERTED and form is not bool:
        text = f"{fault.target} is no contact: it has no opposite."
        raise FaultRefusedError("NOT_SUPPORTED", text, "Use stuck or offset.")
    if fault.kind in {FaultKind.OFFSET, FaultKind.DRIFT} and form is not int:
        raise FaultRefusedError("NOT_SUPPORTED", f"{fault.target} is no number.", "Use stuck or inverted.")


def _check_period(fault: Fault) -> None:
    if fault.kind not in _TIMED:
        if fault.period_ms is not None:
            raise FaultRefusedError("BAD_FAULT", f"{fault.kind} has no period.", "Leave period_ms out.")
        return
    if fault.period_ms is None or not PERIOD_MS_MIN <= fault.period_ms <= PERIOD_MS_MAX:
        text = f"A period of {fault.period_ms} ms is not possible."
        raise FaultRefusedError("BAD_FAULT", text, f"Give period_ms from {PERIOD_MS_MIN} to {PERIOD_MS_MAX}.")


def _check_value(target: str, value: int, form: type[int], tag: Tag | None) -> None:
    if form is bool:
        fits = value in {0, 1}
    elif form is int:
        low, high = limits(tag)
        fits = low <= value <= high if tag is None else tag.admits(value)
    else:
        fits = value in {int(member) for member in form}  # type: ignore[attr-defined]  # it is an enumeration
    if not fits:
        text = f"{target} cannot show {value}: a PLC's registers refuse what the contract does not admit."
        raise FaultRefusedError("BAD_FAULT", text, "Give a value that the contract admits for it.")
