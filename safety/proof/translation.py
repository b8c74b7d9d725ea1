"""The interlocks' own expression trees as formulas, over every image and every memory at once.

Owns what each kind of expression means to the solver. Must never simplify a tree or leave a part of one out: what
is proved is proved of the declarations as they run. ``tests/safety/proof`` compares it with the running program.

A tag is a raw value of any size, and whether it came in at all; it is known when it came in, its device answers and
the contract admits the value, exactly as the program decides it. An expression with memory may be whatever its last
truth allows: a holding time that is over says that its child holds now, one that is not over says nothing more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from plc_drivers.contract.codes import AckResult
from plc_drivers.contract.tag import Tag as TagDefinition
from plc_drivers.contract.tag import TagType
from safety.expression import (
    And,
    Answering,
    Asserted,
    AtMost,
    Between,
    ChangedSince,
    ChangedWithin,
    Commanded,
    Compare,
    Const,
    Dominant,
    Expression,
    HeldFor,
    Latch,
    LockedOut,
    ManualHold,
    Not,
    OneOf,
    Op,
    Or,
    Outlasted,
    Proven,
    ResetAsked,
    Tag,
)
from safety.proof.formula import (
    FALSE,
    TRUE,
    Formula,
    Number,
    all_of,
    any_of,
    as_number,
    at_least,
    real,
    same,
    truth,
    whole,
)
from safety.verdict import Function

Remembered = HeldFor | Outlasted | ChangedWithin | ChangedSince | Latch


@dataclass(frozen=True, slots=True)
class Kleene:
    """A truth of three: ``true`` and ``false`` are never both; unknown is when neither is."""

    true: Formula
    false: Formula


class TranslationError(ValueError):
    """An expression of a kind that has no translation: nothing may be proved around it."""


@dataclass(frozen=True, slots=True)
class TagReading:
    """One tag as the solver sees it.

    ``came`` is that the tag is not bad by itself; ``known`` that its value may be believed. ``truth`` is set for a
    bool only; ``number`` is 1 or 0 for one.
    """

    came: Formula
    known: Formula
    number: Number
    truth: Formula | None


@dataclass(frozen=True, slots=True)
class Mailbox:
    """What the controller remembers of a device's mailbox: the command that was passed to it last.

    ``boot_known`` and ``boot`` are the PLC's boot counter at that moment. Code NONE stands for no command, or one
    that was taken out again.
    """

    code: Number
    seq: Number
    boot_known: Formula
    boot: Number


class Translation:
    """Expressions of one garage as formulas; equal sub-expressions are one formula and share their memory."""

    def __init__(self) -> None:
        self._truths: dict[Expression, Kleene] = {}
        self._readings: dict[tuple[str, str], TagReading] = {}
        self.remembered: dict[Remembered, Kleene] = {}
        self._before: dict[Latch, Kleene] = {}
        self._axes: dict[Function, int] = {}

    def truth(self, node: Expression) -> Kleene:
        """What the expression can come to.

        Raises:
            TranslationError: an expression of a kind that has no translation.
        """
        found = self._truths.get(node)
        if found is None:
            found = self._truths[node] = self._translate(node)
            if isinstance(node, Remembered):
                self.remembered[node] = found
        return found

    def reading(self, tag: Tag) -> TagReading:
        """The tag's value, and whether it is known."""
        key = (tag.device, tag.name)
        found = self._readings.get(key)
        if found is None:
            found = self._readings[key] = _reading(str(tag), tag.definition, self.answers(tag.device))
        return found

    def answers(self, device: str) -> Formula:
        """The device's readings are good, of its kind and not too old."""
        return truth(f"{device} answers")

    def asserted_last(self, function: Function) -> Formula:
        """The permit was asserted in the last cycle."""
        return truth(f"{function} was permitted")

    def fading(self, function: Function) -> Formula:
        """The permit was dropped, and the PLC has not been seen to know."""
        return truth(f"{function} is dropped and not yet echoed")

    def reset_asked(self, trip: str) -> Formula:
        """A person's reset of the trip reached this evaluation."""
        return truth(f"{trip} is reset")

    def locked_out(self, zone: int) -> Formula:
        """Somebody holds a lock of their own on the zone."""
        return truth(f"zone {zone} is locked by a person")

    def held_by_hand(self, function: Function) -> Formula:
        """A person holds this axis, and was heard in time; never two axes at once, since there is one hold."""
        number = self._axes.setdefault(function, len(self._axes) + 1)
        return whole("axis held by hand").equals(number)

    def before(self, latch: Latch) -> Kleene:
        """What the latch was in the last evaluation."""
        self.truth(latch)
        return self._before[latch]

    def mailbox(self, device: str) -> Mailbox:
        """The command that was passed to the device last."""
        return Mailbox(
            whole(f"{device} last command"),
            whole(f"{device} last number"),
            truth(f"{device} boot was known"),
            whole(f"{device} last boot"),
        )

    def _translate(self, node: Expression) -> Kleene:
        match node:
            case Const(value):
                return Kleene(TRUE if value is True else FALSE, TRUE if value is False else FALSE)
            case Tag():
                found = self.reading(node)
                return _known(found.known, found.truth or ~found.number.equals(0))
            case Not() | And() | Or() | AtMost() | Proven():
                return self._logic(node)
            case Compare() | Between() | OneOf():
                return self._comparison(node)
            case Asserted() | Commanded() | Answering() | ResetAsked() | LockedOut() | ManualHold():
                return self._told(node)
            case HeldFor() | Outlasted() | ChangedWithin() | ChangedSince() | Latch():
                return self._remembered(node)
            case _:
                raise TranslationError(f"a {type(node).__name__} has no translation, so nothing is proved")

    def _logic(self, node: Not | And | Or | AtMost | Proven) -> Kleene:
        match node:
            case Not(child):
                below = self.truth(child)
                return Kleene(below.false, below.true)
            case Proven(child):
                return _certain(self.truth(child).true)
            case And(children):
                each = [self.truth(child) for child in children]
                return Kleene(all_of(*(one.true for one in each)), any_of(*(one.false for one in each)))
            case Or(children):
                each = [self.truth(child) for child in children]
                return Kleene(any_of(*(one.true for one in each)), all_of(*(one.false for one in each)))
            case AtMost(limit, children):
                each = [self.truth(child) for child in children]
                return Kleene(
                    at_least(len(each) - limit, *(one.false for one in each)),
                    at_least(limit + 1, *(one.true for one in each)),
                )

    def _comparison(self, node: Compare | Between | OneOf) -> Kleene:
        match node:
            case Compare(op, left, right):
                one = self.reading(left)
                if isinstance(right, Tag):
                    other = self.reading(right)
                    return _known(one.known & other.known, _COMPARE[op](one.number, other.number))
                return _known(one.known, _COMPARE[op](one.number, right))
            case Between(tag, low, high):
                one = self.reading(tag)
                return _known(one.known, one.number.between(low, high))
            case OneOf(tag, values):
                one = self.reading(tag)
                return _known(one.known, one.number.one_of(values))

    def _told(self, node: Asserted | Commanded | Answering | ResetAsked | LockedOut | ManualHold) -> Kleene:
        match node:
            case LockedOut(zone):
                return _certain(self.locked_out(zone))
            case ManualHold(function, _):
                return _certain(self.held_by_hand(function))
            case ResetAsked(trip):
                return _certain(self.reset_asked(trip))
            case Asserted(function):
                return _certain(self.asserted_last(function) | self.fading(function))
            case Answering(device, _):
                return Kleene(self.answers(device), FALSE)
            case Commanded(codes, done, ack, answer):
                mailbox = self.mailbox(done.device)
                given = mailbox.code.one_of(codes)
                return _certain(given & ~self._ended(mailbox.seq, done, ack, answer))

    def _ended(self, seq: Number, done: Tag, ack: Tag, answer: Tag) -> Formula:
        ended, answered, result = (self.reading(tag) for tag in (done, ack, answer))
        refused = all_of(
            answered.known,
            answered.number.equals(seq),
            result.known,
            ~result.number.equals(int(AckResult.ACCEPTED)),
        )
        return (ended.known & ended.number.equals(seq)) | refused

    def _remembered(self, node: Remembered) -> Kleene:
        number = len(self.remembered)
        match node:
            case HeldFor(child, _):
                below, over = self.truth(child), truth(f"holding time {number} is over")
                return Kleene(below.true & over, below.false | (below.true & ~over))
            case Outlasted(child, _):
                below, used = self.truth(child), truth(f"grace {number} is used up")
                return Kleene(~below.false & used, below.false | (below.true & ~used))
            case ChangedWithin(tag, _):
                known, changed = self.reading(tag).known, truth(f"change {number} was seen")
                recent = truth(f"watch {number} is recent")
                return Kleene(all_of(known, changed, recent), known & ~recent)
            case ChangedSince(counter, void_when, restart):
                void = self.truth(void_when)
                known = all_of(self.reading(counter).known, self.reading(restart).known, void.true | void.false)
                changed = truth(f"press {number} was seen")
                return _known(known, void.false & changed)
            case Latch(set_when, reset_when, dominant):
                before = Kleene(truth(f"latch {number} was set"), truth(f"latch {number} was reset"))
                before = Kleene(before.true & ~before.false, before.false & ~before.true)
                self._before[node] = before
                wanted, ended = self.truth(set_when), self.truth(reset_when)
                free = Kleene(ended.false, ended.true)
                if dominant is Dominant.SET:
                    return _either(wanted, _both(free, before))
                return _both(free, _either(wanted, before))


_COMPARE: dict[Op, Callable[[Number, Number | float], Formula]] = {
    Op.EQ: lambda one, other: one.equals(other),
    Op.NE: lambda one, other: ~one.equals(other),
    Op.LT: lambda one, other: one.below(other),
    Op.LE: lambda one, other: one.at_most(other),
    Op.GT: lambda one, other: ~one.at_most(other),
    Op.GE: lambda one, other: ~one.below(other),
}


def _reading(name: str, definition: TagDefinition, answers: Formula) -> TagReading:
    came = truth(f"{name} came")
    if definition.wire is TagType.BOOL:
        value = truth(name)
        return TagReading(came, answers & came, as_number(value), value)
    number = real(name) if definition.wire is TagType.FLOAT32 else whole(name)
    if definition.enum is not None:
        admitted = number.one_of(int(member) for member in definition.enum)
    else:
        admitted = number.between(*definition.bounds)
    return TagReading(came, all_of(answers, came, admitted), number, None)


def _known(known: Formula, value: Formula) -> Kleene:
    return Kleene(known & value, known & ~value)


def _certain(value: Formula) -> Kleene:
    return Kleene(value, ~value)


def _both(one: Kleene, other: Kleene) -> Kleene:
    return Kleene(one.true & other.true, one.false | other.false)


def _either(one: Kleene, other: Kleene) -> Kleene:
    return Kleene(one.true | other.true, one.false & other.false)


def unknown(value: Kleene) -> Formula:
    """Neither true nor false."""
    return ~value.true & ~value.false


def agree(one: Kleene, other: Kleene) -> Formula:
    """Both are the same of three."""
    return same(one.true, other.true) & same(one.false, other.false)
