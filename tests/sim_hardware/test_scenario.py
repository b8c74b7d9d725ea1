"""Scenario files: played at a time and on an event, and refused as a whole with the line of the mistake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from controller.config.models import GarageConfig
from sim_hardware.garage import EmulatedGarage
from sim_hardware.scenario import ScenarioError, ScenarioPlay, load_scenario

Load = Callable[[str], GarageConfig]

GOOD = """\
name = "a guard, then what follows from it"

[[fault]]
target = "zone1"
kind = "guard-open"
at_s = 1.0
for_s = 0.5

[[fault]]
target = "lift1.rope_taut"
kind = "stuck"
value = 0
on = { tag = "safety1.zone1_guards_closed", is = true }
after_s = 0.2
"""


@pytest.fixture
def garage(config_on_free_ports: Load) -> EmulatedGarage:
    return EmulatedGarage(config_on_free_ports("tower-small"))


def _load(tmp_path: Path, garage: EmulatedGarage, text: str) -> ScenarioPlay:
    file = tmp_path / "one.toml"
    file.write_text(text, encoding="utf-8")
    return ScenarioPlay(load_scenario(file, garage), garage)


def _closed(garage: EmulatedGarage) -> bool:
    return garage.plant.zone(1).guards_closed


def _taut(garage: EmulatedGarage) -> bool:
    return garage.plant.lifts["lift1"].rope_taut


def test_faults_come_at_their_time_and_on_their_event_and_go_again(tmp_path: Path, garage: EmulatedGarage) -> None:
    play = _load(tmp_path, garage, GOOD)
    garage.step(1000)
    assert _closed(garage)
    garage.step(100)
    assert not _closed(garage)
    garage.step(500)
    assert _closed(garage)
    assert _taut(garage), "the level that stands at the start is no event"
    garage.step(300)
    assert not _taut(garage)
    assert [line.partition(": ")[2] for line in play.done] == [
        "fault[0] guard-open at zone1",
        "fault[1] stuck at lift1.rope_taut",
    ]


@pytest.mark.parametrize(
    ("wrong", "right", "told"),
    [
        ("target", "tarket", ("UNKNOWN_KEY", 4, "Did you mean target?")),
        ('kind = "guard-open"', 'kind = "gard-open"', ("BAD_VALUE", 5, "Did you mean guard-open?")),
        ("at_s = 1.0", 'at_s = "1"', ("BAD_VALUE", 6, "")),
        ("at_s = 1.0\n", "", ("BAD_VALUE", 3, "Give either at_s or on.")),
        ("value = 0", "value = 2", ("BAD_FAULT", 10, "")),
        ('"zone1"', '"zone7"', ("UNKNOWN_TARGET", 4, "Known: zone1.")),
        ("zone1_guards_closed", "zone1_gards_closed", ("UNKNOWN_TAG", 13, "Did you mean zone1_guards_closed?")),
        ("name = ", "title = ", ("UNKNOWN_KEY", 1, "Known: name")),
        ('name = "a guard, then what follows from it"', "", ("MISSING_KEY", None, "Add it.")),
        ("at_s = 1.0", "at_s =", ("TOML_SYNTAX", 6, "")),
    ],
)
def test_a_mistake_is_refused_with_its_line_and_what_would_be_right(
    tmp_path: Path, garage: EmulatedGarage, wrong: str, right: str, told: tuple[str, int | None, str]
) -> None:
    code, line, remedy = told
    with pytest.raises(ScenarioError) as refused:
        _load(tmp_path, garage, GOOD.replace(wrong, right, 1))
    assert refused.value.code == code
    if line is not None:
        assert f":{line}:" in refused.value.text or f"line {line}" in refused.value.text
    assert remedy in refused.value.remedy


def test_a_file_that_is_not_there_is_told(tmp_path: Path, garage: EmulatedGarage) -> None:
    with pytest.raises(ScenarioError, match="FILE_MISSING"):
        load_scenario(tmp_path / "none.toml", garage)
