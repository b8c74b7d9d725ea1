"""What is known of one alarm: where it stands, who answered it, and whether somebody put it aside.

Owns the record. Changed by ``AlarmBook.apply`` only, but for its run-time fields.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from controller.alarms.standing import Standing

CHATTER_CHANGES_MAX = 5
"""An alarm that changes more often than this within a minute chatters."""

CHATTER_WINDOW_MS = 60_000
STALE_AFTER_MS = 24 * 3600 * 1000
"""An alarm that has been active for longer than a day is stale: nobody responds to it any more (ISA-18.2)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Somebody's act: by which actor of the API, by whom (as far as told), when (Unix ms), and what was said."""

    actor: str
    person: str
    at_ms: int
    comment: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """An alarm is put aside until ``until_ms`` (Unix); a one-shot shelf ends earlier, when the alarm clears."""

    until_ms: int
    one_shot: bool
    by: Answer


@dataclass(slots=True)
class AlarmRecord:
    """One alarm's state. Times are Unix milliseconds, for people.

    Run-time fields: ``active_since_ms`` (monotonic, None before this run has seen it active) and ``changes`` (monotonic
    times of the last raises and clears).
    """

    id: str
    standing: Standing = Standing.NORMAL
    onset_ms: int = 0
    raised_ms: int = 0
    cleared_ms: int | None = None
    detail: str = ""
    group: int = 0
    count: int = 0
    acknowledged: Answer | None = None
    confirmed: Answer | None = None
    shelf: Shelf | None = None
    out_of_service: Answer | None = None
    active_since_ms: int | None = None
    changes: deque[int] = field(default_factory=lambda: deque(maxlen=CHATTER_CHANGES_MAX + 1))

    @property
    def is_put_aside(self) -> bool:
        """Shelved or out of service (OPC UA Part 9: SuppressedOrShelved, but for suppression by design)."""
        return self.shelf is not None or self.out_of_service is not None

    def chatters(self, now_ms: int) -> bool:
        """It changed more than ``CHATTER_CHANGES_MAX`` times within a minute, and has not been calm for one since."""
        changes = self.changes
        if len(changes) <= CHATTER_CHANGES_MAX or now_ms - changes[-1] > CHATTER_WINDOW_MS:
            return False
        return changes[-1] - changes[0] <= CHATTER_WINDOW_MS

    def is_stale(self, now_ms: int) -> bool:
        """It has been active for longer than a day, by the monotonic clock."""
        return self.active_since_ms is not None and now_ms - self.active_since_ms > STALE_AFTER_MS
