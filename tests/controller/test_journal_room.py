"""The journal's disk: room is asked for long before there is none, and not at every small file."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from controller.journal import writer
from controller.journal.housekeeping import Limits
from controller.journal.journal import Journal
from controller.journal.room import Room
from tests.controller.journal_files import Counting
from tests.eventually import eventually_blocking


class Usage(NamedTuple):
    free: int


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Free space in MB as the system tells it, to be set."""
    seen = {"mb": 1000}
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(seen["mb"] * 1_000_000))
    return seen


def test_h10_room_is_asked_for_below_the_bound_again_at_the_half_and_until_well_above_it(
    tmp_path: Path, free: dict[str, int]
) -> None:
    room = Room(tmp_path / "garage.db", 400)
    told: list[str] = []
    for mb in (1000, 400, 399, 300, 200, 150, 100, 420, 499, 500, 450, 399):
        free["mb"] = mb
        room.look()
        told.append("" if room.fault is None else room.fault.detail.split()[0])
    assert told == ["", "", "399", "399", "399", "150", "150", "150", "150", "", "", "399"]


def test_a_disk_that_stays_full_is_told_once(
    tmp_path: Path, free: dict[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    """A line in the log every two seconds would keep it full."""
    room = Room(tmp_path / "garage.db", 400)
    free["mb"] = 0
    for _ in range(5):
        room.look()
    assert len(caplog.records) == 1
    assert room.fault is not None


def test_a_disk_that_cannot_be_asked_changes_nothing(tmp_path: Path) -> None:
    room = Room(tmp_path / "gone" / "garage.db", 400)
    room.look()
    assert room.fault is None


def test_the_journal_looks_by_itself_and_goes_on_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "LOOK_EVERY_S", 0.01)
    really_mb = shutil.disk_usage(tmp_path).free // 1_000_000
    journal = Journal.open(tmp_path / "garage.db")
    list(journal.load())
    journal.keep(Counting(), Limits(30, 64, free_min_mb=2 * really_mb))
    eventually_blocking(lambda: journal.room_fault is not None)
    assert journal.fault is None
    journal.close()
