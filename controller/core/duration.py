"""How long a command that is given now is expected to take, from where its device stands.

Owns the question alone; the figures are those of the timing model. Must never decide anything by it: what a command
may take is the PLC's business, and 0 says that nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from controller.core.situation import Situation
from controller.planning.timing import TimingModel, timing_of
from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import TRANSFERS

_FIXED: Mapping[CommandCode, Callable[[TimingModel, str], float]] = {
    CommandCode.LOCK: TimingModel.lock_s,
    CommandCode.UNLOCK: TimingModel.lock_s,
    CommandCode.OPEN_OUTER_DOOR: TimingModel.open_outer_s,
    CommandCode.CLOSE_OUTER_DOOR: TimingModel.close_outer_s,
    CommandCode.OPEN_INNER_DOOR: TimingModel.open_inner_s,
    CommandCode.CLOSE_INNER_DOOR: TimingModel.close_inner_s,
    CommandCode.ROTATE: TimingModel.rotate_s,
}
"""What takes as long from wherever the device stands."""


def expected_ms(situation: Situation, device: str, code: CommandCode, arg1: int) -> int:
    """From a command's intent to the cycle that sees its end; 0 when it cannot be told."""
    return round(1000 * _expected_s(situation, device, code, arg1))


def _expected_s(situation: Situation, device: str, code: CommandCode, arg1: int) -> float:
    timing = timing_of(situation.layout)
    if code in _FIXED:
        return _FIXED[code](timing, device)
    if code in TRANSFERS:
        return timing.strokes_s(device, arg1)
    if code is CommandCode.MOVE_TO_LEVEL:
        height_mm = situation.value(device, "position_mm")
        return 0.0 if height_mm is None else timing.level_s(device, height_mm, arg1)
    if code is CommandCode.MOVE_TO_COLUMN and arg1 >= 0:
        position = situation.value(device, "position")
        return 0.0 if position is None else timing.column_s(device, position, arg1)
    return 0.0
