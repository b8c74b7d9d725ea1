"""The model of the gate promises nothing that the real gate does not keep."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plc_drivers.contract import CommandCode
from plc_drivers.outputs import MailboxCommand
from safety.expression import Tag
from safety.logic import SafetyLogic
from safety.memory import SafetyMemory
from safety.proof.formula import Answer, Formula, solve
from safety.proof.garage import Garage
from safety.proof.gate_model import GateModel, Memo
from safety.proof.translation import Translation
from safety.topology import Topology
from safety.verdict import Function
from safety.wish import DeviceWish
from tests.safety import situations as at
from tests.safety.proof import facts
from tests.safety.scene import EPOCH, PERIOD_MS, SHUTTLES, TOWER, Scene
from tests.safety.test_forbidden_together import _disturb, disturbed, moment, wished


@cache
def garage(topology: Topology) -> tuple[Garage, Translation, Memo]:
    return Garage(topology), Translation(), Memo()


def pass_gate(scene: Scene, wishes: dict[str, DeviceWish]) -> facts.Passage:
    """One cycle of the real logic and gate; the PLCs take up what it let out."""
    scene.now_ms += PERIOD_MS
    scene.heartbeat += 1
    verdict, image = scene.look(), scene.image()
    before = scene.memory
    result = scene.gate.pass_wishes(wishes, verdict, before, heartbeat=scene.heartbeat, epoch=EPOCH, image=image)
    scene.memory = result.memory
    for name, outputs in result.outputs.devices.items():
        scene.obey(name, outputs)
    return facts.Passage(image, before, wishes, result, EPOCH)


def model_of(scene: Scene, memory_before: SafetyMemory, passage: facts.Passage) -> list[Formula]:
    """Everything that was known in the cycle, with every rule of the model."""
    subject, translation, memo = garage(scene.topology)
    model = GateModel(subject, translation, memo)
    tags = {tag for one in subject.interlocks for tag in facts.tags_of(one.condition)}
    tags |= {
        Tag(name, kind.kind, tag)
        for name, kind in subject.definitions.items()
        if kind.is_commanded
        for tag in ("owner_epoch", "boot_counter")
    }
    trace = memory_before.trace
    assert trace is not None
    said = [
        facts.came_to(translation.truth(one.condition), scene.logic.program.truth(one.condition, trace))
        for one in subject.interlocks
    ]
    return [
        *facts.readings(translation, passage.image, tags),
        *facts.memory(model, memory_before),
        *facts.wishes(model, passage.wishes),
        *facts.outcome(model, passage),
        model.epoch.equals(passage.epoch),
        *said,
        *model.rules(),
    ]


@settings(max_examples=35, deadline=None)
@given(case=disturbed(), data=st.data())
def test_whatever_the_real_gate_lets_out_satisfies_the_model(
    case: tuple[int, list[list[tuple[str, str, object]]]], data: st.DataObject
) -> None:
    number, story = case
    scene = moment(number).copy()
    for seq, changes in enumerate(story, start=1):
        for device, tag, value in changes:
            _disturb(scene, device, tag, value)
        passage = pass_gate(scene, data.draw(wished(scene, seq)))
    assert solve(model_of(scene, passage.memory, passage))[0] is Answer.POSSIBLE


def ready_lift() -> Scene:
    scene = at.tower_at_rest()
    scene.set("lift1", pins_extended=False, pins_retracted=True)
    scene.look()
    return scene


MOVE = MailboxCommand(9, CommandCode.MOVE_TO_LEVEL, 2, 0, 0, 1000)


def test_the_model_lets_a_wished_and_allowed_motion_begin() -> None:
    scene = ready_lift()
    passage = pass_gate(scene, {"lift1": DeviceWish(frozenset({"travel"}), MOVE)})
    assert Function("lift1", "travel") in passage.result.granted
    assert solve(model_of(scene, passage.memory, passage))[0] is Answer.POSSIBLE


@pytest.mark.parametrize("permit", ["lift1.travel", "shuttle1.transfer", "cabin1.outer_open", "cabin1.green"])
def test_the_model_forbids_a_permit_that_nobody_wished_or_that_is_not_allowed(permit: str) -> None:
    """The comparison above could not fail otherwise: a gate that let one more out would not satisfy the model."""
    scene = ready_lift()
    passage = pass_gate(scene, {})
    more = Function(*permit.split("."))
    wrong = replace(passage, result=replace(passage.result, granted=passage.result.granted | {more}))
    assert solve(model_of(scene, wrong.memory, wrong))[0] is Answer.IMPOSSIBLE


def test_h11_the_model_forbids_a_command_without_its_permit() -> None:
    scene = ready_lift()
    passage = pass_gate(scene, {"lift1": DeviceWish(frozenset({"travel"}), MOVE)})
    wrong = replace(passage, result=replace(passage.result, granted=frozenset()))
    assert solve(model_of(scene, wrong.memory, wrong))[0] is Answer.IMPOSSIBLE


def test_h13_the_model_forbids_what_goes_to_a_plc_with_another_owner() -> None:
    scene = ready_lift()
    passage = pass_gate(scene, {"lift1": DeviceWish(frozenset({"travel"}), MOVE)})
    other = replace(passage, epoch=EPOCH + 1)
    assert solve(model_of(scene, other.memory, other))[0] is Answer.IMPOSSIBLE


@pytest.mark.parametrize("topology", [TOWER, SHUTTLES])
def test_h09_the_model_takes_the_same_functions_for_exclusive_as_the_running_gate(topology: Topology) -> None:
    logic, subject = SafetyLogic(topology), Garage(topology)
    for one in logic.functions:
        others = {other for other in logic.functions if subject.exclude_each_other(one, other)}
        assert others == logic.conflicts.get(one, frozenset())


def test_h11_a_command_is_not_given_to_a_plc_whose_boot_counter_cannot_be_read() -> None:
    """Nobody could tell afterwards that it has forgotten the command."""
    scene = ready_lift()
    scene.bad["lift1"].add("boot_counter")
    passage = pass_gate(scene, {"lift1": DeviceWish(frozenset({"travel"}), MOVE)})
    assert passage.result.outputs.devices["lift1"].command.code is CommandCode.NONE
