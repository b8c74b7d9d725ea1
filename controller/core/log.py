"""The pen of a cycle: the only thing that makes events, applying each at once.

Owns the numbering of events. Must never decide which event is due.
"""

from __future__ import annotations

from controller.core.events import CoreEvent
from controller.core.interface import Instant, Recorded
from controller.core.state import GarageState, apply


class EventLog:
    """Collects the events of one step; each is applied to the state in the moment it is written."""

    __slots__ = ("_state", "now", "records")

    def __init__(self, state: GarageState, now: Instant) -> None:
        self._state = state
        self.now = now
        self.records: list[Recorded] = []

    def write(self, event: CoreEvent) -> int:
        """Number ``event``, apply it, and return its number."""
        seq = self._state.last_seq + 1
        apply(self._state, seq, self.now.unix_ms, event)
        self.records.append(Recorded(seq, self.now.unix_ms, event))
        return seq
