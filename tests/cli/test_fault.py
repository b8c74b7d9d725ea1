"""``garagectl fault`` against a running emulator: what is broken shows on the wire, and can be repaired."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.plant_control import PlantControl
from controller.config.load import save_config
from controller.config.models import GarageConfig
from tests.cli.garagectl import Garagectl
from tests.eventually import eventually_blocking


@pytest.fixture
def where(config_on_free_ports: Callable[[str], GarageConfig], tmp_state: Path) -> Iterator[tuple[str, ...]]:
    """The options that name a running emulator."""
    file = tmp_state / "garage.json"
    save_config(config_on_free_ports("tower-small"), file)
    options = ("--config", str(file), "--state", str(tmp_state))
    command = [sys.executable, "-m", "cli.main", "emulate", *options, "--control-port", "0"]
    emulator = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        eventually_blocking(PlantControl(tmp_state).answers, 30, "the emulated plant")
        yield options
    finally:
        emulator.terminate()
        emulator.communicate(timeout=20)


def test_a_sensor_is_broken_listed_and_repaired(garagectl: Garagectl, where: tuple[str, ...]) -> None:
    ran = garagectl("fault", "inject", "lift1.rope_taut", "--kind", "stuck", "--value", "0", *where)
    assert (ran.code, ran.err) == (0, "")
    assert "lift1.rope_taut is now stuck at the sensor (value 0)" in ran.out
    seen = garagectl("diag", "io", "lift1", *where, "--json").document
    assert next(tag["value"] for tag in seen["tags"] if tag["tag"] == "rope_taut") is False
    garagectl("fault", "inject", "cabin1.state", "--kind", "stuck", *where)
    listed = garagectl("fault", "list", *where)
    assert [line.split()[0] for line in listed.out.splitlines()[1:]] == ["lift1.rope_taut", "cabin1.state"]
    assert garagectl("fault", "clear", "cabin1.state", *where).code == 0
    assert garagectl("fault", "clear", *where, "--json").document == {"cleared": 1}
    assert garagectl("fault", "list", *where).out == "No faults.\n"


def test_an_injection_that_is_not_supported_is_refused_with_exit_1(
    garagectl: Garagectl, where: tuple[str, ...]
) -> None:
    ran = garagectl("fault", "inject", "lift1.rope_taut", "--kind", "bad", *where, "--json")
    assert ran.code == 1
    assert ran.document["error"]["code"] == "NOT_SUPPORTED"
    assert garagectl("fault", "clear", "lift1.rope_taut", *where).err.startswith("NO_FAULT: ")
    assert garagectl("fault", "inject", "lift1.rope_taut", "--kind", "sad", *where).code == 2


def test_a_part_a_link_and_a_zone_can_be_broken_for_a_time(garagectl: Garagectl, where: tuple[str, ...]) -> None:
    assert (
        "lift1.drive is now drive-trip. Done."
        in garagectl("fault", "inject", "lift1.drive", "--kind", "drive-trip", *where).out
    )
    placed = garagectl("fault", "inject", "zone1", "--kind", "guard-open", "--for", "600", *where, "--json").document
    assert placed["for_ms"] == 600_000
    assert garagectl("fault", "inject", "machine-plc", "--kind", "silent", *where).code == 0
    assert garagectl("diag", "link", *where).code == 1
    listed = garagectl("fault", "list", *where, "--json").document["faults"]
    assert [fault["kind"] for fault in listed] == ["guard-open", "silent"]


def test_a_scenario_is_played_and_one_with_a_mistake_is_refused_with_its_line(
    garagectl: Garagectl, config_on_free_ports: Callable[[str], GarageConfig], tmp_state: Path
) -> None:
    config, file = tmp_state / "garage.json", tmp_state / "one.toml"
    save_config(config_on_free_ports("tower-small"), config)
    options = ("--config", str(config), "--state", str(tmp_state), "--scenario", str(file))
    file.write_text('name = "x"\n\n[[fault]]\ntarget = "zone1"\nkid = "estop"\nat_s = 0.1\n', encoding="utf-8")
    ran = garagectl("emulate", *options)
    assert ran.code == 1
    assert "UNKNOWN_KEY" in ran.err
    assert f"{file}:5: fault[0].kid" in ran.err
    assert "Did you mean kind?" in ran.err
    file.write_text(file.read_text(encoding="utf-8").replace("kid", "kind"), encoding="utf-8")
    command = [sys.executable, "-m", "cli.main", "emulate", *options]
    emulator = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert emulator.stderr is not None
        told = [emulator.stderr.readline() for _ in range(2)]
    finally:
        emulator.terminate()
        emulator.communicate(timeout=20)
    assert any("fault[0] estop at zone1" in line for line in told)


def test_without_a_running_emulator_it_says_how_to_get_one(garagectl: Garagectl, tmp_state: Path) -> None:
    ran = garagectl("fault", "list", "--config", "config/tower-small.toml", "--state", str(tmp_state))
    assert ran.code == 1
    assert "PLANT_SILENT" in ran.err
