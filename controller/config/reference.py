"""The reference of all configuration keys as a Markdown page, made from the models.

Owns the page's form. Must never hold a fact about a key: name, range, default and meaning stand in the models.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from controller.config import links, models, schema

_SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("garage", models.GarageSection),
    ("garage.envelope", models.Envelope),
    ("controller", models.ControllerSection),
    ("bookings", models.BookingsSection),
    ("journal", models.JournalSection),
    ("black_box", models.BlackBoxSection),
    ("api", models.ApiSection),
    ('links, with `protocol = "modbus-tcp"`', links.ModbusTcpLink),
    ('links, with `protocol = "modbus-rtu"`', links.ModbusRtuLink),
    ('links, with `protocol = "opc-ua"`', links.OpcUaLink),
    ('links, with `protocol = "memory"`', links.MemoryLink),
    ("levels", models.Level),
    ("aisle", models.Aisle),
    ("aisle.columns", models.Column),
    ("places", models.PlaceBlock),
    ("lifts", models.LiftSection),
    ("lifts.axis", models.LiftAxis),
    ("shuttles", models.ShuttleSection),
    ("shuttles.axis", models.ShuttleAxis),
    ("shuttles.transfer", models.Transfer),
    ("cabins", models.CabinSection),
    ("safety", models.SafetySection),
    ("waivers", models.WaiverSection),
    ("vehicles", models.VehicleEntry),
    ("emulation", models.EmulationSection),
)

_HEAD = """# Configuration

Generated from the models in `controller/config/` by `make docs`; `make docs-check` compares.

A garage is one TOML file (or a JSON file with the same keys). An unknown key is an error, a number in quotes is no
number, and `garagectl check-config FILE` names every mistake at once with file, key, value and what would be right. It
also checks what no single key can tell: names that refer to nothing, ports and unit ids used twice, times that leave no
room for each other, storeys and places that overlap, places and cabins that no shuttle reaches, cars that do not fit.

Units stand last in the names. The complete examples in `config/` are the best place to begin.
"""


def markdown() -> str:
    """The whole page."""
    parts = [_HEAD, "## The file\n", _table(models.GarageConfig)]
    for title, model in _SECTIONS:
        heading = f"`{title}`" if "`" not in title else f"`links`{title.removeprefix('links')}"
        parts += [f"## {heading}\n", _introduction(model), _table(model)]
    return "\n".join(parts).rstrip() + "\n"


def _introduction(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split()) + "\n"


def _table(model: type[BaseModel]) -> str:
    rows = ["| key | may be | default | meaning |", "| --- | --- | --- | --- |"]
    rows += [f"| `{key}` | {may} | {default} | {meaning} |" for key, may, default, meaning in _keys(model)]
    return "\n".join(rows) + "\n"


def _keys(model: type[BaseModel]) -> Iterator[tuple[str, str, str, str]]:
    properties = schema.root()["properties"] if model is models.GarageConfig else None
    if properties is None:
        properties = schema.root()["$defs"][model.__name__]["properties"]
    for key, field in model.model_fields.items():
        may = schema.described(properties[key]).replace("|", "\\|")
        yield key, may, _default(field), _meaning(model, key)


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default()
    if field.is_required() or value is PydanticUndefined:
        return "required"
    if value is None:
        return "none"
    if isinstance(value, BaseModel):
        return "see below"
    plain = [*value] if isinstance(value, tuple) else value
    text = json.dumps(str(plain) if isinstance(plain, Path) else plain)
    return f"`{text}`"


def _meaning(model: type[BaseModel], key: str) -> str:
    """What the models say of a key; a key that a model only gives another default keeps its base's words."""
    for owner in model.__mro__:
        if issubclass(owner, BaseModel) and key in owner.model_fields and owner.model_fields[key].description:
            return " ".join(str(owner.model_fields[key].description).split()).replace("|", "\\|")
    return ""
