"""What must stop for a reading in a state, computed from the declarations alone.

Owns the cause-and-effect matrix tag by tag: which permits a reading takes whatever else is true, which it can take, and
which trips it raises with which stop category. Must never evaluate as the running system does (no program, no gate).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from plc_drivers.contract import Value
from plc_drivers.reading import ProcessImage, Quality
from safety.expression import Answering, Tag, leaves
from safety.interlock import Interlock, Phase
from safety.logic import SafetyLogic
from safety.trip import Trip
from safety.verdict import Function
from tests.broken_sensors.truths import FreeError, Readings, possible


@dataclass(frozen=True, slots=True)
class Cell:
    """What one reading does: takes for certain, can take, trips for certain, can trip."""

    takes: frozenset[Function]
    can_take: frozenset[Function]
    trips: frozenset[str]
    can_trip: frozenset[str]


class Matrix:
    """The matrix of one garage."""

    def __init__(self, logic: SafetyLogic) -> None:
        self.logic = logic
        self.trips = {trip.id: trip for trip in logic.trips}
        self._run = [interlock for interlock in logic.interlocks if interlock.phase is Phase.RUN]

    @cached_property
    def tags(self) -> tuple[Tag, ...]:
        """Every tag that an interlock or trip reads, in the order in which they first appear."""
        conditions = [interlock.condition for interlock in self.logic.interlocks]
        conditions += [node for trip in self.logic.trips for node in (trip.stands, trip.may_be_reset)]
        found = {leaf: None for condition in conditions for leaf in leaves(condition) if isinstance(leaf, Tag)}
        return tuple(found)

    @cached_property
    def interlocks_reading(self) -> dict[Tag, tuple[Interlock, ...]]:
        """Run interlocks by the tags that they read."""
        found: dict[Tag, dict[str, Interlock]] = {}
        for interlock in self._run:
            for leaf in leaves(interlock.condition):
                if isinstance(leaf, Tag):
                    found.setdefault(leaf, {})[interlock.id] = interlock
        return {tag: tuple(by_id.values()) for tag, by_id in found.items()}

    @cached_property
    def interlocks_of(self) -> dict[Function, tuple[Interlock, ...]]:
        """Run interlocks by the functions that they guard."""
        found: dict[Function, list[Interlock]] = {}
        for interlock in self._run:
            for guard in interlock.guards:
                if isinstance(guard, Function):
                    found.setdefault(guard, []).append(interlock)
        return {function: tuple(guards) for function, guards in found.items()}

    @cached_property
    def trips_reading(self) -> dict[Tag, tuple[Trip, ...]]:
        """Trips by the tags that they read."""
        found: dict[Tag, dict[str, Trip]] = {}
        for trip in self.logic.trips:
            for leaf in leaves(trip.holds):
                if isinstance(leaf, Tag):
                    found.setdefault(leaf, {})[trip.id] = trip
        return {tag: tuple(by_id.values()) for tag, by_id in found.items()}

    def functions_reading(self, tags: Iterable[Tag]) -> frozenset[Function]:
        """Functions whose permits depend on any of the tags."""
        found = (interlock for tag in tags for interlock in self.interlocks_reading.get(tag, ()))
        return frozenset(guard for one in found for guard in one.guards if isinstance(guard, Function))

    def cell(self, tag: Tag, value: Value | None) -> Cell:
        """What ``value`` of ``tag`` does (None: unknown), with every other reading free."""

        def readings(other: Tag | Answering) -> Value | None:
            if other != tag:
                raise FreeError
            return value

        takes, can_take = set[Function](), set[Function]()
        for interlock in self.interlocks_reading.get(tag, ()):
            truths = possible(interlock.condition, readings)
            guarded = {guard for guard in interlock.guards if isinstance(guard, Function)}
            can_take |= guarded if truths - {True} else set()
            takes |= guarded if True not in truths else set()
        trips, can_trip = set[str](), set[str]()
        for trip in self.trips_reading.get(tag, ()):
            truths = possible(trip.holds, readings)
            can_trip |= {trip.id} if truths - {True} else set()
            trips |= {trip.id} if truths == {False} else set()
        return Cell(frozenset(takes), frozenset(can_take), frozenset(trips), frozenset(can_trip))

    def forbidden(self, function: Function, image: ProcessImage, tags: Iterable[Tag] | None = None) -> tuple[str, ...]:
        """Interlocks that cannot hold on these readings, among those that read any of ``tags`` (all for None)."""
        readings = readings_of(image)
        candidates = self.interlocks_of.get(function, ())
        if tags is not None:
            wanted = {one.id for tag in tags for one in self.interlocks_reading.get(tag, ())}
            candidates = tuple(one for one in candidates if one.id in wanted)
        return tuple(one.id for one in candidates if True not in possible(one.condition, readings))

    def may_lack(self, function: Function, image: ProcessImage) -> bool:
        """Some interlock of the function is not certain to hold on these readings."""
        readings = readings_of(image)
        return any(possible(one.condition, readings) != {True} for one in self.interlocks_of.get(function, ()))


def readings_of(image: ProcessImage, changed: dict[Tag, Value | None] | None = None) -> Readings:
    """Readings of an image as the language defines them, some of them replaced."""

    def readings(tag: Tag | Answering) -> Value | None:
        if changed is not None and isinstance(tag, Tag) and tag in changed:
            return changed[tag]
        device = image.devices.get(tag.device)
        if device is None or device.quality is not Quality.GOOD:
            return None
        if isinstance(tag, Answering):
            return True
        value = device.value(tag.name)
        return value if value is not None and tag.definition.admits(value) else None

    return readings
