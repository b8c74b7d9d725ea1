"""Goes on with the good part of a damaged journal, and says what is lost.

Owns which part is good: events up to the first damage; or, where the damage lies before a snapshot, the snapshot and
everything after it, because that is what the garage was like last. The damaged files are kept as they are. Must never
run on a journal that is whole, and never let the books count without a person's look.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from controller.core.events import CoreEvent
from controller.core.journal_events import JournalSalvaged
from controller.journal import rebuild
from controller.journal.copy import aside_name, new_part
from controller.journal.database import wal_path
from controller.journal.error import JournalError, unwritable
from controller.journal.mark import read_mark
from controller.journal.reader import JournalReader
from controller.journal.rows import FIRST_ANCHOR, Anchor, Row, StateSnapshot
from controller.journal.verification import Damage, Report, verify, walk_chain


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What became of a damaged journal: ``aside`` is the damaged file, None when there was none."""

    event: JournalSalvaged
    aside: Path | None
    events: int


@dataclass(slots=True)
class _Good:
    """The part that is taken over: the events from ``begin`` to ``last_seq``, and snapshots that fit them."""

    damage: Damage
    begin: Anchor = FIRST_ANCHOR
    last_seq: int = 0
    good_ms: int | None = None
    events: int = 0
    older_lost: bool = False
    snapshots: list[StateSnapshot] = field(default_factory=list)


def salvage(journal: Path, doubts: Sequence[CoreEvent], person: str, form: int, at_ms: int) -> Salvaged:
    """Put the good part of ``journal``, whose lock the caller holds, in its place, followed by ``doubts``.

    ``form`` is the format of snapshots that this version reads.

    Raises:
        JournalError: JOURNAL_WHOLE, JOURNAL_NEWER, or JOURNAL_UNWRITABLE; the journal is as it was.
    """
    part = new_part(journal)
    copy, aside = part.with_name(part.name + "-copy"), aside_name(journal, "damaged")
    try:
        good = _take_over(journal, copy, part, form)
        event = JournalSalvaged(
            damage=good.damage.text,
            damaged_seq=good.damage.seq,
            kept_events=good.events,
            good_ms=good.good_ms,
            older_lost=good.older_lost,
            aside=aside.name,
            person=person,
        )
        rebuild.go_on(part, [event, *doubts], at_ms)
        is_kept = rebuild.put_in_place(part, journal, aside)
    finally:
        for left in journal.parent.glob(part.name + "*"):
            left.unlink(missing_ok=True)
    return Salvaged(event, aside if is_kept else None, good.events)


def _take_over(journal: Path, copy: Path, part: Path, form: int) -> _Good:
    """Fill ``part`` with the good part, read from a copy: not even SQLite's own recovery touches the original."""
    if not journal.exists():
        mark = read_mark(journal)
        lost = "" if mark is None else f" It had {mark.seq} events."
        good = _Good(Damage(0, None, f"The journal's file was gone.{lost}"))
        rebuild.fill(part, FIRST_ANCHOR, (), ())
        return good
    try:
        shutil.copy2(journal, copy)
        if wal_path(journal).exists():
            shutil.copy2(wal_path(journal), wal_path(copy))
        with contextlib.suppress(OSError):
            shutil.copy2(journal.with_name(journal.name + ".mark"), copy.with_name(copy.name + ".mark"))
    except OSError as error:
        raise unwritable(f"{journal.parent}: {error.strerror}.") from error
    try:
        reader = JournalReader(copy)
    except JournalError as error:
        if error.code != "JOURNAL_DAMAGED":
            raise
        rebuild.fill(part, FIRST_ANCHOR, (), ())
        return _Good(Damage(0, None, error.text))
    with reader:
        good = _good_part(reader, form)
        rebuild.fill(part, good.begin, _pages(reader, good), good.snapshots)
    return good


def _good_part(reader: JournalReader, form: int) -> _Good:
    report = verify(reader)
    if report.is_whole:
        raise JournalError("JOURNAL_WHOLE", "Nothing is wrong with this journal.", "There is nothing to salvage.")
    damage = report.damage or Damage(report.good_seq + 1, report.good_ms, "; ".join(report.pages))
    fitting = [one for one in _readable(lambda: reader.snapshots(form)) if not one.objection]
    behind = sorted((one for one in fitting if one.seq > report.good_seq), key=lambda one: one.seq)
    for one in behind:
        rest = Report(Anchor(one.seq, one.at_ms, one.hash))
        walk_chain(reader, rest)
        if rest.damage is None:
            kept = [other for other in fitting if one.seq <= other.seq <= rest.good_seq]
            return _Good(damage, rest.begin, rest.good_seq, rest.good_ms, rest.events, older_lost=True, snapshots=kept)
    if report.begin.seq and not any(report.begin.seq <= one.seq <= report.good_seq for one in fitting):
        # Without the snapshot that stands for the removed events, the rest of them says nothing.
        return _Good(damage)
    kept = [one for one in fitting if one.seq <= report.good_seq]
    return _Good(damage, report.begin, report.good_seq, report.good_ms, report.events, snapshots=kept)


def _readable(read: Callable[[], list[StateSnapshot]]) -> list[StateSnapshot]:
    try:
        return read()
    except JournalError:
        return []


def _pages(reader: JournalReader, good: _Good) -> Iterator[list[Row]]:
    seq = good.begin.seq
    while seq < good.last_seq:
        rows = [row for row in reader.rows_after(seq, min(2000, good.last_seq - seq)) if row.seq <= good.last_seq]
        if not rows:
            return
        seq = rows[-1].seq
        yield rows
