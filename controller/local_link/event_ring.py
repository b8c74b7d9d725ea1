"""The last events in order, without a gap, up to a bound.

Owns the window of recent events that both ends of the local link keep. Must never hold an event twice or
out of order, and never reach for the disk.
"""

from __future__ import annotations

from collections import deque
from itertools import islice

from controller.local_link.messages import Event, Events


class EventRing:
    """At most ``size`` events with consecutive numbers; the oldest fall out.

    ``last`` is the number of the newest event that is known of; it is valid in an empty ring too, where it
    says which number comes next.
    """

    def __init__(self, size: int, last: int = 0) -> None:
        if size < 1:
            raise ValueError("a ring of events holds at least one")
        self._events: deque[Event] = deque(maxlen=size)
        self._last = last

    @property
    def last(self) -> int:
        """Number of the newest event, or of the one before the first to come."""
        return self._last

    @property
    def oldest(self) -> int:
        """Number of the oldest event that is kept; one above ``last`` in an empty ring."""
        return self._events[0].seq if self._events else self._last + 1

    @property
    def size(self) -> int:
        """The most events that are kept."""
        return self._events.maxlen or 0

    def append(self, event: Event) -> None:
        """Add the next event.

        Raises:
            ValueError: its number is not one above the last.
        """
        if event.seq != self._last + 1:
            raise ValueError(f"event {event.seq} does not follow {self._last}")
        self._events.append(event)
        self._last = event.seq

    def restart(self, last: int) -> None:
        """Forget everything; the next event is ``last + 1``."""
        self._events.clear()
        self._last = last

    def after(self, after: int, limit: int) -> Events:
        """Events with numbers above ``after``, oldest first, at most ``limit`` of them."""
        skip = max(0, after + 1 - self.oldest)
        return Events(events=list(islice(self._events, skip, skip + max(0, limit))), oldest=self.oldest)
