"""What can be broken at the emulated machine: one fault, where it sits, and what is refused.

Owns the kinds of fault and the checks of a wish for one. Must never put a fault anywhere; ``FaultInjector`` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from plc_drivers.contract import Tag, TagType

PERIOD_MS_MIN = 2
PERIOD_MS_MAX = 600_000


class FaultKind(StrEnum):
    """What is wrong."""

    STUCK = "stuck"
    """Shows ``value`` for ever, or what it shows now where none is given."""
    INVERTED = "inverted"
    """A contact shows the opposite."""
    OFFSET = "offset"
    """A number is wrong by ``value``; at the end of its range it saturates, as an input card does."""
    FLICKER = "flicker"
    """Shows the truth for half of ``period_ms`` and for the other half the opposite, or ``value`` for a number."""
    BAD = "bad"
    """OPC UA only: the server gives the tag's value with a bad status code."""
    FROZEN = "frozen"
    """A PLC's scan stands still: it answers as before, outputs stay as they are, and nothing changes any more."""


class FaultPoint(StrEnum):
    """Where the fault sits, and so who is lied to."""

    SENSOR = "sensor"
    """At a sensor of the plant: the PLC and its own interlocks are lied to as well."""
    TAG = "tag"
    """In the status that a PLC shows: only who reads the PLC is lied to."""
    PLC = "plc"
    """The PLC as a whole."""


class FaultRefusedError(Exception):
    """A fault that cannot be injected is refused, never ignored: stable code, what is wrong, what would be right."""

    def __init__(self, code: str, text: str, remedy: str) -> None:
        super().__init__(f"{code}: {text} {remedy}")
        self.code = code
        self.text = text
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. ``target`` is a sensor (``lift1.rope_taut``), a status tag (``lift1.state``) or a PLC (``lift1``).

    ``point`` None takes the plant's sensor where there is one of that path, else the status tag, else the PLC.
    ``value`` and ``period_ms`` are for the kinds that need them; the period is in the PLCs' own time, in which one scan
    takes ``scan_ms`` of the configuration whatever the speed of the plant.
    """

    target: str
    kind: FaultKind
    value: int | None = None
    period_ms: int | None = None
    point: FaultPoint | None = None

    def as_json(self) -> dict[str, object]:
        """The fault as the control port shows it."""
        return {
            "target": self.target,
            "kind": self.kind.value,
            "value": self.value,
            "period_ms": self.period_ms,
            "point": None if self.point is None else self.point.value,
        }


def check(fault: Fault, form: type[int], tag: Tag | None) -> None:
    """Refuse a fault of a signal that makes no sense there.

    ``form`` is what the signal shows: bool, int or an enumeration; ``tag`` the status tag in which it is seen, None for
    a sensor that no tag shows.

    Raises:
        FaultRefusedError: the kind does not fit the signal, or a figure is missing, superfluous or out of range.
    """
    _check_kind(fault, form)
    _check_period(fault)
    needed = fault.kind is FaultKind.OFFSET or (fault.kind is FaultKind.FLICKER and form is not bool)
    if needed and fault.value is None:
        raise FaultRefusedError("BAD_FAULT", f"{fault.kind} needs a value here.", "Give a value.")
    if fault.value is None or fault.kind is FaultKind.OFFSET:
        return
    if fault.kind is FaultKind.INVERTED or (fault.kind is FaultKind.FLICKER and form is bool):
        raise FaultRefusedError("BAD_FAULT", f"{fault.kind} takes no value here.", "Leave the value out.")
    _check_value(fault.target, fault.value, form, tag)


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
    if fault.kind is FaultKind.OFFSET and form is not int:
        raise FaultRefusedError("NOT_SUPPORTED", f"{fault.target} is no number.", "Use stuck or inverted.")


def _check_period(fault: Fault) -> None:
    if fault.kind is not FaultKind.FLICKER:
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
