"""The journal: everything that happened, in order, on disk, append-only and hash-chained."""

from __future__ import annotations

from controller.journal.error import JournalError
from controller.journal.journal import Journal

__all__ = ["Journal", "JournalError"]
