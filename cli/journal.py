"""``garagectl journal``: verify, export, follow and salvage the record of everything that happened.

Owns the commands and the form of what they print. Must never repair: what is damaged is named, and ``salvage`` is a
person's decision.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from cli import settings
from cli.failure import Failure
from cli.journal_file import File, Person, chosen, failures, journal_of, locked
from cli.options import DEFAULT_CONFIG, Config, Json, State, state_dir
from cli.printing import print_json, print_line, quiet_pipe

if TYPE_CHECKING:
    from controller.journal.export import Selection
    from controller.journal.rows import Row
    from controller.journal.verification import Report

app = typer.Typer(no_args_is_help=True, help="Verify, export, follow and salvage a garage's journal.")

FOLLOW_EVERY_S = 0.5
PROGRESS_EVENTS = 100_000

Kinds = Annotated[list[str] | None, typer.Option("--kind", help="Only this kind; may be given again.", metavar="KIND")]
Since = Annotated[str | None, typer.Option("--since", help="From this time on, as 2026-05-01T06:00.", metavar="TIME")]
Until = Annotated[str | None, typer.Option("--until", help="Before this time; UTC if no zone.", metavar="TIME")]


@app.command(epilog="Example: garagectl journal verify --state /var/lib/garage")
def verify(*, config: Config = DEFAULT_CONFIG, state: State = None, file: File = None, as_json: Json = False) -> None:
    """Check the whole journal: chain, end, pages, snapshots. Reads only, beside a running controller too.

    Exits 1 and names the first broken link when something is wrong.
    """
    path = chosen(file, config, state)
    with failures():
        from controller.journal.reader import JournalReader
        from controller.journal.verification import verify as walk

        with JournalReader(path) as reader:
            report = walk(reader, _progress())
    if as_json:
        print_json({"file": str(path), **_document(report)})
    else:
        _print(path, report)
    if not report.is_whole:
        failure = _damage(path, report)
        raise failure.reported() if as_json else failure


@app.command(epilog="Example: garagectl journal export --since 2026-05-01 --kind order-ended --out may.jsonl.gz")
def export(
    *,
    config: Config = DEFAULT_CONFIG,
    state: State = None,
    file: File = None,
    first: Annotated[int, typer.Option("--from", help="First event's number.", min=0, metavar="SEQ")] = 0,
    last: Annotated[int | None, typer.Option("--to", help="Last event's number.", min=0, metavar="SEQ")] = None,
    since: Since = None,
    until: Until = None,
    kind: Kinds = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write; packed if it ends with .gz.", metavar="FILE")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write events as JSON lines, on standard output or into a file. Customers' keys stay inside.

    With --out, --json prints what was written as one document. Works beside a running controller.
    """
    from controller.journal.export import Selection

    wanted = Selection(first, last, _moment_ms(since, "--since"), _moment_ms(until, "--until"), frozenset(kind or ()))
    path = chosen(file, config, state)
    if out is None:
        with failures(), quiet_pipe():
            for row in _selected(path, wanted):
                print_line(_line(row))
        return
    count = _write(path, wanted, out)
    if as_json:
        print_json({"file": str(out), "events": count})
    else:
        print_line(f"{count} events written to {out}.")


@app.command(epilog="Example: garagectl journal tail --follow --state /var/lib/garage")
def tail(
    *,
    config: Config = DEFAULT_CONFIG,
    state: State = None,
    file: File = None,
    count: Annotated[int, typer.Option("--events", "-n", help="How many of the newest.", min=0, max=10_000)] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens, until Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """Show the newest events, and follow them. Reads only; with --json one object a line."""
    path = chosen(file, config, state)
    with failures(), quiet_pipe(), contextlib.suppress(KeyboardInterrupt):
        for row in _newest(path, count, follow=follow):
            print_line(_line(row) if as_json else _text(row))
            sys.stdout.flush()


@app.command(epilog="Example: garagectl journal salvage --state /var/lib/garage --person 'Mia Chen'")
def salvage(*, config: Config = DEFAULT_CONFIG, state: State = None, person: Person, as_json: Json = False) -> None:
    """Go on with the good part of a damaged journal. Then people must confirm what stands where.

    The damaged files are kept beside it. Refused while a controller runs, and when nothing is wrong.
    """
    garage = settings.load(config)
    path = journal_of(garage, state)
    from controller.core.doubt import everything_doubted
    from controller.core.state_snapshot import FOLD_FORMAT
    from controller.garage import Layout
    from controller.journal.salvage import salvage as go_on

    doubts = everything_doubted(Layout(garage))
    with locked(path, state_dir(state, garage.garage.id)), failures():
        done = go_on(path, doubts, person, FOLD_FORMAT, time.time_ns() // 1_000_000)
    positions = sum(len(doubt.positions) for doubt in doubts)
    if as_json:
        print_json(
            {
                "file": str(path),
                "damage": done.event.damage,
                "damaged_seq": done.event.damaged_seq,
                "last_good": _moment(done.event.good_ms),
                "events": done.events,
                "older_lost": done.event.older_lost,
                "aside": None if done.aside is None else str(done.aside),
                "positions_in_doubt": positions,
            }
        )
        return
    print_line(f"Damage: {done.event.damage}")
    print_line(f"Kept: {done.events} events, the last of {_moment(done.event.good_ms) or 'none'}.")
    if done.aside is not None:
        print_line(f"The damaged journal is in {done.aside}.")
    print_line(f"{positions} positions are in doubt: after the start, confirm each (`garagectl confirm`).")


def _progress() -> Progress:
    return Progress(sys.stderr if sys.stderr.isatty() else None)


class Progress:
    """A line that tells how far a long walk has come, for a person at a terminal."""

    def __init__(self, out: IO[str] | None) -> None:
        self._out = out
        self._told = 0

    def __call__(self, seq: int) -> None:
        """Tell about event ``seq`` if it is time to."""
        if self._out is not None and seq - self._told >= PROGRESS_EVENTS:
            self._told = seq
            self._out.write(f"event {seq} ...\r")


def _document(report: Report) -> dict[str, object]:
    damage = report.damage
    return {
        "whole": report.is_whole,
        "events": report.events,
        "first_seq": report.begin.seq + 1,
        "first_at": _moment(report.first_ms),
        "last_seq": report.good_seq,
        "last_at": _moment(report.good_ms),
        "removed_up_to": report.begin.seq,
        "broken": None
        if damage is None
        else {"seq": damage.seq, "last_good_at": _moment(damage.after_ms), "text": damage.text},
        "pages": report.pages,
        "snapshots": [
            {"seq": one.seq, "at": _moment(one.at_ms), "format": one.format, "objection": one.objection}
            for one in report.snapshots
        ],
    }


def _print(path: Path, report: Report) -> None:
    if report.is_whole:
        print_line(f"{path} is whole.")
    span = f" from {_moment(report.first_ms)} to {_moment(report.good_ms)}" if report.events else ""
    print_line(f"{report.events} good events{span}.")
    if report.begin.seq:
        print_line(f"Events up to {report.begin.seq} were removed, the last of {_moment(report.begin.at_ms)}.")
    for one in report.snapshots:
        print_line(f"Snapshot at event {one.seq}: {one.objection or 'fits'}.")


def _damage(path: Path, report: Report) -> Failure:
    damage = report.damage
    what = "; ".join(report.pages) if damage is None else damage.text.rstrip(".")
    seq = report.good_seq + 1 if damage is None else damage.seq
    when = _moment(report.good_ms if damage is None else damage.after_ms)
    return Failure(
        "JOURNAL_DAMAGED",
        f"{path}: {what} (event {seq}, after {when or 'no good event'}).",
        "Stop the controller, then `garagectl restore FILE` or `garagectl journal salvage`.",
    )


def _selected(path: Path, wanted: Selection) -> Iterator[Row]:
    from controller.journal.export import selected
    from controller.journal.reader import JournalReader

    with JournalReader(path) as reader:
        yield from selected(reader, wanted)


def _newest(path: Path, count: int, *, follow: bool) -> Iterator[Row]:
    from controller.journal.reader import JournalReader

    with JournalReader(path) as reader:
        last = reader.last()
        seq = reader.anchor().seq if last is None else max(last.seq - count, 0)
        while True:
            while rows := reader.rows_after(seq):
                yield from rows
                seq = rows[-1].seq
            if not follow:
                return
            time.sleep(FOLLOW_EVERY_S)


def _write(path: Path, wanted: Selection, out: Path) -> int:
    """Write the file under another name first, so that nobody takes half of it for all."""
    if out.exists() and path.exists() and out.samefile(path):
        raise Failure("FILE_NOT_WRITABLE", f"{out} is the journal itself.", "Choose another file.")
    part = out.with_name(out.name + ".part")
    count = 0
    try:
        with _opened(part, packed=out.suffix == ".gz") as lines, failures():
            for row in _selected(path, wanted):
                lines.write(_line(row) + "\n")
                count += 1
        part.replace(out)
    except OSError as error:
        text = f"{out} cannot be written: {error.strerror}."
        raise Failure("FILE_NOT_WRITABLE", text, "Check folder, permissions and free space.") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return count


@contextlib.contextmanager
def _opened(part: Path, *, packed: bool) -> Iterator[IO[str]]:
    if packed:
        with gzip.open(part, "wt", encoding="utf-8") as lines:
            yield lines
    else:
        with part.open("w", encoding="utf-8") as lines:
            yield lines


def _line(row: Row) -> str:
    from controller.journal.export import record

    return json.dumps(record(row), ensure_ascii=False)


def _text(row: Row) -> str:
    from controller.journal.export import record

    shown = record(row)
    facts = " ".join(f"{name}={json.dumps(fact, ensure_ascii=False)}" for name, fact in shown["data"].items())
    return f"{shown['seq']} {shown['at']} {shown['kind']} {facts}".rstrip()


def _moment(at_ms: int | None) -> str | None:
    from controller.moment import moment

    return None if at_ms is None else moment(at_ms)


def _moment_ms(given: str | None, option: str) -> int | None:
    if given is None:
        return None
    try:
        when = datetime.fromisoformat(given)
    except ValueError as error:
        raise typer.BadParameter(f"{given!r} is no time as 2026-05-01T06:00", param_hint=option) from error
    return int((when if when.tzinfo is not None else when.replace(tzinfo=UTC)).timestamp() * 1000)
