"""``garagectl explain``: the same words as the HTTP API, readable on 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from cli.explain import told, waived
from controller.local_link.explanation import Explanation
from tests.cli.garagectl import Garagectl
from tests.cli.scripted_api import scripted_api
from tests.controller.test_explainer import Asked

SUBJECTS = ("garage", "cabin1", "cabin1.green", "shuttle1.PLACE_LEFT", "kuga-01", "lift1.rope-taut")


@pytest.fixture(scope="module")
def explained() -> dict[str, dict[str, Any]]:
    asked = Asked("tower-small")
    return {what: _document(asked(what)) for what in SUBJECTS}


def _document(explanation: Explanation) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(explanation))
    return document


def _sentences(document: dict[str, Any]) -> Iterator[str]:
    """Everything of an explanation that is for people."""
    yield document["summary"]
    yield from filter(None, document["facts"])
    for reason in document["reasons"]:
        yield from (reason["text"], reason["remedy"], reason["code"])
    for condition in document["conditions"]:
        yield from (condition["text"], condition["remedy"], condition["id"], condition["hazard"], condition["standard"])
        for reading in condition["readings"]:
            yield from (reading["meaning"], reading["shown"], reading["must"], reading["source"], reading["link"])
            yield f"{reading['tag']} is {reading['shown']}"


@pytest.mark.parametrize("what", SUBJECTS)
def test_every_word_of_the_api_is_printed_and_fits_80_columns(
    garagectl: Garagectl, explained: dict[str, dict[str, Any]], what: str
) -> None:
    document = explained[what]
    with scripted_api({("GET", f"/api/v1/explain/{what}"): [(200, document)]}) as api:
        ran = garagectl("explain", what, "--url", api.url)
        as_json = garagectl("explain", what, "--url", api.url, "--json")
    assert ran.code == 0
    assert as_json.document == document
    assert max(map(len, ran.out.splitlines())) <= 80
    text = " ".join(ran.out.split())
    for sentence in _sentences(document):
        assert " ".join(sentence.split()) in text


def test_an_unknown_name_exits_1_with_what_can_be_asked(garagectl: Garagectl) -> None:
    problem = {
        "code": "UNKNOWN_SUBJECT",
        "detail": "There is nothing called 'x'.",
        "remedy": "Ask for garage.",
        "status": 404,
    }
    with scripted_api({("GET", "/api/v1/explain/x"): [(404, problem)]}) as api:
        ran = garagectl("explain", "x", "--url", api.url)
    assert ran.code == 1
    assert ran.err == "UNKNOWN_SUBJECT: There is nothing called 'x'. Ask for garage.\n"


def test_a_command_with_its_argument_is_asked_for_as_it_stands(garagectl: Garagectl) -> None:
    with scripted_api({}) as api:
        garagectl("explain", "shuttle1.PLACE_LEFT(2)", "--url", api.url)
        assert api.asked[0][1] in (
            "/api/v1/explain/shuttle1.PLACE_LEFT%282%29",
            "/api/v1/explain/shuttle1.PLACE_LEFT(2)",
        )


def test_ways_waivers_and_times_left_are_told() -> None:
    reading = {
        "tag": "a.b", "meaning": "M.", "shown": "true", "must": "must be false", "quality": "stale", "link": "",
        "source": "the controller's own output", "age_ms": 7, "fault": "NO_ANSWER: gone.", "way": "1a",
    }  # fmt: skip
    condition = {
        "id": "a.rule", "hazard": "H07", "phase": "start", "standard": "", "text": "T.", "remedy": "R.",
        "remaining_ms": 1500, "without": ["a.c"], "readings": [reading, reading | {"way": "1b"}],
    }  # fmt: skip
    waiver = {
        "sensor": "a.c", "hazards": ["H07"], "person": "Ada Byron", "reason": "On order.", "expires": "2027-03-01",
        "days_left": 3, "expired": False,
    }  # fmt: skip
    document = {"summary": "S.", "conditions": [condition], "waivers": [waiver], "left_out": 4, "see": ["x"]}
    lines = list(told(document, 80))
    assert "   One of these ways is enough:" in lines
    assert [line for line in lines if line.strip() in ("a)", "b)")] == ["   a)", "   b)"]
    assert "   A holding time runs: 1.5 s are left." in lines
    assert "   Stands without the waived a.c." in lines
    assert "4 more conditions fail; ask for one device or function to see them." in lines
    assert any("3 days left" in line for line in lines)
    assert "HAS EXPIRED" in " ".join(waived(waiver | {"expired": True}, 80))
    assert "     fault: NO_ANSWER: gone." in lines
