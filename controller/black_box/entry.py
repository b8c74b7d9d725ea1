"""What the cycle tells the recorder of itself, filled in as the cycle goes on.

Owns the type. Everything in it is immutable or the cycle's own, so that it can be kept without a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.core.interface import Ask, Instant, StepResult, Surroundings
from controller.planning.advice import PlannerWord
from plc_drivers.outputs import PermittedOutputs
from plc_drivers.reading import ProcessImage
from safety.verdict import Verdict


@dataclass(slots=True)
class Entry:
    """One cycle. ``claim`` is the highest epoch seen when the controller took one; ``result`` what the core made of it.

    ``outputs`` is what the gate let out, ``foreign`` the devices to which it was not written because another controller
    owns them. ``defect`` says what broke the cycle. ``words`` are what the core heard of a planner before it.
    """

    image: ProcessImage
    verdict: Verdict
    now: Instant
    surroundings: Surroundings
    claim: int | None = None
    asks: Sequence[Ask] = ()
    durable_seq: int = 0
    is_overrun: bool = False
    is_decided: bool = False
    heartbeat: int = 0
    epoch: int = 0
    result: StepResult | None = None
    outputs: PermittedOutputs | None = None
    foreign: Sequence[str] = ()
    defect: str = ""
    words: Sequence[PlannerWord] = ()
