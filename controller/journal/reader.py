"""Reads a journal that may belong to a running controller, or be a backup, or be damaged.

Owns connections that can only read. Must never take the journal's lock, and never write, migrate or repair anything.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Engine, create_engine, event, inspect
from sqlalchemy.exc import DBAPIError

from controller.journal import rows as ask
from controller.journal.database import address, named_errors, wal_path
from controller.journal.error import damaged, missing, newer, unreadable
from controller.journal.mark import Mark, read_mark
from controller.journal.rows import Anchor, Row, StateSnapshot
from controller.journal.schema import REVISION, WITHOUT_ANCHOR

BUSY_TIMEOUT_MS = 2000


class JournalReader:
    """One journal, open for reading. A context manager.

    Raises:
        JournalError: JOURNAL_MISSING, JOURNAL_UNREADABLE, JOURNAL_NEWER or JOURNAL_DAMAGED.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            mark = read_mark(path)
            raise unreadable(f"{path} does not exist.") if mark is None else missing(f"{path} is gone.")
        self.path = path
        self._engine = _engine(path)
        try:
            self.revision = self._checked_revision()
        except BaseException:
            self._engine.dispose()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._engine.dispose()

    def anchor(self) -> Anchor:
        """Where the chain begins."""
        with named_errors(self.path), self._engine.connect() as connection:
            return ask.anchor(connection, self.revision)

    def rows_after(self, seq: int, limit: int = ask.PAGE_ROWS) -> list[Row]:
        """At most ``limit`` rows with a number above ``seq``."""
        with named_errors(self.path), self._engine.connect() as connection:
            return ask.rows_after(connection, seq, limit)

    def last(self) -> Row | None:
        """The newest row, None when there is none."""
        with named_errors(self.path), self._engine.connect() as connection:
            return ask.last_row(connection)

    def snapshots(self, form: int | None = None) -> list[StateSnapshot]:
        """The snapshots, newest first, each held against the chain, and against a format if one is given."""
        with named_errors(self.path), self._engine.connect() as connection:
            return ask.snapshots(connection, self.revision, form)

    def mark(self) -> Mark | None:
        """How far the journal had come, as the mark beside it has it."""
        return read_mark(self.path)

    def page_damage(self) -> list[str]:
        """What SQLite finds wrong with the file's pages; takes as long as reading all of it."""
        try:
            with self._engine.connect() as connection:
                found = connection.exec_driver_sql("PRAGMA integrity_check(5)").scalars().all()
        except DBAPIError as error:
            return [str(error.orig)]
        return [str(line) for line in found if line != "ok"]

    @contextlib.contextmanager
    def frozen(self) -> Iterator[sqlite3.Connection]:
        """The driver's connection in one read transaction: everything that it reads is of the same moment."""
        with named_errors(self.path), self._engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute("BEGIN")
            try:
                driver.execute("SELECT count(*) FROM alembic_version").fetchone()
                yield driver
            finally:
                driver.execute("ROLLBACK")

    def _checked_revision(self) -> str:
        with named_errors(self.path), self._engine.connect() as connection:
            tables = set(inspect(connection).get_table_names())
            if not {"alembic_version", "journal"} <= tables:
                raise damaged(f"{self.path} is not a journal, or lost its tables.")
            found = ask.revision(connection)
        if found not in (REVISION, WITHOUT_ANCHOR):
            raise newer(f"{self.path} has schema version {found!r}; this program knows up to {REVISION!r}.")
        return found


def _engine(path: Path) -> Engine:
    wal = wal_path(path)
    # Without a log nobody writes; then the file can be read even where nothing may be written beside it.
    is_quiet = not (wal.exists() and wal.stat().st_size > 0)
    can_share = not is_quiet or path.with_name(path.name + "-shm").exists()
    engine = create_engine(address(path, "ro" if can_share else "ro&immutable=1"))
    event.listen(engine, "connect", _configure)
    return engine


def _configure(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}").close()
