"""The API as a process: start, refusals at the start, and its end."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.eventually import eventually_blocking

_URL = re.compile(r"listening on (http://\S+)")


@contextmanager
def process(state: Path, *arguments: str, log: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with log.open("wb") as err:
        running = subprocess.Popen(
            [sys.executable, "-m", "api.process", "--state", str(state), "--port", "0", *arguments], stderr=err
        )
    try:
        yield running, eventually_blocking(lambda: _url(running, log), 30, "the API's start")
    finally:
        with suppress(ProcessLookupError):
            running.kill()
        running.wait(10)


def _url(running: subprocess.Popen[bytes], log: Path) -> str:
    """Where the process listens, empty as long as it does not."""
    assert running.poll() is None, log.read_text()
    found = _URL.search(log.read_text())
    return found.group(1) if found else ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_ends_with_exit_0_though_a_listener_holds_a_stream(
    tmp_state: Path, tmp_path: Path, number: signal.Signals
) -> None:
    with (
        process(tmp_state, log=tmp_path / "log") as (running, url),
        httpx.Client(base_url=url) as http,
        http.stream("GET", "/api/v1/events?motion=true") as stream,
    ):
        assert stream.status_code == 200
        running.send_signal(number)
        assert running.wait(10) == 0
        assert list(stream.iter_bytes())
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_the_process_ends_with_its_parent(tmp_state: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-m', 'api.process', '--state', {str(tmp_state)!r}, '--port', '0'],"
        f" stderr=open({str(log)!r}, 'wb'))\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        try:
            child = int((parent.stdout.readline() if parent.stdout else "0").strip())
            eventually_blocking(lambda: log.exists() and _URL.search(log.read_text()), 30, "the API's start")
        finally:
            parent.kill()
    eventually_blocking(lambda: not _lives(child), 10, "the child's end")


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def _fails(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "api.process", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def test_a_port_in_use_is_one_coded_line_and_exit_1(tmp_state: Path, free_port: Callable[[], int]) -> None:
    with socket.socket() as other:
        port = free_port()
        other.bind(("127.0.0.1", port))
        other.listen()
        assert _fails("--state", str(tmp_state), "--port", str(port)).startswith("PORT_IN_USE: ")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--state", "/" + "x" * 120), "STATE_PATH_TOO_LONG"),
        (("--state", "/tmp", "--host", "192.0.2.1"), "ADDRESS_NOT_USABLE"),  # noqa: S108 - nothing is written there
    ],
)
def test_what_is_in_the_way_of_the_start_is_one_coded_line(arguments: tuple[str, ...], code: str) -> None:
    assert _fails(*arguments, "--port", "0").startswith(f"{code}: ")


def test_a_usage_error_exits_2(tmp_state: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "api.process", "--state", str(tmp_state), "--port", "70000"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2


def test_listening_beyond_loopback_is_warned_of(tmp_state: Path, tmp_path: Path) -> None:
    with process(tmp_state, "--host", "0.0.0.0", log=tmp_path / "log"):  # noqa: S104 - the warning is what is tested
        assert "OPEN_TO_THE_NETWORK" in (tmp_path / "log").read_text()


def test_a_name_is_answered_when_it_was_allowed(tmp_state: Path, tmp_path: Path) -> None:
    with process(tmp_state, "--allow-host", "tower.example", log=tmp_path / "log") as (_, url):
        live = f"{url}/api/v1/health/live"
        assert httpx.get(live, headers={"Host": "tower.example"}).status_code == 200
        assert httpx.get(live, headers={"Host": "other.example"}).status_code == 421


def test_the_process_loads_nothing_that_reaches_a_plc() -> None:
    program = (
        "import sys, api.process;"
        "print([m for m in sys.modules if m.split('.')[0] in"
        " ('plc_drivers', 'safety', 'pymodbus', 'asyncua', 'serial', 'sqlalchemy') or m.startswith('controller.core')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_a_stopped_listener_does_not_hold_up_the_end(tmp_state: Path, tmp_path: Path) -> None:
    with process(tmp_state, log=tmp_path / "log") as (running, url):
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as silent:
            silent.sendall(b"POST /api/v1/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{")
            time.sleep(0)
            os.kill(running.pid, signal.SIGTERM)
            assert running.wait(10) == 0
