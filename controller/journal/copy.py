"""Whole copies of a journal: online backup, and one file in the place of another.

Owns the order of copying, checking, syncing and renaming, so that whatever is killed whenever leaves the old file or
the complete new one. Must never leave a name pointing to something half done.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import time
from pathlib import Path

from controller.journal.database import wal_path
from controller.journal.error import JournalError, damaged, unwritable
from controller.journal.mark import Mark, MarkFile, remove_mark
from controller.journal.reader import JournalReader
from controller.journal.verification import Report, verify

BACKUP_PAGES = 256
"""Pages copied at a time: one megabyte."""

BACKUP_TIMEOUT_S = 3600.0
"""Bound on a backup; while it runs the writer's log grows, because it must keep the moment that is copied."""

_SIDES = ("", "-wal")


class _TimeoutError(Exception):
    """The bound on a backup has been reached."""


def backup(source: Path, target: Path, timeout_s: float = BACKUP_TIMEOUT_S) -> Report:
    """Copy the journal at ``source`` to ``target`` while it may be written, and verify the copy; what it holds.

    Raises:
        JournalError: the journal cannot be read, is damaged, or the copy cannot be written; ``target`` is as it was.
    """
    if target.exists() and source.exists() and target.samefile(source):
        raise unwritable(f"{target} is the journal itself.")
    part = new_part(target)
    try:
        try:
            _copy(source, part, timeout_s)
            with JournalReader(part) as reader:
                report = verify(reader)
        except (sqlite3.Error, OSError) as error:
            raise unwritable(f"{target}: {error}.") from error
        except _TimeoutError as error:
            raise JournalError(
                "BACKUP_TIMEOUT", f"{source} was not copied within {timeout_s:.0f} s.", "Take a faster target."
            ) from error
        if not report.is_whole:
            found = report.damage.text if report.damage is not None else "; ".join(report.pages)
            raise damaged(f"{source}: the copy is not whole: {found}")
        place(part, target)
    finally:
        part.unlink(missing_ok=True)
    return report


def _copy(source: Path, part: Path, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s

    def look(_status: int, _left: int, _total: int) -> None:
        if time.monotonic() > deadline:
            raise _TimeoutError

    with (
        JournalReader(source) as reader,
        reader.frozen() as connection,
        contextlib.closing(sqlite3.connect(part)) as copy,
    ):
        connection.backup(copy, pages=BACKUP_PAGES, progress=look)
        # One file that needs no log beside it, and can be read where nothing may be written.
        copy.execute("PRAGMA journal_mode=DELETE")


def new_part(target: Path) -> Path:
    """A name beside ``target`` for what is not yet whole; what killed ones left there is removed.

    Raises:
        JournalError: JOURNAL_UNWRITABLE.
    """
    try:
        for left in target.parent.glob(f"{target.name}.part-*"):
            owner = left.name.partition(".part-")[2].partition("-")[0]
            if not owner.isdigit() or not Path(f"/proc/{owner}").exists() or int(owner) == os.getpid():
                left.unlink(missing_ok=True)
        if not target.parent.is_dir() or target.is_dir():
            raise unwritable(f"{target} cannot be written: it is a folder, or its folder does not exist.")
    except OSError as error:
        raise unwritable(f"{target.parent}: {error.strerror}.") from error
    return target.with_name(f"{target.name}.part-{os.getpid()}")


def place(part: Path, target: Path) -> None:
    """Give the complete file its name, on disk for good.

    Raises:
        JournalError: JOURNAL_UNWRITABLE.
    """
    try:
        sync(part)
        part.replace(target)
        sync(target.parent)
    except OSError as error:
        raise unwritable(f"{target}: {error.strerror}.") from error


def sync(path: Path) -> None:
    """Wait until a file, or a folder's entries, are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def exchange(part: Path, journal: Path, aside: Path) -> bool:
    """Put ``part`` in the place of the journal, whose lock the caller holds; whether there was one to keep ``aside``.

    Killed at any point, the journal's name leads to the old file or to the new one, each complete: the old one's log is
    brought into it first where it can be, and its mark goes before and not after.

    Raises:
        JournalError: JOURNAL_UNWRITABLE.
    """
    try:
        _bring_log_in(journal)
        was_there = False
        for side in _SIDES:
            old = journal.with_name(journal.name + side)
            if old.exists():
                _keep(old, aside.with_name(aside.name + side))
                was_there = True
        sync(journal.parent)
        remove_mark(journal)
        wal_path(journal).unlink(missing_ok=True)
        journal.with_name(journal.name + "-shm").unlink(missing_ok=True)
        place(part, journal)
    except OSError as error:
        raise unwritable(f"{journal}: {error.strerror}.") from error
    return was_there


def aside_name(journal: Path, word: str) -> Path:
    """A name for the old journal that no other file has."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    names = (
        journal.with_name(f"{journal.name}.{word}-{stamp}{more}") for more in ("", *map("-{}".format, range(2, 99)))
    )
    return next(name for name in names if not name.exists() and not wal_path(name).exists())


def write_mark(journal: Path, seq: int, at_ms: int, chain: bytes) -> None:
    """Remember how far a journal that was just put in place has come."""
    mark = MarkFile(journal)
    mark.write(Mark(seq, at_ms, chain.hex()))
    mark.close()


def _bring_log_in(journal: Path) -> None:
    """Move the old journal's log into its file; a damaged one keeps its log beside it."""
    if not journal.exists() or not wal_path(journal).exists():
        return
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(journal)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _keep(old: Path, aside: Path) -> None:
    """A second name for the old file; a copy where the file system knows no second names."""
    try:
        os.link(old, aside)
    except OSError:
        shutil.copy2(old, aside)
        sync(aside)
