"""Alarms over the HTTP API: the list as text, and each act as the request that it makes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.garagectl import Garagectl
from tests.cli.scripted_api import scripted_api

LIST = ("GET", "/api/v1/alarms")


def alarm(**changes: Any) -> dict[str, Any]:
    return {
        "id": "lift1.drive-fault",
        "title": "lift1: the drive tripped",
        "priority": "low",
        "state": "unacknowledged",
        "first_out": True,
        "under": None,
        "chattering": False,
        "stale": False,
        "suppressed": False,
        "shelved": None,
        "out_of_service": None,
        "detail": "",
        "cause": "The drive tripped.",
        "action": "Read the drive's own code.",
    } | changes


def test_the_list_says_what_to_do_and_what_came_first(garagectl: Garagectl) -> None:
    second = alarm(id="shuttle1.blocked", first_out=False, under="lift1.drive-fault", detail="Why.")
    with scripted_api({LIST: [(200, {"alarms": [alarm(), second]})]}) as api:
        ran = garagectl("alarms", "--url", api.url)
    assert ran.code == 0
    assert "lift1.drive-fault [low, unacknowledged, first-out]" in ran.out
    assert "under lift1.drive-fault" in ran.out
    assert "-> Read the drive's own code." in ran.out
    assert "Why." in ran.out
    assert api.asked[0][1].endswith("?annunciated=true")


def test_what_was_put_aside_is_listed_when_asked_for(garagectl: Garagectl) -> None:
    aside = alarm(shelved={"person": "Kim", "reason": "repair"}, out_of_service={"person": "Lee", "reason": "spare"})
    with scripted_api({LIST: [(200, {"alarms": [aside]}), (200, {"alarms": []})]}) as api:
        ran = garagectl("alarms", "list", "--all", "--source", "lift1", "--url", api.url)
        none = garagectl("alarms", "list", "--url", api.url)
    assert "shelved by Kim: repair" in ran.out
    assert "out of service by Lee: spare" in ran.out
    assert api.asked[0][1].endswith("?source=lift1")
    assert none.out == "No alarms.\n"


@pytest.mark.parametrize(("arguments", "path", "body"), [
    (("ack", "--person", "Kim", "--group"), "acknowledge", {"person": "Kim", "comment": "", "group": True}),
    (("confirm", "--comment", "done"), "confirm", {"person": "", "comment": "done"}),
    (
        ("shelve", "--minutes", "30", "--person", "Kim", "--reason", "repair", "--one-shot"),
        "shelve",
        {"minutes": 30, "person": "Kim", "reason": "repair", "one_shot": True},
    ),
    (("unshelve",), "unshelve", {"person": ""}),
    (("out-of-service", "--person", "Kim", "--reason", "r"), "out-of-service", {"person": "Kim", "reason": "r"}),
    (("return-to-service", "--person", "Kim"), "return-to-service", {"person": "Kim"}),
], ids=lambda value: value if isinstance(value, str) else "")  # fmt: skip
def test_each_act_is_one_request(
    garagectl: Garagectl, arguments: tuple[str, ...], path: str, body: dict[str, Any]
) -> None:
    route = f"/api/v1/alarms/lift1.slow/{path}"
    with scripted_api({("POST", route): [(200, {"accepted": True})]}) as api:
        ran = garagectl("alarms", arguments[0], "lift1.slow", *arguments[1:], "--url", api.url)
        as_json = garagectl("alarms", arguments[0], "lift1.slow", *arguments[1:], "--json", "--url", api.url)
    assert ran.code == 0
    assert ran.out.startswith("lift1.slow: ")
    assert api.asked[0][2] == body
    assert as_json.document == {"accepted": True}


def test_a_refusal_is_one_line_with_a_remedy_and_exit_1(garagectl: Garagectl) -> None:
    problem = {"code": "SAFETY_ALARM_NOT_HIDDEN", "detail": "It is a safety alarm.", "remedy": "Remove its cause."}
    route = "/api/v1/alarms/zone1.emergency-stop/shelve"
    with scripted_api({("POST", route): [(409, problem)]}) as api:
        ran = garagectl(
            "alarms", "shelve", "zone1.emergency-stop", "--person", "Kim", "--reason", "x", "--url", api.url
        )
    assert ran.code == 1
    assert ran.err == "SAFETY_ALARM_NOT_HIDDEN: It is a safety alarm. Remove its cause.\n"


def test_figures_and_definitions_are_printed(garagectl: Garagectl) -> None:
    names = "annunciated active unacknowledged shelved out_of_service suppressed last_10_min last_hour last_day floods"
    counts: dict[str, Any] = dict.fromkeys(names.split(), 1)
    figures = counts | {
        "by_priority": {"high": 0, "medium": 1, "low": 2},
        "in_flood": True,
        "in_flood_ms": 120_000,
        "flood_share": 0.05,
        "top_offenders": [{"alarm": "lift1.slow", "count": 9}],
        "chattering": ["lift1.slow"],
        "stale": [],
    }
    one = {
        "id": "cabin1.person-in-cabin",
        "title": "Somebody is in cabin1",
        "priority": "high",
        "is_safety": True,
        "hazard": "H02",
        "cause": "A sensor sees somebody.",
        "consequence": "It stands.",
        "action": "Go there.",
    }
    answers: dict[tuple[str, str], list[tuple[int, Any]]] = {
        ("GET", "/api/v1/alarms/figures"): [(200, figures)],
        ("GET", "/api/v1/alarms/definitions"): [(200, {"definitions": [one]})],
    }
    with scripted_api(answers) as api:
        shown = garagectl("alarms", "figures", "--url", api.url)
        listed = garagectl("alarms", "definitions", "--source", "cabin1", "--url", api.url)
        document = garagectl("alarms", "figures", "--json", "--url", api.url).document
    assert "0, 1, 2" in shown.out
    assert "2 min, 5.0 %" in shown.out
    assert "chattering: lift1.slow" in shown.out
    assert "[high, safety (H02)]" in listed.out
    assert "-> Go there." in listed.out
    assert api.asked[1][1].endswith("?source=cabin1")
    assert document["floods"] == 1
