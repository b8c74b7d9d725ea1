"""What the scan cycle needs of the core, of safety and of the gate, so that each can be exchanged in a test.

Owns the types only. Must never hold code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from controller.black_box.entry import Entry
from controller.core.interface import Ask, Instant, Recorded, StepResult, Surroundings
from controller.local_link.messages import Answer, CycleView, Snapshot
from controller.planning.advice import Picture, PlannerWord
from plc_drivers.link import LinkStatus
from plc_drivers.outputs import PermittedOutputs
from plc_drivers.reading import Fault, ProcessImage
from safety.memory import SafetyMemory
from safety.refusal import Refusal
from safety.verdict import Verdict
from safety.wish import DeviceWish


class Core(Protocol):
    """The pure core of the garage."""

    @property
    def epoch(self) -> int:
        """Owner epoch of this life, 0 before it is claimed."""
        ...

    @property
    def last_seq(self) -> int:
        """Number of the newest event."""
        ...

    def fold(self, recorded: Iterable[Recorded]) -> None:
        """Take in the journal at start."""
        ...

    def claim_epoch(self, image: ProcessImage, verdict: Verdict, seen: int, now: Instant) -> StepResult:
        """Take an epoch above all that were used or seen; stopped, with nothing under way."""
        ...

    def step(
        self, image: ProcessImage, verdict: Verdict, asks: Sequence[Ask], now: Instant, durable_seq: int
    ) -> StepResult:
        """One cycle of decisions."""
        ...

    def advise(self, word: PlannerWord) -> None:
        """What a planner says; for the next step."""
        ...

    def notice(self, surroundings: Surroundings) -> None:
        """How links, journal and cycle do; the alarms of the next step know of it."""
        ...

    def snapshot(
        self,
        image: ProcessImage,
        verdict: Verdict,
        now: Instant,
        links: Sequence[LinkStatus],
        cycle: CycleView,
        *,
        seq: int,
    ) -> Snapshot:
        """What the outside may see."""
        ...


class Questions(Protocol):
    """Answers why something may not be."""

    def answer(
        self,
        what: str,
        moment: tuple[ProcessImage, Verdict, SafetyMemory, Instant],
        shell: Sequence[Refusal],
    ) -> Answer:
        """The explanation of ``what`` at a moment, or the refusal of a name that nothing has; bounded in time."""
        ...


class Planner(Protocol):
    """Whoever looks at pictures; nothing here ever waits."""

    @property
    def fault(self) -> Fault | None:
        """Why nobody plans although somebody should."""
        ...

    def start(self) -> None:
        """There is something to plan from now on; repeated calls do nothing."""
        ...

    def show(self, picture: Picture) -> None:
        """Hand over the newest picture."""
        ...

    def words(self) -> Sequence[PlannerWord]:
        """What has been said since the last call."""
        ...


class BlackBox(Protocol):
    """The recorder of the last hours."""

    @property
    def fault(self) -> Fault | None:
        """Why nothing is recorded, None while it is."""
        ...

    def begin(self, memory: SafetyMemory, now: Instant) -> None:
        """Before the first cycle: how core and safety stand."""
        ...

    def keep(self, entry: Entry, memory: SafetyMemory, *, has_time: bool) -> None:
        """Record a cycle that is over; never raises and never waits. ``memory`` is safety's after it."""
        ...


class Safety(Protocol):
    """The interlocks."""

    def evaluate(self, image: ProcessImage, memory: SafetyMemory, now_ms: int) -> tuple[Verdict, SafetyMemory]:
        """What is permitted now."""
        ...


class Passage(Protocol):
    """What the gate let through in one cycle."""

    @property
    def outputs(self) -> PermittedOutputs:
        """What may be written."""
        ...

    @property
    def memory(self) -> SafetyMemory:
        """Safety's memory for the next cycle."""
        ...

    @property
    def defects(self) -> Sequence[Refusal]:
        """Wishes that cannot be: a defect of the core."""
        ...


class OutputGate(Protocol):
    """The only maker of outputs."""

    def pass_wishes(
        self,
        wishes: Mapping[str, DeviceWish],
        verdict: Verdict,
        memory: SafetyMemory,
        *,
        heartbeat: int,
        epoch: int,
        image: ProcessImage,
    ) -> Passage:
        """Wishes that safety permits, as outputs."""
        ...

    def safe_outputs(self, memory: SafetyMemory, *, heartbeat: int, epoch: int) -> Passage:
        """Outputs without any permit, which lead to a controlled stop."""
        ...
