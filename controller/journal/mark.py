"""The mark: a small file beside the journal that remembers how far the journal had come.

Owns its form. No chain can show that its end was cut off, that an older copy took its place, or that the whole file is
gone; the mark can. It is a witness and no store: it is not synced, may fall behind, and can be missing. Must never be
trusted for more than that.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

_LENGTH = 160


@dataclass(frozen=True, slots=True)
class Mark:
    """Number, time (Unix ms) and hash of an event that was on disk."""

    seq: int
    at_ms: int
    hash: str


def mark_path(journal: Path) -> Path:
    """Where the mark of a journal lies."""
    return journal.with_name(journal.name + ".mark")


def read_mark(journal: Path) -> Mark | None:
    """The mark of a journal, None when there is none that can be read."""
    try:
        found = json.loads(mark_path(journal).read_bytes())
        return Mark(int(found["seq"]), int(found["at_ms"]), str(found["hash"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_mark(journal: Path) -> None:
    """Forget how far the journal had come, before another takes its place."""
    mark_path(journal).unlink(missing_ok=True)


class MarkFile:
    """Writes the mark in place, without a wait for the disk."""

    def __init__(self, journal: Path) -> None:
        self._file = -1
        with contextlib.suppress(OSError):  # a witness less; whether the journal can be written shows elsewhere
            self._file = os.open(mark_path(journal), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def write(self, mark: Mark) -> None:
        """Remember ``mark``; a disk that does not take it leaves the old one."""
        text = json.dumps({"seq": mark.seq, "at_ms": mark.at_ms, "hash": mark.hash})
        if self._file >= 0:
            with contextlib.suppress(OSError):
                os.pwrite(self._file, text.ljust(_LENGTH - 1).encode() + b"\n", 0)

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
