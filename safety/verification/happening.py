"""Everything that can happen between two cycles of the controller, one thing at a time.

Owns the list for a given plant: time passes, a machine moves on by half a step, the person does something, something
goes wrong or is put right. What the core wishes is in ``controller``. Nothing is left out for being unlikely.

One thing at a time is enough: the controller has a cycle between any two, every cycle may also miss one PLC, and
machines take their steps independently of each other, so that any two of them may have any relative speed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from plc_drivers.contract import CommandCode
from safety.verification import people
from safety.verification.hazard import Hazard, moving
from safety.verification.layout import Layout
from safety.verification.motion import order_of, progress
from safety.verification.plant import Cabin, Plant, Plc, with_machine
from safety.verification.scan import ticked
from safety.verification.trouble import Nature, Trouble, may_begin, number_of


class Event(NamedTuple):
    """What happens: ``what`` is passes, moves, a step of the person, begins or ends; ``who`` a device or trouble."""

    what: str
    who: str = ""
    detail: str = ""


class Happening(NamedTuple):
    """An event, the plant after it, and the hazards that it is by itself."""

    event: Event
    plant: Plant
    hazards: tuple[Hazard, ...] = ()


def happenings(layout: Layout, plant: Plant, troubles: tuple[Trouble, ...]) -> Iterator[Happening]:
    """Everything but the beginning of a trouble."""
    later = ticked(plant)
    yield Happening(Event("passes"), later)
    for device in layout.devices:
        after = progress(layout, plant, device.number)
        if after is None:
            continue
        hazards = tuple(moving(layout, plant, device.number, troubles))
        order = order_of(device, plant.machines[device.number])
        word = "" if order is None else order.code.name
        after = _referenced(layout, plant, after, device.number, troubles)
        yield Happening(Event("moves", device.id, word), ticked(_load_gone(layout, after, troubles)), hazards)
    for what, name, after in people.steps(layout, later, _open_exit(layout, plant, troubles)):
        yield Happening(Event(what, name), _load_gone(layout, after, troubles))
    if plant.trouble:
        yield from _ending(later, troubles)


def beginnings(layout: Layout, plant: Plant, troubles: tuple[Trouble, ...]) -> Iterator[tuple[int, Happening]]:
    """Every trouble that can begin now, by its number: while there is one already, only what comes out of that."""
    later = ticked(plant)
    present = troubles[plant.trouble - 1].id if plant.trouble else None
    for number, trouble in enumerate(troubles, start=1):
        if trouble.out_of == present and may_begin(layout, later, trouble):
            yield number, Happening(Event("begins", trouble.id), _begun(later, number, trouble))


def _begun(plant: Plant, number: int, trouble: Trouble) -> Plant:
    plant = plant._replace(trouble=number, age=0)
    if trouble.device is None:
        return plant
    machine = plant.machines[trouble.device]
    if trouble.nature is Nature.EXIT and isinstance(machine, Cabin):
        # The exit counts as an opening, like the outer door.
        return with_machine(plant, trouble.device, machine._replace(confirmed=0))
    if trouble.nature is not Nature.STOPPED:
        return plant
    machine = machine._replace(plc=Plc(seen=0))
    if isinstance(machine, Cabin):
        # The handover memory starts anew; its counters are other ones than before.
        machine = machine._replace(confirmed=0, pressed=1)
    return with_machine(plant, trouble.device, machine)


def _ending(plant: Plant, troubles: tuple[Trouble, ...]) -> Iterator[Happening]:
    trouble = troubles[plant.trouble - 1]
    if trouble.nature is Nature.NO_REFERENCE:
        return
    following = number_of(troubles, trouble.then) if trouble.then is not None else 0
    # What lets go of an axis has to stop it; every other trouble that turns into another one has stopped it before.
    known = trouble.nature is not Nature.HOLD
    after = plant._replace(trouble=following, age=1 if following and known else 0)
    yield Happening(Event("ends", trouble.id), after)


def _referenced(layout: Layout, before: Plant, after: Plant, number: int, troubles: tuple[Trouble, ...]) -> Plant:
    """A reference run that has come to its end has found the reference."""
    if not before.trouble or troubles[before.trouble - 1].nature is not Nature.NO_REFERENCE:
        return after
    order = order_of(layout.devices[number], before.machines[number])
    ended = after.machines[number].plc.active == 0
    mine = troubles[before.trouble - 1].device == number
    if mine and ended and order is not None and order.code is CommandCode.REFERENCE:
        return after._replace(trouble=0, age=0)
    return after


def _load_gone(layout: Layout, plant: Plant, troubles: tuple[Trouble, ...]) -> Plant:
    """Where the car is gone, so is what was wrong with it."""
    if not plant.trouble:
        return plant
    trouble = troubles[plant.trouble - 1]
    if trouble.nature is Nature.LOAD and not may_begin(layout, plant, trouble):
        return plant._replace(trouble=0, age=0)
    return plant


def _open_exit(layout: Layout, plant: Plant, troubles: tuple[Trouble, ...]) -> str | None:
    if not plant.trouble:
        return None
    trouble = troubles[plant.trouble - 1]
    if trouble.nature is not Nature.EXIT or trouble.device is None:
        return None
    return layout.devices[trouble.device].id
