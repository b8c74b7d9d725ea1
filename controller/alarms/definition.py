"""What an alarm is: one declaration with cause, consequence, action, priority and delays.

Owns the shape of a definition and the rules that it must keep. Must never hold an alarm's state, and never define
something that nobody has to respond to: that is an event, or a reason why something waits (ISA-18.2, IEC 62682).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Priority(Enum):
    """How soon a person must respond. By the figures of ISA-18.2 about 5, 15 and 80 of 100 definitions."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def order(self) -> int:
        """0 for what comes first in a list."""
        return _ORDER[self]


_ORDER = {Priority.HIGH: 0, Priority.MEDIUM: 1, Priority.LOW: 2}


class Source(Enum):
    """What an alarm is raised for; each definition is instantiated for every one of these that the garage has."""

    LIFT = "lift"
    SHUTTLE = "shuttle"
    CABIN = "cabin"
    SAFETY = "safety PLC"
    ZONE = "zone"
    LINK = "link"
    GARAGE = "garage"


MOVERS = (Source.LIFT, Source.SHUTTLE)
COMMANDED = (Source.LIFT, Source.SHUTTLE, Source.CABIN)
DEVICES = (*COMMANDED, Source.SAFETY)


class Suppression(Enum):
    """Why an alarm is not raised although its condition holds: something else already asks for the same response."""

    GARAGE_STOPPED = "automatic operation is stopped"
    LINK_DOWN = "the link to the device is down"
    FAULT_SHOWN = "the device shows a fault code"
    TRANSFER_UNDER_WAY = "a transfer passes the detectors"
    OPEN_TO_PEOPLE = "the cabin's outer door is not shut"
    OTHER_ALARM = "another alarm of the device, of its zone or of the safety PLC is active"


SHELVE_S = 8 * 3600
"""One shift: the next one must decide anew whether an alarm may stay on the shelf."""


class AlarmDefinitionError(ValueError):
    """A definition contradicts itself or another one."""


@dataclass(frozen=True, slots=True)
class AlarmDefinition:
    """One kind of alarm; an alarm's id is ``SOURCE.CODE``, as ``lift1.drive-fault``.

    ``title``, ``cause``, ``consequence`` and ``action`` may name the source as ``{source}``. The condition must have
    held for ``on_delay_ms`` before the alarm is raised and be gone for ``off_delay_ms`` before it clears.
    ``latching``: after the condition has gone, a person must confirm that the cause was dealt with. ``shelve_s_max``
    is the longest time on the shelf, 0 where it must not be shelved. ``stops`` says that the source stands still or
    cannot be used: such alarms are put in order of their onset, and the first of them is marked (first-out).
    ``respond_within_min`` is the time in which a response still changes the consequence.

    Raises:
        AlarmDefinitionError: a safety alarm that could be hidden (shelved or suppressed by design), a high priority
            without haste, or an empty text.
    """

    code: str
    title: str
    sources: tuple[Source, ...]
    priority: Priority
    cause: str
    consequence: str
    action: str
    respond_within_min: int
    on_delay_ms: int = 0
    off_delay_ms: int = 1000
    latching: bool = False
    is_safety: bool = False
    hazard: str = ""
    shelve_s_max: int = SHELVE_S
    suppressed_while: tuple[Suppression, ...] = ()
    stops: bool = False

    def __post_init__(self) -> None:
        if not all((self.code, self.title, self.sources, self.cause, self.consequence, self.action)):
            raise AlarmDefinitionError(f"alarm {self.code or self.title!r} lacks a text or a source")
        if self.is_safety and (self.shelve_s_max or self.suppressed_while):
            raise AlarmDefinitionError(f"safety alarm {self.code} could be hidden by a shelf or by design")
        if self.is_safety and not self.hazard:
            raise AlarmDefinitionError(f"safety alarm {self.code} names no hazard")
        if self.priority is Priority.HIGH and self.respond_within_min > HIGH_WITHIN_MIN:
            raise AlarmDefinitionError(f"alarm {self.code} has a high priority and time until tomorrow")
        if min(self.on_delay_ms, self.off_delay_ms, self.shelve_s_max, self.respond_within_min) < 0:
            raise AlarmDefinitionError(f"alarm {self.code} has a negative time")


HIGH_WITHIN_MIN = 5
"""A high priority is for what must be answered within minutes."""
