"""The codec between tag values and registers, for every kind, every word order and every profile."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plc_drivers.contract import DEFINITIONS, LIFT, DeviceKind, Tag, TagType, Value
from plc_drivers.contract.tag import Block
from plc_drivers.modbus.image import BlockCodec, ImageError, Place, Span, block_places
from plc_drivers.profile import Area

KINDS = st.sampled_from(list(DeviceKind))


def codec(tags: tuple[Tag, ...], base: int = 100, *, low_first: bool = False) -> BlockCodec:
    length = max(tag.word + tag.wire.registers for tag in tags)
    return BlockCodec(tags, block_places(tags, base, low_first=low_first), [Span(Area.HOLDING, base, length)])


def one(tag: Tag, place: Place) -> BlockCodec:
    return BlockCodec([tag], {tag.name: place}, [Span(place.area, place.address, place.count)])


def values_of(tag: Tag) -> st.SearchStrategy[Value]:
    if tag.wire is TagType.BOOL:
        return st.booleans()
    if tag.enum is not None:
        return st.sampled_from([int(member) for member in tag.enum])
    low, high = tag.bounds
    return st.integers(int(low), int(high))


def blocks(tags: tuple[Tag, ...]) -> st.SearchStrategy[list[Value]]:
    return st.tuples(*(values_of(tag) for tag in tags)).map(list)


@settings(deadline=None)
@given(kind=KINDS, low_first=st.booleans(), data=st.data())
def test_what_is_encoded_is_decoded_again(kind: DeviceKind, low_first: bool, data: st.DataObject) -> None:
    for tags in (DEFINITIONS[kind].status, DEFINITIONS[kind].command):
        if tags:
            values = data.draw(blocks(tags))
            block = codec(tags, low_first=low_first)
            assert block.decode(block.encode(values)) == (tuple(values), frozenset())


@settings(deadline=None)
@given(kind=KINDS, data=st.data())
def test_any_registers_give_each_tag_a_value_that_the_contract_admits_or_none(
    kind: DeviceKind, data: st.DataObject
) -> None:
    tags = DEFINITIONS[kind].status
    block = codec(tags)
    values, bad = block.decode(data.draw(st.binary(min_size=block.size, max_size=block.size)))
    for index, (tag, value) in enumerate(zip(tags, values, strict=True)):
        assert (value is None) == (index in bad)
        assert value is None or tag.admits(value)


@settings(deadline=None)
@given(payload=st.binary(max_size=200))
def test_a_block_of_another_size_is_never_decoded(payload: bytes) -> None:
    block = codec(LIFT.status)
    if len(payload) != block.size:
        with pytest.raises(ImageError, match="cannot be decoded"):
            block.decode(payload)


@pytest.mark.parametrize("kind", list(DeviceKind))
def test_h10_a_frame_of_zeros_is_no_valid_device(kind: DeviceKind) -> None:
    definition = DEFINITIONS[kind]
    block = codec(definition.status)
    values, bad = block.decode(bytes(block.size))
    for name in ("device_id", "contract_version", "device_kind", "boot_counter", "state", "mode", "health"):
        assert definition.status_index[name] in bad
        assert values[definition.status_index[name]] is None


def test_the_default_image_lies_where_the_contract_says() -> None:
    block = codec(LIFT.status)
    registers = [0] * LIFT.status_length
    registers[0] = 17
    registers[30:32] = [0xFFFF, 0xFFFE]
    registers[36] = 1 << 0 | 1 << 15
    registers[37] = 1 << 1
    values, _ = block.decode(struct.pack(f">{len(registers)}H", *registers))
    known = dict(zip((tag.name for tag in LIFT.status), values, strict=True))
    assert known["device_id"] == 17
    assert known["position_mm"] == -2
    assert [name for name, value in known.items() if value is True] == [
        "referenced",
        "overtravel_bottom_clear",
        "speed_ok",
    ]


def test_low_word_first_swaps_the_words_and_not_the_bytes() -> None:
    tag = LIFT.tag("position_mm")
    assert one(tag, Place(Area.HOLDING, 5, TagType.INT32)).encode([0x01020304]) == bytes((1, 2, 3, 4))
    assert one(tag, Place(Area.HOLDING, 5, TagType.INT32, low_first=True)).encode([0x01020304]) == bytes((3, 4, 1, 2))


@pytest.mark.parametrize(
    ("wire", "scale", "offset", "raw", "value"),
    [
        (TagType.INT32, 10.0, 0.0, struct.pack(">i", -25), -250),
        (TagType.INT16, 10.0, 5.0, struct.pack(">h", -25), -245),
        (TagType.UINT16, 0.1, 0.0, struct.pack(">H", 1234), 123),
        (TagType.FLOAT32, 0.1, 0.0, struct.pack(">f", 12345.0), 1234),
        (TagType.FLOAT32, 1.0, 0.0, struct.pack(">f", math.nan), None),
        (TagType.FLOAT32, 1.0, 0.0, struct.pack(">f", -math.inf), None),
        (TagType.FLOAT32, 1.0, 0.0, struct.pack(">f", 3e30), None),
    ],
)
def test_h10_a_re_typed_value_is_in_the_contract_s_unit_or_bad(
    wire: TagType, scale: float, offset: float, raw: bytes, value: int | None
) -> None:
    block = one(LIFT.tag("position_mm"), Place(Area.INPUT, 7, wire, scale=scale, offset=offset))
    assert block.decode(raw) == ((value,), frozenset() if value is not None else frozenset({0}))
    if value is not None and wire is not TagType.FLOAT32 and scale >= 1:
        assert block.encode([value]) == raw


def test_an_absent_tag_is_bad_and_takes_no_space() -> None:
    tags = (LIFT.tag("rope_taut"), LIFT.tag("load_weight_kg"))
    places = {"rope_taut": None, "load_weight_kg": Place(Area.INPUT, 3, TagType.UINT16)}
    block = BlockCodec(tags, places, [Span(Area.INPUT, 3, 1)])
    assert block.decode(b"\x00\x07") == ((None, 7), frozenset({0}))


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=19), st.integers(0, 40))
def test_bools_in_discrete_inputs_are_least_significant_bit_first(bits: list[bool], address: int) -> None:
    tags = [Tag(f"t{n}", TagType.BOOL, Block.STATUS, 0, "A bit.", bit=0) for n in range(len(bits))]
    places = {tag.name: Place(Area.DISCRETE, address + n, TagType.BOOL) for n, tag in enumerate(tags)}
    block = BlockCodec(tags, places, [Span(Area.DISCRETE, address, len(bits))])
    payload = block.encode(bits)
    assert int.from_bytes(payload, "little") == sum(1 << n for n, bit in enumerate(bits) if bit)
    assert block.decode(payload)[0] == tuple(bits)


def test_two_tags_on_one_register_are_refused() -> None:
    tags = (LIFT.tag("speed_mm_s"), LIFT.tag("station"))
    places = {tag.name: Place(Area.HOLDING, 3, tag.wire) for tag in tags}
    with pytest.raises(ImageError, match="station and speed_mm_s"):
        BlockCodec(tags, places, [Span(Area.HOLDING, 3, 1)])


def test_two_bools_may_share_a_register_but_not_a_bit() -> None:
    tags = (LIFT.tag("rope_taut"), LIFT.tag("speed_ok"))
    shared = {
        "rope_taut": Place(Area.HOLDING, 3, TagType.BOOL, bit=4),
        "speed_ok": Place(Area.HOLDING, 3, TagType.BOOL, bit=12),
    }
    block = BlockCodec(tags, shared, [Span(Area.HOLDING, 3, 1)])
    assert block.encode([True, True]) == b"\x10\x10"
    clash = {**shared, "speed_ok": Place(Area.HOLDING, 3, TagType.BOOL, bit=4)}
    with pytest.raises(ImageError, match="same register or bit"):
        BlockCodec(tags, clash, [Span(Area.HOLDING, 3, 1)])


def test_a_tag_outside_all_spans_is_refused() -> None:
    tag = LIFT.tag("speed_mm_s")
    with pytest.raises(ImageError, match="in no span"):
        BlockCodec([tag], {tag.name: Place(Area.HOLDING, 3, tag.wire)}, [Span(Area.INPUT, 3, 1)])


def test_addresses_end_at_65535() -> None:
    tag = LIFT.tag("position_mm")
    with pytest.raises(ImageError, match="65535"):
        one(tag, Place(Area.HOLDING, 65_535, tag.wire))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("controller_heartbeat", 65_536, "must be 0 to 65535"),
        ("cmd_valid_ms", -1, "must be 0 to 65535"),
        ("cmd_code", 99, "must be one of"),
        ("cmd_arg1", 2**31, "cmd_arg1 = 2147483648"),
    ],
)
def test_a_value_out_of_range_is_never_written(name: str, value: int, words: str) -> None:
    block = codec(LIFT.command, base=0)
    values: list[Value] = [0] * len(LIFT.command)
    values[LIFT.command_index[name]] = value
    with pytest.raises(ImageError) as refusal:
        block.encode(values)
    assert name in str(refusal.value)
    assert words in str(refusal.value) or "does not fit" in str(refusal.value)
