"""One sensor that lies, in any one way, from any moment on.

Owns the ways and their enumeration: for every tag that any interlock reads, or that the gate reads beside them, stuck
at each value that means anything, the opposite of the truth, off by one, and of bad quality. A sensor that freezes at
its last value is one that is stuck at that value from that moment, and a PLC that cannot be read at all is a trouble
(``trouble``). Lies that the reasoning of ``polarity`` covers are counted, not searched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from plc_drivers.contract import DeviceDefinition, Value
from plc_drivers.contract.tag import Tag as TagDefinition
from plc_drivers.contract.tag import TagType
from safety.expression import Between, Compare, OneOf, Op, Tag
from safety.interlock import Interlock
from safety.verification.polarity import Use, covers, only_forbids_when_unknown, uses_of

BY_ONE = ("station",)
"""Tags that count stations: they are also tried off by one, in both directions."""

READ_BY_THE_GATE = ("owner_epoch", "boot_counter", "heartbeat_echo")
"""Tags of every commanded device that gate and memory read without an interlock."""


@dataclass(frozen=True, slots=True)
class Lie:
    """``way`` is stuck, opposite, off or bad; ``value`` is what it is stuck at, or the distance."""

    device: str
    tag: str
    way: str
    value: Value = 0

    def __str__(self) -> str:
        return f"{self.device}.{self.tag} {self.words}"

    @property
    def words(self) -> str:
        """The lie in words."""
        match self.way:
            case "stuck":
                return f"always shows {self.value}"
            case "opposite":
                return "shows the opposite of the truth"
            case "off":
                return f"is off by {self.value:+}"
            case _:
                return "is unreadable"

    def told(self, truth: Value) -> Value | None:
        """What the sensor shows when ``truth`` is true; None when nothing can be read."""
        match self.way:
            case "stuck":
                return self.value
            case "opposite":
                return not truth
            case "off":
                return int(truth) + int(self.value) if truth >= 0 else truth
            case _:
                return None


@dataclass(frozen=True, slots=True)
class Lies:
    """What is to be searched, and what needs no search of its own."""

    searched: tuple[Lie, ...]
    covered: tuple[Lie, ...]

    @property
    def tags(self) -> int:
        """How many tags any of them is about."""
        return len({(lie.device, lie.tag) for lie in (*self.searched, *self.covered)})


def lies_of(
    interlocks: Iterable[Interlock],
    definitions: Mapping[str, DeviceDefinition],
    shown: Mapping[tuple[str, str], frozenset[Value]],
) -> Lies:
    """Every lie of a garage; ``shown`` holds the values that each tag truly takes there."""
    uses = uses_of(interlocks)
    for name, definition in definitions.items():
        if definition.is_commanded:
            for tag in READ_BY_THE_GATE:
                node = Tag(name, definition.kind, tag)
                uses.setdefault((name, tag), []).append(Use(node, 0, opaque=True, forgets=False))
    searched: list[Lie] = []
    covered: list[Lie] = []
    for (device, tag), found in sorted(uses.items()):
        values = shown.get((device, tag), frozenset())
        keep, drop = _of_tag(
            device, definitions[device].tag(tag), found, values, _edges_beside(found, device, tag, shown)
        )
        searched += keep
        covered += drop
    return Lies(tuple(searched), tuple(covered))


def _edges_beside(
    uses: list[Use], device: str, tag: str, shown: Mapping[tuple[str, str], frozenset[Value]]
) -> frozenset[Value]:
    """Values beside those of another tag with which this one is compared by size: between and beyond all of them."""
    others = [
        other
        for use in uses
        if isinstance(use.node, Compare) and isinstance(use.node.right, Tag) and use.node.op not in (Op.EQ, Op.NE)
        for other in (use.node.left, use.node.right)
        if (other.device, other.name) != (device, tag)
    ]
    values = {int(value) for other in others for value in shown.get((other.device, other.name), frozenset())}
    return frozenset(value + step for value in values for step in (-1, 0, 1))


def _of_tag(
    device: str, tag: TagDefinition, uses: list[Use], shown: frozenset[Value], beside: frozenset[Value]
) -> tuple[list[Lie], list[Lie]]:
    stuck = [Lie(device, tag.name, "stuck", value) for value in _values(tag, uses, shown | beside)]
    keep: list[Lie] = []
    drop: list[Lie] = []
    for lie in stuck:
        honest = all(covers(uses, truth, lie.value) for truth in shown)
        better = any(_is_better(uses, other.value, lie.value, stuck, other, lie) for other in stuck if other != lie)
        (drop if honest or better else keep).append(lie)
    if tag.wire is TagType.BOOL:
        opposite = Lie(device, tag.name, "opposite")
        extremes = (covers(uses, True, False) or covers(uses, False, True)) if len(stuck) == 2 else False
        (drop if extremes else keep).append(opposite)
    if tag.name in BY_ONE:
        keep += [Lie(device, tag.name, "off", by) for by in (1, -1)]
    bad = Lie(device, tag.name, "bad")
    (drop if only_forbids_when_unknown(uses) else keep).append(bad)
    return keep, drop


def _is_better(uses: list[Use], other: Value, value: Value, stuck: list[Lie], one: Lie, lie: Lie) -> bool:
    """Another value that it could be stuck at permits at least as much; of two equal ones the first stays."""
    if not covers(uses, other, value):
        return False
    return not covers(uses, value, other) or stuck.index(one) < stuck.index(lie)


def _values(tag: TagDefinition, uses: list[Use], shown: frozenset[Value]) -> list[Value]:
    """Values that any comparison tells apart: those truly shown, and those at the edges of each comparison."""
    if tag.wire is TagType.BOOL:
        return [False, True]
    found: set[Value] = set(shown)
    for use in uses:
        match use.node:
            case Compare(_, _, right) if not isinstance(right, Tag):
                found |= {right - 1, right, right + 1}
            case Between(_, low, high):
                found |= {low - 1, low, high, high + 1}
            case OneOf(_, values):
                found |= set(values)
            case _:
                pass
    if tag.enum is not None:
        found |= {int(member) for member in tag.enum}
    # Values that are truly shown come first: of several that mean the same, one of them is kept.
    return sorted((value for value in found if tag.admits(value)), key=lambda value: (value not in shown, value))
