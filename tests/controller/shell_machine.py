"""A machine without wires for the shell's tests: PLCs that answer at once, a core that does as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from controller.core.events import EpochClaimed, OrderWaiting
from controller.core.interface import Ask, Instant, Recorded, StepResult, Surroundings, Told
from controller.local_link.messages import Accepted, CycleView, Snapshot
from controller.planning.advice import Picture, PlannerWord
from controller.shell.device_bank import DeviceBank
from plc_drivers import outputs as sealed
from plc_drivers.contract import DEFINITIONS, DeviceKind, Value
from plc_drivers.contract.codes import Health, Mode, State
from plc_drivers.device_watch import DeviceWatch
from plc_drivers.link import LinkState, LinkStatus, RawAnswer
from plc_drivers.outputs import DeviceOutputs, PermittedOutputs
from plc_drivers.reading import Fault, ProcessImage
from safety.memory import SafetyMemory
from safety.refusal import Refusal
from safety.verdict import Function, Verdict
from safety.wish import DeviceWish

STEP_NS = 1_000_000


class StepClock:
    """Time that passes only when somebody waits, and as much as the test lets each cycle take."""

    def __init__(self) -> None:
        self.now_ns = 10_000 * STEP_NS

    def monotonic_ns(self) -> int:
        return self.now_ns

    def instant(self) -> Instant:
        ms = self.now_ns // STEP_NS
        return Instant(ms, 1_700_000_000_000 + ms)

    async def until(self, due_ns: int) -> None:
        self.now_ns = max(self.now_ns, due_ns)
        await asyncio.sleep(0)

    def pass_ms(self, milliseconds: int) -> None:
        self.now_ns += milliseconds * STEP_NS


class InstantLink:
    """A link to one PLC that answers within the call. ``writes`` keeps what arrived, ``urgent`` what came at once."""

    def __init__(self, device: str, kind: DeviceKind, number: int, clock: StepClock) -> None:
        self.device, self.number = device, number
        self.definition = DEFINITIONS[kind]
        self.on_idle: Callable[[], None] | None = None
        self.clock = clock
        self.writes: list[DeviceOutputs] = []
        self.urgent: list[DeviceOutputs] = []
        self.exchanges = 0
        self.silent = False
        self.values: dict[str, Value] = {
            "device_id": number,
            "contract_version": 1,
            "device_kind": int(kind),
            "program_version": 1,
            "boot_counter": 1,
            "state": int(State.IDLE),
            "mode": int(Mode.AUTOMATIC),
            "health": int(Health.OK),
            "controller_timeout_ms": 500,
            "standstill": True,
        }
        self._answers: dict[str, RawAnswer] = {}

    @property
    def name(self) -> str:
        return f"{self.device}-plc"

    @property
    def devices(self) -> tuple[str, ...]:
        return (self.device,)

    def start(self) -> None:
        """Nothing to connect."""

    async def stop(self) -> None:
        """Nothing to close."""

    def exchange(self, outputs: PermittedOutputs | None) -> bool:
        self.exchanges += 1
        if self.silent:
            return True
        own = None if outputs is None else outputs.get(self.device)
        if own is not None:
            self.writes.append(own)
            self.values["heartbeat_echo"] = own.heartbeat
            self.values["owner_epoch"] = max(int(self.values.get("owner_epoch", 0)), own.epoch)
        self.values["heartbeat"] = (int(self.values.get("heartbeat", 0)) + 1) % 65536
        now_ms = self.clock.instant().mono_ms
        self.values["clock_ms"] = now_ms
        values = tuple(self.values.get(tag.name, 0) for tag in self.definition.status)
        written = None if own is None else own.heartbeat
        self._answers[self.device] = RawAnswer(values, frozenset(), now_ms, now_ms, written)
        return True

    def write_now(self, outputs: PermittedOutputs) -> None:
        own = outputs.get(self.device)
        if own is not None:
            self.urgent.append(own)

    def busy(self) -> bool:
        return False

    def answers(self) -> Mapping[str, RawAnswer]:
        return self._answers

    def faults(self) -> Mapping[str, Fault]:
        return {}

    def status(self) -> LinkStatus:
        return LinkStatus(self.name, "test", "", LinkState.UP, None, 1, self.exchanges, 0, 0, 0.0)


@dataclass
class Permissive:
    """Safety that allows what the test says."""

    allowed: frozenset[Function] = frozenset()

    def evaluate(self, image: ProcessImage, memory: SafetyMemory, now_ms: int) -> tuple[Verdict, SafetyMemory]:
        lost = memory.allowed - self.allowed
        verdict = Verdict(now_ms, self.allowed, (), frozenset(), lost=lost)
        return verdict, replace(memory, allowed=self.allowed)


@dataclass(frozen=True)
class Passed:
    outputs: PermittedOutputs
    memory: SafetyMemory
    defects: tuple[Refusal, ...] = ()


@dataclass
class OpenGate:
    """A gate that passes every wish that the verdict allows, to every device of the machine."""

    devices: tuple[str, ...]

    def pass_wishes(
        self,
        wishes: Mapping[str, DeviceWish],
        verdict: Verdict,
        memory: SafetyMemory,
        *,
        heartbeat: int,
        epoch: int,
        image: ProcessImage,
    ) -> Passed:
        made = {}
        for device in self.devices:
            wish = wishes.get(device, DeviceWish())
            permits = frozenset(p for p in wish.permits if Function(device, p) in verdict.allowed)
            made[device] = DeviceOutputs(heartbeat, epoch, permits, wish.command, wish.levels)
        return Passed(PermittedOutputs(sealed._issued, made), memory)

    def safe_outputs(self, memory: SafetyMemory, *, heartbeat: int, epoch: int) -> Passed:
        made = {device: DeviceOutputs(heartbeat, epoch) for device in self.devices}
        return Passed(PermittedOutputs(sealed._issued, made), memory)


@dataclass
class ScriptedCore:
    """A core that wishes what the test says, answers everything, and keeps what it was asked."""

    wishes: dict[str, DeviceWish] = field(default_factory=dict)
    epoch: int = 0
    last_seq: int = 0
    steps: int = 0
    seen_epoch: int | None = None
    asked: list[Ask] = field(default_factory=list)
    on_step: Callable[[], None] = lambda: None
    surroundings: Surroundings = field(default_factory=Surroundings)
    words: list[PlannerWord] = field(default_factory=list)
    picture: Picture | None = None

    def fold(self, recorded: Iterable[Recorded]) -> None:
        for record in recorded:
            self.last_seq = record.seq

    def claim_epoch(self, image: ProcessImage, verdict: Verdict, seen: int, now: Instant) -> StepResult:
        self.seen_epoch, self.epoch = seen, seen + 1
        self.last_seq += 1
        return StepResult(events=[Recorded(self.last_seq, now.unix_ms, EpochClaimed(epoch=self.epoch, seen=seen))])

    def step(
        self, image: ProcessImage, verdict: Verdict, asks: Sequence[Ask], now: Instant, durable_seq: int
    ) -> StepResult:
        self.steps += 1
        self.on_step()
        self.asked += asks
        events = []
        for _ in asks:
            self.last_seq += 1
            events.append(Recorded(self.last_seq, now.unix_ms, OrderWaiting(order="o", code="X")))
        answers = [Told(ask.token, Accepted(), self.last_seq) for ask in asks]
        return StepResult(events=events, wishes=self.wishes, answers=answers, picture=self.picture)

    def advise(self, word: PlannerWord) -> None:
        self.words.append(word)

    def notice(self, surroundings: Surroundings) -> None:
        self.surroundings = surroundings

    def snapshot(
        self,
        image: ProcessImage,
        verdict: Verdict,
        now: Instant,
        links: Sequence[LinkStatus],
        cycle: CycleView,
        seq: int,
    ) -> Snapshot:
        return Snapshot(
            seq=seq,
            at_ms=now.unix_ms,
            event_seq=self.last_seq,
            mode="stopped",
            ready=True,
            ready_to_start=True,
            reasons=[],
            epoch=self.epoch,
            cycle=cycle,
            devices=[],
            links=[],
            vehicles=[],
            positions=[],
            cabins=[],
            orders=[],
            interlocks=[],
        )


def bank_of(links: Sequence[InstantLink]) -> DeviceBank:
    watches = {link.device: DeviceWatch(link.device, link.definition, link.number, 250, 500) for link in links}
    return DeviceBank(links, watches)
