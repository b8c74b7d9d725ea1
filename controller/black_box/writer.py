"""The one thread that writes the black box: packs, appends, tidies and freezes.

Owns the queue between the cycle and the disk. Must never delay whoever hands something over, and never let a broken
disk cost more than the recording.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

import zstandard

from controller.black_box.reader import mend_end
from controller.black_box.ring import AFTER_MS, Freeze, Ring
from plc_drivers.reading import Fault

QUEUE_BYTES_MAX = 8_000_000
"""What may wait for the disk: some minutes of a large garage. Then the recording has a gap and begins a new segment."""
BEGINNING_BYTES = 2_000_000
"""A segment begins only with room for its head and memories."""
LEVEL = 3
RETRY_S = 30.0
"""Pause after a failed write; tried for as long as the process lives, because the disk may be freed."""
LOOK_EVERY_S = 1.0
CLOSE_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Begin:
    """A new segment begins with what is handed over next."""

    unix_ms: int


@dataclass(frozen=True, slots=True)
class Tripped:
    """Trips have come: what is recorded around them is to be kept."""

    trips: tuple[str, ...]
    unix_ms: int


Item = Begin | Tripped | bytes


class Writer:
    """Takes packed messages and writes them. ``fault`` says why nothing is recorded, None while it is."""

    def __init__(self, ring: Ring, now_unix_ms: Callable[[], int]) -> None:
        self._ring = ring
        self._now_unix_ms = now_unix_ms
        self._wake = threading.Condition()
        self._waiting: deque[Item] = deque()
        self._waiting_bytes = 0
        self._closing = False
        self._overflowed = False
        self._failed: Fault | None = None
        self._retry_at = 0.0
        self._file: BinaryIO | None = None
        self._packer: zstandard.ZstdCompressionObj | None = None
        self._freeze: Freeze | None = None
        self._thread = threading.Thread(target=self._run, name="black-box", daemon=True)
        self._thread.start()

    @property
    def fault(self) -> Fault | None:
        """Why nothing is recorded now."""
        return self._failed

    def put(self, item: Item) -> bool:
        """Hand something over; False when it was dropped, and a new segment is needed to go on."""
        with self._wake:
            if self._closing:
                return False
            size = len(item) if isinstance(item, bytes) else 0
            if isinstance(item, Begin):
                self._overflowed = self._waiting_bytes + BEGINNING_BYTES > QUEUE_BYTES_MAX
            elif self._waiting_bytes + size > QUEUE_BYTES_MAX:
                self._overflowed = True
            if self._overflowed:
                return False
            self._waiting.append(item)
            self._waiting_bytes += size
            self._wake.notify()
        return True

    def close(self) -> None:
        """Write what waits, give the segment its end, and end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(CLOSE_TIMEOUT_S)

    # --- the thread -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        self._try(self._prepare)
        while self._work():
            pass
        self._try(self._end_segment)

    def _work(self) -> bool:
        """Write what waits; False when it is all over."""
        with self._wake:
            if not self._waiting and not self._closing:
                self._wake.wait(LOOK_EVERY_S)
            items = list(self._waiting)
            self._waiting.clear()
            self._waiting_bytes = 0
            closing = self._closing
        for item in items:
            self._try(partial(self._take, item))
        # A process that ends leaves the note to the next one, which still sees what follows the trip.
        if self._freeze is not None and not closing and self._now_unix_ms() >= self._freeze.until_ms:
            self._try(self._keep_frozen)
        return not closing

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except (OSError, zstandard.ZstdError) as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        self._failed = Fault(
            "BLACK_BOX_FAULT",
            f"Nothing is recorded in {self._ring.folder}: {reason}.",
            "The garage runs on. Free or replace the disk; recording begins again by itself.",
        )
        self._retry_at = time.monotonic() + RETRY_S
        file, self._file, self._packer = self._file, None, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()

    def _prepare(self) -> None:
        self._ring.make()
        segments = self._ring.segments()
        if segments:
            mend_end(segments[-1].path)
        self._freeze = self._ring.pending()

    def _take(self, item: Item) -> None:
        match item:
            case Begin():
                self._end_segment()
                if time.monotonic() >= self._retry_at:
                    self._begin_segment(item.unix_ms)
            case Tripped():
                self._note(item)
            case _ if self._file is not None and self._packer is not None:
                self._file.write(self._packer.compress(item) + self._packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
                self._file.flush()

    def _begin_segment(self, unix_ms: int) -> None:
        if self._failed is not None:
            self._prepare()
        self._ring.tidy(unix_ms)
        path = self._ring.next_segment(unix_ms).path
        self._file = path.open("xb")
        path.chmod(0o600)
        self._packer = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compressobj()
        self._failed = None

    def _end_segment(self) -> None:
        file, packer = self._file, self._packer
        if file is not None and packer is not None:
            file.write(packer.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH))
            self._file, self._packer = None, None
            file.close()

    def _note(self, tripped: Tripped) -> None:
        """A trip within the time of another one's freeze belongs to the same incident."""
        before = self._freeze
        trips = [*before.trips, *tripped.trips] if before is not None else [*tripped.trips]
        at_ms = tripped.unix_ms if before is None else before.at_ms
        # However long trips follow one another, a recording is finished at some time.
        until_ms = min(tripped.unix_ms + AFTER_MS, at_ms + 10 * AFTER_MS)
        self._freeze = Freeze(list(dict.fromkeys(trips)), at_ms, until_ms)
        self._ring.note(self._freeze)

    def _keep_frozen(self) -> None:
        freeze, self._freeze = self._freeze, None
        if freeze is not None:
            self._ring.freeze(freeze)
