"""``garagectl journal``, ``backup`` and ``restore``: what they print, how they fail, and what they leave behind."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.core import events as ev
from controller.core.interface import Recorded
from controller.journal import Journal
from tests.cli.garagectl import Garagectl
from tests.controller.journal_files import report, seqs, tamper, written
from tests.controller.test_shell_run import garagectl_run
from tests.eventually import eventually_blocking

ROOT = Path(__file__).parents[2]
SMALL = str(ROOT / "config" / "tower-small.toml")
DAY_MS = 24 * 3600 * 1000
MAY_MS = 1_777_593_600_000
"""2026-05-01T00:00Z."""


def order(number: int, at_ms: int) -> list[Recorded]:
    seq = 2 * number + 1
    return [
        Recorded(
            seq,
            at_ms,
            ev.OrderAccepted(
                order=f"o{number}",
                order_kind="retrieve",
                vehicle="kuga-01",
                actor="app",
                key="customer-secret",
                fingerprint="customer-print",
            ),
        ),
        Recorded(seq + 1, at_ms, ev.OrderEnded(order=f"o{number}", outcome="done")),
    ]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    records = [record for day in range(20) for record in order(day, MAY_MS + day * DAY_MS)]
    written(folder / "journal.sqlite", records)
    return folder


@pytest.fixture
def ctl(garagectl: Garagectl, state: Path) -> Callable[..., Any]:
    def call(*arguments: str) -> Any:
        return garagectl(*arguments, "--config", SMALL, "--state", str(state))

    return call


def lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


# --- verify ------------------------------------------------------------------------------------------------------


def test_a_whole_journal_is_said_to_be_whole(ctl: Callable[..., Any]) -> None:
    ran = ctl("journal", "verify")
    assert ran.code == 0
    assert "is whole." in ran.out
    assert "40 good events from 2026-05-01T00:00:00.000Z to 2026-05-20T00:00:00.000Z" in ran.out
    document = ctl("journal", "verify", "--json").document
    assert document["whole"] is True
    assert (document["first_seq"], document["last_seq"], document["broken"]) == (1, 40, None)


def test_the_first_broken_link_is_one_line_with_number_time_and_remedy(ctl: Callable[..., Any], state: Path) -> None:
    tamper(state / "journal.sqlite", "UPDATE journal SET at_ms = 5 WHERE seq = 9")
    ran = ctl("journal", "verify")
    assert ran.code == 1
    (line,) = ran.err.splitlines()
    assert line.startswith("JOURNAL_DAMAGED: ")
    assert "(event 9, after 2026-05-04T00:00:00.000Z)" in line
    assert "garagectl journal salvage" in line
    as_json = ctl("journal", "verify", "--json")
    assert as_json.code == 1
    assert as_json.document["broken"]["seq"] == 9
    assert as_json.document["whole"] is False


@pytest.mark.parametrize("command", [("verify",), ("tail",), ("export",)])
def test_what_is_no_journal_is_one_coded_line(garagectl: Garagectl, tmp_path: Path, command: tuple[str, ...]) -> None:
    absent = garagectl("journal", *command, "--file", str(tmp_path / "no.sqlite"))
    assert absent.code == 1
    assert absent.err.startswith("JOURNAL_UNREADABLE: ")
    (tmp_path / "text").write_text("hello " * 1000)
    ran = garagectl("journal", *command, "--file", str(tmp_path / "text"), "--json")
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1
    assert ran.document["error"]["code"] == "JOURNAL_DAMAGED"


# --- export ------------------------------------------------------------------------------------------------------


def test_an_export_has_everything_but_what_belongs_to_customers(ctl: Callable[..., Any]) -> None:
    ran = ctl("journal", "export")
    assert ran.code == 0
    found = lines(ran.out)
    assert [line["seq"] for line in found] == list(range(1, 41))
    assert found[0]["kind"] == "order-accepted"
    assert found[0]["at"] == "2026-05-01T00:00:00.000Z"
    assert found[0]["data"] == {"order": "o0", "order_kind": "retrieve", "vehicle": "kuga-01", "actor": "app"}
    assert len(found[0]["hash"]) == 64
    assert "customer" not in ran.out


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (("--from", "38"), [38, 39, 40]),
        (("--from", "5", "--to", "7"), [5, 6, 7]),
        (("--since", "2026-05-19"), [37, 38, 39, 40]),
        (("--since", "2026-05-02T00:00", "--until", "2026-05-03"), [3, 4]),
        (("--since", "2026-05-20T01:00+01:00", "--kind", "order-ended"), [40]),
        (("--to", "4", "--kind", "order-ended", "--kind", "order-accepted"), [1, 2, 3, 4]),
        (("--from", "41"), []),
    ],
)
def test_an_export_takes_what_was_asked_for(
    ctl: Callable[..., Any], options: tuple[str, ...], wanted: list[int]
) -> None:
    assert [line["seq"] for line in lines(ctl("journal", "export", *options).out)] == wanted


def test_an_export_into_a_packed_file_is_there_as_a_whole_or_not_at_all(
    ctl: Callable[..., Any], tmp_path: Path, state: Path
) -> None:
    out = tmp_path / "may.jsonl.gz"
    ran = ctl("journal", "export", "--out", str(out), "--json")
    assert ran.document == {"file": str(out), "events": 40}
    with gzip.open(out, "rt", encoding="utf-8") as packed:
        assert len(packed.readlines()) == 40
    before = out.read_bytes()
    tamper(state / "journal.sqlite", "UPDATE journal SET payload = CAST('{' AS BLOB) WHERE seq = 30")
    ran = ctl("journal", "export", "--out", str(out))
    assert ran.code == 1
    assert ran.err.startswith("JOURNAL_DAMAGED: Event 30")
    assert out.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["may.jsonl.gz", "state"]


def test_wrong_times_and_folders_are_named(ctl: Callable[..., Any], tmp_path: Path) -> None:
    assert ctl("journal", "export", "--since", "yesterday").code == 2
    ran = ctl("journal", "export", "--out", str(tmp_path / "no" / "x.jsonl"))
    assert ran.code == 1
    assert ran.err.startswith("FILE_NOT_WRITABLE: ")


def test_a_reader_that_has_seen_enough_ends_the_command_quietly(state: Path) -> None:
    written_more = [record for n in range(20, 4000) for record in order(n, MAY_MS)]
    written(state / "journal.sqlite", written_more)
    command = f"{sys.executable} -m cli.main journal export --file {state / 'journal.sqlite'} | head -n 1"
    ran = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert ran.stderr == ""
    assert json.loads(ran.stdout)["seq"] == 1


# --- tail --------------------------------------------------------------------------------------------------------


def test_the_newest_events_are_shown_as_text_or_lines_of_json(ctl: Callable[..., Any]) -> None:
    ran = ctl("journal", "tail", "-n", "2")
    assert ran.out.splitlines() == [
        '39 2026-05-20T00:00:00.000Z order-accepted order="o19" order_kind="retrieve" vehicle="kuga-01" actor="app"',
        '40 2026-05-20T00:00:00.000Z order-ended order="o19" outcome="done"',
    ]
    assert [line["seq"] for line in lines(ctl("journal", "tail", "--json").out)] == list(range(21, 41))


def test_following_shows_what_a_running_controller_writes_and_takes_no_lock(state: Path) -> None:
    path = state / "journal.sqlite"
    journal = Journal.open(path)
    for _ in journal.load():
        pass
    command = [sys.executable, "-m", "cli.main", "journal", "tail", "--file", str(path), "-n", "1", "-f", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, text=True) as process:
        if process.stdout is None or process.stderr is None:
            pytest.fail("no pipe")
        try:
            assert json.loads(process.stdout.readline())["seq"] == 40
            journal.append(order(20, MAY_MS))
            assert json.loads(process.stdout.readline())["seq"] == 41
            process.send_signal(signal.SIGINT)
            assert process.wait(20) in (0, 130), "does this shell ignore SIGINT for its background jobs?"
            assert process.stderr.read() == ""
        finally:
            process.kill()
            assert journal.close()


# --- salvage -----------------------------------------------------------------------------------------------------


def test_a_damaged_journal_refuses_the_start_and_names_the_command(state: Path, tmp_state: Path) -> None:
    path = tmp_state / "journal.sqlite"
    for file in state.iterdir():
        (tmp_state / file.name).write_bytes(file.read_bytes())
    tamper(path, "UPDATE journal SET at_ms = 5 WHERE seq = 33")
    with garagectl_run(tmp_state, "--no-api") as process:
        _, log = process.communicate(timeout=60)
    assert process.returncode == 1
    last = log.strip().splitlines()[-1]
    assert last.startswith("JOURNAL_DAMAGED: ")
    assert "event 33" in last
    assert "garagectl journal salvage" in last
    assert seqs(path) == list(range(1, 41)), "nothing was repaired"


def test_salvage_tells_what_is_kept_and_how_much_is_in_doubt(ctl: Callable[..., Any], state: Path) -> None:
    path = state / "journal.sqlite"
    tamper(path, "DELETE FROM journal WHERE seq = 33")
    ran = ctl("journal", "salvage", "--person", "Mia", "--json")
    assert ran.code == 0
    document = ran.document
    assert (document["damaged_seq"], document["events"], document["last_good"]) == (33, 32, "2026-05-16T00:00:00.000Z")
    assert document["positions_in_doubt"] == 10
    assert Path(document["aside"]).is_file()
    assert report(path).is_whole
    again = ctl("journal", "salvage", "--person", "Mia")
    assert again.code == 1
    assert again.err.startswith("JOURNAL_WHOLE: ")


def test_h08_after_a_salvage_the_machine_waits_for_people_to_say_what_stands_where(
    garagectl: Garagectl, tmp_state: Path
) -> None:
    with garagectl_run(tmp_state, "--no-api") as process:
        eventually_blocking(lambda: (tmp_state / "journal.sqlite").exists() and _ended_start(tmp_state), 60)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    (tmp_state / "journal.sqlite").unlink()
    ran = garagectl("journal", "salvage", "--person", "Mia", "--config", SMALL, "--state", str(tmp_state))
    assert ran.code == 0
    assert "The journal's file was gone." in ran.out
    with garagectl_run(tmp_state, "--no-api") as process:
        eventually_blocking(lambda: _ended_start(tmp_state), 60)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert process.returncode == 0
    kinds = [line["kind"] for line in lines(garagectl("journal", "export", "--file", _file(tmp_state)).out)]
    assert kinds[0] == "journal-salvaged"
    assert set(kinds[1:3]) == {"inventory-doubted"}
    assert "epoch-claimed" in kinds


def _file(state: Path) -> str:
    return str(state / "journal.sqlite")


def _ended_start(state: Path) -> bool:
    """The controller has claimed its epoch: it is in the journal."""
    path = state / "journal.sqlite"
    if not path.exists() or not path.stat().st_size:
        return False
    mark = path.with_name(path.name + ".mark")
    return mark.exists() and b'"seq"' in mark.read_bytes() and seqs(path)[-1] > 3


# --- backup and restore ------------------------------------------------------------------------------------------


def test_a_backup_comes_back_and_the_old_journal_is_kept(ctl: Callable[..., Any], state: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.sqlite"
    assert ctl("backup", str(file)).out.startswith(f"{file}: 40 events up to 40, verified")
    written(state / "journal.sqlite", order(20, MAY_MS))
    document = ctl("restore", str(file), "--person", "Mia", "--json").document
    assert document["last_seq"] == 40
    assert document["positions_in_doubt"] == 10
    assert seqs(Path(document["aside"]))[-1] == 42
    assert report(state / "journal.sqlite").is_whole


def test_neither_restore_nor_salvage_touches_the_journal_of_a_running_controller(
    ctl: Callable[..., Any], state: Path, tmp_path: Path
) -> None:
    file = tmp_path / "backup.sqlite"
    ctl("backup", str(file), "--json")
    journal = Journal.open(state / "journal.sqlite")
    for command in (("restore", str(file)), ("journal", "salvage")):
        ran = ctl(*command, "--person", "Mia")
        assert ran.code == 1
        assert ran.err.startswith("JOURNAL_LOCKED: ")
    journal.close()


@pytest.mark.parametrize("target", ["no/folder/b.sqlite", "."])
def test_a_backup_that_cannot_be_written_is_named(ctl: Callable[..., Any], tmp_path: Path, target: str) -> None:
    ran = ctl("backup", str(tmp_path / target))
    assert ran.code == 1
    assert ran.err.startswith("JOURNAL_UNWRITABLE: ")
    assert len(ran.err.splitlines()) == 1
    assert os.listdir(tmp_path) == ["state"]  # noqa: PTH208


def test_nothing_is_ever_written_over_the_journal_itself(ctl: Callable[..., Any], state: Path) -> None:
    path = str(state / "journal.sqlite")
    for command in (
        ("backup", path),
        ("journal", "export", "--out", path),
        ("restore", path, "--person", "Mia"),
    ):
        ran = ctl(*command)
        assert ran.code == 1
        assert "is the journal itself" in ran.err
    assert report(state / "journal.sqlite").is_whole
