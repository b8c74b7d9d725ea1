"""The search itself: it finds nothing where the interlocks are whole, and finds what is there where they are not."""

from __future__ import annotations

from functools import cache

import pytest

from safety.verification.necessity import Necessity
from safety.verification.search import Bounds
from safety.verification.situations import Sizes
from safety.verification.story import story
from safety.verification.trouble import number_of
from safety.verification.variants import STOPS, VARIANTS, Part, Variant, variant
from safety.verification.verify import Task, tasks_of, verify
from safety.verification.weakened import WeakenedLogic
from tests.safety.verification.situation import NO_TROUBLE, explored, search

STATES = 400


HONEST = [task for task in tasks_of(VARIANTS, 1, thorough=True) if task.part in (Part.LATE, Part.TROUBLES)]


@pytest.mark.parametrize("task", HONEST, ids=lambda task: f"{task.variant}-{task.part.name.lower()}")
def test_no_hazard_is_reached_within_a_small_search(task: Task) -> None:
    outcome = verify(variant(task.variant), task, Bounds(states=STATES))
    assert outcome.hazards == []
    assert outcome.states >= STATES
    assert outcome.transitions > outcome.states


def test_no_sensor_that_lies_leads_to_a_hazard_that_is_not_declared_within_a_few_steps() -> None:
    outcome = verify(variant("stops"), Task("stops", Part.LIES_IN_TROUBLE), Bounds(states=60, depth=2))
    assert outcome.hazards == []
    assert outcome.lies > 50
    assert outcome.limits


def test_every_part_of_the_verification_is_asked_for_once_and_the_long_ones_only_when_they_are_wanted() -> None:
    usual, everything = tasks_of(VARIANTS, 2), tasks_of(VARIANTS, 2, thorough=True)
    assert set(usual) < set(everything)
    assert len(set(everything)) == len(everything)
    assert {task.part for task in usual} == {Part.LATE, Part.LIES}


@pytest.mark.parametrize("garage", ["tower", "stops", "cabin"])
def test_without_any_interlock_the_same_search_finds_hazards(garage: str) -> None:
    everything = frozenset(one.id for one in WeakenedLogic(variant(garage).layout.topology).interlocks)
    run = search(garage, everything).honest(NO_TROUBLE, Bounds(states=20))
    assert {hazard.id for hazard in run.findings} & {"H01", "H03", "H07", "H08", "H09"}


def test_a_state_is_reached_once_and_its_way_leads_back_to_the_start() -> None:
    one, run = explored("stops", 1500)
    assert sum(len(layer) for layer in run.layers) == len(run.parents)
    last = run.layers[-1][-1]
    steps = 0
    while run.parents[last] != last:
        last = run.parents[last]
        steps += 1
    assert last == one.start()
    assert steps == run.depth


def test_h12_without_the_emergency_stop_the_story_tells_what_moves_although_it_is_pressed() -> None:
    one = search("stops", frozenset({"zone1.emergency-stop"}))
    troubles = frozenset({number_of(one.space.troubles, "zone1.estop_released")})
    run = one.honest(troubles, Bounds(first=True))
    finding = min(run.findings.values(), key=lambda finding: finding.depth)
    lines = story(one, run, finding)
    assert lines[0] == "Somebody presses the emergency stop of zone 1."
    assert lines[-1].startswith("H12: ")
    assert finding.depth == 3


@cache
def necessity() -> Necessity:
    return Necessity([Variant(STOPS)], Sizes(honest=1500, late=300, troubles=60, lies=5), reach=500)


@pytest.mark.parametrize("rule", ["lift.lock-at-level", "zone.guards", "cabin.start-doorway-clear"])
def test_a_rule_is_needed(rule: str) -> None:
    need = necessity().need(rule)
    assert need.necessary
    assert need.story
