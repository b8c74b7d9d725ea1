"""Findings: what books and machine do not agree on, with closed questions, and the answers of persons.

Relays both; the control process compares and decides.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from api.authority import Clearer, Viewer
from api.garage_copy import Current, Link, ask
from api.person import FindingAnswerBody
from api.problem import unknown
from api.schema import commanding, listing, single
from controller.local_link.mode_messages import AnswerFinding, FindingView

router = APIRouter(prefix="/findings", tags=["recovery"])

FindingId = Annotated[str, Path(max_length=100, description="The finding's id, as `half-transfer.shuttle1`.")]


@router.get("", summary="Everything that is open", responses=listing("findings", FindingView))
async def every(copy: Current, _actor: Viewer) -> Response:
    """What concerns cars first. An empty list means that books and sensors agree wherever both are known."""
    return copy.reply({"findings": copy.snapshot.findings})


@router.get("/{finding}", summary="One finding", responses=single(FindingView))
async def one(finding: FindingId, copy: Current, _actor: Viewer) -> Response:
    """One finding with its evidence, its question and the answers that it takes."""
    for view in copy.snapshot.findings:
        if view.id == finding:
            return copy.reply_one(view)
    raise unknown("finding", finding)


@router.post(
    "/{finding}/answer",
    summary="Answer a finding's question",
    responses=commanding("The answer was taken.", None),
)
async def answer(finding: FindingId, body: FindingAnswerBody, link: Link, actor: Clearer) -> dict[str, bool]:
    """A named person answers with one of the closed answers. Nothing moves by it: that takes a start."""
    await ask(link, AnswerFinding(finding=finding, answer=body.answer, person=body.person, actor=actor.name))
    return {"accepted": True}
