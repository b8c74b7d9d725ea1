"""How long a command that is given now is expected to take, from where its device stands.

Owns the question alone; the figures are those of the timing model. Must never decide anything by it: what a command
may take is the PLC's business, and 0 says that nobody knows.
"""

from __future__ import annotations

from controller.core.situation import Situation
from controller.planning.timing import timing_of
from plc_drivers.contract import CommandCode

_TRANSFERS = frozenset({CommandCode.PICK_LEFT, CommandCode.PICK_RIGHT, CommandCode.PLACE_LEFT, CommandCode.PLACE_RIGHT})


def expected_ms(situation: Situation, device: str, code: CommandCode, arg1: int) -> int:
    """From a command's intent to the cycle that sees its end; 0 when it cannot be told."""
    return round(1000 * _expected_s(situation, device, code, arg1))


def _expected_s(situation: Situation, device: str, code: CommandCode, arg1: int) -> float:  # noqa: PLR0911 - a table
    timing = timing_of(situation.layout)
    match code:
        case CommandCode.MOVE_TO_LEVEL:
            height_mm = situation.value(device, "position_mm")
            return 0.0 if height_mm is None else timing.level_s(device, height_mm, arg1)
        case CommandCode.LOCK | CommandCode.UNLOCK:
            return timing.lock_s(device)
        case CommandCode.MOVE_TO_COLUMN:
            position = situation.value(device, "position")
            return 0.0 if position is None or arg1 < 0 else timing.column_s(device, position, arg1)
        case _ if code in _TRANSFERS:
            return timing.strokes_s(device, arg1)
        case CommandCode.OPEN_OUTER_DOOR:
            return timing.open_outer_s(device)
        case CommandCode.CLOSE_OUTER_DOOR:
            return timing.close_outer_s(device)
        case CommandCode.OPEN_INNER_DOOR:
            return timing.open_inner_s(device)
        case CommandCode.CLOSE_INNER_DOOR:
            return timing.close_inner_s(device)
        case CommandCode.ROTATE:
            return timing.rotate_s(device)
        case _:
            return 0.0
