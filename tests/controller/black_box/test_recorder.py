"""When a segment begins, what is handed over when, and what a defect of the recorder costs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.black_box import recorder as recording
from controller.black_box.entry import Entry
from controller.black_box.form import Cycle, Head, Message, Start
from controller.black_box.reader import Reader
from controller.black_box.recorder import Recorder, Subject
from controller.black_box.replay import Replay
from controller.black_box.ring import Bounds, Ring
from controller.black_box.writer import QUEUE_BYTES_MAX, RETRY_S, Writer
from controller.config.load import config_hash, load_config
from controller.local_link.messages import Start as StartAutomatic
from plc_drivers.reading import Fault
from sim_hardware.fault import Fault as PlantFault
from sim_hardware.fault import FaultKind
from tests.conftest import CONFIG_FOLDER
from tests.controller.black_box.recording_garage import RecordingGarage
from tests.eventually import eventually_blocking as eventually


class LiveGarage(RecordingGarage):
    """Hands each cycle to a real recorder, as the scan cycle does, and keeps nothing itself."""

    def __init__(self, ring: Ring, *args: Any, **options: Any) -> None:
        self.writer = Writer(ring, lambda: self.now().unix_ms)
        self.has_time = True
        self.recorder: Recorder | None = None
        super().__init__(*args, **options)

    def begin_segment(self) -> None:
        """A run begins; within it the recorder itself decides when a segment does."""
        if self.recorder is not None:
            return
        subject = Subject(
            garage=self.config.garage.id,
            software="test",
            config_hash=config_hash(self.config),
            config=self.config.model_dump_json(exclude_none=True),
            run="one",
            devices=tuple(self.watches),
        )
        self.recorder = Recorder(subject, self.writer, self.core.memory)
        self.recorder.begin(self.memory, self.now())

    def keep(self, entry: Entry) -> None:
        """One cycle for the recorder."""
        assert self.recorder is not None
        self.recorder.keep(entry, self.memory, has_time=self.has_time)

    def run(self, seconds: float) -> None:
        """So much time."""
        self.until(lambda: False, seconds)


@pytest.fixture
def ring(tmp_path: Path) -> Ring:
    return Ring(tmp_path / "black-box", Bounds(1, 64))


@pytest.fixture
def garage(ring: Ring) -> Iterator[LiveGarage]:
    made = LiveGarage(ring, load_config(CONFIG_FOLDER / "tower-small.toml"))
    yield made
    made.writer.close()


def closed(garage: LiveGarage, ring: Ring) -> list[list[Message]]:
    """The segments' messages once the recorder has ended."""
    assert garage.recorder is not None
    garage.recorder.close()
    return [list(Reader(segment.path).messages()) for segment in ring.segments()]


def test_segments_follow_one_another_without_a_gap_and_replay_the_same(
    monkeypatch: pytest.MonkeyPatch, garage: LiveGarage, ring: Ring
) -> None:
    monkeypatch.setattr(recording, "SEGMENT_MS", 3_000)
    garage.run(2)
    garage.ask(StartAutomatic(actor="test"))
    garage.run(14)
    segments = closed(garage, ring)
    assert len(segments) == 6
    assert all(isinstance(one[0], Head) and isinstance(one[1], Start) for one in segments)
    replay = Replay()
    course = list(replay.play(message for segment in segments for message in segment))
    assert not any(one.differences for one in course)
    assert replay.gaps == 0
    assert [one.cycle.number for one in course] == list(range(1, 801))
    assert any(one.cycle.decided and one.cycle.decided.asks for one in course)


def test_a_segment_waits_for_a_cycle_with_time_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, garage: LiveGarage, ring: Ring
) -> None:
    monkeypatch.setattr(recording, "SEGMENT_MS", 1_000)
    garage.has_time = False
    garage.run(5)
    assert len(ring.segments()) == 1
    garage.run(1 + recording.SEGMENT_WAITS_MS_MAX / 1000)
    assert len(closed(garage, ring)) == 2


def test_a_trip_is_handed_over_at_once_and_noted(garage: LiveGarage, ring: Ring) -> None:
    garage.run(3)
    assert ring.pending() is None
    garage.hardware.faults.inject(PlantFault("zone1", FaultKind.ESTOP))
    garage.until(lambda: bool(garage.verdict.trips), 2)
    eventually(lambda: ring.pending() is not None)
    pending = ring.pending()
    assert pending is not None
    assert "zone1.emergency-stop" in pending.trips
    assert pending.at_ms == garage.now().unix_ms
    last = list(Reader(ring.segments()[0].path).messages())[-1]
    assert isinstance(last, Cycle)
    assert last.judged is not None
    assert last.judged.trips


def test_what_a_full_queue_lost_is_a_gap_and_a_new_segment_stands_on_its_own(garage: LiveGarage, ring: Ring) -> None:
    garage.run(2)
    with garage.writer._wake:  # the disk hangs
        garage.writer.put(bytes(QUEUE_BYTES_MAX))
        garage.run(2)
        garage.writer._waiting.clear()
        garage.writer._waiting_bytes = 0
    garage.run(RETRY_S)
    garage.run(2)
    segments = closed(garage, ring)
    replay = Replay()
    course = list(replay.play(message for segment in segments for message in segment))
    assert not any(one.differences for one in course)
    assert replay.gaps == 1
    assert course[-1].cycle.number == 50 * (2 + 2 + RETRY_S + 2)


def fault_of(garage: LiveGarage) -> Fault | None:
    """Why it does not record."""
    return None if garage.recorder is None else garage.recorder.fault


def test_a_defect_of_the_recorder_costs_the_recording_and_is_told(
    monkeypatch: pytest.MonkeyPatch, garage: LiveGarage, caplog: pytest.LogCaptureFixture
) -> None:
    garage.run(1)
    assert fault_of(garage) is None

    def broken(*_: object) -> bytes:
        raise TypeError("no such form")

    monkeypatch.setattr(recording, "pack", broken)
    garage.run(1)
    fault = fault_of(garage)
    assert fault is not None
    assert fault.code == "BLACK_BOX_DEFECT"
    assert "no such form" in fault.detail
    assert caplog.text.count("BLACK_BOX_DEFECT") == 1, "once, not in every cycle"


def test_a_folder_that_cannot_be_made_is_a_fault_and_no_end(tmp_path: Path) -> None:
    (tmp_path / "black-box").write_text("a file stands here")
    writer = Writer(Ring(tmp_path / "black-box", Bounds(1, 64)), lambda: 0)

    def fault() -> Fault | None:
        return writer.fault

    eventually(lambda: fault() is not None)
    found = fault()
    writer.close()
    assert found is not None
    assert found.code == "BLACK_BOX_FAULT"
    assert str(tmp_path / "black-box") in found.detail
