"""Alarms over HTTP: the list with its filters, what each means, figures, and what people do."""

from __future__ import annotations

from typing import Any

import pytest

from controller.local_link.alarm_messages import (
    AcknowledgeAlarm,
    ConfirmAlarm,
    PutAlarmBack,
    ShelveAlarm,
    TakeAlarmOut,
    UnshelveAlarm,
)
from tests.api.conftest import RunningApi
from tests.api.scripted_garage import ScriptedGarage
from tests.api.scripted_moments import alarmed
from tests.eventually import eventually

ROOT = "/api/v1/alarms"


@pytest.fixture
async def flooded(api: RunningApi, garage: ScriptedGarage) -> ScriptedGarage:
    """The garage with its alarms, once the API has seen them."""
    alarmed(garage)
    await eventually(lambda: api.link.snapshot is not None and len(api.link.snapshot.alarms) == 4)
    return garage


async def listed(api: RunningApi, **query: Any) -> list[str]:
    document = (await api.http.get(ROOT, params=query)).json()
    assert document["snapshot_age_ms"] >= 0
    return [alarm["id"] for alarm in document["alarms"]]


@pytest.mark.usefixtures("flooded")
async def test_the_list_can_be_narrowed(api: RunningApi) -> None:
    every = await listed(api)
    assert len(every) == 4
    assert await listed(api, annunciated=False) == ["lift1.slow"]
    assert await listed(api, priority=["high", "medium"]) == ["cabin1.person-shut-in", "zone1.emergency-stop"]
    assert await listed(api, source="shuttle1") == ["shuttle1.blocked"]
    assert await listed(api, safety=True, annunciated=True) == ["cabin1.person-shut-in", "zone1.emergency-stop"]
    assert await listed(api, state="acknowledged") == []
    assert (await api.http.get(ROOT, params={"priority": "urgent"})).status_code == 422


@pytest.mark.usefixtures("flooded")
async def test_one_alarm_and_the_figures_have_addresses_of_their_own(api: RunningApi) -> None:
    one = (await api.http.get(f"{ROOT}/shuttle1.blocked")).json()
    assert (one["under"], one["action"]) == ("zone1.emergency-stop", "Look at it.")
    figures = (await api.http.get(f"{ROOT}/figures")).json()
    assert figures["in_flood"]
    assert figures["standing"] == 4
    missing = await api.http.get(f"{ROOT}/lift1.brake")
    assert missing.status_code == 404
    assert missing.json()["code"] == "UNKNOWN_ALARM"


@pytest.mark.usefixtures("garage")
async def test_the_definitions_come_from_the_control_process(api: RunningApi) -> None:
    document = (await api.http.get(f"{ROOT}/definitions")).json()
    assert [item["id"] for item in document["definitions"]] == ["lift1.slow", "cabin1.person-shut-in"]
    document = (await api.http.get(f"{ROOT}/definitions", params={"source": "lift1"})).json()
    assert [item["id"] for item in document["definitions"]] == ["lift1.slow"]


@pytest.mark.parametrize(
    ("path", "body", "request_"),
    [
        ("acknowledge", None, AcknowledgeAlarm(alarm="lift1.slow")),
        (
            "acknowledge",
            {"person": "Kim", "comment": "on my way", "group": True},
            AcknowledgeAlarm(alarm="lift1.slow", person="Kim", comment="on my way", group=True),
        ),
        ("confirm", {"person": "Kim"}, ConfirmAlarm(alarm="lift1.slow", person="Kim")),
        (
            "shelve",
            {"person": "Kim", "reason": "repair", "minutes": 30, "one_shot": True},
            ShelveAlarm(alarm="lift1.slow", person="Kim", reason="repair", seconds=1800, one_shot=True),
        ),
        ("unshelve", None, UnshelveAlarm(alarm="lift1.slow")),
        (
            "out-of-service",
            {"person": "Kim", "reason": "spare part"},
            TakeAlarmOut(alarm="lift1.slow", person="Kim", reason="spare part"),
        ),
        ("return-to-service", {"person": "Lee"}, PutAlarmBack(alarm="lift1.slow", person="Lee")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_each_act_reaches_the_control_process_as_it_was_meant(
    api: RunningApi, flooded: ScriptedGarage, path: str, body: dict[str, Any] | None, request_: object
) -> None:
    response = await api.http.post(f"{ROOT}/lift1.slow/{path}", json=body)
    assert response.status_code == 200, response.text
    assert response.json() == {"accepted": True}
    assert flooded.received[-1] == request_


@pytest.mark.usefixtures("flooded")
async def test_a_safety_alarm_is_refused_with_a_code_and_a_remedy(api: RunningApi) -> None:
    body = {"person": "Kim", "reason": "too loud", "minutes": 5}
    for path, sent in (("shelve", body), ("out-of-service", {"person": "Kim", "reason": "too loud"})):
        response = await api.http.post(f"{ROOT}/zone1.emergency-stop/{path}", json=sent)
        assert response.status_code == 409
        problem = response.json()
        assert problem["code"] == "SAFETY_ALARM_NOT_HIDDEN"
        assert problem["remedy"]
    assert (await api.http.post(f"{ROOT}/lift9.slow/acknowledge")).status_code == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("shelve", {"reason": "repair", "minutes": 30}),
        ("shelve", {"person": " ", "reason": "repair", "minutes": 30}),
        ("shelve", {"person": "Kim", "reason": "", "minutes": 30}),
        ("shelve", {"person": "Kim", "reason": "repair", "minutes": 0}),
        ("out-of-service", {"person": "Kim"}),
        ("acknowledge", {"person": "Kim\u0000"}),
        ("acknowledge", {"who": "Kim"}),
        ("confirm", {"comment": "x" * 201}),
    ],
)
async def test_a_body_that_lacks_who_or_why_is_refused_and_reaches_nobody(
    api: RunningApi, flooded: ScriptedGarage, path: str, body: dict[str, Any]
) -> None:
    response = await api.http.post(f"{ROOT}/lift1.slow/{path}", json=body)
    assert response.status_code == 422
    assert response.json()["errors"]
    assert flooded.received == []


@pytest.mark.parametrize("alarm", ["lift1", "..%2f..", "Lift1.slow", "lift1." + "x" * 200])
async def test_what_is_no_id_of_an_alarm_reaches_nobody(api: RunningApi, flooded: ScriptedGarage, alarm: str) -> None:
    assert (await api.http.post(f"{ROOT}/{alarm}/acknowledge")).status_code in (404, 422)
    assert flooded.received == []
