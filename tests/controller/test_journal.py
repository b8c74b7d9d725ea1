"""The journal on a real disk: order, durability, damage, other versions, other owners."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy

from controller.core.events import EpochClaimed, ModeChanged, OrderWaiting
from controller.core.interface import Recorded
from controller.journal import Journal, JournalError, writer
from controller.journal.schema import REVISION


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    opened = Journal.open(path)
    yield opened
    opened.close()


def events(first: int, count: int) -> list[Recorded]:
    return [Recorded(seq, 1_000 + seq, OrderWaiting(order=f"o{seq}", code="X")) for seq in range(first, first + count)]


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail("the condition did not come true in time")
        time.sleep(0.002)


def written(path: Path, count: int = 5) -> None:
    journal = Journal.open(path)
    journal.append(events(1, count))
    if not journal.close():
        pytest.fail("the journal did not write what waited")


def tamper(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as database:
        database.execute("DROP TRIGGER journal_no_update")
        database.execute("DROP TRIGGER journal_no_delete")
        database.execute(statement)
    database.close()


def load_error(path: Path) -> JournalError:
    with pytest.raises(JournalError) as caught:
        read_all(path)
    return caught.value


def read_all(path: Path) -> None:
    journal = Journal.open(path)
    try:
        list(journal.load())
    finally:
        journal.close()


def test_what_was_appended_comes_back_in_order_after_a_restart(path: Path) -> None:
    wanted = [
        Recorded(1, 5, EpochClaimed(epoch=3, seen=2)),
        Recorded(2, 6, ModeChanged(mode="automatic", actor="mia", cause="asked")),
        *events(3, 3000),
    ]
    journal = Journal.open(path)
    journal.append(wanted[:1])
    journal.append(wanted[1:])
    assert journal.close()

    again = Journal.open(path)
    assert list(again.load()) == wanted
    assert again.durable_seq == wanted[-1].seq
    again.append(events(3003, 1))
    assert again.close()


def test_durability_is_told_in_the_loop_that_asked(path: Path) -> None:
    async def scenario() -> None:
        journal = Journal.open(path)
        told: list[tuple[int, int]] = []
        done = asyncio.Event()

        def on_durable(seq: int) -> None:
            told.append((seq, threading.get_ident()))
            if seq == 4:
                done.set()

        journal.notify(asyncio.get_running_loop(), on_durable)
        journal.append(events(1, 2))
        journal.append(events(3, 2))
        await asyncio.wait_for(done.wait(), 10)
        assert {thread for _, thread in told} == {threading.get_ident()}
        assert journal.close()

    asyncio.run(scenario())


def test_a_commit_after_the_loop_has_closed_is_still_written(path: Path) -> None:
    loop = asyncio.new_event_loop()
    journal = Journal.open(path)
    journal.notify(loop, lambda _seq: None)
    loop.close()
    journal.append(events(1, 1))
    assert journal.close()


def test_events_after_a_number_can_be_read_beside_the_writer(journal: Journal) -> None:
    journal.append(events(1, 20))
    until(lambda: journal.durable_seq == 20)
    assert [e.seq for e in journal.events_after(7, 5)] == [8, 9, 10, 11, 12]
    assert journal.events_after(20, 5) == []


def test_a_writer_killed_in_the_middle_loses_nothing_that_it_called_durable(path: Path) -> None:
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.controller.journal_writer_process", str(path)], stdout=subprocess.PIPE
        )
        with process:
            out = process.stdout
            if out is None:
                pytest.fail("no pipe")
            durable = 0
            for _ in range(10):
                durable = int(out.readline())
            os.kill(process.pid, signal.SIGKILL)
            process.wait(10)
        journal = Journal.open(path)
        loaded = [recorded.seq for recorded in journal.load()]
        journal.close()
        assert loaded == list(range(1, len(loaded) + 1))
        assert len(loaded) >= durable


def test_a_second_process_is_refused_while_the_first_lives(path: Path, journal: Journal) -> None:
    assert journal.fault is None
    with pytest.raises(JournalError) as caught:
        Journal.open(path)
    assert caught.value.code == "JOURNAL_LOCKED"


def test_the_lock_goes_with_its_owner(path: Path) -> None:
    Journal.open(path).close()
    Journal.open(path).close()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    written(path)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    before = path.read_bytes()
    with pytest.raises(JournalError) as caught:
        Journal.open(path)
    assert caught.value.code == "JOURNAL_NEWER"
    assert "9999" in caught.value.text
    assert path.read_bytes() == before


def test_an_event_kind_of_a_newer_version_is_named_as_such(path: Path) -> None:
    from controller.journal.chain import GENESIS, link_hash

    written(path, 0)
    payload = b'{"type":"levitated","car":"x"}'
    with sqlite3.connect(path) as database:
        digest = link_hash(GENESIS, 1, 7, "levitated", payload)
        database.execute("INSERT INTO journal VALUES (1, 7, 'levitated', ?, ?)", (payload, digest))
    database.close()
    error = load_error(path)
    assert error.code == "JOURNAL_NEWER"
    assert "levitated" in error.text


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("UPDATE journal SET payload = CAST('{}' AS BLOB) WHERE seq = 3", "event 3"),
        ("UPDATE journal SET at_ms = at_ms + 1 WHERE seq = 2", "event 2"),
        ("UPDATE journal SET kind = 'order-ended' WHERE seq = 4", "event 4"),
        ("UPDATE journal SET kind = 12 WHERE seq = 4", "event 4"),
        ("UPDATE journal SET payload = NULL WHERE seq = 4", None),
        ("DELETE FROM journal WHERE seq = 2", "event 2 is missing"),
        ("DELETE FROM journal WHERE seq = 1", "event 1 is missing"),
        ("UPDATE journal SET hash = zeroblob(32) WHERE seq = 5", "event 5"),
    ],
)
def test_a_changed_or_missing_row_is_named_and_nothing_can_be_appended(
    path: Path, statement: str, place: str | None
) -> None:
    written(path)
    if place is None:
        with pytest.raises(sqlite3.IntegrityError):
            tamper(path, statement)
        return
    tamper(path, statement)
    error = load_error(path)
    assert error.code == "JOURNAL_DAMAGED"
    assert place in error.text


def test_the_database_itself_refuses_to_change_or_delete_rows(path: Path) -> None:
    written(path)
    database = sqlite3.connect(path)
    for statement in ("UPDATE journal SET at_ms = 0", "DELETE FROM journal"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            database.execute(statement)
    database.close()


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\x00" + b"\xff" * 4096])
def test_a_file_that_is_no_database_is_damaged_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(JournalError) as caught:
        Journal.open(path)
    assert caught.value.code == "JOURNAL_DAMAGED"
    assert path.read_bytes() == content


def test_pages_overwritten_in_the_middle_are_damaged(path: Path) -> None:
    written(path, 2000)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xa5" * 8192)
    assert load_error(path).code == "JOURNAL_DAMAGED"


def test_a_database_of_something_else_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE recipes (name TEXT)")
    database.close()
    with pytest.raises(JournalError) as caught:
        Journal.open(path)
    assert caught.value.code == "JOURNAL_DAMAGED"
    assert "recipes" in caught.value.text


def test_a_directory_that_cannot_be_made_is_unwritable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError) as caught:
        Journal.open(tmp_path / "file" / "journal.sqlite")
    assert caught.value.code == "JOURNAL_UNWRITABLE"


def test_nothing_is_appended_to_rows_that_were_not_verified(path: Path) -> None:
    written(path)
    journal = Journal.open(path)
    with pytest.raises(JournalError) as caught:
        journal.append(events(6, 1))
    assert caught.value.code == "JOURNAL_NOT_LOADED"
    journal.close()


def test_a_gap_in_the_numbers_is_a_fault_and_stalls_what_is_durable(journal: Journal) -> None:
    journal.append(events(1, 2))
    journal.append(events(4, 1))
    journal.append(events(3, 1))
    until(lambda: journal.durable_seq == 2)
    fault = journal.fault
    assert fault is not None
    assert fault.code == "JOURNAL_SEQUENCE"


def test_a_disk_that_refuses_is_a_fault_until_it_takes_the_events(
    path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "RETRY_S", 0.01)
    journal.append(events(1, 1))
    until(lambda: journal.durable_seq == 1)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("CREATE TRIGGER disk_full BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'disk is full'); END")

    started = time.monotonic()
    journal.append(events(2, 3))
    assert time.monotonic() - started < 1
    until(lambda: journal.fault is not None)
    fault = journal.fault
    assert fault is not None
    assert fault.code == "JOURNAL_UNWRITABLE"
    assert "disk is full" in fault.detail
    assert journal.durable_seq == 1

    blocker.execute("DROP TRIGGER disk_full")
    blocker.close()
    until(lambda: journal.durable_seq == 4)
    assert journal.fault is None


def test_a_disk_that_stalls_never_blocks_who_appends_and_is_reported(
    path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "STALLED_AFTER_MS", 50)
    journal.append(events(1, 1))
    until(lambda: journal.durable_seq == 1)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    for seq in range(2, 102):
        journal.append(events(seq, 1))
    until(lambda: journal.fault is not None)
    fault = journal.fault
    assert fault is not None
    assert fault.code == "JOURNAL_STALLED"
    assert journal.durable_seq == 1
    blocker.execute("ROLLBACK")
    blocker.close()
    until(lambda: journal.durable_seq == 101)
    assert journal.fault is None


def test_a_queue_that_is_full_is_a_fault_that_stays(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "QUEUE_EVENTS_MAX", 10)
    journal.append(events(1, 11))
    fault = journal.fault
    assert fault is not None
    assert fault.code == "JOURNAL_OVERFLOW"
    journal.append(events(1, 1))
    assert journal.durable_seq == 0


def test_the_newest_migration_makes_the_tables_that_the_code_names(path: Path) -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    written(path, 0)
    config = Config()
    config.set_main_option("script_location", "controller.journal:migrations")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [REVISION]
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    from controller.journal.schema import METADATA

    inspector = sqlalchemy.inspect(engine)
    for table in METADATA.tables.values():
        found = {column["name"]: column["nullable"] for column in inspector.get_columns(table.name)}
        assert found == {column.name: bool(column.nullable) for column in table.columns}
    engine.dispose()
