"""A site that lacks a sensor: which interlocks cannot be, which may stand without it, and what they then still see."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from plc_drivers.contract import DEFINITIONS, DeviceKind
from safety.absence import PEOPLE, STANDS_FOR, Gap, MissingSensorError, _as_far_as_possible, gaps, instantiated, without
from safety.expression import HeldFor, Not, Tag, all_of, any_of
from safety.interlock_table import garage_document
from safety.logic import SafetyLogic
from safety.rules import declared_rules_of, rules_of
from safety.topology import Topology
from safety.waiver import DAY_MS, Waiver
from safety.wording import words
from tests.safety import situations as at
from tests.safety.scene import SHUTTLES, TOWER, Scene, function

FRONT = "lift1.overhang_front_clear"


def waiver(sensor: str, *hazards: str) -> Waiver:
    return Waiver(sensor, hazards, "Ada Byron", "The barrier is on order.", "2027-03-01", 60 * DAY_MS)


def lacking(*sensors: str, waivers: tuple[Waiver, ...] = (), topology: Topology = TOWER) -> Topology:
    return replace(topology, absent=sensors, waivers=waivers)


def gap_of(sensor: str, topology: Topology = TOWER) -> Gap:
    (found,) = gaps(declared_rules_of(topology), (sensor,))
    return found


def test_a_missing_sensor_that_an_interlock_reads_is_refused_at_the_start() -> None:
    with pytest.raises(MissingSensorError, match="load-in-place read; nobody has waived it"):
        SafetyLogic(lacking(FRONT))


def test_a_refusal_names_all_that_the_missing_sensor_is_read_by() -> None:
    sensor = "shuttle1.overhang_front_clear"
    read = [rule.id for rule in declared_rules_of(TOWER) if sensor in words(rule.condition)]
    assert len(read) > 2
    with pytest.raises(MissingSensorError, match=f"^{sensor} is missing, which {', '.join(read)} read; nobody has"):
        SafetyLogic(lacking(sensor))
    people = {one.hazard for one in declared_rules_of(TOWER) if "cabin1.scanner_clear" in words(one.condition)}
    named = ", ".join(sorted(people & PEOPLE))
    assert ", " in named
    bar = gap_of("cabin1.scanner_clear").bar
    assert bar == f"It stands between people and the machine ({named}) and can never be waived."


def test_an_interlock_of_which_nothing_would_be_left_is_never_made() -> None:
    rule = next(one for one in declared_rules_of(TOWER) if one.id == "lift1.load-in-place")
    missing = frozenset({FRONT, "lift1.load_centred"})
    said = "^nothing is left of lift1.load-in-place without lift1.load_centred, lift1.overhang_front_clear$"
    with pytest.raises(MissingSensorError, match=said):
        _as_far_as_possible(rule, missing)


def test_a_waiver_must_name_every_hazard_that_is_left_open_and_no_other() -> None:
    assert gap_of("shuttle1.overhang_front_clear").hazards == ("H06", "H07")
    for hazards in (("H07",), ("H06", "H07", "H09")):
        with pytest.raises(MissingSensorError, match="must name H06, H07"):
            SafetyLogic(
                lacking("shuttle1.overhang_front_clear", waivers=(waiver("shuttle1.overhang_front_clear", *hazards),))
            )
    SafetyLogic(
        lacking("shuttle1.overhang_front_clear", waivers=(waiver("shuttle1.overhang_front_clear", "H06", "H07"),))
    )


def test_h07_with_a_waived_barrier_every_other_reading_still_stops_the_lift() -> None:
    topology = lacking(FRONT, waivers=(waiver(FRONT, "H07"),))
    scene = Scene(topology)
    scene.bad["lift1"] = {"overhang_front_clear"}
    assert function("lift1.travel") in scene.look().allowed, "what is absent is not read"
    for tag in ("load_centred", "overhang_rear_clear", "overhang_left_clear", "overhang_right_clear"):
        assert function("lift1.travel") not in scene.verdict_if("lift1", **{tag: False}).allowed
        scene.bad["lift1"].add(tag)
        assert function("lift1.travel") not in scene.look().allowed, "unknown never permits"
        scene.bad["lift1"].discard(tag)


def test_without_a_waiver_an_absent_reading_would_be_unknown_and_permit_nothing() -> None:
    scene = Scene(TOWER)
    scene.bad["lift1"] = {"overhang_front_clear"}
    assert function("lift1.travel") not in scene.look().allowed


@pytest.mark.parametrize(
    ("device", "tag"),
    [
        ("cabin1", "scanner_clear"),
        ("cabin1", "curtain_ok"),
        ("cabin1", "exit_closed"),
        ("cabin1", "platform_level"),
        ("cabin1", "inner_locked"),
        ("cabin1", "outer_unobstructed"),
        ("shuttle1", "forks_centred"),
    ],
)
def test_h01_h02_h03_h04_nothing_between_people_and_the_machine_can_be_waived(device: str, tag: str) -> None:
    gap = gap_of(f"{device}.{tag}")
    assert "never be waived" in gap.bar
    with pytest.raises(MissingSensorError):
        SafetyLogic(lacking(gap.sensor, waivers=(waiver(gap.sensor, *gap.hazards),)))


@pytest.mark.parametrize(
    ("device", "tag"),
    [
        ("lift1", "rope_taut"),
        ("lift1", "load_clear"),
        ("shuttle1", "zone_clear"),
        ("safety1", "zone1_estop_released"),
        ("safety1", "fire_clear"),
        ("cabin2", "vehicle_in_envelope"),
    ],
)
def test_the_only_witness_of_a_fact_cannot_be_waived(device: str, tag: str) -> None:
    assert "cannot be waived" in gap_of(f"{device}.{tag}", SHUTTLES if device == "lift1" else TOWER).bar


def test_two_missing_sensors_do_not_stand_for_each_other() -> None:
    both = (FRONT, "lift1.load_centred")
    (front, centred) = gaps(declared_rules_of(TOWER), both)
    assert front.bar
    assert centred.bar
    with pytest.raises(MissingSensorError):
        SafetyLogic(lacking(*both, waivers=tuple(waiver(one, "H07") for one in both)))


def test_no_sensor_that_can_be_waived_is_read_for_people_in_any_layout() -> None:
    for topology in (TOWER, SHUTTLES):
        for interlock in declared_rules_of(topology):
            if interlock.hazard in PEOPLE:
                assert not any(f".{tag} " in f"{words(interlock.condition)} " for _, tag in STANDS_FOR)


def test_what_stands_for_a_sensor_is_a_sensor_of_the_same_kind_of_device() -> None:
    for (kind, sensor), others in STANDS_FOR.items():
        assert {sensor, *others} <= set(DEFINITIONS[kind].status_index)
        assert others
        assert sensor not in others


def test_a_reading_is_left_out_only_where_leaving_it_out_means_asking_for_less() -> None:
    front = Tag("lift1", DeviceKind.LIFT, "overhang_front_clear")
    centred = Tag("lift1", DeviceKind.LIFT, "load_centred")
    rope = Tag("lift1", DeviceKind.LIFT, "rope_taut")
    missing = frozenset({FRONT})
    assert without(all_of(front, centred), missing) == centred
    assert without(HeldFor(any_of(rope, all_of(front, centred)), 40), missing) == HeldFor(any_of(rope, centred), 40)
    assert without(HeldFor(front, 40), missing) is None
    for turned in (Not(all_of(front, centred)), any_of(front, centred), front.ne(centred), all_of(front, rope), front):
        assert without(turned, missing) is None


def test_an_interlock_that_stands_without_a_sensor_says_so_wherever_it_is_printed() -> None:
    topology = lacking(FRONT, waivers=(waiver(FRONT, "H07"),))
    rule = next(one for one in rules_of(topology) if one.id == "lift1.load-in-place")
    assert rule.without == (FRONT,)
    assert FRONT not in words(rule.condition)
    assert f"**waived**: stands without `{FRONT}`" in garage_document("x", topology)


def test_a_sensor_that_no_interlock_reads_may_be_missing_as_it_is() -> None:
    assert gaps(declared_rules_of(TOWER), ("lift1.load_weight_kg",)) == ()
    found = instantiated(declared_rules_of(TOWER), ("lift1.load_weight_kg",), ())
    assert found == declared_rules_of(TOWER)


def test_a_waiver_ends_at_the_beginning_of_its_day_and_is_announced_before() -> None:
    one = waiver(FRONT, "H07")
    assert not one.is_expired(60 * DAY_MS - 1)
    assert one.is_expired(60 * DAY_MS)
    assert (one.days_left(59 * DAY_MS), one.days_left(59 * DAY_MS + 1), one.days_left(60 * DAY_MS)) == (1, 1, 0)
    assert one.is_ending(30 * DAY_MS)
    assert not one.is_ending(29 * DAY_MS)
    assert not one.is_ending(60 * DAY_MS)


def test_a_day_of_a_waiver_is_a_day_of_the_calendar() -> None:
    end = datetime(2027, 3, 1, tzinfo=UTC)
    one = replace(waiver(FRONT, "H07"), expires_ms=round(end.timestamp() * 1000))
    before = round((end - timedelta(days=9)).timestamp() * 1000)
    assert (one.days_left(before), one.days_left(before - 1), one.days_left(before + 1)) == (9, 10, 9)


def test_the_moments_of_the_safety_tests_are_of_garages_with_every_sensor() -> None:
    assert at.tower_at_rest().topology.absent == ()
