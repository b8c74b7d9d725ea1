"""The files of a black box: the ring of segments, and the recordings that were frozen around trips.

Owns names, bounds and copying. A segment is one zstd frame, ``ring/NNNNNNNN-UNIXMS.gbx``; a frozen recording is several
of them one after the other, ``frozen/UTC-TRIP.gbx``. Must never remove the newest frozen recording, nor anything that
is not its own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

SUFFIX = ".gbx"
BEFORE_MS = 600_000
"""How much is kept of the time before a trip: longer than any order lasts."""
AFTER_MS = 120_000
"""How much is kept of the time after it: what people do first belongs to the incident."""
FROZEN_SHARE = 0.5
"""Share of the size that frozen recordings may take; the ring has the rest."""
TRIPS_NAMED = 40
_SEGMENT = re.compile(r"(\d{8})-(\d{13})" + re.escape(SUFFIX))
_COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far the ring reaches back, and what ring and frozen recordings may take together."""

    hours: int
    size_max_mb: int


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of the ring, from ``unix_ms`` on."""

    number: int
    unix_ms: int
    path: Path


class Freeze(msgspec.Struct, frozen=True):
    """A trip around which the recording is to be kept. It lies on disk until that is done, for a process may die."""

    trips: list[str]
    at_ms: int
    until_ms: int


class Ring:
    """The files below ``folder``. Every method may raise ``OSError``; nothing is half done then."""

    def __init__(self, folder: Path, bounds: Bounds) -> None:
        self.folder = folder
        self._bounds = bounds
        self._ring, self._frozen = folder / "ring", folder / "frozen"
        self._pending = folder / "freeze.json"

    def make(self) -> None:
        """Make the folders, readable by their owner only: what was asked for by whom stands in a recording."""
        for folder in (self.folder, self._ring, self._frozen):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)

    def segments(self) -> list[Segment]:
        """The ring, oldest first."""
        return segments_in(self._ring)

    def frozen(self) -> list[Path]:
        """The frozen recordings, oldest first."""
        return sorted(self._frozen.glob(f"*{SUFFIX}")) if self._frozen.is_dir() else []

    def next_segment(self, unix_ms: int) -> Segment:
        """The name of the next one; the file is not made."""
        segments = self.segments()
        number = segments[-1].number + 1 if segments else 1
        return Segment(number, unix_ms, self._ring / f"{number:08d}-{unix_ms:013d}{SUFFIX}")

    def tidy(self, now_ms: int) -> None:
        """Remove what is too old or too much, oldest first: but never the segment that is written, which is the last,
        nor what a pending freeze still needs unless there is no other way.
        """
        size_max = self._bounds.size_max_mb * 1_000_000
        frozen = self.frozen()
        sizes = {path: path.stat().st_size for path in frozen}
        for path in frozen[:-1]:
            if sum(sizes.values()) <= size_max * FROZEN_SHARE:
                break
            path.unlink()
            del sizes[path]
        segments = self.segments()
        ring = {segment.path: segment.path.stat().st_size for segment in segments}
        # A segment ends where the next one begins.
        ends_ms = [segment.unix_ms for segment in segments[1:]]
        for segment, end_ms in zip(segments[:-1], ends_ms, strict=True):
            is_old = now_ms - end_ms > self._bounds.hours * 3_600_000
            if not is_old and sum(ring.values()) + sum(sizes.values()) <= size_max:
                break
            segment.path.unlink()
            del ring[segment.path]

    # --- frozen recordings ----------------------------------------------------------------------------------------

    def note(self, freeze: Freeze) -> None:
        """Write down that a freeze is due."""
        temporary = self._pending.with_suffix(".new")
        temporary.write_bytes(msgspec.json.encode(freeze))
        temporary.replace(self._pending)

    def pending(self) -> Freeze | None:
        """The freeze that is due, None when there is none; a note that cannot be read is one of now."""
        try:
            return msgspec.json.decode(self._pending.read_bytes(), type=Freeze)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError:
            now_ms = int(self._pending.stat().st_mtime * 1000)
            return Freeze(["unknown"], now_ms, now_ms + AFTER_MS)

    def freeze(self, freeze: Freeze) -> Path:
        """Keep the segments around a trip as one recording, and forget the note; the recording's path."""
        chosen = since(self.segments(), freeze.at_ms - BEFORE_MS)
        chosen = [segment for segment in chosen if segment.unix_ms <= freeze.until_ms]
        moment = datetime.fromtimestamp(freeze.at_ms / 1000, UTC)
        trip = re.sub(r"[^A-Za-z0-9.-]", "_", freeze.trips[0] if freeze.trips else "unknown")[:TRIPS_NAMED]
        path = self._frozen / f"{moment:%Y%m%dT%H%M%S}Z-{trip}{SUFFIX}"
        if chosen:
            join(chosen, path)
        self._pending.unlink(missing_ok=True)
        return path


def segments_in(folder: Path) -> list[Segment]:
    """The segments that lie in a folder, oldest first. A state folder and a black box' own will do as well.

    Raises:
        OSError: it cannot be listed.
    """
    below = (folder / "black-box" / "ring", folder / "ring")
    folder = next((one for one in below if one.is_dir()), folder)
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        if (match := _SEGMENT.fullmatch(path.name)) is not None:
            found.append(Segment(int(match[1]), int(match[2]), path))
    return sorted(found, key=lambda segment: segment.number)


def join(segments: Sequence[Segment], path: Path) -> None:
    """Write segments one after the other into ``path``, whole or not at all."""
    temporary = path.with_suffix(".new")
    try:
        with temporary.open("wb") as out:
            for segment in segments:
                with segment.path.open("rb") as source:
                    while block := source.read(_COPY_BYTES):
                        out.write(block)
            out.flush()
            os.fsync(out.fileno())
        temporary.chmod(0o600)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def since(segments: Sequence[Segment], from_ms: int) -> list[Segment]:
    """Segments in which some of the time from ``from_ms`` on lies. A segment ends where the next one begins."""
    ends_ms = [segment.unix_ms for segment in segments[1:]]
    past = [segment for segment, end_ms in zip(segments[:-1], ends_ms, strict=True) if end_ms >= from_ms]
    return [*past, *segments[-1:]]
