"""Garages that no example shows: two lifts with riders over one cabin, and a rider beside captive shuttles (H09).

The conditions are compared whole: with so many devices a table of readings would not find one that is missing.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from plc_drivers.contract import CommandCode as C
from safety.expression import Expression, all_of, any_of
from safety.interlock import Interlock, InterlockError, Phase
from safety.interlocks import declared, unit
from safety.interlocks.proof import in_automatic, levelled, locked_at_a_level
from safety.interlocks.reach import Reach, reach
from safety.rules import rules_of
from safety.topology import CabinTopology, LiftTopology, ShuttleTopology, Topology
from safety.verdict import StartOf
from tests.safety.scene import TOWER, function

TWO_RIDERS = replace(
    TOWER,
    lifts=(TOWER.lifts[0], replace(TOWER.lifts[0], id="lift2", rider="shuttle2")),
    shuttles=(TOWER.shuttles[0], replace(TOWER.shuttles[0], id="shuttle2", lift="lift2", home_column=7)),
    cabins=tuple(
        replace(cabin, reached_by=(*cabin.reached_by, ("shuttle2", *cabin.reached_by[0][1:]))) for cabin in TOWER.cabins
    ),
)
"""Two lifts, each with a shuttle, and both shuttles reach both cabins."""

MIXED = Topology(
    lifts=(
        LiftTopology("lift1", 1, "rider", has_platform=False),
        LiftTopology(
            "lift2", 1, None, has_platform=True, reached_by=(("captive", 2, 9, "right"), ("low", 0, 9, "left"))
        ),
        LiftTopology("lift3", 1, None, has_platform=True, reached_by=(("captive", 2, 1, "left"),)),
    ),
    shuttles=(
        ShuttleTopology(
            "captive", 1, None, 2, None, (("lift2", 2, 9, "right"), ("lift3", 2, 1, "left")), (("high", 2, 4, "left"),)
        ),
        ShuttleTopology("rider", 1, "lift1", None, 3, (), (("own", 1, 6, "left"), ("high", 2, 4, "right"))),
        ShuttleTopology("other", 1, None, 2, None, (), (("high", 2, 5, "left"),)),
        ShuttleTopology("low", 1, None, 0, None, (("lift2", 0, 9, "left"),), ()),
    ),
    cabins=(
        CabinTopology("own", 1, turntable=False, reached_by=(("rider", 1, 6, "left"),)),
        CabinTopology(
            "high",
            1,
            turntable=True,
            reached_by=(("captive", 2, 4, "left"), ("rider", 2, 4, "right"), ("other", 2, 5, "left")),
        ),
    ),
    safety="safety1",
    zones=(1,),
    clearance_countdown_ms=2500,
)
"""A rider that comes to the level of captive shuttles, and a cabin that three of them reach."""


def by_id(topology: Topology) -> dict[str, Interlock]:
    return {interlock.id: interlock for interlock in rules_of(topology)}


def reaches(topology: Topology, name: str, space: str) -> Reach:
    shuttle = next(one for one in topology.shuttles if one.id == name)
    return reach(shuttle, next(stop for stop in (*shuttle.cabins, *shuttle.platforms) if stop[0] == space))


@pytest.mark.parametrize(
    ("topology", "one", "other", "space", "level", "codes"),
    [
        (TWO_RIDERS, "shuttle1", "shuttle2", "cabin1", 0, (C.PICK_LEFT, C.PLACE_LEFT)),
        (TWO_RIDERS, "shuttle2", "shuttle1", "cabin2", 0, (C.PICK_RIGHT, C.PLACE_RIGHT)),
        (MIXED, "rider", "captive", "high", 2, (C.PICK_RIGHT, C.PLACE_RIGHT)),
        (MIXED, "captive", "rider", "high", 2, (C.PICK_LEFT, C.PLACE_LEFT)),
        (MIXED, "captive", "other", "high", 2, (C.PICK_LEFT, C.PLACE_LEFT)),
    ],
)
def test_h09_of_two_shuttles_that_reach_one_space_only_one_is_in_it(
    topology: Topology, one: str, other: str, space: str, level: int, codes: tuple[C, C]
) -> None:
    found = by_id(topology)
    into, away = reaches(topology, one, space), reaches(topology, other, space).out_of_it
    run = found[f"{one}.{space}-without-{other}-at-{level}"]
    start = found[f"{one}.start-{space}-without-{other}-at-{level}"]
    assert (run.phase, run.guards) == (Phase.RUN, (function(f"{one}.transfer"),))
    assert run.condition == into.unless_elsewhere(away)
    assert (start.phase, start.guards) == (Phase.START, tuple(StartOf(one, code) for code in codes))
    assert start.condition == into.unless_away(away)
    for interlock in (run, start):
        assert interlock.hazard == "H09"
        assert interlock.title == "The other shuttle's forks are out of the space that both reach"
        assert interlock.cause == f"The forks of {other} are in {space}, may come into it, or cannot be seen."
        assert interlock.remedy == (
            "Wait for its transfer to end. If none is under way, look at its forks and its readings."
        )
        assert interlock.standard == "EN 14010, collision of moving parts"


def test_h09_shuttles_that_share_no_space_ask_nothing_of_each_other_there() -> None:
    shared = {name for name in by_id(MIXED) if "-without-" in name and "start" not in name}
    assert shared == {
        f"{one}.high-without-{other}-at-2"
        for one in ("captive", "rider", "other")
        for other in ("captive", "rider", "other")
        if one != other
    }


def _stands(lift: str) -> Expression:
    device = unit.lift(lift)
    return all_of(locked_at_a_level(device), levelled(device))


def _idle(shuttle: str) -> Expression:
    device = unit.shuttle(shuttle)
    return all_of(device.idle("travel"), in_automatic(device))


def test_h09_shuttles_that_may_meet_travel_one_after_the_other_unless_their_levels_differ() -> None:
    lift1, lift2 = unit.lift("lift1"), unit.lift("lift2")
    riders = by_id(TWO_RIDERS)
    assert riders["shuttle1.travel-apart-from-shuttle2"].condition == any_of(
        _idle("shuttle2"), all_of(_stands("lift1"), _stands("lift2"), lift1["station"].ne(lift2["station"]))
    )
    assert riders["shuttle2.travel-apart-from-shuttle1"].condition == any_of(
        _idle("shuttle1"), all_of(_stands("lift2"), _stands("lift1"), lift2["station"].ne(lift1["station"]))
    )
    mixed = by_id(MIXED)
    for one, other, level in (
        ("rider", "captive", 2),
        ("captive", "rider", 2),
        ("rider", "low", 0),
        ("low", "rider", 0),
    ):
        assert mixed[f"{one}.travel-apart-from-{other}"].condition == any_of(
            _idle(other), all_of(_stands("lift1"), lift1["station"].ne(level))
        )
    assert mixed["captive.travel-apart-from-other"].condition == _idle("other")
    assert "captive.travel-apart-from-low" not in mixed


def test_every_platform_and_cabin_that_forks_reach_has_its_interlocks() -> None:
    found = by_id(MIXED)
    for lift, column in (("lift2", 9), ("lift3", 1)):
        assert f"captive.{lift}-locked-at-2-{column}" in found
        assert f"captive.start-{lift}-locked-at-2-{column}" in found


def test_two_declarations_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    once = declared(TOWER)
    monkeypatch.setattr("safety.rules.declared", lambda _: (*once, once[2], once[0]))
    with pytest.raises(
        InterlockError, match=rf"^interlocks declared twice: {', '.join(sorted((once[0].id, once[2].id)))}$"
    ):
        rules_of(TOWER)
