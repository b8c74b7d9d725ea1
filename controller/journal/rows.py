"""The questions that everything here puts to the journal's tables.

Owns the statements and the records that they give. Must never change a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import error as struct_error
from typing import NamedTuple

from sqlalchemy import Connection, func, select, text

from controller.journal.chain import GENESIS, link_hash, snapshot_digest
from controller.journal.schema import ANCHOR, JOURNAL, SNAPSHOT, WITHOUT_ANCHOR

PAGE_ROWS = 2000
"""Rows read at a time: memory stays bounded, and no reader keeps the writer's log from being tidied for long."""


class Row(NamedTuple):
    """One event as it lies in the table; nothing of it has been checked."""

    seq: int
    at_ms: int
    kind: str
    payload: bytes
    hash: bytes


class Anchor(NamedTuple):
    """Where the chain begins: number, time and hash of the last event that was removed."""

    seq: int
    at_ms: int
    hash: bytes


FIRST_ANCHOR = Anchor(0, 0, GENESIS)


@dataclass(frozen=True, slots=True)
class StateSnapshot:
    """A snapshot of the state after event ``seq``; ``objection`` says why it cannot be used, empty when it can."""

    seq: int
    at_ms: int
    format: int
    hash: bytes
    payload: bytes
    objection: str = ""


def revision(connection: Connection) -> str:
    """The revision that the database names, empty when it names none."""
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return str(found[0]) if len(found) == 1 else ""


def anchor(connection: Connection, found: str) -> Anchor:
    """The anchor of a database at revision ``found``."""
    if found == WITHOUT_ANCHOR:
        return FIRST_ANCHOR
    row = connection.execute(select(ANCHOR.c.seq, ANCHOR.c.at_ms, ANCHOR.c.hash).where(ANCHOR.c.id == 1)).one_or_none()
    return FIRST_ANCHOR if row is None else Anchor._make(row)


def rows_after(connection: Connection, seq: int, limit: int = PAGE_ROWS) -> list[Row]:
    """At most ``limit`` rows with a number above ``seq``, oldest first."""
    wanted = select(JOURNAL).where(JOURNAL.c.seq > seq).order_by(JOURNAL.c.seq).limit(limit)
    return [Row._make(row) for row in connection.execute(wanted)]


def last_row(connection: Connection) -> Row | None:
    """The newest row, None when there is none."""
    row = connection.execute(select(JOURNAL).order_by(JOURNAL.c.seq.desc()).limit(1)).one_or_none()
    return None if row is None else Row._make(row)


def hash_at(connection: Connection, seq: int, begin: Anchor) -> bytes | None:
    """The chain's hash at event ``seq`` as it is stored; None when nothing is."""
    if seq == begin.seq:
        return begin.hash
    stored: bytes | None = connection.execute(select(JOURNAL.c.hash).where(JOURNAL.c.seq == seq)).scalar()
    return stored


def snapshots(connection: Connection, found: str, form: int | None) -> list[StateSnapshot]:
    """Every snapshot, newest first, each held against its digest, the chain, and the format that is wanted if any."""
    if found == WITHOUT_ANCHOR:
        return []
    begin = anchor(connection, found)
    kept = []
    for row in connection.execute(select(SNAPSHOT).order_by(SNAPSHOT.c.seq.desc())):
        one = StateSnapshot(row.seq, row.at_ms, row.format, row.hash, row.payload)
        objection = _objection(one, row.digest, hash_at(connection, one.seq, begin), form)
        kept.append(StateSnapshot(row.seq, row.at_ms, row.format, row.hash, row.payload, objection))
    return kept


def newest_snapshot_seq(connection: Connection) -> int:
    """Number of the newest snapshot, usable or not; 0 when there is none."""
    return int(connection.execute(select(func.max(SNAPSHOT.c.seq))).scalar() or 0)


def _objection(one: StateSnapshot, digest: bytes, chain: bytes | None, form: int | None) -> str:
    try:
        due = snapshot_digest(one.hash, one.seq, one.at_ms, one.format, one.payload)
    except (TypeError, ValueError, struct_error):
        return "it is not of a snapshot's types"
    if due != digest:
        return "its content was changed"
    if chain != one.hash:
        return f"it does not fit the chain at event {one.seq}"
    if form is not None and one.format != form:
        return f"it has format {one.format}; this version reads {form}"
    return ""


def broken(row: Row, due: int, previous: bytes) -> str:
    """What is wrong with ``row`` where event ``due`` must follow the hash ``previous``; empty when nothing is."""
    if row.seq != due:
        return f"event {due} is missing; the next one is {row.seq}"
    try:
        found = link_hash(previous, row.seq, row.at_ms, row.kind, row.payload)
    except (TypeError, AttributeError, ValueError, struct_error):
        return f"event {due} is not of the journal's types"
    if found != row.hash:
        return f"the chain breaks at event {due}; it or the one before was changed"
    return ""
