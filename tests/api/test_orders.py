"""Ordering, watching and withdrawing over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from controller.local_link.messages import SubmitOrder, WithdrawOrder
from tests.api.conftest import RunningApi
from tests.api.scripted_garage import ScriptedGarage, reason
from tests.eventually import eventually

RETRIEVE = {"kind": "retrieve", "vehicle": "kuga-01"}


async def test_an_accepted_order_is_created_with_its_address(api: RunningApi) -> None:
    response = await api.http.post("/api/v1/orders", json={**RETRIEVE, "cabin": "cabin1"})
    assert response.status_code == 201
    order = response.json()
    assert response.headers["location"] == f"/api/v1/orders/{order['id']}"
    assert (order["kind"], order["vehicle"], order["cabin"]) == ("retrieve", "kuga-01", "cabin1")


async def test_a_store_order_carries_what_the_customer_says_of_the_car(api: RunningApi, garage: ScriptedGarage) -> None:
    body = {"kind": "store", "vehicle": "GZ-A88888", "model": "福特 Kuga", "length_mm": 4531, "electric": True}
    assert (await api.http.post("/api/v1/orders", json=body)).status_code == 201
    sent = garage.received[-1]
    assert isinstance(sent, SubmitOrder)
    assert (sent.vehicle.model, sent.vehicle.length_mm, sent.vehicle.electric) == ("福特 Kuga", 4531, True)


async def test_the_same_key_and_body_give_the_same_order_whatever_the_order_of_fields(api: RunningApi) -> None:
    headers = {"Idempotency-Key": "visit-1"}
    first = await api.http.post("/api/v1/orders", json={**RETRIEVE, "cabin": "cabin1"}, headers=headers)
    again = await api.http.post(
        "/api/v1/orders",
        content=b'{ "cabin": "cabin1",  "vehicle": "kuga-01", "kind": "retrieve" }',
        headers={**headers, "Content-Type": "application/json"},
    )
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]


async def test_the_same_key_with_another_body_is_refused(api: RunningApi, garage: ScriptedGarage) -> None:
    headers = {"Idempotency-Key": "visit-1"}
    await api.http.post("/api/v1/orders", json=RETRIEVE, headers=headers)
    other = await api.http.post("/api/v1/orders", json={**RETRIEVE, "vehicle": "mustang-01"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_CONFLICT")
    assert len(garage.orders) == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, "ключ".encode().decode("latin-1")])
async def test_an_idempotency_key_that_cannot_be_kept_is_refused(api: RunningApi, key: str) -> None:
    response = await api.http.post(
        "/api/v1/orders", json=RETRIEVE, headers=[(b"Idempotency-Key", key.encode("latin-1"))]
    )
    assert response.status_code == 422
    assert response.json()["errors"][0]["at"] == "header.Idempotency-Key"


async def test_an_order_shows_state_progress_eta_and_why_it_waits(api: RunningApi, garage: ScriptedGarage) -> None:
    order = garage.add_order("retrieve", "kuga-01", waiting_for=reason("CABIN_BUSY"), progress=0.25)
    await _known(api, order.id)
    shown = (await api.http.get(f"/api/v1/orders/{order.id}")).json()
    assert (shown["state"], shown["progress"], shown["eta_ms"]) == ("waiting", 0.25, order.eta_ms)
    assert shown["waiting_for"] == {"code": "CABIN_BUSY", "text": "It is so.", "remedy": "Change it."}
    assert shown["snapshot_age_ms"] >= 0


async def test_orders_can_be_listed_by_state_and_car(api: RunningApi, garage: ScriptedGarage) -> None:
    garage.add_order("retrieve", "kuga-01")
    last = garage.add_order("retrieve", "mustang-01", state="done")
    await _known(api, last.id)

    async def ids(query: str) -> list[str]:
        return [order["id"] for order in (await api.http.get(f"/api/v1/orders?{query}")).json()["orders"]]

    assert await ids("") == ["o-1", "o-2"]
    assert await ids("state=done") == ["o-2"]
    assert await ids("state=done&state=waiting") == ["o-1", "o-2"]
    assert await ids("vehicle=kuga-01") == ["o-1"]


@pytest.mark.parametrize("immediate", [False, True])
async def test_a_withdrawal_says_whether_movers_stop_at_once(
    api: RunningApi, garage: ScriptedGarage, immediate: bool
) -> None:
    order = garage.add_order("retrieve", "kuga-01")
    response = await api.http.delete(f"/api/v1/orders/{order.id}?immediate={str(immediate).lower()}")
    assert (response.status_code, response.json()["state"]) == (200, "withdrawing")
    assert garage.received[-1] == WithdrawOrder(order=order.id, immediate=immediate, actor="api")


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/api/v1/orders/o-99", "UNKNOWN_ORDER"),
        ("DELETE", "/api/v1/orders/o-99", "UNKNOWN_ORDER"),
        ("GET", "/api/v1/vehicles/nobody", "UNKNOWN_VEHICLE"),
        ("GET", "/api/v1/places/nowhere", "UNKNOWN_PLACE"),
        ("GET", "/api/v1/cabins/none", "UNKNOWN_CABIN"),
        ("GET", "/api/v1/devices/none", "UNKNOWN_DEVICE"),
        ("POST", "/api/v1/devices/none/clear", "UNKNOWN_DEVICE"),
    ],
)
async def test_what_the_garage_does_not_have_is_not_found(api: RunningApi, method: str, path: str, code: str) -> None:
    response = await api.http.request(method, path)
    assert (response.status_code, response.json()["code"]) == (404, code)
    assert response.json()["remedy"]


async def test_an_order_for_an_unknown_or_ordered_car_is_refused_with_the_code_of_the_controller(
    api: RunningApi,
) -> None:
    unknown = await api.http.post("/api/v1/orders", json={**RETRIEVE, "vehicle": "nobody"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "UNKNOWN_VEHICLE")
    await api.http.post("/api/v1/orders", json=RETRIEVE)
    twice = await api.http.post("/api/v1/orders", json=RETRIEVE)
    assert (twice.status_code, twice.json()["code"]) == (409, "VEHICLE_HAS_ORDER")


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({}, "body"),
        ({"kind": "fly", "vehicle": "kuga-01"}, "body"),
        ({"kind": "retrieve"}, "body.retrieve.vehicle"),
        ({**RETRIEVE, "vehicle": 7}, "body.retrieve.vehicle"),
        ({**RETRIEVE, "vehicle": "../etc"}, "body.retrieve.vehicle"),
        ({**RETRIEVE, "vehicle": "kuga-01\n"}, "body.retrieve.vehicle"),
        ({**RETRIEVE, "vehicle": "k" * 33}, "body.retrieve.vehicle"),
        ({**RETRIEVE, "cabin": "CABIN 1"}, "body.retrieve.cabin"),
        ({**RETRIEVE, "priority": 1}, "body.retrieve.priority"),
        ({"kind": "store", "vehicle": "a", "length_mm": "4500"}, "body.store.length_mm"),
        ({"kind": "store", "vehicle": "a", "length_mm": 0}, "body.store.length_mm"),
        ({"kind": "store", "vehicle": "a", "weight_kg": 10**30}, "body.store.weight_kg"),
        ({"kind": "store", "vehicle": "a", "model": "tab\there"}, "body.store.model"),
        ({"kind": "store", "vehicle": "a", "electric": 1}, "body.store.electric"),
        ({"kind": "relocate", "vehicle": "a", "target": ""}, "body.relocate.target"),
    ],
)
async def test_every_wrong_field_is_named(
    api: RunningApi, garage: ScriptedGarage, body: dict[str, Any], at: str
) -> None:
    response = await api.http.post("/api/v1/orders", json=body)
    assert (response.status_code, response.json()["code"]) == (422, "INVALID_REQUEST")
    assert at in [error["at"] for error in response.json()["errors"]]
    assert garage.received == []


async def _known(api: RunningApi, order: str) -> None:
    link = api.link
    await eventually(lambda: link.snapshot and any(item.id == order for item in link.snapshot.orders))


async def test_a_mistyped_parameter_is_refused_instead_of_becoming_a_regular_withdrawal(
    api: RunningApi, garage: ScriptedGarage
) -> None:
    before = len(garage.received)
    response = await api.http.delete("/api/v1/orders/o-000001?imediate=true")
    assert response.status_code == 400
    assert response.json()["code"] == "UNKNOWN_PARAMETER"
    assert len(garage.received) == before
