"""The mode table: every event in every mode leads somewhere or is refused, and no way to motion lies open."""

from __future__ import annotations

import itertools

import pytest

from controller.core.mode import MODES, TABLE, Mode, ModeEvent, ModeFacts, When, following
from controller.core.mode_table import document
from safety.refusal import Refusal

EVERY = list(itertools.product(MODES, ModeEvent))
FACTS = [ModeFacts(*bits) for bits in itertools.product((False, True), repeat=4)]


@pytest.mark.parametrize(("mode", "event"), EVERY, ids=[f"{mode}-{event.name}" for mode, event in EVERY])
def test_every_event_in_every_mode_leads_somewhere_or_is_refused_with_a_code(mode: Mode, event: ModeEvent) -> None:
    ways = TABLE[mode, event]
    assert ways[-1].when is When.ALWAYS
    for facts in FACTS:
        target = following(mode, event, facts)
        if isinstance(target, Refusal):
            assert target.code.isupper()
            assert target.text.endswith(".")
            assert target.remedy.endswith(".")
        else:
            assert target in MODES


def test_the_table_has_no_event_or_mode_that_is_none() -> None:
    assert set(TABLE) == set(EVERY)


def test_h11_only_a_persons_start_leads_into_automatic() -> None:
    for (mode, event), facts in itertools.product(EVERY, FACTS):
        if following(mode, event, facts) == "automatic":
            assert event is ModeEvent.START or mode == "automatic", (mode, event)


@pytest.mark.parametrize("event", [ModeEvent.CONTROLLER_RESTART, ModeEvent.SAFETY_RESTART])
def test_h11_no_restart_leaves_automatic_operation_running(event: ModeEvent) -> None:
    for mode, facts in itertools.product(MODES, FACTS):
        assert following(mode, event, facts) != "automatic"


def test_h20_while_a_lock_is_held_no_event_leads_out_of_maintenance_but_to_fire() -> None:
    for event, facts in itertools.product(ModeEvent, FACTS):
        if facts.locked:
            target = following("maintenance", event, facts)
            assert isinstance(target, Refusal) or target in ("maintenance", "fire")


def test_h20_a_lock_is_taken_from_every_mode_and_refused_in_none() -> None:
    for mode, facts in itertools.product(MODES, FACTS):
        assert following(mode, ModeEvent.LOCK, facts) in ("maintenance", "fire")


def test_h16_a_fire_is_entered_from_every_mode_and_left_by_a_persons_act_after_its_end_alone() -> None:
    for mode, facts in itertools.product(MODES, FACTS):
        assert following(mode, ModeEvent.FIRE, facts) == "fire"
    for event, facts in itertools.product(ModeEvent, FACTS):
        target = following("fire", event, facts)
        if not isinstance(target, Refusal) and target != "fire":
            assert event is ModeEvent.FIRE_ENDED
            assert not facts.fire
            assert target != "automatic"


def test_h13_a_start_is_refused_while_an_axis_is_held() -> None:
    for facts in FACTS:
        target = following("manual", ModeEvent.START, facts)
        assert isinstance(target, Refusal) is facts.held


def test_the_page_shows_every_way() -> None:
    text = document(400)
    for ways in TABLE.values():
        for way in ways:
            assert way.leads_to.code in text if isinstance(way.leads_to, Refusal) else f"**{way.leads_to}**" in text
    assert "400 ms" in text
