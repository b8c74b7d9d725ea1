"""Is the file that is written still the one that has the journal's name?

Owns the comparison. A file that was deleted or replaced takes every write without an error, and with the process all of
it is gone: only a look at the name shows it.
"""

from __future__ import annotations

from pathlib import Path

from controller.journal.database import wal_path

_Identity = tuple[int, int] | None


class Place:
    """The journal's file and its log, as they were when they were first seen."""

    def __init__(self, path: Path) -> None:
        self._files = (path, wal_path(path))
        self._known: list[_Identity] = [None, None]

    def vanished(self) -> Path | None:
        """The file that is gone or another one than at the first look; None when both are in their place."""
        for number, path in enumerate(self._files):
            found = _identity(path)
            if self._known[number] is None:
                self._known[number] = found
            elif found != self._known[number]:
                return path
        return None


def _identity(path: Path) -> _Identity:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
