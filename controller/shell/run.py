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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import uvloop

from controller.config.load import config_hash
from controller.config.models import GarageConfig
from controller.core.core import GarageCore
from controller.garage import Layout
from controller.garage.topology import topology_of
from controller.journal import Journal, JournalError
from controller.journal.file_lock import FileLock
from controller.local_link.endpoint import LocalLinkError
from controller.local_link.server import LocalLinkServer
from controller.shell.api_child import ApiChild, api_arguments
from controller.shell.clock import SystemClock
from controller.shell.cycle import Parts, ScanCycle
from controller.shell.device_bank import DeviceBank
from controller.shell.links import open_links, watches_of
from controller.shell.log_line import log_to_stderr
from controller.shell.publisher import Publisher
from controller.shell.start_error import StartError
from plc_drivers.link import Link
from safety.gate import Gate
from safety.logic import SafetyLogic

_log = logging.getLogger(__name__)

EXIT_OK = 0
EXIT_FAILED = 1

LINK_STOP_TIMEOUT_S = 2.0
STOP_MACHINE_TIMEOUT_S = 5.0
"""Bound on the stop after a defect; above ``STAND_TIMEOUT_MS``, for the case that the defect is in there."""

LoopKind = Literal["uvloop", "asyncio"]


@dataclass(frozen=True, slots=True)
class Running:
    """A control process that has been put together: its cycle, and what goes with it."""

    cycle: ScanCycle
    links: Sequence[Link]
    server: LocalLinkServer
    journal: Journal
    api: ApiChild | None


def main(config: GarageConfig, state_dir: Path, *, api: bool, host: str, port: int, loop: LoopKind = "uvloop") -> int:
    """Run a garage in this process until it is told to end; the exit code. One line on stderr says why not."""
    log_to_stderr()
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
    ending: asyncio.Event | None = None,
    links: Sequence[Link] | None = None,
) -> int:
    """Run a garage until SIGINT or SIGTERM, or until ``ending`` is set where the caller has the signals.

    ``links`` takes the place of the configuration's links, for tests. Returns 0 after a regular end and 1 after
    a defect of the cycle or a journal that could not be written to its end.

    Raises:
        StartError: it cannot start; nothing was written to any PLC.
    """
    async with contextlib.AsyncExitStack() as stack:
        running = await _start(stack, config, state_dir, links, (host, port) if api else None)
        cycle_task = asyncio.create_task(running.cycle.run(), name="scan-cycle")
        with _ended_by_signals(running.cycle) if ending is None else contextlib.nullcontext():
            watcher = None if ending is None else asyncio.create_task(_end_when(ending, running.cycle))
            gc.collect()
            gc.freeze()
            try:
                return await _watch(cycle_task, running)
            finally:
                gc.unfreeze()
                if watcher is not None:
                    watcher.cancel()
                    await asyncio.wait({watcher})


async def _start(
    stack: contextlib.AsyncExitStack,
    config: GarageConfig,
    state_dir: Path,
    links: Sequence[Link] | None,
    listen: tuple[str, int] | None,
) -> Running:
    """Put everything together, in an order in which ``stack`` takes it apart safely."""
    stack.callback(_lock(state_dir).release)
    journal = _open_journal(state_dir / config.controller.journal)
    stack.callback(_close_journal, journal)
    layout = Layout(config)
    core = GarageCore(layout, software=_software(), config_hash=config_hash(config))
    publisher = Publisher(config.api.event_buffer)
    _fold(core, publisher, journal)
    links = open_links(config, state_dir) if links is None else links
    server = await _open_local_link(stack, state_dir, core, publisher)
    safety = SafetyLogic(topology_of(layout))
    cycle = ScanCycle(
        Parts(
            links=links,
            bank=DeviceBank(links, watches_of(config)),
            safety=safety,
            memory=safety.memory0(),
            gate=Gate(safety),
            core=core,
            journal=journal,
            publisher=publisher,
            clock=SystemClock(),
            period_ms=config.controller.period_ms,
            exchange_deadline_ms=config.controller.exchange_deadline_ms,
        )
    )
    journal.notify(asyncio.get_running_loop(), cycle.release)
    stack.push_async_callback(_stop_links, links)
    for link in links:
        link.start()
    child = None
    if listen is not None:
        child = ApiChild(api_arguments(state_dir, *listen))
        child.start()
        stack.push_async_callback(child.stop)
    return Running(cycle, links, server, journal, child)


async def _watch(cycle_task: asyncio.Task[None], running: Running) -> int:
    """Wait for the cycle's end; a defect in it becomes a defined stop of the machine and exit code 1."""
    try:
        await asyncio.wait({cycle_task})
    except asyncio.CancelledError:
        cycle_task.cancel()
        await asyncio.wait({cycle_task})
        raise
    defect = cycle_task.exception()
    if defect is None:
        _log.info("ENDED cycles=%d overruns=%d", running.cycle.pace.cycles, running.cycle.pace.overruns)
        return EXIT_OK
    _log.critical("CYCLE_FAULT %r: stopping the machine", defect, exc_info=defect)
    async with asyncio.timeout(STOP_MACHINE_TIMEOUT_S):
        left = await running.cycle.stop_machine()
    if left:
        _log.error("NOT_STANDING devices=%s: the PLCs must stop them", ",".join(left))
    return EXIT_FAILED


async def _end_when(ending: asyncio.Event, cycle: ScanCycle) -> None:
    await ending.wait()
    cycle.end()


@contextlib.contextmanager
def _ended_by_signals(cycle: ScanCycle) -> Iterator[None]:
    """The first SIGINT or SIGTERM ends the cycle regularly; a second one ends the process at once.

    For the second the kernel's own default is put back, which works even when this program hangs; the PLCs then
    stop the machine by themselves for want of a heartbeat.
    """
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

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


def _fold(core: GarageCore, publisher: Publisher, journal: Journal) -> None:
    try:
        core.fold(publisher.remember(journal.load()))
    except JournalError as error:
        raise StartError(error.code, error.text, error.remedy) from error


async def _open_local_link(
    stack: contextlib.AsyncExitStack, state_dir: Path, core: GarageCore, publisher: Publisher
) -> LocalLinkServer:
    try:
        server = LocalLinkServer(state_dir, shape=core.shape(), events_after=publisher.events_after)
        stack.push_async_callback(server.stop)
        server.start()
    except LocalLinkError as error:
        raise StartError(error.reason.code, error.reason.text, error.reason.remedy) from error
    publisher.connect(server)
    return server


async def _stop_links(links: Sequence[Link]) -> None:
    stopping = {asyncio.create_task(link.stop(), name=f"stop {link.name}") for link in links}
    if not stopping:
        return
    _, late = await asyncio.wait(stopping, timeout=LINK_STOP_TIMEOUT_S)
    for task in late:
        _log.error("LINK_NOT_STOPPED %s", task.get_name())
        task.cancel()
    await asyncio.gather(*stopping, return_exceptions=True)


def _close_journal(journal: Journal) -> None:
    if not journal.close():
        fault = journal.fault
        _log.error("JOURNAL_NOT_WRITTEN: the last events are not on disk (%s)", "" if fault is None else fault.detail)


def _software() -> str:
    try:
        return importlib.metadata.version("garage-controller")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
