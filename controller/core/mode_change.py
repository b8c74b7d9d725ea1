"""From what happens to the mode that follows: the one place where the mode table is applied.

Owns the reading of the facts that the table depends on. Must never know a way that the table does not have.
"""

from __future__ import annotations

from controller.core import events as ev
from controller.core.mode import ModeEvent, ModeFacts, following
from controller.core.situation import Situation
from safety.refusal import Refusal

_ALWAYS_TOLD = frozenset({ModeEvent.START, ModeEvent.STOP})
"""A person's start and stop are facts even where the mode stays: a start releases what was cleared since (H11)."""


def happened(situation: Situation, event: ModeEvent, actor: str, cause: str) -> Refusal | None:
    """Change the mode as the table has it; the refusal when it leads nowhere."""
    state = situation.state
    target = following(state.mode, event, facts_of(situation))
    if isinstance(target, Refusal):
        return target
    if target != state.mode or event in _ALWAYS_TOLD:
        situation.log.write(ev.ModeChanged(mode=target, actor=actor, cause=cause))
    return None


def would_refuse(situation: Situation, event: ModeEvent) -> Refusal | None:
    """Why the event would lead nowhere now, None when it would."""
    target = following(situation.state.mode, event, facts_of(situation))
    return target if isinstance(target, Refusal) else None


def facts_of(situation: Situation) -> ModeFacts:
    """The facts of this moment; a fire alarm that cannot be seen is not proven to be over (H10, H16)."""
    precautions = situation.state.precautions
    return ModeFacts(
        locked=bool(precautions.locks),
        key_out=bool(precautions.keys_out),
        fire=situation.value(situation.config.safety.id, "fire_clear") is not True,
        held=situation.state.hold is not None,
    )


def look_for_fire(situation: Situation) -> None:
    """The alarm's contact is open: from this cycle on nothing begins (H16). A safety PLC that is away is no fire."""
    if situation.value(situation.config.safety.id, "fire_clear") is False and situation.state.mode != "fire":
        happened(situation, ModeEvent.FIRE, "machine", "FIRE_ALARM")
