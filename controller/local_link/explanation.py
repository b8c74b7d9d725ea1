"""The question why something may not move or does not happen, and its answer, as messages of the local link.

Owns their schema. Depends on nothing but msgspec. Must never hold logic.
"""

from __future__ import annotations

from typing import Literal

import msgspec

NAME_LENGTH_MAX = 80
"""Longest name that can be asked for."""


class Explain(msgspec.Struct, frozen=True, kw_only=True, tag="explain"):
    """Ask why ``what`` may not be, or does not go on: a function, a command, a device, a car, an
    order, a booking, the garage.
    """

    what: str


class ExplainedReading(msgspec.Struct, frozen=True, kw_only=True):
    """A reading that fails a condition.

    ``shown`` is its value in words and ``must`` what it has to be. ``way`` is empty for what is needed in any case;
    where one of several ways would be enough it names choice and way, as ``1a`` and ``1b``. ``source`` says where it
    is read: link, and register or node. ``fault`` is the device's, empty while its readings are good.
    """

    tag: str
    meaning: str
    value: bool | int | float | None
    shown: str
    unit: str
    must: str
    way: str = ""
    age_ms: int
    quality: Literal["good", "stale", "bad", "missing"]
    device: str
    link: str
    source: str
    fault: str = ""


class ExplainedCondition(msgspec.Struct, frozen=True, kw_only=True):
    """An interlock that does not hold, with the readings that fail it.

    ``phase`` is ``run`` for one that guards permits and ``start`` for one that guards the start of a command.
    ``unknown`` is true when something is not known, rather than false. ``remaining_ms`` is what is left of a holding
    time that runs. ``without`` names waived sensors.
    """

    id: str
    title: str
    hazard: str
    phase: Literal["run", "start"]
    guards: list[str]
    unknown: bool
    text: str
    remedy: str
    standard: str
    remaining_ms: int | None = None
    readings: list[ExplainedReading] = []
    without: list[str] = []


class ExplainedReason(msgspec.Struct, frozen=True, kw_only=True):
    """A reason beside the interlocks: the mode, a block, a claim, the journal. ``about`` is what it speaks of."""

    code: str
    text: str
    remedy: str
    about: str = ""


class WaiverView(msgspec.Struct, frozen=True, kw_only=True):
    """A sensor that an interlock reads and the garage does not have; ``expires`` is the first day without waiver."""

    sensor: str
    hazards: list[str]
    person: str
    reason: str
    expires: str
    days_left: int
    expired: bool


class Explanation(msgspec.Struct, frozen=True, kw_only=True, tag="explanation"):
    """Why ``what`` may not be, or that nothing stands in its way. ``summary`` says it in one sentence.

    ``facts`` are what is so, in sentences. ``left_out`` counts conditions beyond those shown. ``see`` names what
    else could be asked. Times are Unix milliseconds.
    """

    what: str
    noun: Literal["garage", "device", "cabin", "function", "command", "interlock", "vehicle", "order", "booking"]
    at_ms: int
    clear: bool
    summary: str
    facts: list[str] = []
    reasons: list[ExplainedReason] = []
    conditions: list[ExplainedCondition] = []
    left_out: int = 0
    waivers: list[WaiverView] = []
    see: list[str] = []
