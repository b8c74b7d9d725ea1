"""Puts a backup in the place of the journal.

Owns the order: the backup is verified before anything is touched, and the old journal is kept. Cars that moved after
the backup are not where its books have them: unless it is the very last state, every position is doubted.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.core.events import CoreEvent
from controller.core.journal_events import JournalRestored
from controller.journal import rebuild
from controller.journal.copy import BACKUP_PAGES, aside_name, new_part
from controller.journal.error import damaged, unreadable, unwritable
from controller.journal.mark import Mark, read_mark
from controller.journal.reader import JournalReader
from controller.journal.rows import Row
from controller.journal.verification import verify


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: the backup's last event, where the old journal is kept, and whether positions are in doubt."""

    last_seq: int
    last_ms: int
    aside: Path | None
    is_doubted: bool


def restore(backup: Path, journal: Path, doubts: Sequence[CoreEvent], person: str, at_ms: int) -> Restored:
    """Put a copy of ``backup`` in the place of ``journal``, whose lock the caller holds.

    Raises:
        JournalError: the backup is damaged, empty, newer or no journal, or the journal cannot be replaced; the journal
            is as it was.
    """
    if backup.exists() and journal.exists() and backup.samefile(journal):
        raise unreadable(f"{backup} is the journal itself.")
    part, aside = new_part(journal), aside_name(journal, "replaced")
    try:
        last = _copy(backup, part)
        is_last_state = _is_last_state(part, read_mark(journal))
        event = JournalRestored(backup_seq=last.seq, aside=aside.name, person=person)
        rebuild.go_on(part, [event] if is_last_state else [event, *doubts], at_ms)
        is_kept = rebuild.put_in_place(part, journal, aside)
    finally:
        for left in journal.parent.glob(part.name + "*"):
            left.unlink(missing_ok=True)
    return Restored(last.seq, last.at_ms, aside if is_kept else None, not is_last_state)


def _is_last_state(part: Path, mark: Mark | None) -> bool:
    """True when the backup holds the last event of which anything is known: no car has moved since (ADR 0008)."""
    if mark is None:
        return False
    with JournalReader(part) as reader:
        rows = reader.rows_after(mark.seq - 1, 1)
    return bool(rows) and (rows[0].seq, rows[0].hash.hex()) == (mark.seq, mark.hash)


def _copy(backup: Path, part: Path) -> Row:
    """Copy a backup that is whole, and give its last event."""
    with JournalReader(backup) as reader:
        report, last = verify(reader), reader.last()
        if not report.is_whole:
            found = report.damage.text if report.damage is not None else "; ".join(report.pages)
            raise damaged(f"{backup}: {found}")
        if last is None:
            raise unreadable(f"{backup} holds no event.")
        try:
            with reader.frozen() as connection, contextlib.closing(sqlite3.connect(part)) as copy:
                connection.backup(copy, pages=BACKUP_PAGES)
        except (sqlite3.Error, OSError) as error:
            raise unwritable(f"{part.parent}: {error}.") from error
    return last
