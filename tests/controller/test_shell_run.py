"""The control process as a whole: real process, real journal, real local link, and PLCs that may be absent."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from controller.black_box.reader import Reader
from controller.black_box.replay import Replay
from controller.black_box.ring import Bounds, Ring
from controller.config.models import GarageConfig
from controller.core.events import VehicleKnown
from controller.core.interface import Recorded
from controller.journal import Journal
from controller.local_link.client import LocalLinkClient
from controller.local_link.messages import Accepted, Refused, Snapshot, Start
from controller.shell.run import run
from controller.shell.start_error import StartError
from sim_hardware.emulator import Emulator
from sim_hardware.fault import Fault, FaultKind
from tests.conftest import CONFIG_FOLDER
from tests.eventually import eventually, eventually_blocking

SMALL = CONFIG_FOLDER / "tower-small.toml"


@contextmanager
def garagectl_run(state: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "cli.main", "run", "--config", str(SMALL), "--state", str(state), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=20)


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/health/live", timeout=2):
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def children(pid: int) -> set[int]:
    try:
        return {int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    except FileNotFoundError:
        return set()


def journal_seqs(state: Path) -> list[int]:
    journal = Journal.open(state / "journal.sqlite")
    try:
        return [recorded.seq for recorded in journal.load()]
    finally:
        journal.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_process_regularly_with_its_api_and_a_whole_journal(
    tmp_state: Path, free_port: Callable[[], int], number: signal.Signals
) -> None:
    port = free_port()
    with garagectl_run(tmp_state, "--port", str(port)) as process:
        eventually_blocking(lambda: answers(port), 60)
        api = children(process.pid)
        process.send_signal(number)
        _, log = process.communicate(timeout=15)
        assert process.returncode == 0, log
        assert "ENDED" in log
        for pid in api:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
    seqs = journal_seqs(tmp_state)
    assert seqs == list(range(1, len(seqs) + 1))


def test_a_dead_api_is_started_again_and_the_cycle_goes_on(tmp_state: Path, free_port: Callable[[], int]) -> None:
    port = free_port()
    with garagectl_run(tmp_state, "--port", str(port)) as process:
        eventually_blocking(lambda: answers(port), 60)
        (first,) = children(process.pid)
        os.kill(first, signal.SIGKILL)
        eventually_blocking(lambda: children(process.pid) - {first} and answers(port), 60)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=15)
        assert process.returncode == 0
        assert "API_ENDED" in log


def test_the_api_does_not_outlive_a_control_process_that_was_killed(
    tmp_state: Path, free_port: Callable[[], int]
) -> None:
    port = free_port()
    with garagectl_run(tmp_state, "--port", str(port)) as process:
        eventually_blocking(lambda: answers(port), 60)
        process.kill()
        process.wait(10)
        eventually_blocking(lambda: not answers(port), 20)


def test_h13_two_controllers_cannot_use_one_state_directory(tmp_state: Path) -> None:
    with garagectl_run(tmp_state, "--no-api") as first:
        eventually_blocking((tmp_state / "journal.sqlite").exists, 60)
        with garagectl_run(tmp_state, "--no-api") as second:
            _, log = second.communicate(timeout=60)
            assert second.returncode == 1
            assert log.strip().splitlines()[-1].startswith("STATE_IN_USE: ")
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=15)
        assert first.returncode == 0


def test_a_journal_of_a_newer_version_ends_the_start_with_one_coded_line(tmp_state: Path) -> None:
    Journal.open(tmp_state / "journal.sqlite").close()
    with sqlite3.connect(tmp_state / "journal.sqlite") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with garagectl_run(tmp_state, "--no-api") as process:
        _, log = process.communicate(timeout=60)
    assert process.returncode == 1
    assert log.strip().splitlines()[-1].startswith("JOURNAL_NEWER: ")


def test_h08_a_journal_with_a_car_at_a_place_that_is_not_configured_ends_the_start(tmp_state: Path) -> None:
    car = VehicleKnown(
        vehicle="ka-01",
        model="Ford Ka",
        length_mm=3900,
        width_mm=1900,
        height_mm=1500,
        weight_kg=1000,
        position="l9-c9-left",
        heading="left",
    )
    journal = Journal.open(tmp_state / "journal.sqlite")
    list(journal.load())
    journal.append([Recorded(seq=1, at_ms=1, event=car)])
    journal.close()
    with garagectl_run(tmp_state, "--no-api") as process:
        _, log = process.communicate(timeout=60)
    assert process.returncode == 1
    assert log.strip().splitlines()[-1].startswith("JOURNAL_OTHER_GARAGE: ")
    assert "l9-c9-left" in log


async def test_a_profile_that_is_missing_ends_the_start_before_any_link_opens(
    tmp_state: Path, config_on_free_ports: Callable[[str], GarageConfig]
) -> None:
    config = config_on_free_ports("tower-small")
    lift = config.lifts[0].model_copy(update={"profile": tmp_state / "absent.toml"})
    config = config.model_copy(update={"lifts": (lift,)})
    with pytest.raises(StartError) as caught:
        await run(config, tmp_state, api=False, host="", port=0, signals=False)
    assert caught.value.code == "PROFILE_UNUSABLE"
    assert "lift1" in caught.value.text


class Garage:
    """An emulated garage in this process, and a control process's life beside it in the same loop."""

    def __init__(self, config: GarageConfig, state: Path, emulator: Emulator) -> None:
        self.config, self.state, self.emulator = config, state, emulator
        self.client = LocalLinkClient(state)
        self.controller: asyncio.Task[int] | None = None

    def start(self) -> None:
        self.controller = asyncio.create_task(
            run(self.config, self.state, api=False, host="", port=0, signals=False), name="controller"
        )

    async def stop(self) -> None:
        if self.controller is not None:
            self.controller.cancel()
            with pytest.raises(asyncio.CancelledError):
                await self.controller

    async def snapshot(self, condition: Callable[[Snapshot], bool]) -> Snapshot:
        def found() -> Snapshot | None:
            snapshot = self.client.snapshot
            return snapshot if snapshot is not None and condition(snapshot) else None

        result = await eventually(found, 30)
        if result is None:
            pytest.fail("no snapshot")
        return result


@pytest.fixture
async def garage(tmp_state: Path, config_on_free_ports: Callable[[str], GarageConfig]) -> AsyncIterator[Garage]:
    config = config_on_free_ports("tower-small")
    emulator = Emulator(config, tmp_state)
    await emulator.start()
    made = Garage(config, tmp_state, emulator)
    made.client.start()
    made.start()
    yield made
    await made.stop()
    await made.client.stop()
    await emulator.stop()


async def test_h13_each_life_of_the_controller_owns_every_device_with_a_higher_epoch(garage: Garage) -> None:
    def owned(epoch: int) -> Callable[[Snapshot], bool]:
        return lambda snapshot: (
            snapshot.epoch == epoch
            and all(device.quality == "good" for device in snapshot.devices)
            and {d.values.get("owner_epoch", epoch) for d in snapshot.devices} == {epoch}
        )

    first = await garage.snapshot(owned(1))
    assert first.mode == "stopped"
    await garage.stop()
    garage.start()
    await garage.snapshot(owned(2))


async def test_h13_a_lost_state_directory_does_not_make_the_controller_fall_behind_what_the_plcs_have_seen(
    garage: Garage,
) -> None:
    await garage.snapshot(lambda s: s.epoch == 1 and all(d.values.get("owner_epoch", 1) == 1 for d in s.devices))
    await garage.stop()
    for file in garage.state.glob("journal.sqlite*"):
        file.unlink()
    garage.start()
    await garage.snapshot(lambda s: s.epoch == 2)


async def test_the_journal_holds_the_takeover_after_an_end(garage: Garage) -> None:
    await garage.snapshot(lambda snapshot: snapshot.epoch == 1)
    await garage.stop()
    garage.controller = None
    journal = Journal.open(garage.state / "journal.sqlite")
    kinds = [type(recorded.event).__name__ for recorded in journal.load()]
    journal.close()
    assert kinds[0] == "EpochClaimed"
    assert kinds.count("VehicleKnown") == len(garage.config.vehicles)


async def test_h18_a_trip_over_the_wire_is_kept_by_the_black_box_and_decides_the_same_again(garage: Garage) -> None:
    await garage.snapshot(lambda s: s.epoch == 1 and all(d.quality == "good" for d in s.devices))
    answer = await garage.client.request(Start(actor="test"))
    assert isinstance(answer, Accepted | Refused)
    garage.emulator.garage.faults.inject(Fault("zone1", FaultKind.ESTOP))
    await garage.snapshot(lambda s: any(trip.id == "zone1.emergency-stop" for trip in s.trips))
    await garage.stop()
    garage.controller = None
    ring = Ring(garage.state / "black-box", Bounds(6, 256))
    pending = ring.pending()
    assert pending is not None
    assert "zone1.emergency-stop" in pending.trips
    replay = Replay()
    course = [one for segment in ring.segments() for one in replay.play(Reader(segment.path).messages())]
    assert [one.differences for one in course if one.differences] == []
    requests = [request for one in course if one.cycle.decided for _, request in one.cycle.decided.asks]
    assert Start(actor="test") in requests
    assert any(one.cycle.judged and one.cycle.judged.trips for one in course)
