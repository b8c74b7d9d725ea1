"""Help, usage errors and exit codes of every command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.garagectl import Garagectl

ROOT = Path(__file__).parents[2]
SMALL = str(ROOT / "config" / "tower-small.toml")

COMMANDS = [
    ("check-config",),
    ("contract",),
    ("interlocks",),
    ("prove",),
    ("emulate",),
    ("run",),
    ("demo",),
    ("status",),
    ("explain",),
    ("orders",),
    ("retrieve",),
    ("store",),
    ("relocate",),
    ("withdraw",),
    ("start",),
    ("stop",),
    ("clear",),
    ("alarms",),
    ("alarms", "list"),
    ("alarms", "ack"),
    ("alarms", "confirm"),
    ("alarms", "shelve"),
    ("alarms", "unshelve"),
    ("alarms", "out-of-service"),
    ("alarms", "return-to-service"),
    ("alarms", "figures"),
    ("alarms", "definitions"),
    ("zones",),
    ("lock",),
    ("unlock",),
    ("end-fire",),
    ("occupancy",),
    ("confirm",),
    ("recover",),
    ("manual",),
    ("diag", "link"),
    ("diag", "io"),
    ("fault", "inject"),
    ("fault", "clear"),
    ("fault", "list"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example_and_json_on_80_columns(
    garagectl: Garagectl, command: tuple[str, ...]
) -> None:
    ran = garagectl(*command, "--help")
    assert ran.code == 0
    assert f"Example: garagectl {' '.join(command)}" in ran.out
    assert "--json" in ran.out
    assert max(len(line) for line in ran.out.splitlines()) <= 80


def test_the_list_of_commands_is_complete(garagectl: Garagectl) -> None:
    out = garagectl("--help").out
    assert all(command[0] in out for command in COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        ("fly",),
        ("status", "--fast"),
        ("retrieve",),
        ("demo", "--speed", "0"),
        ("demo", "--speed", "many"),
        ("diag", "io"),
        ("run", "--port", "70000"),
        ("store", "car", "--length-mm", "-1"),
        ("check-config",),
        ("alarms", "ack"),
        ("alarms", "shelve", "lift1.slow", "--person", "Kim"),
        ("alarms", "shelve", "lift1.slow", "--person", "Kim", "--reason", "x", "--minutes", "0"),
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_2(garagectl: Garagectl, arguments: tuple[str, ...]) -> None:
    ran = garagectl(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err


def test_a_failed_operation_exits_1_with_one_line_that_says_what_to_do(
    garagectl: Garagectl, free_port: Callable[[], int]
) -> None:
    ran = garagectl("status", "--url", f"http://127.0.0.1:{free_port()}")
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1
    assert "API_UNREACHABLE" in ran.err
    assert "garagectl run" in ran.err


def test_a_failed_operation_is_an_object_with_json(garagectl: Garagectl, free_port: Callable[[], int]) -> None:
    ran = garagectl("retrieve", "kuga-01", "--json", "--url", f"http://127.0.0.1:{free_port()}")
    assert ran.code == 1
    assert ran.document["error"]["code"] == "API_UNREACHABLE"


def test_an_address_that_is_none_is_named(garagectl: Garagectl) -> None:
    ran = garagectl("status", "--url", "garage")
    assert ran.code == 1
    assert "BAD_URL" in ran.err


@pytest.mark.parametrize(
    "command", [("run",), ("emulate",), ("contract",), ("interlocks",), ("demo",), ("diag", "link")], ids=" ".join
)
def test_a_configuration_that_does_not_exist_is_named(
    garagectl: Garagectl, tmp_path: Path, command: tuple[str, ...]
) -> None:
    ran = garagectl(*command, "--config", str(tmp_path / "no.toml"))
    assert ran.code == 1
    assert "no.toml" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_a_valid_configuration_is_described(garagectl: Garagectl) -> None:
    ran = garagectl("check-config", SMALL)
    assert ran.code == 0
    assert "is valid" in ran.out
    assert garagectl("check-config", SMALL, "--json").document["places"] == 8


def test_every_mistake_of_a_configuration_is_listed(garagectl: Garagectl, tmp_path: Path) -> None:
    text = Path(SMALL).read_text(encoding="utf-8").replace("column = 2,", "colunm = 2,")
    text = text.replace("layout =", "layuot =").replace('side = "left"', 'side = "front"')
    path = tmp_path / "wrong.toml"
    path.write_text(text, encoding="utf-8")
    ran = garagectl("check-config", str(path))
    assert ran.code == 1
    assert ran.out == ""
    assert "garage.layuot" in ran.err
    assert "Did you mean layout?" in ran.err
    assert 'cabins[0].side = "front"' in ran.err
    listed = garagectl("check-config", str(path), "--json").document
    assert listed["valid"] is False
    assert {finding["key"] for finding in listed["findings"]} >= {"garage.layuot", "garage.layout", "cabins[0].side"}


def test_contract_prints_one_device_or_all_of_them(garagectl: Garagectl) -> None:
    assert "position_mm" in garagectl("contract", "--config", SMALL, "--device", "lift1").out
    document = garagectl("contract", "--config", SMALL, "--json").document
    assert len(document["devices"]) == 4
    ran = garagectl("contract", "--config", SMALL, "--device", "lift9")
    assert ran.code == 1
    assert "Did you mean lift1?" in ran.err


def test_interlocks_prints_those_of_the_garage_that_is_named(garagectl: Garagectl) -> None:
    out = garagectl("interlocks", "--config", SMALL).out
    assert "# Interlocks of Small tower" in out
    assert "#### `lift1.start-rider-home`" in out
    document = garagectl("interlocks", "--config", SMALL, "--json").document
    assert document["garage"] == "tower-small"
    docked = next(entry for entry in document["interlocks"] if entry["id"] == "lift1.rider-docked")
    assert docked["guards"] == ["lift1.travel"]
    assert "shuttle1.station = 2" in docked["holds"]


def test_a_device_that_does_not_exist_is_named(garagectl: Garagectl) -> None:
    ran = garagectl("diag", "io", "shuttel1", "--config", SMALL)
    assert ran.code == 1
    assert "Did you mean shuttle1?" in ran.err


def test_diag_without_any_plc_says_which_one_is_absent(garagectl: Garagectl, tmp_path: Path) -> None:
    ran = garagectl(
        "diag", "link", "safety-plc", "--config", SMALL, "--state", str(tmp_path), "--seconds", "0.3", "--json"
    )
    assert ran.code == 1
    assert ran.err.count("\n") == 1
    assert ran.document["sound"] is False, "one document, not a second one for the failure"


@pytest.mark.parametrize("command", [("emulate",), ("demo", "--once")])
def test_a_state_folder_that_cannot_be_made_is_named(
    garagectl: Garagectl, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "file").touch()
    ran = garagectl(*command, "--config", SMALL, "--state", str(tmp_path / "file" / "state"))
    assert ran.code == 1
    assert ran.err.splitlines()[-1].startswith("STATE_NOT_WRITABLE: ")
    assert "Traceback" not in ran.err


def test_the_entry_point_works_as_a_module() -> None:
    ran = subprocess.run([sys.executable, "-m", "cli.main", "fly"], cwd=ROOT, capture_output=True, check=False)
    assert ran.returncode == 2
