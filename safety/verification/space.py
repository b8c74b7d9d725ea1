"""The plant's side of the search: every plant by a number, and what can come of it, each worked out once.

Owns these tables. They know nothing of interlocks, so that one of them serves every search of a layout.
"""

from __future__ import annotations

from typing import NamedTuple

from safety.verification.happening import Event, beginnings, happenings
from safety.verification.hazard import Hazard, standing
from safety.verification.layout import Layout
from safety.verification.motion import is_done
from safety.verification.plant import Plant, at_start
from safety.verification.readings import Readings
from safety.verification.scan import Write, taken
from safety.verification.trouble import troubles_of


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
        self._outcomes: dict[int, tuple[Outcome, ...]] = {}
        self._standing: dict[tuple[object, ...], tuple[Hazard, ...]] = {}
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

    def is_done(self, plant: int, device: int, order: int) -> bool:
        """An order, by its number, that would end at once, because what it asks for is so already."""
        return is_done(self.plants[plant].machines[device], self.layout.devices[device].orders[order - 1])

    def outcomes(self, plant: int, write: int) -> tuple[Outcome, ...]:
        """What the PLCs make of one cycle's writes."""
        key = plant << 24 | write
        found = self._outcomes.get(key)
        if found is None:
            found = self._outcomes[key] = tuple(
                Outcome(self.number(one.plant), one.late, one.hazards + tuple(standing(self.layout, one.plant)))
                for one in taken(self.layout, self.plants[plant], self.writes[write], self.troubles)
            )
        return found

    def _event(self, event: Event) -> int:
        found = self._event_ids.get(event)
        if found is None:
            found = self._event_ids[event] = len(self.events)
            self.events.append(event)
        return found
