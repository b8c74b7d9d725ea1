"""``garagectl backup`` and ``garagectl restore``: a whole copy of the journal, and back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from cli import settings
from cli.journal_file import Person, failures, journal_of, locked
from cli.options import DEFAULT_CONFIG, Config, Json, State, state_dir
from cli.printing import print_json, print_line

Target = Annotated[Path, typer.Argument(help="File to write; an older one is replaced at the end.", metavar="FILE")]
Source = Annotated[Path, typer.Argument(help="A backup.", metavar="FILE")]


def backup(file: Target, *, config: Config = DEFAULT_CONFIG, state: State = None, as_json: Json = False) -> None:
    """Copy the journal while the controller runs, and verify the copy. FILE is the old or the whole new one."""
    journal = journal_of(settings.load(config), state)
    began = time.monotonic()
    with failures():
        from controller.journal.copy import backup as copy
        from controller.moment import moment

        report = copy(journal, file)
    took_s = round(time.monotonic() - began, 2)
    size_mb = round(file.stat().st_size / 1_000_000, 1)
    if as_json:
        print_json(
            {
                "file": str(file),
                "events": report.events,
                "last_seq": report.good_seq,
                "last_at": None if report.good_ms is None else moment(report.good_ms),
                "size_mb": size_mb,
                "took_s": took_s,
            }
        )
        return
    print_line(f"{file}: {report.events} events up to {report.good_seq}, verified, {size_mb} MB in {took_s} s.")


def restore(
    file: Source, *, config: Config = DEFAULT_CONFIG, state: State = None, person: Person, as_json: Json = False
) -> None:
    """Put a verified backup in the place of the journal, and keep the old one beside it.

    Refused while a controller runs. Unless the backup is the very last state, people must then confirm what stands
    where.
    """
    garage = settings.load(config)
    journal = journal_of(garage, state)
    from controller.core.doubt import everything_doubted
    from controller.garage import Layout
    from controller.journal.restore import restore as put_back
    from controller.moment import moment

    doubts = everything_doubted(Layout(garage))
    with locked(journal, state_dir(state, garage.garage.id)), failures():
        done = put_back(file, journal, doubts, person, time.time_ns() // 1_000_000)
    positions = sum(len(doubt.positions) for doubt in doubts) if done.is_doubted else 0
    if as_json:
        print_json(
            {
                "file": str(journal),
                "last_seq": done.last_seq,
                "last_at": moment(done.last_ms),
                "aside": None if done.aside is None else str(done.aside),
                "positions_in_doubt": positions,
            }
        )
        return
    print_line(f"{journal} goes on from event {done.last_seq} of {moment(done.last_ms)}.")
    if done.aside is not None:
        print_line(f"The old journal is in {done.aside}.")
    if positions:
        print_line(f"{positions} positions are in doubt: after the start, confirm each (`garagectl confirm`).")
