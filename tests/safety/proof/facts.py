"""What really was in one cycle, as facts for the solver: readings, memory, wishes and what the real gate let out.

Owns the way from the running code to the model's words, in the direction opposite to a proof.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import TrafficLight
from plc_drivers.reading import ProcessImage, Quality
from safety.expression import Expression, Tag, children
from safety.gate import GateResult
from safety.memory import Passed, SafetyMemory
from safety.proof.formula import Formula, truth
from safety.proof.gate_model import GateModel
from safety.proof.translation import Kleene, Translation
from safety.verdict import Function
from safety.wish import DeviceWish


def tags_of(node: Expression) -> Iterator[Tag]:
    """Every tag that the expression reads."""
    if isinstance(node, Tag):
        yield node
    for child in children(node):
        yield from tags_of(child)


def is_(formula: Formula, value: bool) -> Formula:
    return formula if value else ~formula


def came_to(kleene: Kleene, value: object) -> Formula:
    """The translation says what the program said."""
    return is_(kleene.true, value is True) & is_(kleene.false, value is False)


def readings(translation: Translation, image: ProcessImage, tags: set[Tag], age_ms_max: int = 1000) -> list[Formula]:
    """The image, tag by tag."""
    facts = []
    for name, device in image.devices.items():
        good = device.quality is Quality.GOOD
        facts.append(is_(translation.answers(name), good and image.now_ms - device.at_ms <= age_ms_max))
        facts.append(is_(truth(f"{name} is good"), good))
    for tag in tags:
        device = image.devices[tag.device]
        index = device.definition.status_index[tag.name]
        value = device.values[index]
        reading = translation.reading(tag)
        facts.append(is_(reading.came, value is not None and index not in device.bad_tags))
        if value is not None and reading.truth is not None:
            facts.append(is_(reading.truth, bool(value)))
        elif value is not None:
            facts.append(reading.number.equals(value))
    return facts


@dataclass(frozen=True)
class Passage:
    """One passage through the real gate: what went in and what came out."""

    image: ProcessImage
    memory: SafetyMemory
    wishes: Mapping[str, DeviceWish]
    result: GateResult
    epoch: int


def memory(model: GateModel, before: SafetyMemory) -> list[Formula]:
    """What was granted, fading, revoked and in the mailboxes before the cycle."""
    facts = []
    for function in model.garage.functions:
        facts.append(is_(model.translation.asserted_last(function), function in before.granted))
        facts.append(is_(model.translation.fading(function), function in before.fading))
        facts.append(is_(model.revoked(function), function in before.revoked))
        facts.append(model.revoked_seq(function).equals(before.revoked.get(function, 0)))
    for device in _commanded(model):
        facts += _mailbox(model, device, before.commands.get(device))
    for trip in model.garage.trips:
        facts.append(~model.translation.reset_asked(trip.id))
    return facts


def wishes(model: GateModel, wanted: Mapping[str, DeviceWish]) -> list[Formula]:
    """What the core wanted."""
    facts = []
    for device in _commanded(model):
        wish = wanted.get(device, DeviceWish())
        facts.append(model.wanted_code(device).equals(int(wish.command.code)))
        facts.append(model.wanted_argument(device).equals(wish.command.arg1))
        facts.append(model.wanted_seq(device).equals(wish.command.seq))
        for permit in model.garage.definitions[device].permits:
            facts.append(is_(model.wanted(Function(device, permit)), permit in wish.permits))
    return facts


def outcome(model: GateModel, passage: Passage) -> list[Formula]:
    """What the gate let out."""
    facts = [is_(model.out(function), function in passage.result.granted) for function in model.garage.functions]
    for device in _commanded(model):
        before, after = passage.memory.commands.get(device), passage.result.memory.commands.get(device)
        begun = begins(before, after)
        facts.append(is_(model.begins(device), begun))
        kept = not begun and before is not None and after is not None and after.code is before.code
        facts.append(is_(model.keeps(device), kept and after is not None and after.code is not CommandCode.NONE))
        # Asking for any command of the device makes the model speak of its mailbox.
        model.started(device, CommandCode.STOP)
        light = passage.result.outputs.devices[device].levels.get("traffic_light")
        if light is not None:
            facts.append(is_(model.green_shown(device), light == TrafficLight.GREEN))
    return facts


def begins(before: Passed | None, after: Passed | None) -> bool:
    """A command with a number that was not in the mailbox before."""
    if after is None or after.command.code is CommandCode.NONE:
        return False
    return before is None or before.command.seq != after.command.seq


def _mailbox(model: GateModel, device: str, passed: Passed | None) -> list[Formula]:
    box = model.translation.mailbox(device)
    code = CommandCode.NONE if passed is None else passed.code
    seq = 0 if passed is None else passed.command.seq
    boot = None if passed is None else passed.boot
    return [
        box.code.equals(int(code)),
        box.seq.equals(seq),
        is_(box.boot_known, boot is not None),
        box.boot.equals(0 if boot is None else boot),
    ]


def _commanded(model: GateModel) -> list[str]:
    return [name for name, kind in model.garage.definitions.items() if kind.is_commanded]
