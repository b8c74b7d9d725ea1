"""With nobody waiting, stored cars leave their cabins at once.

Owns reason ``CABIN_EMPTIED``. While orders wait, the search weighs emptying against fetching.
"""

from __future__ import annotations

from controller.planning.day import View
from controller.planning.peers import put
from controller.planning.phases.phase import Answer, Start


class Emptying:
    """Takes out the stored car that has waited longest."""

    def consider(self, view: View) -> Answer:
        """The stored car that can be taken out now, the one that stood ready first."""
        for cabin in sorted(view.pending, key=lambda cabin: view.state.ready_s[cabin]):
            if view.is_ready(cabin):
                begin = put(view, cabin, set())
                if begin is not None:
                    return Start(begin, "CABIN_EMPTIED")
        return None
