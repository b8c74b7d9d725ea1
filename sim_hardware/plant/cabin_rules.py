"""What a bystander with perfect sight would call an accident in a cabin.

Owns the rules on doors, plate, people and cars in a cabin. Looks at mechanics and bodies only; must never read a
sensor (it may be broken) or a command.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from sim_hardware.plant.body import PersonBody, PersonPlace, Scene, SeatKind, VehicleBody
from sim_hardware.plant.cabin import CabinMachine
from sim_hardware.plant.door import OPEN_ENOUGH
from sim_hardware.plant.finding import Finding
from sim_hardware.plant.violation import ViolationKind

AJAR = 0.01
"""A door further open than this lets a finger in."""
GAP = 0.05
"""A door further open than this lets a person through, for the purpose of falling."""
DRIVEN_THROUGH = 0.9
"""A vehicle that drives under or past a leaf less open than this hits it."""
TOUCH_MM = 20
SWEEP_ROOM_MM = 150
"""Room beyond the plate's edge in which a turning vehicle may sweep."""


def cabin_findings(cabin: CabinMachine, scene: Scene) -> Iterator[Finding]:
    """Rules on one cabin; costs nothing while it is shut and at rest."""
    outer, inner = cabin.outer.opening, cabin.inner.opening
    turning = cabin.table.moving
    forks_in = any(forks.into(cabin.seat) for forks in cabin.reaching)
    if outer <= 0.0 and inner <= 0.0 and not turning and not forks_in:
        return
    if outer > AJAR and inner > AJAR:
        yield Finding(ViolationKind.BOTH_DOORS_OPEN, f"both doors of {cabin.id} are open", (cabin.id,))
    if outer > GAP and not cabin.plate_safe:
        text = f"the outer door of {cabin.id} is open and the plate is not there, flush and locked"
        yield Finding(ViolationKind.PERSON_FALLS, text, (cabin.id,))
    if turning:
        yield from _turning_findings(cabin, outer, forks_in=forks_in)
    if inner > AJAR or turning or forks_in:
        for person in _people_within(cabin, scene):
            text = f"{person.id} is in {cabin.id} while the machine side is open or moves"
            yield Finding(ViolationKind.PERSON_IN_DANGER, text, (person.id, cabin.id))
    yield from _car_findings(cabin, outer, inner)


def _turning_findings(cabin: CabinMachine, outer: float, *, forks_in: bool) -> Iterator[Finding]:
    if cabin.index.at > 0.05:
        yield Finding(ViolationKind.PINS_ENGAGED, f"the plate of {cabin.id} turns against its pin", (cabin.id,))
    if outer > AJAR:
        text = f"the plate of {cabin.id} turns while the outer door is open"
        yield Finding(ViolationKind.OPEN_TO_MOTION, text, (cabin.id,))
    if forks_in:
        yield Finding(ViolationKind.TORN, f"the plate of {cabin.id} turns with forks in it", (cabin.id,))
    for body, place in cabin.inside():
        if body.seat.kind is SeatKind.LANE:
            text = f"the plate of {cabin.id} turns while {body.id} drives or stands across its edge"
            yield Finding(ViolationKind.TORN, text, (cabin.id, body.id))
        elif abs(body.dy_mm) + body.spec.length_mm / 2 > cabin.spec.envelope.length_mm / 2 + SWEEP_ROOM_MM:
            text = f"{body.id} swept against the wall of {cabin.id} (at {place:.0f} mm)"
            yield Finding(ViolationKind.COLLISION, text, (body.id, cabin.id))


def _people_within(cabin: CabinMachine, scene: Scene) -> Iterator[PersonBody]:
    """People in the cabin, in its doorway, or in a car that is in it at least in part."""
    yield from scene.people_at(cabin.id, (PersonPlace.INSIDE, PersonPlace.DOORWAY))
    seated = scene.people_at(cabin.id, (PersonPlace.IN_CAR,))
    if seated:
        inside = {body.id for body, _ in cabin.inside()}
        yield from (person for person in seated if person.vehicle in inside)


def _car_findings(cabin: CabinMachine, outer: float, inner: float) -> Iterator[Finding]:
    found = cabin.inside()
    for (one, one_at), (other, other_at) in combinations(found, 2):
        if abs(one_at - other_at) < (one.spec.length_mm + other.spec.length_mm) / 2 - TOUCH_MM:
            bodies = tuple(sorted((one.id, other.id)))
            yield Finding(ViolationKind.COLLISION, f"{one.id} and {other.id} touch in {cabin.id}", bodies)
    for body, place in found:
        yield from _leaf_findings(cabin, body, place, outer, inner)


def _leaf_findings(
    cabin: CabinMachine, body: VehicleBody, place: float, outer: float, inner: float
) -> Iterator[Finding]:
    """A vehicle on its own wheels against the door leaves."""
    half = body.spec.length_mm / 2
    drives = body.seat.kind is SeatKind.LANE and body.drive is not None and body.drive.moving
    if drives and abs(place - cabin.space.outer_line_mm) < half and outer < DRIVEN_THROUGH:
        text = f"{body.id} drove into the outer door of {cabin.id}"
        yield Finding(ViolationKind.COLLISION, text, (body.id, cabin.id))
    if drives and place + half > cabin.space.inner_line_mm and inner < OPEN_ENOUGH:
        yield Finding(
            ViolationKind.COLLISION, f"{body.id} drove into the inner door of {cabin.id}", (body.id, cabin.id)
        )
