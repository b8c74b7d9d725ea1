"""A new journal file from parts of an old one: how salvage and restore make what they then put in place.

Owns the making. The new file is never the journal until it is whole; must never change an event that it takes over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, update

from controller.core.events import ENCODER, CoreEvent
from controller.journal.chain import link_hash, snapshot_digest
from controller.journal.copy import exchange, write_mark
from controller.journal.database import named_errors, open_database
from controller.journal.error import damaged
from controller.journal.reader import JournalReader
from controller.journal.rows import Anchor, Row, StateSnapshot
from controller.journal.schema import ANCHOR, JOURNAL, SNAPSHOT
from controller.journal.verification import verify
from controller.journal.writer import event_kind


def fill(part: Path, begin: Anchor, pages: Iterable[Sequence[Row]], snapshots: Iterable[StateSnapshot]) -> None:
    """Make a journal at ``part`` of events that follow ``begin``, and of the snapshots that belong to them.

    Raises:
        JournalError: it cannot be written.
    """
    engine = open_database(part)
    try:
        with named_errors(part):
            with engine.begin() as connection:
                for one in snapshots:
                    connection.execute(insert(SNAPSHOT).values(**_snapshot_values(one)))
                if begin.seq:
                    _set_anchor(connection, begin)
            for page in pages:
                with engine.begin() as connection:
                    connection.execute(insert(JOURNAL), [row._asdict() for row in page])
    finally:
        _close(engine, part)


def go_on(part: Path, events: Sequence[CoreEvent], at_ms: int) -> None:
    """Bring the journal at ``part`` to the newest schema and append ``events``.

    Raises:
        JournalError: it cannot be written.
    """
    engine = open_database(part)
    try:
        with named_errors(part), JournalReader(part) as reader:
            last, begin = reader.last(), reader.anchor()
            seq, newest = (begin.seq, begin.hash) if last is None else (last.seq, last.hash)
            rows: list[dict[str, Any]] = []
            for event in events:
                seq, kind, payload = seq + 1, event_kind(event), ENCODER.encode(event)
                newest = link_hash(newest, seq, at_ms, kind, payload)
                rows.append({"seq": seq, "at_ms": at_ms, "kind": kind, "payload": payload, "hash": newest})
            with engine.begin() as connection:
                connection.execute(insert(JOURNAL), rows)
    finally:
        _close(engine, part)


def put_in_place(part: Path, journal: Path, aside: Path) -> bool:
    """Verify the new file once more and give it the journal's name; whether there was an old one to keep ``aside``.

    Raises:
        JournalError: it is not whole, or cannot be put there; the journal is as it was.
    """
    with JournalReader(part) as reader:
        report, last = verify(reader), reader.last()
    if not report.is_whole or last is None:
        found = report.damage.text if report.damage is not None else "; ".join(report.pages)
        raise damaged(f"{part}: the new journal is not whole: {found}")
    was_there = exchange(part, journal, aside)
    write_mark(journal, last.seq, last.at_ms, last.hash)
    return was_there


def _snapshot_values(one: StateSnapshot) -> dict[str, Any]:
    digest = snapshot_digest(one.hash, one.seq, one.at_ms, one.format, one.payload)
    return {
        "seq": one.seq,
        "at_ms": one.at_ms,
        "format": one.format,
        "hash": one.hash,
        "payload": one.payload,
        "digest": digest,
    }


def _set_anchor(connection: Connection, begin: Anchor) -> None:
    """Move the anchor of an empty journal. The database lets it go along its own events only: so one is there for a
    moment, with the hash that the anchor must have.
    """
    empty = {"seq": begin.seq, "at_ms": begin.at_ms, "kind": "", "payload": b"", "hash": begin.hash}
    connection.execute(insert(JOURNAL).values(**empty))
    connection.execute(update(ANCHOR).where(ANCHOR.c.id == 1).values(seq=begin.seq, at_ms=begin.at_ms, hash=begin.hash))
    connection.execute(delete(JOURNAL).where(JOURNAL.c.seq == begin.seq))


def _close(engine: Engine, part: Path) -> None:
    """Leave one file without a log beside it."""
    with named_errors(part), engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    engine.dispose()
