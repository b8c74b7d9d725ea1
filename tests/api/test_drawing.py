"""The numbered changes of the picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.drawing import DRAWN_TAGS, FORGET_REMOVED_AFTER, Drawing
from controller.config.load import load_config
from plc_drivers.contract import CABIN, LIFT, SAFETY, SHUTTLE
from tests.api.conftest import CONFIG
from tests.api.scripted_garage import ScriptedGarage


@pytest.fixture
def garage(tmp_state: Path) -> ScriptedGarage:
    return ScriptedGarage(load_config(CONFIG / "garage-shuttle.toml"), tmp_state)


def frame(drawing: Drawing, since: int) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(drawing.frame(since))
    return made


def test_nothing_is_told_twice(garage: ScriptedGarage) -> None:
    drawing = Drawing()
    drawing.take(garage.snapshot())
    drawing.take(garage.snapshot())
    assert set(frame(drawing, 1)) == {"at_ms", "full"}


def test_a_viewer_that_skipped_versions_gets_all_that_changed_meanwhile(garage: ScriptedGarage) -> None:
    drawing = Drawing()
    drawing.take(garage.snapshot())
    garage.add_order("retrieve", "kuga-01")
    drawing.take(garage.snapshot())
    garage.mode = "stopped"
    drawing.take(garage.snapshot())
    assert set(frame(drawing, 1)) == {"at_ms", "full", "garage", "orders", "vehicles"}
    assert set(frame(drawing, 2)) == {"at_ms", "full", "garage"}


def test_what_went_away_is_forgotten_in_the_end_and_who_is_so_far_behind_gets_everything(
    garage: ScriptedGarage,
) -> None:
    drawing = Drawing()
    garage.add_order("retrieve", "kuga-01")
    drawing.take(garage.snapshot())
    del garage.orders["o-1"]
    drawing.take(garage.snapshot())
    assert frame(drawing, 1)["orders"] == {"o-1": None}
    for _ in range(FORGET_REMOVED_AFTER + 1):
        drawing.take(garage.snapshot())
    assert frame(drawing, 1)["full"] is True
    assert "orders" not in frame(drawing, 1)


def test_a_viewer_from_before_a_restart_gets_everything(garage: ScriptedGarage) -> None:
    drawing = Drawing()
    drawing.take(garage.snapshot())
    assert frame(drawing, 77)["full"] is True


def test_the_drawn_tags_are_tags_of_the_contract() -> None:
    for definition in (LIFT, SHUTTLE, CABIN, SAFETY):
        names = {tag.name for tag in definition.status}
        assert set(DRAWN_TAGS[definition.kind.name.lower()]) <= names
