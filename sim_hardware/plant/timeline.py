"""Plant time: what moves now, what happens next, and whether anything has changed.

Owns the plant's clock, the set of mechanisms in motion and the agenda of people. Must never read a real clock.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Protocol

from sim_hardware.plant.profile import NEVER_MS


class Mechanism(Protocol):
    """Something that is in motion and has a next moment at which more than its position changes."""

    @property
    def next_ms(self) -> float:
        """Time of that moment."""

    def settle(self) -> None:
        """Note what has changed by now; leaves the timeline when the motion has ended."""


class Timeline:
    """The plant's time in ms since it was built.

    ``revision`` grows with every change other than motion under way; what moves is told by ``moving``.
    """

    def __init__(self) -> None:
        self.now_ms: float = 0.0
        self.revision = 1
        self.changed = True
        self.moving: dict[Mechanism, None] = {}
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._entries = 0

    def touch(self) -> None:
        """Something changed other than by motion."""
        self.revision += 1
        self.changed = True

    def begin(self, mechanism: Mechanism) -> None:
        """A mechanism starts to move."""
        self.moving[mechanism] = None
        self.touch()

    def end(self, mechanism: Mechanism) -> None:
        """A mechanism stands."""
        self.moving.pop(mechanism, None)
        self.touch()

    def after(self, delay_ms: float, act: Callable[[], None]) -> None:
        """Run ``act`` in ``delay_ms`` of plant time; entries of one instant run in the order in which they came."""
        self._entries += 1
        heapq.heappush(self._agenda, (self.now_ms + max(0.0, delay_ms), self._entries, act))

    def next_ms(self) -> float:
        """The next moment at which anything but positions changes."""
        due = self._agenda[0][0] if self._agenda else NEVER_MS
        for mechanism in self.moving:
            due = min(due, mechanism.next_ms)
        return due

    def run_due(self) -> None:
        """Run what the agenda has for now; what it adds for this very instant runs as well, up to a bound."""
        for _ in range(1000):
            if not self._agenda or self._agenda[0][0] > self.now_ms:
                return
            heapq.heappop(self._agenda)[2]()
        raise RuntimeError("the agenda adds work for the same instant without end")
