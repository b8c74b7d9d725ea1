"""The SQLite file of the journal: opened, checked, brought to the newest revision.

Owns the engine and its settings. Must never touch a database that a newer version wrote, and never make a new
one in the place of one that it cannot read, or of one that is gone.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError, OperationalError

from controller.journal.error import JournalError, damaged, in_use, missing, newer, unwritable
from controller.journal.mark import read_mark
from controller.journal.schema import ANCHOR, METADATA, REVISION, SNAPSHOT

_BUSY_TIMEOUT_MS = 2000
CHECK_BYTES_MAX = 32_000_000
"""A start looks at every page of a file up to this size, in a tenth of a second. SQLite cannot be interrupted in it, so
of a larger one it looks at the small tables; `garagectl journal verify` looks at all of it."""

_UNWRITABLE = ("readonly", "unable to open", "disk is full", "disk i/o", "permission")


def open_database(path: Path) -> Engine:
    """Engine of the journal at ``path``, made and migrated where needed; writes are synced to disk (FULL, WAL).

    Raises:
        JournalError: JOURNAL_NEWER, JOURNAL_DAMAGED, JOURNAL_MISSING or JOURNAL_UNWRITABLE.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _refuse_if_gone(path)
        path.touch()
    except OSError as error:
        raise unwritable(f"{path}: {error.strerror}.") from error
    if not os.access(path, os.W_OK):
        raise unwritable(f"{path} is not writable.")
    engine = create_engine(address(path, "rw"), pool_size=2, max_overflow=2)
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    try:
        with named_errors(path):
            _bring_up(engine, path)
    except JournalError:
        engine.dispose()
        raise
    return engine


def address(path: Path, mode: str) -> str:
    """SQLAlchemy's address of a file that is there already: no connection ever makes it anew when it has vanished."""
    return f"sqlite:///file:{quote(str(path.resolve()))}?mode={mode}&uri=true"


def wal_path(path: Path) -> Path:
    """The write-ahead log of a database."""
    return path.with_name(path.name + "-wal")


def _refuse_if_gone(path: Path) -> None:
    """An empty journal must not take the place of one that there was.

    Raises:
        JournalError: JOURNAL_MISSING.
    """
    if path.exists() and path.stat().st_size > 0:
        return
    mark = read_mark(path)
    if mark is not None:
        raise missing(f"{path} is gone or empty; it had {mark.seq} events.")
    wal = wal_path(path)
    if wal.exists() and wal.stat().st_size > 0:
        raise missing(f"{path} is gone or empty, but its log {wal.name} is there.")


def quick_check(engine: Engine, path: Path) -> bool:
    """Look for damaged pages, in bounded time; False when the table of events was too large for that.

    Raises:
        JournalError: JOURNAL_DAMAGED.
    """
    is_small = path.stat().st_size <= CHECK_BYTES_MAX
    tables = [""] if is_small else [f"('{table}')" for table in ("alembic_version", SNAPSHOT.name, ANCHOR.name)]
    with named_errors(path), engine.connect() as connection:
        found = [
            line for table in tables for line in connection.exec_driver_sql(f"PRAGMA quick_check{table}").scalars()
        ]
    wrong = [str(line) for line in found if line != "ok"]
    if wrong:
        raise damaged(f"{path}: {'; '.join(wrong[:3])}.")
    return is_small


@contextlib.contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Turn the database's own errors into the journal's.

    Raises:
        JournalError: JOURNAL_DAMAGED, JOURNAL_LOCKED or JOURNAL_UNWRITABLE.
    """
    try:
        yield
    except OperationalError as error:
        detail = str(error.orig)
        if any(word in detail.lower() for word in _UNWRITABLE):
            raise unwritable(f"{path}: {detail}.") from error
        if "locked" in detail.lower():
            raise in_use(f"{path} is locked by another program.") from error
        raise damaged(f"{path}: {detail}.") from error
    except DBAPIError as error:
        raise damaged(f"{path}: {error.orig}.") from error


def _configure(connection: sqlite3.Connection, _record: Any) -> None:
    """Settings of every connection; the driver's own transactions are switched off, because they do not cover DDL."""
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        mode = cursor.fetchone()[0]
        cursor.execute("PRAGMA synchronous=FULL")
    finally:
        cursor.close()
    if str(mode).lower() != "wal":
        raise unwritable(f"the file system does not support write-ahead logging (journal mode is {mode!r}).")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _bring_up(engine: Engine, path: Path) -> None:
    with engine.connect() as connection:
        found = _revision(connection, path)
    if found == REVISION:
        with engine.connect() as connection:
            _check_columns(connection, path)
        return
    _migrate(engine, path, found)


def _revision(connection: Connection, path: Path) -> str | None:
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    if "alembic_version" not in tables:
        raise damaged(f"{path} holds tables that are not the journal's: {', '.join(tables[:3])}.")
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    if len(found) != 1:
        raise damaged(f"{path} names {len(found)} schema versions instead of one.")
    return str(found[0])


def _check_columns(connection: Connection, path: Path) -> None:
    for table in METADATA.tables.values():
        if not inspect(connection).has_table(table.name):
            raise damaged(f"{path} has no table {table.name!r}.")
        found = {column["name"] for column in inspect(connection).get_columns(table.name)}
        lacking = sorted({column.name for column in table.columns} - found)
        if lacking:
            raise damaged(f"{path}: the table {table.name!r} lacks {', '.join(lacking)}.")


def _migrate(engine: Engine, path: Path, found: str | None) -> None:
    # Alembic is loaded only when there is something to migrate: it costs memory and start time for life.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "controller.journal:migrations")
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise newer(f"{path} has schema version {found!r}; this program knows up to {REVISION!r}.")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
