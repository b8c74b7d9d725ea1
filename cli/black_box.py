"""``garagectl black-box``: what has been recorded, and a copy of it to take away.

Owns the commands and the form of what they print. Must never change or remove a recording.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import settings
from cli.failure import Failure
from cli.options import DEFAULT_CONFIG, Config, Json, State, state_dir
from cli.printing import out as console
from cli.printing import print_json, print_line, table
from controller.moment import moment

if TYPE_CHECKING:
    from controller.black_box.ring import Ring

app = typer.Typer(no_args_is_help=True, help="List and copy what the black box has recorded.")

_MINUTE_MS = 60_000


@app.command("list", epilog="Example: garagectl black-box list --state /var/lib/garage")
def list_(*, config: Config = DEFAULT_CONFIG, state: State = None, as_json: Json = False) -> None:
    """What there is: the ring of the last hours, and the recordings kept around trips."""
    ring = _ring(config, state)
    segments = ring.segments()
    frozen = [_file(path) for path in ring.frozen()]
    pending = ring.pending()
    size_mb = sum(segment.path.stat().st_size for segment in segments) / 1e6
    if as_json:
        print_json(
            {
                "folder": str(ring.folder),
                "segments": len(segments),
                "from": moment(segments[0].unix_ms) if segments else None,
                "size_mb": round(size_mb, 3),
                "frozen": frozen,
                "pending": None if pending is None else {"trips": pending.trips, "until": moment(pending.until_ms)},
            }
        )
        return
    if not segments and not frozen:
        print_line(f"Nothing has been recorded in {ring.folder}.")
        return
    if segments:
        print_line(f"{ring.folder}: from {moment(segments[0].unix_ms)}, {_count(len(segments))}, {size_mb:.1f} MB.")
    if pending is not None:
        print_line(f"Around {', '.join(pending.trips)} it is kept at {moment(pending.until_ms)}.")
    if frozen:
        console.print(table(("kept around a trip", "MB"), [(one["file"], one["size_mb"]) for one in frozen]))
    elif pending is None:
        print_line("No trip has come since it records.")


@app.command(epilog="Example: garagectl black-box save incident.gbx --minutes 30")
def save(
    file: Annotated[Path, typer.Argument(help="File to write.", metavar="FILE")],
    *,
    minutes: Annotated[
        int | None, typer.Option("--minutes", help="Only the newest; all if left out.", min=1, metavar="N")
    ] = None,
    config: Config = DEFAULT_CONFIG,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Copy what has been recorded into one file, for `garagectl replay`. Works beside a running controller.

    The file tells who asked for what, and customers' keys: treat it as the journal.
    """
    from controller.black_box.ring import join, since

    ring = _ring(config, state)
    from_ms = 0 if minutes is None else time.time_ns() // 1_000_000 - minutes * _MINUTE_MS
    chosen = since(ring.segments(), from_ms)
    if not chosen:
        text = f"Nothing has been recorded in {ring.folder}."
        raise Failure("RECORDING_EMPTY", text, "Is this the state folder, and does a controller run?")
    try:
        join(chosen, file)
    except OSError as error:
        text = f"{file} cannot be written: {error.strerror}."
        raise Failure("FILE_NOT_WRITABLE", text, "Check folder, permissions and free space.") from error
    written = _file(file)
    if as_json:
        print_json({**written, "segments": len(chosen), "from": moment(chosen[0].unix_ms)})
    else:
        print_line(f"{file}: {_count(len(chosen))} from {moment(chosen[0].unix_ms)}, {written['size_mb']} MB.")


def _ring(config: Path, state: Path | None) -> Ring:
    from controller.black_box.ring import Bounds, Ring

    garage = settings.load(config)
    section = garage.black_box
    return Ring(state_dir(state, garage.garage.id) / "black-box", Bounds(section.hours, section.size_max_mb))


def _count(segments: int) -> str:
    return "1 segment" if segments == 1 else f"{segments} segments"


def _file(path: Path) -> dict[str, Any]:
    found = path.stat()
    return {"file": str(path), "size_mb": round(found.st_size / 1e6, 3), "written": moment(int(found.st_mtime * 1000))}
