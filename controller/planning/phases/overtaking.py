"""Nobody starves: an order that was overtaken as often as the bound allows is served before all others.

Owns the count of overtakings and reason ``OVERTAKEN_ENOUGH``. The bound is configuration. Must never count an order as
overtaken that could not have begun in the cabin that it wants.
"""

from __future__ import annotations

from collections.abc import Sequence

from controller.planning.day import View, Waiting


class Overtaking:
    """Counts, for each waiting order, the later ones that began before it."""

    def __init__(self, bound: int) -> None:
        if bound < 0:
            raise ValueError(f"an overtaking bound of {bound} is none")
        self.bound = bound
        self._count: dict[str, int] = {}

    def began(self, order: str, waiting: Sequence[Waiting], now_s: float = float("inf")) -> None:
        """Take note that ``order`` of the queue ``waiting`` has begun: all before it were overtaken once more.

        Whoever is expected, but not yet there at ``now_s``, is overtaken by nobody.
        """
        for other in waiting:
            if other.task.id == order:
                self._count.pop(order, None)
                return
            if other.task.due_s > now_s:
                continue
            self._count[other.task.id] = self._count.get(other.task.id, 0) + 1

    def of(self, order: str) -> int:
        """How often an order was overtaken."""
        return self._count.get(order, 0)

    def candidates(self, view: View) -> list[Waiting]:
        """The orders that may begin next: all, or only up to the first one that was overtaken enough."""
        for index, waiting in enumerate(view.waiting):
            if self.of(waiting.task.id) >= self.bound:
                return view.waiting[: index + 1]
        return view.waiting
