"""The safety case: no hazard left out, nothing claimed that is not declared."""

from __future__ import annotations

from pathlib import Path

from cli.hazard_tests import hazard_tests
from safety.hazards import HAZARDS
from safety.interlock_table import SHUTTLE_GARAGE, VENDING_TOWER
from safety.proof.predicates import PREDICATES
from safety.rules import rules_of
from safety.safety_case import Claim, Evidence, HazardTest, document

ROOT = Path(__file__).parents[2]


def test_every_hazard_from_1_to_21_is_there_with_its_reason_and_with_what_remains() -> None:
    assert [hazard.id for hazard in HAZARDS] == [f"H{number:02}" for number in range(1, 22)]
    for hazard in HAZARDS:
        assert hazard.why.endswith(".")
        assert hazard.elsewhere.endswith(".")
        assert hazard.remains.endswith(".")
        assert f"## {hazard.id}: {hazard.title}" in document(Evidence())


def test_every_rule_stands_under_its_hazard() -> None:
    text = document(Evidence())
    for rule in rules_of(VENDING_TOWER):
        chapter = text.partition(f"## {rule.hazard}: ")[2].partition("\n## ")[0]
        assert rule.title in chapter
    assert all(rule.hazard in {hazard.id for hazard in HAZARDS} for rule in rules_of(SHUTTLE_GARAGE))


def test_claims_and_tests_stand_under_their_hazard_and_nowhere_else() -> None:
    evidence = Evidence(
        proved=[Claim("H03.proved", "it was proved", "somewhere")],
        searched=[Claim("H03.searched", "it was searched")],
        tests=[HazardTest("tests/test_a.py", "test_it", frozenset({"H03"}))],
    )
    chapters = dict(part.split(":", 1) for part in document(evidence).split("\n## ")[1:])
    for word in ("it was proved *(somewhere)*", "it was searched", "`test_it`"):
        assert [name for name, text in chapters.items() if word in text] == ["H03"]
    assert "Searched: nothing of this hazard." in chapters["H04"]


def test_where_nothing_was_searched_or_proved_the_document_says_so() -> None:
    text = document(Evidence())
    assert text.count("Searched: no exhaustive search is declared yet.") == len(HAZARDS)
    assert text.count("Proved: nothing of this hazard.") == len(HAZARDS)


def test_tests_are_found_by_name_and_by_docstring(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_some.py").write_text(
        'def test_h07_h02_a_lift_waits(): ...\nasync def test_other():\n    "Guards H12."\ndef test_h1_none(): ...\n'
        "def helper_h03(): ...\n",
        encoding="utf-8",
    )
    assert hazard_tests(tmp_path) == (
        HazardTest("tests/test_some.py", "test_h07_h02_a_lift_waits", frozenset({"H02", "H07"})),
        HazardTest("tests/test_some.py", "test_other", frozenset({"H12"})),
    )


def test_every_hazard_that_a_rule_guards_against_is_named_by_a_test_and_by_a_predicate() -> None:
    tested = {hazard for test in hazard_tests(ROOT) for hazard in test.hazards}
    guarded = {rule.hazard for topology in (VENDING_TOWER, SHUTTLE_GARAGE) for rule in rules_of(topology)}
    assert guarded <= tested
    assert guarded <= {predicate.hazard for predicate in PREDICATES}
