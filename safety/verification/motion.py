"""How machines move: one step of one device, in halves, under the order that its PLC executes.

Owns the physics, as coarse as it is. Nothing here asks whether a motion is safe: machines do what they are told,
and ``hazard`` judges what came of it. Must never read an interlock or a reading.
"""

from __future__ import annotations

from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import JOGS
from safety.verification.layout import Device, Layout, Order, Target
from safety.verification.plant import (
    Cabin,
    Door,
    Lift,
    Machine,
    Person,
    Pins,
    Plant,
    Shuttle,
    is_taken,
    shuttle_of,
    target_of,
    with_car,
    with_machine,
)

PICKS = frozenset({CommandCode.PICK_LEFT, CommandCode.PICK_RIGHT})
PLACES = frozenset({CommandCode.PLACE_LEFT, CommandCode.PLACE_RIGHT})
TRANSFERS = PICKS | PLACES
FORWARD = CommandCode.JOG_FORWARD
FULL = 2
"""Forks fully out, in halves."""


def order_of(device: Device, machine: Machine) -> Order | None:
    """The order that the device executes, None when it executes none."""
    active = machine.plc.active
    return device.orders[active - 1] if active else None


def runs(device: Device, machine: Machine) -> Order | None:
    """The order that the device executes and holds the permit for: what may make it move now."""
    order = order_of(device, machine)
    if order is None or not machine.plc.held & device.bit(order.permit):
        return None
    return order


def is_done(machine: Machine, order: Order) -> bool:
    """The order asks for what is so already; it would end at once and move nothing."""
    match machine:
        case Lift():
            return _GOALS.get(order.code) == machine.pins or (
                order.code is CommandCode.MOVE_TO_LEVEL and machine.position == 2 * order.arg1
            )
        case Shuttle():
            return order.code is CommandCode.MOVE_TO_COLUMN and machine.position == 2 * order.arg1
        case Cabin():
            door = machine.outer if order.permit.startswith("outer") else machine.inner
            return _GOALS.get(order.code) == door


_GOALS: dict[CommandCode, int] = {
    CommandCode.LOCK: Pins.OUT,
    CommandCode.UNLOCK: Pins.IN,
    CommandCode.OPEN_OUTER_DOOR: Door.OPEN,
    CommandCode.CLOSE_OUTER_DOOR: Door.SHUT,
    CommandCode.OPEN_INNER_DOOR: Door.OPEN,
    CommandCode.CLOSE_INNER_DOOR: Door.SHUT,
}
"""Where pins or a door are when the order has come to its end."""


def side_of(order: Order) -> int:
    """Sign of the side that a transfer goes to."""
    return -1 if order.code in (CommandCode.PICK_LEFT, CommandCode.PLACE_LEFT) else 1


def moves_forks(order: Order) -> bool:
    """A transfer, or forks that are moved by hand."""
    return order.permit == "transfer"


def reached(layout: Layout, plant: Plant, number: int, order: Order) -> Target | None:
    """What the forks of a device reach under an order, None where it moves no forks or there is nothing."""
    if order.code in TRANSFERS:
        return target_of(layout, plant, number, side_of(order))
    if moves_forks(order) and (forks := shuttle_of(plant, number).forks):
        return target_of(layout, plant, number, 1 if forks > 0 else -1)
    return None


def progress(layout: Layout, plant: Plant, number: int) -> Plant | None:
    """The plant after one step of a device under its order, None when nothing of it moves.

    A step that reaches the end of the order ends it.
    """
    device, machine = layout.devices[number], plant.machines[number]
    order = runs(device, machine)
    if order is None or machine.plc.begun:
        return None
    match machine:
        case Lift():
            return with_machine(plant, number, _lift(layout, machine, order))
        case Shuttle():
            if order.code in TRANSFERS:
                return _transfer(layout, plant, number, order)
            if moves_forks(order):
                return with_machine(plant, number, _forks_by_hand(machine, order))
            return with_machine(plant, number, _travel(layout, number, machine, order))
        case Cabin():
            return with_machine(plant, number, _cabin(machine, order))


def _ended(machine: Machine) -> Machine:
    return machine._replace(plc=machine.plc._replace(active=0))


def _towards(now: int, goal: int) -> int:
    return now + (goal > now) - (goal < now)


def _lift(layout: Layout, lift: Lift, order: Order) -> Machine:
    match order.code:
        case CommandCode.LOCK:
            after = lift._replace(pins=_towards(lift.pins, Pins.OUT))
            return _ended(after) if after.pins == Pins.OUT else after
        case CommandCode.UNLOCK:
            after = lift._replace(pins=_towards(lift.pins, Pins.IN))
            return _ended(after) if after.pins == Pins.IN else after
        case CommandCode.MOVE_TO_LEVEL:
            goal = 2 * order.arg1
        case CommandCode.JOG_FORWARD | CommandCode.JOG_BACK:
            goal = 2 * (layout.levels - 1) if order.code is FORWARD else 0
        case _:
            goal = 0 if lift.position < 2 * (layout.levels - 1) else 2 * (layout.levels - 1)
    after = lift._replace(position=_towards(lift.position, goal))
    return _ended(after) if after.position == goal else after


def _travel(layout: Layout, number: int, shuttle: Shuttle, order: Order) -> Machine:
    """Travel to a column; by hand to the last one; a reference ends at the nearest column below."""
    low, high = (2 * column for column in layout.columns[number - layout.first_shuttle])
    if order.code is CommandCode.MOVE_TO_COLUMN:
        goal = 2 * order.arg1
    elif order.code in JOGS:
        goal = high if order.code is FORWARD else low
    else:
        goal = max(low, shuttle.position - shuttle.position % 2)
    after = shuttle._replace(position=_towards(shuttle.position, goal))
    return _ended(after) if after.position == goal else after


def by_hand(order: Order) -> int:
    """The direction in which a jog moves forks: out to the right they come home by going forward."""
    return -1 if order.code is FORWARD else 1


def _forks_by_hand(shuttle: Shuttle, order: Order) -> Machine:
    """Forks under somebody's hand go on in one direction until they are home, or fully out."""
    forks = max(-FULL, min(FULL, shuttle.forks + by_hand(order)))
    after = shuttle._replace(forks=forks)
    return _ended(after) if forks in (0, shuttle.forks) else after


def _transfer(layout: Layout, plant: Plant, number: int, order: Order) -> Plant:
    """One half of a transfer.

    A pick goes out without a car, takes it from the target when fully out, and comes home with it. A place goes out
    with a car, has set it down when fully out, and comes home without. One that was interrupted is finished from
    where the forks are, whichever of the two is ordered.
    """
    shuttle = plant.machines[number]
    if not isinstance(shuttle, Shuttle):
        raise TypeError(f"device {number} is no shuttle")
    side = side_of(order)
    full = FULL * side
    picking = order.code in PICKS
    outwards = bool(shuttle.load) != picking
    if shuttle.forks == full:
        return _from_full(layout, plant, number, side, picking=picking)
    forks = _towards(shuttle.forks, full if outwards else 0)
    after = shuttle._replace(forks=forks)
    if forks == 0:
        return with_machine(plant, number, _ended(after))
    if forks == full and shuttle.load:
        target = target_of(layout, plant, number, side)
        plant = plant if target is None else with_car(plant, target, 1)
        after = after._replace(load=0)
    return with_machine(plant, number, after)


def _from_full(layout: Layout, plant: Plant, number: int, side: int, *, picking: bool) -> Plant:
    shuttle = plant.machines[number]
    if not isinstance(shuttle, Shuttle):
        raise TypeError(f"device {number} is no shuttle")
    back = shuttle._replace(forks=side)
    target = target_of(layout, plant, number, side)
    if picking and target is not None and is_taken(plant, target):
        plant = with_car(plant, target, 0)
        back = back._replace(load=1)
    return with_machine(plant, number, back)


def _cabin(cabin: Cabin, order: Order) -> Machine:
    match order.code:
        case CommandCode.OPEN_OUTER_DOOR:
            return _outer(cabin, Door.OPEN)
        case CommandCode.CLOSE_OUTER_DOOR:
            if cabin.person == Person.DOORWAY:
                # The door's own edge and light curtain send it back; see "the doorway" in docs/safety-boundary.md.
                return cabin._replace(outer=Door.OPEN)
            return _outer(cabin, Door.SHUT)
        case CommandCode.OPEN_INNER_DOOR:
            return _inner(cabin, Door.OPEN)
        case CommandCode.CLOSE_INNER_DOOR:
            return _inner(cabin, Door.SHUT)
        case _:
            after = cabin._replace(turn=1 - cabin.turn)
            return after if after.turn else _ended(after)


def _outer(cabin: Cabin, goal: Door) -> Machine:
    after = cabin._replace(outer=_towards(cabin.outer, goal))
    if cabin.outer == Door.SHUT and after.outer != Door.SHUT:
        # A new opening: the confirmation of an older one no longer counts.
        after = after._replace(confirmed=0)
    return _ended(after) if after.outer == goal else after


def _inner(cabin: Cabin, goal: Door) -> Machine:
    after = cabin._replace(inner=_towards(cabin.inner, goal))
    return _ended(after) if after.inner == goal else after
