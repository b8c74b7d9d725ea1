"""Reading the garage over HTTP, fresh and old."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.local_link.messages import ClearDevice, Start, Stop
from tests.api.conftest import RunningApi, running_api, running_garage
from tests.api.scripted_garage import ScriptedGarage, reason
from tests.eventually import eventually

NOUNS = ["orders", "vehicles", "places", "cabins", "devices", "links", "snapshot"]


@pytest.mark.parametrize("noun", NOUNS)
async def test_every_answer_says_how_old_its_data_is(api: RunningApi, noun: str) -> None:
    response = await api.http.get(f"/api/v1/{noun}")
    assert response.status_code == 200
    assert int(response.headers["garage-snapshot-age-ms"]) == response.json()["snapshot_age_ms"] < 2000


@pytest.mark.parametrize("noun", NOUNS)
async def test_data_older_than_the_limit_is_not_told_as_current(
    api: RunningApi, garage: ScriptedGarage, noun: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    garage.silent = True
    monkeypatch.setattr("api.garage_copy.STALE_AFTER_MS", 50)
    await eventually(lambda: (api.link.snapshot_age_ms() or 0) > 100)
    response = await api.http.get(f"/api/v1/{noun}")
    assert (response.status_code, response.json()["code"]) == (503, "CONTROLLER_AWAY")
    old = await api.http.get(f"/api/v1/{noun}?allow_stale=true")
    assert old.status_code == 200
    assert old.json()["snapshot_age_ms"] > 50


async def test_without_a_control_process_reading_and_ordering_say_so(api_alone: RunningApi) -> None:
    for method, path in [
        ("GET", "vehicles"),
        ("GET", "layout"),
        ("POST", "start"),
        ("GET", "vehicles?allow_stale=true"),
    ]:
        response = await api_alone.http.request(method, f"/api/v1/{path}")
        assert (response.status_code, response.json()["code"]) == (503, "CONTROLLER_AWAY")
        assert response.headers["retry-after"] == "1"


async def test_a_control_process_that_does_not_answer_gives_a_time_out(
    api: RunningApi, garage: ScriptedGarage, monkeypatch: pytest.MonkeyPatch
) -> None:
    garage.mute = True
    monkeypatch.setattr("controller.local_link.client.LocalLinkClient.request.__defaults__", (0.2,))
    response = await api.http.post("/api/v1/start")
    assert (response.status_code, response.json()["code"]) == (504, "CONTROLLER_SILENT")


async def test_a_control_process_that_comes_later_is_found(tmp_state: Path) -> None:
    async with running_api(tmp_state) as api:
        assert (await api.http.get("/api/v1/vehicles")).status_code == 503
        async with running_garage("tower-small", tmp_state):
            await eventually(lambda: api.link.snapshot)
            assert (await api.http.get("/api/v1/vehicles")).status_code == 200


async def test_places_say_what_they_are_and_what_they_hold(api: RunningApi) -> None:
    places = (await api.http.get("/api/v1/places")).json()["places"]
    assert len(places) == 8
    held = (await api.http.get("/api/v1/places/l1-c1-left")).json()
    assert (held["vehicle"], held["level"], held["side"], held["height_mm"]) == ("kuga-01", 1, "left", 1900)
    free = (await api.http.get("/api/v1/places?free=true")).json()["places"]
    assert len(free) == 5
    movable = (await api.http.get("/api/v1/places?kind=deck&kind=cabin")).json()["places"]
    assert {place["id"] for place in movable} == {"shuttle1-deck", "cabin1-bay"}


async def test_the_layout_has_every_position_and_mover(api: RunningApi, garage: ScriptedGarage) -> None:
    layout = (await api.http.get("/api/v1/layout")).json()
    assert {position["id"] for position in layout["positions"]} == set(garage.layout.positions)
    assert layout["lifts"][0]["rider"] == "shuttle1"


async def test_health_is_live_even_without_a_control_process(api_alone: RunningApi) -> None:
    assert (await api_alone.http.get("/api/v1/health/live")).json() == {"status": "live"}
    ready = await api_alone.http.get("/api/v1/health/ready")
    assert (ready.status_code, ready.json()["code"]) == (503, "NOT_READY")
    assert [item["code"] for item in ready.json()["reasons"]] == ["CONTROLLER_AWAY"]


async def test_readiness_gives_every_reason(api: RunningApi, garage: ScriptedGarage) -> None:
    assert (await api.http.get("/api/v1/health/ready")).status_code == 200
    garage.ready_reasons = [reason("DEVICE_STOPPED"), reason("FIRE")]
    await eventually(lambda: api.link.snapshot and not api.link.snapshot.ready)
    ready = await api.http.get("/api/v1/health/ready")
    assert ready.headers["content-type"] == "application/problem+json"
    assert [item["code"] for item in ready.json()["reasons"]] == ["DEVICE_STOPPED", "FIRE"]


async def test_start_stop_and_clear_reach_the_control_process_with_the_actor(
    api: RunningApi, garage: ScriptedGarage
) -> None:
    for path in ("stop", "start", "devices/lift1/clear"):
        assert (await api.http.post(f"/api/v1/{path}")).json() == {"accepted": True}
    assert garage.received == [Stop(actor="api"), Start(actor="api"), ClearDevice(device="lift1", actor="api")]
