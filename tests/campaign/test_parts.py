"""The parts of a campaign: a disk that crashes, wires that lose answers, shortest stories, recordings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cli.campaign import recording, story
from cli.campaign import run as run_module
from cli.campaign.checkers import Finding
from cli.campaign.disk import VirtualDisk
from cli.campaign.plan import Planned
from cli.campaign.run import PERIOD_MS, Outcome, Run, Settings, campaign_config
from cli.campaign.story import minimal
from cli.campaign.virtual_garage import VirtualGarage
from cli.failure import Failure
from controller.config.load import load_config
from controller.config.models import GarageConfig
from controller.core.events import EpochClaimed
from controller.core.interface import Recorded
from plc_drivers.reading import Quality
from sim_hardware.fault import Fault, FaultKind, FaultRefusedError
from tests.cli.garagectl import Garagectl

CONFIG = Path(__file__).parents[2] / "config"


def _event(seq: int) -> Recorded:
    return Recorded(seq, 1000 + seq, EpochClaimed(epoch=seq, seen=0))


def test_a_crash_takes_what_was_not_on_disk_and_nothing_else() -> None:
    disk = VirtualDisk()
    disk.append([_event(1)], 0)
    disk.latency_ms = 500
    disk.append([_event(2)], 0)
    assert disk.durable_seq == 1
    disk.pass_time(499)
    disk.crash()
    assert disk.lost == 1
    assert [one.event for one in disk.load()] == [_event(1).event]
    disk.append([_event(2)], 1000)
    disk.pass_time(1500)
    assert disk.durable_seq == 2


def test_a_full_disk_takes_nothing_and_says_so() -> None:
    disk = VirtualDisk()
    disk.is_full = True
    disk.append([_event(1)], 0)
    disk.pass_time(10_000)
    assert disk.durable_seq == 0
    assert disk.fault is not None
    disk.is_full = False
    disk.pass_time(10_100)
    assert disk.fault is None


def _garage() -> VirtualGarage:
    garage = VirtualGarage(campaign_config(load_config(CONFIG / "tower-small.toml"), 1), period_ms=PERIOD_MS)
    for _ in range(30):
        garage.cycle()
    return garage


@pytest.mark.parametrize(
    ("kind", "value", "period_ms", "quality"),
    [
        (FaultKind.SILENT, None, None, Quality.STALE),
        (FaultKind.GARBAGE, None, None, Quality.STALE),
        (FaultKind.LOSSY, 1, None, Quality.STALE),
        (FaultKind.LOSSY, 3, None, Quality.GOOD),
        (FaultKind.LATE, None, 100, Quality.GOOD),
        (FaultKind.LATE, None, 400, Quality.STALE),
        (FaultKind.REPEATED, None, None, Quality.GOOD),
    ],
)
def test_what_a_damaged_link_shows(kind: FaultKind, value: int | None, period_ms: int | None, quality: Quality) -> None:
    garage = _garage()
    garage.hardware.faults.inject(Fault("machine-plc", kind, value, period_ms))
    for _ in range(12):
        garage.cycle()
    assert garage.image["lift1"].quality is quality
    assert garage.hardware.faults.took("machine-plc") > 0
    garage.hardware.faults.clear("machine-plc")
    for _ in range(6):
        garage.cycle()
    assert garage.image["lift1"].quality is Quality.GOOD


def test_a_link_that_is_none_is_refused() -> None:
    with pytest.raises(FaultRefusedError, match="UNKNOWN_TARGET"):
        _garage().hardware.faults.inject(Fault("no-such-link", FaultKind.SILENT))


def test_a_quiet_garage_is_jumped_over_and_a_busy_one_is_not() -> None:
    garage = _garage()
    assert garage.jump(garage.now_ms + 60_000) == 0
    for _ in range(600):
        garage.cycle()
    before = garage.now_ms
    passed = garage.jump(before + 60_000)
    assert passed > 10_000
    assert garage.now_ms == before + passed
    garage.hardware.plant.zone(1).press_estop()
    garage.cycle()
    assert garage.jump(garage.now_ms + 60_000) == 0
    garage.end_controller()
    assert garage.jump(garage.now_ms + 60_000) == 0


def test_the_shortest_story_keeps_only_what_it_needs() -> None:
    tried: list[list[int]] = []

    def fails(some: list[int]) -> bool:
        tried.append(some)
        return {3, 11} <= set(some)

    assert sorted(minimal(list(range(16)), fails)) == [3, 11]
    assert minimal(list(range(16)), lambda _: True) == []
    assert minimal([1, 2], lambda some: some == [1, 2]) == [1, 2]
    assert len(tried) < 60


class _Scripted:
    """A run that fails when faults 1 and 4 are both in it."""

    def __init__(self, config: GarageConfig, settings: Settings) -> None:
        self._settings = settings

    def run(self) -> Outcome:
        drawn = [_planned(n) for n in range(8)]
        placed = [one for one in drawn if self._settings.only is None or one.name in self._settings.only]
        fails = {"fire-1", "fire-4"} <= {one.name for one in placed}
        findings = [Finding("violation:torn", 9_000, "a car is torn")] if fails else []
        return Outcome(self._settings, findings, placed=placed)


def _planned(number: int) -> Planned:
    return Planned(f"fire-{number}", 1000 * number, FaultKind.FIRE, "site", 500)


def test_a_failure_is_told_by_the_faults_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "Run", _Scripted)
    config = load_config(CONFIG / "tower-small.toml")
    found = story.Shortener(config, _Scripted(config, Settings(1)).run()).story()
    assert found.settings.only == frozenset({"fire-1", "fire-4"})
    assert found.settings.until_ms == 10_000
    assert [line.split(": ")[0] for line in found.lines()] == ["1.0 s", "4.0 s", "9.0 s"]


def test_a_failed_run_is_told_recorded_and_ends_with_exit_1(
    monkeypatch: pytest.MonkeyPatch, garagectl: Garagectl, tmp_path: Path
) -> None:
    lost = Finding("car-lost", 1, "kuga-01 is nowhere")
    monkeypatch.setattr(run_module, "inventory", lambda _garage: iter([lost]))
    ran = garagectl(
        "campaign", "--seeds", "1", "--hours", "0.1", "--fault-rate", "50", "--json",
        "--config", str(CONFIG / "tower-small.toml"),
        "--out", str(tmp_path),
    )  # fmt: skip
    assert ran.code == 1
    assert ran.document["cars_lost"] == 1
    (failure,) = ran.document["failures"]
    assert (failure["seed"], failure["kind"]) == (1, "car-lost")
    assert not failure["faults"], "it needs none of them"
    assert recording.read(Path(failure["recording"]))["findings"][0]["kind"] == "car-lost"
    assert "FAILED" in ran.err


def test_a_recording_is_played_again_bit_by_bit(tmp_path: Path, garagectl: Garagectl) -> None:
    config = CONFIG / "tower-small.toml"
    settings = Settings(9, hours=0.1, fault_rate=50, only=frozenset({"restart-1", "estop-1", "controller-killed-1"}))
    found = Run(load_config(config), settings).run()
    file = tmp_path / "one.jsonl"
    recording.write(file, config, load_config(config), found)
    assert recording.settings_of(recording.read(file)) == settings
    ran = garagectl("campaign", "--replay", str(file), "--json")
    assert (ran.code, ran.document["same"]) == (0, True)
    recording.write(file, config, load_config(config), replace(found, digest="0"))
    assert garagectl("campaign", "--replay", str(file)).code == 1
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(Failure, match="NO_RECORDING"):
        recording.read(file)


def test_the_command_ends_with_its_figures(garagectl: Garagectl) -> None:
    config = str(CONFIG / "tower-small.toml")
    ran = garagectl(
        "campaign", "--seeds", "1", "--first-seed", "11", "--hours", "0.2", "--config", config, "--json",
    )  # fmt: skip
    assert ran.code == 0
    wanted = {"garage_days", "violations", "cars_lost", "orders_stuck", "speed_x", "faults"}
    assert wanted <= set(ran.document)
    assert ran.document["violations"] == 0
