"""What goes into one step of the core and what comes out.

Owns the types at the border between the pure core and the shell around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from controller.core.events import CoreEvent
from controller.local_link.messages import Answer, Request
from controller.planning.advice import Picture
from plc_drivers.reading import Fault
from safety.acts import NO_ACTS, Acts
from safety.wish import DeviceWish


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment by both clocks: ``mono_ms`` never goes back and times everything, ``unix_ms`` is for people."""

    mono_ms: int
    unix_ms: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """How the parts around the core do: links that are down, why the journal is not written, a cycle out of time, why
    nobody plans, and why a person must make room on the disk. The last two forbid nothing.
    """

    down: tuple[str, ...] = ()
    journal_fault: Fault | None = None
    is_overrunning: bool = False
    disk_low: Fault | None = None
    planner_fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that waits for its answer; ``token`` comes back with the answer."""

    token: int
    request: Request


@dataclass(frozen=True, slots=True)
class Told:
    """The answer to a request. It may be sent once the journal holds event ``after_seq`` safely on disk."""

    token: int
    answer: Answer
    after_seq: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with its place in the journal: numbers have no gaps, ``at_ms`` is Unix time."""

    seq: int
    at_ms: int
    event: CoreEvent


@dataclass(frozen=True, slots=True)
class StepResult:
    """Outcome of one cycle: events (already applied), wishes for the gate, answers for those who asked.

    ``acts`` is what persons asked of safety; it goes into the next evaluation. ``picture`` is for the planner, None
    when it has nothing new to think about.
    """

    events: Sequence[Recorded] = ()
    wishes: Mapping[str, DeviceWish] = field(default_factory=dict)
    answers: Sequence[Told] = ()
    acts: Acts = NO_ACTS
    picture: Picture | None = None
