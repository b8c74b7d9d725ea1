"""The whole core in the middle of a run, written down: what events tell, and what the run has added to it.

Owns the form. A recording begins with it, so that its cycles can be decided again from there. Must never be read at a
start: a new run of the controller remembers nothing of the last one but its events (H11).
"""

from __future__ import annotations

import msgspec

from controller.alarms.run_memory import AlarmRunMemory
from controller.core.advising import AdvisingMemory
from controller.core.booking_service import BookingMemory
from controller.core.hold import HoldUnderWay
from controller.core.interface import Surroundings
from controller.core.supply import SupplyMemory
from controller.core.waiting import WaitingMemory
from plc_drivers.contract import Value
from safety.refusal import Refusal


class RunMemory(msgspec.Struct, frozen=True, kw_only=True):
    """``state`` is the state as ``state_snapshot`` writes it, run-time fields of mailboxes and cabins included."""

    state: bytes
    hold: HoldUnderWay | None
    ended_presses: list[tuple[str, Refusal]]
    refused_press: str
    waiting: WaitingMemory
    boots: dict[str, Value]
    supply: SupplyMemory
    surroundings: Surroundings
    alarms: AlarmRunMemory
    trips_known: frozenset[str]
    trips_by_silence: frozenset[str]
    advising: AdvisingMemory = AdvisingMemory()
    booking: BookingMemory = BookingMemory()
