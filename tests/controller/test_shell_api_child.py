"""The supervised child process, with real processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from controller.shell.api_child import ApiChild
from tests.eventually import eventually

SLEEP = ("-c", "import time; time.sleep(60)")
STUBBORN = "import signal, time, pathlib, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); {}; time.sleep(60)"


async def test_a_child_that_is_killed_is_started_again() -> None:
    child = ApiChild(SLEEP, back_off_s=(0.01,))
    child.start()
    first = await eventually(lambda: child.pid or 0)
    os.kill(first, signal.SIGKILL)
    second = await eventually(lambda: child.pid if child.starts == 2 else None)
    assert second != first
    await child.stop()
    assert child.pid is None


async def test_a_child_that_ends_at_once_is_not_started_in_a_storm() -> None:
    child = ApiChild(("-c", "raise SystemExit(3)"), back_off_s=(0.01, 60.0))
    child.start()
    await eventually(lambda: child.starts == 2 and child.pid is None)
    await child.stop()
    assert child.starts == 2


async def test_a_child_that_ignores_being_asked_is_killed(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    child = ApiChild(("-c", STUBBORN.format(f"pathlib.Path({str(ready)!r}).touch()")))
    child.start()
    await eventually(ready.exists)
    pid = child.pid
    await child.stop()
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
