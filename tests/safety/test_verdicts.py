"""Verdict, memory and topology, each by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plc_drivers.contract.codes import CommandCode as C
from plc_drivers.outputs import MailboxCommand
from safety.expression import Answering, Or
from safety.interlocks import unit
from safety.memory import Passed, SafetyMemory
from safety.refusal import Refusal
from safety.rules import rules_of
from safety.topology import TopologyError, check
from safety.verdict import ActiveTrip, Failing, Function, StartOf, Verdict
from safety.wish import DeviceWish
from tests.safety.scene import SHUTTLES, TOWER, Scene, function

SCENE = Scene(TOWER)
A, B = unit.lift("lift1")["standstill"], unit.cabin("cabin1")["scanner_clear"]
TRAVEL = function("lift1.travel")
FAILING = Failing("lift1.rule", "t", "H07", (TRAVEL, StartOf("lift1", C.LOCK)), "cause", "remedy", unknown=False)


def _verdict(**changes: object) -> Verdict:
    return replace(Verdict(5, frozenset({TRAVEL}), (FAILING,), frozenset()), **changes)  # type: ignore[arg-type]


def test_a_verdict_refuses_with_the_first_interlock_in_the_way() -> None:
    later = replace(FAILING, id="lift1.later")
    verdict = _verdict(allowed=frozenset(), failing=(replace(FAILING, guards=()), FAILING, later))
    assert verdict.refusal(TRAVEL) == Refusal("lift1.rule", "cause", "remedy")
    assert _verdict().refusal(TRAVEL) is None
    refusal = verdict.refusal(function("lift1.other"))
    assert refusal is not None
    assert refusal.code == "NOT_EVALUATED"
    assert refusal.text == "lift1.other was not evaluated; what was not evaluated is not permitted."
    assert refusal.remedy == ("This is a defect of the controller: stop the garage and report it with the journal.")


def test_a_start_is_refused_by_what_guards_it_with_its_argument_or_with_any() -> None:
    verdict = _verdict()
    assert verdict.start_refusal(StartOf("lift1", C.LOCK)) == Refusal("lift1.rule", "cause", "remedy")
    assert verdict.start_refusal(StartOf("lift1", C.LOCK, 2)) == Refusal("lift1.rule", "cause", "remedy")
    assert verdict.start_refusal(StartOf("lift1", C.UNLOCK)) is None
    narrow = _verdict(failing=(replace(FAILING, guards=(StartOf("lift1", C.LOCK, 2),)),))
    assert narrow.start_refusal(StartOf("lift1", C.LOCK, 2)) is not None
    assert narrow.start_refusal(StartOf("lift1", C.LOCK, 1)) is None
    assert narrow.start_refusal(StartOf("lift1", C.LOCK)) is None


def _trip(category: int, *stops: str) -> ActiveTrip:
    functions = tuple(function(one) for one in stops)
    return ActiveTrip("a.b", "t", "H12", category, 1, functions, 0, "c", "r", may_be_reset=False, is_first_out=True)


def test_the_hardest_stop_of_a_device_wins() -> None:
    trips = (_trip(2, "lift1.travel"), _trip(1, "lift1.travel", "cabin1.inner"), _trip(0, "cabin1.rotate"))
    verdict = _verdict(trips=trips)
    assert [verdict.stop_category(one) for one in ("lift1", "cabin1", "shuttle1")] == [1, 0, None]


@pytest.mark.parametrize("voided", [False, True])
def test_a_voided_command_leaves_its_number_in_the_mailbox_and_nothing_behind_it(voided: bool) -> None:
    command = MailboxCommand(5, C.LOCK, 1, 2, 3, 4)
    passed = Passed(command, 1, voided=voided)
    assert passed.mailbox == (MailboxCommand(seq=5) if voided else command)
    assert passed.code is (C.NONE if voided else C.LOCK)


def test_a_permit_is_active_while_it_is_granted_or_fades() -> None:
    other = function("cabin1.inner")
    memory = SafetyMemory((), granted=frozenset({TRAVEL}))
    assert memory.active == {TRAVEL}
    assert replace(memory, fading={other: 1}).active == {TRAVEL, other}


def test_a_wish_wants_nothing_unless_it_says_so() -> None:
    wish = DeviceWish()
    assert (wish.permits, wish.command, wish.new_command, wish.levels) == (frozenset(), MailboxCommand(), False, {})


def test_a_topology_that_contradicts_itself_says_where() -> None:
    check(TOWER)
    check(SHUTTLES)
    doubled = replace(SHUTTLES, cabins=(*SHUTTLES.cabins, SHUTTLES.cabins[0]), safety="lift1")
    with pytest.raises(TopologyError, match=r"^devices named twice: cabin1, lift1$"):
        check(doubled)
    with pytest.raises(
        TopologyError,
        match=r"^lift and shuttle do not agree on who rides on whom: \[\('lift1', 'shuttle1'\), \('lift1', 'x'\)\]$",
    ):
        check(replace(TOWER, lifts=(replace(TOWER.lifts[0], rider="x"),)))
    for wrong in ({"home_column": None}, {"level": 0}):
        shuttle = replace(TOWER.shuttles[0], **wrong)
        with pytest.raises(
            TopologyError, match=r"^neither riding with a home column nor captive on a level: shuttle1$"
        ):
            check(replace(TOWER, shuttles=(shuttle,)))
    captive = tuple(replace(one, level=None) for one in SHUTTLES.shuttles)
    with pytest.raises(TopologyError, match=r"on a level: shuttle0, shuttle1$"):
        check(replace(SHUTTLES, shuttles=captive))
    with pytest.raises(TopologyError, match=r"^reaches that only one end knows of: \[\('shuttle0', \('cabin2', 0, 8"):
        check(replace(SHUTTLES, cabins=(SHUTTLES.cabins[0], replace(SHUTTLES.cabins[1], reached_by=()))))
    lift = replace(SHUTTLES.lifts[0], reached_by=SHUTTLES.lifts[0].reached_by[:1])
    with pytest.raises(TopologyError, match=r"^reaches that only one end knows of: \[\('shuttle1', \('lift1', 1, 8"):
        check(replace(SHUTTLES, lifts=(lift,)))


def test_the_rules_of_a_garage_are_its_answers_then_its_trips_then_the_rest_each_named_once() -> None:
    rules = rules_of(TOWER)
    assert len({rule.id for rule in rules}) == len(rules)
    answers = [rule.id for rule in rules if isinstance(rule.condition, Answering)]
    trips = [trip.id for trip in SCENE.logic.trips]
    assert [rule.id for rule in rules][: len(answers) + len(trips)] == answers + trips
    assert {f"{device}.answers" for device in SCENE.logic.definitions} == set(answers)


def test_a_function_is_allowed_only_when_a_run_interlock_guards_it_and_all_of_them_hold() -> None:
    verdict = SCENE.copy().look()
    guarded = {guard for one in SCENE.logic.interlocks for guard in one.guards if isinstance(guard, Function)}
    stopped = {guard for one in verdict.failing for guard in one.guards}
    assert verdict.allowed == (guarded & SCENE.logic.functions) - stopped
    assert Or((A, B)) not in SCENE.logic.program.slots
