"""The scan cycle over a machine without wires, in virtual time, with a real journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from controller.black_box.entry import Entry
from controller.core.interface import Instant, Surroundings
from controller.journal import Journal
from controller.local_link.explanation import Explain, Explanation
from controller.local_link.messages import Answer, Event, Refused, Request, Snapshot, Start, Stop
from controller.shell import cycle as shell_cycle
from controller.shell.cycle import Parts, Phase, ScanCycle
from controller.shell.pace import OVERRUNS_IN_A_ROW_MAX, Pace
from controller.shell.publisher import Publisher
from plc_drivers.contract import DeviceKind
from plc_drivers.contract.codes import State
from plc_drivers.link import LinkState
from plc_drivers.reading import Fault
from safety.memory import SafetyMemory
from safety.refusal import Refusal
from safety.verdict import Function
from safety.wish import DeviceWish
from tests.controller.shell_machine import InstantLink, OpenGate, Permissive, ScriptedCore, StepClock, bank_of

TRAVEL = Function("lift1", "travel")
TURN = Function("cabin1", "rotate")


class Outlet:
    def __init__(self) -> None:
        self.snapshots: list[Snapshot] = []
        self.requests: list[tuple[int, Request]] = []
        self.answers: list[tuple[int, Answer]] = []
        self.questions: list[tuple[int, Explain]] = []

    def publish_snapshot(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)

    def publish_event(self, event: Event) -> None:
        """Not looked at here."""

    def take_requests(self) -> list[tuple[int, Request]]:
        taken, self.requests = self.requests, []
        return taken

    def take_question(self) -> tuple[int, Explain] | None:
        return self.questions.pop(0) if self.questions else None

    def answer(self, token: int, answer: Answer) -> None:
        self.answers.append((token, answer))


class Slow:
    """Explains everything, and takes its time."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []

    def answer(self, what: str, moment: object, shell: Sequence[Refusal]) -> Answer:
        self.asked.append((what, [reason.code for reason in shell]))
        return Explanation(what=what, noun="garage", at_ms=0, clear=True, summary="S.")


class Box:
    """Keeps what the cycle records of itself."""

    def __init__(self) -> None:
        self.begun: list[Instant] = []
        self.entries: list[Entry] = []
        self.had_time: list[bool] = []
        self.fault: Fault | None = None

    def begin(self, memory: SafetyMemory, now: Instant) -> None:
        self.begun.append(now)

    def keep(self, entry: Entry, memory: SafetyMemory, *, has_time: bool) -> None:
        self.entries.append(entry)
        self.had_time.append(has_time)


class Machine:
    """A lift and a cabin, and the cycle that drives them."""

    def __init__(self, journal: Journal) -> None:
        self.clock = StepClock()
        self.lift = InstantLink("lift1", DeviceKind.LIFT, 1, self.clock)
        self.cabin = InstantLink("cabin1", DeviceKind.CABIN, 2, self.clock)
        self.links = (self.lift, self.cabin)
        self.core = ScriptedCore()
        self.safety = Permissive(frozenset({TRAVEL, TURN}))
        self.outlet = Outlet()
        self.questions = Slow()
        self.box = Box()
        self.journal = journal
        self.take_ms = 0
        """How long each cycle takes beside the exchange."""
        publisher = Publisher(100)
        publisher.connect(self.outlet)
        self.cycle = ScanCycle(
            Parts(
                links=self.links,
                bank=bank_of(self.links),
                safety=self.safety,
                memory=SafetyMemory(()),
                gate=OpenGate(("lift1", "cabin1")),
                core=self.core,
                journal=journal,
                publisher=publisher,
                clock=self.clock,
                pace=Pace(20, self.clock.now_ns),
                exchange_deadline_ms=14,
                questions=self.questions,
                black_box=self.box,
            )
        )

    async def until(self, condition: Callable[[], bool]) -> None:
        """Run whole cycles until the condition holds."""
        for _ in range(10_000):
            if condition():
                return
            await self.once()
            if self.journal.durable_seq < self.core.last_seq:
                await asyncio.sleep(0.001)
        pytest.fail("the condition did not come true")

    async def once(self, cycles: int = 1) -> None:
        for _ in range(cycles):
            await self.clock.until(self.cycle.pace.due_ns)
            self.cycle.pace.begin(self.clock.now_ns)
            await self.cycle._cycle()
            self.clock.pass_ms(self.take_ms)
            self.cycle._close_cycle()

    async def own(self) -> None:
        await self.until(lambda: self.cycle.phase is Phase.OWNING and bool(self.lift.writes))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(tmp_path / "journal.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def machine(journal: Journal) -> Machine:
    return Machine(journal)


async def test_h13_nothing_is_written_before_an_epoch_above_all_that_were_seen_is_on_disk(machine: Machine) -> None:
    machine.lift.values["owner_epoch"] = 41
    machine.cabin.values["owner_epoch"] = 7
    while machine.cycle.phase is not Phase.OWNING:
        assert machine.lift.writes == []
        await machine.once()
    assert machine.journal.durable_seq >= 1
    assert machine.core.seen_epoch == 41
    await machine.once(2)
    assert machine.lift.writes[0].epoch == 42


async def test_h13_a_silent_plc_does_not_hold_up_the_claim_for_more_than_two_seconds(machine: Machine) -> None:
    machine.cabin.silent = True
    began = machine.clock.instant().mono_ms
    await machine.until(lambda: machine.core.seen_epoch is not None)
    assert 2000 <= machine.clock.instant().mono_ms - began <= 2040


async def test_h13_an_absurd_epoch_of_one_device_is_not_followed(machine: Machine) -> None:
    machine.lift.values["owner_epoch"] = 0xFFFF_FFFF
    machine.cabin.values["owner_epoch"] = 5
    await machine.until(lambda: machine.core.seen_epoch is not None)
    assert machine.core.seen_epoch == 5


async def test_h13_a_device_that_another_controller_has_taken_is_only_read_and_reported(machine: Machine) -> None:
    await machine.own()
    await machine.once(3)
    machine.cabin.values["owner_epoch"] = machine.core.epoch + 1
    await machine.once(2)
    machine.outlet.snapshots.clear()
    machine.cabin.writes.clear()
    await machine.once(50)
    assert machine.cabin.writes == []
    assert len(machine.lift.writes) > 50
    assert "NOT_OWNER" in {reason.code for reason in machine.outlet.snapshots[-1].reasons}


async def test_the_heartbeat_changes_with_every_cycle(machine: Machine) -> None:
    await machine.own()
    machine.lift.writes.clear()
    await machine.once(50)
    beats = [write.heartbeat for write in machine.lift.writes]
    assert len(beats) == 50
    assert all(after == before + 1 for before, after in pairwise(beats))


async def test_a_tripped_permit_is_written_at_once_and_only_where_it_was_granted(machine: Machine) -> None:
    machine.core.wishes = {"lift1": DeviceWish(frozenset({"travel"})), "cabin1": DeviceWish()}
    await machine.own()
    await machine.once(3)
    assert machine.lift.writes[-1].permits == {"travel"}
    machine.safety.allowed = frozenset({TURN})
    await machine.once()
    assert [write.permits for write in machine.lift.urgent] == [frozenset()]
    assert machine.cabin.urgent == []
    await machine.once()
    assert len(machine.lift.urgent) == 1


async def test_a_permit_that_the_core_gives_up_waits_for_the_next_exchange(machine: Machine) -> None:
    machine.core.wishes = {"lift1": DeviceWish(frozenset({"travel"}))}
    await machine.own()
    await machine.once(3)
    machine.core.wishes = {"lift1": DeviceWish()}
    await machine.once(2)
    assert machine.lift.urgent == []
    assert machine.lift.writes[-1].permits == frozenset()


async def test_overruns_in_a_row_drop_every_permit_and_end_automatic_operation(machine: Machine) -> None:
    machine.core.wishes = {"lift1": DeviceWish(frozenset({"travel"}))}
    await machine.own()
    machine.core.on_step = lambda: machine.clock.pass_ms(25)
    await machine.once(OVERRUNS_IN_A_ROW_MAX)
    assert machine.lift.writes[-1].permits == {"travel"}
    await machine.once(3)
    assert machine.lift.writes[-1].permits == frozenset()
    assert machine.lift.urgent[-1].permits == frozenset()
    assert [ask.request for ask in machine.core.asked] == [Stop(actor="controller", cause="CYCLES_OVERRUN")]
    await machine.until(lambda: "CYCLE_OVERRUN" in {reason.code for reason in machine.outlet.snapshots[-1].reasons})


async def test_a_single_overrun_is_counted_and_stops_nothing(machine: Machine) -> None:
    machine.core.wishes = {"lift1": DeviceWish(frozenset({"travel"}))}
    await machine.own()
    machine.clock.pass_ms(90)
    await machine.once(3)
    machine.core.on_step = lambda: None
    assert machine.lift.writes[-1].permits == {"travel"}
    assert machine.core.asked == []


async def test_an_end_stops_the_garage_and_waits_until_the_machine_stands(machine: Machine) -> None:
    await machine.own()
    machine.lift.values |= {"state": int(State.EXECUTING), "standstill": False}
    machine.outlet.requests = [(5, Start())]
    machine.cycle.end()
    stopped_after = machine.core.steps + 40

    def come_to_rest() -> None:
        if machine.core.steps == stopped_after:
            machine.lift.values |= {"state": int(State.IDLE), "standstill": True}

    machine.core.on_step = come_to_rest
    await machine.cycle.run()
    assert machine.core.steps >= stopped_after
    assert [ask.request for ask in machine.core.asked] == [Stop(actor="controller", cause="CONTROLLER_ENDING")]
    token, answer = machine.outlet.answers[-1]
    assert token == 5
    assert isinstance(answer, Refused)
    assert answer.reason.code == "CONTROLLER_ENDING"


async def test_an_end_does_not_wait_for_ever_for_a_machine_that_never_stands(machine: Machine) -> None:
    await machine.own()
    machine.lift.values |= {"state": int(State.EXECUTING), "standstill": False}
    began = machine.clock.instant().mono_ms
    machine.cycle.end()
    await machine.cycle.run()
    assert 3000 <= machine.clock.instant().mono_ms - began <= 3100


async def test_an_end_before_anything_was_written_is_immediate(machine: Machine) -> None:
    machine.cycle.end()
    await machine.cycle.run()
    assert machine.lift.writes == []


async def test_a_defect_in_the_core_becomes_a_stop_without_permits_until_the_machine_stands(machine: Machine) -> None:
    machine.core.wishes = {"lift1": DeviceWish(frozenset({"travel"}))}
    await machine.own()
    await machine.once(3)
    assert machine.lift.writes[-1].permits == {"travel"}
    machine.lift.values |= {"state": int(State.EXECUTING), "standstill": False}

    def fail() -> None:
        raise ArithmeticError("a defect")

    machine.core.on_step = fail
    with pytest.raises(ArithmeticError):
        await machine.cycle.run()
    before = len(machine.lift.writes)
    stopping = asyncio.ensure_future(machine.cycle.stop_machine())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not stopping.done()
    machine.lift.values |= {"state": int(State.STOPPED), "standstill": True}
    assert await stopping == ()
    assert all(write.permits == frozenset() for write in machine.lift.writes[before:])
    assert len({write.heartbeat for write in machine.lift.writes[before:]}) == len(machine.lift.writes[before:])


async def test_a_stop_after_a_defect_names_what_was_not_seen_standing(machine: Machine) -> None:
    await machine.own()
    machine.lift.values |= {"state": int(State.EXECUTING), "standstill": False}
    assert await machine.cycle.stop_machine() == ("lift1",)


async def test_a_journal_that_fails_is_seen_from_outside_and_makes_the_garage_not_ready(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await machine.own()
    fault = Fault("JOURNAL_UNWRITABLE", "disk full", "free it")
    monkeypatch.setattr(Journal, "fault", property(lambda _self: fault))
    machine.outlet.snapshots.clear()
    await machine.once(10)
    snapshot = machine.outlet.snapshots[-1]
    assert not snapshot.ready
    assert snapshot.reasons[0].code == "JOURNAL_UNWRITABLE"


async def test_snapshots_come_at_their_own_rate(machine: Machine) -> None:
    await machine.own()
    await machine.once(20)
    machine.outlet.snapshots.clear()
    await machine.once(50)
    assert len(machine.outlet.snapshots) == 50 * 20 // shell_cycle.SNAPSHOT_EVERY_MS


async def test_a_snapshot_waits_for_a_less_busy_cycle_but_not_for_ever(machine: Machine) -> None:
    await machine.own()
    machine.take_ms = 15
    machine.outlet.snapshots.clear()
    await machine.once(60)
    pictures = 60 * 20 // (shell_cycle.SNAPSHOT_EVERY_MS + shell_cycle.SNAPSHOT_WAITS_MS_MAX)
    assert pictures - 1 <= len(machine.outlet.snapshots) <= pictures + 1
    machine.take_ms = 0
    await machine.once(20)
    machine.outlet.snapshots.clear()
    await machine.once(50)
    assert len(machine.outlet.snapshots) == 50 * 20 // shell_cycle.SNAPSHOT_EVERY_MS


async def test_the_core_hears_which_links_are_down_and_that_the_journal_is_not_written(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await machine.own()
    await machine.once(20)
    assert machine.core.surroundings == Surroundings()
    up = machine.cabin.status
    monkeypatch.setattr(machine.cabin, "status", lambda: replace(up(), state=LinkState.CONNECTING))
    fault = Fault("JOURNAL_UNWRITABLE", "Full.", "Free space.")
    low = Fault("DISK_LOW", "3 MB are free.", "Free space.")
    monkeypatch.setattr(Journal, "fault", property(lambda _journal: fault))
    monkeypatch.setattr(Journal, "room_fault", property(lambda _journal: low))
    await machine.once(20)
    assert machine.core.surroundings == Surroundings(("cabin1-plc",), fault, disk_low=low)


async def test_one_question_is_answered_in_a_cycle_that_has_time_left(journal: Journal) -> None:
    machine = Machine(journal)
    await machine.own()
    machine.outlet.questions = [(1, Explain(what="lift1")), (2, Explain(what="garage"))]
    await machine.once()
    assert [token for token, _ in machine.outlet.answers] == [1]
    await machine.once()
    assert [token for token, _ in machine.outlet.answers] == [1, 2]
    assert [what for what, _ in machine.questions.asked] == ["lift1", "garage"]


async def test_a_question_waits_for_a_cycle_with_time_left_and_is_refused_when_there_is_none(journal: Journal) -> None:
    machine = Machine(journal)
    await machine.own()
    machine.outlet.questions = [(1, Explain(what="lift1"))]
    machine.core.on_step = lambda: machine.clock.pass_ms(18)
    await machine.once(10)
    assert machine.outlet.answers == []
    await machine.once(60)
    ((token, answer),) = machine.outlet.answers
    assert token == 1
    assert isinstance(answer, Refused)
    assert answer.reason.code == "CYCLE_BUSY"
    assert machine.questions.asked == [], "no work was done for it"


async def test_a_question_before_the_garage_is_owned_hears_that_the_controller_starts(journal: Journal) -> None:
    machine = Machine(journal)
    machine.outlet.questions = [(1, Explain(what="lift1"))]
    await machine.once(2)
    assert machine.questions.asked == [("lift1", ["CONTROLLER_STARTING"])]


async def test_every_cycle_is_recorded_with_what_went_in_and_what_came_out(machine: Machine) -> None:
    await machine.own()
    machine.outlet.requests.append((7, Start(actor="test")))
    before = len(machine.box.entries)
    await machine.once(3)
    entries = machine.box.entries
    assert len(entries) == before + 3
    claims = [entry for entry in entries if entry.claim is not None]
    assert len(claims) == 1
    assert claims[0].result is not None
    assert not claims[0].is_decided
    asked = entries[before]
    assert [ask.token for ask in asked.asks] == [7]
    assert asked.is_decided
    assert asked.result is not None
    assert asked.outputs is not None
    assert (asked.heartbeat, asked.epoch) == (machine.lift.writes[-2].heartbeat, machine.core.epoch)
    assert asked.image.now_ms == asked.now.mono_ms


async def test_a_cycle_that_breaks_is_recorded_with_its_requests_and_what_broke_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await machine.own()
    machine.outlet.requests.append((7, Start(actor="test")))

    def torn(*_: object) -> None:
        raise ValueError("torn")

    monkeypatch.setattr(machine.core, "step", torn)
    with pytest.raises(ValueError, match="torn"):
        await machine.cycle.run()
    last = machine.box.entries[-1]
    assert len(machine.box.begun) == 1
    assert last.defect == "ValueError('torn')"
    assert [ask.token for ask in last.asks] == [7]


async def test_the_recorder_is_told_when_a_cycle_has_no_time_to_spare(machine: Machine) -> None:
    await machine.own()
    machine.take_ms = 0
    await machine.once()
    assert machine.box.had_time[-1]
    machine.take_ms = 15
    await machine.once()
    assert not machine.box.had_time[-1]


async def test_a_recording_that_fails_is_told_and_stops_nothing(machine: Machine) -> None:
    await machine.own()
    machine.box.fault = Fault("BLACK_BOX_FAULT", "Nothing is recorded.", "Free the disk.")
    machine.outlet.snapshots.clear()
    await machine.until(lambda: bool(machine.outlet.snapshots))
    snapshot = machine.outlet.snapshots[-1]
    assert "BLACK_BOX_FAULT" in [reason.code for reason in snapshot.reasons]
    assert snapshot.ready
    machine.box.fault = None
    machine.outlet.snapshots.clear()
    await machine.until(lambda: bool(machine.outlet.snapshots))
    assert "BLACK_BOX_FAULT" not in [reason.code for reason in machine.outlet.snapshots[-1].reasons]
