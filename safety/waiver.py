"""A waiver: somebody's word that a garage may run for a time without a sensor that an interlock reads.

Owns the facts of a waiver. Must never decide what may be waived; ``absence`` does, by data.
"""

from __future__ import annotations

from dataclasses import dataclass

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Waiver:
    """``sensor`` (``device.tag``) is missing; ``person`` answers for the ``hazards`` that this leaves open.

    ``expires`` is the first day (ISO 8601, UTC) on which the waiver holds no longer, ``expires_ms`` its beginning
    in Unix milliseconds. From ``warn_days`` days before on it is told that the time runs out.
    """

    sensor: str
    hazards: tuple[str, ...]
    person: str
    reason: str
    expires: str
    expires_ms: int
    warn_days: int = 30

    def is_expired(self, unix_ms: int) -> bool:
        """True from the day named on."""
        return unix_ms >= self.expires_ms

    def days_left(self, unix_ms: int) -> int:
        """Days until it expires, begun ones counted; 0 when it has."""
        return max(0, -(-(self.expires_ms - unix_ms) // DAY_MS))

    def is_ending(self, unix_ms: int) -> bool:
        """True while it still holds and its end must be told."""
        return not self.is_expired(unix_ms) and self.days_left(unix_ms) <= self.warn_days
