"""Explanations over HTTP: the control process's own words, relayed as they are."""

from __future__ import annotations

from urllib.parse import quote

import msgspec
import pytest

from controller.local_link.explanation import Explanation
from controller.local_link.messages import Refused
from tests.api.conftest import RunningApi
from tests.api.scripted_garage import ScriptedGarage, reason
from tests.controller.test_explainer import Asked


@pytest.fixture(scope="module")
def explained() -> Explanation:
    return Asked("tower-small")("cabin1.green")


async def test_an_explanation_is_relayed_word_by_word(
    api: RunningApi, garage: ScriptedGarage, explained: Explanation
) -> None:
    garage.explanations["cabin1.green"] = explained
    response = await api.http.get("/api/v1/explain/cabin1.green")
    assert response.status_code == 200
    assert response.json() == msgspec.to_builtins(explained) | {"type": "explanation"}
    assert response.headers["cache-control"] == "no-store"


async def test_without_a_name_the_whole_garage_is_asked_for(
    api: RunningApi, garage: ScriptedGarage, explained: Explanation
) -> None:
    garage.explanations["garage"] = explained
    assert (await api.http.get("/api/v1/explain")).status_code == 200
    assert garage.questions == ["garage"]


@pytest.mark.parametrize("what", ["shuttle1.PLACE_LEFT(2)", "no such thing", "\u00fc\u00e9"])
async def test_a_name_reaches_the_control_process_as_it_was_written(
    api: RunningApi, garage: ScriptedGarage, what: str
) -> None:
    response = await api.http.get(f"/api/v1/explain/{quote(what)}")
    assert garage.questions == [what]
    assert (response.status_code, response.json()["code"]) == (404, "UNKNOWN_SUBJECT")


async def test_a_name_that_is_too_long_is_no_name(api: RunningApi, garage: ScriptedGarage) -> None:
    assert (await api.http.get(f"/api/v1/explain/{'x' * 200}")).status_code == 422
    assert garage.questions == []


async def test_a_cycle_that_has_no_time_is_told_as_busy(api: RunningApi, garage: ScriptedGarage) -> None:
    garage.explanations["lift1"] = Refused(reason=reason("CYCLE_BUSY"))
    response = await api.http.get("/api/v1/explain/lift1")
    assert (response.status_code, response.json()["code"]) == (503, "CYCLE_BUSY")


async def test_without_a_control_process_nothing_is_explained(api_alone: RunningApi) -> None:
    response = await api_alone.http.get("/api/v1/explain/lift1")
    assert (response.status_code, response.json()["code"]) == (503, "CONTROLLER_AWAY")
