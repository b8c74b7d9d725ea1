"""The rule that is left when there is no plan: first come, first served, past those that cannot begin now.

Owns reason ``FIRST_THAT_CAN``. The overtaking bound holds for it too.
"""

from __future__ import annotations

from dataclasses import replace

from controller.planning.day import View
from controller.planning.peers import FirstCome
from controller.planning.phases.overtaking import Overtaking
from controller.planning.phases.phase import Answer, Start


class LookAhead:
    """First come with look-ahead, among the orders that may begin next."""

    def __init__(self, overtaking: Overtaking) -> None:
        self._overtaking = overtaking
        self._rule = FirstCome(looks_ahead=True)

    def consider(self, view: View) -> Answer:
        """The first order that can begin now."""
        begin = self._rule.decide(replace(view, waiting=self._overtaking.candidates(view)))
        return None if begin is None else Start(begin, "FIRST_THAT_CAN")
