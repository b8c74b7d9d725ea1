"""The command registers of an emulated PLC: what may be written into them, and the refusal of everything else.

Owns the check of one protocol write, all of it or nothing. Must never act on a value; the scan does that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum

from plc_drivers.contract import DeviceDefinition, Tag, TagType, Value


class Refused(Enum):
    """Why a write was refused; each server answers with its protocol's own error."""

    UNKNOWN_TAG = "unknown-tag"
    NOT_WRITABLE = "not-writable"
    WRONG_TYPE = "wrong-type"
    OUT_OF_RANGE = "out-of-range"


class WriteRefusedError(ValueError):
    """A protocol write that changes nothing, because one of its values is not understood."""

    def __init__(self, reason: Refused, tag: str, detail: str) -> None:
        super().__init__(f"{tag}: {detail}")
        self.reason = reason
        self.tag = tag


class CommandRegisters:
    """The latest accepted values of a device's command block; all 0 after a start of the PLC."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._definition = definition
        self._tags = {tag.name: tag for tag in definition.command}
        self._status = frozenset(definition.status_index)
        self.values: dict[str, Value] = {}
        self._accepted: dict[str, Value] = {}
        """What was written last: it has been checked, and most writes repeat most of it."""
        self.clear()

    def clear(self) -> None:
        """Back to what a PLC starts with."""
        self.values = {tag.name: False if tag.wire is TagType.BOOL else 0 for tag in self._definition.command}
        self._accepted.clear()

    def check(self, values: Mapping[str, Value]) -> None:
        """Look at one write without taking it.

        Raises:
            WriteRefusedError: a tag is unknown, read only, of the wrong type or out of range.
        """
        accepted = self._accepted
        for name, value in values.items():
            known = accepted.get(name)
            if known == value and type(known) is type(value):
                continue
            tag = self._tags.get(name)
            if tag is None:
                reason = Refused.NOT_WRITABLE if name in self._status else Refused.UNKNOWN_TAG
                raise WriteRefusedError(reason, name, "is not a command tag of this device")
            check_value(tag, value)

    def write(self, values: Mapping[str, Value]) -> None:
        """Take one protocol write, all or nothing.

        Raises:
            WriteRefusedError: as ``check``; then nothing has changed.
        """
        self.check(values)
        self.values.update(values)
        self._accepted.update(values)


def check_value(tag: Tag, value: Value) -> None:
    """Refuse a value that the tag cannot hold.

    Raises:
        WriteRefusedError: wrong type, or out of the tag's range.
    """
    if (tag.wire is TagType.BOOL) is not isinstance(value, bool):
        raise WriteRefusedError(Refused.WRONG_TYPE, tag.name, f"{value!r} is not a {tag.wire.value}")
    if tag.wire is TagType.FLOAT32:
        if not isinstance(value, (int, float)) or not math.isfinite(value):
            raise WriteRefusedError(Refused.WRONG_TYPE, tag.name, f"{value!r} is not a finite number")
    elif not isinstance(value, int):
        raise WriteRefusedError(Refused.WRONG_TYPE, tag.name, f"{value!r} is not a {tag.wire.value}")
    if not tag.admits(value):
        raise WriteRefusedError(Refused.OUT_OF_RANGE, tag.name, f"{value!r} is out of range")
