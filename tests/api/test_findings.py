"""Findings over HTTP: shown with evidence and closed answers, answered under a name."""

from __future__ import annotations

import pytest

from controller.local_link.mode_messages import AnswerFinding, FindingAnswerView, FindingView
from tests.api.conftest import RunningApi
from tests.api.scripted_garage import ScriptedGarage
from tests.eventually import eventually

HALF = FindingView(
    id="half-transfer.shuttle1",
    kind="half-transfer",
    subject="shuttle1",
    text="The forks of shuttle1 are out and nothing moves them.",
    evidence=["shuttle1.forks_centred 0"],
    moves=[],
    units=["shuttle1", "lift1"],
    question="May it be finished?",
    answers=[FindingAnswerView(id="finish", text="Yes."), FindingAnswerView(id="by-hand", text="By hand.")],
    blocks=False,
)


async def test_findings_are_told_with_their_evidence_and_answers(api: RunningApi, garage: ScriptedGarage) -> None:
    garage.findings = [HALF]
    await eventually(lambda: api.link.snapshot and api.link.snapshot.findings, what="a snapshot with the finding")
    listed = (await api.http.get("/api/v1/findings")).json()["findings"]
    single = (await api.http.get(f"/api/v1/findings/{HALF.id}")).json()
    assert [one["id"] for one in listed] == [HALF.id]
    assert single["evidence"] == ["shuttle1.forks_centred 0"]
    assert [answer["id"] for answer in single["answers"]] == ["finish", "by-hand"]
    missing = await api.http.get("/api/v1/findings/unconfirmed.shuttle9-deck")
    assert (missing.status_code, missing.json()["code"]) == (404, "UNKNOWN_FINDING")


async def test_an_answer_carries_the_persons_name(api: RunningApi, garage: ScriptedGarage) -> None:
    answered = await api.http.post(
        f"/api/v1/findings/{HALF.id}/answer", json={"answer": "finish", "person": "Mia Chen"}
    )
    assert answered.status_code == 200
    assert garage.received[-1] == AnswerFinding(finding=HALF.id, answer="finish", person="Mia Chen", actor="api")


@pytest.mark.parametrize(
    "body",
    [{}, {"answer": "finish"}, {"person": "Mia"}, {"answer": "", "person": "Mia"}, {"answer": "a b", "person": "Mia"}],
)
async def test_an_answer_without_a_name_or_a_choice_never_reaches_the_controller(
    api: RunningApi, garage: ScriptedGarage, body: dict[str, str]
) -> None:
    before = len(garage.received)
    refused = await api.http.post(f"/api/v1/findings/{HALF.id}/answer", json=body)
    assert refused.status_code == 422
    assert len(garage.received) == before
