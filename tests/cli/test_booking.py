"""Bookings on the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from api.example import BOOKING
from cli.booking_commands import begin_of
from cli.failure import Failure
from tests.cli.garagectl import Garagectl
from tests.cli.scripted_api import scripted_api

BOOK = ("POST", "/api/v1/bookings")
NOW = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)


def test_a_slot_is_booked_for_the_time_that_a_person_writes(garagectl: Garagectl) -> None:
    with scripted_api({BOOK: [(201, BOOKING)]}) as api:
        ran = garagectl(
            "booking", "retrieve", "kuga-01", "--at", "2026-05-01T14:30+02:00", "--minutes", "20", "--url", api.url
        )
    assert ran.code == 0
    assert "b-000007" in ran.out
    _, _, body, headers = api.asked[0]
    begin_ms = round(NOW.timestamp() * 1000)
    assert body == {"kind": "retrieve", "vehicle": "kuga-01", "from_ms": begin_ms, "to_ms": begin_ms + 1_200_000}
    assert headers["Idempotency-Key"].startswith("cli-")


def test_a_refusal_says_what_is_offered_and_programs_get_it_as_it_is(garagectl: Garagectl) -> None:
    offer: dict[str, Any] = {"kind": "retrieve", "vehicle": "kuga-01", "from_ms": 0, "to_ms": 60_000}
    problem = {"code": "SLOT_FULL", "detail": "The cabin cannot.", "remedy": "Take it.", "offer": offer}
    arguments = ("booking", "retrieve", "kuga-01", "--at", "14:30", "--url")
    with scripted_api({BOOK: [(409, problem)]}) as api:
        told = garagectl(*arguments, api.url)
        raw = garagectl(*arguments, api.url, "--json")
    assert told.code == 1
    assert "Offered is: retrieve kuga-01 from" in told.err
    assert raw.document["error"]["offer"] == offer


def test_arrivals_are_announced_and_slots_given_back(garagectl: Garagectl) -> None:
    announce, cancel = ("POST", "/api/v1/bookings/b-000007/announce"), ("DELETE", "/api/v1/bookings/b-000007")
    listed = ("GET", "/api/v1/bookings")
    answers = {announce: [(200, BOOKING)], cancel: [(200, BOOKING)], listed: [(200, {"bookings": [BOOKING]})]}
    with scripted_api(answers) as api:
        assert garagectl("booking", "announce", "b-000007", "--in", "300", "--url", api.url).code == 0
        assert garagectl("booking", "cancel", "b-000007", "--url", api.url).code == 0
        table = garagectl("booking", "--url", api.url)
    assert api.asked[0][2] == {"arrival_s": 300}
    assert "b-000007" in table.out


def test_a_time_of_day_is_the_next_one_and_nonsense_is_refused() -> None:
    assert begin_of("12:30", NOW) == NOW
    assert begin_of("12:29", NOW).day == 2
    assert begin_of("2026-05-03T08:00+00:00", NOW) == datetime(2026, 5, 3, 8, tzinfo=UTC)
    for text in ("soon", "25:00", "2026-13-01T00:00"):
        with pytest.raises(Failure, match="BAD_TIME"):
            begin_of(text, NOW)
