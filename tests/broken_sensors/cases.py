"""Every way in which every tag can lie: the list of cases of a garage.

Owns which faults a tag gets, and how each is seen on the wire. Computed from the declarations, so that a tag that a new
interlock reads has its cases without a line here. Must never inject anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from plc_drivers.contract import DeviceKind, Value
from plc_drivers.reading import ProcessImage
from safety.expression import Answering, Between, Compare, Expression, OneOf, Tag, children
from sim_hardware.fault import Fault, FaultKind, FaultPoint
from tests.broken_sensors.matrix import Matrix
from tests.broken_sensors.truths import FreeError, possible

FLICKER_MS = 130
"""Period of a flicker: not a multiple of the cycle, so that it meets the cycles at ever other moments."""
WRONG_BY = 300
"""Offset of a number: more than every tolerance of the interlocks."""


class Mode(StrEnum):
    """How a sensor is broken."""

    STUCK = "stuck"
    INVERTED = "inverted"
    WRONG = "wrong"
    FLICKER = "flicker"
    CONTRADICTORY = "contradictory"
    BAD = "bad"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Partner:
    """A second sensor of the same fact: the two contradict each other when both show what is given."""

    name: str
    own: int
    other: tuple[int, int]
    """Range of what the partner shows."""


_FAR = 1 << 31
_PARTNERS: dict[str, tuple[Partner, ...]] = {
    "pins_extended": (Partner("pins_retracted", 1, (1, 1)),),
    "pins_retracted": (Partner("pins_extended", 1, (1, 1)),),
    "outer_open": (Partner("outer_closed", 1, (1, 1)),),
    "outer_closed": (Partner("outer_open", 1, (1, 1)),),
    "outer_locked": (Partner("outer_open", 1, (1, 1)),),
    "inner_open": (Partner("inner_closed", 1, (1, 1)),),
    "inner_closed": (Partner("inner_open", 1, (1, 1)),),
    "inner_locked": (Partner("inner_open", 1, (1, 1)),),
    "station_sensor": (Partner("station", 0, (0, _FAR)), Partner("station", 1, (-1, -1))),
    "forks_centred": (Partner("forks_left_mm", 1, (120, _FAR)), Partner("forks_right_mm", 1, (120, _FAR))),
    "curtain_count": (Partner("scanner_clear", 1, (1, 1)), Partner("scanner_clear", 0, (0, 0))),
    "scanner_clear": (Partner("curtain_count", 0, (0, 0)), Partner("curtain_count", 1, (1, _FAR))),
    "docked": (Partner("station", 0, (0, _FAR)),),
}
for _one, _other in (
    ("load_present", "load_clear"),
    ("vehicle_present", "vehicle_clear"),
    *((f"{row}_{side}_occupied", f"{row}_{side}_clear") for row in ("target", "rear") for side in ("left", "right")),
):
    _PARTNERS[_one] = (Partner(_other, 1, (1, 1)), Partner(_other, 0, (0, 0)))
    _PARTNERS[_other] = (Partner(_one, 1, (1, 1)), Partner(_one, 0, (0, 0)))


_MADE_OF_SEVERAL = frozenset(
    {
        (DeviceKind.SHUTTLE, "standstill"),
        (DeviceKind.CABIN, "outer_locked"),
        (DeviceKind.CABIN, "inner_locked"),
        (DeviceKind.CABIN, "platform_locked"),
    }
)
"""Tags that a PLC makes of several sensors, of which one has the tag's name: that one alone cannot make the tag lie."""


@dataclass(frozen=True, slots=True)
class Case:
    """One tag, or one whole PLC, broken in one way. ``value`` is what the wire shows, None if it follows the truth."""

    tags: tuple[Tag, ...]
    mode: Mode
    fault: Fault
    value: Value | None = None
    partner: Partner | None = None

    @property
    def name(self) -> str:
        """Tag and mode, as they are given to ``--only`` and ``--mode``."""
        where = self.tags[0].device if self.mode is Mode.STALE else str(self.tags[0])
        detail = "" if self.fault.value is None or self.mode is Mode.INVERTED else f"={self.fault.value}"
        beside = "" if self.partner is None else f" against {self.partner.name}"
        return f"{where} {self.mode}{detail}{beside}"

    @property
    def device(self) -> str:
        """Device whose reading is broken."""
        return self.tags[0].device

    def contradicts(self, image: ProcessImage) -> bool:
        """The partner shows now what this case contradicts; True for a case without a partner."""
        if self.partner is None:
            return True
        value = image.value(self.device, self.partner.name)
        low, high = self.partner.other
        return value is not None and low <= value <= high


def cases_of(matrix: Matrix, sensors: frozenset[str], qualified: frozenset[str]) -> tuple[Case, ...]:
    """All cases of a garage: ``sensors`` are the plant's, ``qualified`` the devices that are read over OPC UA."""
    found: list[Case] = []
    for tag in matrix.tags:
        found += _of_tag(matrix, tag, sensors)
        if tag.device in qualified:
            found.append(Case((tag,), Mode.BAD, Fault(str(tag), FaultKind.BAD)))
    for device in dict.fromkeys(tag.device for tag in matrix.tags):
        tags = tuple(tag for tag in matrix.tags if tag.device == device)
        found.append(Case(tags, Mode.STALE, Fault(device, FaultKind.FROZEN)))
    return tuple(found)


def _of_tag(matrix: Matrix, tag: Tag, sensors: frozenset[str]) -> Iterator[Case]:
    target, point = place_of(tag, sensors)

    def case(mode: Mode, kind: FaultKind, value: int | None = None, **more: object) -> Case:
        period = FLICKER_MS if kind is FaultKind.FLICKER else None
        shown = value if kind is FaultKind.STUCK else None
        partner = more.get("partner")
        fault = Fault(target, kind, value, period, point)
        return Case((tag,), mode, fault, shown, partner if isinstance(partner, Partner) else None)

    values = values_of(matrix, tag)
    for value in values:
        yield case(Mode.STUCK, FaultKind.STUCK, value)
    if tag.is_bool:
        yield case(Mode.INVERTED, FaultKind.INVERTED)
        yield case(Mode.FLICKER, FaultKind.FLICKER)
    else:
        yield case(Mode.FLICKER, FaultKind.FLICKER, values[-1])
        if tag.definition.enum is None:
            yield case(Mode.STUCK, FaultKind.STUCK)
            yield case(Mode.WRONG, FaultKind.OFFSET, WRONG_BY)
    for partner in _PARTNERS.get(tag.name, ()):
        yield case(Mode.CONTRADICTORY, FaultKind.STUCK, partner.own, partner=partner)


def place_of(tag: Tag, sensors: frozenset[str]) -> tuple[str, FaultPoint]:
    """Where the tag is broken: at the plant's sensor where there is one, else in what the PLC shows."""
    if (tag.kind, tag.name) in _MADE_OF_SEVERAL:
        return str(tag), FaultPoint.TAG
    zone, _, rest = tag.name.partition("_")
    # The safety PLC makes one bit of the emergency stop's two channels.
    for path in (str(tag), f"{zone}.{'estop_channel_a' if rest == 'estop_released' else rest}", f"site.{tag.name}"):
        if path in sensors:
            return path, FaultPoint.SENSOR
    return str(tag), FaultPoint.TAG


def values_of(matrix: Matrix, tag: Tag) -> tuple[int, ...]:
    """Values at which a tag sticks: one for each answer that the conditions can give about it."""
    if tag.is_bool:
        return (0, 1)
    atoms = {atom for one in matrix.logic.interlocks for atom in _atoms(one.condition, tag)}
    low, high = tag.definition.bounds
    candidates = {0, 1, int(low), int(high)}
    for atom in atoms:
        candidates |= {number + step for number in _numbers(atom) for step in (-1, 0, 1)}
    enum = tag.definition.enum
    if enum is not None:
        candidates = {int(member) for member in enum}
    chosen: dict[tuple[object, ...], int] = {}
    for value in sorted(candidates, key=lambda one: (abs(one), one)):
        if tag.definition.admits(value):
            chosen.setdefault(tuple(_answer(atom, tag, value) for atom in atoms), value)
    if len(chosen) == 1:
        # Nothing but other tags to compare with: the smallest that there is, and the largest.
        return (*chosen.values(), max(candidates) if enum is not None else int(high))
    return tuple(chosen.values())


def _atoms(node: Expression, tag: Tag) -> Iterator[Expression]:
    match node:
        case Compare(_, left, right) if tag in (left, right):
            yield node
        case Between(found, _, _) | OneOf(found, _) if found == tag:
            yield node
        case _:
            for child in children(node):
                yield from _atoms(child, tag)


def _numbers(atom: Expression) -> Iterator[int]:
    match atom:
        case Compare(_, _, right) if not isinstance(right, Tag):
            yield int(right)
        case Between(_, low, high):
            yield from (int(low), int(high))
        case OneOf(_, values):
            yield from values
        case _:
            return


def _answer(atom: Expression, tag: Tag, value: int) -> object:
    def readings(other: Tag | Answering) -> Value | None:
        if other != tag:
            raise FreeError
        return value

    return possible(atom, readings)
