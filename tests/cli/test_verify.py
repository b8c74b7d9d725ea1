"""``garagectl verify``: figures for a program, sentences for a person, usage errors as such."""

from __future__ import annotations

from tests.cli.garagectl import Garagectl


def test_a_bounded_search_reports_its_figures_as_one_object(garagectl: Garagectl) -> None:
    ran = garagectl("verify", "--variant", "cabin", "--states", "60", "--json")
    assert ran.code == 0
    assert ran.document["states"] > 60
    assert ran.document["transitions"] > ran.document["states"]
    assert ran.document["hazards"] == 0
    assert ran.document["depth"] > 0
    assert ran.document["states_per_s"] > 0
    assert ran.document["complete"] is False
    assert {part["part"] for part in ran.document["parts"]} == {"late"}


def test_the_need_of_a_rule_is_told_as_a_story(garagectl: Garagectl) -> None:
    ran = garagectl("verify", "--variant", "stops", "--rule", "lift.rope-taut", "--states", "200")
    assert ran.code == 0
    assert "The rope of lift1 goes slack." in ran.out
    assert "1 of 1 rules necessary" in ran.out


def test_a_garage_or_rule_that_is_not_there_is_wrong_usage(garagectl: Garagectl) -> None:
    assert garagectl("verify", "--variant", "castle").code == 2
    assert garagectl("verify", "--rule", "lift.somersault").code == 2
