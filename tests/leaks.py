"""What a test may not leave behind: threads, open sockets, child processes, asyncio tasks.

Owns how leftovers are found. Must never close anything: that would hide the leak from the test that made it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

GRACE_S = 2.0
"""How long something that is just ending may take to be gone; a thread's last lines run after its result is there."""

_POLL_S = 0.02

_THREADS_ALLOWED = (
    # Idle workers of executors and of the timeout and xdist plugins belong to the test runner, not to a test.
    "asyncio_",
    "pytest_timeout",
    "execnet",
)


@dataclass(frozen=True, slots=True)
class Belongings:
    """Threads, sockets and child processes of this process at one moment."""

    threads: frozenset[str]
    sockets: frozenset[str]
    children: frozenset[str]

    def beyond(self, before: Belongings) -> list[str]:
        """What is here and was not here before, in words."""
        return [
            *(f"thread {name}" for name in sorted(self.threads - before.threads)),
            *(f"open {name}" for name in sorted(self.sockets - before.sockets)),
            *(f"child process {pid}" for pid in sorted(self.children - before.children)),
        ]


def belongings() -> Belongings:
    """Everything that this process holds now. Off Linux, where there is no /proc, only its threads."""
    threads = frozenset(
        f"{thread.name} ({thread.ident})"
        for thread in threading.enumerate()
        if not thread.name.startswith(_THREADS_ALLOWED)
    )
    return Belongings(threads, _sockets(), _children())


def left_since(before: Belongings) -> list[str]:
    """What a test has left behind and does not go away within the grace time."""
    deadline = time.monotonic() + GRACE_S
    while (found := belongings().beyond(before)) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    return found


async def tasks_left() -> list[str]:
    """Tasks of the running loop that do not end within the grace time, the caller's own aside."""
    for _ in range(int(GRACE_S / _POLL_S)):
        if not _other_tasks():
            return []
        await asyncio.sleep(_POLL_S)
    return _other_tasks()


def _other_tasks() -> list[str]:
    own = asyncio.current_task()
    return [repr(task) for task in asyncio.all_tasks() if task is not own and not task.done()]


def _sockets() -> frozenset[str]:
    found = set()
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        return frozenset()
    for entry in descriptors.iterdir():
        with suppress(OSError):
            target = str(entry.readlink())
            if target.startswith("socket:"):
                found.add(target)
    return frozenset(found)


def _children() -> frozenset[str]:
    found: set[str] = set()
    for listing in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):
            found.update(listing.read_text().split())
    return frozenset(found)
