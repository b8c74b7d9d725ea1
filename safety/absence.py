"""Sensors that a site does not have: which interlocks need them, which may be waived, and what is left of a condition.

Owns the rule of what can be done without, as data. Must never weaken an interlock between people and the machine,
and never leave a fact to nothing: a reading is left out only where another one, of another kind, stays in the same
condition and must hold by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from plc_drivers.contract import DeviceKind
from safety.expression import And, Expression, HeldFor, Or, Tag, all_of, any_of, leaves
from safety.interlock import Interlock
from safety.waiver import Waiver

PEOPLE = frozenset({"H01", "H02", "H03", "H04"})
"""Hazards whose interlocks stand as they are or not at all: a fall, the machine on a person, both doors open."""

_OVERHANG = ("overhang_front_clear", "overhang_rear_clear", "overhang_left_clear", "overhang_right_clear")

STANDS_FOR: dict[tuple[DeviceKind, str], tuple[str, ...]] = {
    (kind, sensor): others
    for kind in (DeviceKind.LIFT, DeviceKind.SHUTTLE)
    for sensor, others in (
        *((barrier, ("load_centred",)) for barrier in _OVERHANG),
        ("load_centred", _OVERHANG),
    )
}
"""Sensors that can be waived, each with the readings of the same device that must then all remain.

A load within its marks has little left to stick out on one side, and one that sticks out on no side is within the
deck. Everything else that an interlock reads is the only witness of its fact, or one half of a pair that proves
itself by contradiction: without it nothing would be left to find the other half dead (H05, H10).
"""


class MissingSensorError(ValueError):
    """An interlock cannot be instantiated: the site lacks a sensor that it reads, and nothing stands for it."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What a missing sensor means: the interlocks that read it, each with its hazard, and why it cannot be waived.

    ``needed_for`` holds (interlock id, hazard). ``bar`` is a sentence, empty when a waiver may cover it.
    """

    sensor: str
    needed_for: tuple[tuple[str, str], ...]
    bar: str

    @property
    def hazards(self) -> tuple[str, ...]:
        """The hazards left open, each once, in order."""
        return tuple(sorted({hazard for _, hazard in self.needed_for}))


def gaps(interlocks: Sequence[Interlock], absent: Iterable[str]) -> tuple[Gap, ...]:
    """What each sensor of ``absent`` (``device.tag``) leaves open; one that no interlock reads leaves no gap."""
    missing = frozenset(absent)
    found = []
    for sensor in sorted(missing):
        readers = [one for one in interlocks if sensor in _sensors(one.condition)]
        if readers:
            needed_for = tuple((one.id, one.hazard) for one in readers)
            found.append(Gap(sensor, needed_for, _bar(readers, missing)))
    return tuple(found)


def instantiated(
    interlocks: Sequence[Interlock], absent: Iterable[str], waivers: Iterable[Waiver]
) -> tuple[Interlock, ...]:
    """The interlocks as the site can have them: those that read a missing, waived sensor without that reading.

    Raises:
        MissingSensorError: a sensor is missing and not waived, cannot be waived, or its waiver names other hazards
            than those that it leaves open.
    """
    missing = frozenset(absent)
    if not missing:
        return tuple(interlocks)
    waived = {waiver.sensor: waiver for waiver in waivers}
    for gap in gaps(interlocks, missing):
        waiver = waived.get(gap.sensor)
        needs = f"{gap.sensor} is missing, which {', '.join(name for name, _ in gap.needed_for)} read"
        if gap.bar or waiver is None:
            raise MissingSensorError(f"{needs}; {gap.bar or 'nobody has waived it'}")
        if set(waiver.hazards) != set(gap.hazards):
            raise MissingSensorError(f"{needs}; the waiver must name {', '.join(gap.hazards)}")
    return tuple(_as_far_as_possible(interlock, missing) for interlock in interlocks)


def _as_far_as_possible(interlock: Interlock, missing: frozenset[str]) -> Interlock:
    left_out = tuple(sorted(missing & _sensors(interlock.condition)))
    if not left_out:
        return interlock
    condition = without(interlock.condition, missing)
    if condition is None:
        raise MissingSensorError(f"nothing is left of {interlock.id} without {', '.join(left_out)}")
    return replace(interlock, condition=condition, without=left_out)


def _sensors(condition: Expression) -> frozenset[str]:
    return frozenset(str(leaf) for leaf in leaves(condition) if isinstance(leaf, Tag))


def _bar(readers: Sequence[Interlock], missing: frozenset[str]) -> str:
    """Why the sensor that all of them read cannot be waived, empty when it can."""
    people = sorted({one.hazard for one in readers if one.hazard in PEOPLE})
    if people:
        return f"It stands between people and the machine ({', '.join(people)}) and can never be waived."
    for one in readers:
        if without(one.condition, missing) is None:
            return f"No other reading proves what it proves in {one.id}, so it cannot be waived."
    return ""


def without(node: Expression, missing: frozenset[str]) -> Expression | None:
    """``node`` without the readings in ``missing``; None where one of them has nothing that stands for it.

    Leaving a part of "all of these" out permits more, which is what a waiver answers for. Anywhere else (below a
    negation, as one of several ways, in a comparison, under a latch) it would turn the meaning round.
    """
    if not missing & _sensors(node):
        return node
    match node:
        case And(below):
            kept = _kept(below, missing)
            return None if kept is None else all_of(*kept)
        case Or(below):
            parts = [without(child, missing) for child in below]
            whole = [part for part in parts if part is not None]
            return any_of(*whole) if len(whole) == len(parts) else None
        case HeldFor(child, ms):
            rest = without(child, missing)
            return None if rest is None else HeldFor(rest, ms)
        case _:
            return None


def _kept(below: tuple[Expression, ...], missing: frozenset[str]) -> list[Expression] | None:
    # A witness must hold by itself: a part that is asked for in another way, or as one of several, proves nothing.
    witnesses = {str(child) for child in below if isinstance(child, Tag)} - missing
    kept: list[Expression] = []
    for child in below:
        if isinstance(child, Tag) and str(child) in missing:
            others = STANDS_FOR.get((child.kind, child.name))
            if not others or not {f"{child.device}.{other}" for other in others} <= witnesses:
                return None
            continue
        rest = without(child, missing)
        if rest is None:
            return None
        kept.append(rest)
    return kept or None
