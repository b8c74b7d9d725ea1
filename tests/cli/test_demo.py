"""The demonstration as a whole: real processes, real protocols, the plant as judge."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from controller.config.load import save_config
from controller.config.models import GarageConfig
from tests.eventually import eventually_blocking

ROOT = Path(__file__).parents[2]


@pytest.fixture
def config_file(config_on_free_ports: Callable[[str], GarageConfig], tmp_path: Path) -> Path:
    path = tmp_path / "garage.json"
    save_config(config_on_free_ports("tower-small"), path)
    return path


@pytest.fixture
def demo(config_file: Path, tmp_state: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the demonstration; whatever is left at the end is killed with everything it has started."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, state: Path = tmp_state / "state") -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "cli.main", "demo", "--config", str(config_file), "--state", str(state)]
        process = subprocess.Popen(
            [*command, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.timeout(300)
def test_a_car_comes_in_and_another_out_and_the_plant_has_nothing_to_report(
    demo: Callable[..., subprocess.Popen[str]],
) -> None:
    process = demo("--once", "--speed", "20", "--json")
    out, err = process.communicate(timeout=280)
    assert process.returncode == 0, out + err
    outcome = json.loads(out)
    assert outcome["violations"] == 0
    assert {order["kind"]: order["state"] for order in outcome["orders"]} == {"store": "done", "retrieve": "done"}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_the_demonstration_ends_with_exit_0_and_leaves_nothing_running(
    demo: Callable[..., subprocess.Popen[str]], config_file: Path, tmp_state: Path, number: signal.Signals
) -> None:
    process = demo("--speed", "20")
    url = f"http://127.0.0.1:{json.loads(config_file.read_text())['api']['port']}/api/v1/health/ready"
    eventually_blocking(lambda: _is_ready(url), 60, "ready for orders")
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, out + err
    assert f"curl -s -X POST {url.removesuffix('/health/ready')}/orders" in out
    assert "as the operator" in out
    assert not (tmp_state / "state" / "plant-control.json").exists()
    assert not _is_ready(url)


@pytest.mark.timeout(60)
def test_told_to_end_while_it_starts_it_ends(demo: Callable[..., subprocess.Popen[str]], tmp_state: Path) -> None:
    process = demo()
    eventually_blocking((tmp_state / "state" / "plant.log").exists, 20)
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_state_folder_in_use_is_refused(demo: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "journal.sqlite").write_text("")
    process = demo(state=tmp_path / "old")
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "STATE_NOT_EMPTY" in err


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.TransportError:
        return False
