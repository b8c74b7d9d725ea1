"""Why the journal cannot be used: one coded error with a remedy.

Owns the error type. Must never be raised for what a running journal meets; that is stated as a ``Fault``.
"""

from __future__ import annotations

_NOTHING_WAS_CHANGED = (
    "`garagectl journal verify` says where. `garagectl restore FILE` takes the last good backup; "
    "`garagectl journal salvage` goes on with the good part, and then people confirm what stands where."
)


class JournalError(Exception):
    """The journal cannot be opened or read.

    ``code`` is one of JOURNAL_NEWER, JOURNAL_DAMAGED, JOURNAL_BEHIND, JOURNAL_MISSING, JOURNAL_LOCKED and
    JOURNAL_UNWRITABLE, or JOURNAL_NOT_LOADED for a defect of the caller. It is an exception and not a value because
    nothing may start without a journal: there is no second way to go on.
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
    return JournalError("JOURNAL_DAMAGED", text, _NOTHING_WAS_CHANGED)


def behind(text: str) -> JournalError:
    """The journal is whole and yet not the one that was written here: its end is lost, or it is an older copy."""
    return JournalError("JOURNAL_BEHIND", text, _NOTHING_WAS_CHANGED)


def missing(text: str) -> JournalError:
    """There was a journal, and it is gone."""
    return JournalError(
        "JOURNAL_MISSING",
        text,
        "Put it back, or take a backup: `garagectl restore FILE`. Without either `garagectl journal salvage` begins a "
        "new one, and people confirm what stands where.",
    )


def in_use(text: str) -> JournalError:
    """Another program holds the database."""
    return JournalError("JOURNAL_LOCKED", text, "Stop the other program, or try again.")


def unwritable(text: str) -> JournalError:
    """The file or its directory cannot be written."""
    return JournalError("JOURNAL_UNWRITABLE", text, "Check owner, permissions and free space of the state directory.")


def unreadable(text: str) -> JournalError:
    """A file that was named is no journal, or cannot be read."""
    return JournalError("JOURNAL_UNREADABLE", text, "Check the file's name and permissions.")
