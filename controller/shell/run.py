"""The life of the control process: put together, run, bring to a stop, take apart.

Owns the order of start and end, the signals, and the exit code. Must never leave the machine to itself without
having tried to stop it, and never end without saying why.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib.metadata
import logging
import signal
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import uvloop

from controller.black_box.recorder import Recorder, Subject
from controller.black_box.ring import Bounds, Ring
from controller.black_box.writer import Writer
from controller.config.load import config_hash
from controller.config.models import GarageConfig
from controller.core.core import GarageCore
from controller.core.explainer import Explainer
from controller.core.state_snapshot import FOLD_FORMAT, SnapshotUnreadableError
from controller.garage import Layout
from controller.garage.topology import topology_of
from controller.journal import Journal, JournalError
from controller.journal.file_lock import FileLock
from controller.journal.housekeeping import Limits
from controller.local_link.endpoint import LocalLinkError
from controller.local_link.server import LocalLinkServer
from controller.shell.api_child import ApiChild, api_arguments
from controller.shell.clock import SystemClock
from controller.shell.cycle import Parts, ScanCycle
from controller.shell.device_bank import DeviceBank
from controller.shell.links import open_links, watches_of
from controller.shell.log_line import log_to_stderr
from controller.shell.pace import Pace
from controller.shell.planner_child import PlannerChild
from controller.shell.priority import raise_priority
from controller.shell.publisher import Publisher
from controller.shell.questions import GarageQuestions
from controller.shell.sources import Sources
from controller.shell.start_error import StartError
from plc_drivers.link import Link
from safety.gate import Gate
from safety.logic import SafetyLogic

_log = logging.getLogger(__name__)

EXIT_OK = 0
EXIT_FAILED = 1

LINK_STOP_TIMEOUT_S = 2.0
_NAMES_SHOWN = 5
STOP_MACHINE_TIMEOUT_S = 5.0
"""Bound on the stop after a defect; above ``STAND_TIMEOUT_MS``, for the case that the defect is in there."""

LoopKind = Literal["uvloop", "asyncio"]


@dataclass(frozen=True, slots=True)
class Running:
    """A control process that has been put together."""

    cycle: ScanCycle
    journal_end: JournalEnd


class JournalEnd:
    """Closes the journal at the very end, and remembers whether everything was written."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.is_whole = True

    def close(self) -> None:
        """Write what waits, and report what could not be written."""
        self.is_whole = self._journal.close()
        if not self.is_whole:
            fault = self._journal.fault
            detail = "" if fault is None else fault.detail
            _log.error("JOURNAL_NOT_WRITTEN the last events are not on disk: %s", detail)


def main(config: GarageConfig, state_dir: Path, *, api: bool, host: str, port: int, loop: LoopKind = "uvloop") -> int:
    """Run a garage in this process until it is told to end; the exit code. One line on stderr says why not."""
    log_to_stderr()
    _log.info("STARTING garage=%s priority=%s loop=%s", config.garage.id, raise_priority(), loop)
    factory: Callable[[], asyncio.AbstractEventLoop] = (
        uvloop.new_event_loop if loop == "uvloop" else asyncio.new_event_loop
    )
    try:
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(run(config, state_dir, api=api, host=host, port=port))
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_FAILED


async def run(
    config: GarageConfig,
    state_dir: Path,
    *,
    api: bool,
    host: str,
    port: int,
    signals: bool = True,
    links: Sequence[Link] | None = None,
    pace: Pace | None = None,
) -> int:
    """Run a garage until SIGINT or SIGTERM; where the caller has the signals, until it is cancelled.

    Both bring the machine to a controlled stop first, which takes three seconds at most. ``links`` and ``pace``
    take the place of the configuration's, for tests and benchmarks. Returns 0 after a regular end, 1 after a
    defect of the cycle or when the last events did not reach the disk.

    Raises:
        StartError: it cannot start; nothing was written to any PLC.
    """
    pace = pace or Pace(config.controller.period_ms)
    async with contextlib.AsyncExitStack() as stack:
        running = _start(stack, config, state_dir, links, pace, (host, port) if api else None)
        code = await _run_cycle(running.cycle, signals=signals)
    return code if running.journal_end.is_whole else EXIT_FAILED


async def _run_cycle(cycle: ScanCycle, *, signals: bool) -> int:
    """The cycle as a task, from the end of start-up until it has ended; the exit code."""
    task = asyncio.create_task(cycle.run(), name="scan-cycle")
    # Everything that start-up made lives as long as the process: a full collection would look at all of it again
    # and again, and cost the cycle tens of milliseconds.
    gc.collect()
    gc.freeze()
    try:
        with _ended_by_signals(cycle) if signals else contextlib.nullcontext():
            await _wait_for_end(task, cycle)
        return await _conclude(task, cycle)
    finally:
        gc.unfreeze()
        task.cancel()
        await asyncio.wait({task})


async def _wait_for_end(task: asyncio.Task[None], cycle: ScanCycle) -> None:
    """Until the cycle has ended; being cancelled first brings the machine to its controlled stop."""
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        cycle.end()
        await asyncio.wait({task}, timeout=STOP_MACHINE_TIMEOUT_S)
        raise


async def _conclude(task: asyncio.Task[None], cycle: ScanCycle) -> int:
    """A regular end is exit code 0; a defect becomes a defined stop of the machine and exit code 1."""
    defect = task.exception()
    if defect is None:
        _log.info("ENDED cycles=%d overruns=%d", cycle.pace.cycles, cycle.pace.overruns)
        return EXIT_OK
    _log.critical("CYCLE_FAULT %r: stopping the machine", defect, exc_info=defect)
    async with asyncio.timeout(STOP_MACHINE_TIMEOUT_S):
        left = await cycle.stop_machine()
    if left:
        _log.error("NOT_STANDING devices=%s: the PLCs must stop them", ",".join(left))
    return EXIT_FAILED


def _start(
    stack: contextlib.AsyncExitStack,
    config: GarageConfig,
    state_dir: Path,
    links: Sequence[Link] | None,
    pace: Pace,
    listen: tuple[str, int] | None,
) -> Running:
    """Put everything together, in an order in which ``stack`` takes it apart safely."""
    stack.callback(_lock(state_dir).release)
    journal = _open_journal(state_dir / config.controller.journal)
    journal_end = JournalEnd(journal)
    stack.callback(journal_end.close)
    layout = Layout(config)
    core = GarageCore(layout, software=_software(), config_hash=config_hash(config))
    publisher = Publisher(config.api.event_buffer)
    _recover(core, publisher, journal)
    journal.keep(core.shadow(), limits=Limits(**config.journal.model_dump()))
    links = open_links(config, state_dir) if links is None else links
    black_box = _open_black_box(stack, config, state_dir, core, [device for link in links for device in link.devices])
    _open_local_link(stack, state_dir, core, publisher)
    planner = _open_planner(stack, config)
    safety = SafetyLogic(topology_of(layout))
    cycle = ScanCycle(
        Parts(
            links=links,
            bank=DeviceBank(links, watches_of(config)),
            safety=safety,
            memory=safety.memory0(core.latched, core.locked_zones),
            gate=Gate(safety),
            core=core,
            journal=journal,
            publisher=publisher,
            clock=SystemClock(),
            pace=pace,
            exchange_deadline_ms=config.controller.exchange_deadline_ms,
            questions=GarageQuestions(core, Explainer(safety, Sources(config).of)),
            black_box=black_box,
            planner=planner,
        )
    )
    journal.notify(asyncio.get_running_loop(), cycle.release)
    stack.push_async_callback(_stop_links, links)
    for link in links:
        link.start()
    if listen is not None:
        child = ApiChild(api_arguments(state_dir, *listen, allow_hosts=config.api.allow_hosts))
        child.start()
        stack.push_async_callback(child.stop)
    return Running(cycle, journal_end)


@contextlib.contextmanager
def _ended_by_signals(cycle: ScanCycle) -> Iterator[None]:
    """The first SIGINT, SIGTERM or SIGHUP (a closed terminal) ends the cycle regularly; a second one at once.

    For the second the kernel's own default is put back, which works even when this program hangs; the PLCs then
    stop the machine by themselves for want of a heartbeat.
    """
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def first(number: signal.Signals) -> None:
        _log.info("ENDING signal=%s: bringing the machine to a controlled stop", number.name)
        for each in signals:
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)
        cycle.end()

    for each in signals:
        loop.add_signal_handler(each, first, each)
    try:
        yield
    finally:
        for each in signals:
            loop.remove_signal_handler(each)


def _lock(state_dir: Path) -> FileLock:
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        return FileLock(state_dir / "controller.lock")
    except BlockingIOError as error:
        raise StartError(
            "STATE_IN_USE",
            f"Another controller runs with the state directory {state_dir}.",
            "Stop it, or give this one another state directory; never let two controllers drive one garage.",
        ) from error
    except OSError as error:
        raise StartError(
            "STATE_NOT_WRITABLE",
            f"The state directory {state_dir} cannot be used: {error.strerror}.",
            "Choose a directory that the controller's user can write.",
        ) from error


def _open_journal(path: Path) -> Journal:
    try:
        return Journal.open(path)
    except JournalError as error:
        raise StartError(error.code, error.text, error.remedy) from error


def _open_black_box(
    stack: contextlib.AsyncExitStack, config: GarageConfig, state_dir: Path, core: GarageCore, devices: Sequence[str]
) -> Recorder | None:
    section = config.black_box
    if not section.enabled:
        return None
    writer = Writer(
        Ring(state_dir / "black-box", Bounds(section.hours, section.size_max_mb)), lambda: time.time_ns() // 1_000_000
    )
    subject = Subject(
        garage=config.garage.id,
        software=_software(),
        config_hash=config_hash(config),
        config=config.model_dump_json(exclude_none=True),
        run=uuid.uuid4().hex,
        devices=tuple(devices),
    )
    recorder = Recorder(subject, writer, core.memory)
    stack.callback(recorder.close)
    return recorder


def _open_planner(stack: contextlib.AsyncExitStack, config: GarageConfig) -> PlannerChild | None:
    if not config.controller.planner:
        return None
    planner = PlannerChild(config.model_dump_json(exclude_none=True))
    stack.push_async_callback(planner.stop)
    return planner


def _recover(core: GarageCore, publisher: Publisher, journal: Journal) -> None:
    """The state as the journal has it: from its newest snapshot that can be used, and the events since."""
    began = time.monotonic()
    try:
        _take_up(core, journal)
        from_seq = core.last_seq
        core.fold(recorded for recorded in publisher.remember(journal.load(from_seq)) if recorded.seq > core.last_seq)
    except JournalError as error:
        raise StartError(error.code, error.text, error.remedy) from error
    took_ms = (time.monotonic() - began) * 1000
    _log.info("JOURNAL_FOLDED snapshot=%d events=%d in_ms=%.0f", from_seq, core.last_seq - from_seq, took_ms)
    if not journal.pages_checked:
        _log.info("JOURNAL_LARGE not every page was looked at; `garagectl journal verify` does, beside the controller")
    unplaced = core.unplaced()
    if unplaced:
        shown = ", ".join(unplaced[:_NAMES_SHOWN]) + (" ..." if len(unplaced) > _NAMES_SHOWN else "")
        raise StartError(
            "JOURNAL_OTHER_GARAGE",
            f"The journal has cars or open orders at positions that the configuration does not have: {shown}.",
            "Give the configuration or the state directory that belong together; to remove a place, empty it first.",
        )


def _take_up(core: GarageCore, journal: Journal) -> None:
    """Begin with the newest snapshot that fits; one that does not is told of, and costs time only."""
    for snapshot in journal.snapshots(FOLD_FORMAT):
        objection = snapshot.objection
        if not objection:
            try:
                core.restore(snapshot.payload)
            except SnapshotUnreadableError as error:
                objection = f"it cannot be read: {error}"
            else:
                return
        _log.warning("SNAPSHOT_IGNORED seq=%d: %s", snapshot.seq, objection)


def _open_local_link(stack: contextlib.AsyncExitStack, state_dir: Path, core: GarageCore, publisher: Publisher) -> None:
    try:
        server = LocalLinkServer(state_dir, shape=core.shape(), events_after=publisher.events_after)
        stack.push_async_callback(server.stop)
        server.start()
    except LocalLinkError as error:
        raise StartError(error.reason.code, error.reason.text, error.reason.remedy) from error
    publisher.connect(server)


async def _stop_links(links: Sequence[Link]) -> None:
    stopping = {asyncio.create_task(link.stop(), name=f"stop {link.name}") for link in links}
    if not stopping:
        return
    _, late = await asyncio.wait(stopping, timeout=LINK_STOP_TIMEOUT_S)
    for task in late:
        _log.error("LINK_NOT_STOPPED %s", task.get_name())
        task.cancel()
    await asyncio.gather(*stopping, return_exceptions=True)


def _software() -> str:
    try:
        return importlib.metadata.version("garage-controller")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
