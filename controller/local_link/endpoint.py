"""Where the local link's sockets lie inside the state directory, and why nobody else can reach them.

Owns the names of the sockets and the directory's access rights. Must never open a socket.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from controller.local_link.messages import Reason

SOCKET_PATH_BYTES_MAX = 107
"""Longest path of a Unix socket: ``sun_path`` holds 108 bytes with its closing zero (Linux ``unix(7)``)."""

_DIRECTORY_MODE = 0o700
"""Only the user that runs the controller may enter: who can connect here can command the garage."""


class LocalLinkError(Exception):
    """The local link cannot be opened; ``reason`` says why and what to do."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"{reason.code}: {reason.text} {reason.remedy}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The two sockets of the link: one publishes, the other takes requests."""

    directory: Path
    published: str
    requests: str
    lock: Path


def endpoints(state_dir: Path) -> Endpoints:
    """The link's endpoints below ``state_dir``; nothing is created.

    Raises:
        LocalLinkError: the path is too long for a Unix socket (STATE_PATH_TOO_LONG).
    """
    directory = state_dir.absolute() / "link"
    longest = len(os.fsencode(directory / "published"))
    if longest > SOCKET_PATH_BYTES_MAX:
        raise LocalLinkError(
            Reason(
                code="STATE_PATH_TOO_LONG",
                text=f"{state_dir} is too long a path: its sockets would have {longest} bytes, "
                f"{SOCKET_PATH_BYTES_MAX} are possible.",
                remedy="Choose a state directory with a shorter path.",
            )
        )
    return Endpoints(directory, f"ipc://{directory}/published", f"ipc://{directory}/requests", directory / "lock")


def prepare_directory(directory: Path) -> None:
    """Create the link's directory so that only its owner can enter.

    Raises:
        LocalLinkError: it belongs to somebody else or cannot be made (STATE_NOT_WRITABLE).
    """
    try:
        directory.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
        if directory.stat().st_uid != os.geteuid():
            raise PermissionError(f"{directory} belongs to another user")
        if stat.S_IMODE(directory.stat().st_mode) != _DIRECTORY_MODE:
            directory.chmod(_DIRECTORY_MODE)
    except OSError as error:
        raise LocalLinkError(
            Reason(
                code="STATE_NOT_WRITABLE",
                text=f"The local link's directory {directory} cannot be prepared: {error}.",
                remedy="Choose a state directory that the controller's user owns.",
            )
        ) from error
