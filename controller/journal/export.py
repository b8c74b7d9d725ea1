"""Events of the journal as plain records for other programs: which of them, and in what form.

Owns selection and form. Customers' keys stay inside, as they do for events that are published. Must never hold more
than one page of events.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from controller.core.publish import HIDDEN
from controller.journal.error import damaged
from controller.journal.reader import JournalReader
from controller.journal.rows import Row
from controller.moment import moment


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events: by number (both ends included), by Unix time in ms (from included, until not), by kind."""

    first_seq: int = 0
    last_seq: int | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    kinds: frozenset[str] = frozenset()

    def takes(self, row: Row) -> bool:
        """Whether an event is wanted; its number has been looked at already."""
        if self.since_ms is not None and row.at_ms < self.since_ms:
            return False
        if self.until_ms is not None and row.at_ms >= self.until_ms:
            return False
        return not self.kinds or row.kind in self.kinds


def selected(reader: JournalReader, selection: Selection) -> Iterator[Row]:
    """The events of a selection, oldest first, page by page."""
    seq = max(selection.first_seq - 1, 0)
    while rows := reader.rows_after(seq):
        for row in rows:
            if selection.last_seq is not None and row.seq > selection.last_seq:
                return
            if selection.takes(row):
                yield row
        seq = rows[-1].seq


def record(row: Row) -> dict[str, Any]:
    """One event as a record: number, time, kind, facts without customers' keys, and the chain's hash.

    Raises:
        JournalError: JOURNAL_DAMAGED, its content is not an event's.
    """
    try:
        facts = msgspec.json.decode(row.payload, type=dict[str, Any])
    except (msgspec.DecodeError, TypeError) as error:
        raise damaged(f"Event {row.seq} is not of the journal's form.") from error
    return {
        "seq": row.seq,
        "at_ms": row.at_ms,
        "at": moment(row.at_ms),
        "kind": row.kind,
        "data": {name: fact for name, fact in facts.items() if name != "type" and name not in HIDDEN},
        "hash": row.hash.hex(),
    }
