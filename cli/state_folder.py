"""The state folder of a command that writes into one.

Owns its making. Must never choose its place.
"""

from __future__ import annotations

from pathlib import Path

from cli.failure import Failure


def make(folder: Path) -> None:
    """Make ``folder`` and those above it where they are missing.

    Raises:
        Failure: STATE_NOT_WRITABLE, as the controller says it of its own.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        text = f"The state directory {folder} cannot be used: {error.strerror}."
        raise Failure("STATE_NOT_WRITABLE", text, "Choose a directory that you can write.") from error
