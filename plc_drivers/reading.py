"""What was read of the machine: every value with its age and quality, never a value alone (H10).

Owns the process image. Must never decide what a value means for the machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from plc_drivers.contract import DeviceDefinition, Value


class Quality(IntEnum):
    """How far a reading can be trusted; only GOOD may ever permit anything."""

    GOOD = 0
    STALE = 1
    BAD = 2
    MISSING = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """One tag's value, when it arrived (controller's monotonic clock) and its quality."""

    value: Value | None
    at_ms: int
    quality: Quality


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a device's readings are not good: a stable code, what was seen, and what to do about it."""

    code: str
    detail: str
    remedy: str

    def as_sentences(self) -> Fault:
        """The same with whole sentences: links tell theirs as half sentences, to be put together as one likes."""
        return Fault(self.code, _sentence(self.detail), _sentence(self.remedy))


def _sentence(text: str) -> str:
    # A path or an address at the beginning is not a word: with a capital it would name another file.
    if text.partition(" ")[0].isalpha():
        text = text[:1].upper() + text[1:]
    return text + ("" if not text or text.endswith((".", "!", "?")) else ".")


@dataclass(frozen=True, slots=True)
class DeviceImage:
    """All status tags of one device as they were in one answer.

    ``values`` follows the order of ``definition.status``. ``quality`` is the device's; ``bad_tags`` holds the
    positions of single tags that are worse than the device (out of range, or refused by an OPC UA server).
    ``fault`` says why the device is not GOOD.
    """

    device: str
    definition: DeviceDefinition
    values: tuple[Value | None, ...]
    at_ms: int
    quality: Quality
    bad_tags: frozenset[int] = frozenset()
    fault: Fault | None = None

    def value(self, tag: str) -> Value | None:
        """The tag's value when it is GOOD, else None: unknown.

        Raises:
            KeyError: this kind of device has no such status tag.
        """
        index = self.definition.status_index[tag]
        if self.quality is not Quality.GOOD or index in self.bad_tags:
            return None
        return self.values[index]

    def reading(self, tag: str) -> Reading:
        """The tag's last value with its age and quality, whatever that quality is.

        Raises:
            KeyError: this kind of device has no such status tag.
        """
        index = self.definition.status_index[tag]
        quality = self.quality
        if index in self.bad_tags:
            quality = max(quality, Quality.BAD)
        return Reading(self.values[index], self.at_ms, quality)

    @classmethod
    def missing(cls, device: str, definition: DeviceDefinition, now_ms: int, fault: Fault | None = None) -> DeviceImage:
        """Image of a device that has never answered."""
        return cls(device, definition, (None,) * len(definition.status), now_ms, Quality.MISSING, fault=fault)


@dataclass(frozen=True, slots=True)
class ProcessImage:
    """Every device's image at one cycle. ``now_ms`` is the controller's monotonic clock at that cycle."""

    now_ms: int
    devices: Mapping[str, DeviceImage] = field(default_factory=dict)

    def __getitem__(self, device: str) -> DeviceImage:
        return self.devices[device]

    def __iter__(self) -> Iterator[str]:
        return iter(self.devices)

    def value(self, device: str, tag: str) -> Value | None:
        """The tag's value when it is GOOD, else None.

        Raises:
            KeyError: no such device or tag.
        """
        return self.devices[device].value(tag)
