"""Free TCP ports on loopback, below the range from which the kernel gives ports to clients.

Owns which port is handed out next. Must never hand one out twice in a process.
"""

from __future__ import annotations

import os
import socket

_LOWEST = 17_000
_COUNT = 14_000
_next = _LOWEST + (os.getpid() * 131) % _COUNT


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on.

    Raises:
        OSError: there is none.
    """
    global _next  # noqa: PLW0603 - one counter for the process is the point: no port twice
    for _ in range(_COUNT):
        _next = _LOWEST + (_next - _LOWEST + 1) % _COUNT
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", _next))
            except OSError:
                continue
            return _next
    raise OSError("no free port on 127.0.0.1")
