"""What leaves the control process: snapshots at their own rate, events and answers once they are on disk.

Owns the order between disk and outside. Must never tell anybody of an event that a power failure could still undo.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol

from controller.core.interface import Ask, Recorded, StepResult, Told
from controller.core.publish import published
from controller.local_link.event_ring import EventRing
from controller.local_link.explanation import Explain
from controller.local_link.messages import Answer, Event, Events, Reason, Refused, Request, Snapshot

ASKS_PER_CYCLE_MAX = 8
"""Requests that one cycle looks at; the others wait for the next, so that a flood costs time and no deadline."""

HELD_ANSWERS_MAX = 1000
"""Answers that may wait for the disk; who asked has long given up when it is reached."""


class Outlet(Protocol):
    """The local link, as far as the cycle knows it."""

    def publish_snapshot(self, snapshot: Snapshot) -> None:
        """Send to whoever listens; never blocks."""
        ...

    def publish_event(self, event: Event) -> None:
        """Send to whoever listens; never blocks."""
        ...

    def take_requests(self) -> list[tuple[int, Request]]:
        """Requests that came since the last call."""
        ...

    def take_question(self) -> tuple[int, Explain] | None:
        """The oldest question that waits."""
        ...

    def answer(self, token: int, answer: Answer) -> None:
        """Answer a request; never blocks."""
        ...


class Publisher:
    """Holds events and answers back until the journal has them, and takes requests in."""

    def __init__(self, events_kept: int) -> None:
        self._ring = EventRing(events_kept)
        self._outlet: Outlet | None = None
        self._events: deque[Recorded] = deque()
        self._answers: deque[Told] = deque(maxlen=HELD_ANSWERS_MAX)
        self._asks: deque[Ask] = deque()

    def remember(self, journal: Iterable[Recorded]) -> Iterator[Recorded]:
        """Pass the journal through at start, keeping its end for those who ask for past events."""
        tail: deque[Recorded] = deque(maxlen=self._ring.size)
        for recorded in journal:
            tail.append(recorded)
            yield recorded
        if tail:
            self._ring.restart(tail[0].seq - 1)
            for recorded in tail:
                self._ring.append(published(recorded))

    def events_after(self, after: int, limit: int) -> Events:
        """Published events that are still kept, for the local link."""
        return self._ring.after(after, limit)

    def connect(self, outlet: Outlet) -> None:
        """From now on everything goes to ``outlet``."""
        self._outlet = outlet

    def asks(self) -> list[Ask]:
        """The requests for one cycle, oldest first."""
        if self._outlet is not None:
            self._asks.extend(Ask(token, request) for token, request in self._outlet.take_requests())
        taken = list(islice(self._asks, ASKS_PER_CYCLE_MAX))
        for _ in taken:
            self._asks.popleft()
        return taken

    def question(self) -> tuple[int, Explain] | None:
        """The oldest question that waits for an explanation, with its token."""
        return None if self._outlet is None else self._outlet.take_question()

    def answer(self, token: int, answer: Answer) -> None:
        """Answer a question at once: an explanation changes nothing and waits for no disk."""
        self._send_answer(token, answer)

    def refuse_all(self, reason: Reason) -> None:
        """Refuse whatever waits or came in, because the controller is ending."""
        while asks := self.asks():
            for ask in asks:
                self._send_answer(ask.token, Refused(reason=reason))

    def hold(self, result: StepResult) -> None:
        """Keep a step's events and answers until ``release`` finds them on disk."""
        self._events.extend(result.events)
        self._answers.extend(result.answers)

    def release(self, durable_seq: int) -> None:
        """Send everything that is on disk up to ``durable_seq``."""
        while self._events and self._events[0].seq <= durable_seq:
            event = published(self._events.popleft())
            self._ring.append(event)
            if self._outlet is not None:
                self._outlet.publish_event(event)
        if any(told.after_seq <= durable_seq for told in self._answers):
            due = [told for told in self._answers if told.after_seq <= durable_seq]
            self._answers = deque((t for t in self._answers if t.after_seq > durable_seq), HELD_ANSWERS_MAX)
            for told in due:
                self._send_answer(told.token, told.answer)

    def snapshot(self, snapshot: Snapshot) -> None:
        """Send a snapshot."""
        if self._outlet is not None:
            self._outlet.publish_snapshot(snapshot)

    def _send_answer(self, token: int, answer: Answer) -> None:
        if self._outlet is not None and token >= 0:
            self._outlet.answer(token, answer)
