"""Alarm events as the journal keeps them and as the outside hears of them."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from controller.alarms import facts
from controller.core.events import DECODER, ENCODER, CoreEvent
from controller.core.interface import Recorded
from controller.core.publish import published

EVERY: tuple[facts.AlarmFact, ...] = (
    facts.AlarmRaised(alarm="lift1.slow", priority="low", onset_ms=5, group=2, detail="why"),
    facts.AlarmCleared(alarm="lift1.slow"),
    facts.AlarmAcknowledged(alarm="lift1.slow", actor="api", person="Kim", comment="seen"),
    facts.AlarmConfirmed(alarm="lift1.slow", actor="api"),
    facts.AlarmShelved(alarm="lift1.slow", actor="api", person="Kim", reason="r", until_ms=9, one_shot=True),
    facts.AlarmUnshelved(alarm="lift1.slow", cause="TIME_OVER", actor="controller"),
    facts.AlarmTakenOut(alarm="lift1.slow", actor="api", person="Kim", reason="r"),
    facts.AlarmPutBack(alarm="lift1.slow", actor="api", person="Lee"),
    facts.AlarmFloodBegan(count=11),
    facts.AlarmFloodEnded(count=4, lasted_ms=600_000),
)


def test_every_kind_of_alarm_event_is_here_and_is_one_of_the_journals() -> None:
    kinds = set(get_args(facts.AlarmFact))
    assert {type(fact) for fact in EVERY} == kinds
    assert kinds <= set(get_args(CoreEvent))


@pytest.mark.parametrize("fact", EVERY, ids=lambda fact: str(fact.__struct_config__.tag))
def test_an_alarm_event_is_read_as_it_was_written_and_told_flat(fact: facts.AlarmFact) -> None:
    assert DECODER.decode(ENCODER.encode(fact)) == fact
    told = published(Recorded(7, 1000, fact))
    assert (told.seq, told.at_ms, told.kind) == (7, 1000, fact.__struct_config__.tag)
    assert told.data == {name: value for name, value in msgspec.to_builtins(fact).items() if name != "type"}
