"""The mutation tests' own tests: mutants are made and put in place, and the list of equivalent ones is kept true."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from plc_drivers.contract import DeviceKind
from safety import absence, step, trip
from tests.mutation.applying import apply, live_function
from tests.mutation.mutants import LEFT_OUT, Mutant, mutants_of, source_files
from tests.mutation.results import equivalent, report, without_mutant
from tests.mutation.session import MutationSession, Plan, _Survey
from tests.mutation.wording import is_wording

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
"""Newer Pythons warn of a fork beside threads, which a parallel test run has; the fork here runs a line and ends."""


def in_a_fork(mutant: Mutant, question: Callable[[], bool]) -> bool:
    """What ``question()`` says in a process in which the mutant runs."""
    pid = os.fork()
    if pid == 0:
        try:
            apply(mutant)
            os._exit(1 if question() else 0)
        finally:
            os._exit(2)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, 1)
    return code == 1


def wanted(file: str, scope: str, after: str) -> Mutant:
    return next(one for one in mutants_of(file) if (one.scope, one.after) == (scope, after))


def test_every_listed_mutant_still_exists_and_has_a_reason() -> None:
    listed = equivalent()
    assert without_mutant(sorted({key[0] for key in listed})) == []
    assert {key[0] for key in listed} <= set(source_files())
    assert all(reason.strip() for reason in listed.values())


def test_tools_that_do_not_run_live_are_left_out_and_everything_else_is_not() -> None:
    files = source_files()
    assert {"safety/gate.py", "safety/step.py", "safety/interlocks/reach.py", "safety/trips/zone.py"} <= set(files)
    assert not [
        name for name in files if name in LEFT_OUT or name.startswith(("safety/proof/", "safety/verification/"))
    ]


DECLARED = (
    """rule = Interlock("a.b", title="Shut and locked", condition=all_of(door["shut"], door["locked"]), cause=CAUSE)"""
)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"Shut and locked"', '"SHUT AND LOCKED"', True),
        ('"Shut and locked"', "None", True),
        (', title="Shut and locked"', "", True),
        (", cause=CAUSE", ", cause=None", True),
        ('"a.b"', '"A.B"', False),
        ('"shut"', '"XXshutXX"', False),
        ('door["shut"], ', "", False),
        ('all_of(door["shut"], door["locked"])', "None", False),
        ("all_of", "any_of", False),
    ],
)
def test_a_changed_sentence_is_told_from_a_changed_condition(old: str, new: str, said: bool) -> None:
    assert is_wording(DECLARED, DECLARED.replace(old, new)) is said


def test_a_sentence_may_be_made_of_values_and_may_have_been_empty() -> None:
    assert is_wording('text = f"zone {zone} is open"', 'text = f"XXzone {zone} is openXX"')
    assert is_wording('text = f"for {ms / 1000} s"', 'text = f"for {ms * 1000} s"')
    assert is_wording('standard = ""', 'standard = "XXXX"')
    assert not is_wording('tag = f"zone{zone}_open"', 'tag = f"XXzone{zone}_openXX"')
    assert not is_wording("limit = 5", "limit = None")


def test_a_printed_page_kills_no_changed_condition() -> None:
    session = MutationSession(Plan([], Path("results.jsonl")))
    survey = _Survey({"page": 0.1, "machine": 0.2}, {"safety/a.py:f": ["page", "machine"]}, {}, {"page"})
    mutant = Mutant("safety/a.py", "f", "before", "after", "source")
    assert session._order(mutant, survey) == ["machine"]
    assert session._order(replace(mutant, is_wording=True), survey) == ["page", "machine"]


def test_a_mutated_function_runs_in_place_of_the_one_that_everybody_has_imported() -> None:
    both = step._both
    mutant = wanted("safety/step.py", "_both", "if one is False and other is False:")
    assert both(one=False, other=True) is False
    assert in_a_fork(mutant, lambda: both(one=False, other=True) is True)
    assert both(one=False, other=True) is False


def test_properties_and_constants_are_mutated_too() -> None:
    grace = wanted("safety/trip.py", "UNKNOWN_GRACE_MS", "UNKNOWN_GRACE_MS = 1001")
    assert in_a_fork(grace, lambda: trip.UNKNOWN_GRACE_MS == 1001)
    assert {one.scope for one in mutants_of("safety/trip.py")} >= {"Trip.fires", "Trip.stands", "Trip.condition"}
    assert live_function(trip, "Trip.fires").__name__ == "fires"


def test_a_constant_that_is_made_from_a_mutated_one_is_made_anew() -> None:
    barrier = next(one for one in mutants_of("safety/absence.py") if "XXoverhang_rear_clearXX" in one.after)
    mutated = (DeviceKind.LIFT, "XXoverhang_rear_clearXX")
    assert in_a_fork(barrier, lambda: mutated in absence.STANDS_FOR)
    assert mutated not in absence.STANDS_FOR


def test_a_default_of_an_argument_is_mutated_with_its_function() -> None:
    mutant = next(one for one in mutants_of("safety/blame.py") if one.scope == "blame" and "= False" in one.after)
    function = live_function(import_module("safety.blame"), "blame")
    assert in_a_fork(mutant, lambda: function.__kwdefaults__ == {"wanted": False})


def test_the_report_tells_survivors_from_equivalent_ones_and_from_what_was_not_run() -> None:
    keys = [one.key for one in mutants_of("safety/step.py")]
    listed = {key for key in keys if key[:4] in equivalent()}
    assert listed
    results = {key: "" if key in listed else "a test" for key in keys}
    text, unsettled = report(["safety/step.py"], results)
    assert unsettled == 0
    assert f"{len(keys) - len(listed)}" in text
    survivor = next(key for key in keys if key not in listed)
    text, unsettled = report(["safety/step.py"], results | {survivor: ""})
    assert unsettled == 1
    assert f"survives: safety/step.py {survivor[1]}" in text
    text, unsettled = report(["safety/step.py"], dict.fromkeys(keys, "a test"))
    assert unsettled == len({key[:4] for key in listed})
    assert "listed as equivalent and killed" in text
    assert report(["safety/step.py"], {})[1] == 0
