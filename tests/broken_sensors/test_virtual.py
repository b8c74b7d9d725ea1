"""Every tag of a small tower at work, each broken in one way or another, in virtual time; the plant is the judge.

``make broken-sensors`` breaks every tag in every way, over the real protocols.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import safety.logic
from controller.config.load import load_config
from controller.garage import Layout
from controller.garage.topology import topology_of
from safety.interlock import Interlock
from safety.logic import SafetyLogic
from safety.rules import rules_of
from safety.topology import Topology
from safety.trip import Trip
from safety.trips import trips_of
from sim_hardware.fault import Fault, FaultKind, FaultPoint
from tests.broken_sensors import campaign
from tests.broken_sensors.cases import Case, Mode
from tests.broken_sensors.virtual_case import BusyGarage

CONFIG = load_config(Path(__file__).parents[2] / "config" / "tower-small.toml")
MATRIX, CASES = campaign.plan(CONFIG)


def one_for_each_tag(shift: int) -> list[Case]:
    """A case for each tag, with another mode from tag to tag, and every PLC standing still."""
    found = []
    for number, tag in enumerate(MATRIX.tags):
        mine = [case for case in CASES if case.tags == (tag,)]
        found.append(mine[(number + shift) % len(mine)])
    return [*found, *(case for case in CASES if case.mode is Mode.STALE)]


def named(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


@pytest.mark.parametrize("part", range(2))
def test_h21_a_broken_sensor_hurts_nobody_and_stops_what_the_matrix_says(part: int) -> None:
    busy = BusyGarage.of("tower-small")
    taken = tripped = 0
    for case in one_for_each_tag(shift=1)[part::2]:
        found = busy.run_case(case)
        assert found.violations == [], f"{case.name}: {found}"
        assert found.shown, f"{case.name}: {found.evidence}"
        assert found.as_the_matrix_says, f"{case.name}: {found}"
        assert found.recovered, f"{case.name}: {found.note}"
        taken += bool(found.took)
        tripped += bool(found.tripped)
        if any(str(tag).endswith((".mode", ".state")) for tag in case.tags):
            # A key voids orders and asks persons what only they can see: the next case gets a garage at work.
            busy = BusyGarage.of("tower-small")
    # The garage was at work: what was broken mattered.
    assert taken > 8
    assert tripped > 4


def test_h15_a_system_without_the_interlock_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    # Where only the controller is lied to, so that the PLC does not stop by itself.
    unseen = Fault("lift1.rope_taut", FaultKind.STUCK, 0, point=FaultPoint.TAG)
    case = replace(named("lift1.rope_taut stuck=0"), fault=unseen)

    def rules(topology: Topology) -> tuple[Interlock, ...]:
        return tuple(one for one in rules_of(topology) if one.id != "lift1.rope-taut")

    def trips(topology: Topology) -> tuple[Trip, ...]:
        return tuple(one for one in trips_of(topology) if one.id != "lift1.rope-taut")

    with monkeypatch.context() as patched:
        patched.setattr(safety.logic, "rules_of", rules)
        patched.setattr(safety.logic, "trips_of", trips)
        weak = SafetyLogic(topology_of(Layout(CONFIG)))
    found = BusyGarage(CONFIG, weak).run_case(case, wait=2000)
    assert any("lift1.travel stayed permitted against lift1.rope-taut" in text for text in found.missed)
    assert "lift1.rope-taut did not trip" in found.missed
    sound = BusyGarage(CONFIG).run_case(case, wait=2000)
    assert sound.as_the_matrix_says
    assert sound.took == ["lift1.travel"]
    assert sound.tripped == ["lift1.rope-taut (category 0)"]


def test_an_injection_that_shows_nowhere_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = BusyGarage(CONFIG)
    monkeypatch.setattr(busy.garage.hardware.faults, "inject", lambda fault: fault)
    assert not busy.run_case(named("lift1.rope_taut stuck=0")).shown
    assert not busy.run_case(named("lift1.rope_taut inverted")).shown
    assert not busy.run_case(named("lift1 stale")).shown
