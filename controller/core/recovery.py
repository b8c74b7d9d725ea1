"""Answers of persons to what is open between books and machine.

Owns what an answer brings about, and shows a finding to the outside. An answer sets the books right or clears a unit;
it never moves anything: that takes a start (H11).
"""

from __future__ import annotations

from controller.core import mode_events as mev
from controller.core.finding import Answer, Clear, ConfirmAt, Finding, Refer, findings
from controller.core.inventory import confirm
from controller.core.situation import Situation
from controller.core.trips import clear
from controller.local_link.mode_messages import AnswerFinding, ConfirmInventory, FindingAnswerView, FindingView
from safety.refusal import Refusal

SHOWN_MAX = 100
"""Findings that are shown; after a damaged journal every place of a large garage has one."""


def finding_views(situation: Situation) -> list[FindingView]:
    """The findings as the outside sees them."""
    return [
        FindingView(
            id=one.id,
            kind=one.kind,
            subject=one.subject,
            text=one.text,
            evidence=list(one.evidence),
            moves=list(one.moves),
            units=list(one.units),
            question=one.question,
            answers=[FindingAnswerView(id=answer.id, text=answer.text) for answer in one.answers],
            blocks=one.blocks,
        )
        for one in findings(situation)[:SHOWN_MAX]
    ]


def answer_finding(situation: Situation, request: AnswerFinding) -> Refusal | None:
    """Take a person's answer, or say why it cannot be."""
    finding = next((one for one in findings(situation) if one.id == request.finding), None)
    if finding is None:
        return Refusal(
            "UNKNOWN_FINDING",
            f"There is no finding {request.finding!r} now.",
            "It may be settled already; `garagectl recover --list` shows what is open.",
        )
    answer = next((one for one in finding.answers if one.id == request.answer), None)
    if answer is None:
        known = ", ".join(one.id for one in finding.answers)
        remedy = f"Answer with one of: {known}." if known else f"It takes no answer. {' '.join(finding.moves)}"
        return Refusal("NO_SUCH_ANSWER", f"{finding.id} has no answer {request.answer!r}.", remedy)
    refusal = _carry_out(situation, finding, answer, request)
    if refusal is None:
        situation.log.write(
            mev.FindingAnswered(
                finding=finding.id,
                answer=answer.id,
                text=answer.text,
                units=[] if isinstance(answer.effect, Refer) else list(finding.units),
                person=request.person,
                actor=request.actor,
            )
        )
    return refusal


def _carry_out(situation: Situation, finding: Finding, answer: Answer, request: AnswerFinding) -> Refusal | None:
    match answer.effect:
        case ConfirmAt(position=position, vehicle=vehicle, gone=gone):
            word = ConfirmInventory(
                position=position, vehicle=vehicle, person=request.person, gone=gone, actor=request.actor
            )
            return confirm(situation, word, asked=frozenset(finding.positions))
        case Clear(device=device):
            return clear(situation, device, request.actor)
        case Refer():
            return None
