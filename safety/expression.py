"""The small three-valued language in which every interlock's condition is written.

Owns the kinds of expression and their checks at construction. Must never read an image: the same trees are compiled
and run by ``program``, worded by ``wording``, and can be searched and proved elsewhere.

Truth is True, False or None for unknown (Kleene's strong logic). Anything stale, bad, missing or out of range
is unknown, and unknown never permits (H10).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from plc_drivers.contract import DEFINITIONS, CommandCode, DeviceKind
from plc_drivers.contract import Tag as TagDefinition
from plc_drivers.contract.safety import ZONES
from plc_drivers.contract.tag import TagType
from safety.verdict import Function

Truth = bool | None
"""True, False, or None: unknown."""

Number = bool | int | float


class ExpressionError(ValueError):
    """An expression names a tag, permit or command that the device kind does not have, or compares nonsense."""


class Op(Enum):
    """How two values are compared; the value is the sign that is printed."""

    EQ = "="
    NE = "is not"
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


@dataclass(frozen=True, slots=True)
class Const:
    """Always the same truth."""

    value: Truth


@dataclass(frozen=True, slots=True)
class Tag:
    """A status tag of one device. As an expression by itself it must be a bool of the contract.

    Raises:
        ExpressionError: the device kind has no such status tag.
    """

    device: str
    kind: DeviceKind
    name: str

    def __post_init__(self) -> None:
        if self.name not in DEFINITIONS[self.kind].status_index:
            raise ExpressionError(f"{self.device}: a {self.kind.name.lower()} has no status tag {self.name!r}")

    def __str__(self) -> str:
        return f"{self.device}.{self.name}"

    @property
    def definition(self) -> TagDefinition:
        """The tag as the device contract defines it."""
        return DEFINITIONS[self.kind].tag(self.name)

    @property
    def is_bool(self) -> bool:
        """True when the tag can stand for a condition by itself."""
        return self.definition.wire is TagType.BOOL

    def eq(self, other: Tag | Number) -> Compare:
        """This value equals the other."""
        return Compare(Op.EQ, self, other)

    def ne(self, other: Tag | Number) -> Compare:
        """This value is known and another one."""
        return Compare(Op.NE, self, other)

    def lt(self, other: Tag | Number) -> Compare:
        """This value is below the other."""
        return Compare(Op.LT, self, other)

    def le(self, other: Tag | Number) -> Compare:
        """This value is at most the other."""
        return Compare(Op.LE, self, other)

    def gt(self, other: Tag | Number) -> Compare:
        """This value is above the other."""
        return Compare(Op.GT, self, other)

    def ge(self, other: Tag | Number) -> Compare:
        """This value is at least the other."""
        return Compare(Op.GE, self, other)

    def between(self, low: Number, high: Number) -> Between:
        """This value lies in a range, both ends included."""
        return Between(self, low, high)

    def one_of(self, *values: int) -> OneOf:
        """This value is one of those given."""
        return OneOf(self, values)


@dataclass(frozen=True, slots=True)
class Compare:
    """A tag against a number or another tag; unknown when either is.

    Raises:
        ExpressionError: the comparison makes no sense: two kinds of value, an order among words, or a number
            that the tag can never hold.
    """

    op: Op
    left: Tag
    right: Tag | Number

    def __post_init__(self) -> None:
        if isinstance(self.right, Tag):
            _check_alike(self.op, self.left, self.right)
        else:
            _check_number(self.op, self.left, self.right)


@dataclass(frozen=True, slots=True)
class Between:
    """A tag's value in a range, both ends included.

    Raises:
        ExpressionError: the range is empty, the tag is no number, or it can never hold an end of the range.
    """

    tag: Tag
    low: Number
    high: Number

    def __post_init__(self) -> None:
        for end in (self.low, self.high):
            _check_number(Op.GE, self.tag, end)
        if self.low > self.high:
            raise ExpressionError(f"{self.tag} can never be between {self.low} and {self.high}")


@dataclass(frozen=True, slots=True)
class OneOf:
    """A tag's value among several, all of which the tag can hold.

    Raises:
        ExpressionError: no values, or one that the tag can never hold.
    """

    tag: Tag
    values: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.tag.is_bool:
            raise ExpressionError(f"{self.tag} is a bool: it is a condition by itself")
        wrong = [value for value in self.values if not self.tag.definition.admits(value)]
        if wrong or not self.values:
            raise ExpressionError(f"{self.tag} can never hold {wrong}")


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; unknown stays unknown."""

    child: Expression


@dataclass(frozen=True, slots=True)
class And:
    """All hold: False as soon as one is False, unknown when none is False and one is unknown."""

    children: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one holds: True as soon as one is True, unknown when none is True and one is unknown."""

    children: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class AtMost:
    """No more than ``limit`` of the children hold; what is unknown counts against it as long as it could tip it.

    True when so many are False that the rest cannot exceed the limit, False when more than ``limit`` are True, else
    unknown.

    Raises:
        ExpressionError: the limit is negative, or not below the number of children: it could never be exceeded.
    """

    limit: int
    children: tuple[Expression, ...]

    def __post_init__(self) -> None:
        if not 0 <= self.limit < len(self.children):
            raise ExpressionError(f"at most {self.limit} of {len(self.children)} conditions says nothing")


@dataclass(frozen=True, slots=True)
class Proven:
    """The child is known to hold: True when it is True, else False; never unknown."""

    child: Expression


@dataclass(frozen=True, slots=True)
class HeldFor:
    """The child has been True without a break for ``ms``; any other truth begins the time anew.

    Raises:
        ExpressionError: the time is not positive.
    """

    child: Expression
    ms: int

    def __post_init__(self) -> None:
        if self.ms <= 0:
            raise ExpressionError("a holding time must be positive")


@dataclass(frozen=True, slots=True)
class Outlasted:
    """The child has used up a grace of ``ms``: time in which it is not False drains it, other time refills it.

    It refills ``REFILL`` times slower than it drains, so that a cause which comes and goes cannot postpone a stop for
    ever. True from the moment when nothing is left until the child is False again; then the grace begins to refill.

    Raises:
        ExpressionError: the grace is not positive.
    """

    child: Expression
    ms: int

    def __post_init__(self) -> None:
        if self.ms <= 0:
            raise ExpressionError("a grace must be positive")


REFILL = 4
"""How many ms without the cause give back one ms of a grace."""


@dataclass(frozen=True, slots=True)
class ChangedWithin:
    """The tag changed in the last ``ms``; unknown until it has been watched that long without a change.

    Raises:
        ExpressionError: the time is not positive.
    """

    tag: Tag
    ms: int

    def __post_init__(self) -> None:
        if self.ms <= 0:
            raise ExpressionError("a watching time must be positive")


@dataclass(frozen=True, slots=True)
class ChangedSince:
    """``counter`` has changed since the last moment when ``void_when`` was true or unknown.

    The memory of a confirmation (H02): a press counts only if nothing has voided it afterwards. A change of
    ``restart`` (the boot counter) voids too, because a counter that starts anew has changed without a press.
    Nothing is remembered before the first evaluation, so a restarted controller needs a new change.
    """

    counter: Tag
    void_when: Expression
    restart: Tag


class Dominant(Enum):
    """Which input of a latch wins when both are true."""

    SET = "set"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Latch:
    """True from ``set_when`` until ``reset_when``; unknown until one of the two has decided."""

    set_when: Expression
    reset_when: Expression
    dominant: Dominant = Dominant.RESET


@dataclass(frozen=True, slots=True)
class Asserted:
    """The gate asserted this permit in the last cycle, or dropped it and the PLC has not yet seen that.

    Use ``granted``, which adds what the PLC itself says it acts upon.
    """

    function: Function


@dataclass(frozen=True, slots=True)
class Commanded:
    """The last command that the gate passed to the device is one of ``codes`` and has not ended.

    Covers the time between the write and the moment when the PLC shows the command as active. It has ended
    when ``done`` equals its number, or when ``ack`` does with another ``answer`` than accepted.

    Raises:
        ExpressionError: no codes, a code that the device kind does not know, or the answers are of other tags
            than the contract's own.
    """

    codes: tuple[CommandCode, ...]
    done: Tag
    ack: Tag
    answer: Tag

    def __post_init__(self) -> None:
        device, kind = self.done.device, self.done.kind
        wanted = tuple(Tag(device, kind, name) for name in ("done_seq", "ack_seq", "ack_result"))
        if (self.done, self.ack, self.answer) != wanted:
            raise ExpressionError(f"{device}: a command's end is read from {', '.join(map(str, wanted))}")
        _check_codes(device, kind, self.codes)


@dataclass(frozen=True, slots=True)
class ResetAsked:
    """A person's reset of the trip called ``trip`` reached this evaluation; True in no other one (H11)."""

    trip: str


@dataclass(frozen=True, slots=True)
class LockedOut:
    """Somebody holds a lock of their own on the zone, in the books (H20). The isolator's tag is another thing.

    Raises:
        ExpressionError: no safety PLC has such a zone.
    """

    zone: int

    def __post_init__(self) -> None:
        if not 1 <= self.zone <= ZONES:
            raise ExpressionError(f"there is no zone {self.zone}")


@dataclass(frozen=True, slots=True)
class ManualHold:
    """Somebody keeps the hold-to-run of this function pressed, and was heard within the last ``ms`` (H13).

    Raises:
        ExpressionError: the time is not positive.
    """

    function: Function
    ms: int

    def __post_init__(self) -> None:
        if self.ms <= 0:
            raise ExpressionError("a hold must be refreshed within a positive time")


@dataclass(frozen=True, slots=True)
class Answering:
    """The device's readings are good: True, else unknown."""

    device: str
    kind: DeviceKind


Expression = (
    Const
    | Tag
    | Compare
    | Between
    | OneOf
    | Not
    | And
    | Or
    | AtMost
    | Proven
    | HeldFor
    | Outlasted
    | ChangedWithin
    | ChangedSince
    | Latch
    | Asserted
    | Commanded
    | LockedOut
    | ManualHold
    | Answering
    | ResetAsked
)
"""Any expression."""


def all_of(*children: Expression) -> Expression:
    """All of the children hold; one child stands for itself."""
    flat = tuple(_flat(children, And))
    return flat[0] if len(flat) == 1 else And(flat)


def any_of(*children: Expression) -> Expression:
    """At least one of the children holds; one child stands for itself."""
    flat = tuple(_flat(children, Or))
    return flat[0] if len(flat) == 1 else Or(flat)


def granted(function: Function, kind: DeviceKind) -> Expression:
    """The permit is asserted, may still be on its way to the PLC, or is held by the PLC.

    Raises:
        ExpressionError: the device kind has no such permit.
    """
    if function.permit not in DEFINITIONS[kind].permits:
        raise ExpressionError(f"{function.device}: a {kind.name.lower()} has no permit {function.permit!r}")
    return Or((Asserted(function), Tag(function.device, kind, f"holds_{function.permit}")))


def doing(device: str, kind: DeviceKind, *codes: CommandCode) -> Expression:
    """The device executes one of the commands, or has been given it and has not ended it.

    Raises:
        ExpressionError: the device kind does not know one of the commands.
    """
    _check_codes(device, kind, codes)
    given = Commanded(
        codes, Tag(device, kind, "done_seq"), Tag(device, kind, "ack_seq"), Tag(device, kind, "ack_result")
    )
    return Or((Tag(device, kind, "active_command").one_of(*codes), given))


def _check_codes(device: str, kind: DeviceKind, codes: tuple[CommandCode, ...]) -> None:
    unknown = [code.name for code in codes if DEFINITIONS[kind].spec(code) is None]
    if unknown or not codes:
        raise ExpressionError(f"{device}: a {kind.name.lower()} has no command {unknown}")


_WORDS = frozenset({TagType.BOOL, TagType.ENUM, TagType.BITS})
"""Types whose values have no order: they are equal or they are not."""


def _check_number(op: Op, tag: Tag, value: Number) -> None:
    definition = tag.definition
    if definition.wire in _WORDS and op not in (Op.EQ, Op.NE):
        raise ExpressionError(f"{tag} is a {definition.wire.value}: its values are not smaller or larger")
    if isinstance(value, bool) is not tag.is_bool:
        raise ExpressionError(f"{tag} is a {definition.wire.value} and cannot be compared with {value!r}")
    if not definition.admits(value):
        raise ExpressionError(f"{tag} can never be {value!r}")


def _check_alike(op: Op, left: Tag, right: Tag) -> None:
    one, other = left.definition, right.definition
    if one.wire in _WORDS or other.wire in _WORDS:
        if one.wire is not other.wire or one.enum is not other.enum or op not in (Op.EQ, Op.NE):
            raise ExpressionError(f"{left} ({one.wire.value}) and {right} ({other.wire.value}) cannot be compared")
    elif one.unit != other.unit:
        raise ExpressionError(
            f"{left} ({one.unit or 'no unit'}) and {right} ({other.unit or 'no unit'}) have two units"
        )


def children(node: Expression) -> tuple[Expression, ...]:
    """Expressions directly below; a tag that is only read for its value counts as one."""
    match node:
        case Not(child) | Proven(child) | HeldFor(child, _) | Outlasted(child, _):
            return (child,)
        case And(below) | Or(below) | AtMost(_, below):
            return below
        case Compare(_, left, right):
            return (left, right) if isinstance(right, Tag) else (left,)
        case Between(tag, _, _) | OneOf(tag, _) | ChangedWithin(tag, _):
            return (tag,)
        case ChangedSince(counter, void_when, restart):
            return (counter, void_when, restart)
        case Latch(set_when, reset_when, _):
            return (set_when, reset_when)
        case Commanded(_, done, ack, answer):
            return (done, ack, answer)
        case Const() | Tag() | Asserted() | LockedOut() | ManualHold() | Answering() | ResetAsked():
            return ()


Leaf = Tag | Asserted | Commanded | LockedOut | ManualHold | Answering | ResetAsked
"""What an expression reads: readings, what the controller itself has done, and what persons do."""


def leaves(node: Expression) -> Iterator[Leaf]:
    """Everything that the expression reads, in order, with repetitions."""
    if isinstance(node, Leaf):
        yield node
    for child in children(node):
        yield from leaves(child)


def _flat(nodes: tuple[Expression, ...], kind: type[And | Or]) -> Iterator[Expression]:
    if not nodes:
        raise ExpressionError("an expression needs at least one condition")
    for node in nodes:
        if isinstance(node, And | Or) and isinstance(node, kind):
            yield from node.children
        else:
            yield node
