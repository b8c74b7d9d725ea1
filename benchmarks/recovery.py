"""Start from a journal of a million events, the fold of all of them, and what snapshots and copies cost.

The PLCs of the largest shipped garage answer over Modbus TCP; the control process is started as an operator would see
it, and the time ends with the first snapshot that says ``ready_to_start``. The journal is that of a controller that
was killed just before its next snapshot: the most that a start ever has to fold.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
import time
from itertools import islice
from pathlib import Path

from benchmarks.bench_garage import CONFIG, ports_of, process
from benchmarks.figure import Figure
from benchmarks.footprint import resident_mb
from benchmarks.recovery_history import history, write
from controller.config.load import load_config
from controller.core.core import GarageCore
from controller.garage import Layout
from controller.journal import Journal
from controller.journal.copy import backup
from controller.journal.housekeeping import SNAPSHOT_EVENTS
from controller.journal.reader import JournalReader
from controller.journal.verification import verify
from controller.local_link.client import LocalLinkClient

EVENTS = 1_000_000
STARTS = 3
READY_TIMEOUT_S = 60.0


def run(_seconds: float | None) -> list[Figure]:
    """Write the journal, then measure; the figures of starts are medians of ``STARTS``."""
    folder = Path(tempfile.mkdtemp(prefix="recovery-"))
    try:
        return _measure(folder)
    finally:
        shutil.rmtree(folder)


def _measure(folder: Path) -> list[Figure]:
    config = load_config(CONFIG)
    full, empty = folder / "full", folder / "empty"
    full.mkdir()
    journal = full / "journal.sqlite"
    began = time.monotonic()
    write(journal, config, EVENTS - SNAPSHOT_EVENTS + 1, snapshots=True)
    write_s = time.monotonic() - began
    _append(journal, EVENTS)
    figures = [
        Figure("recovery", "append_events_per_s", round((EVENTS - SNAPSHOT_EVENTS) / write_s), "1/s"),
        Figure("recovery", "journal_mb", round(journal.stat().st_size / 1e6, 1), "MB"),
        *_reading(journal, folder),
        *_folding(journal),
    ]
    figures += _starting(full, empty)
    return figures


def _append(path: Path, up_to: int) -> None:
    """The last events of a run that was killed: no snapshot holds them."""
    journal = Journal.open(path)
    with JournalReader(path) as reader:
        last = reader.last()
    seq = 0 if last is None else last.seq
    for _ in journal.load(seq):
        pass
    journal.append([record for record in islice(history(load_config(CONFIG)), up_to) if record.seq > seq])
    if not journal.close():
        raise RuntimeError("the last events were not written")


def _reading(path: Path, folder: Path) -> list[Figure]:
    began = time.monotonic()
    with JournalReader(path) as reader:
        report = verify(reader)
    verify_s = time.monotonic() - began
    if not report.is_whole or report.events != EVENTS:
        raise RuntimeError("the journal of the benchmark is not whole")
    began = time.monotonic()
    backup(path, folder / "backup.sqlite")
    return [
        Figure("recovery", "verify_s", round(verify_s, 2), "s"),
        Figure("recovery", "backup_s", round(time.monotonic() - began, 2), "s"),
    ]


def _folding(path: Path) -> list[Figure]:
    """The whole fold without a snapshot, and the cost of one."""
    core = GarageCore(Layout(load_config(CONFIG)))
    journal = Journal.open(path)
    began = time.monotonic()
    events = journal.load()
    core.fold(islice(events, EVENTS // 10))
    early_mb = resident_mb(os.getpid())
    core.fold(events)
    fold_s = time.monotonic() - began
    late_mb = resident_mb(os.getpid())
    journal.close()
    shadow = core.shadow()
    costs_ms = []
    for _ in range(50):
        began_ns = time.thread_time_ns()
        payload = shadow.payload()
        costs_ms.append((time.thread_time_ns() - began_ns) / 1e6)
    return [
        Figure("recovery", "events_per_s", round(EVENTS / fold_s), "1/s"),
        Figure("recovery", "whole_fold_s", round(fold_s, 2), "s"),
        Figure("recovery", "fold_growth_mb", round(late_mb - early_mb, 1), "MB"),
        Figure("recovery", "snapshot_kb", round(len(payload) / 1000, 1), "kB"),
        Figure("recovery", "snapshot_p50_ms", round(sorted(costs_ms)[25], 3), "ms"),
        Figure("recovery", "snapshot_max_ms", round(max(costs_ms), 3), "ms"),
    ]


def _starting(full: Path, empty: Path) -> list[Figure]:
    with process("-m", "benchmarks.resting_plcs", str(CONFIG)) as plcs:
        ports = ports_of(plcs)
        found: dict[str, list[tuple[float, float]]] = {"full": [], "empty": []}
        for number in range(STARTS):
            for name, state in (("full", full), ("empty", empty)):
                copy = state.parent / f"{name}-{number}"
                if state.exists():
                    shutil.copytree(state, copy)
                else:
                    copy.mkdir()
                found[name].append(_start(ports, copy))
                shutil.rmtree(copy)
    median = {
        name: [sorted(column)[STARTS // 2] for column in zip(*values, strict=True)] for name, values in found.items()
    }
    return [
        Figure("recovery", "start_ready_s", round(median["full"][0], 2), "s"),
        Figure("recovery", "start_ready_max_s", round(max(s for s, _ in found["full"]), 2), "s"),
        Figure("recovery", "start_ready_empty_s", round(median["empty"][0], 2), "s"),
        Figure("recovery", "rss_mb", round(median["full"][1], 1), "MB"),
        Figure("recovery", "rss_empty_mb", round(median["empty"][1], 1), "MB"),
    ]


def _start(ports: dict[str, int], state: Path) -> tuple[float, float]:
    """Seconds from the start of the process until it says that it is ready to start, and its resident megabytes."""
    began = time.monotonic()
    with process("-m", "benchmarks.recovery_controller", json.dumps(ports), str(state)) as child:
        took_s = asyncio.run(_until_ready(state, began))
        return took_s, resident_mb(child.pid)


async def _until_ready(state: Path, began: float) -> float:
    client = LocalLinkClient(state)
    client.start()
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            while client.snapshot is None or not client.snapshot.ready_to_start:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.002)
        return time.monotonic() - began
    finally:
        await client.stop()
