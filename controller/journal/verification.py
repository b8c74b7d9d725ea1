"""Is a journal whole? Walks the chain from its anchor to its end, and looks at snapshots, mark and pages.

Owns the report. Must never change what it looks at, and never stop at the first damage without having named it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from controller.journal.error import JournalError
from controller.journal.reader import JournalReader
from controller.journal.rows import Anchor, Row, StateSnapshot, broken


@dataclass(frozen=True, slots=True)
class Damage:
    """The first thing that is wrong: at which event, when the last good one was written, and what it is."""

    seq: int
    after_ms: int | None
    text: str


@dataclass(slots=True)
class Report:
    """What a walk found. ``good_seq`` is the last event of the unbroken part, ``events`` how many that part has."""

    begin: Anchor
    events: int = 0
    good_seq: int = 0
    first_ms: int | None = None
    good_ms: int | None = None
    damage: Damage | None = None
    snapshots: list[StateSnapshot] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Nothing is wrong with chain, end and pages. A snapshot that cannot be used costs time and no event."""
        return self.damage is None and not self.pages


def verify(reader: JournalReader, progress: Callable[[int], None] = lambda _seq: None) -> Report:
    """Walk the whole journal. Works beside a running controller; ``progress`` is told the number after each page."""
    try:
        report = Report(reader.anchor())
    except JournalError as error:
        report = Report(Anchor(0, 0, b""), damage=Damage(0, None, error.text))
        report.pages = reader.page_damage()
        return report
    walk_chain(reader, report, progress)
    if report.damage is None:
        report.damage = _lost_end(reader, report)
    try:
        report.snapshots = reader.snapshots()
    except JournalError as error:
        report.damage = report.damage or Damage(report.good_seq, report.good_ms, error.text)
    report.pages = reader.page_damage()
    return report


def walk_chain(reader: JournalReader, report: Report, progress: Callable[[int], None] = lambda _seq: None) -> None:
    """Follow the chain from the report's anchor as far as it goes, and note where it breaks."""
    seq, newest = report.begin.seq, report.begin.hash
    report.good_seq = seq
    while True:
        try:
            rows = reader.rows_after(seq)
            if rows and rows[0].seq != seq + 1 and (moved := reader.anchor()).seq > seq:
                # The controller removed old events meanwhile: go on behind its anchor.
                report.begin = moved
                seq, newest = moved.seq, moved.hash
                continue
        except JournalError as error:
            report.damage = Damage(seq + 1, report.good_ms, error.text)
            return
        if not rows:
            return
        for row in rows:
            if wrong := broken(row, seq + 1, newest):
                report.damage = Damage(seq + 1, report.good_ms, f"{wrong}.")
                return
            seq, newest = row.seq, row.hash
            _note(report, row)
        progress(seq)


def _note(report: Report, row: Row) -> None:
    report.events += 1
    report.good_seq, report.good_ms = row.seq, row.at_ms
    if report.first_ms is None:
        report.first_ms = row.at_ms


def _lost_end(reader: JournalReader, report: Report) -> Damage | None:
    """What the mark knows and the journal does not. A running controller writes it behind each commit, never before."""
    mark = reader.mark()
    if mark is None or mark.seq <= report.begin.seq:
        return None
    rows = reader.rows_after(mark.seq - 1, 1)
    if not rows:
        text = f"the journal ends with event {report.good_seq}, but event {mark.seq} was written already."
        return Damage(report.good_seq + 1, report.good_ms, text)
    if rows[0].hash.hex() != mark.hash:
        text = f"event {mark.seq} is another one than was written here: an older copy took the journal's place."
        return Damage(mark.seq, report.good_ms, text)
    return None
