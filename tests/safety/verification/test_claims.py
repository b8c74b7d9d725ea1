"""What the search takes for granted, held against the real code: caches, left-out wishes, covered lies."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest

from plc_drivers.outputs import MailboxCommand
from safety.expression import (
    And,
    Asserted,
    AtMost,
    ChangedSince,
    Expression,
    HeldFor,
    Latch,
    Not,
    Or,
    Outlasted,
    Proven,
)
from safety.gate import Gate
from safety.rules import rules_of
from safety.topology import Topology
from safety.verification.canonical import NOW_MS
from safety.verification.lie import lies_of
from safety.verification.polarity import DOWN, uses_of
from safety.verification.readings import BEAT, EPOCH, NEXT_SEQ
from safety.verification.variants import VARIANTS, Variant
from safety.verification.verify import shown_in
from safety.verification.weakened import WeakenedLogic, is_whole, weaken
from safety.wish import DeviceWish
from tests.safety.verification.situation import explored

SHIFT = 24


def every(name: str, states: int, step: int) -> list[tuple[int, int]]:
    """(plant, memory) of some of the states that a search has reached."""
    _, run = explored(name, states)
    return [(state >> SHIFT, state & (1 << SHIFT) - 1) for state in islice(run.parents, 0, None, step)]


def test_the_same_readings_with_the_same_memory_give_the_same_answer_without_any_cache() -> None:
    search, _ = explored("stops", 1500)
    controller = search.controller
    for plant, memory in every("stops", 1500, 20):
        kept = controller.answer(plant, memory)
        known = controller.real_memory(memory)
        bare = replace(known, trace=None)
        image = controller.images.image(controller.images.honest(plant))
        with_trace = controller.logic.evaluate(image, known, NOW_MS)
        without = controller.logic.evaluate(image, bare, NOW_MS)
        assert with_trace[0].allowed == without[0].allowed
        assert with_trace[0].failing == without[0].failing
        assert with_trace[1] == without[1]
        assert controller.fresh_answer(plant, memory) == kept


@pytest.mark.parametrize("garage", [one.name for one in VARIANTS])
def test_what_is_put_together_from_single_devices_is_what_gate_and_conditions_say_of_the_whole(garage: str) -> None:
    search, _ = explored(garage, 1500)
    controller = search.controller
    for plant, memory in every(garage, 1500, 40):
        for move in search.space.moves(plant):
            assert controller.fresh_answer(move.plant, memory) == controller.answer(move.plant, memory)


def test_a_sensor_that_lies_gets_the_same_answer_as_the_code_gives_to_its_readings() -> None:
    search, run = explored("stops", 1500)
    controller = search.controller
    lies = lies_of(controller.logic.interlocks, controller.logic.definitions, shown_in(search, run)).searched
    for lie in lies[::4]:
        controller.tell(lie)
        for plant, memory in every("stops", 1500, 300):
            assert controller.fresh_answer(plant, memory) == controller.answer(plant, memory), str(lie)
    controller.tell(None)


def test_an_order_that_the_verdict_refuses_begins_nothing() -> None:
    search, _ = explored("stops", 1500)
    controller = search.controller
    layout = search.space.layout
    refused = 0
    for plant, memory in every("stops", 1500, 100):
        image = controller.images.image(controller.images.honest(plant))
        verdict, after = controller.logic.evaluate(image, controller.real_memory(memory), NOW_MS)
        tried = {
            wish for wishes, _, _ in controller.answer(plant, memory).passage.options for wish in wishes
        }  # fmt: skip
        for device in layout.devices:
            for number, order in enumerate(device.orders, start=1):
                if ("orders", device.number, number) in tried:
                    continue
                command = MailboxCommand(NEXT_SEQ, order.code, order.arg1, 0, 0, 1000)
                wishes = {device.id: DeviceWish(frozenset({order.permit}), command, new_command=True)}
                gate = Gate(controller.logic)
                result = gate.pass_wishes(wishes, verdict, after, heartbeat=BEAT, epoch=EPOCH, image=image)
                assert result.outputs.devices[device.id].command.seq != NEXT_SEQ
                refused += 1
    assert refused > 100


def asserted(node: Expression, *, up: bool) -> list[bool]:
    """Whether a higher truth of the condition goes with the permit being there, for each mention of a permit."""
    match node:
        case Asserted():
            return [up]
        case Not(child):
            return asserted(child, up=not up)
        case And(below) | Or(below):
            return [one for child in below for one in asserted(child, up=up)]
        case AtMost(_, below):
            return [one for child in below for one in asserted(child, up=not up)]
        case Proven(child) | HeldFor(child, _) | Outlasted(child, _):
            return asserted(child, up=up)
        case Latch(set_when, reset_when, _):
            return asserted(set_when, up=up) + asserted(reset_when, up=not up)
        case ChangedSince(_, void_when, _):
            return asserted(void_when, up=not up)
        case _:
            return []


def topologies() -> list[Topology]:
    return [variant.layout.topology for variant in VARIANTS]


@pytest.mark.parametrize("topology", topologies())
def test_a_permit_that_is_held_forbids_to_others_and_permits_nothing(topology: Topology) -> None:
    interlocks = WeakenedLogic(topology).interlocks
    assert not any(up for one in interlocks for up in asserted(one.condition, up=True))
    for (_, tag), uses in uses_of(interlocks).items():
        if tag.startswith("holds_"):
            assert {use.direction for use in uses if not use.opaque} <= {DOWN}


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_every_tag_that_an_interlock_reads_has_its_lies(variant: Variant) -> None:
    search, run = explored(variant.name, 300)
    logic = search.controller.logic
    lies = lies_of(logic.interlocks, logic.definitions, shown_in(search, run))
    told = {(lie.device, lie.tag) for lie in (*lies.searched, *lies.covered)}
    assert set(uses_of(logic.interlocks)) <= told


def test_a_lie_that_is_not_searched_permits_no_more_than_one_that_is_or_than_the_truth() -> None:
    search, run = explored("stops", 1500)
    controller = search.controller
    logic = controller.logic
    lies = lies_of(logic.interlocks, logic.definitions, shown_in(search, run))
    by_tag: dict[tuple[str, str], list[frozenset[object]]] = {}
    for plant, memory in every("stops", 1500, 400):
        known = controller.real_memory(memory)

        def allowed(shown: int, known: object = known) -> frozenset[object]:
            verdict, _ = logic.evaluate(controller.images.image(shown), known, NOW_MS)  # type: ignore[arg-type]
            return frozenset(verdict.allowed) | {
                start for start in logic.starts if verdict.start_refusal(start) is None
            }  # fmt: skip

        honest = allowed(controller.images.honest(plant))
        by_tag.clear()
        for lie in lies.searched:
            controller.tell(lie)
            by_tag.setdefault((lie.device, lie.tag), []).append(allowed(controller.shown(plant)))
        for lie in lies.covered:
            controller.tell(lie)
            most = honest.union(*by_tag.get((lie.device, lie.tag), []))
            assert allowed(controller.shown(plant)) <= most, str(lie)
    controller.tell(None)


def test_what_is_left_out_of_a_condition_can_only_forbid() -> None:
    for topology in topologies():
        for interlock in rules_of(topology):
            weakened = weaken(interlock.condition)
            assert is_whole(weakened)
