"""``garagectl prove`` as a person and as a program use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from safety.interlock import Interlock
from safety.proof import garage as proof_garage
from safety.rules import rules_of
from safety.topology import Topology
from tests.cli.garagectl import Garagectl

SMALL = str(Path(__file__).parents[2] / "config" / "tower-small.toml")
GUANGZHOU = str(Path(__file__).parents[2] / "config" / "tower-guangzhou.toml")


@pytest.fixture
def without_a_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """A garage whose inner door does not ask for the outer one."""

    def fewer(topology: Topology) -> tuple[Interlock, ...]:
        return tuple(one for one in rules_of(topology) if not one.id.endswith(".inner-people-shut-off"))

    monkeypatch.setattr(proof_garage, "rules_of", fewer)


def test_it_counts_what_is_proved_of_each_garage(garagectl: Garagectl) -> None:
    ran = garagectl("prove", "--config", SMALL, "--config", GUANGZHOU, "--hazard", "h03")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].startswith("tower-small: 1 predicates, 1 cases: 1 proved, 0 counterexamples, 0 unknown, ")
    assert lines[1].startswith("tower-guangzhou: 1 predicates, 2 cases: 2 proved, ")


def test_as_json_it_is_one_document_with_every_case(garagectl: Garagectl) -> None:
    ran = garagectl("prove", "--config", SMALL, "--hazard", "H01", "--json")
    assert ran.code == 0
    document = ran.document
    assert (document["layouts"], document["counterexamples"], document["unknown"]) == (1, 0, 0)
    assert document["proved"] == document["cases"] == len(document["details"][0]["cases"]) > 3
    assert document["predicates"] > 3
    assert document["seconds"] > 0


@pytest.mark.usefixtures("without_a_rule")
def test_h03_a_counterexample_is_told_and_fails(garagectl: Garagectl) -> None:
    ran = garagectl("prove", "--config", SMALL, "--hazard", "H03")
    assert ran.code == 1
    assert "H03.both-doors, cabin1: counterexample" in ran.out
    assert "cabin1.inner goes out" in ran.out
    assert ran.err.startswith("NOT_PROVED: 1 counterexamples")
    assert len(ran.err.splitlines()) == 1


@pytest.mark.usefixtures("without_a_rule")
def test_h03_a_counterexample_as_json_is_one_document_and_fails(garagectl: Garagectl) -> None:
    ran = garagectl("prove", "--config", SMALL, "--hazard", "H03", "--json")
    assert ran.code == 1
    assert ran.document["counterexamples"] == 1
    assert any("cabin1.inner goes out" in line for line in ran.document["details"][0]["cases"][0]["story"])


def test_a_hazard_of_which_nothing_is_said_is_wrong_usage(garagectl: Garagectl) -> None:
    ran = garagectl("prove", "--config", SMALL, "--hazard", "H17")
    assert ran.code == 2
    assert "H17" in ran.err


def test_without_the_solver_it_says_in_one_line_how_to_get_it(
    garagectl: Garagectl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.prove.find_spec", lambda _name: None)
    ran = garagectl("prove", "--config", SMALL)
    assert ran.code == 1
    assert ran.err.count("\n") == 1
    assert "pip install" in ran.err
