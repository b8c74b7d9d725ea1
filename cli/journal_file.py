"""The journal's file of a command that works on it directly: which one, under whose locks, and how its errors read.

Owns the choice of the file. Must never open it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from cli import settings
from cli.failure import Failure
from cli.options import state_dir
from controller.config.models import GarageConfig

File = Annotated[
    Path | None, typer.Option("--file", help="Another file than the garage's own, as a backup.", metavar="FILE")
]
Person = Annotated[str, typer.Option("--person", help="Your own name: it goes into the journal.", metavar="NAME")]


def journal_of(garage: GarageConfig, state: Path | None) -> Path:
    """Where a garage's journal lies."""
    return state_dir(state, garage.garage.id) / garage.controller.journal


def chosen(file: Path | None, config: Path, state: Path | None) -> Path:
    """The file that was named, else the garage's own."""
    return journal_of(settings.load(config), state) if file is None else file


@contextlib.contextmanager
def failures() -> Iterator[None]:
    """Turn the journal's errors into a command's.

    Raises:
        Failure: with the error's own code.
    """
    from controller.journal import JournalError

    try:
        yield
    except JournalError as error:
        raise Failure(error.code, error.text, error.remedy) from error


@contextlib.contextmanager
def locked(journal: Path, folder: Path) -> Iterator[None]:
    """Hold what a controller of the same state folder would hold, so that none runs meanwhile.

    Raises:
        Failure: STATE_IN_USE, JOURNAL_LOCKED, or a folder that cannot be used.
    """
    from controller.journal.file_lock import FileLock
    from controller.journal.journal import lock_journal

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "controller.lock")
    except BlockingIOError as error:
        text = f"A controller runs with the state directory {folder}."
        raise Failure("STATE_IN_USE", text, "Stop it first; its journal cannot be replaced under it.") from error
    except OSError as error:
        text = f"The state directory {folder} cannot be used: {error.strerror}."
        raise Failure("STATE_NOT_WRITABLE", text, "Choose a directory that you can write.") from error
    try:
        with failures():
            own = lock_journal(journal)
        try:
            yield
        finally:
            own.release()
    finally:
        lock.release()
