"""The fire state: whoever may be in a cabin is let out; nothing else is begun (H16).

Owns which cabins are opened. Must never close a door, and never open one against its interlocks.
"""

from __future__ import annotations

from controller.core import commanding
from controller.core.situation import Situation
from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import Mode, State
from safety.verdict import Function, StartOf


def let_out(situation: Situation) -> None:
    """Open every cabin that is not proven empty of people; a proven one stays shut, which keeps smoke out."""
    for cabin in situation.layout.cabins:
        if cabin in situation.verdict.proven_empty or situation.value(cabin, "outer_open") is True:
            continue
        ready = situation.value(cabin, "state") == State.IDLE and situation.value(cabin, "mode") == Mode.AUTOMATIC
        if not ready or situation.now.mono_ms < situation.state.mailbox(cabin).retry_after_ms:
            continue
        code = CommandCode.OPEN_OUTER_DOOR
        refusal = situation.verdict.refusal(Function(cabin, "outer_open"))
        if refusal is None and situation.verdict.start_refusal(StartOf(cabin, code)) is None:
            commanding.order_directly(situation, cabin, code)
