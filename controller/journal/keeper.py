"""Keeps the journal short for a start and small on the disk, in the pauses of the thread that writes it.

Owns when a snapshot is taken and when old events are removed. Must never make an event wait for longer than one small
transaction, and never fail: what cannot be done now is tried again later.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from controller.core.interface import Recorded
from controller.journal.housekeeping import (
    CUT_EVERY_S,
    SHRINK_EVERY_S,
    SNAPSHOT_EVENTS,
    Fold,
    Limits,
    cut,
    write_snapshot,
)
from controller.journal.room import Room
from plc_drivers.reading import Fault

_log = logging.getLogger(__name__)

RETRY_EVENTS = 1000
"""After a snapshot that could not be written, the next try comes so many events later."""


class Keeper:
    """Everything here runs in the journal's thread, but for ``take``, which comes before it has anything to do."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._path = path
        self._fold: Fold | None = None
        self._snapshot_due_seq = 0
        self._limits: Limits | None = None
        self._cut_due_s = 0.0
        self._size_told = False
        self._room: Room | None = None

    @property
    def room_fault(self) -> Fault | None:
        """Why a person must make room on the disk; None while there is enough. Safe from any thread."""
        room = self._room
        return None if room is None else room.fault

    def take(self, fold: Fold, snapshot_seq: int, limits: Limits | None) -> None:
        """From now on keep snapshots of ``fold``, the last of which is of ``snapshot_seq``, and apply ``limits``."""
        self._snapshot_due_seq = snapshot_seq + SNAPSHOT_EVENTS
        self._limits = limits
        self._room = None if limits is None else Room(self._path, limits.free_min_mb)
        self._cut_due_s = time.monotonic() + SHRINK_EVERY_S
        self._fold = fold

    def committed(self, batch: Sequence[Recorded]) -> None:
        """Fold what is on disk now, and take a snapshot when one is due."""
        fold = self._fold
        if fold is None:
            return
        try:
            for recorded in batch:
                fold.apply(recorded)
        except (LookupError, ValueError, TypeError, AttributeError):
            # The next start folds the events themselves, and then finds the same defect where it can be told.
            _log.exception("SNAPSHOTS_ENDED the journal's own fold failed; a start takes longer from now on")
            self._fold = None
            return
        if fold.seq >= self._snapshot_due_seq:
            self._snapshot(fold)

    def wait_s(self) -> float | None:
        """Time until the next chore; None when there is none."""
        return None if self._limits is None else max(0.0, self._cut_due_s - time.monotonic())

    def chore(self) -> None:
        """Take a snapshot that is due since the start, look at the disk, and remove old events when it is time."""
        if self._room is not None:
            self._room.look()
        if self._fold is not None and self._fold.seq >= self._snapshot_due_seq:
            self._snapshot(self._fold)
        if self._limits is None or time.monotonic() < self._cut_due_s:
            return
        self._cut_due_s = time.monotonic() + CUT_EVERY_S
        try:
            with self._engine.begin() as connection:
                removed, for_size = cut(connection, self._limits, time.time_ns() // 1_000_000)
        except (SQLAlchemyError, OSError) as error:
            _log.warning("RETENTION_FAILED %s: %s", self._path, getattr(error, "orig", error))
            return
        if for_size and removed:
            self._cut_due_s = time.monotonic() + SHRINK_EVERY_S
        if for_size and not self._size_told:
            _log.warning(
                "JOURNAL_SIZE %s is above journal.size_max_mb: its oldest events are being removed", self._path
            )
        self._size_told = for_size
        if removed:
            _log.info("RETENTION removed=%d", removed)

    def end(self) -> None:
        """At the end of a run: a snapshot of all of it, so that the next start has nothing to fold."""
        fold = self._fold
        if fold is not None and fold.seq > self._snapshot_due_seq - SNAPSHOT_EVENTS:
            self._snapshot(fold)

    def _snapshot(self, fold: Fold) -> None:
        began = time.monotonic()
        try:
            with self._engine.begin() as connection:
                write_snapshot(connection, fold, time.time_ns() // 1_000_000)
        except (SQLAlchemyError, OSError) as error:
            _log.warning("SNAPSHOT_FAILED %s: %s", self._path, getattr(error, "orig", error))
            self._snapshot_due_seq = fold.seq + RETRY_EVENTS
            return
        self._snapshot_due_seq = fold.seq + SNAPSHOT_EVENTS
        _log.info("SNAPSHOT seq=%d in_ms=%.1f", fold.seq, (time.monotonic() - began) * 1000)
