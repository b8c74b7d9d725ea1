"""What the person at the cabin does: as she likes, at any moment.

Owns her steps and the cars that she brings and takes. Must never ask what the machine does meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator

from safety.verification.layout import Layout
from safety.verification.plant import Cabin, Door, Person, Plant, with_machine

Walked = tuple[str, str, Plant]
"""What she did, at which cabin, and the plant afterwards."""


def steps(layout: Layout, plant: Plant, way_through_exit: str | None) -> Iterator[Walked]:
    """Everything that the person can do now.

    ``way_through_exit`` is the cabin whose emergency exit stands open, None when none does.
    """
    if not layout.people:
        return
    for number in range(layout.first_cabin, len(layout.devices)):
        cabin = plant.machines[number]
        if isinstance(cabin, Cabin):
            name = layout.devices[number].id
            for what, after, cars in _at(cabin, plant.outside, through_exit=way_through_exit == name):
                yield what, name, with_machine(plant, number, after)._replace(outside=plant.outside + cars)


def _at(cabin: Cabin, outside: int, *, through_exit: bool) -> Iterator[tuple[str, Cabin, int]]:
    gap = cabin.outer != Door.SHUT
    wide = cabin.outer == Door.OPEN
    match Person(cabin.person):
        case Person.OUTSIDE:
            yield "presses", cabin._replace(confirmed=1, pressed=1), 0
            if gap:
                yield "to the doorway", _moved(cabin, Person.DOORWAY), 0
            if through_exit:
                yield "in by the exit", _moved(cabin, Person.INSIDE), 0
            if wide and outside and not cabin.car:
                yield "drives in", _moved(cabin, Person.INSIDE)._replace(car=1), -1
        case Person.DOORWAY:
            yield "in", _moved(cabin, Person.INSIDE), 0
            yield "out", _moved(cabin, Person.OUTSIDE), 0
        case Person.INSIDE:
            if gap:
                yield "to the doorway", _moved(cabin, Person.DOORWAY), 0
            if through_exit:
                yield "out by the exit", _moved(cabin, Person.OUTSIDE), 0
            if wide and cabin.car:
                yield "drives out", _moved(cabin, Person.OUTSIDE)._replace(car=0), 1


def _moved(cabin: Cabin, to: Person) -> Cabin:
    """The person has moved; presence inside voids the confirmation in the PLC's memory."""
    return cabin._replace(person=to, stepped=1, confirmed=0 if to is Person.INSIDE else cabin.confirmed)
