"""Garages that no example shows: two lifts with riders over one cabin, and a rider beside captive shuttles (H09)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from plc_drivers.contract import CommandCode as C
from plc_drivers.contract import Value
from plc_drivers.contract.codes import Mode
from safety.interlock import Interlock, InterlockError, Phase
from safety.interlocks import declared
from safety.interlocks.reach import TRANSFERS
from safety.rules import rules_of
from safety.topology import CabinTopology, LiftTopology, ShuttleTopology, Topology
from safety.verdict import StartOf
from tests.safety.scene import TOWER, Scene, function

TWO_RIDERS = replace(
    TOWER,
    lifts=(TOWER.lifts[0], replace(TOWER.lifts[0], id="lift2", rider="shuttle2")),
    shuttles=(
        replace(TOWER.shuttles[0], columns=(2, 3, 4, 5)),
        replace(TOWER.shuttles[0], id="shuttle2", lift="lift2", home_column=7, columns=(2, 4, 6, 7)),
    ),
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
            "captive",
            1,
            None,
            2,
            None,
            (("lift2", 2, 9, "right"), ("lift3", 2, 1, "left")),
            (("high", 2, 4, "left"),),
            (1, 4, 9),
        ),
        ShuttleTopology("rider", 1, "lift1", None, 3, (), (("own", 1, 6, "left"), ("high", 2, 4, "right")), (3, 4, 6)),
        ShuttleTopology("other", 1, None, 2, None, (), (("high", 2, 5, "left"),), (5,)),
        ShuttleTopology("low", 1, None, 0, None, (("lift2", 0, 9, "left"),), (), (9,)),
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


def failing(scene: Scene, **changes: Mapping[str, Value]) -> set[str]:
    """Ids of what fails, with other readings of some devices."""
    changed = scene.copy()
    for device, tags in changes.items():
        changed.set(device, **tags)
    return {one.id for one in changed.look().failing}


def met(topology: Topology, one: str, other: str, space: str) -> tuple[Scene, tuple[str, str]]:
    """Both shuttles stand where their forks reach the space; and the sides from which they do."""
    scene = Scene(topology)
    sides = {}
    for shuttle in topology.shuttles:
        for name, level, column, side in (*shuttle.cabins, *shuttle.platforms):
            if name == space and shuttle.id in (one, other):
                scene.set(shuttle.id, station=column, docked=False)
                sides[shuttle.id] = side
                if shuttle.lift is not None:
                    scene.set(shuttle.lift, station=level)
    return scene, (sides[one], sides[other])


SHARED = [
    (TWO_RIDERS, "shuttle1", "shuttle2", "cabin1", 0, (C.PICK_LEFT, C.PLACE_LEFT)),
    (TWO_RIDERS, "shuttle2", "shuttle1", "cabin2", 0, (C.PICK_RIGHT, C.PLACE_RIGHT)),
    (MIXED, "rider", "captive", "high", 2, (C.PICK_RIGHT, C.PLACE_RIGHT)),
    (MIXED, "captive", "rider", "high", 2, (C.PICK_LEFT, C.PLACE_LEFT)),
    (MIXED, "captive", "other", "high", 2, (C.PICK_LEFT, C.PLACE_LEFT)),
]
IN_SHARED = pytest.mark.parametrize(("topology", "one", "other", "space", "level", "codes"), SHARED)


@IN_SHARED
def test_h09_of_two_shuttles_that_reach_one_space_only_one_is_in_it(
    topology: Topology, one: str, other: str, space: str, level: int, codes: tuple[C, C]
) -> None:
    scene, (side, other_side) = met(topology, one, other, space)
    run, start = f"{one}.{space}-without-{other}-at-{level}", f"{one}.start-{space}-without-{other}-at-{level}"
    inside: dict[str, Value] = {"forks_centred": False, f"forks_{other_side}_mm": 2000}
    going: dict[str, Value] = {"active_command": codes[1]}
    assert not {run, start} & failing(scene, **{one: going})
    scene.set(other, **inside)
    assert start in failing(scene)
    assert run not in failing(scene), "its forks do not go there"
    towards_it: tuple[dict[str, Value], ...] = (going, {"active_command": codes[0]}, {f"forks_{side}_mm": 40})
    for towards in towards_it:
        assert run in failing(scene, **{one: towards})
    assert not {run, start} & failing(scene, **{one: going | {"station": 1}}), "it stands elsewhere"
    away: dict[str, Value] = {"station": 1}
    assert not {run, start} & failing(scene, **{one: going, other: away}), "the other stands elsewhere"
    unproven: tuple[dict[str, Value], ...] = ({"referenced": False}, {"station_sensor": False}, {"station": -1})
    for lost in unproven:
        assert {run, start} <= failing(scene, **{one: going, other: away | lost})


@IN_SHARED
def test_h09_a_shuttle_that_is_sent_into_the_space_counts_as_in_it(
    topology: Topology, one: str, other: str, space: str, level: int, codes: tuple[C, C]
) -> None:
    scene, (_, side) = met(topology, one, other, space)
    run, start = f"{one}.{space}-without-{other}-at-{level}", f"{one}.start-{space}-without-{other}-at-{level}"
    going: dict[str, Value] = {"active_command": codes[1]}
    across = {"left": "right", "right": "left"}[side]
    for code in TRANSFERS[side]:
        sent: dict[str, Value] = {"holds_transfer": True, "active_command": code}
        assert {run, start} <= failing(scene, **{one: going, other: sent})
    for code in TRANSFERS[across]:
        sent = {"holds_transfer": True, "active_command": code}
        assert not {run, start} & failing(scene, **{one: going, other: sent}), "to the other side of the aisle"


@IN_SHARED
def test_the_interlocks_of_a_shared_space_guard_its_commands_and_say_who_is_there(
    topology: Topology, one: str, other: str, space: str, level: int, codes: tuple[C, C]
) -> None:
    found = by_id(topology)
    run = found[f"{one}.{space}-without-{other}-at-{level}"]
    start = found[f"{one}.start-{space}-without-{other}-at-{level}"]
    assert (run.phase, run.guards) == (Phase.RUN, (function(f"{one}.transfer"),))
    assert (start.phase, start.guards) == (Phase.START, tuple(StartOf(one, code) for code in codes))
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


TRAVELS: dict[str, Value] = {"holds_travel": True}
NOT_LOCKED: tuple[dict[str, Value], ...] = (
    {"pins_extended": False},
    {"pins_retracted": True},
    {"station_sensor": False},
    {"standstill": False},
    {"brake_closed": False},
    {"referenced": False},
    {"station": -1},
    {"levelling_error_mm": 51},
)
"""Each of them leaves open at which level the lift is."""


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [("rider", "captive", 2), ("captive", "rider", 2), ("rider", "low", 0), ("low", "rider", 0)],
)
def test_h09_a_rider_and_a_captive_shuttle_travel_one_after_the_other_unless_the_lift_is_at_another_level(
    one: str, other: str, level: int
) -> None:
    scene = Scene(MIXED)
    apart = f"{one}.travel-apart-from-{other}"
    scene.set("lift1", station=level)
    assert apart not in failing(scene)
    assert apart in failing(scene, **{other: TRAVELS})
    assert apart in failing(scene, **{other: {"mode": Mode.MANUAL}}), "it may be driven by hand"
    scene.set("lift1", station=1)
    scene.set(other, holds_travel=True, mode=Mode.MANUAL)
    assert apart not in failing(scene)
    for unproven in NOT_LOCKED:
        assert apart in failing(scene, lift1=unproven), unproven


@pytest.mark.parametrize(("one", "other"), [("shuttle1", "shuttle2"), ("shuttle2", "shuttle1")])
def test_h09_two_riders_travel_one_after_the_other_unless_their_lifts_are_at_two_levels(one: str, other: str) -> None:
    scene = Scene(TWO_RIDERS)
    apart = f"{one}.travel-apart-from-{other}"
    scene.set(other, holds_travel=True)
    assert apart in failing(scene)
    scene.set("lift1", station=1)
    assert apart not in failing(scene)
    assert apart in failing(scene, lift2={"station": 1})
    for lift in ("lift1", "lift2"):
        for unproven in NOT_LOCKED:
            assert apart in failing(scene, **{lift: unproven}), (lift, unproven)


def test_h09_captive_shuttles_of_one_level_never_travel_together_and_those_of_two_levels_need_not_ask() -> None:
    scene = Scene(MIXED)
    for level in (0, 1, 2):
        assert "captive.travel-apart-from-other" in failing(scene, other=TRAVELS, lift1={"station": level})
    assert "captive.travel-apart-from-low" not in by_id(MIXED)


def test_every_platform_and_cabin_that_forks_reach_has_its_interlocks() -> None:
    found = by_id(MIXED)
    for lift, column in (("lift2", 9), ("lift3", 1)):
        assert f"captive.{lift}-locked-at-2-{column}" in found
        assert f"captive.start-{lift}-locked-at-2-{column}" in found
        assert f"{lift}.captive-by-hand-2-{column}" in found
    for shuttle, column in (("captive", 4), ("rider", 4), ("other", 5)):
        assert f"high.{shuttle}-out-2-{column}" in found
        assert f"high.{shuttle}-by-hand-2-{column}" in found


def test_two_declarations_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    once = declared(TOWER)
    monkeypatch.setattr("safety.rules.declared", lambda _: (*once, once[2], once[0]))
    with pytest.raises(
        InterlockError, match=rf"^interlocks declared twice: {', '.join(sorted((once[0].id, once[2].id)))}$"
    ):
        rules_of(TOWER)
