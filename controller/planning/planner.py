"""The dispatcher: an ordered list of considerations, of which the first that has an answer decides.

Owns their order and the reason of the last decision. Each consideration is a module of its own in ``phases/``. Must
never command: what it begins is carried out by whoever asks.
"""

from __future__ import annotations

from collections.abc import Sequence

from controller.planning.day import Begin, View
from controller.planning.phases.emptying import Emptying
from controller.planning.phases.horizon import Horizon
from controller.planning.phases.look_ahead import LookAhead
from controller.planning.phases.nothing_free import NothingFree
from controller.planning.phases.overtaking import Overtaking
from controller.planning.phases.phase import Hold, Phase, Start
from controller.planning.search import Effort

OVERTAKING_MAX = 15
"""So many later orders may begin before one that waits; then it is its turn. As a garage has it that sets nothing else
(``controller.overtaking_max``)."""


class Planner:
    """Asks its phases one after another."""

    def __init__(self, overtaking: Overtaking, phases: Sequence[Phase]) -> None:
        self._overtaking = overtaking
        self._phases = tuple(phases)
        self.reason = ""
        """Code of the last decision, to begin or to hold."""

    def decide(self, view: View) -> Begin | None:
        """What begins now; None to wait for the next moment."""
        for phase in self._phases:
            match phase.consider(view):
                case Start(begin=begin, code=code):
                    self.reason = code
                    if begin.kind not in ("put", "relocate"):
                        self._overtaking.began(begin.order, view.waiting, view.now_s)
                    return begin
                case Hold(code=code):
                    self.reason = code
                    return None
                case None:
                    continue
        self.reason = "NOTHING_CAN_BEGIN"
        return None


def planner(*, overtaking_max: int = OVERTAKING_MAX, window: int = 8, effort: Effort | None = None) -> Planner:
    """The dispatcher with all its phases.

    Raises:
        ValueError: a negative bound.
    """
    overtaking = Overtaking(overtaking_max)
    horizon = Horizon(overtaking, window, effort)
    return Planner(overtaking, (NothingFree(), horizon, Emptying(), LookAhead(overtaking)))
