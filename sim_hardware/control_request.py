"""The bodies of control requests: what may stand in them, and the refusal of everything else.

Owns the checks of single fields. Must never carry a request out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any, TypeVar

from sim_hardware.fault import Fault, FaultKind, FaultPoint
from sim_hardware.plant.body import VehicleSpec

FieldType = TypeVar("FieldType", str, int, bool, dict[str, Any])

_SIZES = frozenset(entry.name for entry in fields(VehicleSpec)) - {"id"}
_IGNORED = frozenset({"model", "electric"})
"""What an order says of a car and its body does not show."""
_LARGEST = 20_000
_FAULT_FIELDS = frozenset({"target", "kind", "value", "period_ms", "point", "peer", "for_ms"})

Word = TypeVar("Word", bound=StrEnum)


class ControlError(Exception):
    """A refused request: HTTP status, stable code, what is wrong, what would be right."""

    def __init__(self, status: int, code: str, text: str, remedy: str) -> None:
        super().__init__(f"{code}: {text} {remedy}")
        self.status = status
        self.code = code
        self.text = text
        self.remedy = remedy


def field(body: Mapping[str, Any], name: str, kind: type[FieldType]) -> FieldType:
    """A field that must be there.

    Raises:
        ControlError: it is missing or of another type.
    """
    value = optional_field(body, name, kind)
    if value is None:
        raise ControlError(422, "BAD_REQUEST", f"{name} is missing.", f"Give {name} as {kind.__name__}.")
    return value


def optional_field(body: Mapping[str, Any], name: str, kind: type[FieldType]) -> FieldType | None:
    """A field that may be missing or null.

    Raises:
        ControlError: it is of another type.
    """
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ControlError(422, "BAD_REQUEST", f"{name} = {value!r} is no {kind.__name__}.", f"Give {kind.__name__}.")
    return value


def vehicle_of(entry: Mapping[str, Any]) -> VehicleSpec:
    """The car of an arrival: ``id`` and any size of ``VehicleSpec`` in mm or kg.

    Raises:
        ControlError: no id, an unknown key, or a size that is none.
    """
    unknown = sorted(entry.keys() - _SIZES - _IGNORED - {"id"})
    if unknown:
        raise ControlError(
            422, "BAD_REQUEST", f"vehicle.{unknown[0]} is unknown.", f"Known: id, {', '.join(sorted(_SIZES))}."
        )
    sizes: dict[str, int] = {}
    for name in _SIZES & entry.keys():
        size = optional_field(entry, name, int)
        if size is None:
            continue
        if not 0 < size <= _LARGEST:
            raise ControlError(422, "BAD_REQUEST", f"vehicle.{name} = {size}.", f"Give 1 to {_LARGEST}.")
        sizes[name] = size
    return VehicleSpec(field(entry, "id", str), **sizes)


def fault_of(body: Mapping[str, Any]) -> Fault:
    """The fault of an injection: ``target``, ``kind`` and what its kind needs, see ``Fault``.

    Raises:
        ControlError: a field is missing, unknown or of another type.
    """
    unknown = sorted(body.keys() - _FAULT_FIELDS)
    if unknown:
        known = ", ".join(sorted(_FAULT_FIELDS))
        raise ControlError(422, "BAD_REQUEST", f"{unknown[0]} is unknown.", f"Known: {known}.")
    point = optional_field(body, "point", str)
    return Fault(
        field(body, "target", str),
        _word(FaultKind, "kind", field(body, "kind", str)),
        optional_field(body, "value", int),
        optional_field(body, "period_ms", int),
        None if point is None else _word(FaultPoint, "point", point),
        optional_field(body, "peer", str),
        optional_field(body, "for_ms", int),
    )


def _word(words: type[Word], name: str, text: str) -> Word:
    try:
        return words(text)
    except ValueError as error:
        known = ", ".join(word.value for word in words)
        raise ControlError(422, "BAD_REQUEST", f"{name} = {text!r} is unknown.", f"Known: {known}.") from error
