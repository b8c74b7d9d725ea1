"""Unix time as people read it.

Owns the one form in which moments are written for people: date and time of day in UTC, to the millisecond.
"""

from __future__ import annotations

from datetime import UTC, datetime


def moment(at_ms: int) -> str:
    """Unix time in ms as a date and time of day in UTC; what is no date at all as the number that it is."""
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return f"{at_ms} ms"
