"""Readings as an explanation shows them: meaning, value in words, age, and where each is read.

Owns that form, for tags and for what persons do. Must never judge a reading.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from controller.local_link.explanation import ExplainedReading
from plc_drivers.contract import CommandCode, DeviceDefinition, Value
from safety.expression import Tag
from safety.requirement import shown

SourceOf = Callable[[str, str], tuple[str, str]]
"""Link and place of a device's tag: ``("lift-plc", "holding register 136 bit 10, unit 1")``."""

_QUALITY: dict[str, Literal["good", "stale", "bad", "missing"]] = {
    "GOOD": "good",
    "STALE": "stale",
    "BAD": "bad",
    "MISSING": "missing",
}


@dataclass(frozen=True, slots=True)
class _Act:
    """What a person does, as it is shown: its meaning, in words when it is done and when it is not, and where."""

    meaning: str
    done: str
    not_done: str
    source: str


_RESET = _Act("A person's reset of this trip.", "asked for", "not asked for", "garagectl clear")
_ACTS = {
    ".reset": _RESET,
    ".hold_to_run": _Act("Somebody holds this axis in manual.", "held", "not held", "garagectl manual"),
    ".personal_lock": _Act("Somebody holds a lock on the zone in the books.", "held", "not held", "garagectl zones"),
}


@dataclass(frozen=True, slots=True)
class ReadingDesk:
    """Shows the readings of the devices with these definitions."""

    definitions: Mapping[str, DeviceDefinition]
    source_of: SourceOf

    def explained(
        self, reading: tuple[str, bool | int | float | None, int, str, str], must: str, way: str
    ) -> ExplainedReading:
        """One reading (name, value, age in ms, quality, the device's fault), with what it must be and to which way."""
        name, value, age_ms, quality, fault = reading
        device, _, part = name.partition(".")
        definition = self.definitions.get(device)
        for end, act in _ACTS.items():
            if name.endswith(end):
                return _act(name, act, must, way, age_ms, done=value is True)
        if definition is None:
            return _act(name, _RESET, must, way, age_ms, done=False)
        link, source = self.source_of(device, part)
        return ExplainedReading(
            tag=name,
            meaning=meaning_of(definition, part),
            value=value,
            shown=_shown(device, definition, part, value),
            unit=definition.tag(part).unit if part in definition.status_index else "",
            must=must,
            way=way,
            age_ms=max(0, age_ms),
            quality=_QUALITY[quality],
            device=device,
            link=link,
            source=source,
            fault=fault,
        )


def meaning_of(definition: DeviceDefinition, part: str) -> str:
    """What the contract says of a tag or permit."""
    if part in definition.status_index or part in definition.command_index:
        return definition.tag(part).meaning
    return definition.tag(f"permit_{part}").meaning if part in definition.permits else ""


def _act(name: str, act: _Act, must: str, way: str, age_ms: int, *, done: bool) -> ExplainedReading:
    return ExplainedReading(
        tag=name,
        meaning=act.meaning,
        value=done,
        shown=act.done if done else act.not_done,
        unit="",
        must=must,
        way=way,
        age_ms=age_ms,
        quality="good",
        device="",
        link="",
        source=act.source,
    )


def _shown(device: str, definition: DeviceDefinition, part: str, value: Value | None) -> str:
    if part in definition.status_index:
        return shown(Tag(device, definition.kind, part), value)
    if part == "cmd_code":
        return "nothing" if value is None else CommandCode(int(value)).name
    return "permitted" if value else "not permitted"
