"""Journals on a real disk for tests: written, tampered with, read back; and a fold that only counts."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from controller.core.events import OrderWaiting
from controller.core.interface import Recorded
from controller.journal import Journal
from controller.journal.reader import JournalReader
from controller.journal.verification import Report, verify
from tests.eventually import eventually_blocking

TRIGGERS = ("journal_no_update", "journal_no_delete", "anchor_forward", "snapshot_needed")


def events(first: int, count: int, at_ms: int = 1_000, step_ms: int = 1) -> list[Recorded]:
    return [
        Recorded(seq, at_ms + step_ms * seq, OrderWaiting(order=f"o{seq}", code="X"))
        for seq in range(first, first + count)
    ]


class Counting:
    """A fold that knows how many events it has seen, and what they were."""

    format = 1

    def __init__(self, seq: int = 0, total: int = 0) -> None:
        self.seq, self.total = seq, total

    def apply(self, recorded: Recorded) -> None:
        assert recorded.seq == self.seq + 1
        self.seq, self.total = recorded.seq, self.total + recorded.seq

    def payload(self) -> bytes:
        return f"{self.seq} {self.total}".encode()

    @classmethod
    def of(cls, payload: bytes) -> Counting:
        seq, total = payload.split()
        return cls(int(seq), int(total))


def opened(path: Path) -> tuple[Journal, Counting]:
    """A journal with a fold, as a start takes it up: from the newest snapshot that fits, and the events since."""
    journal = Journal.open(path)
    usable = [one for one in journal.snapshots(Counting.format) if not one.objection]
    fold = Counting.of(usable[0].payload) if usable else Counting()
    for recorded in journal.load(fold.seq):
        if recorded.seq > fold.seq:
            fold.apply(recorded)
    return journal, fold


def written(path: Path, records: Iterable[Recorded]) -> None:
    """Append to the journal at ``path``, and close it."""
    journal = Journal.open(path)
    for _ in journal.load():
        pass
    journal.append(list(records))
    if not journal.close():
        pytest.fail("the journal did not write what waited")


def with_snapshots(path: Path, count: int, every: int) -> None:
    """A journal of ``count`` events that was closed, and so left a snapshot, after each ``every`` of them."""
    for first in range(1, count + 1, every):
        journal, fold = opened(path)
        journal.keep(fold)
        journal.append(events(first, min(every, count + 1 - first)))
        assert journal.close()


def tamper(path: Path, *statements: str) -> None:
    """Change what the database itself would not let be changed."""
    database = sqlite3.connect(path)
    with database:
        for trigger in TRIGGERS:
            database.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for statement in statements:
            database.execute(statement)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def report(path: Path) -> Report:
    with JournalReader(path) as reader:
        return verify(reader)


def seqs(path: Path) -> list[int]:
    """The numbers of all events that are there."""
    found: list[int] = []
    with JournalReader(path) as reader:
        after = 0
        while rows := reader.rows_after(after):
            found += [row.seq for row in rows]
            after = rows[-1].seq
    return found


def until(condition: Callable[[], bool]) -> None:
    eventually_blocking(condition, 20)
