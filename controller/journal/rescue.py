"""Saves a journal whose file was deleted under a running controller, while it is still open.

Owns the copy. The file has no name any more, but its content lives as long as somebody holds it. Must never write to
the journal's own name: which file counts is a person's decision.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

_PAGES = 256


class _GivenUpError(Exception):
    """The copy is no longer wanted."""


def rescue(engine: Engine, path: Path, is_closing: Callable[[], bool]) -> Path | None:
    """Copy what is still open to a new file beside the journal's name; None when that could not be done."""
    target = path.with_name(f"{path.name}.rescued-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")

    def look(_status: int, _left: int, _total: int) -> None:
        if is_closing():
            raise _GivenUpError

    try:
        with engine.connect() as connection:
            source: Any = connection.connection.driver_connection
            copy = sqlite3.connect(target)
            try:
                source.rollback()
                source.backup(copy, pages=_PAGES, progress=look)
                copy.execute("PRAGMA journal_mode=DELETE")
            finally:
                copy.close()
    except (SQLAlchemyError, sqlite3.Error, OSError, _GivenUpError):
        target.unlink(missing_ok=True)
        return None
    return target
