"""The plant's side of the search: every plant by a number, and what can come of it, each worked out once.

Owns these tables. They know nothing of interlocks, so that one of them serves every search of a layout.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from safety.verification.happening import Event, beginnings, happenings
from safety.verification.hazard import Hazard, standing
from safety.verification.layout import Layout
from safety.verification.motion import is_done
from safety.verification.plant import Plant, at_start
from safety.verification.readings import Readings
from safety.verification.scan import Write, taken
from safety.verification.troubles import troubles_of


class Move(NamedTuple):
    """One happening: the number of its event, the plant after it, and the hazards that it is."""

    event: int
    plant: int
    hazards: tuple[Hazard, ...]


class Outcome(NamedTuple):
    """One outcome of a write: the plant after it, the device that missed it (or -1), and its hazards."""

    plant: int
    late: int
    hazards: tuple[Hazard, ...]


class Space:
    """All plants of a layout that the search has met."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.troubles = troubles_of(layout)
        self.readings = Readings(layout, self.troubles)
        self.plants: list[Plant] = []
        self.events: list[Event] = []
        self.writes: list[tuple[Write, ...]] = []
        self._plant_ids: dict[Plant, int] = {}
        self._event_ids: dict[Event, int] = {}
        self._write_ids: dict[tuple[Write, ...], int] = {}
        self._moves: list[tuple[Move, ...] | None] = []
        self._begins: dict[int, tuple[tuple[int, Move], ...]] = {}
        self._outcomes: dict[bool, dict[int, tuple[Outcome, ...]]] = {False: {}, True: {}}
        self._bits = {
            (device.number, number): 1 << index
            for index, (device, number) in enumerate(
                (device, number) for device in layout.devices for number in range(1, len(device.orders) + 1)
            )
        }
        self._done: dict[int, int] = {}
        self.first = self.number(at_start(layout))

    def number(self, plant: Plant) -> int:
        """The number of a plant."""
        found = self._plant_ids.get(plant)
        if found is None:
            found = self._plant_ids[plant] = len(self.plants)
            self.plants.append(plant)
            self._moves.append(None)
        return found

    def write(self, writes: tuple[Write, ...]) -> int:
        """The number of what one cycle writes."""
        found = self._write_ids.get(writes)
        if found is None:
            found = self._write_ids[writes] = len(self.writes)
            self.writes.append(writes)
        return found

    def moves(self, plant: int) -> tuple[Move, ...]:
        """Everything that can happen at a plant but the beginning of a trouble; the first is that time passes."""
        found = self._moves[plant]
        if found is None:
            found = self._moves[plant] = tuple(
                Move(self._event(one.event), self.number(one.plant), one.hazards)
                for one in happenings(self.layout, self.plants[plant], self.troubles)
            )
        return found

    def begins(self, plant: int) -> tuple[tuple[int, Move], ...]:
        """Every trouble that can begin at a plant, by its number."""
        found = self._begins.get(plant)
        if found is None:
            found = self._begins[plant] = tuple(
                (number, Move(self._event(one.event), self.number(one.plant), one.hazards))
                for number, one in beginnings(self.layout, self.plants[plant], self.troubles)
            )
        return found

    def orders(self, orders: Iterable[tuple[int, int]]) -> int:
        """Some orders, each as (device number, order number), as bits."""
        return sum(self._bits[order] for order in orders)

    def done(self, plant: int) -> int:
        """The orders that would end at once, because what they ask for is so already, as bits."""
        found = self._done.get(plant)
        if found is None:
            machines, devices = self.plants[plant].machines, self.layout.devices
            found = self._done[plant] = self.orders(
                (device, number)
                for device, number in self._bits
                if is_done(machines[device], devices[device].orders[number - 1])
            )
        return found

    def outcomes(self, plant: int, write: int, *, late: bool) -> tuple[Outcome, ...]:
        """What the PLCs make of one cycle's writes; if ``late``, one of them may miss its write."""
        known = self._outcomes[late]
        key = plant << 24 | write
        found = known.get(key)
        if found is None:
            found = known[key] = tuple(
                Outcome(self.number(one.plant), one.late, one.hazards + tuple(standing(self.layout, one.plant)))
                for one in taken(self.layout, self.plants[plant], self.writes[write], self.troubles, late=late)
            )
        return found

    def _event(self, event: Event) -> int:
        found = self._event_ids.get(event)
        if found is None:
            found = self._event_ids[event] = len(self.events)
            self.events.append(event)
        return found
