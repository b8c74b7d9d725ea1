"""The one thread that writes the journal.

Owns the queue between the cycle and the disk, and the newest hash. Must never delay whoever appends: a slow,
full or broken disk shows as a number that stands still and as a ``Fault``, never as a late cycle.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import SQLAlchemyError

from controller.core.events import ENCODER
from controller.core.interface import Recorded
from controller.journal.chain import link_hash
from controller.journal.keeper import Keeper
from controller.journal.mark import Mark, MarkFile
from controller.journal.place import Place
from controller.journal.rescue import rescue
from controller.journal.schema import JOURNAL
from plc_drivers.reading import Fault

QUEUE_EVENTS_MAX = 20_000
"""Events that may wait for the disk; at some ten events per car that is hours of work, in about 10 MB."""

BATCH_EVENTS_MAX = 1000
STALLED_AFTER_MS = 2000
"""A commit on a healthy disk takes milliseconds; one that takes this long is reported as a stalled disk."""

RETRY_S = 1.0
"""Pause after a failed commit; tried for as long as the process lives, because the disk may be freed."""

LOOK_EVERY_S = 2.0
"""How often an idle writer looks whether its file still has its name."""

CLOSE_TIMEOUT_S = 2.0
_DAMAGED = ("malformed", "not a database", "corrupt")


class Writer:
    """Writes events in order, all that wait in one transaction, and tells when they are on disk."""

    def __init__(self, engine: Engine, path: Path, last_seq: int, last_hash: bytes) -> None:
        self._engine = engine
        self._path = path
        self._wake = threading.Condition()
        self._waiting: deque[Recorded] = deque()
        self._waiting_since: float | None = None
        self._closing = False
        self._last_queued = last_seq
        self._hash = last_hash
        self._failed: Fault | None = None
        self._refused: Fault | None = None
        self._on_durable: Callable[[int], None] | None = None
        self._place = Place(path)
        self._mark = MarkFile(path)
        self.keeper = Keeper(engine, path)
        self.durable_seq = last_seq
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self._thread.start()

    def notify(self, on_durable: Callable[[int], None] | None) -> None:
        """Call ``on_durable`` with the newest durable number after each commit, in the writer's thread."""
        self._on_durable = on_durable

    def append(self, events: Sequence[Recorded]) -> None:
        """Queue events; returns at once, whatever the disk does."""
        with self._wake:
            if self._refused is not None or not events:
                return
            self._refused = self._objection(events)
            if self._refused is not None:
                return
            if not self._waiting and self._waiting_since is None:
                self._waiting_since = time.monotonic()
            self._waiting.extend(events)
            self._last_queued = events[-1].seq
            self._wake.notify()

    @property
    def fault(self) -> Fault | None:
        """Why events do not reach the disk, None when they do."""
        if self._refused is not None:
            return self._refused
        if self._failed is not None:
            return self._failed
        since = self._waiting_since
        if since is not None and (time.monotonic() - since) * 1000 > STALLED_AFTER_MS:
            return Fault(
                "JOURNAL_STALLED",
                f"{self._path}: the disk has not taken an event for {time.monotonic() - since:.0f} s.",
                "No new motion begins until it has. Check the disk and what else writes to it.",
            )
        return None

    def close(self) -> bool:
        """Write what waits and end the thread; False when the disk did not take it in time.

        A last snapshot that takes longer is left behind: it costs the next start some time, and nothing is lost.
        """
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(CLOSE_TIMEOUT_S)
        return self.durable_seq == self._last_queued

    def _objection(self, events: Sequence[Recorded]) -> Fault | None:
        expected = self._last_queued + 1
        for number, recorded in enumerate(events, expected):
            if recorded.seq != number:
                return Fault(
                    "JOURNAL_SEQUENCE",
                    f"Event {recorded.seq} was appended where {number} was due.",
                    "This is a defect of the controller: restart it, and report it with the journal.",
                )
        if self._closing:
            return Fault("JOURNAL_CLOSED", "The journal has been closed.", "Restart the controller.")
        if len(self._waiting) + len(events) > QUEUE_EVENTS_MAX:
            return Fault(
                "JOURNAL_OVERFLOW",
                f"{QUEUE_EVENTS_MAX} events wait for the disk; what happens from now on is not recorded.",
                "No motion begins any more. Free or replace the disk, then restart the controller.",
            )
        return None

    # --- the thread -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while self._work():
                pass
            if self.fault is None:
                self.keeper.end()
        finally:
            self._mark.close()

    def _work(self) -> bool:
        """Write what waits, or do a chore; False when the thread's life is over."""
        with self._wake:
            if not self._waiting and not self._closing:
                due_s = self.keeper.wait_s()
                self._wake.wait(LOOK_EVERY_S if due_s is None else min(LOOK_EVERY_S, due_s))
            batch = [self._waiting[i] for i in range(min(len(self._waiting), BATCH_EVENTS_MAX))]
            closing = self._closing
        if batch and self._commit(batch):
            return self._is_in_place() and self._committed(batch)
        if batch:
            return self._refused is None and not self._pause()
        if closing:
            return False
        self.keeper.chore()
        return self._is_in_place()

    def _pause(self) -> bool:
        """Wait before the next try; True when the journal is being closed and trying ends."""
        with self._wake:
            self._wake.wait_for(lambda: self._closing, RETRY_S)
            return self._closing

    def _is_in_place(self) -> bool:
        """Whether the journal's name still leads to what is written; if not, nothing counts as durable any more."""
        gone = self._place.vanished()
        if gone is None:
            return True
        kept = rescue(self._engine, self._path, lambda: self._closing)
        where = "" if kept is None else f" What was written until then is in {kept}."
        self._refused = Fault(
            "JOURNAL_FILE_GONE",
            f"{gone} was deleted or replaced while it was written; what happens now is not recorded.{where}",
            "No motion begins any more. Stop the controller, then restore that file or a backup: "
            "`garagectl restore FILE`.",
        )
        return False

    def _commit(self, batch: Sequence[Recorded]) -> bool:
        rows, newest = self._rows(batch)
        try:
            with self._engine.begin() as connection:
                # A commit that reported an error may yet have reached the disk; writing it again would never succeed.
                if self._failed is None or not _holds(connection, batch[-1].seq, newest):
                    connection.execute(insert(JOURNAL), rows)
        except (SQLAlchemyError, OSError) as error:
            self._note(str(getattr(error, "orig", error)))
            return False
        self._hash = newest
        return True

    def _note(self, detail: str) -> None:
        """A commit failed. A disk may be freed and is tried again; a damaged database takes nothing any more."""
        if any(word in detail.lower() for word in _DAMAGED):
            self._refused = Fault(
                "JOURNAL_DAMAGED",
                f"{self._path}: {detail}.",
                "No motion begins any more. Stop the controller; `garagectl journal verify` says what is damaged.",
            )
            return
        self._failed = Fault(
            "JOURNAL_UNWRITABLE",
            f"{self._path}: {detail}.",
            "No new motion begins until it can be written. Free space on the disk, or check its health.",
        )

    def _rows(self, batch: Sequence[Recorded]) -> tuple[list[dict[str, Any]], bytes]:
        rows: list[dict[str, Any]] = []
        newest = self._hash
        for recorded in batch:
            payload = ENCODER.encode(recorded.event)
            kind = event_kind(recorded.event)
            newest = link_hash(newest, recorded.seq, recorded.at_ms, kind, payload)
            rows.append(
                {
                    "seq": recorded.seq,
                    "at_ms": recorded.at_ms,
                    "kind": kind,
                    "payload": payload,
                    "hash": newest,
                }
            )
        return rows, newest

    def _committed(self, batch: Sequence[Recorded]) -> bool:
        with self._wake:
            for _ in batch:
                self._waiting.popleft()
            self._waiting_since = time.monotonic() if self._waiting else None
        self._failed = None
        self._mark.write(Mark(batch[-1].seq, batch[-1].at_ms, self._hash.hex()))
        self.durable_seq = batch[-1].seq
        notify = self._on_durable
        if notify is not None:
            notify(self.durable_seq)
        self.keeper.committed(batch)
        return True


def _holds(connection: Connection, seq: int, newest: bytes) -> bool:
    return connection.execute(select(JOURNAL.c.hash).where(JOURNAL.c.seq == seq)).scalar() == newest


def event_kind(event: msgspec.Struct) -> str:
    """The event's kind: its tag, as it stands in the payload."""
    return str(event.__struct_config__.tag)
