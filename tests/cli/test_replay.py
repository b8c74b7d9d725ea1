"""``garagectl replay`` and ``garagectl black-box``: what they print, and how they end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard

from controller.black_box.form import Cycle, Head, Message, pack
from controller.black_box.ring import Bounds, Freeze, Ring
from controller.config.load import load_config
from controller.local_link.messages import ClearDevice
from controller.local_link.messages import Start as StartAutomatic
from tests.cli.garagectl import Garagectl
from tests.conftest import CONFIG_FOLDER
from tests.controller.black_box.recording_garage import RecordingGarage

SMALL = str(CONFIG_FOLDER / "tower-small.toml")


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    """Twenty-one seconds of the small tower, cleared after two and started after four."""
    garage = RecordingGarage(load_config(CONFIG_FOLDER / "tower-small.toml"))
    garage.until(lambda: False, 2)
    garage.ask(ClearDevice(device="all", actor="test"))
    garage.until(lambda: False, 2)
    garage.ask(StartAutomatic(actor="test"))
    garage.until(lambda: False, 17)
    return [
        msgspec.structs.replace(one, run="one", software="0.0.9") if isinstance(one, Head) else one
        for one in garage.messages
    ]


Written = Callable[[list[Message]], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Writes messages into one file."""

    def write(found: list[Message]) -> Path:
        path = tmp_path / "x.gbx"
        path.write_bytes(zstandard.compress(b"".join(pack(one) for one in found)))
        return path

    return write


def document(garagectl: Garagectl, *arguments: str, exit_code: int = 0) -> dict[str, Any]:
    """What a command prints with --json."""
    done = garagectl(*arguments, "--json")
    assert done.code == exit_code
    found = json.loads(done.out)
    assert isinstance(found, dict)
    return found


def test_a_recording_that_decides_the_same_ends_with_0(
    garagectl: Garagectl, messages: list[Message], written: Written
) -> None:
    path = written(messages)
    done = garagectl("replay", str(path))
    assert done.code == 0
    assert "1050 cycles" in done.out
    assert "all the same" in done.out
    assert "0.0.9" in done.out
    assert all(len(line) <= 120 for line in done.out.splitlines())
    found = document(garagectl, "replay", str(path))
    assert found["same"] is True
    assert (found["cycles"], found["segments"], found["gaps"], found["differs"]) == (1050, 3, 0, None)
    assert found["speed_x"] > 0


def test_the_timeline_tells_requests_events_and_commands_in_their_order(
    garagectl: Garagectl, messages: list[Message], written: Written
) -> None:
    done = garagectl("replay", str(written(messages)), "--timeline")
    lines = done.out.splitlines()
    asked = next(index for index, line in enumerate(lines) if "asked start actor=test: accepted" in line)
    changed = next(index for index, line in enumerate(lines) if "mode-changed mode=automatic" in line)
    assert asked < changed
    assert "the recording begins here" in lines[0]
    assert sum("the recording begins here" in line for line in lines) == 1
    found = document(garagectl, "replay", str(written(messages)), "--timeline")
    assert any("mode-changed" in one["text"] for one in found["timeline"])


def test_the_first_cycle_that_differs_is_named_and_the_end_is_1(
    garagectl: Garagectl, messages: list[Message], written: Written
) -> None:
    index = next(i for i, one in enumerate(messages) if isinstance(one, Cycle) and one.decided and one.decided.asks)
    cycle = messages[index]
    assert isinstance(cycle, Cycle)
    assert cycle.decided is not None
    silent = msgspec.structs.replace(cycle, decided=msgspec.structs.replace(cycle.decided, asks=[]))
    path = written([*messages[:index], silent, *messages[index + 1 :]])
    done = garagectl("replay", str(path))
    assert done.code == 1
    assert f"REPLAY_DIFFERS: Cycle {cycle.number} at " in done.err
    assert "Traceback" not in done.err
    found = document(garagectl, "replay", str(path), exit_code=1)
    assert found["same"] is False
    assert found["differs"]["cycle"] == cycle.number
    assert any("answers" in text for text in found["differs"]["in"])


def test_damage_is_named_after_the_good_part_was_played(
    garagectl: Garagectl, messages: list[Message], written: Written
) -> None:
    path = written(messages)
    whole = zstandard.compress(b"".join(pack(one) for one in messages[:200]))
    path.write_bytes(whole + b"not a frame at all")
    done = garagectl("replay", str(path))
    assert done.code == 1
    assert "RECORDING_DAMAGED" in done.err
    assert "198 cycles" in done.out


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, "RECORDING_UNREADABLE"), (b"", "RECORDING_EMPTY"), (b"root:x:0:0", "RECORDING_EMPTY")],
)
def test_what_is_no_recording_is_refused_in_one_line(
    garagectl: Garagectl, tmp_path: Path, content: bytes | None, code: str
) -> None:
    path = tmp_path / "x.gbx"
    if content is not None:
        path.write_bytes(content)
    done = garagectl("replay", str(path))
    assert done.code == 1
    assert done.err.startswith(f"{code}: {path}")
    assert len(done.err.splitlines()) == 1
    assert document(garagectl, "replay", str(path), exit_code=1)["error"]["code"] == code


@pytest.fixture
def state(tmp_path: Path, messages: list[Message]) -> Path:
    """A state folder with a ring of three segments and a recording kept around a trip."""
    ring = Ring(tmp_path / "state" / "black-box", Bounds(6, 256))
    ring.make()
    heads = [index for index, one in enumerate(messages) if isinstance(one, Head)]
    for begin, end in zip(heads, [*heads[1:], len(messages)], strict=True):
        head = messages[begin]
        assert isinstance(head, Head)
        path = ring.next_segment(head.unix_ms).path
        path.write_bytes(zstandard.compress(b"".join(pack(one) for one in messages[begin:end])))
        ring.freeze(Freeze(["zone1.estop"], head.unix_ms, head.unix_ms))
    return tmp_path / "state"


def test_the_list_tells_ring_and_kept_recordings(garagectl: Garagectl, state: Path) -> None:
    done = garagectl("black-box", "list", "--config", SMALL, "--state", str(state))
    assert done.code == 0
    assert "3 segments" in done.out
    assert "zone1.estop.gbx" in done.out.replace("\n", "")
    found = document(garagectl, "black-box", "list", "--config", SMALL, "--state", str(state))
    assert found["segments"] == 3
    assert len(found["frozen"]) == 3
    empty = garagectl("black-box", "list", "--config", SMALL, "--state", str(state / "none"))
    assert empty.code == 0
    assert "Nothing has been recorded" in empty.out


def test_a_copy_and_the_folder_itself_replay_the_same(garagectl: Garagectl, state: Path, tmp_path: Path) -> None:
    copy = tmp_path / "incident.gbx"
    done = garagectl("black-box", "save", str(copy), "--config", SMALL, "--state", str(state))
    assert done.code == 0
    assert copy.stat().st_mode & 0o077 == 0
    of_copy, of_folder = (document(garagectl, "replay", str(path)) for path in (copy, state))
    assert of_copy["cycles"] == of_folder["cycles"] == 1050
    newest = tmp_path / "newest.gbx"
    garagectl("black-box", "save", str(newest), "--minutes", "1", "--config", SMALL, "--state", str(state))
    # All of it is older than a minute but the last segment, which never counts as old.
    assert document(garagectl, "replay", str(newest))["segments"] == 1


def test_a_copy_that_cannot_be_written_or_has_nothing_in_it_is_refused(
    garagectl: Garagectl, state: Path, tmp_path: Path
) -> None:
    nowhere = garagectl("black-box", "save", str(tmp_path / "no" / "x.gbx"), "--config", SMALL, "--state", str(state))
    assert nowhere.code == 1
    assert nowhere.err.startswith("FILE_NOT_WRITABLE")
    nothing = garagectl("black-box", "save", str(tmp_path / "x.gbx"), "--config", SMALL, "--state", str(tmp_path))
    assert nothing.err.startswith("RECORDING_EMPTY")
