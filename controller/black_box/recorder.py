"""The cycle's side of the black box: takes each cycle, decides when a segment begins, and hands bytes over.

Owns when a segment begins and what it begins with. Must never cost the cycle more than the time to write one message,
and never raise into it: what fails here costs the recording.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from controller.black_box.entry import Entry
from controller.black_box.form import FORMAT, Head, SafetyRunMemory, Start, pack
from controller.black_box.script import Script
from controller.black_box.writer import RETRY_S, Begin, Tripped, Writer
from controller.core.interface import Instant
from controller.core.run_memory import RunMemory
from plc_drivers.reading import Fault
from safety.memory import SafetyMemory

_log = logging.getLogger(__name__)

SEGMENT_MS = 300_000
"""How long a segment is: what is kept around a trip is kept in whole ones."""
SEGMENT_WAITS_MS_MAX = 5_000
"""How long the beginning of a segment waits for a cycle with time to spare."""
HAND_OVER_MS = 200
"""How much of the recording a killed process loses."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is recorded: stands in the head of each segment. ``run`` names this life of the process."""

    garage: str
    software: str
    config_hash: str
    config: str
    run: str
    devices: tuple[str, ...]


class Recorder:
    """Records the cycles of one run. ``memory`` gives the core's memory between two cycles."""

    def __init__(self, subject: Subject, writer: Writer, memory: Callable[[], RunMemory]) -> None:
        self._subject = subject
        self._writer = writer
        self._memory = memory
        self._script: Script | None = None
        self._number = 0
        self._segment_ms: int | None = None
        self._tried_ms: int | None = None
        self._chunk = bytearray()
        self._chunk_ms = 0
        self._trips: frozenset[str] = frozenset()
        self._broken: Fault | None = None

    @property
    def fault(self) -> Fault | None:
        """Why nothing is recorded, None while it is."""
        return self._broken or self._writer.fault

    def keep(self, entry: Entry, memory: SafetyMemory, *, has_time: bool) -> None:
        """Record one cycle that is over. ``memory`` is safety's after it, for a segment that begins with the
        next one; ``has_time`` says that the cycle has some milliseconds to spare.
        """
        if self._broken is not None:
            return
        try:
            self._keep(entry)
            self._turn(entry, memory, has_time=has_time)
        except Exception as error:  # noqa: BLE001 - whatever it is
            # A defect here must cost the recording, never the cycle that it records.
            _log.exception("BLACK_BOX_DEFECT")
            self._broken = Fault(
                "BLACK_BOX_DEFECT",
                f"The recorder broke ({error!r}) and records no more.",
                "The garage runs on. This is a defect of the controller: report it, and restart it when convenient.",
            )

    def begin(self, memory: SafetyMemory, now: Instant) -> None:
        """Begin the first segment, before the first cycle."""
        self._begin(memory, now)

    def close(self) -> None:
        """Hand over what is left and end the writing."""
        self._hand_over()
        self._writer.close()

    def _keep(self, entry: Entry) -> None:
        self._number += 1
        if self._script is None:
            return
        self._chunk += pack(self._script.cycle(self._number, entry))
        trips = frozenset(trip.id for trip in entry.verdict.trips)
        come = tuple(trip.id for trip in entry.verdict.trips if trip.id not in self._trips)
        self._trips = trips
        if come or entry.defect:
            self._hand_over()
            self._writer.put(Tripped(come or ("defect",), entry.now.unix_ms))
        elif entry.now.mono_ms - self._chunk_ms >= HAND_OVER_MS:
            self._chunk_ms = entry.now.mono_ms
            self._hand_over()

    def _hand_over(self) -> None:
        if self._chunk:
            chunk, self._chunk = bytes(self._chunk), bytearray()
            if not self._writer.put(chunk):
                self._script = None

    def _turn(self, entry: Entry, memory: SafetyMemory, *, has_time: bool) -> None:
        """Begin a new segment where one is due: by its age, or because nothing has been recorded for a while."""
        now_ms = entry.now.mono_ms
        if self._script is None or self._writer.fault is not None:
            if self._tried_ms is not None and now_ms - self._tried_ms < RETRY_S * 1000:
                return
        elif self._segment_ms is not None and now_ms - self._segment_ms < SEGMENT_MS:
            return
        waited_ms = 0 if self._segment_ms is None else now_ms - self._segment_ms - SEGMENT_MS
        if has_time or waited_ms > SEGMENT_WAITS_MS_MAX:
            self._begin(memory, entry.now)

    def _begin(self, memory: SafetyMemory, now: Instant) -> None:
        self._hand_over()
        self._segment_ms = self._tried_ms = self._chunk_ms = now.mono_ms
        subject = self._subject
        head = Head(
            format=FORMAT,
            garage=subject.garage,
            software=subject.software,
            config_hash=subject.config_hash,
            config=subject.config,
            run=subject.run,
            first=self._number + 1,
            unix_ms=now.unix_ms,
            devices=list(subject.devices),
        )
        start = Start(self._memory(), SafetyRunMemory.of(memory))
        self._script = Script(subject.devices)
        if not (self._writer.put(Begin(now.unix_ms)) and self._writer.put(pack(head) + pack(start))):
            self._script = None
