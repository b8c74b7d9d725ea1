"""Hazards as facts of the plant: what must never be, whatever the sensors say and whoever allowed it.

Owns the predicates. They are written from the hazard list and the physics, read only the plant's truth, and know no
interlock, no permit that was refused and no reading; each finding names its hazard and says in words what happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import JOGS
from safety.verification.hand import is_held
from safety.verification.layout import Layout, Order
from safety.verification.motion import PICKS, TRANSFERS, by_hand, moves_forks, reached, runs, side_of
from safety.verification.plant import (
    Cabin,
    Door,
    Lift,
    Person,
    Pins,
    Plant,
    Shuttle,
    cabin_of,
    forks_in,
    is_taken,
    level_of,
    lift_of,
    shuttle_of,
    target_of,
)
from safety.verification.readings import neighbours
from safety.verification.trouble import Trouble


class Hazard(NamedTuple):
    """One thing that must never be: the hazard's id, and what happened."""

    id: str
    what: str


def standing(layout: Layout, plant: Plant) -> Iterator[Hazard]:
    """Hazards of a moment, whatever moved last."""
    for number in range(layout.first_cabin, len(layout.devices)):
        yield from _cabin_stands(layout, plant, number)
    for number in range(layout.first_shuttle):
        yield from _shaft_stands(layout, plant, number)
    for number in range(layout.first_shuttle, layout.first_cabin):
        for other in neighbours(layout, plant, number):
            if abs(other.position - shuttle_of(plant, number).position) < 2:
                yield Hazard("H09", f"{layout.devices[number].id} and the other shuttle in its aisle have collided")


def moving(layout: Layout, before: Plant, number: int, troubles: tuple[Trouble, ...]) -> Iterator[Hazard]:
    """Hazards of one step of a device, judged by what was true when it was made."""
    order = runs(layout.devices[number], before.machines[number])
    if order is None:
        return
    match before.machines[number]:
        case Lift():
            yield from _lift_moves(layout, before, number, order)
        case Shuttle() as shuttle:
            if order.code in TRANSFERS:
                yield from _forks_move(layout, before, number, order)
            elif moves_forks(order):
                yield from _forks_by_hand(layout, before, number, order)
            else:
                yield from _shuttle_moves(layout, before, number, shuttle)
        case Cabin():
            yield from _cabin_moves(layout, before, number, order)
    present = troubles[before.trouble - 1] if before.trouble else None
    name = layout.devices[number].id
    if order.code in JOGS and not is_held(present, name, order) and (before.age or not before.trouble):
        yield Hazard("H13", f"{name} is jogged, and nobody holds the axis")
    if before.trouble and before.age:
        trouble = troubles[before.trouble - 1]
        if trouble.stops is not None and trouble.stops(layout, before, number, order):
            yield Hazard(trouble.hazard, trouble.forbidden)


def starting(
    layout: Layout, plant: Plant, number: int, order: Order, troubles: tuple[Trouble, ...]
) -> Iterator[Hazard]:
    """Hazards of a PLC's taking up an order, judged by what is true in that moment."""
    machine = plant.machines[number]
    closes = order.code is CommandCode.CLOSE_OUTER_DOOR
    if closes and isinstance(machine, Cabin) and not machine.stepped and machine.person == Person.DOORWAY:
        yield Hazard("H04", f"the outer door of {layout.devices[number].id} starts to close on somebody in it")
    if plant.trouble and plant.age:
        trouble = troubles[plant.trouble - 1]
        if trouble.starts is not None and trouble.starts(layout, plant, number, order):
            yield Hazard(trouble.hazard, trouble.forbidden)


def _cabin_stands(layout: Layout, plant: Plant, number: int) -> Iterator[Hazard]:
    cabin, name = cabin_of(plant, number), layout.devices[number].id
    inside = forks_in(layout, plant, number)
    rules: tuple[tuple[bool, str, str], ...] = (
        (bool(cabin.outer and cabin.turn), "H01", "the outer door is open over a platform that is out of line"),
        (bool(cabin.outer and cabin.inner), "H03", "outer and inner door are open together"),
        (bool(cabin.inner and cabin.turn), "H08", "the inner door is open and the platform is out of line"),
        (bool(cabin.inner) and cabin.person == Person.INSIDE, "H02", "a person is inside and the inner door is open"),
        (bool(inside) and cabin.person == Person.INSIDE, "H02", "a person is inside and forks are in the cabin"),
        (bool(inside and cabin.outer), "H02", "the outer door is open and forks are in the cabin"),
        (bool(inside) and cabin.inner != Door.OPEN, "H08", "forks are in the cabin and the inner door is not open"),
        (bool(inside and cabin.turn), "H09", "forks are in the cabin and the platform is out of line"),
        (len(inside) > 1, "H09", "the forks of two shuttles are in the cabin"),
        (_green_over_nothing(layout, cabin, number), "H01", "the light is green and the outer door is not open"),
    )
    for holds, hazard, what in rules:
        if holds:
            yield Hazard(hazard, f"{name}: {what}")


def _green_over_nothing(layout: Layout, cabin: Cabin, number: int) -> bool:
    return bool(cabin.plc.held & layout.devices[number].bit("green")) and cabin.outer != Door.OPEN


def _shaft_stands(layout: Layout, plant: Plant, number: int) -> Iterator[Hazard]:
    inside = forks_in(layout, plant, number)
    name = layout.devices[number].id
    if len(inside) > 1:
        yield Hazard("H09", f"the forks of two shuttles are in the shaft of {name}")
    if inside and lift_of(plant, number).position % 2:
        yield Hazard("H07", f"forks are in the shaft of {name} while its platform is between levels")


def _lift_moves(layout: Layout, plant: Plant, number: int, order: Order) -> Iterator[Hazard]:
    lift, name = lift_of(plant, number), layout.devices[number].id
    forks = forks_in(layout, plant, number)
    rider = layout.rider_of.get(number)
    if order.code is CommandCode.LOCK:
        if lift.position % 2:
            yield Hazard("H08", f"the pins of {name} come out between levels")
        return
    goes = "moves off its pins" if order.code is CommandCode.UNLOCK else "moves"
    if forks:
        yield Hazard("H07", f"{name} {goes} with forks on its platform")
    if rider is not None:
        yield from _carried(layout, plant, number, rider, goes)
    if order.code is not CommandCode.UNLOCK and lift.pins != Pins.IN:
        yield Hazard("H07", f"{name} drives with its pins out")


def _carried(layout: Layout, plant: Plant, number: int, rider: int, goes: str) -> Iterator[Hazard]:
    shuttle, name, lift = shuttle_of(plant, rider), layout.devices[rider].id, layout.devices[number].id
    order = runs(layout.devices[rider], shuttle)
    if shuttle.position != layout.dock(rider):
        yield Hazard("H07", f"{lift} {goes} while {name} is half off it")
    if shuttle.forks:
        yield Hazard("H07", f"{lift} {goes} while the forks of {name} are out")
    if order is not None and not shuttle.plc.late:
        yield Hazard("H09", f"{lift} {goes} while {name} on it moves as well")


def _shuttle_moves(layout: Layout, plant: Plant, number: int, shuttle: Shuttle) -> Iterator[Hazard]:
    name = layout.devices[number].id
    if shuttle.forks:
        yield Hazard("H07", f"{name} travels with its forks out")
    if number in layout.lift_under and not _firm(layout, plant, number):
        yield Hazard("H08", f"{name} travels without a locked lift under it")
    for index in range(layout.first_shuttle, layout.first_cabin):
        if index != number and _travels_beside(layout, plant, number, index):
            yield Hazard("H09", f"{name} and {layout.devices[index].id} travel in one aisle at the same time")


def _travels_beside(layout: Layout, plant: Plant, number: int, index: int) -> bool:
    other = shuttle_of(plant, index)
    order = runs(layout.devices[index], other)
    if order is None or order.permit != "travel" or other.plc.late or other.plc.begun:
        return False
    return other in neighbours(layout, plant, number)


def _firm(layout: Layout, plant: Plant, shuttle: int) -> bool:
    lift = layout.lift_under.get(shuttle)
    if lift is None:
        return True
    under = lift_of(plant, lift)
    return under.pins == Pins.OUT and under.position % 2 == 0


def _forks_move(layout: Layout, plant: Plant, number: int, order: Order) -> Iterator[Hazard]:
    shuttle, name = shuttle_of(plant, number), layout.devices[number].id
    side = side_of(order)
    if shuttle.position % 2:
        yield Hazard("H08", f"the forks of {name} move between columns")
        return
    if not _firm(layout, plant, number) or level_of(layout, plant, number) is None:
        yield Hazard("H08", f"the forks of {name} move without a locked lift under it")
        return
    if shuttle.forks * side < 0:
        yield Hazard("H07", f"the forks of {name} are out to one side and are sent to the other")
        return
    yield from _into(layout, plant, number, order)


def _forks_by_hand(layout: Layout, plant: Plant, number: int, order: Order) -> Iterator[Hazard]:
    shuttle, name = shuttle_of(plant, number), layout.devices[number].id
    if shuttle.position % 2 or not _firm(layout, plant, number) or level_of(layout, plant, number) is None:
        yield Hazard("H08", f"the forks of {name} are moved by hand where it does not stand firmly at a column")
        return
    if shuttle.forks * by_hand(order) >= 0:
        yield Hazard("H07", f"the forks of {name} are driven outwards by hand")
    target = reached(layout, plant, number, order)
    if target is not None and target.kind == "platform" and lift_of(plant, target.number).pins != Pins.OUT:
        yield Hazard("H08", f"the forks of {name} move onto a platform that is not locked")
    if target is not None and target.kind == "cabin":
        yield from _into_cabin(layout, plant, name, target.number)


def _into(layout: Layout, plant: Plant, number: int, order: Order) -> Iterator[Hazard]:
    """What the forks of a shuttle that stands firmly at a column move into."""
    shuttle, name = shuttle_of(plant, number), layout.devices[number].id
    target = target_of(layout, plant, number, side_of(order))
    outwards = bool(shuttle.load) != (order.code in PICKS)
    if target is None:
        yield Hazard("H08", f"the forks of {name} move where there is nothing for them to reach")
        return
    if target.kind == "platform" and lift_of(plant, target.number).pins != Pins.OUT:
        yield Hazard("H08", f"the forks of {name} move onto a platform that is not locked")
    if target.kind == "cabin":
        yield from _into_cabin(layout, plant, name, target.number)
    if order.arg1 != 1 and shuttle.forks == 0:
        yield Hazard("H08", f"the forks of {name} set out for a place behind the first, where there is none")
    if abs(shuttle.forks) == 1 and outwards and shuttle.load and is_taken(plant, target):
        yield Hazard("H06", f"{name} sets a car down where one stands")
    if abs(shuttle.forks) == 2 and order.code in PICKS and not is_taken(plant, target):
        yield Hazard("H06", f"{name} picks where no car stands")


def _into_cabin(layout: Layout, plant: Plant, name: str, number: int) -> Iterator[Hazard]:
    cabin, where = cabin_of(plant, number), layout.devices[number].id
    if cabin.person == Person.INSIDE:
        yield Hazard("H02", f"the forks of {name} move in {where} while a person is inside")
    if runs(layout.devices[number], cabin) is not None and not cabin.plc.late:
        yield Hazard("H09", f"the forks of {name} move in {where} while something moves there")


def _cabin_moves(layout: Layout, plant: Plant, number: int, order: Order) -> Iterator[Hazard]:
    cabin, name = cabin_of(plant, number), layout.devices[number].id
    inside = cabin.person == Person.INSIDE
    what = _MOVES.get(order.permit)
    if what is not None and inside:
        yield Hazard("H02", f"{what} of {name} moves while a person is inside")
    if what is not None and (cabin.outer or cabin.person == Person.DOORWAY):
        yield Hazard("H02", f"{what} of {name} moves while the outer door is open")
    if order.permit == "outer_close" and inside and not cabin.stepped:
        yield Hazard("H04", f"the outer door of {name} goes on closing while a person is inside")
    if order.permit == "rotate":
        if cabin.inner:
            yield Hazard("H09", f"the turntable of {name} turns while the inner door is open")
        if not layout.cabin(number).turntable:
            yield Hazard("H09", f"{name} is told to turn and has no turntable")


_MOVES: dict[str, str] = {"inner": "the inner door", "rotate": "the turntable"}
