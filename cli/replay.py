"""``garagectl replay``: a recording of the black box decided again, or read as a timeline.

Owns the command and the form of what it prints. Must never touch a running garage.
"""

from __future__ import annotations

import importlib.metadata
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.failure import Failure
from cli.options import Json
from cli.printing import print_json, print_line, quiet_pipe
from controller.moment import moment

if TYPE_CHECKING:
    from controller.black_box.form import Message
    from controller.black_box.reader import Reader
    from controller.black_box.replay import Played, Replay

PROGRESS_CYCLES = 5_000

Recording = Annotated[Path, typer.Argument(help="A recording, or a folder with a black box in it.", metavar="FILE")]


def replay(
    file: Recording,
    *,
    timeline: Annotated[bool, typer.Option("--timeline", help="Also tell what happened, line by line.")] = False,
    as_json: Json = False,
) -> None:
    """Decide every cycle of a recording again, with this program, and compare.

    Exits 1 at the first cycle that comes out otherwise, and says in what. Nothing is read of a running garage but its
    files, and nothing is written.
    """
    from controller.black_box.reader import RecordingError
    from controller.black_box.replay import Replay

    player = Replay()
    course = _Course(tells=timeline, as_json=as_json)
    readers: list[Reader] = []
    with quiet_pipe():
        try:
            for played in player.play(_messages(_paths(file), readers)):
                course.take(played)
                if played.differences:
                    break
        except RecordingError as error:
            raise Failure(error.code, f"{file}: {error.text}", error.remedy) from error
        damage = next((reader.damage for reader in readers if reader.damage), "")
        if course.cycles == 0:
            text = f"{file} holds no cycle of a recording{f' ({damage})' if damage else ''}."
            raise Failure("RECORDING_EMPTY", text, "Name a file or folder of a black box.")
        if as_json:
            print_json(course.document(file, player, damage))
        else:
            for line in course.sentences(player):
                print_line(line)
        failure = course.failure(file, player, damage)
        if failure is not None:
            raise failure.reported() if as_json else failure


def _paths(file: Path) -> list[Path]:
    from controller.black_box.ring import segments_in

    try:
        return [segment.path for segment in segments_in(file)] if file.is_dir() else [file]
    except OSError as error:
        raise Failure(
            "RECORDING_UNREADABLE", f"{file}: {error.strerror}.", "Check the path and your rights."
        ) from error


def _messages(paths: Sequence[Path], readers: list[Reader]) -> Iterator[Message]:
    from controller.black_box.reader import Reader

    for path in paths:
        reader = Reader(path)
        readers.append(reader)
        yield from reader.messages()


class _Course:
    """What a replay has come to so far, and how it is told."""

    def __init__(self, *, tells: bool, as_json: bool) -> None:
        from controller.black_box.timeline import Timeline

        self._new_timeline = Timeline
        self._timeline = Timeline()
        self._tells, self._as_json = tells, as_json
        self._told: list[dict[str, Any]] = []
        self._began = time.monotonic()
        self._first_ms = self._last_ms = 0
        self._recorded_ms = self._mono_ms = 0
        self.cycles = self.events = 0
        self.differs: Played | None = None

    def take(self, played: Played) -> None:
        """Count a cycle, and tell of it where that was asked for."""
        cycle = played.cycle
        if self.cycles == 0:
            self._first_ms = cycle.unix_ms
        if played.begins_anew:
            self._timeline = self._new_timeline()
        else:
            self._recorded_ms += cycle.mono_ms - self._mono_ms
        self._mono_ms, self._last_ms = cycle.mono_ms, cycle.unix_ms
        self.cycles += 1
        self.events += len(cycle.events)
        if played.differences:
            self.differs = played
        if self._tells:
            self._tell(played)
        elif sys.stderr.isatty() and self.cycles % PROGRESS_CYCLES == 0:
            sys.stderr.write(f"{self.cycles} cycles ...\r")

    def _tell(self, played: Played) -> None:
        cycle = played.cycle
        lines = [*self._timeline.lines(cycle), *(f"DIFFERS {one}" for one in played.differences)]
        if played.begins_anew:
            lines.insert(0, "the recording begins here")
        for line in lines:
            if self._as_json:
                self._told.append({"at": moment(cycle.unix_ms), "cycle": cycle.number, "text": line})
            else:
                print_line(f"{moment(cycle.unix_ms)} {cycle.number} {line}")

    def sentences(self, player: Replay) -> Iterator[str]:
        """What there is to say to a person."""
        head = player.heads[-1]
        span = f"{moment(self._first_ms)} to {moment(self._last_ms)}"
        gaps = f", {player.gaps} gaps" if player.gaps else ""
        yield f"{head.garage}, recorded by version {head.software}: {span}{gaps}."
        took_s = time.monotonic() - self._began
        if self.differs is None:
            yield f"{self.cycles} cycles with {self.events} events decided again in {took_s:.1f} s: all the same."
        if head.software != _software():
            yield f"This program is version {_software()}: where it decides otherwise, that may be meant."

    def document(self, file: Path, player: Replay, damage: str) -> dict[str, Any]:
        """The same for a program."""
        head = player.heads[-1]
        took_s = time.monotonic() - self._began
        found: dict[str, Any] = {
            "file": str(file),
            "garage": head.garage,
            "software": head.software,
            "config_hash": head.config_hash,
            "from": moment(self._first_ms),
            "to": moment(self._last_ms),
            "cycles": self.cycles,
            "events": self.events,
            "segments": len(player.heads),
            "gaps": player.gaps,
            "damage": damage or None,
            "same": self.differs is None,
            "differs": None,
            "took_s": round(took_s, 3),
            "speed_x": round(self._recorded_ms / 1000 / took_s, 1) if took_s else None,
        }
        if self.differs is not None:
            cycle = self.differs.cycle
            found["differs"] = {
                "cycle": cycle.number,
                "at": moment(cycle.unix_ms),
                "in": list(self.differs.differences),
            }
        if self._tells:
            found["timeline"] = self._told
        return found

    def failure(self, file: Path, player: Replay, damage: str) -> Failure | None:
        """Why the command ends with 1; None when everything came out the same."""
        if self.differs is not None:
            cycle, head = self.differs.cycle, player.heads[-1]
            return Failure(
                "REPLAY_DIFFERS",
                f"Cycle {cycle.number} at {moment(cycle.unix_ms)} comes out otherwise: "
                f"{'; '.join(self.differs.differences)}.",
                f"It was recorded by version {head.software}, this is {_software()}. With the same version it is a "
                "defect: report it with this file.",
            )
        if damage:
            return Failure(
                "RECORDING_DAMAGED",
                f"{file} is damaged after {moment(self._last_ms)} ({damage}).",
                "What comes before it was played. Look at the disk.",
            )
        return None


def _software() -> str:
    try:
        return importlib.metadata.version("garage-controller")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
