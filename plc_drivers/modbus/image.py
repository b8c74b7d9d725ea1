"""The codec between tag values and the bytes of Modbus registers and bits.

Owns where each byte of a tag lies in an answer and what makes a value bad. Compiled once per device, then table
driven: a garage of 32 devices decodes 1,600 blocks a second. Pure; must never send, wait or read a clock.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from plc_drivers.contract import Tag, TagType, Value
from plc_drivers.profile import Area

_FORMATS: dict[TagType, str] = {
    TagType.UINT16: "H",
    TagType.INT16: "h",
    TagType.UINT32: "I",
    TagType.INT32: "i",
    TagType.FLOAT32: "f",
    TagType.ENUM: "H",
    TagType.BITS: "H",
    TagType.BOOL: "B",
}
_BITS: tuple[tuple[bool, ...], ...] = tuple(tuple(bool(byte >> bit & 1) for bit in range(8)) for byte in range(256))
"""The eight bits of each byte, least significant first."""


class ImageError(ValueError):
    """An image cannot be built (two tags on one place, a tag outside all spans), or a value cannot be written."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one tag lies: table, absolute address, type on the wire. ``bit`` only for a bool in a register.

    The tag's value is ``raw * scale + offset``.
    """

    area: Area
    address: int
    wire: TagType
    bit: int | None = None
    low_first: bool = False
    scale: float = 1.0
    offset: float = 0.0

    @property
    def count(self) -> int:
        """Registers, or bits, that it takes."""
        return 1 if self.area.holds_bits else self.wire.registers


@dataclass(frozen=True, slots=True)
class Span:
    """A run of ``count`` registers, or bits, from an absolute address on: one request's worth."""

    area: Area
    address: int
    count: int

    @property
    def size(self) -> int:
        """Bytes of its data in a request or answer."""
        return (self.count + 7) // 8 if self.area.holds_bits else 2 * self.count

    def holds(self, place: Place) -> bool:
        """True when the whole place lies in this span."""
        return (
            self.area is place.area
            and self.address <= place.address
            and place.address + place.count <= self.address + self.count
        )


@dataclass(frozen=True, slots=True)
class _Field:
    """One unit of the struct format: a number, or a byte with bools; ``at`` are its bytes, most significant first."""

    at: tuple[int, ...]
    code: str
    number: int | None
    bools: tuple[tuple[int, int], ...] = ()
    """(tag position, bit in the byte)."""


class BlockCodec:
    """Codec of one block (status or command) of one device.

    ``places`` gives each tag's place by name, None for one that the PLC does not have. ``spans`` are the runs that
    are read or written, in the order in which their bytes are joined to one payload.

    Raises:
        ImageError: two tags share a register or bit, or a tag lies in no span.
    """

    def __init__(self, tags: Sequence[Tag], places: Mapping[str, Place | None], spans: Sequence[Span]) -> None:
        self.tags = tuple(tags)
        self.spans = tuple(spans)
        self.size = sum(span.size for span in spans)
        """Bytes of a whole payload."""
        for span in self.spans:
            if span.address + span.count > 65_536:
                raise ImageError(f"{span.area.value} {span.address} and {span.count - 1} more run past address 65535")
        where = [places[tag.name] for tag in self.tags]
        fields = _fields(self.tags, where, self.spans)
        _refuse_overlaps(self.tags, fields)
        self._struct, self._gather = _layout(fields, self.size)
        self._fields = fields
        self._bit_fields = tuple(i for i, field in enumerate(fields) if field.number is None)
        self._order = _picker(_flat_order(len(self.tags), fields))
        self._absent = tuple(i for i, place in enumerate(where) if place is None)
        self._converted = tuple(
            (i, place.scale, place.offset, tag.wire is TagType.FLOAT32)
            for i, (tag, place) in enumerate(zip(self.tags, where, strict=True))
            if place is not None and _is_converted(tag, place)
        )
        self._ranged = tuple(
            (i, *tag.bounds)
            for i, (tag, place) in enumerate(zip(self.tags, where, strict=True))
            if place is not None and _is_ranged(tag, place)
        )
        self._members = tuple(
            (i, frozenset(int(member) for member in tag.enum))
            for i, tag in enumerate(self.tags)
            if tag.enum is not None and where[i] is not None
        )

    def decode(self, payload: bytes) -> tuple[tuple[Value | None, ...], frozenset[int]]:
        """Values in tag order, and the positions of the bad ones: absent, out of range, no member, not a number.

        A bad tag's value is None.

        Raises:
            ImageError: the payload has not ``size`` bytes.
        """
        if len(payload) != self.size:
            raise ImageError(f"a block of {self.size} bytes cannot be decoded from {len(payload)}")
        data = payload if self._gather is None else bytes(self._gather(payload))
        flat: list[Any] = [*self._struct.unpack(data), None]
        for index in self._bit_fields:
            flat += _BITS[flat[index]]
        values = self._order(flat)
        if self._converted:
            values = self._convert(values)
        bad = [i for i, low, high in self._ranged if not low <= values[i] <= high]
        bad += [i for i, members in self._members if values[i] not in members]
        bad += self._absent
        if not bad:
            return values, _NOTHING_BAD
        kept = list(values)
        for index in bad:
            kept[index] = None
        return tuple(kept), frozenset(bad)

    def encode(self, values: Sequence[Value]) -> bytes:
        """The payload for values in tag order; registers and bits of the spans that carry no tag are 0.

        Raises:
            ImageError: a value is out of range or no member of its enumeration; the text names the tag.
        """
        for i, low, high in self._ranged:
            if not low <= values[i] <= high:
                raise ImageError(f"{self.tags[i].name} = {values[i]!r}: must be {low:g} to {high:g}")
        for i, members in self._members:
            if values[i] not in members:
                raise ImageError(f"{self.tags[i].name} = {values[i]!r}: must be one of {sorted(members)}")
        raw: Sequence[Value] = self._unconvert(values) if self._converted else values
        numbers = [
            sum(1 << bit for i, bit in field.bools if raw[i]) if field.number is None else raw[field.number]
            for field in self._fields
        ]
        try:
            data = self._struct.pack(*numbers)
        except (struct.error, OverflowError) as error:
            raise ImageError(f"{self._offender(raw)} does not fit its registers") from error
        return data if self._gather is None else self._scatter(data)

    def layout(self) -> Iterator[tuple[int, int, int]]:
        """Tag position, byte in the payload and mask of its bits there, for every byte of every tag."""
        for field in self._fields:
            if field.number is None:
                yield from ((index, field.at[0], 1 << bit) for index, bit in field.bools)
            else:
                yield from ((field.number, at, 0xFF) for at in field.at)

    def _convert(self, values: Sequence[Any]) -> tuple[Any, ...]:
        out = list(values)
        for i, scale, offset, is_float in self._converted:
            value = out[i] * scale + offset
            # A value that is no number stays one: the range check takes it for bad, whatever the tag's type (H10).
            out[i] = value if is_float or not math.isfinite(value) else round(value)
        return tuple(out)

    def _unconvert(self, values: Sequence[Value]) -> list[Value]:
        out = list(values)
        for i, scale, offset, _ in self._converted:
            out[i] = (out[i] - offset) / scale
        for field in self._fields:
            if field.number is not None and field.code != "f":
                out[field.number] = round(out[field.number])
        return out

    def _offender(self, raw: Sequence[Value]) -> str:
        for field in self._fields:
            if field.number is None:
                continue
            try:
                struct.pack(">" + field.code, raw[field.number])
            except (struct.error, OverflowError):
                return f"{self.tags[field.number].name} = {raw[field.number]!r}"
        return "a value"

    def _scatter(self, data: bytes) -> bytes:
        out = bytearray(self.size)
        position = 0
        for field in self._fields:
            for at in field.at:
                out[at] = data[position]
                position += 1
        return bytes(out)


_NOTHING_BAD: frozenset[int] = frozenset()


def block_places(
    tags: Iterable[Tag], base: int, area: Area = Area.HOLDING, *, low_first: bool = False
) -> dict[str, Place]:
    """Places of tags at the contract's own offsets from ``base``."""
    return {
        tag.name: Place(area, base + tag.word, tag.wire, bit=tag.bit, low_first=low_first and tag.wire.registers == 2)
        for tag in tags
    }


def _is_converted(tag: Tag, place: Place) -> bool:
    is_retyped = (place.wire is TagType.FLOAT32) != (tag.wire is TagType.FLOAT32)
    return place.scale != 1.0 or place.offset != 0.0 or is_retyped


def _is_ranged(tag: Tag, place: Place) -> bool:
    """Whether the range says more than the wire type; a float always needs it, because it may be no number."""
    if tag.enum is not None or tag.wire is TagType.BOOL:
        return False
    return (
        tag.bounds != tag.wire.limits
        or place.wire is not tag.wire
        or _is_converted(tag, place)
        or tag.wire is TagType.FLOAT32
    )


def _fields(tags: Sequence[Tag], where: Sequence[Place | None], spans: Sequence[Span]) -> tuple[_Field, ...]:
    fields: list[_Field] = []
    bools: dict[int, list[tuple[int, int]]] = {}
    for index, (tag, place) in enumerate(zip(tags, where, strict=True)):
        if place is None:
            continue
        at = _bytes_of(tag, place, spans)
        if tag.wire is TagType.BOOL:
            byte, bit = _bit_of(place, at, spans)
            bools.setdefault(byte, []).append((index, bit))
        else:
            fields.append(_Field(at, _FORMATS[place.wire], index))
    fields += [_Field((byte,), "B", None, tuple(entries)) for byte, entries in bools.items()]
    return tuple(sorted(fields, key=lambda field: min(field.at)))


def _start_of(tag: Tag, place: Place, spans: Sequence[Span]) -> tuple[int, Span]:
    start = 0
    for span in spans:
        if span.holds(place):
            return start, span
        start += span.size
    raise ImageError(f"{tag.name} at {place.area.value} {place.address} lies in no span that is transferred")


def _bytes_of(tag: Tag, place: Place, spans: Sequence[Span]) -> tuple[int, ...]:
    start, span = _start_of(tag, place, spans)
    offset = place.address - span.address
    if place.area.holds_bits:
        return (start + offset // 8,)
    first = start + 2 * offset
    if place.wire.registers == 1:
        return (first, first + 1)
    if place.low_first:
        return (first + 2, first + 3, first, first + 1)
    return (first, first + 1, first + 2, first + 3)


def _bit_of(place: Place, at: tuple[int, ...], spans: Sequence[Span]) -> tuple[int, int]:
    """Byte and bit of a bool. Registers are big-endian, so bits 0 to 7 are in the second byte."""
    if place.area.holds_bits:
        span = next(span for span in spans if span.holds(place))
        return at[0], (place.address - span.address) % 8
    bit = place.bit or 0
    return at[1 - bit // 8], bit % 8


def _refuse_overlaps(tags: Sequence[Tag], fields: Iterable[_Field]) -> None:
    taken: dict[tuple[int, int], str] = {}
    for field in fields:
        if field.number is None:
            claims = [((field.at[0], bit), tags[index].name) for index, bit in field.bools]
        else:
            claims = [((byte, bit), tags[field.number].name) for byte in field.at for bit in range(8)]
        for claim, name in claims:
            other = taken.setdefault(claim, name)
            if other != name:
                raise ImageError(
                    f"{name} and {other} lie on the same register or bit; give one of them another address"
                )


def _layout(fields: Sequence[_Field], size: int) -> tuple[struct.Struct, Callable[[bytes], tuple[int, ...]] | None]:
    """The struct of a payload, and how to reorder its bytes first where the fields are not in wire order."""
    order = [at for field in fields for at in field.at]
    if order != sorted(order):
        return struct.Struct(">" + "".join(field.code for field in fields)), _picker(order)
    form = [">"]
    position = 0
    for field in fields:
        form.append("x" * (field.at[0] - position) + field.code)
        position = field.at[-1] + 1
    form.append("x" * (size - position))
    return struct.Struct("".join(form)), None


def _flat_order(count: int, fields: Sequence[_Field]) -> list[int]:
    """For each tag its index in the flat list: all fields, one None, then eight bools per byte of bools."""
    order = [len(fields)] * count
    bits_start = len(fields) + 1
    for index, field in enumerate(fields):
        if field.number is not None:
            order[field.number] = index
            continue
        for tag, bit in field.bools:
            order[tag] = bits_start + bit
        bits_start += 8
    return order


def _picker(indices: Sequence[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    if len(indices) < 2:
        return lambda values: tuple(values[i] for i in indices)
    return itemgetter(*indices)
