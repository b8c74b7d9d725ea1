"""One customer's visit to a cabin, acted out step by step.

Owns how people fetch and bring a car. A visit is a generator that yields how many ms it waits; it looks at the world
through ``CabinSight`` only. Must never ask a PLC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from plc_drivers.contract.codes import Sign
from sim_hardware.people.habit import Habit, Patience
from sim_hardware.people.sight import CabinSight
from sim_hardware.plant.body import AWAY, HEADING, PersonBody, PersonPlace, Scene, VehicleBody, WheelDrive
from sim_hardware.plant.cabin import CabinMachine

Waits = Iterator[float]
"""Steps of a visit: how many ms of plant time pass before the next one."""

LOOK_MS = 250.0
DOORWAY_MS = 800.0
QUEUE_GAP_MM = 3000.0
"""Free road between an arriving car and the outer door."""
EXIT_ROAD_MM = 6000.0
"""How far a car drives away from the outer door before it is out of the picture."""
PARKING_ERROR_MM = 90
NUDGE_MM = 50.0
DOOR_GAP_MM = 50.0
"""A driver stops so far before the inner door, whatever the sign says."""
NUDGE_LOOK_MS = 2500.0
CRAWL_MM_S = 500.0
PRESSES = 5
PRESS_AGAIN_MS = 4000.0

_TURNED_AWAY = frozenset({Sign.DOES_NOT_FIT, Sign.STEP_OUT, Sign.OUT_OF_SERVICE, Sign.DRIVE_OUT})


@dataclass(frozen=True, slots=True)
class Visitor:
    """A customer, where they are, what they see, and the dice that they roll."""

    person: PersonBody
    cabin: CabinMachine
    scene: Scene
    sight: CabinSight
    dice: Random
    patience: Patience
    habit: Habit = Habit.NORMAL
    by_mm: int = 0
    """By how much the car differs, for a habit that concerns the car."""


def fetch(visitor: Visitor, car: VehicleBody) -> Waits:
    """Walk in, get into the waiting car, drive out, look back, confirm outside that the cabin is empty."""
    cabin, person = visitor.cabin, visitor.person
    cabin.move_person(person, PersonPlace.OUTSIDE)
    yield _between(visitor, visitor.patience.walk_s)
    if not _open_to_leave(visitor.sight):
        return
    yield from _cross(visitor, PersonPlace.INSIDE)
    if visitor.habit is Habit.STAYS_INSIDE:
        yield from _until(visitor, lambda: visitor.sight.sign is Sign.STEP_OUT)
    yield from _linger(visitor)
    if visitor.sight.sign is Sign.STEP_OUT:
        yield from _walk_out(visitor)
        return
    car.shut_boot()
    cabin.board(person, car.id)
    drive = cabin.take_the_wheel(car)
    yield from _until(visitor, lambda: _open_to_leave(visitor.sight))
    if not _open_to_leave(visitor.sight):
        cabin.park(car)
        cabin.move_person(person, PersonPlace.INSIDE)
        yield from _walk_out(visitor)
        return
    yield from _drive_away(visitor, car, drive)
    yield from _confirm(visitor)


def bring(visitor: Visitor, car: VehicleBody) -> Waits:
    """Drive in as the signs say, leave the car, walk out, confirm outside that nobody is left."""
    cabin, sight = visitor.cabin, visitor.sight
    drive = _queue_up(visitor, car)
    yield _between(visitor, visitor.patience.reaction_s)
    yield from _until(visitor, lambda: _invited(sight))
    if not _invited(sight):
        _leave_picture(visitor, car)
        return
    room_mm = cabin.space.inner_line_mm - car.spec.length_mm / 2 - DOOR_GAP_MM
    aim_mm = float(visitor.dice.randint(-PARKING_ERROR_MM, PARKING_ERROR_MM))
    drive.drive_to(min(aim_mm, room_mm), speed_mm_s=CRAWL_MM_S)
    yield from _roll(drive)
    yield from _follow_signs(visitor, drive, room_mm)
    if sight.sign is not Sign.LEAVE_CAR:
        yield from _until_open(sight)
        yield from _drive_away(visitor, car, drive)
        yield from _confirm(visitor)
        return
    cabin.park(car)
    yield from _linger(visitor)
    if visitor.habit is Habit.LEAVES_BOOT_OPEN:
        car.open_boot(visitor.by_mm)
    cabin.move_person(visitor.person, PersonPlace.INSIDE)
    if visitor.habit is Habit.STAYS_INSIDE:
        yield from _until(visitor, lambda: sight.sign is Sign.STEP_OUT)
    yield from _walk_out(visitor)
    yield from _confirm(visitor)


def _queue_up(visitor: Visitor, car: VehicleBody) -> WheelDrive:
    """The car stands before the outer door, nose inwards, with its driver."""
    cabin = visitor.cabin
    start = cabin.space.outer_line_mm - car.spec.length_mm / 2 - QUEUE_GAP_MM
    drive = cabin.bring(car, start, HEADING[cabin.spec.side.other])
    visitor.person.side = PersonPlace.OUTSIDE
    cabin.board(visitor.person, car.id)
    return drive


def _open_to_leave(sight: CabinSight) -> bool:
    return sight.door_open and sight.green


def _invited(sight: CabinSight) -> bool:
    return sight.door_open and sight.green and sight.sign is Sign.DRIVE_IN and not sight.holds_people


def _follow_signs(visitor: Visitor, drive: WheelDrive, room_mm: float) -> Waits:
    """Nudge forwards and back as told, until told to leave the car or the cabin; nobody drives into a door he sees."""
    waited_ms = 0.0
    while waited_ms < visitor.patience.give_up_s * 1000:
        sign = visitor.sight.sign
        if sign is Sign.LEAVE_CAR or sign in _TURNED_AWAY:
            return
        pause_ms = LOOK_MS
        if sign in {Sign.FORWARD, Sign.BACK}:
            nudged_mm = drive.at + (NUDGE_MM if sign is Sign.FORWARD else -NUDGE_MM)
            drive.drive_to(min(nudged_mm, room_mm), speed_mm_s=150)
            yield from _roll(drive)
            pause_ms = NUDGE_LOOK_MS
        waited_ms += pause_ms
        yield pause_ms


def _drive_away(visitor: Visitor, car: VehicleBody, drive: WheelDrive) -> Waits:
    """Out of the door and down the road; the driver comes back on foot."""
    yield _between(visitor, visitor.patience.reaction_s)
    drive.drive_to(visitor.cabin.space.outer_line_mm - car.spec.length_mm / 2 - EXIT_ROAD_MM)
    yield from _roll(drive)
    _leave_picture(visitor, car)


def _leave_picture(visitor: Visitor, car: VehicleBody) -> None:
    car.drive = None
    visitor.scene.put(car, AWAY, dx_mm=0.0, dy_mm=0.0, heading_mdeg=car.heading_mdeg)
    visitor.cabin.move_person(visitor.person, PersonPlace.OUTSIDE)


def _walk_out(visitor: Visitor) -> Waits:
    yield _between(visitor, visitor.patience.walk_s)
    yield from _until_open(visitor.sight)
    yield from _cross(visitor, PersonPlace.OUTSIDE)


def _cross(visitor: Visitor, to: PersonPlace) -> Waits:
    visitor.cabin.move_person(visitor.person, PersonPlace.DOORWAY)
    yield DOORWAY_MS
    visitor.cabin.move_person(visitor.person, to)


def _confirm(visitor: Visitor) -> Waits:
    """Outside: press the button when nobody is to be seen in the cabin, again while the sign keeps asking."""
    if visitor.person.place is not PersonPlace.OUTSIDE or visitor.habit is Habit.NEVER_CONFIRMS:
        return
    yield _between(visitor, visitor.patience.walk_s)
    for press in range(PRESSES):
        if visitor.sight.holds_people:
            yield PRESS_AGAIN_MS
            continue
        visitor.cabin.press_confirm()
        if visitor.habit is Habit.PRESSES_TWICE and press == 0:
            yield 900.0
            visitor.cabin.press_confirm()
        if visitor.habit is Habit.COMES_BACK and press == 0 and visitor.sight.door_open:
            yield from _cross(visitor, PersonPlace.INSIDE)
            yield from _walk_out(visitor)
        yield PRESS_AGAIN_MS
        if visitor.sight.door_shut or visitor.sight.sign is not Sign.CONFIRM_EMPTY:
            return


def _linger(visitor: Visitor) -> Waits:
    """Belts, bags, seat and mirrors; cut short by the sign STEP_OUT."""
    left_ms = _between(visitor, visitor.patience.dwell_s)
    while left_ms > 0 and visitor.sight.sign is not Sign.STEP_OUT:
        yield min(left_ms, LOOK_MS * 4)
        left_ms -= LOOK_MS * 4


def _roll(drive: WheelDrive) -> Waits:
    while drive.moving:
        yield LOOK_MS


def _until(visitor: Visitor, condition: Callable[[], bool]) -> Waits:
    """Wait for something to be seen, at most as long as anybody would."""
    waited_ms = 0.0
    while not condition() and waited_ms < visitor.patience.give_up_s * 1000:
        waited_ms += LOOK_MS
        yield LOOK_MS


def _until_open(sight: CabinSight) -> Waits:
    """Wait for the outer door without an end: who is shut in stays there, in the judge's sight."""
    while not sight.door_open:
        yield LOOK_MS


def _between(visitor: Visitor, range_s: tuple[float, float]) -> float:
    return visitor.dice.uniform(*range_s) * 1000
