"""The people who come to the cabins of one garage.

Owns the queues of arriving cars and the customers' comings and goings, all seeded. Must never look at anything that a
person could not see.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterator
from dataclasses import replace
from random import Random

from plc_drivers.contract.codes import Sign
from sim_hardware.people.habit import BRINGING, Habit, Patience
from sim_hardware.people.sight import CabinSight
from sim_hardware.people.visit import LOOK_MS, Visitor, Waits, bring, fetch
from sim_hardware.plant.body import PersonBody, SeatKind, VehicleBody, VehicleSpec
from sim_hardware.plant.cabin import CabinMachine
from sim_hardware.plant.plant import Plant

QUEUE_BOUND = 100
VISITOR_AFTER_MS = 4000.0
"""So long an inviting cabin stays without a booked car before a stranger drives up."""
BACK_OUT_AFTER_MS = 60_000.0
"""So long a car waits with its nose to the machine before its customer backs it out."""

_RETRIEVAL_SIGNS = frozenset({Sign.DRIVE_OUT, Sign.BLANK})


class QueueFullError(RuntimeError):
    """More cars wait than the road holds."""


class Crowd:
    """Customers of all cabins of a plant; they act while the plant's time passes.

    ``strangers`` lets a random car come when a cabin invites and nobody is booked; ``customers`` lets people come for
    cars that wait in an open cabin.
    """

    def __init__(self, plant: Plant, *, strangers: bool = True, customers: bool = True) -> None:
        self.strangers = strangers
        self.customers = customers
        self.met: Counter[Habit] = Counter()
        """Customers that have come, by how they behave."""
        self._plant = plant
        figures = plant.layout.config.emulation
        self._patience = Patience(figures.person_walk_s, figures.person_dwell_s)
        self._road: deque[VehicleBody] = deque()
        self._queues: dict[str, deque[VehicleBody]] = {cabin: deque() for cabin in plant.layout.cabins}
        self._habits: dict[str, deque[tuple[Habit, int]]] = {cabin: deque() for cabin in plant.layout.cabins}
        self._names = 0
        for cabin in plant.layout.cabins:
            dice = Random(f"{figures.seed}:{cabin}")  # noqa: S311 - people must be reproducible, not unpredictable
            self._run(self._attend(plant.cabin(cabin), dice))

    def arrive(self, cabin: str | None, spec: VehicleSpec) -> VehicleBody:
        """A car drives up to a cabin, or to whichever invites first (None); a car that had driven away may return.

        Raises:
            KeyError: the garage has no such cabin.
            ValueError: a vehicle of that id is in the garage or waits already.
            QueueFullError: too many cars wait.
        """
        queue = self._road if cabin is None else self._queues[cabin]
        if len(queue) >= QUEUE_BOUND:
            raise QueueFullError(f"{len(queue)} cars wait already")
        body = self._plant.scene.vehicles.get(spec.id)
        if body is None:
            body = self._plant.scene.add(spec)
        elif body.seat.kind is not SeatKind.AWAY or body in self._waiting():
            raise ValueError(f"vehicle {spec.id!r} is here already")
        body.shut_boot()
        body.spec = spec
        queue.append(body)
        return body

    def expect(self, cabin: str, *habits: Habit, by_mm: int = 0) -> None:
        """The next customers of a cabin behave so, in this order; after them everybody is normal again.

        ``by_mm`` is by how much the car differs, for habits that concern the car. What only somebody does who brings a
        car waits for such a customer.

        Raises:
            KeyError: the garage has no such cabin.
        """
        queue, expected = self._habits[cabin], [(habit, by_mm) for habit in habits]
        if Habit.BRINGS_ANOTHER in habits:
            queue.extendleft(reversed(expected))  # of the very next car, not of whichever comes after others' habits
        else:
            queue.extend(expected)

    def send_home(self, but: Collection[str]) -> None:
        """Who waits with a car that is not among ``but`` drives away: nobody knows of their orders any more."""
        for queue in (self._road, *self._queues.values()):
            staying = [body for body in queue if body.id in but]
            queue.clear()
            queue.extend(staying)

    def waiting(self) -> tuple[str, ...]:
        """Ids of the cars that wait to be stored, for any cabin first."""
        return tuple(body.id for body in self._waiting())

    def _waiting(self) -> list[VehicleBody]:
        return [*self._road, *(body for queue in self._queues.values() for body in queue)]

    def _run(self, visit: Iterator[float]) -> None:
        """Let a generator act each time its wait is over."""
        pause_ms = next(visit, None)
        if pause_ms is not None:
            self._plant.after(pause_ms, lambda: self._run(visit))

    def _attend(self, cabin: CabinMachine, dice: Random) -> Waits:
        """Endless: look at the cabin, and let one customer after the other deal with it."""
        sight = CabinSight(cabin, self._plant.scene)
        invited_ms = stood_ms = 0.0
        while True:
            yield LOOK_MS
            inviting = sight.door_open and sight.green and sight.sign is Sign.DRIVE_IN and not sight.holds_car
            invited_ms = invited_ms + LOOK_MS if inviting else 0.0
            left = sight.car_left if sight.green and sight.sign in _RETRIEVAL_SIGNS else None
            stood_ms = 0.0 if left is None else stood_ms + LOOK_MS
            car = self._collected(sight) or (left if self.customers and stood_ms >= BACK_OUT_AFTER_MS else None)
            if car is not None:
                yield from self._visit(self._visitor(cabin, sight, dice, fetching=True), car, fetching=True)
            elif inviting and (arriving := self._next_car(cabin.id, invited_ms, dice)) is not None:
                visitor = self._visitor(cabin, sight, dice, fetching=False)
                yield from self._visit(visitor, self._brought(visitor, arriving), fetching=False)
                invited_ms = 0.0

    def _collected(self, sight: CabinSight) -> VehicleBody | None:
        """The car that a customer comes for now, or is called back for because it does not fit."""
        if not self.customers or not sight.green:
            return None
        if sight.sign is Sign.DOES_NOT_FIT:
            return sight.car_left
        return sight.car_waiting if sight.sign in _RETRIEVAL_SIGNS else None

    def _brought(self, visitor: Visitor, ordered: VehicleBody) -> VehicleBody:
        """The car in which somebody comes: the one that was ordered, but for who brings another."""
        if visitor.habit is not Habit.BRINGS_ANOTHER:
            return ordered
        taken = self._plant.scene.vehicles
        name = next(f"other-{n}" for n in range(1, len(taken) + 2) if f"other-{n}" not in taken)
        return self._plant.scene.add(replace(ordered.spec, id=name, length_mm=ordered.spec.length_mm + visitor.by_mm))

    def _visit(self, visitor: Visitor, car: VehicleBody, *, fetching: bool) -> Waits:
        self._plant.add_person(visitor.person)
        yield from (fetch(visitor, car) if fetching else bring(visitor, car))
        self._plant.remove_person(visitor.person)

    def _visitor(self, cabin: CabinMachine, sight: CabinSight, dice: Random, *, fetching: bool) -> Visitor:
        self._names += 1
        habit, by_mm = self._next_habit(cabin.id, fetching=fetching)
        self.met[habit] += 1
        person = PersonBody(f"person-{self._names}", cabin.id)
        return Visitor(person, cabin, self._plant.scene, sight, dice, self._patience, habit, by_mm)

    def _next_habit(self, cabin: str, *, fetching: bool) -> tuple[Habit, int]:
        habits = self._habits[cabin]
        for one in habits:
            if not (fetching and one[0] in BRINGING):
                habits.remove(one)
                return one
        return Habit.NORMAL, 0

    def _next_car(self, cabin: str, invited_ms: float, dice: Random) -> VehicleBody | None:
        if self._queues[cabin]:
            return self._queues[cabin].popleft()
        if self._road:
            return self._road.popleft()
        if self.strangers and invited_ms >= VISITOR_AFTER_MS:
            return self._plant.scene.add(self._stranger(dice))
        return None

    def _stranger(self, dice: Random) -> VehicleSpec:
        """A car that nobody has announced; it fits the smallest envelope of common configurations."""
        taken = self._plant.scene.vehicles
        number = next(n for n in range(1, len(taken) + 2) if f"visitor-{n}" not in taken)
        return VehicleSpec(
            f"visitor-{number}",
            length_mm=dice.randint(3900, 4900),
            width_mm=dice.randint(1750, 1980),
            height_mm=dice.randint(1420, 1780),
            weight_kg=dice.randint(1050, 2200),
            ground_clearance_mm=dice.randint(120, 200),
            front_overhang_mm=dice.randint(750, 1000),
            rear_overhang_mm=dice.randint(700, 1050),
        )
