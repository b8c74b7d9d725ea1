"""A damaged journal: named, never repaired, salvaged by a person, and books that are then in doubt."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from controller.config.load import load_config
from controller.core import mode_events as mev
from controller.core.core import GarageCore
from controller.core.doubt import everything_doubted
from controller.core.events import DECODER, VehicleKnown
from controller.core.finding import ConfirmAt, findings
from controller.core.interface import Recorded
from controller.core.journal_events import JournalRestored, JournalSalvaged
from controller.core.log import EventLog
from controller.core.situation import Situation
from controller.garage import Layout
from controller.journal import Journal, JournalError, database, housekeeping
from controller.journal.copy import backup
from controller.journal.housekeeping import Limits, cut
from controller.journal.reader import JournalReader
from controller.journal.restore import restore
from controller.journal.salvage import salvage
from controller.local_link.messages import Refused, Start
from controller.local_link.mode_messages import ConfirmInventory
from tests.conftest import CONFIG_FOLDER
from tests.controller.journal_files import (
    Counting,
    events,
    opened,
    report,
    seqs,
    tamper,
    until,
    with_snapshots,
    written,
)
from tests.controller.resting_garage import RestingGarage

DOUBT = [mev.InventoryDoubted(device="shuttle1", positions=["l1-c1-left", "shuttle1-deck"])]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite"


def newest(path: Path, count: int) -> list[object]:
    with JournalReader(path) as opened_one:
        last = opened_one.last()
        assert last is not None
        return [DECODER.decode(row.payload) for row in opened_one.rows_after(last.seq - count)]


def aside_of(path: Path, word: str) -> list[Path]:
    return sorted(p for p in path.parent.glob(f"{path.name}.{word}-*") if not p.name.endswith("-wal"))


def left_over(path: Path) -> list[str]:
    return [p.name for p in path.parent.iterdir() if ".part-" in p.name]


# --- naming ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "seq", "text"),
    [
        ("UPDATE journal SET payload = CAST('{}' AS BLOB) WHERE seq = 7", 7, "the chain breaks at event 7"),
        ("UPDATE journal SET at_ms = 1 WHERE seq = 7", 7, "the chain breaks at event 7"),
        ("DELETE FROM journal WHERE seq = 7", 7, "event 7 is missing; the next one is 8"),
        ("DELETE FROM journal WHERE seq < 7", 1, "event 1 is missing; the next one is 7"),
        ("DELETE FROM journal WHERE seq > 7", 8, "ends with event 7, but event 20 was written"),
        ("UPDATE journal SET kind = 7 WHERE seq = 7", 7, ""),
        ("UPDATE journal SET hash = 'text' WHERE seq = 7", 7, "breaks at event 7"),
    ],
)
def test_the_first_broken_link_is_named_with_the_last_good_time(
    path: Path, statement: str, seq: int, text: str
) -> None:
    written(path, events(1, 20))
    tamper(path, statement)
    damage = report(path).damage
    assert damage is not None
    assert damage.seq == seq
    assert text in damage.text
    assert damage.after_ms == (None if seq == 1 else 1_000 + seq - 1)


def test_a_corrupted_page_is_named_with_the_last_good_event(path: Path) -> None:
    written(path, events(1, 3000))
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(os.urandom(8192))
    found = report(path)
    assert found.damage is not None
    assert 0 < found.damage.seq <= 3000
    assert found.good_seq == found.damage.seq - 1 or found.good_seq % 2000 == 0
    assert found.pages
    with pytest.raises(JournalError) as caught:
        opened(path)
    assert caught.value.code == "JOURNAL_DAMAGED"
    assert "garagectl journal salvage" in caught.value.remedy


def test_a_whole_journal_is_reported_whole_beside_its_writer(path: Path) -> None:
    journal, fold = opened(path)
    journal.keep(fold)
    journal.append(events(1, 50))
    assert report(path).is_whole
    assert journal.close()
    found = report(path)
    assert (found.is_whole, found.events, found.good_seq) == (True, 50, 50)


def test_a_journal_that_another_program_holds_is_not_called_damaged(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_TIMEOUT_MS", 10)
    written(path, events(1, 20))
    copy = tmp_path / "backup.sqlite"
    backup(path, copy)
    other = sqlite3.connect(copy, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(JournalError) as caught:
        Journal.open(copy)
    other.close()
    assert caught.value.code == "JOURNAL_LOCKED"
    assert report(copy).is_whole


# --- salvage -----------------------------------------------------------------------------------------------------


def test_a_broken_chain_keeps_what_is_before_it_and_says_so_in_the_first_new_event(path: Path) -> None:
    written(path, events(1, 20))
    tamper(path, "UPDATE journal SET at_ms = 1 WHERE seq = 13")
    before = path.read_bytes()
    done = salvage(path, DOUBT, "Mia", Counting.format, 99_000)

    assert done.events == 12
    assert seqs(path) == list(range(1, 15))
    salvaged, doubted = newest(path, 2)
    assert isinstance(salvaged, JournalSalvaged)
    assert (salvaged.damaged_seq, salvaged.kept_events, salvaged.good_ms) == (13, 12, 1_012)
    assert "chain breaks at event 13" in salvaged.damage
    assert (salvaged.person, salvaged.older_lost) == ("Mia", False)
    assert doubted == DOUBT[0]
    (aside,) = aside_of(path, "damaged")
    assert aside.read_bytes() == before, "the damaged file is kept as it was"
    assert salvaged.aside == aside.name
    assert report(path).is_whole
    assert left_over(path) == []
    written(path, events(15, 1))


def test_h08_damage_before_a_snapshot_keeps_the_snapshot_and_what_came_after(path: Path) -> None:
    with_snapshots(path, 40, 20)
    written(path, events(41, 5))
    tamper(path, "DELETE FROM journal WHERE seq = 7")
    done = salvage(path, DOUBT, "Mia", Counting.format, 99_000)
    assert done.event.older_lost
    assert done.event.damaged_seq == 7
    assert seqs(path) == list(range(21, 48)), "from the oldest snapshot behind the damage"
    journal, fold = opened(path)
    journal.close()
    assert (fold.seq, fold.total) == (47, sum(range(48)))
    assert report(path).is_whole


def test_a_journal_that_was_cut_for_its_age_is_salvaged_with_its_snapshots(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "EVENTS_KEPT_MIN", 5)
    with_snapshots(path, 60, 20)
    journal, _ = opened(path)
    with journal._engine.begin() as connection:
        assert cut(connection, Limits(30, 64), 10**13) == (20, False)
    journal.close()
    tamper(path, "DELETE FROM journal WHERE seq = 58")
    done = salvage(path, DOUBT, "Mia", Counting.format, 99_000)
    assert done.events == 37 or done.event.older_lost
    journal, fold = opened(path)
    journal.close()
    assert fold.seq >= 58
    assert report(path).is_whole


@pytest.mark.parametrize("content", [None, b"", b"not a database" * 500])
def test_a_file_that_is_gone_or_no_database_gives_a_new_journal_that_says_so(path: Path, content: bytes | None) -> None:
    written(path, events(1, 20))
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(JournalError):
        opened(path)
    done = salvage(path, DOUBT, "Mia", Counting.format, 99_000)
    assert done.events == 0
    assert isinstance(newest(path, 2)[0], JournalSalvaged)
    assert len(aside_of(path, "damaged")) == (0 if content is None else 1)
    opened(path)[0].close()


def test_a_corrupted_page_keeps_what_can_be_read_before_it(path: Path) -> None:
    written(path, events(1, 6000))
    with path.open("r+b") as file:
        file.seek(path.stat().st_size * 3 // 4)
        file.write(os.urandom(8192))
    done = salvage(path, DOUBT, "Mia", Counting.format, 99_000)
    assert done.events >= 2000
    assert report(path).is_whole
    opened(path)[0].close()


def test_a_truncated_file_is_refused_and_salvaged(path: Path) -> None:
    written(path, events(1, 3000))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with pytest.raises(JournalError) as caught:
        opened(path)
    assert caught.value.code == "JOURNAL_DAMAGED"
    salvage(path, DOUBT, "Mia", Counting.format, 99_000)
    assert report(path).is_whole


def test_a_whole_journal_is_not_salvaged_and_a_newer_one_neither(path: Path) -> None:
    written(path, events(1, 20))
    with pytest.raises(JournalError) as caught:
        salvage(path, DOUBT, "Mia", Counting.format, 0)
    assert caught.value.code == "JOURNAL_WHOLE"
    tamper(path, "UPDATE alembic_version SET version_num = '9999'")
    before = path.read_bytes()
    with pytest.raises(JournalError) as caught:
        salvage(path, DOUBT, "Mia", Counting.format, 0)
    assert caught.value.code == "JOURNAL_NEWER"
    assert path.read_bytes() == before
    assert left_over(path) == []
    assert aside_of(path, "damaged") == []


# --- backup and restore ------------------------------------------------------------------------------------------


def test_a_backup_is_one_whole_file_taken_beside_the_writer_and_comes_back(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup.sqlite"
    journal, fold = opened(path)
    journal.keep(fold)
    journal.append(events(1, 500))
    until(lambda: journal.durable_seq == 500)
    first = backup(path, target)
    journal.append(events(501, 500))
    assert journal.close()
    assert first.good_seq == 500
    assert not target.with_name(target.name + "-wal").exists()

    done = restore(target, path, DOUBT, "Mia", 99_000)
    assert done.last_seq == first.good_seq
    assert done.is_doubted
    assert seqs(path) == list(range(1, first.good_seq + 3))
    restored, doubted = newest(path, 2)
    assert isinstance(restored, JournalRestored)
    assert restored.person == "Mia"
    assert doubted == DOUBT[0]
    (aside,) = aside_of(path, "replaced")
    assert seqs(aside) == list(range(1, 1001)), "the old journal is kept whole"
    opened(path)[0].close()


def test_the_very_last_state_comes_back_without_doubt(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup.sqlite"
    written(path, events(1, 20))
    backup(path, target)
    path.unlink()
    done = restore(target, path, DOUBT, "Mia", 99_000)
    assert not done.is_doubted
    assert done.aside is None
    assert isinstance(newest(path, 1)[0], JournalRestored)


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        ("UPDATE journal SET at_ms = 1 WHERE seq = 3", "JOURNAL_DAMAGED"),
        ("UPDATE alembic_version SET version_num = '9999'", "JOURNAL_NEWER"),
        ("DROP TABLE journal", "JOURNAL_DAMAGED"),
        (None, "JOURNAL_UNREADABLE"),
    ],
)
def test_a_backup_that_is_not_whole_is_refused_and_the_journal_left_alone(
    path: Path, tmp_path: Path, damage: str | None, code: str
) -> None:
    target = tmp_path / "backup.sqlite"
    written(path, events(1, 20))
    if damage is not None:
        backup(path, target)
        tamper(target, damage)
    before = path.read_bytes()
    with pytest.raises(JournalError) as caught:
        restore(target, path, DOUBT, "Mia", 0)
    assert caught.value.code == code
    assert path.read_bytes() == before
    assert left_over(path) == []
    written(path, events(21, 1))


def test_a_backup_of_a_damaged_journal_is_refused_and_an_older_backup_kept(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup.sqlite"
    written(path, events(1, 20))
    backup(path, target)
    before = target.read_bytes()
    tamper(path, "UPDATE journal SET at_ms = 1 WHERE seq = 13")
    with pytest.raises(JournalError) as caught:
        backup(path, target)
    assert caught.value.code == "JOURNAL_DAMAGED"
    assert target.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["backup.sqlite"]


def test_a_backup_of_an_older_schema_is_brought_up_when_it_is_restored(path: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.sqlite"
    stored = sqlite3.connect(old)
    stored.executescript((Path(__file__).parent / "journal_data" / "schema-0001.sql").read_text(encoding="utf-8"))
    stored.close()
    before = old.read_bytes()
    path.parent.mkdir()
    restore(old, path, DOUBT, "Mia", 99_000)
    assert old.read_bytes() == before
    assert report(path).is_whole
    Journal.open(path).close()


# --- books in doubt ----------------------------------------------------------------------------------------------


@pytest.fixture
def garage() -> RestingGarage:
    garage = RestingGarage(Layout(load_config(CONFIG_FOLDER / "tower-small.toml")))
    for doubt in everything_doubted(garage.layout):
        record = Recorded(garage.core.last_seq + 1, 0, doubt)
        garage.core.fold([record])
        garage.recorded.append(record)
    garage.step(Start())
    return garage


def ask(garage: RestingGarage, position: str, vehicle: str | None, *, gone: bool = False) -> str:
    request = ConfirmInventory(position=position, vehicle=vehicle, person="Mia", gone=gone)
    answer = garage.step(request).answers[0].answer
    return answer.reason.code if isinstance(answer, Refused) else ""


def test_h08_every_position_that_can_hold_a_car_is_doubted_and_holds_its_units_back(garage: RestingGarage) -> None:
    doubted = garage.core.state.precautions.doubted
    assert doubted == set(garage.layout.positions)
    assert set(garage.core.state.precautions.unconfirmed.values()) == {"shuttle1", "cabin1"}
    for position in sorted(doubted):
        assert ask(garage, position, garage.core.state.occupant.get(position)) == ""
    assert garage.core.state.precautions.doubted == set()
    assert garage.core.state.precautions.unconfirmed == {}


def test_h06_cars_that_changed_places_left_or_came_in_the_lost_events_can_be_said(garage: RestingGarage) -> None:
    books = {place: car for place, car in garage.core.state.occupant.items() if "-c" in place}
    (first, one), (second, two) = list(books.items())[:2]
    assert ask(garage, first, two) == "VEHICLE_WOULD_BE_LOST"
    assert ask(garage, first, one, gone=True) == "NOT_A_WAY_OUT"
    assert ask(garage, first, two, gone=True) == ""
    assert garage.core.state.vehicles[one].position is None
    assert garage.core.state.occupant[first] == two
    assert ask(garage, second, one) == ""
    assert garage.core.state.occupant[second] == one


def test_a_car_whose_arrival_is_lost_comes_into_the_books_from_the_configuration(garage: RestingGarage) -> None:
    empty = next(p.id for p in garage.layout.storage() if p.id not in garage.core.state.occupant)
    assert ask(garage, empty, "never-heard-of") == "UNKNOWN_VEHICLE"
    entry = garage.layout.config.vehicles[0].model_copy(update={"id": "came-late", "place": empty})
    garage.layout.config = garage.layout.config.model_copy(update={"vehicles": (*garage.layout.config.vehicles, entry)})
    assert ask(garage, empty, "came-late") == ""
    assert garage.core.state.occupant[empty] == "came-late"
    known = next(
        r.event for r in garage.recorded if isinstance(r.event, VehicleKnown) and r.event.vehicle == "came-late"
    )
    assert known.position is None


def test_without_doubt_a_car_does_not_vanish_from_a_place() -> None:
    garage = RestingGarage(Layout(load_config(CONFIG_FOLDER / "tower-small.toml")))
    garage.step(Start())
    place, _ = next(iter(garage.core.state.occupant.items()))
    assert ask(garage, place, None, gone=True) in {"NOT_ASKED", "NOT_A_WAY_OUT"}
    assert isinstance(garage.core, GarageCore)


def test_h08_recovering_asks_about_each_position_and_takes_that_a_car_has_left(garage: RestingGarage) -> None:
    situation = Situation(
        garage.layout, garage.core.state, garage.image(), garage.verdict(), EventLog(garage.core.state, garage.now())
    )
    open_ones = {one.subject: one for one in findings(situation) if one.kind == "unconfirmed"}
    assert set(open_ones) == set(garage.layout.positions)
    place, car = next((place, car) for place, car in garage.core.state.occupant.items() if "-c" in place)
    assert "events of the journal were lost" in open_ones[place].text
    answers = {answer.id: answer.effect for answer in open_ones[place].answers}
    assert answers["gone"] == ConfirmAt(place, None, gone=True)
    assert answers[car] == ConfirmAt(place, car)
    assert "empty" not in answers, "the books have a car there: saying so must say where it went"
