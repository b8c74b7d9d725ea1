"""The black box on disk: a ring within its bounds, recordings kept around trips, and files that break off anywhere."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.black_box.form import Cycle, Message, pack
from controller.black_box.reader import Reader, RecordingError, mend_end
from controller.black_box.ring import AFTER_MS, BEFORE_MS, Bounds, Freeze, Ring, segments_in
from controller.black_box.writer import QUEUE_BYTES_MAX, Begin, Tripped, Writer
from tests.controller.small_disk import SmallDisk, can_mount, small_disk
from tests.eventually import eventually_blocking as eventually

T0_MS = 1_795_000_000_000
MINUTE_MS = 60_000


def cycle(number: int, *, size: int = 0) -> bytes:
    """A cycle's message; ``size`` bytes of it cannot be packed, always the same ones for a number."""
    noise = random.Random(number).randbytes(size).hex()  # noqa: S311 - it only has to be unpackable
    return pack(Cycle(number, number * 20, T0_MS + number * 20, [], defect=noise))


def read(path: Path) -> tuple[list[int], Reader]:
    """The cycles' numbers of a file, and its reader after that."""
    reader = Reader(path)
    return [one.number for one in _cycles(reader.messages())], reader


def _cycles(messages: Iterator[Message]) -> Iterator[Cycle]:
    for message in messages:
        assert isinstance(message, Cycle)
        yield message


@pytest.fixture
def ring(tmp_path: Path) -> Ring:
    """An empty ring of two hours and 16 MB."""
    made = Ring(tmp_path / "black-box", Bounds(2, 16))
    made.make()
    return made


class Clock:
    """A wall clock that stands where it is put."""

    def __init__(self) -> None:
        self.now_ms = T0_MS

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    """The writer's clock."""
    return Clock()


@pytest.fixture
def writer(ring: Ring, clock: Clock) -> Iterator[Writer]:
    """A running writer."""
    made = Writer(ring, clock)
    yield made
    made.close()


def segment(ring: Ring, at_ms: int, *numbers: int, size: int = 0) -> Path:
    """A whole segment that begins at a moment."""
    path = ring.next_segment(at_ms).path
    content = b"".join(cycle(number, size=size) for number in numbers)
    path.write_bytes(zstandard.ZstdCompressor(write_checksum=True).compress(content))
    return path


# --- the ring -------------------------------------------------------------------------------------------------------


def test_segments_that_ended_too_long_ago_are_removed(ring: Ring) -> None:
    paths = [segment(ring, T0_MS + minutes * MINUTE_MS, minutes) for minutes in (0, 5, 10, 15)]
    # The first ended when the second began.
    ring.tidy(T0_MS + 120 * MINUTE_MS + 7 * MINUTE_MS)
    assert [one.path for one in ring.segments()] == paths[1:]
    ring.tidy(T0_MS + 1000 * MINUTE_MS)
    assert [one.path for one in ring.segments()] == paths[3:], "the one that is written stays"


def test_above_its_size_the_oldest_goes_first(ring: Ring) -> None:
    paths = [segment(ring, T0_MS + number, number, size=6_000_000) for number in range(4)]
    ring.tidy(T0_MS + 10)
    assert [one.path for one in ring.segments()] == paths[2:]


def test_frozen_recordings_have_half_of_the_size_and_the_newest_stays(ring: Ring) -> None:
    for number in range(4):
        segment(ring, T0_MS + number * MINUTE_MS, number, size=3_000_000)
        ring.freeze(Freeze([f"trip{number}"], T0_MS + number * MINUTE_MS, T0_MS + number * MINUTE_MS))
    # 3, 6, 9 and 12 MB: each holds what the ten minutes before it held.
    ring.tidy(T0_MS + 5 * MINUTE_MS)
    assert [path.name.partition("-")[2] for path in ring.frozen()] == ["trip3.gbx"]


def test_what_is_not_its_own_is_left_alone(ring: Ring) -> None:
    strange = ring.folder / "ring" / "notes.txt"
    strange.write_text("mine")
    segment(ring, T0_MS, 1)
    segment(ring, T0_MS + 1, 2)
    ring.tidy(T0_MS + 10**9)
    assert strange.read_text() == "mine"
    assert len(ring.segments()) == 1


def test_a_freeze_keeps_ten_minutes_before_and_what_came_until_its_end(ring: Ring) -> None:
    trip_ms = T0_MS + 60 * MINUTE_MS
    for minutes in range(40, 66, 5):
        segment(ring, T0_MS + minutes * MINUTE_MS, minutes)
    path = ring.freeze(Freeze(["zone1.estop"], trip_ms, trip_ms + AFTER_MS))
    numbers, reader = read(path)
    assert BEFORE_MS == 10 * MINUTE_MS
    assert numbers == [45, 50, 55, 60], "whole segments: one that ends at the moment at which the ten minutes begin too"
    assert (reader.damage, reader.is_open) == ("", False)
    assert path.name.endswith("Z-zone1.estop.gbx")
    assert path.stat().st_mode & 0o077 == 0, "it tells who asked for what"


def test_a_trip_whose_name_is_no_file_name_is_kept_all_the_same(ring: Ring) -> None:
    segment(ring, T0_MS, 1)
    path = ring.freeze(Freeze(["../../etc/x y", "other"], T0_MS, T0_MS))
    assert path.parent == ring.folder / "frozen"
    assert path.is_file()


@pytest.mark.parametrize("below", ["", "black-box", "black-box/ring"])
def test_the_segments_are_found_from_every_folder_above(ring: Ring, below: str) -> None:
    path = segment(ring, T0_MS, 1)
    assert [one.path for one in segments_in(ring.folder.parent / below)] == [path]


# --- reading --------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_file_that_ends_anywhere_gives_what_was_whole_before(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "torn.gbx"
    packer = zstandard.ZstdCompressor(write_checksum=True).compressobj()
    packed, ends = b"", []
    for number in range(1, 20):
        packed += packer.compress(cycle(number, size=40)) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        ends.append(len(packed))
    packed += packer.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH)
    end = data.draw(st.integers(0, len(packed) - 1))
    path.write_bytes(packed[:end])
    numbers, reader = read(path)
    assert numbers == list(range(1, 1 + sum(1 for one in ends if one <= end)))
    assert not reader.damage
    assert reader.is_open == (end > 0)
    # A segment with a proper end can have others behind it.
    mend_end(path)
    with path.open("ab") as more:
        more.write(zstandard.ZstdCompressor().compress(cycle(20)))
    mended, reader = read(path)
    assert mended == [*numbers, 20]
    assert not reader.is_open


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_byte_that_turned_is_named_and_never_read_as_something_else(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "turned.gbx"
    whole = [cycle(number, size=60) for number in range(1, 12)]
    packed = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(b"".join(whole)))
    place = data.draw(st.integers(0, len(packed) - 1))
    packed[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(packed)
    reader = Reader(path)
    found = list(reader.messages())
    if [pack(one) for one in found] != whole or len(found) < len(whole):
        assert reader.damage or reader.is_open


@pytest.mark.parametrize("content", [b"not at all", b"\x28\xb5\x2f\xfd" + bytes(40), zstandard.compress(b"text" * 9)])
def test_what_is_no_recording_is_damage_and_no_traceback(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.gbx"
    path.write_bytes(content)
    numbers, reader = read(path)
    assert numbers == []
    assert reader.damage or reader.is_open


def test_a_length_that_no_message_has_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "x.gbx"
    path.write_bytes(zstandard.compress(b"C\xff\xff\xff\xff" + bytes(100)))
    assert read(path)[1].damage


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="RECORDING_UNREADABLE"):
        list(Reader(tmp_path / "none.gbx").messages())


# --- writing --------------------------------------------------------------------------------------------------------


def test_what_was_handed_over_is_readable_while_it_is_written(ring: Ring, writer: Writer) -> None:
    assert writer.put(Begin(T0_MS))
    assert writer.put(cycle(1) + cycle(2))
    eventually(lambda: ring.segments() and read(ring.segments()[0].path)[0] == [1, 2])
    writer.put(Begin(T0_MS + 1000))
    writer.put(cycle(3))
    writer.close()
    first, second = (read(one.path) for one in ring.segments())
    assert (first[0], second[0]) == ([1, 2], [3])
    assert not first[1].is_open
    assert not second[1].is_open


def test_a_trip_is_kept_when_its_time_is_over_and_trips_that_follow_belong_to_it(
    ring: Ring, writer: Writer, clock: Clock
) -> None:
    writer.put(Begin(T0_MS))
    writer.put(cycle(1))
    writer.put(Tripped(("zone1.estop",), T0_MS))
    writer.put(Tripped(("lift1.silent", "zone1.estop"), T0_MS + 60_000))
    eventually(lambda: (found := ring.pending()) is not None and found.until_ms == T0_MS + 60_000 + AFTER_MS)
    pending = ring.pending()
    assert pending is not None
    assert pending.trips == ["zone1.estop", "lift1.silent"]
    clock.now_ms = T0_MS + AFTER_MS + 30_000
    writer.put(cycle(2))
    eventually(lambda: read(ring.segments()[0].path)[0] == [1, 2])
    assert ring.frozen() == []
    clock.now_ms = T0_MS + AFTER_MS + 60_000
    writer.put(cycle(3))
    frozen = eventually(ring.frozen)
    assert read(frozen[0])[0] == [1, 2, 3]
    assert ring.pending() is None


def test_a_trip_before_the_process_died_is_kept_by_the_next_one(ring: Ring, clock: Clock) -> None:
    dead = Writer(ring, clock)
    dead.put(Begin(T0_MS))
    dead.put(cycle(1))
    dead.put(Tripped(("zone1.estop",), T0_MS))
    dead.close()
    assert ring.pending() is not None
    clock.now_ms = T0_MS + AFTER_MS
    following = Writer(ring, clock)
    following.put(Begin(T0_MS + 5_000))
    following.put(cycle(2))
    frozen = eventually(ring.frozen)
    following.close()
    assert read(frozen[0])[0] == [1, 2]


def test_a_note_that_cannot_be_read_freezes_what_there_is(ring: Ring) -> None:
    (ring.folder / "freeze.json").write_text("{")
    pending = ring.pending()
    assert pending is not None
    assert pending.trips == ["unknown"]


def test_more_than_the_queue_holds_is_dropped_until_a_new_segment_begins(ring: Ring, writer: Writer) -> None:
    lump = bytes(QUEUE_BYTES_MAX // 4)
    with writer._wake:  # the thread stands still, as behind a disk that hangs
        taken = [writer.put(lump) for _ in range(6)]
        assert taken == [True, True, True, True, False, False]
        assert not writer.put(cycle(1)), "nothing may follow what is missing"
        assert not writer.put(Begin(T0_MS)), "there is no room for a beginning either"
    eventually(lambda: writer.put(Begin(T0_MS)))
    assert writer.put(cycle(2))
    writer.close()
    assert read(ring.segments()[-1].path)[0] == [2]


_KILLED = """
import sys, time
from pathlib import Path
from controller.black_box.ring import Bounds, Ring
from controller.black_box.writer import Begin, Writer
from tests.controller.black_box.test_files import cycle
writer = Writer(Ring(Path(sys.argv[1]), Bounds(2, 16)), lambda: time.time_ns() // 1_000_000)
writer.put(Begin(1_795_000_000_000))
number = 0
while True:
    number += 1
    writer.put(cycle(number, size=200))
    print(number, flush=True)
    time.sleep(0.001)
"""


def test_a_killed_process_leaves_a_recording_that_reads_and_can_be_gone_on_with(ring: Ring, clock: Clock) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(ring.folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 200:
                break
        process.send_signal(signal.SIGKILL)
    path = ring.segments()[0].path
    numbers, reader = read(path)
    assert reader.is_open
    assert not reader.damage
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 150
    following = Writer(ring, clock)
    following.put(Begin(T0_MS + 1))
    following.put(cycle(1))
    following.close()
    mended, reader = read(path)
    assert mended == numbers
    assert not reader.is_open


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk of 16 MB."""
    if not can_mount():
        pytest.skip("needs the right to mount")
    with small_disk(tmp_path) as made:
        yield made


def test_a_full_disk_costs_the_recording_and_it_begins_again_by_itself(
    disk: SmallDisk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controller.black_box.writer.RETRY_S", 0.0)
    ring = Ring(disk.folder / "black-box", Bounds(2, 16))
    writer = Writer(ring, clock)
    writer.put(Begin(T0_MS))
    writer.put(cycle(1))
    eventually(ring.segments)
    disk.fill()
    number = 1

    def writes_until_it_fails() -> bool:
        nonlocal number
        number += 1
        writer.put(cycle(number, size=100_000))
        return writer.fault is not None

    eventually(writes_until_it_fails)
    fault = writer.fault
    assert fault is not None
    assert fault.code == "BLACK_BOX_FAULT"
    assert "space" in fault.detail
    disk.free()

    def begins_again() -> bool:
        writer.put(Begin(T0_MS + 5_000))
        writer.put(cycle(number + 1))
        return writer.fault is None and len(ring.segments()) > 1

    eventually(begins_again)
    writer.close()
    assert read(ring.segments()[-1].path)[0] == [number + 1]
    for one in ring.segments():
        assert not read(one.path)[1].damage
