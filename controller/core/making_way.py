"""Shuttles that stand in another's way, or might: those that no order needs are told to prove their place or ride home.

Owns that choice. Must never move a shuttle that an order has claimed, or one whose forks are not home (H07).
"""

from __future__ import annotations

from controller.core import commanding
from controller.core.situation import Situation
from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import State
from safety.topology import may_meet
from safety.verdict import StartOf


def make_way(situation: Situation, shuttle: str, column: int) -> None:
    """Let others make way when nothing but they forbids to send ``shuttle`` to ``column`` (H09).

    A shuttle that does not know its place cannot be proven out of the way: it finds its reference. One that rides on
    a lift goes home to its dock, which lies in nobody's way. A captive one has a piece of the aisle to itself and
    must only stand at a column of it. What comes of it is seen in the cycles to come.
    """
    if situation.verdict.start_refusal(StartOf(shuttle, CommandCode.MOVE_TO_COLUMN, column)) is None:
        return
    shapes = situation.layout.shuttles
    for other, shape in shapes.items():
        if other == shuttle or other in situation.state.claims or not may_meet(shapes[shuttle], shape):
            continue
        if situation.forks_home(other) is not True:
            continue
        if situation.value(other, "state") == State.NOT_REFERENCED:
            commanding.command(situation, other, CommandCode.REFERENCE)
        elif (aside := _aside(situation, other)) is not None:
            commanding.command(situation, other, CommandCode.MOVE_TO_COLUMN, aside)


def _aside(situation: Situation, shuttle: str) -> int | None:
    """The column at which a shuttle is in nobody's way; None when it stands there or nobody knows where it is."""
    home = situation.layout.home_column(shuttle)
    if home is not None:
        return None if situation.value(shuttle, "docked") is True else home
    position = situation.value(shuttle, "position")
    if position is None or situation.value(shuttle, "station") != -1:
        return None
    column_at = situation.layout.column_at
    return min(situation.layout.shuttles[shuttle].columns, key=lambda column: abs(column_at[column] - position))
