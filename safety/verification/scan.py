"""What a PLC makes of a write: it takes permits and command up, or misses them for one cycle.

Owns the delay between a written permit and the PLC that acts upon it, and nothing of the PLC's own interlocks: those
are off. A PLC here executes whatever order comes with its permit, in any state and with any other order under way; it
only ends an order whose permit is gone, as the device contract asks, and stops after a cycle without a link.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from safety.verification.hazard import Hazard, starting
from safety.verification.layout import Layout
from safety.verification.plant import Cabin, Machine, Plant, Plc
from safety.verification.trouble import Nature, Trouble


class Write(NamedTuple):
    """What is written to one device: permits as bits, the order in the mailbox (0 none), and 1 when it is new."""

    permits: int
    order: int
    new: int


class Taken(NamedTuple):
    """One outcome of a write: the plant, which device missed it (or -1), and the hazards of what begins."""

    plant: Plant
    late: int
    hazards: tuple[Hazard, ...]


def ticked(plant: Plant) -> Plant:
    """The plant one cycle on, before anything new happens: what was new is so no longer."""
    machines = tuple(_settled(machine) for machine in plant.machines)
    age = 1 if plant.trouble else 0
    if machines == plant.machines and age == plant.age:
        return plant
    return plant._replace(machines=machines, age=age)


def _settled(machine: Machine) -> Machine:
    plc = machine.plc
    if plc.begun:
        machine = machine._replace(plc=plc._replace(begun=0))
    if isinstance(machine, Cabin) and machine.stepped:
        machine = machine._replace(stepped=0)
    return machine


def taken(
    layout: Layout, plant: Plant, writes: tuple[Write, ...], troubles: tuple[Trouble, ...], *, late: bool
) -> Iterator[Taken]:
    """Every outcome of one cycle's writes: all PLCs have taken theirs, or, if ``late``, one misses it this once."""
    trouble = troubles[plant.trouble - 1] if plant.trouble else None
    lost = trouble.device if trouble is not None and trouble.nature is Nature.LOST else None
    before = [machine.plc for machine in plant.machines]
    after = [
        _without_link(plc, plant.age) if number == lost else _took(layout, number, plc, writes[number])
        for number, plc in enumerate(before)
    ]
    begins = [
        number for number, plc in enumerate(before) if number != lost and _begins(plc, after[number], writes[number])
    ]
    yield _outcome(layout, plant, after, (begins, -1), troubles)
    for number, plc in enumerate(before) if late else ():
        if number != lost and not plc.late and after[number] != plc:
            missed = list(after)
            missed[number] = plc._replace(late=1, seen=0 if writes[number].new else plc.seen)
            others = [one for one in begins if one != number]
            yield _outcome(layout, plant, missed, (others, number), troubles)


def _begins(before: Plc, after: Plc, write: Write) -> bool:
    return bool(after.active and write.order and (write.new or not before.seen))


def _took(layout: Layout, number: int, plc: Plc, write: Write) -> Plc:
    device = layout.devices[number]
    active, begun = plc.active, 0
    if write.order and (write.new or not plc.seen):
        active, begun = write.order, int(layout.looks_before_it_travels(number, write.order))
    if active and not write.permits & device.bit(device.orders[active - 1].permit):
        active = begun = 0
    return Plc(active, write.permits, 1, 0, begun)


def _without_link(plc: Plc, age: int) -> Plc:
    """The PLC goes on with what it has for a cycle; then its watch on the controller's heartbeat stops it."""
    return Plc(0, 0, 0) if age else plc


def _outcome(
    layout: Layout, plant: Plant, plcs: list[Plc], who: tuple[list[int], int], troubles: tuple[Trouble, ...]
) -> Taken:
    begins, late = who
    hazards: list[Hazard] = []
    for number in begins:
        order = layout.devices[number].orders[plcs[number].active - 1]
        hazards += starting(layout, plant, number, order, troubles)
    machines: list[Machine] = []
    for machine, plc in zip(plant.machines, plcs, strict=True):
        after = machine._replace(plc=plc)
        machines.append(after._replace(pressed=0) if isinstance(after, Cabin) and after.pressed else after)
    return Taken(plant._replace(machines=tuple(machines)), late, tuple(hazards))
