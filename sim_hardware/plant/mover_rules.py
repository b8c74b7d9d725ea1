"""What a bystander with perfect sight would call an accident of lifts and shuttles.

Owns the rules on movers, forks and the cars on them. Looks at mechanics and bodies only; must never read a sensor
(it may be broken) or a command.
"""

from __future__ import annotations

from collections.abc import Iterator

from controller.garage import Position, PositionKind
from sim_hardware.plant import load as optics
from sim_hardware.plant.body import VehicleBody
from sim_hardware.plant.door import OPEN_ENOUGH
from sim_hardware.plant.finding import Finding
from sim_hardware.plant.lift import PIN_PLAY, Forks, LiftMachine
from sim_hardware.plant.piston import MIDWAY
from sim_hardware.plant.shuttle import ShuttleMachine
from sim_hardware.plant.space import LEVEL_TOLERANCE_MM, Space
from sim_hardware.plant.violation import ViolationKind

INTRUSION_MM = 100
"""Forks out further than this have left the space above their own deck."""
TOUCH_MM = 20
"""Two bodies that overlap by more than this touch."""
STOREY_MM = 1500
"""Movers nearer than this in height are on one level."""


def lift_findings(lift: LiftMachine, mates: tuple[LiftMachine, ...]) -> Iterator[Finding]:
    """Rules on one lift; ``mates`` are the other lifts in its shaft."""
    for mate in mates:
        if abs(mate.z - lift.z) < STOREY_MM:
            yield Finding(ViolationKind.COLLISION, f"{lift.id} and {mate.id} meet in their shaft", (lift.id, mate.id))
    if not lift.axis.moving:
        return
    if lift.pins.at > PIN_PLAY:
        yield Finding(ViolationKind.PINS_ENGAGED, f"{lift.id} moves while its lock pins are out", (lift.id,))
    if not optics.within(lift.loads(), lift.edges):
        yield Finding(ViolationKind.OVERHANG_MOVING, f"{lift.id} moves while its load sticks out", (lift.id,))
    yield from _half_transfer_findings(lift)


def _half_transfer_findings(lift: LiftMachine) -> Iterator[Finding]:
    """The lift moves: nothing may reach from it to the building."""
    for shuttle in lift.reaching:
        if shuttle.into(lift.seat):
            yield _torn(lift.id, shuttle, "the forks of {} are over its platform")
    rider = lift.rider
    if rider is not None and rider.aboard:
        if rider.forks_out:
            yield _torn(lift.id, rider, "{} on it has its forks out")
        if rider.straddling:
            yield _torn(lift.id, rider, "{} stands across the edge of its platform")


def shuttle_findings(shuttle: ShuttleMachine, space: Space) -> Iterator[Finding]:
    """Rules on one shuttle."""
    if shuttle.axis.moving:
        if shuttle.forks_out:
            yield _torn(shuttle.id, shuttle, "its forks are out")
        if not optics.within(shuttle.loads(), shuttle.edges):
            yield Finding(ViolationKind.OVERHANG_MOVING, f"{shuttle.id} moves while its load sticks out", (shuttle.id,))
        yield from _shaft_findings(shuttle, space)
        yield from _neighbour_findings(shuttle, space)
    if shuttle.straddling:
        yield from _edge_findings(shuttle, space)
    if abs(shuttle.extension) > INTRUSION_MM:
        yield from _fork_findings(shuttle)


def _torn(mover: str, shuttle: Forks, why: str) -> Finding:
    cars = tuple(car.id for car, _ in shuttle.carried())
    return Finding(ViolationKind.TORN, f"{mover} moves while {why.format(shuttle.id)}", (mover, shuttle.id, *cars))


def _edge_findings(shuttle: ShuttleMachine, space: Space) -> Iterator[Finding]:
    """The shuttle stands across the edge of its own lift's platform."""
    lift = shuttle.lift
    if lift is None:
        return
    if space.level_at(lift.z, LEVEL_TOLERANCE_MM) is None:
        text = f"{shuttle.id} drove over the edge of {lift.id}, which is not at a level"
        yield Finding(ViolationKind.MOVER_FELL, text, (shuttle.id, lift.id))
    elif not lift.pinned:
        text = f"{shuttle.id} crosses the edge of {lift.id}, whose platform is not pinned"
        yield Finding(ViolationKind.UNLOCKED_TRANSFER, text, (shuttle.id, lift.id))


def _shaft_findings(shuttle: ShuttleMachine, space: Space) -> Iterator[Finding]:
    """The shuttle runs into the shaft of another lift that is part of the aisle."""
    for lift in shuttle.lifts.values():
        if lift is shuttle.lift or lift.spec.platform is not None or lift.rider is None:
            continue
        if abs(lift.way - shuttle.way) < space.clear_way and abs(lift.z - shuttle.z) > LEVEL_TOLERANCE_MM:
            text = f"{shuttle.id} drove into the shaft of {lift.id}"
            yield Finding(ViolationKind.MOVER_FELL, text, (shuttle.id, lift.id))


def _neighbour_findings(shuttle: ShuttleMachine, space: Space) -> Iterator[Finding]:
    for other in shuttle.neighbours:
        if abs(other.z - shuttle.z) < STOREY_MM and abs(other.way - shuttle.way) < space.clear_way * 0.98:
            bodies = tuple(sorted((shuttle.id, other.id)))
            yield Finding(ViolationKind.COLLISION, f"{bodies[0]} and {bodies[1]} run into each other", bodies)


def _fork_findings(shuttle: ShuttleMachine) -> Iterator[Finding]:
    if shuttle.aboard and shuttle.lift is not None and not shuttle.lift.pinned:
        text = f"{shuttle.id} has its forks out while {shuttle.lift.id} is not pinned"
        yield Finding(ViolationKind.UNLOCKED_TRANSFER, text, (shuttle.id, shuttle.lift.id))
    for depth in range(1, shuttle.fork_depth() + 1):
        position = shuttle.across(shuttle.fork_side(), depth)
        if position is None:
            text = f"the forks of {shuttle.id} went out where no position is open"
            yield Finding(ViolationKind.COLLISION, text, (shuttle.id, "structure"))
            return
        yield from _opening_findings(shuttle, position)
        yield from _car_findings(shuttle, position)
    yield from _deck_findings(shuttle)


def _opening_findings(shuttle: ShuttleMachine, position: Position) -> Iterator[Finding]:
    """The forks pass into a cabin or onto a platform."""
    if position.kind is PositionKind.CABIN:
        cabin = shuttle.cabins[position.owner]
        if cabin.inner.opening < OPEN_ENOUGH:
            text = f"the forks of {shuttle.id} hit the inner door of {cabin.id}"
            yield Finding(ViolationKind.COLLISION, text, (shuttle.id, cabin.id))
        if not cabin.plate_aligned or cabin.index.at < 1.0:
            text = f"{shuttle.id} transfers into {cabin.id}, whose plate is not locked in line"
            yield Finding(ViolationKind.UNLOCKED_TRANSFER, text, (shuttle.id, cabin.id))
    elif position.kind is PositionKind.PLATFORM:
        lift = shuttle.lifts[position.owner]
        if not lift.pinned:
            text = f"{shuttle.id} transfers onto {lift.id}, whose platform is not pinned"
            yield Finding(ViolationKind.UNLOCKED_TRANSFER, text, (shuttle.id, lift.id))


def _car_findings(shuttle: ShuttleMachine, position: Position) -> Iterator[Finding]:
    """Cars on the forks against cars that stand in a position, and raised forks against them."""
    carried = shuttle.carried()
    standing = shuttle.standing_in(position)
    for car, y in carried:
        for other, other_y in standing:
            if _overlap(car, y, other, other_y):
                yield Finding(ViolationKind.COLLISION, f"{car.id} was pushed into {other.id}", (car.id, other.id))
        limits = position.limits
        if car.spec.height_mm > limits.height_mm or car.spec.width_mm > limits.width_mm:
            text = f"{car.id} was pushed into {position.id}, which is too small for it"
            yield Finding(ViolationKind.COLLISION, text, (car.id, "structure"))
    if shuttle.hoist.at >= MIDWAY and shuttle.fork_axis.moving and not carried:
        half = shuttle.edges.across_mm
        for other, other_y in standing:
            if abs(other_y - shuttle.extension) < half + other.spec.length_mm / 2 - TOUCH_MM:
                text = f"the raised forks of {shuttle.id} ran into {other.id}"
                yield Finding(ViolationKind.COLLISION, text, (shuttle.id, other.id))


def _deck_findings(shuttle: ShuttleMachine) -> Iterator[Finding]:
    """A car on the forks against a car that stands on the shuttle's own deck."""
    on_deck = [load for load in shuttle.loads() if load.resting]
    for car, y in shuttle.carried():
        for load in on_deck:
            if _overlap(car, y, load.car, load.dy_mm):
                text = f"{car.id} was drawn into {load.car.id} on {shuttle.id}"
                yield Finding(ViolationKind.COLLISION, text, (car.id, load.car.id))


def _overlap(one: VehicleBody, one_y: float, other: VehicleBody, other_y: float) -> bool:
    return abs(one_y - other_y) < (one.spec.length_mm + other.spec.length_mm) / 2 - TOUCH_MM
