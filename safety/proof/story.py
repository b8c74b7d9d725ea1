"""A counterexample in words: what goes out, what the readings say, and what was given before.

Owns the telling. Must never leave out a reading that the predicate asked for.
"""

from __future__ import annotations

from plc_drivers.contract import CommandCode
from plc_drivers.contract.tag import TagType
from safety.expression import Tag
from safety.proof.formula import Example
from safety.proof.moment import Moment


def story(at: Moment, example: Example) -> tuple[str, ...]:
    """The lines of a counterexample, permits and commands first."""
    return (*_outputs(at, example), *_memory(at, example), *_readings(at, example))


def _outputs(at: Moment, example: Example) -> list[str]:
    lines = []
    for function in at.asked:
        if example.truth(at.gate.out(function)):
            again = example.truth(at.translation.asserted_last(function))
            lines.append(f"{function} goes out, {'as in the last cycle' if again else 'new in this cycle'}")
        elif example.truth(at.translation.fading(function)):
            lines.append(f"{function} has been dropped, and the PLC has not been seen to know")
    for device in at.ordered:
        if example.truth(at.gate.begins(device)):
            code = _code(example.number(at.gate.wanted_code(device)))
            argument = int(example.number(at.gate.wanted_argument(device)))
            lines.append(f"{device} is given {code} with argument {argument} in this cycle")
    return lines


def _memory(at: Moment, example: Example) -> list[str]:
    lines = []
    for device in at.ordered:
        mailbox = at.translation.mailbox(device)
        code = _code(example.number(mailbox.code))
        if code != CommandCode.NONE.name:
            stays = "and keeps it" if example.truth(at.gate.keeps(device)) else "and it is replaced"
            lines.append(f"{device} was last given {code}, number {example.number(mailbox.seq)}, {stays}")
    return lines


def _readings(at: Moment, example: Example) -> list[str]:
    return [f"{tag} {_shown(at, example, tag)}" for tag in at.spoken]


def _shown(at: Moment, example: Example, tag: Tag) -> str:
    reading = at.translation.reading(tag)
    if not example.truth(reading.known):
        if not example.truth(at.answers(tag.device)):
            return f"is unknown: {tag.device} does not answer"
        return "is unknown"
    value = int(example.number(reading.number))
    definition = tag.definition
    if definition.wire is TagType.BOOL:
        return f"is {bool(value)}"
    if definition.enum is not None:
        return f"is {definition.enum(value).name}"
    return f"is {value} {definition.unit}".rstrip()


def _code(value: float) -> str:
    try:
        return CommandCode(int(value)).name
    except ValueError:
        return CommandCode.NONE.name
