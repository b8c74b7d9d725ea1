"""The state of a small plant as nested tuples of small numbers, and what it looks like from one moment to the next.

Owns the shape of the truth: where things really are, what the PLCs hold and execute, where the person is, what is
wrong. Must never know an interlock or a reading; readings are made of it in ``readings``, motions in ``motion``.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from safety.verification.layout import Layout, Target


class Pins(IntEnum):
    """Where a lift's lock pins are."""

    OUT = 0
    BETWEEN = 1
    IN = 2


class Door(IntEnum):
    """How far a door is."""

    SHUT = 0
    HALF = 1
    OPEN = 2


class Person(IntEnum):
    """Where the person is."""

    OUTSIDE = 0
    DOORWAY = 1
    INSIDE = 2


class Plc(NamedTuple):
    """What a PLC acts upon.

    ``active`` is the number of the order being executed, counted from 1, or 0. ``held`` are the permits as bits.
    ``seen`` is 1 when it has taken up the number in the mailbox, ``late`` is 1 when it has missed the last write,
    ``begun`` is 1 in the first cycle of a command.
    """

    active: int = 0
    held: int = 0
    seen: int = 1
    late: int = 0
    begun: int = 0


class Lift(NamedTuple):
    """A lift: ``position`` in half levels, its pins, and 1 when a car stands on its bare platform."""

    plc: Plc
    position: int
    pins: int
    load: int = 0


class Shuttle(NamedTuple):
    """A shuttle: ``position`` in half columns, ``forks`` from -2 (full to the left) to 2, and its load.

    A load belongs to the shuttle while its deck or its forks carry it; forks that are fully out have set it down.
    """

    plc: Plc
    position: int
    forks: int = 0
    load: int = 0


class Cabin(NamedTuple):
    """A cabin.

    ``turn`` is 1 while the turntable is out of line. ``confirmed`` is 1 when the number of the last confirmation
    is that of the present opening, ``pressed`` 1 in the cycle of a press. ``stepped`` is 1 in the cycle in which
    the person has moved and until the controller has had one more cycle.
    """

    plc: Plc
    outer: int = 0
    inner: int = 0
    turn: int = 0
    car: int = 0
    confirmed: int = 0
    person: int = 0
    pressed: int = 0
    stepped: int = 0


Machine = Lift | Shuttle | Cabin


class Plant(NamedTuple):
    """The whole truth of one moment.

    ``machines`` follows the layout's devices. ``places`` has a bit for each place that is taken, ``outside`` counts
    cars beyond the door. ``trouble`` is the number of what is wrong at the machine (0 nothing) and ``age`` is 0
    until the controller has had one cycle for it.
    """

    machines: tuple[Machine, ...]
    places: int
    outside: int
    trouble: int = 0
    age: int = 0


def at_start(layout: Layout) -> Plant:
    """Everything at rest: lifts locked at level 0, shuttles in their docks or first columns, doors shut."""
    machines: list[Machine] = []
    for device in layout.devices:
        if device.number < layout.first_shuttle:
            machines.append(Lift(Plc(), 0, Pins.OUT))
        elif device.number < layout.first_cabin:
            riding = device.number in layout.lift_under
            index = device.number - layout.first_shuttle
            low, high = layout.columns[index]
            home = layout.dock(device.number) if riding else 2 * (low if index == 0 else high)
            machines.append(Shuttle(Plc(), home))
        else:
            machines.append(Cabin(Plc()))
    return Plant(tuple(machines), sum(1 << place for place in layout.cars), layout.waiting)


def lift_of(plant: Plant, number: int) -> Lift:
    """The lift with this device number."""
    machine = plant.machines[number]
    if not isinstance(machine, Lift):
        raise TypeError(f"device {number} is no lift")
    return machine


def shuttle_of(plant: Plant, number: int) -> Shuttle:
    """The shuttle with this device number."""
    machine = plant.machines[number]
    if not isinstance(machine, Shuttle):
        raise TypeError(f"device {number} is no shuttle")
    return machine


def cabin_of(plant: Plant, number: int) -> Cabin:
    """The cabin with this device number."""
    machine = plant.machines[number]
    if not isinstance(machine, Cabin):
        raise TypeError(f"device {number} is no cabin")
    return machine


def with_machine(plant: Plant, number: int, machine: Machine) -> Plant:
    """The same plant with another state of one device."""
    machines = plant.machines
    return plant._replace(machines=(*machines[:number], machine, *machines[number + 1 :]))


def level_of(layout: Layout, plant: Plant, shuttle: int) -> int | None:
    """The level at which a shuttle really is, None while its lift is between two."""
    lift = layout.lift_under.get(shuttle)
    if lift is None:
        return layout.shuttle(shuttle).level
    position = lift_of(plant, lift).position
    return None if position % 2 else position // 2


def target_of(layout: Layout, plant: Plant, shuttle: int, side: int) -> Target | None:
    """What really is beside a shuttle on one side (-1 left, 1 right), None for nothing or a gap.

    A platform is there only while its lift stands at that level.
    """
    level = level_of(layout, plant, shuttle)
    position = shuttle_of(plant, shuttle).position
    if level is None or position % 2:
        return None
    target = layout.targets.get((shuttle, level, position // 2, side))
    if target is not None and target.kind == "platform" and lift_of(plant, target.number).position != 2 * level:
        return None
    return target


def is_taken(plant: Plant, target: Target) -> bool:
    """A car stands there."""
    match target.kind:
        case "place":
            return bool(plant.places >> target.number & 1)
        case "platform":
            return bool(lift_of(plant, target.number).load)
        case _:
            return bool(cabin_of(plant, target.number).car)


def with_car(plant: Plant, target: Target, car: int) -> Plant:
    """The plant with a car set there (1) or taken from there (0)."""
    match target.kind:
        case "place":
            bit = 1 << target.number
            return plant._replace(places=plant.places | bit if car else plant.places & ~bit)
        case "platform":
            return with_machine(plant, target.number, lift_of(plant, target.number)._replace(load=car))
        case _:
            return with_machine(plant, target.number, cabin_of(plant, target.number)._replace(car=car))


def forks_in(layout: Layout, plant: Plant, number: int) -> tuple[int, ...]:
    """Shuttles whose forks really are in a cabin or in a lift's shaft, half or fully.

    A shuttle's forks reach into a shaft whether or not the platform is there.
    """
    found: list[int] = []
    for index in range(layout.first_shuttle, layout.first_cabin):
        shuttle = shuttle_of(plant, index)
        level = level_of(layout, plant, index)
        if shuttle.forks == 0 or shuttle.position % 2 or level is None:
            continue
        side = 1 if shuttle.forks > 0 else -1
        target = layout.targets.get((index, level, shuttle.position // 2, side))
        if target is not None and target.kind != "place" and target.number == number:
            found.append(index)
    return tuple(found)
