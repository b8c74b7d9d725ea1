"""What the sensors say of a position: occupied, empty, or nothing that can be relied upon.

Owns which sensors look at which position. Must never look into the books.
"""

from __future__ import annotations

from controller.core.cabin_reading import is_vehicle_gone, is_vehicle_there
from controller.core.reach import at_level
from controller.core.situation import Situation
from controller.garage import PositionKind


def sensed(situation: Situation, position: str) -> bool | None:
    """True for a car, False for none, by two detectors each; None where nothing looks, or the two disagree (H05)."""
    shape = situation.layout.positions[position]
    match shape.kind:
        case PositionKind.DECK | PositionKind.PLATFORM:
            return situation.loaded(shape.owner)
        case PositionKind.CABIN:
            if is_vehicle_there(situation, shape.owner):
                return True
            return False if is_vehicle_gone(situation, shape.owner) else None
        case _:
            return _sensed_from_a_shuttle(situation, position)


def _sensed_from_a_shuttle(situation: Situation, position: str) -> bool | None:
    """Places have no sensors of their own; a shuttle that stands before one, forks home, looks into it."""
    for shuttle in situation.layout.reached_by(position):
        stop = situation.layout.stop(shuttle, position)
        if stop is None or situation.value(shuttle, "forks_centred") is not True:
            continue
        if at_level(situation, shuttle, stop.level) and situation.stands_at(shuttle, stop.column):
            return situation.target_loaded(shuttle, stop.side, stop.depth)
    return None
