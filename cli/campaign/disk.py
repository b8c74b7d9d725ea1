"""The journal of a controller in virtual time: what is on disk, what is not yet, and what a crash leaves.

Owns the moments at which events become durable. Encodes, chains and verifies as the journal on disk does; must never
hand out after a crash what was not durable before it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from controller.core.events import DECODER, ENCODER, CoreEvent
from controller.core.interface import Recorded
from controller.journal.chain import GENESIS, link_hash
from controller.journal.writer import event_kind
from plc_drivers.reading import Fault

STALLED_AFTER_MS = 2000
_FULL = Fault("JOURNAL_UNWRITABLE", "The disk is full.", "Free space on it.")
_STALLED = Fault("JOURNAL_STALLED", "The disk has not taken an event for seconds.", "Check the disk.")


class VirtualDisk:
    """Takes events after ``latency_ms``; takes none while ``is_full``."""

    def __init__(self) -> None:
        self.latency_ms = 0
        self.is_full = False
        self.durable_seq = 0
        self.hash = GENESIS
        """Newest hash of the chain: names the whole course of events."""
        self.lost = 0
        """Events that crashes took."""
        self.damaged_seq: int | None = None
        """An event that cannot be read any more."""
        self.salvages = 0
        """How often somebody went on with the good part of a damaged journal."""
        self._rows: list[tuple[int, int, str, bytes, bytes]] = []
        self._waiting: deque[tuple[int, Recorded]] = deque()
        self._delayed = 0

    @property
    def fault(self) -> Fault | None:
        """Why events do not reach the disk; None when they do."""
        if self.is_full and self._waiting:
            return _FULL
        return _STALLED if self._waiting and self.latency_ms > STALLED_AFTER_MS else None

    @property
    def waits(self) -> bool:
        """Events are under way to the disk."""
        return bool(self._waiting)

    def waiting(self) -> list[Recorded]:
        """Events under way to the disk, the oldest first."""
        return [event for _, event in self._waiting]

    def append(self, events: Sequence[Recorded], now_ms: int) -> None:
        """Queue events."""
        self._waiting.extend((now_ms, event) for event in events)
        self.pass_time(now_ms)
        self._delayed += len(self._waiting)

    def pass_time(self, now_ms: int) -> None:
        """Write what is due."""
        while self._waiting and not self.is_full and now_ms - self._waiting[0][0] >= self.latency_ms:
            self._write(self._waiting.popleft()[1])

    def waited(self) -> int:
        """How many events had to wait for a full or slow disk so far."""
        return self._delayed

    def events_after(self, seq: int) -> Iterator[Recorded]:
        """Durable events with a number above ``seq``."""
        for row in self._rows[seq:]:
            yield Recorded(row[0], row[1], DECODER.decode(row[3]))

    def replace(self, events: Sequence[Recorded]) -> None:
        """Hold these events and no others, whatever their numbers: a journal of another course, for tests."""
        self._rows.clear()
        self._waiting.clear()
        self.hash = GENESIS
        for recorded in events:
            self.durable_seq = recorded.seq - 1
            self._write(recorded)

    def crash(self) -> None:
        """The process dies: what is not on disk is gone."""
        self.lost += len(self._waiting)
        self._waiting.clear()

    def damage(self, seq: int) -> None:
        """The page of an event is damaged."""
        self.damaged_seq = seq

    def salvage(self, events: Sequence[CoreEvent], at_ms: int) -> None:
        """Keep what stands before the damage, and go on with ``events``, as ``journal salvage`` does."""
        good = [row for row in self._rows if self.damaged_seq is None or row[0] < self.damaged_seq]
        self._rows = good
        self._waiting.clear()
        self.damaged_seq = None
        self.salvages += 1
        self.durable_seq = good[-1][0] if good else 0
        self.hash = good[-1][4] if good else GENESIS
        for event in events:
            self._write(Recorded(self.durable_seq + 1, at_ms, event))

    def load(self) -> Iterator[Recorded]:
        """Every durable event from the first, verified and decoded.

        Raises:
            ValueError: the chain is broken.
        """
        newest = GENESIS
        for seq, at_ms, kind, payload, own in self._rows:
            newest = link_hash(newest, seq, at_ms, kind, payload)
            if newest != own or seq == self.damaged_seq:
                raise ValueError(f"the chain breaks at event {seq}")
            yield Recorded(seq, at_ms, DECODER.decode(payload))

    def _write(self, recorded: Recorded) -> None:
        if recorded.seq != self.durable_seq + 1:
            raise ValueError(f"event {recorded.seq} was appended where {self.durable_seq + 1} was due")
        payload, kind = ENCODER.encode(recorded.event), event_kind(recorded.event)
        self.hash = link_hash(self.hash, recorded.seq, recorded.at_ms, kind, payload)
        self._rows.append((recorded.seq, recorded.at_ms, kind, payload, self.hash))
        self.durable_seq = recorded.seq
