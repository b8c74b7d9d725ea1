"""The interlocks as declarations: complete, well worded, instantiated for every layout, printed as they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from controller.config.load import load_config
from controller.garage import Layout
from controller.garage.topology import topology_of
from plc_drivers.contract import CommandCode
from plc_drivers.contract.safety import ZONES
from safety.expression import Const, ExpressionError
from safety.interlock import Interlock, InterlockError, Phase, check_guards
from safety.interlock_table import HAZARDS, SHUTTLE_GARAGE, VENDING_TOWER, document, main
from safety.interlocks.zone import zones_of
from safety.logic import SafetyLogic
from safety.rules import rules_of
from safety.topology import Topology, TopologyError
from safety.trips.zone import into_zone_interlocks
from safety.verdict import Function, StartOf
from tests.safety import situations as at
from tests.safety.scene import SHUTTLES, TOWER, Scene, codes_failing, function

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "config").glob("*.toml"))


@pytest.fixture(params=SHIPPED, ids=lambda path: path.stem)
def shipped(request: pytest.FixtureRequest) -> Topology:
    return topology_of(Layout(load_config(request.param)))


def test_every_permit_of_a_shipped_garage_is_guarded(shipped: Topology) -> None:
    logic = SafetyLogic(shipped)
    guarded = {guard for interlock in logic.interlocks for guard in interlock.guards}
    assert logic.functions <= guarded


def test_every_guard_names_a_permit_or_command_that_the_device_has(shipped: Topology) -> None:
    logic = SafetyLogic(shipped)
    for interlock in logic.interlocks:
        kinds = {StartOf: Phase.START, Function: Phase.RUN}
        assert {kinds[type(guard)] for guard in interlock.guards} == {interlock.phase}
        for guard in interlock.guards:
            definition = logic.definitions[guard.device]
            if isinstance(guard, StartOf):
                assert definition.spec(guard.code) is not None
            else:
                assert guard.permit in definition.permits


WITHOUT_STANDARD = ("referenced", ".no-turntable")
"""Rules of the machine's own, of which no standard that we know of speaks."""


@pytest.mark.parametrize("topology", [TOWER, SHUTTLES, VENDING_TOWER, SHUTTLE_GARAGE])
def test_every_interlock_names_a_known_hazard_and_speaks_in_sentences(topology: Topology) -> None:
    for interlock in rules_of(topology):
        assert interlock.hazard in HAZARDS
        assert interlock.cause.endswith(".")
        assert interlock.remedy.endswith(".")
        assert "clause" not in interlock.standard
        assert (interlock.standard == "") is interlock.id.endswith(WITHOUT_STANDARD), interlock.id


@pytest.mark.document
def test_the_interlock_list_in_the_documents_is_current() -> None:
    """Run ``python -m safety.interlock_table --write docs/interlocks.md`` when this fails."""
    assert (ROOT / "docs" / "interlocks.md").read_text(encoding="utf-8") == document()


def test_the_interlock_list_can_be_written_and_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--write", str(tmp_path / "list.md")]) == 0
    assert main([]) == 0
    assert (tmp_path / "list.md").read_text(encoding="utf-8") == capsys.readouterr().out == document()


def _declared(**changes: object) -> Interlock:
    fields: dict[str, object] = {
        "id": "lift1.rule",
        "title": "t",
        "hazard": "H07",
        "phase": Phase.RUN,
        "guards": (Function("lift1", "travel"),),
        "condition": Const(True),
        "cause": "c",
        "remedy": "r",
    } | changes
    return Interlock(**fields)  # type: ignore[arg-type]  # wrong fields are what this is for


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "no rule"},
        {"hazard": "7"},
        {"cause": ""},
        {"remedy": ""},
        {"title": ""},
        {"guards": ()},
        {"guards": (StartOf("lift1", CommandCode.LOCK),)},
        {"phase": Phase.START},
    ],
)
def test_a_declaration_that_says_too_little_is_refused(changes: dict[str, object]) -> None:
    assert _declared().id == "lift1.rule"
    with pytest.raises(InterlockError):
        _declared(**changes)


def test_a_refused_declaration_says_which_and_why() -> None:
    for changes, said in (
        ({"id": "no rule"}, "interlock 'no rule' for hazard 'H07' is not well named"),
        ({"id": "a.b c"}, "interlock 'a.b c' for hazard 'H07' is not well named"),
        ({"id": "A.b"}, "interlock 'A.b' for hazard 'H07' is not well named"),
        ({"hazard": "H7"}, "interlock 'lift1.rule' for hazard 'H7' is not well named"),
        ({"hazard": "h07"}, "interlock 'lift1.rule' for hazard 'h07' is not well named"),
        ({"hazard": "H077"}, "interlock 'lift1.rule' for hazard 'H077' is not well named"),
        ({"cause": ""}, "interlock lift1.rule lacks a title, a cause or a remedy"),
        ({"guards": ()}, "interlock lift1.rule must guard Function and at least one of them"),
        ({"phase": Phase.START}, "interlock lift1.rule must guard StartOf and at least one of them"),
    ):
        with pytest.raises(InterlockError, match=f"^{re.escape(said)}$"):
            _declared(**changes)
    start = _declared(phase=Phase.START, guards=(StartOf("lift1", CommandCode.LOCK),))
    assert start.guards == (StartOf("lift1", CommandCode.LOCK),)
    with pytest.raises(InterlockError):
        _declared(guards=(Function("lift1", "travel"), StartOf("lift1", CommandCode.LOCK)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"guards": (Function("lift1", "fly"),)}, "lift1.fly, which no lift has"),
        ({"guards": (Function("lift9", "travel"),)}, "lift9.travel: there is no device 'lift9'"),
        (
            {"phase": Phase.START, "guards": (StartOf("lift1", CommandCode.ROTATE),)},
            f"{StartOf('lift1', CommandCode.ROTATE)}, which no lift has",
        ),
    ],
)
def test_h10_a_guard_of_what_no_device_can_do_is_refused_at_the_start(changes: dict[str, object], said: str) -> None:
    definitions = SafetyLogic(TOWER).definitions
    check_guards([_declared()], definitions)
    with pytest.raises(InterlockError, match=rf"^{re.escape(f'interlock lift1.rule guards {said}')}$"):
        check_guards([_declared(), _declared(**changes)], definitions)


@pytest.mark.parametrize("zone", [2, 9])
def test_h12_a_device_in_a_zone_that_no_safety_plc_reports_is_refused_at_the_start(zone: int) -> None:
    lifts = (replace(TOWER.lifts[0], zone=zone),)
    with pytest.raises(ExpressionError, match="zone"):
        SafetyLogic(replace(TOWER, lifts=lifts))


@pytest.mark.parametrize("zone", [1, ZONES])
def test_h12_every_zone_that_the_safety_plc_has_may_be_used(zone: int) -> None:
    lifts, shuttles = (replace(TOWER.lifts[0], zone=zone),), (replace(TOWER.shuttles[0], zone=zone),)
    found = zones_of(replace(TOWER, lifts=lifts, shuttles=shuttles, zones=(1, zone)))
    assert found[function("lift1.travel")] == found[function("shuttle1.transfer")] == {zone}


@pytest.mark.parametrize("zone", [0, ZONES + 1])
def test_h12_a_zone_that_the_safety_plc_does_not_have_is_refused_although_the_garage_names_it(zone: int) -> None:
    lifts = (replace(TOWER.lifts[0], zone=zone),)
    with pytest.raises(ExpressionError, match=r"^lift1 is in a zone that safety1 does not report$"):
        zones_of(replace(TOWER, lifts=lifts, zones=(1, zone)))


def test_h12_the_order_in_which_a_shuttle_names_its_stops_changes_no_zone_that_it_needs() -> None:
    shuttle = SHUTTLES.shuttles[0]
    turned = replace(SHUTTLES, shuttles=(replace(shuttle, cabins=shuttle.cabins[::-1]), *SHUTTLES.shuttles[1:]))
    assert {one.id for one in into_zone_interlocks(SHUTTLES)} == {
        "shuttle0.into-zone-2-cabin1-0",
        "shuttle0.start-into-zone-2-cabin1-0",
    }
    assert into_zone_interlocks(turned) == into_zone_interlocks(SHUTTLES)


@pytest.mark.parametrize(("column", "cabin"), [(4, "cabin1"), (8, "cabin2")])
def test_h12_every_space_in_another_zone_is_asked_for_its_own(column: int, cabin: str) -> None:
    scene = Scene(replace(SHUTTLES, cabins=(SHUTTLES.cabins[0], replace(SHUTTLES.cabins[1], zone=2))))
    scene.set("shuttle0", station=column)
    failing = {one.id for one in scene.verdict_if("safety1", zone2_estop_released=False).failing}
    assert {name for name in failing if "start-into-zone" in name} == {f"shuttle0.start-into-zone-2-{cabin}-0"}


def test_two_devices_of_one_name_are_refused_at_the_start() -> None:
    with pytest.raises(TopologyError, match="twice"):
        SafetyLogic(replace(TOWER, cabins=(TOWER.cabins[0], TOWER.cabins[0])))


def test_h02_a_reach_that_only_one_end_knows_of_is_refused_at_the_start() -> None:
    with pytest.raises(TopologyError, match="only one end"):
        SafetyLogic(replace(TOWER, cabins=(replace(TOWER.cabins[0], reached_by=()), TOWER.cabins[1])))


def test_h07_a_rider_that_its_lift_does_not_know_is_refused_at_the_start() -> None:
    with pytest.raises(TopologyError, match="rides"):
        SafetyLogic(replace(TOWER, lifts=(replace(TOWER.lifts[0], rider=None),)))


def test_h12_a_riding_shuttle_stops_with_the_zone_of_its_lift() -> None:
    shuttles = (replace(TOWER.shuttles[0], zone=2),)
    scene = Scene(replace(TOWER, shuttles=shuttles, zones=(1, 2)))
    for zone in (1, 2):
        allowed = scene.verdict_if("safety1", **{f"zone{zone}_estop_released": False}).allowed
        assert not allowed & {function("shuttle1.travel"), function("lift1.travel"), function("shuttle1.transfer")}


def test_h20_the_speed_of_a_riding_shuttle_is_limited_by_both_zones_and_says_so() -> None:
    scene = Scene(replace(TOWER, shuttles=(replace(TOWER.shuttles[0], zone=2),), zones=(1, 2)))
    for zone in (1, 2):
        verdict = scene.verdict_if("safety1", **{f"zone{zone}_full_speed_enabled": False})
        (said,) = (one.cause for one in verdict.failing if one.id == "shuttle1.speed-travel")
        assert said.startswith("Safe limited speed is active in zone 1 and 2: ")


def test_h03_a_door_to_people_that_is_not_shut_is_told_as_that_and_not_only_as_people_unaccounted_for() -> None:
    """The proof that nobody is inside asks for the door as well; who must shut a door should not be sent to look."""
    for wrong in ({"outer_closed": False}, {"outer_locked": False}, {"outer_open": True}):
        failing = {one.id for one in at.tower_at_rest().verdict_if("cabin1", **wrong).failing}
        assert {"cabin1.inner-people-shut-off", "cabin1.turn-people-shut-off"} <= failing


def test_h09_two_shuttles_of_one_aisle_travel_one_after_the_other() -> None:
    scene = Scene(SHUTTLE_GARAGE)
    assert function("shuttle2.travel") in scene.look().allowed
    verdict = scene.verdict_if("shuttle1", holds_travel=True)
    assert codes_failing(verdict, function("shuttle2.travel")) == {"shuttle2.travel-apart-from-shuttle1"}
    assert function("shuttle2.travel") in scene.verdict_if("shuttle0", holds_travel=True).allowed


def _two_riders() -> Topology:
    lift, shuttle = TOWER.lifts[0], TOWER.shuttles[0]
    cabins = tuple(
        replace(cabin, reached_by=(*cabin.reached_by, ("shuttle2", *cabin.reached_by[0][1:]))) for cabin in TOWER.cabins
    )
    return replace(
        TOWER,
        lifts=(lift, replace(lift, id="lift2", rider="shuttle2")),
        shuttles=tuple(replace(shuttle, id=f"shuttle{n}", lift=f"lift{n}", columns=(2, 3, 4)) for n in (1, 2)),
        cabins=cabins,
    )


def _meeting(scene: Scene, levels: Sequence[int]) -> bool:
    """True when the second shuttle may travel while the first does."""
    for lift, level in zip(("lift1", "lift2"), levels, strict=True):
        scene.set(lift, station=level)
    return function("shuttle2.travel") in scene.verdict_if("shuttle1", holds_travel=True).allowed


def test_h09_two_shuttles_that_ride_on_lifts_keep_apart_on_one_level() -> None:
    scene = Scene(_two_riders())
    assert _meeting(scene, (1, 2))
    assert not _meeting(scene, (2, 2))
    assert not _meeting(scene, (-1, 2))


def test_h09_a_cabin_that_one_shuttle_is_in_is_not_for_the_other() -> None:
    """Two forks in one cabin: the second finds the cabin's target taken by what the first does there."""
    scene = Scene(_two_riders())
    scene.confirm("cabin1")
    scene.set("cabin1", inner_open=True, inner_closed=False, inner_locked=False)
    for shuttle in ("shuttle1", "shuttle2"):
        scene.set(shuttle, station=2, load_present=True, load_clear=False)
    start = StartOf("shuttle2", CommandCode.PLACE_LEFT, 1)
    assert scene.look().start_refusal(start) is None
    scene.set("shuttle1", active_command=CommandCode.PLACE_LEFT, forks_left_mm=3000, forks_centred=False)
    assert scene.look().start_refusal(start) is not None


def test_a_garage_without_a_turntable_never_turns_and_still_opens() -> None:
    verdict = Scene(SHUTTLES).look()
    assert function("cabin2.rotate") not in verdict.allowed
    assert function("cabin2.outer_open") in verdict.allowed
    (said,) = (one for one in verdict.failing if function("cabin2.rotate") in one.guards)
    assert (said.id, said.unknown) == ("cabin2.no-turntable", False), "it is known that there is none"
