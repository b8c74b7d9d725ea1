"""The counting curtain in a cabin's outer doorway.

Owns its count. It sees that something passes and which way; whether a car brings one person or three it cannot tell,
which is why the scanner exists beside it.
"""

from __future__ import annotations

from collections.abc import Iterable

COUNT_LIMIT = 99


class CountingCurtain:
    """Net count of passages inwards: a person on foot or a vehicle's middle is one."""

    def __init__(self) -> None:
        self.count = 0
        self.works = True
        self._beyond: dict[str, bool] = {}

    def passed(self, *, inwards: bool) -> None:
        """Somebody or something has passed."""
        self.count = max(-COUNT_LIMIT, min(COUNT_LIMIT, self.count + (1 if inwards else -1)))

    def watch(self, vehicles: Iterable[tuple[str, bool]]) -> bool:
        """Look at the vehicles on the lane (id, whether its middle is inside); True when one has passed."""
        before = self._beyond
        self._beyond = dict(vehicles)
        changed = False
        for vehicle, beyond in self._beyond.items():
            if before.get(vehicle, beyond) != beyond:
                self.passed(inwards=beyond)
                changed = True
        return changed

    def reset(self) -> None:
        """An attendant has looked and found nobody."""
        self.count = 0
        self.works = True
