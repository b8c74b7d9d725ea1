"""A whole emulated garage at the hand of a test, and the ways that several tests take with it."""

from __future__ import annotations

from pathlib import Path

from controller.config.load import load_config
from plc_drivers.contract import CommandCode
from sim_hardware.garage import EmulatedGarage
from tests.sim_hardware.panel import Panel

CONFIG = Path(__file__).parents[3] / "config"
C = CommandCode


def panel_of(name: str = "tower-small", **options: bool) -> Panel:
    config = load_config(CONFIG / f"{name}.toml")
    slow_scan = config.emulation.model_copy(update={"scan_ms": 40})
    garage = EmulatedGarage(config.model_copy(update={"emulation": slow_scan}), populated=False, **options)
    panel = Panel(garage)
    panel.clear_all()
    return panel


def to_level(panel: Panel, level: int, lift: str = "lift1") -> None:
    panel.run(lift, C.UNLOCK)
    panel.run(lift, C.MOVE_TO_LEVEL, level)
    panel.run(lift, C.LOCK)


def assert_clean(panel: Panel) -> None:
    verdict = panel.garage.verdict()
    assert verdict.clean, verdict.violations
