"""Every declared limit is met by the search, or named here as one that a few thousand states do not reach."""

from __future__ import annotations

from functools import cache

import pytest

from safety.verification.lie import Lie
from safety.verification.limits import LIMITS, declared, expected, limit_of, place_of
from safety.verification.search import Bounds, Run, Search
from safety.verification.variants import VARIANTS, variant
from safety.verification.verify import lies_in
from tests.safety.verification.situation import NO_TROUBLE, explored

DEEPER = frozenset(
    {
        ("cabin", "inner_open", "H08"),
        ("cabin", "inner_open", "H09"),
        ("cabin", "vehicle_in_envelope", "H14"),
        ("lift", "overhang_front_clear", "H07"),
        ("lift", "overhang_left_clear", "H07"),
        ("lift", "overhang_rear_clear", "H07"),
        ("lift", "overhang_right_clear", "H07"),
        ("lift", "pins_extended", "H07"),
        ("lift", "pins_retracted", "H08"),
        *(("lift", "station", hazard) for hazard in ("H02", "H06", "H07", "H08", "H09", "H13")),
        ("safety", "zone_reset_done", "H11"),
        ("shuttle", "rear_left_occupied", "H08"),
        ("shuttle", "rear_right_clear", "H08"),
        ("shuttle", "rear_right_occupied", "H08"),
        *(("shuttle", "station", hazard) for hazard in ("H02", "H06", "H07", "H09", "H12", "H13", "H20")),
        ("shuttle", "target_left_clear", "H08"),
    }
)
"""Limits that begin with a car on its way, or deeper; a whole ``garagectl verify`` says which of them it has met."""

STATES = 3_000
EVERY_HAZARD = frozenset(f"H{number:02}" for number in range(1, 30))


@cache
def lies_of_limits(garage: str) -> dict[tuple[str, str], list[Lie]]:
    search, run = explored(garage, STATES)
    found: dict[tuple[str, str], list[Lie]] = {}
    for lie in lies_in(search, run).searched:
        found.setdefault(place_of(search.space.layout, lie), []).append(lie)
    return found


def told(search: Search, honest: Run, lie: Lie, hazard: str) -> bool:
    """The lie leads to the hazard, alone or while what its sensor should show is so."""
    shown = frozenset(
        number
        for number, trouble in enumerate(search.space.troubles, start=1)
        if (lie.device, lie.tag) in trouble.readings and not trouble.honest_only
    )
    bounds = Bounds(states=STATES, first=True, expected=EVERY_HAZARD - {hazard})
    for troubles in dict.fromkeys((shown, NO_TROUBLE)):
        run = search.lying(lie, troubles, honest, bounds)
        if any(found.id == hazard for found in run.findings):
            return True
    return False


@pytest.mark.parametrize("limit", sorted(declared() - DEEPER), ids="-".join)
def test_a_declared_limit_is_met_by_the_search(limit: tuple[str, str, str]) -> None:
    kind, tag, hazard = limit
    for garage in ("stops", "platform"):
        search, run = explored(garage, STATES)
        for lie in lies_of_limits(garage).get((kind, tag), []):
            if told(search, run, lie, hazard):
                return
    pytest.fail(f"no lie of {kind}.{tag} leads to {hazard}: take the limit out")


def test_what_is_too_deep_for_this_test_is_declared() -> None:
    assert declared() >= DEEPER


def test_a_limit_excuses_its_own_hazard_and_no_other() -> None:
    for one in VARIANTS:
        search, run = explored(one.name, 300)
        for lie in lies_in(search, run).searched:
            for limit in LIMITS:
                if (limit.kind, limit.tag) == place_of(search.space.layout, lie):
                    assert expected(variant(one.name).layout, lie) == limit.hazards


def test_a_tag_that_is_not_declared_has_no_limit() -> None:
    search, run = explored("stops", STATES)
    layout = search.space.layout
    lies = [lie for lie in lies_in(search, run).searched if lie.tag == "docked"]
    findings = run.findings or ()
    assert lies
    assert all(limit_of(layout, lie, hazard) is None for lie in lies for hazard in findings)
    assert all(not expected(layout, lie) for lie in lies)
