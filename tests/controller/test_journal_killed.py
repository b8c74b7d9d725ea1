"""Backup, restore and salvage killed at any moment: the name leads to the old file or to the complete new one."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.core.mode_events import InventoryDoubted
from controller.journal import JournalError
from controller.journal.copy import backup
from controller.journal.restore import restore
from controller.journal.salvage import salvage
from tests.controller.journal_files import Counting, events, opened, report, seqs, tamper, with_snapshots, written

ROUNDS = 25
DOUBT = [InventoryDoubted(device="shuttle1", positions=["shuttle1-deck"])]


def _killed_after(act: Callable[[], object], seconds: float) -> bool:
    """Run ``act`` in a process of its own and kill it then; False when it had ended before."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            act()
            code = 0
        finally:
            os._exit(code)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "it failed by itself"
    return os.WIFSIGNALED(status)


def _lasts_s(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def _moments(act: Callable[[], object], seed: int) -> list[float]:
    lasts_s = _lasts_s(act)
    chance = random.Random(seed)  # noqa: S311
    return [chance.uniform(0, 1.2 * lasts_s) for _ in range(ROUNDS)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder / "journal.sqlite"


def test_a_backup_killed_anywhere_leaves_the_old_one_or_the_whole_new_one(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup.sqlite"
    written(path, events(1, 10))
    backup(path, target)
    old = tmp_path / "old.sqlite"
    shutil.copy2(target, old)
    written(path, events(11, 2990))

    def act() -> None:
        backup(path, target)

    moments = _moments(act, seed=3)
    outcomes = set()
    for seconds in moments:
        shutil.copy2(old, target)
        killed = _killed_after(act, seconds)
        found = report(target)
        assert found.is_whole
        assert found.good_seq in (10, 3000)
        outcomes.add((killed, found.good_seq))
    assert (True, 10) in outcomes
    backup(path, target)
    assert [p.name for p in tmp_path.iterdir() if ".part-" in p.name] == [], "what the killed ones left is gone"


def test_h08_a_restore_killed_anywhere_leaves_the_old_journal_or_the_whole_restored_one(
    path: Path, tmp_path: Path
) -> None:
    target, old = tmp_path / "backup.sqlite", tmp_path / "old"
    with_snapshots(path, 1000, 500)
    backup(path, target)
    written(path, events(1001, 500))
    shutil.copytree(path.parent, old)

    def act() -> None:
        restore(target, path, DOUBT, "Mia", 99_000)

    moments = _moments(act, seed=4)
    outcomes = set()
    for seconds in moments:
        shutil.rmtree(path.parent)
        shutil.copytree(old, path.parent)
        killed = _killed_after(act, seconds)
        journal, fold = opened(path)
        journal.close()
        assert fold.seq in (1500, 1002)
        assert fold.total == sum(range(fold.seq + 1))
        assert report(path).is_whole
        outcomes.add((killed, fold.seq))
        if fold.seq == 1002:
            (aside,) = (p for p in path.parent.glob("journal.sqlite.replaced-*") if not p.name.endswith("-wal"))
            assert seqs(aside)[-1] == 1500, "nothing of the old journal is lost"
    assert (True, 1500) in outcomes


def test_a_salvage_killed_anywhere_leaves_the_damaged_journal_or_the_whole_new_one(path: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    written(path, events(1, 1500))
    tamper(path, "UPDATE journal SET at_ms = 1 WHERE seq = 1000")
    shutil.copytree(path.parent, old)

    def act() -> None:
        salvage(path, DOUBT, "Mia", Counting.format, 99_000)

    moments = _moments(act, seed=5)
    for seconds in moments:
        shutil.rmtree(path.parent)
        shutil.copytree(old, path.parent)
        _killed_after(act, seconds)
        found = report(path)
        if found.is_whole:
            assert found.good_seq == 1001
            opened(path)[0].close()
        else:
            assert found.damage is not None
            assert found.damage.seq == 1000
            with pytest.raises(JournalError):
                opened(path)
            salvage(path, DOUBT, "Mia", Counting.format, 99_000)
            assert report(path).is_whole


def test_a_run_killed_while_it_writes_snapshots_and_removes_events_leaves_a_whole_journal(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from controller.journal import housekeeping, keeper
    from controller.journal.housekeeping import Limits

    monkeypatch.setattr(housekeeping, "EVENTS_KEPT_MIN", 50)
    monkeypatch.setattr(housekeeping, "CUT_ROWS", 20)
    monkeypatch.setattr(keeper, "SNAPSHOT_EVENTS", 50)
    monkeypatch.setattr(keeper, "CUT_EVERY_S", 0.0)
    monkeypatch.setattr(keeper, "SHRINK_EVERY_S", 0.0)
    chance = random.Random(6)  # noqa: S311

    def act() -> None:
        journal, fold = opened(path)
        journal.keep(fold, Limits(30, 64))
        seq = fold.seq
        while True:
            journal.append(events(seq + 1, 10))
            seq += 10
            while journal.durable_seq < seq:
                time.sleep(0.0005)

    for _ in range(ROUNDS):
        assert _killed_after(act, chance.uniform(0.05, 0.4))
        journal, fold = opened(path)
        journal.close()
        assert fold.total == sum(range(fold.seq + 1))
        assert report(path).is_whole
    assert seqs(path)[0] > 1, "old events were removed meanwhile"
