"""First of all: with no mover and no cabin free there is nothing to decide, and nobody need think about it.

Owns reason ``ALL_BUSY``. Must never hold back what could begin.
"""

from __future__ import annotations

from controller.planning.day import View
from controller.planning.phases.phase import Answer, Hold


class NothingFree:
    """Ends the round early when nothing can begin."""

    def consider(self, view: View) -> Answer:
        """Hold when no waiting order and no stored car could begin now."""
        if any(view.is_ready(cabin) for cabin in view.pending):
            return None
        if not view.waiting:
            return Hold("NOBODY_WAITS", "No order waits.")
        cabin_free = any(view.is_cabin_free(cabin) for cabin in view.machine.layout.cabins)
        if cabin_free:
            return None
        may_fetch = view.machine.rules.fetches_early and any(
            view.state.mover_s[shuttle] <= view.now_s for shuttle in view.machine.layout.shuttles
        )
        if may_fetch and any(waiting.task.kind == "retrieve" for waiting in view.waiting):
            return None
        return Hold("ALL_BUSY", "Every cabin is in use.")
