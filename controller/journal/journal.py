"""The journal of one garage: what the rest of the controller calls.

Owns opening, verifying, reading and closing. Must never change or repair what has been written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import Connection, Engine

from controller.core.events import DECODER
from controller.core.interface import Recorded
from controller.journal import rows as ask
from controller.journal.database import named_errors, open_database, quick_check
from controller.journal.error import JournalError, behind, damaged, newer, unwritable
from controller.journal.file_lock import FileLock
from controller.journal.housekeeping import Fold, Limits
from controller.journal.mark import read_mark
from controller.journal.rows import Row, StateSnapshot
from controller.journal.schema import REVISION
from controller.journal.writer import Writer
from plc_drivers.reading import Fault

CHECK_EVENTS = 10_000
"""A start verifies at least so many of the newest events; all of them where it has to fold them."""


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
        self._form: int | None = None
        self.pages_checked = quick_check(engine, path)
        """False when a start had not the time to look at every page."""

    @classmethod
    def open(cls, path: Path) -> Journal:
        """Open or make the journal at ``path`` and lock it for this process.

        Raises:
            JournalError: JOURNAL_LOCKED (another process owns it), JOURNAL_NEWER, JOURNAL_DAMAGED, JOURNAL_MISSING,
                JOURNAL_BEHIND or JOURNAL_UNWRITABLE.
        """
        lock = lock_journal(path)
        try:
            engine = open_database(path)
        except JournalError:
            lock.release()
            raise
        try:
            journal = cls(path, lock, engine)
            if journal._is_empty():
                journal._begin_after(0, ask.FIRST_ANCHOR.hash)
        except JournalError:
            engine.dispose()
            lock.release()
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

    @property
    def room_fault(self) -> Fault | None:
        """Why a person must make room on the disk; None while there is enough. Nothing is forbidden by it."""
        return None if self._writer is None else self._writer.keeper.room_fault

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

    def snapshots(self, form: int) -> list[StateSnapshot]:
        """Snapshots of the state, newest first; those that cannot be used in format ``form`` say why.

        Raises:
            JournalError: the database cannot be read.
        """
        self._form = form
        with named_errors(self._path), self._engine.connect() as connection:
            return ask.snapshots(connection, REVISION, form)

    def load(self, after: int = 0) -> Iterator[Recorded]:
        """Every event that follows ``after``, the number of the snapshot that was taken up, each verified.

        At least the last ``CHECK_EVENTS`` are read and handed out, older ones than ``after`` among them.

        Raises:
            JournalError: JOURNAL_DAMAGED with the number where the chain breaks, JOURNAL_BEHIND when it ends before
                what was written, or JOURNAL_NEWER for an event kind that only a newer version knows.
        """
        seq, newest = self._start(after)
        while rows := self._rows_after(seq, ask.PAGE_ROWS):
            for row in rows:
                if wrong := ask.broken(row, seq + 1, newest):
                    raise damaged(f"{self._path}: {wrong}.")
                seq, newest = row.seq, row.hash
                yield self._recorded(row)
        if seq < after:
            raise damaged(f"{self._path}: event {seq + 1} is missing; the snapshot is of event {after}.")
        self._begin_after(seq, newest)

    def keep(self, fold: Fold, limits: Limits | None = None) -> None:
        """From now on keep snapshots of ``fold``, which holds what was loaded, and apply ``limits``.

        A fold of many events since the last snapshot is kept at once. It is the journal's from now on.

        Raises:
            JournalError: the journal has not been loaded, a defect of the caller.
        """
        with named_errors(self._path), self._engine.connect() as connection:
            newest = ask.newest_snapshot_seq(connection)
        self._ready().keeper.take(fold, newest, limits)

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

    def _start(self, after: int) -> tuple[int, bytes]:
        """Where reading begins: the number and hash before the first event to read."""
        with named_errors(self._path), self._engine.connect() as connection:
            begin = ask.anchor(connection, REVISION)
            if after < begin.seq:
                raise self._cut_off(connection, begin.seq)
            last = ask.last_row(connection)
            newest = begin.seq if last is None else last.seq
            seq = max(begin.seq, min(after, newest - CHECK_EVENTS))
            found = ask.hash_at(connection, seq, begin)
        if found is None:
            raise damaged(f"{self._path}: event {seq} is missing.")
        return seq, found

    def _cut_off(self, connection: Connection, seq: int) -> JournalError:
        """Why a journal whose first events were removed cannot be folded: no snapshot behind them can be used."""
        forms = {one.format for one in ask.snapshots(connection, REVISION, None) if not one.objection}
        if self._form is not None and any(form > self._form for form in forms):
            return newer(
                f"{self._path} begins with a snapshot of format {max(forms)}; this program reads {self._form}."
            )
        return damaged(f"{self._path}: events up to {seq} were removed, and no snapshot behind them can be used.")

    def _begin_after(self, seq: int, newest: bytes) -> None:
        """Begin to write after event ``seq``, unless the mark knows of later ones."""
        if self._writer is None:
            self._compare_with_mark(seq)
            self._writer = Writer(self._engine, self._path, seq, newest)

    def _compare_with_mark(self, last: int) -> None:
        mark = read_mark(self._path)
        if mark is None:
            return
        if mark.seq > last:
            raise behind(f"{self._path} ends with event {last}, but event {mark.seq} was written already.")
        with named_errors(self._path), self._engine.connect() as connection:
            begin = ask.anchor(connection, REVISION)
            stored = ask.hash_at(connection, mark.seq, begin)
        if mark.seq >= begin.seq and (stored is None or stored.hex() != mark.hash):
            raise behind(f"{self._path} has another event {mark.seq} than was written here.")

    def _is_empty(self) -> bool:
        with named_errors(self._path), self._engine.connect() as connection:
            return ask.last_row(connection) is None and ask.anchor(connection, REVISION) == ask.FIRST_ANCHOR

    def _rows_after(self, seq: int, limit: int) -> list[Row]:
        with named_errors(self._path), self._engine.connect() as connection:
            return ask.rows_after(connection, seq, limit)

    def _recorded(self, row: Row) -> Recorded:
        try:
            return Recorded(row.seq, row.at_ms, DECODER.decode(row.payload))
        except msgspec.DecodeError as error:
            text = f"{self._path}: event {row.seq} is a {row.kind!r} that this version cannot read ({error})."
            raise newer(text) from error


def lock_journal(path: Path) -> FileLock:
    """Lock the journal at ``path`` for this process.

    Raises:
        JournalError: JOURNAL_LOCKED or JOURNAL_UNWRITABLE.
    """
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
