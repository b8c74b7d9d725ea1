"""Booking a slot, announcing an arrival and giving the slot back over HTTP."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from api.example import BOOKING
from controller.local_link.booking_messages import AnnounceBooking, BookingView, BookSlot, CancelBooking, Offer
from controller.local_link.messages import Accepted, Refused
from tests.api.conftest import RunningApi
from tests.api.scripted_garage import ScriptedGarage, reason
from tests.eventually import eventually

VIEW = msgspec.convert(BOOKING, BookingView)
WISH: dict[str, Any] = {"kind": "retrieve", "vehicle": "mustang-01", "from_ms": 1_767_279_600_000}
SLOT = {**WISH, "to_ms": 1_767_280_500_000}


async def test_a_slot_is_booked_announced_and_given_back(api: RunningApi, garage: ScriptedGarage) -> None:
    garage.booking_answers = [Accepted(booking=VIEW), Accepted(booking=VIEW, repeated=True)]
    for status in (201, 200):
        response = await api.http.post("/api/v1/bookings", json=SLOT, headers={"Idempotency-Key": "k-1"})
        assert response.status_code == status
        assert response.headers["location"] == f"/api/v1/bookings/{VIEW.id}"
    sent = garage.received[-1]
    assert isinstance(sent, BookSlot)
    assert (sent.vehicle, sent.from_ms, sent.key, bool(sent.fingerprint)) == (
        "mustang-01",
        SLOT["from_ms"],
        "k-1",
        True,
    )
    garage.booking_answers = [Accepted(booking=VIEW), Accepted(booking=VIEW)]
    assert (await api.http.post(f"/api/v1/bookings/{VIEW.id}/announce", json={"arrival_s": 300})).status_code == 200
    assert (await api.http.delete(f"/api/v1/bookings/{VIEW.id}")).json()["id"] == VIEW.id
    assert garage.received[-2:] == [AnnounceBooking(booking=VIEW.id, arrival_s=300), CancelBooking(booking=VIEW.id)]


async def test_a_refusal_carries_the_nearest_offer(api: RunningApi, garage: ScriptedGarage) -> None:
    offer = Offer(kind="retrieve", vehicle="mustang-01", from_ms=5, to_ms=9)
    garage.booking_answers = [Refused(reason=reason("SLOT_FULL"), offer=offer), Refused(reason=reason("SLOT_FULL"))]
    response = await api.http.post("/api/v1/bookings", json=SLOT)
    assert response.status_code == 409
    assert (response.json()["code"], response.json()["offer"]) == ("SLOT_FULL", msgspec.to_builtins(offer))
    assert "offer" not in (await api.http.post("/api/v1/bookings", json=SLOT)).json()


async def test_bookings_are_listed_and_found(api: RunningApi, garage: ScriptedGarage) -> None:
    garage.bookings = [VIEW, msgspec.structs.replace(VIEW, id="b-000008", state="done", vehicle="kuga-01")]

    async def listed(query: str = "") -> list[str]:
        return [one["id"] for one in (await api.http.get(f"/api/v1/bookings{query}")).json()["bookings"]]

    await eventually(lambda: len(api.link.snapshot.bookings if api.link.snapshot else []) == 2, what="the bookings")
    assert await listed() == ["b-000007", "b-000008"]
    assert await listed("?state=done") == ["b-000008"]
    assert await listed("?vehicle=mustang-01") == ["b-000007"]
    assert (await api.http.get("/api/v1/bookings/b-000007")).json()["purpose"] == "test drive"
    missing = await api.http.get("/api/v1/bookings/b-9")
    assert (missing.status_code, missing.json()["code"]) == (404, "UNKNOWN_BOOKING")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (WISH, "to_ms"),
        ({**SLOT, "to_ms": "soon"}, "to_ms"),
        ({**SLOT, "from_ms": -1}, "from_ms"),
        ({**SLOT, "to_ms": 10**18}, "to_ms"),
        ({**SLOT, "vehicle": "a b"}, "vehicle"),
        ({**SLOT, "purpose": "x" * 81}, "purpose"),
        ({**SLOT, "height_mm": 1700}, "height_mm"),
    ],
)
async def test_a_wish_of_another_form_names_the_field_and_goes_nowhere(
    api: RunningApi, garage: ScriptedGarage, body: dict[str, Any], field: str
) -> None:
    response = await api.http.post("/api/v1/bookings", json=body)
    assert response.status_code == 422
    assert response.json()["errors"][0]["at"].endswith(field)
    assert not any(isinstance(one, BookSlot) for one in garage.received)
