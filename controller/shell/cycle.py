"""The scan cycle: exchange, image, safety, step, gate, journal, trip shortcut, publish; at fixed deadlines.

Owns the order of these steps and what happens when one of them is late or fails. Must never decide what is safe
or what the garage does next, never wait for the disk, and never end without telling why.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import msgspec

from controller.black_box.entry import Entry
from controller.core.events import OrderAccepted, OrderStarted
from controller.core.interface import Ask, Instant, StepResult, Surroundings
from controller.journal import Journal
from controller.local_link.messages import Reason, Refused, Stop
from controller.shell import ownership
from controller.shell.clock import Clock
from controller.shell.device_bank import DeviceBank
from controller.shell.exchange_round import ExchangeRound
from controller.shell.pace import OVERRUNS_IN_A_ROW_MAX, Pace
from controller.shell.ports import BlackBox, Core, OutputGate, Passage, Planner, Questions, Safety
from controller.shell.publisher import Publisher
from controller.shell.standstill import moving
from plc_drivers.link import Link, LinkState
from plc_drivers.outputs import PermittedOutputs
from plc_drivers.reading import Fault, ProcessImage
from safety.memory import SafetyMemory
from safety.refusal import Refusal
from safety.verdict import Function, Verdict
from safety.wish import DeviceWish

_log = logging.getLogger(__name__)

SNAPSHOT_EVERY_MS = 100
"""Ten pictures a second are enough for people, and leave the cycle alone."""

SNAPSHOT_WAITS_MS_MAX = 200
"""How long a picture waits for the disk or for a less busy cycle before it goes out anyway."""

OWN_TOKEN = -1
"""Token of requests that the shell itself makes; their answers go nowhere."""

STAND_TIMEOUT_MS = 3000
"""How long an ending controller waits for the machine to stand; a lift at 1.08 m/s and 0.4 m/s2 needs 2.7 s."""

SETTLE_CYCLES = 6
"""Cycles from the stop until standstill is believed: a command sent just before may begin a PLC scan later."""

QUESTION_SLACK_NS = 8_000_000
"""A question is answered only when so much time is left until the next cycle: twice what the longest answer took, 4 ms
for a garage of 240 places in which nothing answers. A period below 10 ms leaves no such time: nothing is explained."""

QUESTION_WAITS_MS_MAX = 1000
"""A question that finds no such time for so long is refused: the cycle comes first."""

_HEARTBEAT_SPAN = 1 << 16


class Phase(Enum):
    """Where the cycle stands in its life."""

    SEEKING = "seeking"
    """Only reads, until every PLC has told which owner epoch it obeys, at most two seconds."""
    CLAIMING = "claiming"
    """Only reads, until the epoch that it took is on disk."""
    OWNING = "owning"
    ENDING = "ending"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the cycle drives, put together by ``run``."""

    links: Sequence[Link]
    bank: DeviceBank
    safety: Safety
    memory: SafetyMemory
    gate: OutputGate
    core: Core
    journal: Journal
    publisher: Publisher
    clock: Clock
    pace: Pace
    exchange_deadline_ms: int
    questions: Questions | None = None
    black_box: BlackBox | None = None
    planner: Planner | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """Image and verdict of the newest cycle, and the devices in it that another controller owns."""

    image: ProcessImage
    verdict: Verdict
    foreign: tuple[str, ...]


class ScanCycle:
    """Runs cycles until asked to end. One instance for each life of the control process."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._round = ExchangeRound(parts.links, parts.clock)
        self.pace = parts.pace
        self._deadline_ns = parts.exchange_deadline_ms * 1_000_000
        self._memory = parts.memory
        self._outputs: PermittedOutputs | None = None
        self._heartbeat = 0
        self._seen: _Seen | None = None
        self._claimed_seq = 0
        self._own_asks: list[Ask] = []
        self._snapshot_due_ms = 0
        self._snapshots = 0
        self._overrun_told = False
        self._fault_told = ""
        self._defects_told: Sequence[Refusal] = ()
        self._claim_durable = False
        self._question: tuple[int, str] | None = None
        self._question_since_ms = 0
        self._cycles_in_phase = 0
        self._surroundings = Surroundings()
        self._entry: Entry | None = None
        self._phase = Phase.SEEKING
        self._phase_since_ms = parts.clock.instant().mono_ms

    @property
    def phase(self) -> Phase:
        """Where the cycle stands in its life."""
        return self._phase

    def end(self) -> None:
        """Ask for a regular end: no more requests, controlled stop, then ``run`` returns."""
        if self._phase is not Phase.ENDING:
            self._own_asks.append(Ask(OWN_TOKEN, Stop(actor="controller", cause="CONTROLLER_ENDING")))
            self._enter(Phase.ENDING)

    async def run(self) -> None:
        """Run cycles until ``end`` was called and the machine stands, or three seconds have passed.

        An exception out of here is a defect; whoever awaits this must then run ``stop_machine``.
        """
        clock, box = self._parts.clock, self._parts.black_box
        self.pace.due_ns = clock.monotonic_ns()
        if box is not None:
            box.begin(self._memory, clock.instant())
        while not self._is_over():
            await clock.until(self.pace.due_ns)
            self.pace.begin(clock.monotonic_ns())
            try:
                await self._cycle()
            except Exception as defect:
                self._record(repr(defect))
                raise
            self._close_cycle()

    async def stop_machine(self) -> tuple[str, ...]:
        """After a defect: write outputs without permits, at the cycle's pace, until the machine stands.

        Uses neither core nor journal, which may be what is broken. Gives up after three seconds and returns
        the devices that were not seen standing; without a heartbeat the PLCs then stop by themselves.
        """
        clock, parts = self._parts.clock, self._parts
        if self._outputs is None:
            return ()
        began_ms = clock.instant().mono_ms
        while True:
            began_ns = clock.monotonic_ns()
            now = clock.instant()
            image = self._image(now)
            left = moving(image, () if self._seen is None else self._seen.foreign)
            passed_ms = now.mono_ms - began_ms
            if passed_ms > STAND_TIMEOUT_MS or (not left and passed_ms > SETTLE_CYCLES * self.pace.period_ms):
                return left
            self._take(parts.gate.safe_outputs(self._memory, heartbeat=self._beat(), epoch=parts.core.epoch))
            await self._round.run(self._outputs, began_ns + self._deadline_ns)
            await clock.until(began_ns + self.pace.period_ns)

    def release(self, durable_seq: int) -> None:
        """The journal has more on disk: send the events and answers that waited for it."""
        self._parts.publisher.release(durable_seq)

    def _image(self, now: Instant) -> ProcessImage:
        written = () if self._outputs is None else self._outputs.devices
        return self._parts.bank.image(now.mono_ms, written)

    async def _cycle(self) -> None:
        """Steps 1 to 7 of a cycle."""
        parts = self._parts
        await self._round.run(self._outputs, self.pace.due_ns + self._deadline_ns)
        now = parts.clock.instant()
        image = self._image(now)
        verdict, self._memory = parts.safety.evaluate(image, self._memory, now.mono_ms)
        self._entry = Entry(image, verdict, now, self._surroundings)
        self._note(image, verdict)
        self._cycles_in_phase += 1
        match self._phase:
            case Phase.SEEKING:
                self._seek(self._entry)
            case Phase.CLAIMING:
                self._claim_durable = parts.journal.durable_seq >= self._claimed_seq
                if self._claim_durable:
                    self._enter(Phase.OWNING)
            case Phase.OWNING | Phase.ENDING:
                if self._claim_durable:
                    self._decide(self._entry)

    def _seek(self, entry: Entry) -> None:
        """Claim an epoch once every PLC has told which one it obeys, or two seconds have passed."""
        image, verdict, now = entry.image, entry.verdict, entry.now
        waited_ms = now.mono_ms - self._phase_since_ms
        if not ownership.all_known(image) and waited_ms < ownership.SEEK_MS:
            return
        entry.claim = ownership.highest_seen(image)
        entry.result = self._parts.core.claim_epoch(image, verdict, entry.claim, now)
        self._keep(entry.result)
        self._claimed_seq = self._parts.core.last_seq
        _log.info("EPOCH_CLAIMED epoch=%d", self._parts.core.epoch)
        self._enter(Phase.CLAIMING)

    def _decide(self, entry: Entry) -> None:
        """Steps 4 to 7: what the core wants, what the gate lets through, and what must not wait."""
        parts, verdict = self._parts, entry.verdict
        entry.is_decided, entry.asks, entry.durable_seq = True, self._asks(), parts.journal.durable_seq
        entry.words = () if parts.planner is None else parts.planner.words()
        for word in entry.words:
            parts.core.advise(word)
        result = parts.core.step(entry.image, verdict, entry.asks, entry.now, entry.durable_seq)
        entry.result = result
        self._keep(result)
        if parts.planner is not None:
            self._show(parts.planner, result)
        before = self._outputs
        entry.is_overrun = self.pace.too_many
        if entry.is_overrun:
            passage = parts.gate.safe_outputs(self._memory, heartbeat=self._beat(), epoch=parts.core.epoch)
        else:
            passage = parts.gate.pass_wishes(
                result.wishes,
                verdict,
                self._memory,
                heartbeat=self._beat(),
                epoch=parts.core.epoch,
                image=entry.image,
            )
        entry.heartbeat, entry.epoch, entry.outputs = self._heartbeat, parts.core.epoch, passage.outputs
        after = self._take(passage)
        self._memory = replace(self._memory, acts=result.acts)
        if before is not None:
            self._write_trips(before, after, result.wishes, verdict)

    @staticmethod
    def _show(planner: Planner, result: StepResult) -> None:
        """Wake the planner with the first order there is, and show it what is new."""
        if any(isinstance(record.event, (OrderAccepted, OrderStarted)) for record in result.events):
            planner.start()
        if result.picture is not None:
            planner.show(result.picture)

    def _asks(self) -> list[Ask]:
        own, self._own_asks = self._own_asks, []
        if self._phase is Phase.ENDING:
            self._parts.publisher.refuse_all(_ENDING)
            return own
        return own + self._parts.publisher.asks()

    def _keep(self, result: StepResult) -> None:
        if result.events:
            self._parts.journal.append(result.events)
        if result.events or result.answers:
            self._parts.publisher.hold(result)
        self._parts.publisher.release(self._parts.journal.durable_seq)

    def _beat(self) -> int:
        """A new heartbeat: one for each cycle that got as far as the gate, so that a stuck one shows."""
        self._heartbeat = (self._heartbeat + 1) % _HEARTBEAT_SPAN
        return self._heartbeat

    def _take(self, passage: Passage) -> PermittedOutputs:
        """Keep what the gate let through, but for devices that another controller owns: those are only read."""
        foreign = () if self._seen is None else self._seen.foreign
        outputs = passage.outputs.without(foreign) if foreign else passage.outputs
        self._outputs, self._memory = outputs, passage.memory
        if passage.defects and passage.defects != self._defects_told:
            _log.error("WISH_DEFECT %s", "; ".join(f"{defect.code} {defect.text}" for defect in passage.defects))
        self._defects_told = passage.defects
        return outputs

    def _write_trips(
        self, before: PermittedOutputs, after: PermittedOutputs, wishes: Mapping[str, DeviceWish], verdict: Verdict
    ) -> None:
        """Write dropped permits at once where safety took them; those that the core gave up can wait 20 ms."""
        affected: dict[str, Link] = {}
        for device, old in before.devices.items():
            new = after.get(device)
            dropped = frozenset() if new is None else old.permits - new.permits
            if dropped and _taken(device, dropped, wishes.get(device), verdict):
                link = self._parts.bank.link_of[device]
                affected[link.name] = link
        for link in affected.values():
            link.write_now(after)

    def _close_cycle(self) -> None:
        """Step 8 and the cycle's own book-keeping."""
        self._record()
        self._publish()
        self._tell_journal(self._parts.journal.fault)
        missed = self.pace.end(self._parts.clock.monotonic_ns())
        if self.pace.too_many and not self._overrun_told:
            _log.error("CYCLE_OVERRUN in_a_row=%d: permits dropped, automatic operation ends", self.pace.in_a_row)
            self._own_asks.append(Ask(OWN_TOKEN, Stop(actor="controller", cause="CYCLES_OVERRUN")))
            self._overrun_told = True
        elif not missed:
            self._overrun_told = False
        self._answer_question()

    def _record(self, defect: str = "") -> None:
        """Hand the cycle to the black box: with its inputs and what came of them, or with what broke it."""
        entry, self._entry = self._entry, None
        box = self._parts.black_box
        if box is None or entry is None:
            return
        entry.defect = defect
        entry.foreign = () if self._seen is None else self._seen.foreign
        left_ns = self.pace.due_ns + self.pace.period_ns - self._parts.clock.monotonic_ns()
        box.keep(entry, self._memory, has_time=left_ns >= QUESTION_SLACK_NS)

    def _answer_question(self) -> None:
        """Explain one thing at most, and only in time that the cycle does not need (H10: nothing delays it)."""
        parts, seen = self._parts, self._seen
        now = parts.clock.instant()
        if self._question is None:
            asked = parts.publisher.question()
            if asked is None:
                return
            self._question, self._question_since_ms = (asked[0], asked[1].what), now.mono_ms
        token, what = self._question
        if parts.questions is None or seen is None:
            parts.publisher.answer(token, Refused(reason=_STARTING))
        elif self.pace.due_ns - parts.clock.monotonic_ns() >= QUESTION_SLACK_NS:
            blocking, noted = self._reasons(seen)
            shell = [Refusal(reason.code, reason.text, reason.remedy) for reason in (*blocking, *noted)]
            moment = (seen.image, seen.verdict, self._memory, now)
            parts.publisher.answer(token, parts.questions.answer(what, moment, shell))
        elif now.mono_ms - self._question_since_ms > QUESTION_WAITS_MS_MAX:
            parts.publisher.answer(token, Refused(reason=_CYCLE_BUSY))
        else:
            return
        self._question = None

    def _publish(self) -> None:
        parts, seen = self._parts, self._seen
        now = parts.clock.instant()
        if seen is None or now.mono_ms < self._snapshot_due_ms:
            return
        late_ms = now.mono_ms - self._snapshot_due_ms
        undecided = parts.journal.durable_seq < parts.core.last_seq
        busy = parts.clock.monotonic_ns() > self.pace.due_ns + self.pace.period_ns // 2
        if (undecided or busy) and late_ms < SNAPSHOT_WAITS_MS_MAX:
            return
        self._snapshot_due_ms = now.mono_ms + SNAPSHOT_EVERY_MS
        self._snapshots += 1
        links = [link.status() for link in parts.links]
        down = tuple(status.name for status in links if status.state is not LinkState.UP)
        planner_fault = None if parts.planner is None else parts.planner.fault
        self._surroundings = Surroundings(
            down,
            parts.journal.fault,
            self.pace.too_many,
            disk_low=parts.journal.room_fault,
            planner_fault=planner_fault,
        )
        parts.core.notice(self._surroundings)
        snapshot = parts.core.snapshot(
            seen.image,
            seen.verdict,
            now,
            links,
            self.pace.view(),
            seq=self._snapshots,
        )
        blocking, noted = self._reasons(seen)
        if blocking or noted:
            snapshot = msgspec.structs.replace(
                snapshot,
                ready=snapshot.ready and not blocking,
                ready_to_start=snapshot.ready_to_start and not blocking,
                reasons=[*blocking, *noted, *snapshot.reasons],
            )
        parts.publisher.snapshot(snapshot)

    def _reasons(self, seen: _Seen) -> tuple[list[Reason], list[Reason]]:
        """What the shell itself has to say: reasons that forbid all motion, and those that are to be known."""
        blocking: list[Reason] = []
        if self._phase is Phase.ENDING:
            blocking.append(_ENDING)
        elif self._phase is not Phase.OWNING:
            blocking.append(_STARTING)
        if (fault := self._parts.journal.fault) is not None:
            blocking.append(Reason(code=fault.code, text=fault.detail, remedy=fault.remedy))
        if self.pace.too_many:
            blocking.append(_OVERRUN)
        epoch = self._parts.core.epoch
        noted = [ownership.foreign_reason(device, seen.image, epoch) for device in seen.foreign]
        planner = self._parts.planner
        if planner is not None and (fault := planner.fault) is not None:
            noted.append(Reason(code=fault.code, text=fault.detail, remedy=fault.remedy))
        box = self._parts.black_box
        if box is not None and (fault := box.fault) is not None:
            noted.append(Reason(code=fault.code, text=fault.detail, remedy=fault.remedy))
        return blocking, noted

    def _tell_journal(self, fault: Fault | None) -> None:
        code = "" if fault is None else fault.code
        if code != self._fault_told:
            self._fault_told = code
            if fault is None:
                _log.warning("JOURNAL_RECOVERED durable_seq=%d", self._parts.journal.durable_seq)
            else:
                _log.error("%s %s", fault.code, fault.detail)

    def _note(self, image: ProcessImage, verdict: Verdict) -> None:
        """Keep what this cycle saw, and report devices that another controller has taken since."""
        before = () if self._seen is None else self._seen.foreign
        foreign = ownership.foreign(image, self._parts.core.epoch, before) if self._claim_durable else ()
        self._seen = _Seen(image, verdict, foreign)
        for device in foreign:
            if device not in before:
                _log.error("NOT_OWNER %s", ownership.foreign_reason(device, image, self._parts.core.epoch).text)

    def _enter(self, phase: Phase) -> None:
        self._phase = phase
        self._phase_since_ms = self._parts.clock.instant().mono_ms
        self._cycles_in_phase = 0

    def _is_over(self) -> bool:
        if self._phase is not Phase.ENDING:
            return False
        if self._outputs is None or self._seen is None:
            return True
        left = moving(self._seen.image, self._seen.foreign)
        if self._parts.clock.instant().mono_ms - self._phase_since_ms > STAND_TIMEOUT_MS:
            _log.error("NOT_STANDING devices=%s: the PLCs must stop them", ",".join(left))
            return True
        return self._cycles_in_phase > SETTLE_CYCLES and not left


def _taken(device: str, dropped: frozenset[str], wish: DeviceWish | None, verdict: Verdict) -> bool:
    """True when a permit went away that is still wanted, or that safety allows no longer."""
    if wish is not None and not dropped.isdisjoint(wish.permits):
        return True
    return any(Function(device, permit) not in verdict.allowed for permit in dropped)


_STARTING = Reason(
    code="CONTROLLER_STARTING",
    text="The controller asks the PLCs who owns them and takes over.",
    remedy="Wait a few seconds.",
)

_ENDING = Reason(
    code="CONTROLLER_ENDING",
    text="The controller is being stopped and takes no more requests.",
    remedy="Start it again, then repeat the request with the same idempotency key.",
)

_CYCLE_BUSY = Reason(
    code="CYCLE_BUSY",
    text="The cycle needs all of its time; no question could be answered beside it.",
    remedy="Ask again in a moment; if it stays so, look at the cycle's times with `garagectl status --json`.",
)

_OVERRUN = Reason(
    code="CYCLE_OVERRUN",
    text=f"{OVERRUNS_IN_A_ROW_MAX} cycles in a row did not end in time; all permits were dropped.",
    remedy="Find what keeps the machine busy; start automatic operation again when the cycle keeps its time.",
)
