"""Profiles: how a PLC that is already in the field differs from the default images, as a TOML file.

Owns the keys of a profile file and the words with which a wrong one is refused. One file serves Modbus and
OPC UA. A profile moves tags; it must never change what a tag means: it cannot invert a bit, invent a constant or
scale an identity, because a dead register must keep reading as unsafe (H10).
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from plc_drivers.contract import DEFINITIONS, Block, DeviceKind, Tag, TagType
from plc_drivers.contract.definition import COMMAND_BASE, SPECIFIC_WORD, STATUS_BASE

OPCUA_NAMESPACE = "urn:garage-controller:contract:1"
"""Namespace URI of the contract's default OPC UA nodes."""

OPCUA_NODE_PATTERN = "s={device}.{tag}"
"""Default node id: a string id equal to the tag's path."""

_NUMERIC = frozenset({TagType.UINT16, TagType.INT16, TagType.UINT32, TagType.INT32, TagType.FLOAT32})


class Area(StrEnum):
    """The four tables of a Modbus device. Coils and holding registers can be written."""

    HOLDING = "holding"
    INPUT = "input"
    COIL = "coil"
    DISCRETE = "discrete"

    @property
    def holds_bits(self) -> bool:
        """True for the tables of single bits."""
        return self in {Area.COIL, Area.DISCRETE}


class WordOrder(StrEnum):
    """Which register of a 32-bit value comes first."""

    HIGH_FIRST = "high-first"
    LOW_FIRST = "low-first"


class ExchangeStyle(StrEnum):
    """How one exchange writes the outputs and reads the status."""

    FC23 = "fc23"
    FC16_FC3 = "fc16+fc3"
    FC16_FC4 = "fc16+fc4"


class ProfileError(ValueError):
    """A profile file is wrong; the text names file, key and value and says what would be right."""


Address = Annotated[int, Field(ge=0, le=65_535)]
KindName = Literal["lift", "shuttle", "cabin", "safety"]
WireName = Literal["uint16", "int16", "uint32", "int32", "float32"]
NodeText = Annotated[str, Field(pattern=r"^(s=.+|i=[0-9]+|g=[0-9A-Fa-f{}-]+|b=.+)$")]


class ProfileModel(BaseModel):
    """Base of all parts of a profile: unknown keys are refused, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ModbusTag(ProfileModel):
    """Where one tag lies in this PLC.

    ``address`` is absolute, ``word`` counts from the base of the tag's block; at most one of them. ``bit`` is
    for a bool inside a register, 0 the least significant. ``wire`` is the type in the registers where it is not
    the contract's. The tag's value is ``raw * scale + offset``. ``absent`` says that this PLC has no such signal: it
    then always reads as bad.
    """

    area: Area | None = None
    address: Address | None = None
    word: Address | None = None
    bit: Annotated[int, Field(ge=0, le=15)] | None = None
    wire: WireName | None = None
    word_order: WordOrder | None = None
    scale: Annotated[float, Field(allow_inf_nan=False)] = 1.0
    offset: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    absent: bool = False

    @property
    def is_scaled(self) -> bool:
        """True when raw and value differ."""
        return self.scale != 1.0 or self.offset != 0.0

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.address is not None and self.word is not None:
            raise ValueError("give address (absolute) or word (from the block's base), not both")
        if self.scale == 0.0:
            raise ValueError("scale must not be 0")
        if self.absent and self.model_fields_set != {"absent"}:
            raise ValueError("an absent tag has no other keys")
        if self.area is not None and self.area.holds_bits and self.bit is not None:
            raise ValueError("a coil or discrete input is one bit already; remove bit")
        if self.area is not None and self.area.holds_bits and self.address is None:
            raise ValueError("a coil or discrete input needs its address")
        return self


class ModbusBases(ProfileModel):
    """Bases of one device where several devices share a unit; what is not given is as for the whole profile."""

    command_base: Address | None = None
    status_base: Address | None = None


class ModbusProfile(ProfileModel):
    """How the PLC differs from the default Modbus image."""

    exchange: ExchangeStyle = ExchangeStyle.FC23
    command_base: Address = COMMAND_BASE
    status_base: Address = STATUS_BASE
    word_order: WordOrder = WordOrder.HIGH_FIRST
    ignore_unit: bool = False
    """Take answers whatever unit id they carry: some PLCs answer with an id of their own. TCP only."""
    minimum_silence_ms: Annotated[float, Field(ge=0, le=1000)] = 0.0
    """Least silence between frames on a serial line; the 3.5 characters of the standard where that is longer."""
    connect_spacing_ms: Annotated[int, Field(ge=0, le=5000)] = 0
    """Least time between two connects to the same host."""
    largest_gap: Annotated[int, Field(ge=0, le=64)] = 0
    """Registers (or bits) between two re-bound tags that may be read along with them to save a request."""
    devices: Mapping[str, ModbusBases] = Field(default_factory=dict)
    tags: Mapping[str, ModbusTag] = Field(default_factory=dict)

    @property
    def absent(self) -> frozenset[str]:
        """Tags that this PLC has no register or bit for."""
        return frozenset(name for name, tag in self.tags.items() if tag.absent)

    @property
    def status_area(self) -> Area:
        """Table of the status block."""
        return Area.INPUT if self.exchange is ExchangeStyle.FC16_FC4 else Area.HOLDING

    def status_base_of(self, device: str) -> int:
        """First register of the device's status block."""
        own = self.devices.get(device)
        return self.status_base if own is None or own.status_base is None else own.status_base

    def command_base_of(self, device: str) -> int:
        """First register of the device's command block."""
        own = self.devices.get(device)
        return self.command_base if own is None or own.command_base is None else own.command_base


class OpcUaNode(ProfileModel):
    """Node of one tag: ``s=Path.Of.Node``, ``i=1234``, ``g=...`` or ``b=...``; ``{device}`` stands for its name.

    ``namespace`` is the namespace's URI where it is not the profile's. ``absent`` says that this server has no such
    node: it is never asked for, and the tag always reads as bad.
    """

    node: NodeText | None = None
    namespace: str | None = None
    absent: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.absent and self.model_fields_set != {"absent"}:
            raise ValueError("an absent tag has no other keys")
        if not self.absent and self.node is None:
            raise ValueError("give node, or absent = true where the server has none for this tag")
        return self


class OpcUaProfile(ProfileModel):
    """How the server's address space differs from the default one."""

    namespace: Annotated[str, Field(min_length=1)] = OPCUA_NAMESPACE
    pattern: NodeText = OPCUA_NODE_PATTERN
    """Node id of every tag that is not listed; ``{device}`` and ``{tag}`` are put in."""
    nodes: Mapping[str, OpcUaNode] = Field(default_factory=dict)

    def node(self, device: str, tag: str) -> tuple[str, str]:
        """Namespace URI and node id (``s=...``, ``i=...``) of a device's tag."""
        own = self.nodes.get(tag)
        if own is None or own.node is None:
            return self.namespace, self.pattern.replace("{device}", device).replace("{tag}", tag)
        return own.namespace or self.namespace, own.node.replace("{device}", device)

    @property
    def absent(self) -> frozenset[str]:
        """Tags that the server has no node for."""
        return frozenset(name for name, node in self.nodes.items() if node.absent)


class Profile(ProfileModel):
    """One profile file."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    note: str = ""
    kinds: tuple[KindName, ...] = Field(default=("lift", "shuttle", "cabin", "safety"), min_length=1)
    """Device kinds that this profile is for; a tag must belong to one of them."""
    modbus: ModbusProfile = ModbusProfile()
    opcua: OpcUaProfile = OpcUaProfile()

    def covers(self, kind: DeviceKind) -> bool:
        """True when the profile is meant for this kind."""
        return kind.name.lower() in self.kinds


def load_profile(path: Path) -> Profile:
    """Read and check a profile file.

    Raises:
        ProfileError: the file cannot be read, is not TOML, or holds a wrong key or value.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ProfileError(f"{path}: cannot be read ({error.strerror}); give the path of a profile file") from error
    except UnicodeDecodeError as error:
        raise ProfileError(f"{path}: is not UTF-8 text; save the file as UTF-8") from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{path}: is not valid TOML: {error}") from error
    return parse_profile(data, str(path))


def parse_profile(data: Mapping[str, Any], source: str) -> Profile:
    """Check a profile that has been read from ``source``, which is only used in messages.

    Raises:
        ProfileError: a wrong key or value; all of them are listed, one a line.
    """
    try:
        profile = Profile.model_validate(data)
    except ValidationError as error:
        raise ProfileError("\n".join(_explain(source, entry) for entry in error.errors())) from error
    problems = [f"{source}: {problem}" for problem in _tag_problems(profile)]
    if problems:
        raise ProfileError("\n".join(problems))
    return profile


def _explain(source: str, entry: Any) -> str:
    location = [str(part) for part in entry["loc"]]
    key = ".".join(location) or "(file)"
    if entry["type"] == "extra_forbidden":
        allowed = _allowed_keys(entry["loc"][:-1])
        return f"{source}: {key}: unknown key; {_nearest(location[-1], allowed)}"
    if entry["type"] == "missing":
        return f"{source}: {key}: is missing; this key is required"
    return f"{source}: {key} = {entry['input']!r}: {entry['msg'].removeprefix('Value error, ')}"


def _allowed_keys(location: tuple[int | str, ...]) -> list[str]:
    """Keys that the table at ``location`` can hold."""
    match location:
        case ():
            model: type[ProfileModel] = Profile
        case ("modbus",):
            model = ModbusProfile
        case ("modbus", "devices", _):
            model = ModbusBases
        case ("modbus", "tags", _):
            model = ModbusTag
        case ("opcua",):
            model = OpcUaProfile
        case _:
            model = OpcUaNode
    return sorted(model.model_fields)


def _nearest(word: str, allowed: Iterable[str]) -> str:
    names = sorted(allowed)
    close = difflib.get_close_matches(word, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"allowed: {', '.join(names)}"


def _tag_problems(profile: Profile) -> Iterable[str]:
    tags: dict[str, list[Tag]] = {}
    for kind in profile.kinds:
        definition = DEFINITIONS[DeviceKind[kind.upper()]]
        for tag in definition.status + definition.command:
            tags.setdefault(tag.name, []).append(tag)
    for name in sorted({*profile.modbus.tags, *profile.opcua.nodes} - tags.keys()):
        table = "modbus.tags" if name in profile.modbus.tags else "opcua.nodes"
        yield f"{table}.{name}: no {' or '.join(profile.kinds)} has this tag; {_nearest(name, tags)}"
    for name in sorted(profile.opcua.absent):
        if any(tag.block is Block.COMMAND for tag in tags.get(name, ())):
            yield f"opcua.nodes.{name}.absent = True: a command tag cannot be left out; every one of them is written"
    for name, own in profile.modbus.tags.items():
        for tag in tags.get(name, [])[:1]:
            for problem in _modbus_tag_problems(tag, own, profile.modbus):
                yield f"modbus.tags.{name}{problem}"


def _modbus_tag_problems(tag: Tag, own: ModbusTag, modbus: ModbusProfile) -> Iterable[str]:
    is_bool = tag.wire is TagType.BOOL
    area = own.area or (Area.HOLDING if tag.block is Block.COMMAND else modbus.status_area)
    if area.holds_bits and not is_bool:
        yield f".area = {area.value!r}: a {tag.wire.value} needs registers; give holding or input"
    if tag.block is Block.COMMAND and area in {Area.INPUT, Area.DISCRETE}:
        yield f".area = {area.value!r}: a command is written; give holding or coil"
    if own.bit is not None and not is_bool:
        yield f".bit = {own.bit}: only a bool has a bit; this is a {tag.wire.value}"
    if own.wire is not None and tag.wire not in _NUMERIC:
        yield f".wire = {own.wire!r}: a {tag.wire.value} cannot be re-typed; remove the key"
    if (own.wire is not None or own.is_scaled) and not may_be_scaled(tag):
        yield (
            f": scale, offset and wire are for measured values (status tags from word {SPECIFIC_WORD} on with a "
            "unit); an identity, counter, clock or command must come as it is"
        )
    if own.absent and tag.block is Block.COMMAND:
        yield ".absent = True: a command tag cannot be left out; every one of them is written"


def may_be_scaled(tag: Tag) -> bool:
    """True for measured values: offsets on anything else could make a dead register look alive (H10)."""
    return tag.block is Block.STATUS and tag.wire in _NUMERIC and bool(tag.unit) and tag.word >= SPECIFIC_WORD
