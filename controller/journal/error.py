"""Why the journal cannot be used: one coded error with a remedy.

Owns the error type. Must never be raised for what a running journal meets; that is stated as a ``Fault``.
"""

from __future__ import annotations


class JournalError(Exception):
    """The journal cannot be opened or read.

    ``code`` is one of JOURNAL_NEWER, JOURNAL_DAMAGED, JOURNAL_LOCKED and JOURNAL_UNWRITABLE, or JOURNAL_NOT_LOADED
    for a defect of the caller. It is an exception and not a value because nothing may start without a journal:
    there is no second way to go on.
    """

    def __init__(self, code: str, text: str, remedy: str) -> None:
        super().__init__(f"{code}: {text} {remedy}")
        self.code = code
        self.text = text
        self.remedy = remedy


def newer(text: str) -> JournalError:
    """The database was written by a newer version of this program."""
    return JournalError(
        "JOURNAL_NEWER", text, "Install the version that wrote it, or start with another state directory."
    )


def damaged(text: str) -> JournalError:
    """The database is not what was written to it. Nothing is repaired silently."""
    return JournalError(
        "JOURNAL_DAMAGED",
        text,
        "Keep the file for inspection, restore the last good copy, and count the cars in the garage before starting.",
    )


def unwritable(text: str) -> JournalError:
    """The file or its directory cannot be written."""
    return JournalError("JOURNAL_UNWRITABLE", text, "Check owner, permissions and free space of the state directory.")
