"""One seed in a process of its own, and many of them side by side.

Owns the pool and the measurement of how fast a run was. Must never let one run know of another.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from cli.campaign.run import Outcome, Run, Settings
from controller.config.models import GarageConfig


@dataclass(frozen=True, slots=True)
class Job:
    """A run that is wanted: which garage, and its settings."""

    path: Path
    config: GarageConfig
    settings: Settings


@dataclass(frozen=True, slots=True)
class Done:
    """A run that has ended, with the CPU time that it took."""

    job: Job
    outcome: Outcome
    cpu_s: float


def work(job: Job) -> Done:
    """Run one seed."""
    with _quiet_plant():
        began_s = time.process_time()
        outcome = Run(job.config, job.settings).run()
        return Done(job, outcome, time.process_time() - began_s)


@contextlib.contextmanager
def _quiet_plant() -> Iterator[None]:
    """A violation is this run's outcome, told once with its story; the plant's own line would tell it again."""
    logger = logging.getLogger("sim_hardware")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def work_all(jobs: Sequence[Job], processes: int) -> Iterator[Done]:
    """Run every seed, in ``processes`` at once; in the order in which they end."""
    if processes == 1:
        for job in jobs:
            yield work(job)
        return
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(work, job) for job in jobs]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for future in futures:
                future.cancel()
