"""The journal on a disk that is full, frozen, read-only or loses the file: what is told, and what comes back."""

from __future__ import annotations

import resource
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from controller.config.models import GarageConfig
from controller.journal import Journal, JournalError, writer
from controller.journal.restore import restore
from controller.local_link.messages import Refused, Snapshot, Start
from plc_drivers.reading import Fault
from sim_hardware.emulator import Emulator
from tests.controller.journal_files import events, opened, report, seqs, until, written
from tests.controller.small_disk import SmallDisk, can_mount, small_disk
from tests.controller.test_shell_run import Garage

own_disk = pytest.mark.skipif(not can_mount(), reason="only root, with e2fsprogs, may make a disk of its own")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path) as made:
        yield made


def fault_of(journal: Journal) -> Fault:
    until(lambda: journal.fault is not None)
    fault = journal.fault
    assert fault is not None
    return fault


@own_disk
def test_h10_a_full_disk_is_told_and_everything_is_written_once_there_is_space(
    disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "RETRY_S", 0.05)
    path = disk.folder / "journal.sqlite"
    journal, fold = opened(path)
    journal.keep(fold)
    journal.append(events(1, 100))
    until(lambda: journal.durable_seq == 100)
    disk.fill()
    journal.append(events(101, 5000))
    fault = fault_of(journal)
    assert fault.code == "JOURNAL_UNWRITABLE"
    assert "disk" in fault.detail
    assert "Free space" in fault.remedy
    stands = journal.durable_seq
    journal.append(events(5101, 10))
    assert journal.durable_seq == stands < 5101
    disk.free()
    until(lambda: journal.durable_seq == 5110)
    assert journal.fault is None
    assert journal.close()
    assert report(path).is_whole
    assert seqs(path) == list(range(1, 5111))


def test_h10_a_file_that_may_not_grow_is_told_and_everything_is_written_once_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "RETRY_S", 0.05)
    path = tmp_path / "journal.sqlite"
    journal, _ = opened(path)
    journal.append(events(1, 100))
    until(lambda: journal.durable_seq == 100)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        journal.append(events(101, 19_000))
        assert fault_of(journal).code == "JOURNAL_UNWRITABLE"
        assert journal.durable_seq < 19_100
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    until(lambda: journal.durable_seq == 19_100)
    assert journal.fault is None
    assert journal.close()
    assert report(path).is_whole


@own_disk
def test_h10_a_controller_killed_on_a_full_disk_leaves_a_whole_journal(disk: SmallDisk) -> None:
    path = disk.folder / "journal.sqlite"
    written(path, events(1, 100))
    disk.fill()
    journal, _ = opened(path)
    journal.append(events(101, 5000))
    fault_of(journal)
    assert not journal.close(), "it says that not everything was written"
    disk.free()
    found = report(path)
    assert found.is_whole
    assert found.good_seq >= 100


@own_disk
def test_h10_a_frozen_disk_delays_nobody_and_is_told(disk: SmallDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "STALLED_AFTER_MS", 100)
    path = disk.folder / "journal.sqlite"
    journal, fold = opened(path)
    journal.keep(fold)
    journal.append(events(1, 10))
    until(lambda: journal.durable_seq == 10)
    with disk.frozen():
        longest_s = 0.0
        for seq in range(11, 1011):
            began = time.monotonic()
            journal.append(events(seq, 1))
            longest_s = max(longest_s, time.monotonic() - began)
        assert fault_of(journal).code == "JOURNAL_STALLED"
        assert journal.durable_seq == 10
        assert longest_s < 0.5
    until(lambda: journal.durable_seq == 1010)
    assert journal.fault is None
    assert journal.close()
    assert report(path).is_whole


@own_disk
def test_h10_a_disk_that_has_become_read_only_is_told_and_refused_at_the_next_start(
    disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "RETRY_S", 0.05)
    path = disk.folder / "journal.sqlite"
    journal, _ = opened(path)
    journal.append(events(1, 10))
    until(lambda: journal.durable_seq == 10)
    disk.break_down()
    journal.append(events(11, 10))
    assert fault_of(journal).code == "JOURNAL_UNWRITABLE"
    assert journal.durable_seq == 10
    assert not journal.close()
    with pytest.raises(JournalError) as caught:
        Journal.open(path)
    assert caught.value.code == "JOURNAL_UNWRITABLE"


@pytest.mark.parametrize("side", ["", "-wal"])
def test_h10_a_file_deleted_under_the_controller_ends_durability_and_is_rescued(tmp_path: Path, side: str) -> None:
    path = tmp_path / "journal.sqlite"
    journal, fold = opened(path)
    journal.keep(fold)
    journal.append(events(1, 50))
    until(lambda: journal.durable_seq == 50)
    path.with_name(path.name + side).unlink()
    journal.append(events(51, 1))
    fault = fault_of(journal)
    assert fault.code == "JOURNAL_FILE_GONE"
    assert journal.durable_seq == 50, "what was written went nowhere"
    assert not path.exists() or side
    journal.append(events(52, 1))
    assert not journal.close()
    (rescued,) = tmp_path.glob("journal.sqlite.rescued-*")
    assert rescued.name in fault.detail
    assert report(rescued).is_whole
    assert seqs(rescued)[:50] == list(range(1, 51))
    if not side:
        with pytest.raises(JournalError) as caught:
            Journal.open(path)
        assert caught.value.code == "JOURNAL_MISSING"
        done = restore(rescued, path, [], "Mia", 99_000)
        assert not done.is_doubted, "nothing began after its last event"
        opened(path)[0].close()


def test_h10_an_idle_controller_sees_that_its_file_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "LOOK_EVERY_S", 0.02)
    path = tmp_path / "journal.sqlite"
    journal, _ = opened(path)
    journal.append(events(1, 5))
    until(lambda: journal.durable_seq == 5)
    path.replace(tmp_path / "elsewhere.sqlite")
    assert fault_of(journal).code == "JOURNAL_FILE_GONE"
    journal.close()


def test_h10_a_database_that_is_damaged_while_it_is_written_takes_nothing_any_more(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal, _ = opened(path)
    journal.append(events(1, 3000))
    until(lambda: journal.durable_seq == 3000)
    database = sqlite3.connect(path)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    with path.open("r+b") as file:
        file.write(b"\xa5" * path.stat().st_size)
    other = sqlite3.connect(path)
    other.close()
    journal.append(events(3001, 1000))
    fault = fault_of(journal)
    assert fault.code in {"JOURNAL_DAMAGED", "JOURNAL_UNWRITABLE"}
    assert journal.durable_seq == 3000
    journal.close()


# --- the whole control process -----------------------------------------------------------------------------------


@pytest.fixture
async def garage(
    disk: SmallDisk, tmp_state: Path, config_on_free_ports: Callable[[str], GarageConfig]
) -> AsyncIterator[Garage]:
    config = config_on_free_ports("tower-small")
    section = config.controller.model_copy(update={"journal": disk.folder / "journal.sqlite"})
    config = config.model_copy(update={"controller": section})
    emulator = Emulator(config, tmp_state)
    await emulator.start()
    made = Garage(config, tmp_state, emulator)
    made.client.start()
    made.start()
    yield made
    await made.stop()
    await made.client.stop()
    await emulator.stop()


def _codes(snapshot: Snapshot) -> set[str]:
    return {reason.code for reason in snapshot.reasons}


@own_disk
async def test_h10_the_heartbeat_goes_on_while_the_disk_is_frozen_and_ready_says_so(
    garage: Garage, disk: SmallDisk
) -> None:
    def owned(snapshot: Snapshot) -> bool:
        return snapshot.ready_to_start and all(device.quality == "good" for device in snapshot.devices)

    await garage.snapshot(owned)
    with disk.frozen():
        # Its events wait for the disk, and so does its answer.
        answer = await garage.client.request(Start(actor="api"), timeout_s=1.0)
        assert isinstance(answer, Refused)
        assert answer.reason.code == "CONTROLLER_SILENT"
        stalled = await garage.snapshot(lambda snapshot: "JOURNAL_STALLED" in _codes(snapshot))
        assert not stalled.ready
        assert not stalled.ready_to_start
        later = await garage.snapshot(lambda snapshot: snapshot.cycle.cycles > stalled.cycle.cycles + 100)
        assert all(device.quality == "good" for device in later.devices), "every PLC hears the heartbeat"
        assert any(alarm.id == "garage.journal-fault" for alarm in later.alarms)
    recovered = await garage.snapshot(lambda snapshot: "JOURNAL_STALLED" not in _codes(snapshot))
    assert all(device.quality == "good" for device in recovered.devices)
