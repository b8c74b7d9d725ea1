"""How much room the journal's disk has left, told long before it has none: a full disk stops the garage (H10).

Owns the measuring and the two marks between which nothing is told anew. Must never fail and never free anything.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from plc_drivers.reading import Fault

_log = logging.getLogger(__name__)

AGAIN = 1.25
"""The warning ends when there is so many times the least room again, so that a small log file does not make it come
and go."""
_MB = 1_000_000


class Room:
    """The free space of the disk on which ``path`` lies, against the least that a site wants. For one thread."""

    def __init__(self, path: Path, free_min_mb: int) -> None:
        self._path = path
        self._free_min_mb = free_min_mb
        self._told_mb = 0
        """What was free when it was told last; it is told again at the half of that."""
        self.fault: Fault | None = None
        """Why room must be made; None while there is enough. May be read from any thread."""

    def look(self) -> None:
        """Measure. A disk that cannot be asked changes nothing: that it fails is told by what is written to it."""
        try:
            free_mb = shutil.disk_usage(self._path.parent).free // _MB
        except OSError:
            return
        if free_mb >= self._free_min_mb * (1.0 if self.fault is None else AGAIN):
            self.fault = None
            return
        if self.fault is not None and 2 * free_mb >= self._told_mb:
            return
        self._told_mb = free_mb
        _log.warning("DISK_LOW %s: %d MB free, journal.free_min_mb is %d", self._path, free_mb, self._free_min_mb)
        self.fault = Fault(
            "DISK_LOW",
            f"{free_mb} MB are free on the disk of {self._path}; journal.free_min_mb asks for {self._free_min_mb}.",
            "Free space there: old logs, downloads, saved recordings. A full disk ends all motion.",
        )
