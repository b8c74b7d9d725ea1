"""Zones, locks, occupancy, inventory and moving by hand from the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.garagectl import Garagectl
from tests.cli.scripted_api import scripted_api

OK = [(200, {"accepted": True})]
ZONE = {
    "id": 1,
    "emergency_stop": "unacknowledged",
    "guards": "closed",
    "isolator": "clear",
    "locks": [{"person": "Mia Chen", "note": "rope", "since_ms": 1}],
    "torque": True,
    "speed_limited": False,
    "devices": ["lift1"],
    "standing": True,
}
CAR = {
    "position": "l1-c1-left",
    "kind": "place",
    "level": 1,
    "column": 1,
    "side": "left",
    "vehicle": "kuga-01",
    "model": "Ford Kuga",
    "electric": True,
    "weight_kg": 1650,
    "by_books": True,
    "sensed": None,
    "confirmed": True,
}


def refused(code: str, text: str) -> tuple[int, dict[str, Any]]:
    return 409, {"code": code, "detail": text, "remedy": "Do it."}


def test_zones_name_the_stop_and_the_holders_of_locks(garagectl: Garagectl) -> None:
    with scripted_api({("GET", "/api/v1/zones"): [(200, {"zones": [ZONE]})]}) as api:
        shown = garagectl("zones", "--url", api.url)
        raw = garagectl("zones", "--json", "--url", api.url)
    assert shown.code == 0
    assert "Mia Chen" in " ".join(shown.out.split())
    assert json.loads(raw.out)["zones"][0]["emergency_stop"] == "unacknowledged"


def test_a_lock_is_hung_and_released_under_the_own_name(garagectl: Garagectl) -> None:
    answers = {("POST", "/api/v1/zones/1/locks"): OK, ("DELETE", "/api/v1/zones/1/locks/Mia%20Chen"): OK}
    with scripted_api(answers) as api:
        assert garagectl("lock", "1", "--person", "Mia Chen", "--note", "rope", "--url", api.url).code == 0
        assert garagectl("unlock", "1", "--person", "Mia Chen", "--url", api.url).code == 0
    assert api.asked[0][2] == {"person": "Mia Chen", "note": "rope"}


def test_a_lock_of_another_is_not_released(garagectl: Garagectl) -> None:
    answer = [refused("LOCK_OF_ANOTHER", "Eve holds no lock on zone 1; Mia do.")]
    with scripted_api({("DELETE", "/api/v1/zones/1/locks/Eve"): answer}) as api:
        ran = garagectl("unlock", "1", "--person", "Eve", "--url", api.url)
    assert ran.code == 1
    assert ran.err.startswith("LOCK_OF_ANOTHER")


def test_h16_the_list_for_the_fire_brigade_takes_an_old_copy_too_and_says_how_old(garagectl: Garagectl) -> None:
    document = {
        "occupancy": [CAR],
        "mode": "fire",
        "totals": {"cars": 1, "electric": 1, "doubtful": 0},
        "snapshot_age_ms": 61_000,
    }
    with scripted_api({("GET", "/api/v1/occupancy"): [(200, document)]}) as api:
        ran = garagectl("occupancy", "--url", api.url)
    assert ran.code == 0
    assert "ELECTRIC" in ran.out
    assert "61.0 s ago" in ran.out
    assert "allow_stale=true" in api.asked[0][1]


@pytest.mark.parametrize(
    ("flags", "body"),
    [
        (("--empty",), {"stands": "empty", "vehicle": None, "person": "Mia"}),
        (("--gone",), {"stands": "gone", "vehicle": None, "person": "Mia"}),
        (
            ("--vehicle", "kuga-01", "--gone"),
            {"stands": "vehicle", "vehicle": "kuga-01", "person": "Mia", "gone": True},
        ),
        (("--vehicle", "kuga-01"), {"stands": "vehicle", "vehicle": "kuga-01", "person": "Mia"}),
    ],
)
def test_inventory_is_confirmed_by_one_closed_answer(
    garagectl: Garagectl, flags: tuple[str, ...], body: dict[str, object]
) -> None:
    with scripted_api({("POST", "/api/v1/places/shuttle1-deck/confirm"): OK}) as api:
        assert garagectl("confirm", "shuttle1-deck", *flags, "--person", "Mia", "--url", api.url).code == 0
    assert api.asked[0][2] == body


@pytest.mark.parametrize("flags", [(), ("--empty", "--gone"), ("--empty", "--vehicle", "kuga-01")])
def test_no_answer_or_two_is_wrong_usage(garagectl: Garagectl, flags: tuple[str, ...]) -> None:
    assert garagectl("confirm", "shuttle1-deck", *flags, "--person", "Mia").code == 2


def test_h13_a_hold_is_refreshed_under_one_press_and_always_let_go(garagectl: Garagectl) -> None:
    with scripted_api({("POST", "/api/v1/manual/hold"): OK, ("POST", "/api/v1/manual/release"): OK}) as api:
        ran = garagectl(
            "manual", "lift1", "travel", "back", "--person", "Mia", "--seconds", "0.5", "--json", "--url", api.url
        )
    assert ran.code == 0
    assert json.loads(ran.out)["ended"] == "RELEASED"
    holds = [body for _, path, body, _ in api.asked if path.endswith("/hold")]
    assert len(holds) >= 3
    assert len({body["press"] for body in holds}) == 1
    assert api.asked[-1][1].endswith("/release")
    assert api.asked[-1][2] == {"press": holds[0]["press"]}


def test_h13_a_hold_that_is_refused_ends_with_the_reason_and_is_let_go(garagectl: Garagectl) -> None:
    answers = {
        ("POST", "/api/v1/manual/hold"): [(200, {"accepted": True}), refused("HOLD_ENDED", "lift1.rope-taut: slack.")],
        ("POST", "/api/v1/manual/release"): OK,
    }
    with scripted_api(answers) as api:
        ran = garagectl("manual", "lift1", "travel", "back", "--person", "Mia", "--seconds", "5", "--url", api.url)
    assert ran.code == 1
    assert "rope-taut" in ran.err
    assert api.asked[-1][1].endswith("/release")


def test_the_end_of_the_way_is_no_failure(garagectl: Garagectl) -> None:
    answers = {
        ("POST", "/api/v1/manual/hold"): [refused("HOLD_ENDED", "END_OF_WAY: The axis is at the end of its way.")],
        ("POST", "/api/v1/manual/release"): OK,
    }
    with scripted_api(answers) as api:
        ran = garagectl("manual", "lift1", "travel", "back", "--person", "Mia", "--seconds", "5", "--url", api.url)
    assert ran.code == 0
    assert "end of its way" in ran.out


def test_without_a_keyboard_the_time_must_be_given(garagectl: Garagectl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with scripted_api({}) as api:
        ran = garagectl("manual", "lift1", "travel", "back", "--person", "Mia", "--url", api.url)
    assert ran.code == 1
    assert ran.err.startswith("NO_KEYBOARD")
    assert api.asked == []
