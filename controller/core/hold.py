"""An axis that somebody moves by hand now.

Owns the record. Lives in the process only: a controller that starts anew holds nothing (H11).
"""

from __future__ import annotations

from dataclasses import dataclass

from plc_drivers.contract import CommandCode
from safety.verdict import Function


@dataclass(slots=True)
class HoldUnderWay:
    """``press`` names this one press of the button; ``heard_ms`` is when it was last refreshed (monotonic).

    ``was_told`` is set once safety has been told, so that its verdict speaks of this hold.
    """

    press: str
    function: Function
    axis: str
    direction: str
    code: CommandCode
    axis_number: int
    person: str
    begun_ms: int
    heard_ms: int
    was_told: bool = False
