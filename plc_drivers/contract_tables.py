"""Register and node tables of a device kind, as data, Markdown and JSON, from the one definition.

Owns the printed form of the contract: what the documents, ``garagectl contract`` and an integrator read. Must
never hold a fact of its own. ``python -m plc_drivers.contract_tables --write docs/contract`` writes the documents.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from plc_drivers.binding import DeviceBinding
from plc_drivers.contract import DEFINITIONS, Block, DeviceDefinition, DeviceKind, Tag, TagType
from plc_drivers.contract.codes import (
    ACK_HELP,
    CONTRACT_VERSION,
    DONE_HELP,
    FAULT_HELP,
    SIGN_HELP,
    AckResult,
    DoneResult,
    FaultCode,
    Sign,
    WarningBit,
)
from plc_drivers.modbus.image import Place
from plc_drivers.modbus.plan import tag_places
from plc_drivers.profile import OpcUaProfile

DOCUMENTS = Path("docs/contract")
"""Folder of the committed tables, below the project's root."""

_GENERATED = "Generated from the definitions (`python -m plc_drivers.contract_tables --write docs/contract`)."

_SIGNS = (
    "When the controller asks for each sign, and what the customer, or an attendant, does. The phases of a handover "
    "stand in [the architecture](../architecture.md#how-a-car-comes-down)."
)

_OPCUA_TYPES = {
    TagType.BOOL: "Boolean",
    TagType.UINT16: "UInt16",
    TagType.INT16: "Int16",
    TagType.UINT32: "UInt32",
    TagType.INT32: "Int32",
    TagType.FLOAT32: "Float",
    TagType.ENUM: "UInt16",
    TagType.BITS: "UInt16",
}


@dataclass(frozen=True, slots=True)
class TagRow:
    """One tag as a table shows it.

    ``area`` and ``address`` (with ``bit``) are its Modbus place, None for a tag that the PLC does not have under
    its profile; ``namespace`` and ``node`` its OPC UA node, empty for one that it does not have. ``access`` is ``R``
    or ``RW`` as the controller sees it. ``values`` lists (number, name) of an enumeration or of the bits of a bit
    field.
    """

    block: str
    tag: str
    type: str
    opcua_type: str
    unit: str
    low: float | None
    high: float | None
    access: str
    meaning: str
    area: str | None
    address: int | None
    bit: int | None
    registers: int
    word_order: str | None
    scale: float
    offset: float
    namespace: str
    node: str
    values: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class CommandRow:
    """One command of a kind. ``permit`` is None where there is none, or where the first argument decides which."""

    code: int
    name: str
    meaning: str
    permit: str | None
    permits: tuple[str, ...]
    arg1: str
    arg2: str


@dataclass(frozen=True, slots=True)
class DeviceTable:
    """Everything that the contract says of one device, or of a kind when no device is meant."""

    contract_version: int
    kind: str
    device: str
    device_id: int
    profile: str | None
    command: tuple[TagRow, ...]
    status: tuple[TagRow, ...]
    commands: tuple[CommandRow, ...]


def device_table(binding: DeviceBinding) -> DeviceTable:
    """The table of one device under its profile.

    Whether a profile can be exchanged at all is the link's question; a table is made of any.
    """
    definition = binding.definition
    return DeviceTable(
        contract_version=CONTRACT_VERSION,
        kind=definition.kind.name.lower(),
        device=binding.device,
        device_id=binding.device_id,
        profile=None if binding.profile is None else binding.profile.name,
        command=_rows(binding, definition.command),
        status=_rows(binding, definition.status),
        commands=tuple(
            CommandRow(
                int(spec.code),
                spec.code.name,
                spec.meaning,
                spec.permits[0] if len(spec.permits) == 1 else None,
                spec.permits,
                spec.arg1,
                spec.arg2,
            )
            for spec in definition.commands
        ),
    )


def kind_table(kind: DeviceKind) -> DeviceTable:
    """The table of a kind in the default image, for a device called ``lift1``, ``shuttle1``, and so on."""
    return device_table(DeviceBinding(f"{kind.name.lower()}1", 1, kind))


def _rows(binding: DeviceBinding, tags: Sequence[Tag]) -> tuple[TagRow, ...]:
    places = tag_places(binding)
    opcua = OpcUaProfile() if binding.profile is None else binding.profile.opcua
    absent = binding.absent | opcua.absent
    ordered = sorted(tags, key=lambda tag: (tag.word, tag.bit or 0))
    return tuple(
        _row(tag, places[tag.name], ("", "") if tag.name in absent else opcua.node(binding.device, tag.name))
        for tag in ordered
    )


def _row(tag: Tag, place: Place | None, node: tuple[str, str]) -> TagRow:
    registers = 0 if place is None else place.count
    return TagRow(
        block=tag.block.value,
        tag=tag.name,
        type=tag.wire.value,
        opcua_type=_OPCUA_TYPES[tag.wire],
        unit=tag.unit,
        low=None if _has_members(tag) else tag.bounds[0],
        high=None if _has_members(tag) else tag.bounds[1],
        access="RW" if tag.block is Block.COMMAND else "R",
        meaning=tag.meaning,
        area=None if place is None else place.area.value,
        address=None if place is None else place.address,
        bit=None if place is None else place.bit,
        registers=registers,
        word_order=_word_order(place),
        scale=1.0 if place is None else place.scale,
        offset=0.0 if place is None else place.offset,
        namespace=node[0],
        node=node[1],
        values=_values(tag),
    )


def _word_order(place: Place | None) -> str | None:
    if place is None or place.count < 2:
        return None
    return "low-first" if place.low_first else "high-first"


def _has_members(tag: Tag) -> bool:
    return tag.enum is not None or tag.wire in {TagType.BOOL, TagType.BITS}


def _values(tag: Tag) -> tuple[tuple[int, str], ...]:
    if tag.name == "warnings":
        return tuple((bit.value.bit_length() - 1, bit.name or "") for bit in WarningBit)
    members: type[IntEnum] | None = tag.enum
    return () if members is None else tuple((member.value, member.name) for member in members)


def to_json(table: DeviceTable) -> dict[str, Any]:
    """The table as plain data, for ``json.dumps``."""
    return asdict(table)


# --- Markdown -----------------------------------------------------------------------------------------------


def to_markdown(table: DeviceTable) -> str:
    """The table as a Markdown document."""
    definition = DEFINITIONS[DeviceKind[table.kind.upper()]]
    parts = [
        f"# {definition.title}: registers and nodes",
        _introduction(table, definition),
    ]
    if table.command:
        parts += ["## Commands", _commands(table.commands)]
        parts += ["## Command block: the controller writes", _tags(table.command)]
    parts += ["## Status block: the PLC writes", _tags(table.status)]
    parts += ["## Values of the enumerations", _enumerations((*table.command, *table.status))]
    return "\n\n".join(parts) + "\n"


def codes_markdown() -> str:
    """What acknowledgements, endings, faults and signs mean, as a Markdown document."""
    parts = [
        "# Codes: acknowledgements, endings, faults, signs",
        _GENERATED,
        "## `ack_result`",
        _table(("Code", "Name", "Meaning"), ((c.value, c.name, ACK_HELP[c]) for c in AckResult)),
        "## `done_result`",
        _table(("Code", "Name", "Meaning"), ((c.value, c.name, DONE_HELP[c]) for c in DoneResult)),
        "## `fault_code`",
        _table(("Code", "Name", "Cause", "Remedy"), ((c.value, c.name, *FAULT_HELP[c]) for c in FaultCode)),
        "## `sign`",
        _SIGNS,
        _table(
            ("Code", "Sign", "When shown", "What the customer does"), ((c.value, c.name, *SIGN_HELP[c]) for c in Sign)
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _introduction(table: DeviceTable, definition: DeviceDefinition) -> str:
    rules = (
        f"Contract version {table.contract_version}, device kind {definition.kind.value} ({table.kind}). The rules "
        "that go with these tables stand in [the device contract](../plc-contract.md)."
    )
    reading = (
        "Modbus addresses are protocol addresses, counted from 0; values of two registers have the high word first "
        "unless it says otherwise; bit 0 is the least significant. `R` is read by the controller and written by "
        f"nobody, `RW` is written by the controller. OPC UA nodes are in the namespace `{table.status[0].namespace}`; "
        f"the device is called `{table.device}` here, put in its name from the configuration."
    )
    return "\n\n".join((rules, reading, _lengths(table), _GENERATED))


def _lengths(table: DeviceTable) -> str:
    spans = []
    for name, rows in (("command", table.command), ("status", table.status)):
        placed = [row for row in rows if row.address is not None]
        if placed:
            first = min(row.address or 0 for row in placed)
            last = max((row.address or 0) + row.registers - 1 for row in placed)
            spans.append(f"{name} block: registers {first} to {last} ({last - first + 1} registers)")
    return "; ".join(spans).capitalize() + "."


def _commands(rows: Iterable[CommandRow]) -> str:
    return _table(
        ("Code", "Command", "What it does", "Permit", "`cmd_arg1`"),
        (
            (
                row.code,
                f"`{row.name}`",
                row.meaning,
                " or ".join(f"`permit_{permit}`" for permit in row.permits) or "none",
                row.arg1 or "0",
            )
            for row in rows
        ),
    )


def _tags(rows: Iterable[TagRow]) -> str:
    return _table(
        ("Register", "Tag", "Type", "Unit", "Range", "Access", "OPC UA node", "OPC UA type", "Meaning"),
        (
            (
                _address(row),
                f"`{row.tag}`",
                row.type,
                row.unit,
                _range(row),
                row.access,
                f"`{row.node}`" if row.node else "none",
                row.opcua_type,
                row.meaning,
            )
            for row in rows
        ),
    )


def _address(row: TagRow) -> str:
    if row.address is None:
        return "none"
    bit = "" if row.bit is None else f".{row.bit}"
    last = f" to {row.address + row.registers - 1}" if row.registers > 1 else ""
    area = "" if row.area == "holding" else f"{row.area} "
    order = " low word first" if row.word_order == "low-first" else ""
    scaled = f" (x {row.scale:g} + {row.offset:g})" if (row.scale, row.offset) != (1.0, 0.0) else ""
    return f"{area}{row.address}{bit}{last}{order}{scaled}"


def _range(row: TagRow) -> str:
    if row.type == "bool":
        return "0, 1"
    if row.values:
        return "bits, below" if row.type == "bits" else "see below"
    if row.low is None or row.high is None:
        return "any"
    return f"{row.low:g} to {row.high:g}" if abs(row.high) < 1e5 and abs(row.low) < 1e5 else _wide(row.low, row.high)


def _wide(low: float, high: float) -> str:
    return f"{low:.0f} to {high:.0f}" if abs(high) < 1e12 else "any"


def _enumerations(rows: Iterable[TagRow]) -> str:
    lines: list[tuple[str, str]] = []
    for row in rows:
        if row.values:
            what = "bit" if row.type == "bits" else ""
            lines.append((f"`{row.tag}`", ", ".join(f"{what} {number} {name}".strip() for number, name in row.values)))
    return _table(("Tag", "Values"), lines)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    lines += ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


# --- documents ----------------------------------------------------------------------------------------------


def documents() -> dict[str, str]:
    """Every generated document by file name."""
    pages = {f"{kind.name.lower()}.md": to_markdown(kind_table(kind)) for kind in DeviceKind}
    return {**pages, "codes.md": codes_markdown()}


def write_documents(folder: Path) -> list[Path]:
    """Write the documents that are not current; returns those.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    for name, text in documents().items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one kind's document, or write all of them."""
    parser = argparse.ArgumentParser(
        prog="python -m plc_drivers.contract_tables",
        description="Register and node tables of the device contract.",
        epilog="Example: python -m plc_drivers.contract_tables --write docs/contract",
    )
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--write", type=Path, metavar="FOLDER", help="write all documents to this folder")
    choice.add_argument("--kind", choices=[kind.name.lower() for kind in DeviceKind], help="print one kind's tables")
    options = parser.parse_args(arguments)
    if options.write is not None:
        for path in write_documents(options.write):
            sys.stdout.write(f"{path}\n")
    else:
        sys.stdout.write(to_markdown(kind_table(DeviceKind[options.kind.upper()])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
