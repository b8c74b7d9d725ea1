"""``garagectl recover``: what is open is shown, one question is answered, and a terminal leads through all of them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import Any

from tests.cli.garagectl import Garagectl
from tests.cli.scripted_api import scripted_api

SURPLUS: dict[str, Any] = {
    "id": "occupied-though-free.shuttle1-deck",
    "kind": "occupied-though-free",
    "subject": "shuttle1-deck",
    "text": "The detectors see a car at shuttle1-deck; the books have none there.",
    "evidence": ["books: no car at shuttle1-deck", "shuttle1.load_present 1", "shuttle1.load_clear 0"],
    "moves": [],
    "units": ["shuttle1"],
    "question": "Look at shuttle1-deck. Which car stands there?",
    "answers": [{"id": "kuga-01", "text": "It is kuga-01."}, {"id": "no-car", "text": "There is no car."}],
    "blocks": True,
}
OPEN = (200, {"findings": [SURPLUS]})
NONE: tuple[int, Any] = (200, {"findings": []})
ANSWER = "/api/v1/findings/occupied-though-free.shuttle1-deck/answer"


def test_what_is_open_is_shown_with_evidence_answers_and_how_to_give_one(garagectl: Garagectl) -> None:
    with scripted_api({("GET", "/api/v1/findings"): [OPEN]}) as api:
        shown = garagectl("recover", "--list", "--url", api.url)
        raw = garagectl("recover", "--json", "--url", api.url)
    text = " ".join(shown.out.split())
    assert shown.code == 0
    for part in ("shuttle1.load_present 1", "out of use until settled", "kuga-01: It is kuga-01.", "--person NAME"):
        assert part in text
    assert max(len(line) for line in shown.out.splitlines()) <= 80
    assert json.loads(raw.out)["findings"][0]["id"] == SURPLUS["id"]


def test_nothing_open_is_said_so(garagectl: Garagectl) -> None:
    with scripted_api({("GET", "/api/v1/findings"): [NONE]}) as api:
        assert "Nothing is open" in garagectl("recover", "--url", api.url).out


def test_one_finding_is_answered_under_a_name(garagectl: Garagectl) -> None:
    with scripted_api({("POST", ANSWER): [(200, {"accepted": True})]}) as api:
        ran = garagectl("recover", SURPLUS["id"], "kuga-01", "--person", "Mia", "--url", api.url)
    assert ran.code == 0
    assert api.asked[0][2] == {"answer": "kuga-01", "person": "Mia"}


def test_an_answer_without_a_name_or_half_an_answer_is_a_usage_error(garagectl: Garagectl) -> None:
    assert garagectl("recover", SURPLUS["id"], "kuga-01").code == 2
    assert garagectl("recover", SURPLUS["id"], "--person", "Mia").code == 2


def test_a_terminal_leads_through_the_questions_and_takes_no_other_answer() -> None:
    taken = (200, {"accepted": True})
    answers: dict[tuple[str, str], list[tuple[int, Any]]] = {
        ("GET", "/api/v1/findings"): [OPEN, NONE],
        ("POST", ANSWER): [taken],
    }
    with scripted_api(answers) as api:
        near, far = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "recover", "--person", "Mia", "--url", api.url],
            stdin=far,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        os.close(far)
        os.write(near, b"7\n1\n")
        out, _ = process.communicate(timeout=60)
        os.close(near)
    text = out.decode()
    assert process.returncode == 0, text
    assert "Type a number from 1 to 2" in text
    assert "Nothing is open any more." in text
    assert [asked[2] for asked in api.asked if asked[2]] == [{"answer": "kuga-01", "person": "Mia"}]
