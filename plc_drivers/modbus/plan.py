"""What is exchanged with one device: its image under its profile, and the requests that carry it.

Owns the way from a binding to requests, and the check that a profile leaves the contract's rules intact: the
mailbox goes out in one write, with its sequence number (rule 4). Compiled once; must never send anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from plc_drivers.binding import DeviceBinding
from plc_drivers.command_values import CommandValues, OutputsError
from plc_drivers.contract import Block, Tag, TagType
from plc_drivers.modbus.image import BlockCodec, ImageError, Place, Span, block_places
from plc_drivers.modbus.pdu import (
    READ_LIMIT,
    READ_WRITE_LIMIT,
    WRITE_LIMIT,
    Operation,
    read_operation,
    read_write_operation,
    write_operation,
)
from plc_drivers.outputs import DeviceOutputs
from plc_drivers.profile import Area, ExchangeStyle, ModbusProfile, ModbusTag, WordOrder

_MAILBOX = frozenset(
    {
        "owner_epoch_wanted",
        "cmd_code",
        "cmd_arg1",
        "cmd_arg2",
        "cmd_issued_ms",
        "cmd_valid_ms",
        "cmd_seq",
    }
)
"""Tags that a PLC must see change in one write (contract rules 3 and 4)."""


class BindingError(ValueError):
    """A device cannot be exchanged under its profile; the text names device, tag and remedy."""


@dataclass(frozen=True, slots=True)
class DevicePlan:
    """Everything that is needed to exchange with one device.

    ``exchange`` writes and reads, ``read_only`` reads, ``urgent`` only writes; each is sent in order, the
    mailbox last of the writes. ``command`` is None for a kind that is only read.
    """

    binding: DeviceBinding
    device: str
    unit: int
    status: BlockCodec
    command: BlockCodec | None
    values: CommandValues | None
    read_only: tuple[Operation, ...]
    exchange: tuple[Operation, ...]
    urgent: tuple[Operation, ...]

    def encode(self, outputs: DeviceOutputs) -> bytes:
        """The encoded command block.

        Raises:
            OutputsError: the outputs do not fit the kind; nothing of them must be written then.
        """
        if self.command is None or self.values is None:
            raise OutputsError(f"{self.device}: a {self.binding.kind.name.lower()} takes no commands")
        try:
            return self.command.encode(self.values.of(outputs))
        except ImageError as error:
            raise OutputsError(f"{self.device}: {error}") from error


def compile_plan(binding: DeviceBinding) -> DevicePlan:
    """The plan of a device.

    Raises:
        BindingError: the profile is not for this kind, two tags meet in one register, or the mailbox is torn.
    """
    profile = binding.profile
    if profile is not None and not profile.covers(binding.kind):
        raise BindingError(
            f"{binding.device}: profile {profile.name!r} is for {', '.join(profile.kinds)}, "
            f"not for a {binding.kind.name.lower()}"
        )
    modbus = ModbusProfile() if profile is None else profile.modbus
    try:
        return _compile(binding, modbus)
    except ImageError as error:
        raise BindingError(f"{binding.device}: {error}") from error


def tag_places(binding: DeviceBinding) -> dict[str, Place | None]:
    """Where every tag of the device lies under its profile, for tables; None for one that the PLC does not have."""
    modbus = ModbusProfile() if binding.profile is None else binding.profile.modbus
    definition = binding.definition
    status = _status_places(binding, modbus)
    return status | _places(definition.command, modbus.command_base_of(binding.device), Area.HOLDING, modbus)


def _compile(binding: DeviceBinding, modbus: ModbusProfile) -> DevicePlan:
    definition = binding.definition
    status_places = _status_places(binding, modbus)
    reads = _spans(definition.status, status_places, modbus, modbus.largest_gap)
    status = BlockCodec(definition.status, status_places, reads)
    read_only = tuple(read_operation(span) for span in reads)
    if not definition.is_commanded:
        return DevicePlan(binding, binding.device, binding.unit, status, None, None, read_only, read_only, ())
    command_places = _places(definition.command, modbus.command_base_of(binding.device), Area.HOLDING, modbus)
    # Only adjacent places share a write: what lies between two re-bound tags belongs to the PLC's own program.
    writes = _mailbox_last(_spans(definition.command, command_places, modbus, 0), command_places)
    command = BlockCodec(definition.command, command_places, writes)
    _refuse_shared(status_places, writes)
    parts = _parts(writes)
    urgent = tuple(write_operation(span, part) for span, part in zip(writes, parts, strict=True))
    return DevicePlan(
        binding,
        binding.device,
        binding.unit,
        status,
        command,
        CommandValues(definition),
        read_only,
        _exchange(modbus, reads, writes, parts),
        urgent,
    )


def _exchange(
    modbus: ModbusProfile, reads: Sequence[Span], writes: Sequence[Span], parts: Sequence[slice]
) -> tuple[Operation, ...]:
    """All writes, then all reads; with FC23 the mailbox's write and the first read are one request."""
    first, mailbox = reads[0], writes[-1]
    can_join = (
        modbus.exchange is ExchangeStyle.FC23
        and first.area is Area.HOLDING
        and mailbox.area is Area.HOLDING
        and mailbox.count <= READ_WRITE_LIMIT
    )
    if not can_join:
        return (
            *(write_operation(span, part) for span, part in zip(writes, parts, strict=True)),
            *(read_operation(span) for span in reads),
        )
    return (
        *(write_operation(span, part) for span, part in zip(writes[:-1], parts[:-1], strict=True)),
        read_write_operation(first, mailbox, parts[-1]),
        *(read_operation(span) for span in reads[1:]),
    )


def _status_places(binding: DeviceBinding, modbus: ModbusProfile) -> dict[str, Place | None]:
    places = _places(binding.definition.status, modbus.status_base_of(binding.device), modbus.status_area, modbus)
    return {name: None if name in binding.absent else place for name, place in places.items()}


def _places(tags: Sequence[Tag], base: int, area: Area, modbus: ModbusProfile) -> dict[str, Place | None]:
    low_first = modbus.word_order is WordOrder.LOW_FIRST
    places: dict[str, Place | None] = dict(block_places(tags, base, area, low_first=low_first))
    for tag in tags:
        own = modbus.tags.get(tag.name)
        if own is not None:
            places[tag.name] = None if own.absent else _moved(tag, own, base, area, modbus)
    return places


def _moved(tag: Tag, own: ModbusTag, base: int, area: Area, modbus: ModbusProfile) -> Place:
    where = own.area or area
    word = tag.word if own.word is None else own.word
    address = base + word if own.address is None else own.address
    wire = tag.wire if own.wire is None else TagType(own.wire)
    order = own.word_order or modbus.word_order
    bit = None
    if tag.wire is TagType.BOOL and not where.holds_bits:
        bit = tag.bit if own.bit is None else own.bit
    is_low_first = wire.registers == 2 and order is WordOrder.LOW_FIRST
    return Place(where, address, wire, bit, is_low_first, own.scale, own.offset)


def _spans(
    tags: Iterable[Tag], places: Mapping[str, Place | None], modbus: ModbusProfile, gap: int
) -> tuple[Span, ...]:
    """Fewest runs that hold all places: the tags left in the block make one run, re-bound ones join if near."""
    block: dict[Area, list[tuple[int, int]]] = {}
    pieces: list[tuple[Area, int, int]] = []
    limits: dict[Area, int] = dict(READ_LIMIT)
    for tag in tags:
        if tag.block is Block.COMMAND:
            limits = {**READ_LIMIT, **WRITE_LIMIT}
        place = places[tag.name]
        if place is None:
            continue
        run = (place.address, place.address + place.count)
        if _stays_in_block(modbus.tags.get(tag.name)):
            block.setdefault(place.area, []).append(run)
        else:
            pieces.append((place.area, *run))
    for area, runs in block.items():
        pieces.append((area, min(start for start, _ in runs), max(end for _, end in runs)))
    return _joined(pieces, gap, limits)


def _stays_in_block(own: ModbusTag | None) -> bool:
    return own is None or (own.address is None and own.word is None and own.area is None)


def _joined(pieces: Iterable[tuple[Area, int, int]], gap: int, limits: Mapping[Area, int]) -> tuple[Span, ...]:
    spans: list[Span] = []
    # The status block's table comes first: FC23 can join only with the first read.
    ranks = [Area.HOLDING, Area.INPUT, Area.COIL, Area.DISCRETE]
    for area, start, end in sorted(pieces, key=lambda piece: (ranks.index(piece[0]), piece[1:])):
        last = spans[-1] if spans else None
        if last is not None and last.area is area:
            reach = last.address + last.count
            longer = max(end, reach) - last.address
            if start < reach or (start <= reach + gap and longer <= limits[area]):
                spans[-1] = Span(area, last.address, longer)
                continue
        spans.append(Span(area, start, end - start))
    return tuple(spans)


def _mailbox_last(writes: Sequence[Span], places: Mapping[str, Place | None]) -> tuple[Span, ...]:
    mailbox = [place for name, place in places.items() if name in _MAILBOX and place is not None]
    for span in writes:
        if all(span.holds(place) for place in mailbox):
            return (*(other for other in writes if other is not span), span)
    raise ImageError(
        "the command mailbox (owner_epoch_wanted and all cmd_ tags) must lie in adjacent holding registers, "
        "because the PLC must see it change in one write; give its tags adjacent addresses"
    )


def _parts(spans: Iterable[Span]) -> tuple[slice, ...]:
    parts: list[slice] = []
    start = 0
    for span in spans:
        parts.append(slice(start, start + span.size))
        start += span.size
    return tuple(parts)


def _refuse_shared(status: Mapping[str, Place | None], writes: Iterable[Span]) -> None:
    """What the PLC writes must not be overwritten, not even by the zeros between two command tags."""
    for name, place in status.items():
        for span in writes:
            if place is None or place.area is not span.area:
                continue
            if place.address < span.address + span.count and span.address < place.address + place.count:
                raise ImageError(
                    f"{name} is read from {place.area.value} {place.address}, inside the command block that is "
                    "written; move one of them"
                )
