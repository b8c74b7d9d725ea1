"""No shuttle is sent into another one (H09): the rule with readings on each side, and what it does not ask for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plc_drivers.contract import Value
from plc_drivers.contract.codes import JOGS, Axis, Mode
from plc_drivers.contract.codes import CommandCode as C
from plc_drivers.reading import Quality
from safety.rules import rules_of
from safety.topology import ShuttleTopology, Topology, TopologyError, check
from safety.verdict import StartOf
from tests.safety.scene import SHUTTLES, Scene, reason
from tests.safety.situations import wish

COLUMNS = (0, 1, 2, 3, 4, 5)
PITCH_MM = 2600


def aisle(*, ring: bool = False) -> Topology:
    """Two captive shuttles that stop at the same columns of one aisle."""
    shuttles = tuple(ShuttleTopology(name, 1, None, 0, None, (), (), COLUMNS) for name in ("shuttle1", "shuttle2"))
    return Topology((), shuttles, (), "safety1", (1,), 3000, ring=ring)


def riders(*, ring: bool = False) -> Topology:
    """Two lifts, at the ends of one aisle, whose shuttles stop at the same columns."""
    lifts = tuple(replace(SHUTTLES.lifts[0], id=f"lift{n}", rider=f"shuttle{n}", has_platform=False, reached_by=())
                  for n in (1, 2))  # fmt: skip
    shuttles = tuple(ShuttleTopology(f"shuttle{n}", 1, f"lift{n}", None, home, (), (), COLUMNS) for n, home in
                     ((1, 0), (2, 5)))  # fmt: skip
    return Topology(lifts, shuttles, (), "safety1", (1,), 3000, ring=ring)


def put(scene: Scene, shuttle: str, halves: int) -> None:
    """Stand a shuttle so many half columns along the aisle."""
    station, between = divmod(halves, 2)
    at = {"station": -1, "station_sensor": False} if between else {"station": station}
    scene.set(shuttle, position=halves * PITCH_MM // 2, **at)


def standing(one: int, other: int, topology: Topology | None = None) -> Scene:
    """Both shuttles at rest, each so many half columns along the aisle."""
    scene = Scene(topology or aisle())
    put(scene, "shuttle1", one)
    put(scene, "shuttle2", other)
    scene.look()
    return scene


def refusal(scene: Scene, goal: int) -> str:
    """Why shuttle1 may not be sent to a column; empty when it may."""
    found = scene.look().start_refusal(StartOf("shuttle1", C.MOVE_TO_COLUMN, goal))
    return "" if found is None else found.code


def rule(goal: int) -> str:
    return f"shuttle1.way-free-of-shuttle2-at-{goal}"


@pytest.mark.parametrize("one", range(11))
@pytest.mark.parametrize("other", range(11))
def test_h09_a_shuttle_may_go_up_to_another_that_stands_at_a_column_and_no_further(one: int, other: int) -> None:
    """By places on a ruler, for every pair of them: the way is free when the other lies beyond the goal."""
    scene = standing(one, other)
    for goal in COLUMNS:
        low, high = sorted((one, 2 * goal))
        free = other % 2 == 0 and other != one and not low <= other <= high
        assert (refusal(scene, goal) == "") is free, (one, other, goal)
        assert free or refusal(scene, goal) == rule(goal)


BEYOND = {"station": 3, "position": 3 * PITCH_MM}


@pytest.mark.parametrize(
    "tags",
    [
        {"station": 2},
        {"station": 1},
        {"station": -1},
        {"station_sensor": False},
        {"referenced": False},
        {"position": 0},
        {"position": -1},
    ],
    ids=str,
)
def test_h09_each_reading_that_puts_the_other_beyond_the_goal_is_needed(tags: dict[str, Value]) -> None:
    scene = standing(0, 6)
    assert refusal(scene, 2) == ""
    assert scene.verdict_if("shuttle2", **BEYOND).start_refusal(StartOf("shuttle1", C.MOVE_TO_COLUMN, 2)) is None
    found = scene.verdict_if("shuttle2", **tags).start_refusal(StartOf("shuttle1", C.MOVE_TO_COLUMN, 2))
    assert found is not None
    assert found.code == rule(2)
    assert "shuttle2 is not proven to stand beyond the column" in found.text
    assert "by hand" in found.remedy


@pytest.mark.parametrize(("device", "tag"), [("shuttle1", "position"), ("shuttle2", "position"),
                                             ("shuttle2", "station"), ("shuttle2", "referenced"),
                                             ("shuttle2", "station_sensor")])  # fmt: skip
def test_h10_a_reading_that_cannot_be_read_frees_no_way(device: str, tag: str) -> None:
    scene = standing(0, 6)
    scene.bad[device].add(tag)
    assert refusal(scene, 2) == rule(2)


def test_h10_a_silent_shuttle_frees_no_way() -> None:
    scene = standing(0, 6)
    scene.quality["shuttle2"] = Quality.STALE
    assert refusal(scene, 2) == rule(2)


def test_h09_the_gate_lets_the_command_out_to_a_free_column_only() -> None:
    scene = standing(0, 6)
    result = scene.cycle(shuttle1=wish("travel", 1, C.MOVE_TO_COLUMN, 3))
    assert reason(result, StartOf("shuttle1", C.MOVE_TO_COLUMN, 3)) == rule(3)
    assert result.outputs.devices["shuttle1"].command.code is C.NONE
    result = scene.cycle(shuttle1=wish("travel", 2, C.MOVE_TO_COLUMN, 2))
    sent = result.outputs.devices["shuttle1"].command
    assert (sent.code, sent.arg1) == (C.MOVE_TO_COLUMN, 2)


def test_h09_a_column_of_which_no_interlock_speaks_is_refused_by_the_gate() -> None:
    scene = standing(0, 6)
    result = scene.cycle(shuttle1=wish("travel", 1, C.MOVE_TO_COLUMN, 6))
    assert reason(result, StartOf("shuttle1", C.MOVE_TO_COLUMN, 6)) == "NOT_EVALUATED"


@pytest.mark.parametrize("other", [1, 2, 3])
def test_a_shuttle_stopped_between_columns_may_find_its_reference_whatever_stands_beside_it(other: int) -> None:
    scene = standing(5, other)
    scene.set("shuttle1", referenced=False)
    scene.set("shuttle2", referenced=False)
    verdict = scene.look()
    assert verdict.start_refusal(StartOf("shuttle1", C.REFERENCE, 0)) is None
    assert verdict.refusal(scene.permit_of("shuttle1", C.REFERENCE)) is None


@pytest.mark.parametrize("code", JOGS)
def test_a_shuttle_stopped_between_columns_may_be_brought_to_one_by_hand(code: C) -> None:
    """Both stand between columns, so neither may be sent anywhere; a person with eyes on them has a way out."""
    scene = standing(5, 3)
    assert {refusal(scene, goal) for goal in COLUMNS} == {rule(goal) for goal in COLUMNS}
    scene.set("shuttle1", mode=Mode.MANUAL)
    assert scene.look().start_refusal(StartOf("shuttle1", code, int(Axis.TRAVEL))) is None


def test_a_shuttle_stopped_between_columns_may_be_sent_on_while_the_other_stands_at_one() -> None:
    scene = standing(5, 8)
    assert [goal for goal in COLUMNS if refusal(scene, goal) == ""] == [0, 1, 2, 3]


def test_h09_shuttles_on_locked_lifts_of_two_levels_are_in_nobodys_way() -> None:
    scene = standing(4, 4, riders())
    assert refusal(scene, 3) == rule(3)
    scene.set("lift2", station=1)
    assert [refusal(scene, goal) for goal in COLUMNS] == [""] * len(COLUMNS)
    for tag in ("pins_extended", "station_sensor", "referenced"):
        failing = scene.verdict_if("lift2", **{tag: False})
        assert failing.start_refusal(StartOf("shuttle1", C.MOVE_TO_COLUMN, 3)) is not None


def test_h09_round_a_ring_only_another_level_frees_the_way() -> None:
    scene = standing(0, 10, riders(ring=True))
    assert refusal(scene, 2) == "shuttle1.way-free-of-shuttle2"
    scene.set("lift2", station=1)
    assert refusal(scene, 2) == ""


def test_a_topology_in_which_the_rule_could_not_stand_is_refused() -> None:
    check(aisle())
    check(riders(ring=True))
    one, other = aisle().shuttles
    with pytest.raises(TopologyError, match="without their columns: shuttle2"):
        check(replace(aisle(), shuttles=(one, replace(other, columns=()))))
    with pytest.raises(TopologyError, match="captive to one level of a ring"):
        check(aisle(ring=True))
    mixed = replace(riders(ring=True), lifts=riders().lifts[:1])
    check(replace(mixed, shuttles=(mixed.shuttles[0], replace(other, id="shuttle2"))))
    check(replace(aisle(), shuttles=(replace(one, columns=()), replace(other, level=1, columns=()))))


def test_shuttles_of_two_levels_have_no_such_rule() -> None:
    one, other = aisle().shuttles
    apart = replace(aisle(), shuttles=(one, replace(other, level=1)))
    assert not [found for found in rules_of(apart) if "way-free" in found.id]
    assert len([found for found in rules_of(aisle()) if "way-free" in found.id]) == 2 * len(COLUMNS)
