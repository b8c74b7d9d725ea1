"""What the journal's thread does beside writing: snapshots of the state, and the removal of what is too old.

Owns both as small transactions. Must never remove an event that is not behind every snapshot that is kept: what an open
order or a car's position needs is then in each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection, delete, func, insert, select, text, update

from controller.core.interface import Recorded
from controller.journal.chain import snapshot_digest
from controller.journal.rows import anchor, rows_after
from controller.journal.schema import ANCHOR, JOURNAL, REVISION, SNAPSHOT

SNAPSHOT_EVENTS = 10_000
"""A snapshot after so many events: a start then folds at most these, which takes a quarter of a second."""

SNAPSHOTS_KEPT = 3
"""More than one, for a start that finds the newest damaged."""

EVENTS_KEPT_MIN = 10_000
"""The newest events stay whatever the size: they are what listeners catch up with."""

CUT_ROWS = 500
"""Events removed in one transaction: some milliseconds, for which a commit may have to wait."""

CUT_EVERY_S = 600.0
"""Pause between two removals for age. A clock that is years ahead then costs some days of the oldest events until
somebody sees it, and not all of them."""

SHRINK_EVERY_S = 5.0
"""Pause between two removals for size, which no clock can cause."""

_DAY_MS = 24 * 3600 * 1000


class Fold(Protocol):
    """A fold of the journal that can be written down; what is in it is not the journal's business."""

    @property
    def format(self) -> int:
        """Number of the form and of the meaning of its bytes."""
        ...

    @property
    def seq(self) -> int:
        """Number of the last event in it."""
        ...

    def apply(self, recorded: Recorded) -> None:
        """Fold the next event."""
        ...

    def payload(self) -> bytes:
        """All of it as bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How long events are kept, and how large the database may become."""

    retention_days: int
    size_max_mb: int
    free_min_mb: int = 0
    """Free space on the disk below which a person is asked to make room; 0 never asks."""


def write_snapshot(connection: Connection, fold: Fold, at_ms: int) -> None:
    """Keep the fold as a snapshot, bound to the chain at its last event, and forget the oldest ones."""
    seq, form, payload = fold.seq, fold.format, fold.payload()
    chain = connection.execute(select(JOURNAL.c.hash).where(JOURNAL.c.seq == seq)).scalar()
    if chain is None or connection.execute(select(SNAPSHOT.c.seq).where(SNAPSHOT.c.seq == seq)).scalar() is not None:
        return
    connection.execute(
        insert(SNAPSHOT).values(
            seq=seq,
            at_ms=at_ms,
            format=form,
            hash=chain,
            payload=payload,
            digest=snapshot_digest(chain, seq, at_ms, form, payload),
        )
    )
    newest = select(SNAPSHOT.c.seq).order_by(SNAPSHOT.c.seq.desc()).limit(SNAPSHOTS_KEPT)
    connection.execute(delete(SNAPSHOT).where(SNAPSHOT.c.seq.not_in(newest)))


def used_bytes(connection: Connection) -> int:
    """Size of what the database holds; pages that are free again are used before the file grows."""
    pages, free, size = (
        connection.execute(text(f"PRAGMA {name}")).scalar_one()
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def cut(connection: Connection, limits: Limits, now_ms: int) -> tuple[int, bool]:
    """Remove some of the oldest events when they are too old or too many: how many, and whether for the size."""
    begin = anchor(connection, REVISION)
    newest = connection.execute(select(func.max(JOURNAL.c.seq))).scalar()
    behind = connection.execute(select(func.min(SNAPSHOT.c.seq))).scalar()
    if newest is None or behind is None:
        return 0, False
    last = min(behind, newest - EVENTS_KEPT_MIN, begin.seq + CUT_ROWS)
    too_large = used_bytes(connection) > limits.size_max_mb * 1_000_000
    due = [row for row in rows_after(connection, begin.seq, CUT_ROWS) if row.seq <= last]
    if not too_large:
        oldest_ms = now_ms - limits.retention_days * _DAY_MS
        young = next((n for n, row in enumerate(due) if row.at_ms >= oldest_ms), len(due))
        due = due[:young]
    if not due:
        return 0, too_large
    end = due[-1]
    connection.execute(update(ANCHOR).where(ANCHOR.c.id == 1).values(seq=end.seq, at_ms=end.at_ms, hash=end.hash))
    connection.execute(delete(JOURNAL).where(JOURNAL.c.seq <= end.seq))
    return len(due), too_large
