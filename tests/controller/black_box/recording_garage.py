"""A garage in virtual time whose cycles are recorded as the scan cycle records them.

Owns the recording. Every so many cycles a segment begins under another run's name, so that a replay must stand on the
memory that is written down there, and on nothing that it lived through before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cli.campaign.virtual_garage import VirtualGarage
from controller.black_box.entry import Entry
from controller.black_box.form import FORMAT, HEADER_BYTES, Head, Message, SafetyRunMemory, Start, pack, unpack
from controller.black_box.script import Script
from controller.config.load import config_hash
from controller.core.interface import Ask, Instant, StepResult
from controller.planning.advice import PlannerWord
from plc_drivers.reading import ProcessImage
from safety.verdict import Verdict


class RecordingGarage(VirtualGarage):
    """Records into ``messages``; a segment of its own begins every ``segment_cycles`` cycles and with every run."""

    segment_cycles = 500

    def __init__(self, *args: Any, **options: Any) -> None:
        self.messages: list[Message] = []
        self.bytes = 0
        self._number = 0
        self._segments = 0
        self._entry: Entry | None = None
        self._said: list[PlannerWord] = []
        super().__init__(*args, **options)

    def _begin_run(self) -> None:
        super()._begin_run()
        step, claim = self.core.step, self.core.claim_epoch

        def stepped(
            image: ProcessImage, verdict: Verdict, asks: Sequence[Ask], now: Instant, durable_seq: int
        ) -> StepResult:
            entry = self._entry = Entry(image, verdict, now, self._surroundings)
            entry.is_decided, entry.asks, entry.durable_seq = True, asks, durable_seq
            entry.words = self._said
            entry.result = step(image, verdict, asks, now, durable_seq)
            return entry.result

        def claimed(image: ProcessImage, verdict: Verdict, seen: int, now: Instant) -> StepResult:
            entry = self._entry = Entry(image, verdict, now, self._surroundings, claim=seen)
            entry.result = claim(image, verdict, seen, now)
            return entry.result

        self.core.step = stepped  # type: ignore[method-assign]
        self.core.claim_epoch = claimed  # type: ignore[method-assign]
        self.begin_segment()

    def _hear(self) -> None:
        self._said = list(self.words)
        super()._hear()

    def begin_segment(self) -> None:
        """Begin a segment that a replay cannot take for the continuation of the last one."""
        self._segments += 1
        devices = list(self.watches)
        head = Head(
            format=FORMAT,
            garage=self.config.garage.id,
            software="test",
            config_hash=config_hash(self.config),
            config=self.config.model_dump_json(exclude_none=True),
            run=f"run{self._segments}",
            first=self._number + 1,
            unix_ms=self.now().unix_ms,
            devices=devices,
        )
        self._add(head)
        self._add(Start(self.core.memory(), SafetyRunMemory.of(self.memory)))
        self._script = Script(devices)

    def cycle(self) -> None:
        """One period, and its record."""
        assert not self.jumped_ms, "a recording has one monotonic clock"
        self._entry = None
        super().cycle()
        if not self.alive:
            return
        entry = self._entry or Entry(self.image, self.verdict, self.now(), self._surroundings)
        if entry.is_decided and self.passage is not None:
            entry.outputs, entry.heartbeat, entry.epoch = self.passage.outputs, self.heartbeat, self.core.epoch
        self.keep(entry)

    def keep(self, entry: Entry) -> None:
        """Record one cycle."""
        self._number += 1
        self._add(self._script.cycle(self._number, entry))
        if self._number % self.segment_cycles == 0:
            self.begin_segment()

    def _add(self, message: Message) -> None:
        """Keep a message as it comes back from its bytes."""
        packed = pack(message)
        self.bytes += len(packed)
        self.messages.append(unpack(packed[:HEADER_BYTES], packed[HEADER_BYTES:]))
