"""With nobody waiting, stored cars leave their cabins: at once, or turned first where the machine may do that.

Owns reasons ``CABIN_EMPTIED`` and ``TURNING_FIRST``. A car that is turned while nobody waits need not be turned while
its next customer does. While orders wait, the search weighs emptying against fetching.
"""

from __future__ import annotations

from controller.planning.day import View
from controller.planning.peers import put
from controller.planning.phases.phase import Answer, Hold, Start

_TINY_S = 1e-6


class Emptying:
    """Takes out the stored car that has waited longest."""

    def consider(self, view: View) -> Answer:
        """The stored car that can be taken out now, the one that stood ready first."""
        machine, turning = view.machine, False
        for cabin in sorted(view.pending, key=lambda cabin: view.state.ready_s[cabin]):
            if view.is_ready(cabin):
                turned_s = view.state.ready_s[cabin] + machine.timing.rotate_s(cabin)
                if machine.rules.turns_waiting_cars and turned_s > view.now_s + _TINY_S and not view.waiting:
                    turning = True
                    continue
                begin = put(view, cabin, set())
                if begin is not None:
                    return Start(begin, "CABIN_EMPTIED")
        return Hold("TURNING_FIRST", "Nobody waits, so the car is turned before it is put away.") if turning else None
