"""The journal of one garage: what the rest of the controller calls.

Owns opening, verifying, reading and closing. Must never change or repair what has been written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import Engine, RowMapping, select

from controller.core.events import DECODER
from controller.core.interface import Recorded
from controller.journal.chain import GENESIS, link_hash
from controller.journal.database import named_errors, open_database
from controller.journal.error import JournalError, damaged, newer, unwritable
from controller.journal.file_lock import FileLock
from controller.journal.schema import JOURNAL
from controller.journal.writer import Writer
from plc_drivers.reading import Fault

_LOAD_ROWS = 2000


class Journal:
    """Append-only record of events in SQLite, written by one thread and owned by one process.

    ``append`` is accepted once ``load`` has been read to its end (an empty journal has nothing to load), so
    nothing is ever chained to rows that were not verified.
    """

    def __init__(self, path: Path, lock: FileLock, engine: Engine) -> None:
        self._path = path
        self._lock = lock
        self._engine = engine
        self._writer: Writer | None = None

    @classmethod
    def open(cls, path: Path) -> Journal:
        """Open or make the journal at ``path`` and lock it for this process.

        Raises:
            JournalError: JOURNAL_LOCKED (another process owns it), JOURNAL_NEWER, JOURNAL_DAMAGED or
                JOURNAL_UNWRITABLE.
        """
        lock = _take_lock(path)
        try:
            journal = cls(path, lock, open_database(path))
        except JournalError:
            lock.release()
            raise
        try:
            if journal._is_empty():
                journal._writer = Writer(journal._engine, path, 0, GENESIS)
        except JournalError:
            journal.close()
            raise
        return journal

    @property
    def durable_seq(self) -> int:
        """Number of the newest event that is safely on disk; 0 when there is none. Safe from any thread."""
        return 0 if self._writer is None else self._writer.durable_seq

    @property
    def fault(self) -> Fault | None:
        """Why events do not reach the disk; None when they do. While it stands no new motion may be intended."""
        return None if self._writer is None else self._writer.fault

    def notify(self, loop: asyncio.AbstractEventLoop, on_durable: Callable[[int], None]) -> None:
        """After each commit, call ``on_durable`` with the newest durable number inside ``loop``.

        Raises:
            JournalError: the journal has not been loaded.
        """
        self._ready().notify(lambda seq: _call_in(loop, on_durable, seq))

    def append(self, events: Sequence[Recorded]) -> None:
        """Queue events for the disk; never blocks and never fails: see ``fault`` and ``durable_seq``.

        Raises:
            JournalError: the journal has not been loaded, a defect of the caller.
        """
        self._ready().append(events)

    def load(self) -> Iterator[Recorded]:
        """Every event from the first, each verified against the chain before it is handed out.

        Raises:
            JournalError: JOURNAL_DAMAGED with the number where the chain breaks, or JOURNAL_NEWER for an event
                kind that only a newer version knows.
        """
        seq, newest = 0, GENESIS
        while rows := self._rows_after(seq, _LOAD_ROWS):
            for row in rows:
                newest = self._verify(row, seq + 1, newest)
                seq += 1
                yield self._recorded(row)
        if self._writer is None:
            self._writer = Writer(self._engine, self._path, seq, newest)

    def events_after(self, seq: int, limit: int) -> list[Recorded]:
        """At most ``limit`` events with a number above ``seq``, oldest first. Reads the disk: call in a thread.

        Raises:
            JournalError: the database cannot be read.
        """
        return [self._recorded(row) for row in self._rows_after(seq, limit)]

    def close(self) -> bool:
        """Write what waits, release everything; False when some of it did not reach the disk in time."""
        written = self._writer is None or self._writer.close()
        self._engine.dispose()
        self._lock.release()
        return written

    def _ready(self) -> Writer:
        if self._writer is None:
            raise JournalError(
                "JOURNAL_NOT_LOADED",
                f"{self._path} was appended to before it was read to its end and verified.",
                "This is a defect of the controller: report it.",
            )
        return self._writer

    def _is_empty(self) -> bool:
        return not self._rows_after(0, 1)

    def _rows_after(self, seq: int, limit: int) -> Sequence[RowMapping]:
        wanted = select(JOURNAL).where(JOURNAL.c.seq > seq).order_by(JOURNAL.c.seq).limit(limit)
        with named_errors(self._path), self._engine.connect() as connection:
            return connection.execute(wanted).mappings().all()

    def _verify(self, row: RowMapping, due: int, previous: bytes) -> bytes:
        if row["seq"] != due:
            raise damaged(f"{self._path}: event {due} is missing; the next one is {row['seq']}.")
        try:
            found = link_hash(previous, row["seq"], row["at_ms"], row["kind"], row["payload"])
        except (TypeError, AttributeError, ValueError) as error:
            raise damaged(f"{self._path}: event {due} is not of the journal's types.") from error
        if found != row["hash"]:
            raise damaged(f"{self._path}: the chain breaks at event {due}; it or the one before was changed.")
        return found

    def _recorded(self, row: RowMapping) -> Recorded:
        try:
            return Recorded(row["seq"], row["at_ms"], DECODER.decode(row["payload"]))
        except msgspec.DecodeError as error:
            text = f"{self._path}: event {row['seq']} is a {row['kind']!r} that this version cannot read ({error})."
            raise newer(text) from error


def _take_lock(path: Path) -> FileLock:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(path.with_name(path.name + ".lock"))
    except BlockingIOError as error:
        raise JournalError(
            "JOURNAL_LOCKED",
            f"{path} is in use by another process.",
            "Stop the other controller, or start this one with another state directory.",
        ) from error
    except OSError as error:
        raise unwritable(f"{path.parent}: {error.strerror}.") from error


def _call_in(loop: asyncio.AbstractEventLoop, on_durable: Callable[[int], None], seq: int) -> None:
    """Hand over to the loop, which may have been closed while the last commit was under way."""
    try:
        loop.call_soon_threadsafe(on_durable, seq)
    except RuntimeError:
        if not loop.is_closed():
            raise
