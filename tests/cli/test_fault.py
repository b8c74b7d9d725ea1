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


def test_without_a_running_emulator_it_says_how_to_get_one(garagectl: Garagectl, tmp_state: Path) -> None:
    ran = garagectl("fault", "list", "--config", "config/tower-small.toml", "--state", str(tmp_state))
    assert ran.code == 1
    assert "PLANT_SILENT" in ran.err
