"""Snapshots and retention in the journal: what a start takes up, what is removed, and what never is."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from controller.config.load import load_config
from controller.core.core import GarageCore
from controller.core.state_snapshot import FOLD_FORMAT, encode
from controller.garage import Layout
from controller.journal import Journal, JournalError, database, housekeeping, keeper
from controller.journal.housekeeping import Limits, cut, used_bytes
from controller.journal.mark import read_mark
from controller.journal.reader import JournalReader
from controller.journal.rows import anchor
from controller.journal.schema import REVISION
from tests.conftest import CONFIG_FOLDER
from tests.controller.journal_files import (
    Counting,
    events,
    opened,
    report,
    seqs,
    tamper,
    until,
    with_snapshots,
    written,
)
from tests.controller.state_facts import facts

DAY_MS = 24 * 3600 * 1000
STORED = sorted((Path(__file__).parent / "journal_data").glob("schema-*.sql"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def snapshot_seqs(path: Path) -> list[int]:
    with JournalReader(path) as reader:
        return [one.seq for one in reader.snapshots()]


def cut_all(path: Path, limits: Limits, now_ms: int) -> int:
    """Remove what is due, step by step, as the writer's thread does."""
    journal, _ = opened(path)
    removed = 0
    while True:
        with journal._engine.begin() as connection:
            count, _ = cut(connection, limits, now_ms)
        removed += count
        if not count:
            break
    journal.close()
    return removed


# --- snapshots ---------------------------------------------------------------------------------------------------


def test_a_run_leaves_a_snapshot_at_its_end_and_the_next_start_goes_on_from_it(path: Path) -> None:
    with_snapshots(path, 30, 10)
    assert snapshot_seqs(path) == [30, 20, 10]
    journal, fold = opened(path)
    assert (fold.seq, fold.total) == (30, sum(range(31)))
    journal.keep(fold)
    assert journal.close()
    assert snapshot_seqs(path) == [30, 20, 10], "nothing happened: no other snapshot"


def test_a_long_run_takes_snapshots_on_its_way_and_keeps_the_newest(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "SNAPSHOT_EVENTS", 100)
    journal, fold = opened(path)
    journal.keep(fold)
    for first in range(1, 1001, 50):
        journal.append(events(first, 50))
        until(lambda last=first + 49: journal.durable_seq == last)  # type: ignore[misc]
    assert journal.close()
    assert len(snapshot_seqs(path)) == housekeeping.SNAPSHOTS_KEPT
    assert snapshot_seqs(path)[0] > 800


def test_a_killed_run_is_folded_from_its_last_snapshot_and_the_events_since(path: Path) -> None:
    with_snapshots(path, 30, 10)
    written(path, events(31, 7))
    _, fold = opened_and_closed(path)
    assert (fold.seq, fold.total) == (37, sum(range(38)))


def opened_and_closed(path: Path) -> tuple[Journal, Counting]:
    journal, fold = opened(path)
    journal.close()
    return journal, fold


@pytest.mark.parametrize(
    ("statement", "objection"),
    [
        ("UPDATE snapshot SET payload = CAST('30 1' AS BLOB) WHERE seq = 30", "content was changed"),
        ("UPDATE snapshot SET format = 2 WHERE seq = 30", "content was changed"),
        ("UPDATE snapshot SET payload = 'text' WHERE seq = 30", "types"),
        ("UPDATE snapshot SET seq = 29 WHERE seq = 30", "content was changed"),
    ],
)
def test_a_snapshot_that_was_changed_is_told_and_the_one_before_is_taken(
    path: Path, statement: str, objection: str
) -> None:
    with_snapshots(path, 30, 10)
    tamper(path, statement)
    journal = Journal.open(path)
    kept = journal.snapshots(Counting.format)
    journal.close()
    assert objection in kept[0].objection
    assert [one.objection for one in kept[1:]] == ["", ""]
    _, fold = opened_and_closed(path)
    assert (fold.seq, fold.total) == (30, sum(range(31)))


def test_a_snapshot_of_another_format_or_chain_is_no_beginning(path: Path, tmp_path: Path) -> None:
    with_snapshots(path, 20, 10)
    other = tmp_path / "other.sqlite"
    written(other, events(1, 20, at_ms=9))
    database = sqlite3.connect(other)
    with database:
        database.execute("ATTACH ? AS foreign_one", (str(path),))
    with database:
        database.execute("INSERT INTO snapshot SELECT * FROM foreign_one.snapshot")
    database.close()
    journal = Journal.open(other)
    assert all("does not fit the chain" in one.objection for one in journal.snapshots(1))
    journal.close()
    journal = Journal.open(path)
    assert all("format 1; this version reads 2" in one.objection for one in journal.snapshots(2))
    journal.close()


def test_a_fold_that_fails_ends_the_snapshots_and_nothing_else(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Counting):
        def apply(self, recorded: object) -> None:
            raise KeyError("defect")

    journal, _ = opened(path)
    journal.keep(Failing())
    with caplog.at_level(logging.ERROR):
        journal.append(events(1, 10))
        until(lambda: journal.durable_seq == 10)
        journal.append(events(11, 10))
        assert journal.close()
    assert "SNAPSHOTS_ENDED" in caplog.text
    assert seqs(path) == list(range(1, 21))


# --- retention ---------------------------------------------------------------------------------------------------


def test_h08_old_events_go_only_behind_every_snapshot_and_the_chain_goes_on_from_the_anchor(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "EVENTS_KEPT_MIN", 5)
    monkeypatch.setattr(housekeeping, "CUT_ROWS", 7)
    with_snapshots(path, 100, 20)
    before = snapshot_seqs(path)
    assert cut_all(path, Limits(30, 64), now_ms=100 * DAY_MS) == min(before)
    assert seqs(path) == list(range(min(before) + 1, 101))
    found = report(path)
    assert found.is_whole
    assert found.begin.seq == min(before)
    assert [one.objection for one in found.snapshots] == [""] * len(before)
    _, fold = opened_and_closed(path)
    assert (fold.seq, fold.total) == (100, sum(range(101)))


def test_events_go_by_age_and_no_further(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "EVENTS_KEPT_MIN", 5)
    journal, fold = opened(path)
    journal.keep(fold)
    journal.append(events(1, 100, at_ms=0, step_ms=DAY_MS))
    assert journal.close()
    assert cut_all(path, Limits(30, 64), now_ms=100 * DAY_MS) == 69
    assert seqs(path)[0] == 70


def test_the_newest_events_stay_for_listeners_whatever_their_age(path: Path) -> None:
    with_snapshots(path, 100, 50)
    assert cut_all(path, Limits(30, 64), now_ms=100 * DAY_MS) == 0


def test_above_the_size_bound_the_oldest_go_whatever_their_age(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "EVENTS_KEPT_MIN", 100)
    with_snapshots(path, 3000, 1500)
    journal, _ = opened(path)
    with journal._engine.connect() as connection:
        size = used_bytes(connection)
    journal.close()
    most = Limits(3650, 64)
    object.__setattr__(most, "size_max_mb", size * 0.8 / 1_000_000)
    assert 0 < cut_all(path, most, now_ms=5000) <= 1500
    assert report(path).is_whole


def test_the_writer_removes_old_events_by_itself_and_goes_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "EVENTS_KEPT_MIN", 5)
    monkeypatch.setattr(housekeeping, "CUT_ROWS", 10)
    monkeypatch.setattr(keeper, "SHRINK_EVERY_S", 0.0)
    monkeypatch.setattr(keeper, "CUT_EVERY_S", 0.0)
    with_snapshots(path, 100, 20)
    journal, fold = opened(path)
    journal.keep(fold, Limits(30, 64))
    until(lambda: seqs(path)[0] > 30)
    journal.append(events(101, 1))
    until(lambda: journal.durable_seq == 101)
    assert journal.close()
    assert report(path).is_whole


def test_a_clock_that_is_years_ahead_costs_one_small_step_at_a_time(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "EVENTS_KEPT_MIN", 5)
    monkeypatch.setattr(housekeeping, "CUT_ROWS", 10)
    monkeypatch.setattr(keeper, "SHRINK_EVERY_S", 0.0)
    with_snapshots(path, 100, 50)
    journal, fold = opened(path)
    journal.keep(fold, Limits(30, 64))  # its events are of 1970: to it, the clock is decades ahead
    until(lambda: seqs(path)[0] == 11)
    for seq in range(101, 106):
        journal.append(events(seq, 1))
        until(lambda last=seq: journal.durable_seq == last)  # type: ignore[misc]
    assert journal.close()
    assert seqs(path)[0] == 11


@pytest.mark.parametrize(
    ("statement", "match"),
    [
        ("DELETE FROM journal WHERE seq = 99", "append-only"),
        ("UPDATE anchor SET seq = 99, hash = (SELECT hash FROM journal WHERE seq = 99)", None),
        ("UPDATE anchor SET seq = 101, hash = (SELECT hash FROM journal WHERE seq = 100)", "anchor"),
        ("UPDATE anchor SET seq = 50", "anchor"),
        ("UPDATE anchor SET seq = 0, hash = zeroblob(32)", "anchor"),
        ("DELETE FROM anchor", "one anchor"),
        ("INSERT INTO anchor VALUES (2, 1, 1, zeroblob(32))", "one anchor"),
    ],
)
def test_the_database_itself_refuses_to_lose_what_is_needed(path: Path, statement: str, match: str | None) -> None:
    with_snapshots(path, 100, 50)
    database = sqlite3.connect(path)
    if match is None:
        database.execute(statement)
        database.execute("DELETE FROM snapshot WHERE seq = 50")
        with pytest.raises(sqlite3.IntegrityError, match="are gone"):
            database.execute("DELETE FROM snapshot")
    else:
        with pytest.raises(sqlite3.IntegrityError, match=match):
            database.execute(statement)
    database.close()


def test_a_cut_journal_whose_snapshots_are_useless_is_refused_by_name(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "EVENTS_KEPT_MIN", 5)
    with_snapshots(path, 60, 20)
    cut_all(path, Limits(30, 64), now_ms=100 * DAY_MS)
    journal = Journal.open(path)
    assert [one.format for one in journal.snapshots(0)] == [1, 1, 1]
    with pytest.raises(JournalError) as caught:
        list(journal.load())
    journal.close()
    assert caught.value.code == "JOURNAL_NEWER", "a later version wrote snapshots that this one cannot read"
    tamper(path, "UPDATE snapshot SET payload = CAST('' AS BLOB)")
    journal = Journal.open(path)
    assert all(one.objection for one in journal.snapshots(1))
    with pytest.raises(JournalError) as caught:
        list(journal.load())
    journal.close()
    assert caught.value.code == "JOURNAL_DAMAGED"
    assert "no snapshot" in caught.value.text


# --- the mark ----------------------------------------------------------------------------------------------------


def test_an_end_that_was_cut_off_is_seen_though_the_chain_is_whole(path: Path) -> None:
    written(path, events(1, 20))
    mark = read_mark(path)
    assert mark is not None
    assert mark.seq == 20
    tamper(path, "DELETE FROM journal WHERE seq > 15")
    journal = Journal.open(path)
    with pytest.raises(JournalError) as caught:
        list(journal.load())
    journal.close()
    assert caught.value.code == "JOURNAL_BEHIND"
    assert "event 20 was written" in caught.value.text
    damage = report(path).damage
    assert damage is not None
    assert damage.seq == 16


def test_another_journal_in_the_place_of_the_own_one_is_seen(path: Path, tmp_path: Path) -> None:
    written(path, events(1, 20))
    other = tmp_path / "other.sqlite"
    written(other, events(1, 30, at_ms=7))
    other.replace(path)
    journal = Journal.open(path)
    with pytest.raises(JournalError) as caught:
        list(journal.load())
    journal.close()
    assert caught.value.code == "JOURNAL_BEHIND"
    damage = report(path).damage
    assert damage is not None
    assert damage.seq == 20


@pytest.mark.parametrize("leave", ["mark", "wal"])
def test_a_journal_that_is_gone_is_never_begun_anew_silently(path: Path, leave: str) -> None:
    written(path, events(1, 20))
    path.unlink()
    if leave == "wal":
        path.with_name(path.name + ".mark").unlink()
        path.with_name(path.name + "-wal").write_bytes(b"left by a killed controller")
    with pytest.raises(JournalError) as caught:
        Journal.open(path)
    assert caught.value.code == "JOURNAL_MISSING"
    assert not path.exists()
    path.touch()
    with pytest.raises(JournalError) as caught:
        Journal.open(path)
    assert caught.value.code == "JOURNAL_MISSING", "an empty file is not the journal either"


@pytest.mark.parametrize("content", [b"", b"{", b'{"seq": "x"}', b"[]", b"\xff\xfe"])
def test_a_mark_that_cannot_be_read_is_no_witness(path: Path, content: bytes) -> None:
    written(path, events(1, 5))
    path.with_name(path.name + ".mark").write_bytes(content)
    written(path, events(6, 1))
    assert seqs(path) == [1, 2, 3, 4, 5, 6]


# --- schemas of earlier releases ---------------------------------------------------------------------------------


def test_there_is_a_stored_database_of_every_schema() -> None:
    assert [file.stem.removeprefix("schema-") for file in STORED] == [f"{n:04d}" for n in range(1, int(REVISION) + 1)]


def as_known_then(now: Any, then: Any) -> Any:
    """A document as far as the earlier one knows its fields: what is learned since is not in old snapshots."""
    if isinstance(now, dict) and isinstance(then, dict):
        return {key: as_known_then(now[key], then[key]) for key in now if key in then}
    if isinstance(now, list) and isinstance(then, list) and len(now) == len(then):
        return [as_known_then(one, other) for one, other in zip(now, then, strict=True)]
    return now


@pytest.mark.parametrize("stored", STORED, ids=lambda file: file.stem)
def test_a_stored_database_of_each_release_is_brought_up_and_gives_the_same_state(path: Path, stored: Path) -> None:
    database = sqlite3.connect(path)
    database.executescript(stored.read_text(encoding="utf-8"))
    database.close()
    layout = Layout(load_config(CONFIG_FOLDER / "tower-small.toml"))
    journal, core = Journal.open(path), GarageCore(layout)
    for snapshot in journal.snapshots(FOLD_FORMAT):
        assert not snapshot.objection
        core.restore(snapshot.payload)
        break
    core.fold(recorded for recorded in journal.load(core.last_seq) if recorded.seq > core.last_seq)
    assert journal.close()
    then = facts(stored.with_name("state.json").read_bytes())
    assert as_known_then(facts(encode(core.state)), then) == then
    assert report(path).is_whole
    with JournalReader(path) as reader, reader._engine.connect() as connection:
        assert reader.revision == REVISION
        assert anchor(connection, REVISION).seq == (0 if stored.stem == "schema-0001" else 40)


def test_of_a_large_file_a_start_looks_at_the_small_tables_only(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_snapshots(path, 2000, 1000)
    journal = Journal.open(path)
    assert journal.pages_checked
    journal.close()
    monkeypatch.setattr(database, "CHECK_BYTES_MAX", 1000)
    journal = Journal.open(path)
    assert not journal.pages_checked
    journal.close()
