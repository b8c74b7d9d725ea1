"""The garage's modes and every way from one to another, as a table.

Owns the table: for each mode and each event either where it leads, or the refusal. Printed into ``docs/modes.md`` as it
stands, and searched by the tests as it stands. Must never look at a reading: what a way depends on comes in as facts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal, get_args

from safety.refusal import Refusal

Mode = Literal["stopped", "automatic", "manual", "maintenance", "fire"]
"""What the garage as a whole may do now."""

MODES: tuple[Mode, ...] = get_args(Mode)

MEANING: dict[Mode, str] = {
    "stopped": "Nothing moves and nothing begins. Orders wait.",
    "automatic": "Orders are carried out. A unit whose key switch is not in automatic is left out.",
    "manual": "As stopped, and a key switch stands in manual or maintenance: with a key in manual one axis at a time "
    "moves by hold-to-run.",
    "maintenance": "Somebody holds a lock on a zone: nothing moves or begins anywhere, not even by hand.",
    "fire": "A fire alarm came. What moved may end in a defined place; cabins open to people; nothing else begins.",
}


class ModeEvent(Enum):
    """What can happen to a mode; the value says it in words."""

    START = "a person starts automatic operation"
    STOP = "a person or the control process stops automatic operation"
    KEY_OUT = "a key switch leaves automatic"
    KEY_BACK = "a key switch comes back to automatic"
    LOCK = "a person locks a zone out"
    UNLOCK = "a person releases the own lock"
    FIRE = "the fire alarm comes"
    FIRE_ENDED = "a named person ends the fire state"
    CONTROLLER_RESTART = "the controller starts anew"
    SAFETY_RESTART = "the safety PLC starts anew"


@dataclass(frozen=True, slots=True)
class ModeFacts:
    """What a way can depend on: locks held, keys out of automatic, a fire alarm not proven over, an axis held."""

    locked: bool = False
    key_out: bool = False
    fire: bool = False
    held: bool = False


class When(Enum):
    """The fact on which a way depends; the value says it in words."""

    ALWAYS = ""
    LOCKED = "a lock is held"
    KEY_OUT = "a key switch is not in automatic"
    FIRE = "the fire alarm is not proven to be over"
    HELD = "an axis is held by hand"

    def holds(self, facts: ModeFacts) -> bool:
        """True when the fact is so."""
        match self:
            case When.ALWAYS:
                return True
            case When.LOCKED:
                return facts.locked
            case When.KEY_OUT:
                return facts.key_out
            case When.FIRE:
                return facts.fire
            case When.HELD:
                return facts.held


@dataclass(frozen=True, slots=True)
class Way:
    """Where an event leads when ``when`` holds: to a mode, or nowhere, with the refusal."""

    leads_to: Mode | Refusal
    when: When = When.ALWAYS


def _to(mode: Mode) -> tuple[Way, ...]:
    return (Way(mode),)


_REST = (Way("maintenance", When.LOCKED), Way("manual", When.KEY_OUT), Way("stopped"))
"""Standing still, as the locks and keys have it."""

_LOCKED_OUT = Refusal(
    "ZONE_LOCKED_OUT",
    "A person holds a lock on a zone: somebody may be in the machine.",
    "`garagectl zones` names who holds the locks. Each of them leaves the machine and releases the own lock.",
)
_ON_FIRE = Refusal(
    "FIRE_ALARM",
    "The garage is in the fire state.",
    "When the fire is over and the alarm is reset, a named person ends the state (`garagectl end-fire`); then start.",
)
_STILL_ON_FIRE = Refusal(
    "FIRE_STILL_REPORTED",
    "The fire alarm is still on, or the safety PLC does not prove that it is over.",
    "Reset the fire alarm system. If it is reset, check its contact at the safety PLC.",
)
_NO_FIRE = Refusal("NO_FIRE", "The garage is not in the fire state.", "Nothing needs to be ended.")
_IS_HELD = Refusal(
    "AXIS_IS_HELD",
    "Somebody moves an axis by hand.",
    "Ask who works there to release it and to come out; then start.",
)

_NO_FIRE_HERE = (Way(_NO_FIRE),)

TABLE: dict[tuple[Mode, ModeEvent], tuple[Way, ...]] = {
    ("stopped", ModeEvent.START): _to("automatic"),
    ("stopped", ModeEvent.STOP): _to("stopped"),
    ("stopped", ModeEvent.KEY_OUT): _to("manual"),
    ("stopped", ModeEvent.KEY_BACK): _REST,
    ("stopped", ModeEvent.LOCK): _to("maintenance"),
    ("stopped", ModeEvent.UNLOCK): _REST,
    ("stopped", ModeEvent.FIRE): _to("fire"),
    ("stopped", ModeEvent.FIRE_ENDED): _NO_FIRE_HERE,
    ("stopped", ModeEvent.CONTROLLER_RESTART): _REST,
    ("stopped", ModeEvent.SAFETY_RESTART): _REST,
    ("automatic", ModeEvent.START): _to("automatic"),
    ("automatic", ModeEvent.STOP): _REST,
    ("automatic", ModeEvent.KEY_OUT): _to("automatic"),
    ("automatic", ModeEvent.KEY_BACK): _to("automatic"),
    ("automatic", ModeEvent.LOCK): _to("maintenance"),
    ("automatic", ModeEvent.UNLOCK): (Way("maintenance", When.LOCKED), Way("automatic")),
    ("automatic", ModeEvent.FIRE): _to("fire"),
    ("automatic", ModeEvent.FIRE_ENDED): _NO_FIRE_HERE,
    ("automatic", ModeEvent.CONTROLLER_RESTART): _REST,
    ("automatic", ModeEvent.SAFETY_RESTART): _REST,
    ("manual", ModeEvent.START): (Way(_IS_HELD, When.HELD), Way("automatic")),
    ("manual", ModeEvent.STOP): _REST,
    ("manual", ModeEvent.KEY_OUT): _to("manual"),
    ("manual", ModeEvent.KEY_BACK): _REST,
    ("manual", ModeEvent.LOCK): _to("maintenance"),
    ("manual", ModeEvent.UNLOCK): _REST,
    ("manual", ModeEvent.FIRE): _to("fire"),
    ("manual", ModeEvent.FIRE_ENDED): _NO_FIRE_HERE,
    ("manual", ModeEvent.CONTROLLER_RESTART): _REST,
    ("manual", ModeEvent.SAFETY_RESTART): _REST,
    ("maintenance", ModeEvent.START): (Way(_LOCKED_OUT),),
    ("maintenance", ModeEvent.STOP): _REST,
    ("maintenance", ModeEvent.KEY_OUT): _to("maintenance"),
    ("maintenance", ModeEvent.KEY_BACK): _to("maintenance"),
    ("maintenance", ModeEvent.LOCK): _to("maintenance"),
    ("maintenance", ModeEvent.UNLOCK): _REST,
    ("maintenance", ModeEvent.FIRE): _to("fire"),
    ("maintenance", ModeEvent.FIRE_ENDED): _NO_FIRE_HERE,
    ("maintenance", ModeEvent.CONTROLLER_RESTART): _REST,
    ("maintenance", ModeEvent.SAFETY_RESTART): _REST,
    ("fire", ModeEvent.START): (Way(_ON_FIRE),),
    ("fire", ModeEvent.STOP): _to("fire"),
    ("fire", ModeEvent.KEY_OUT): _to("fire"),
    ("fire", ModeEvent.KEY_BACK): _to("fire"),
    ("fire", ModeEvent.LOCK): _to("fire"),
    ("fire", ModeEvent.UNLOCK): _to("fire"),
    ("fire", ModeEvent.FIRE): _to("fire"),
    ("fire", ModeEvent.FIRE_ENDED): (Way(_STILL_ON_FIRE, When.FIRE), *_REST),
    ("fire", ModeEvent.CONTROLLER_RESTART): _to("fire"),
    ("fire", ModeEvent.SAFETY_RESTART): _to("fire"),
}
"""For each mode and event the ways, of which the first that holds is taken. The last of each always holds."""


def following(mode: Mode, event: ModeEvent, facts: ModeFacts) -> Mode | Refusal:
    """Where ``event`` leads from ``mode``, or why it leads nowhere."""
    return next(way.leads_to for way in TABLE[mode, event] if way.when.holds(facts))
