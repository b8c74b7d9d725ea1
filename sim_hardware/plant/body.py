"""Bodies: vehicles and people, and what each of them is resting on.

Owns who is where. Must never move by itself; movers, forks and people move bodies.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import NamedTuple

from controller.garage import Side
from sim_hardware.plant.profile import NEVER_MS, MotionFigures, Profile, plan_move, plan_stop
from sim_hardware.plant.timeline import Timeline


class SeatKind(Enum):
    """What a vehicle can rest on."""

    STAND = "stand"
    PLATE = "plate"
    PLATFORM = "platform"
    DECK = "deck"
    FORKS = "forks"
    LANE = "lane"
    WRECK = "wreck"
    AWAY = "away"


class Seat(NamedTuple):
    """One thing that a vehicle can rest on; ``owner`` is the position of a STAND, otherwise the device.

    LANE is the floor in and before a cabin, on which a vehicle drives on its own wheels.
    """

    kind: SeatKind
    owner: str


AWAY = Seat(SeatKind.AWAY, "")
WRECK = Seat(SeatKind.WRECK, "")
HEADING = {Side.LEFT: 0, Side.RIGHT: 180_000}
"""Heading in millidegrees of a car whose nose points to a side."""


@dataclass(frozen=True, slots=True)
class VehicleSpec:
    """What a vehicle is: mm and kg. ``front_overhang_mm`` and ``rear_overhang_mm`` reach beyond the wheels."""

    id: str
    length_mm: int = 4600
    width_mm: int = 1950
    height_mm: int = 1600
    weight_kg: int = 1700
    ground_clearance_mm: int = 140
    front_overhang_mm: int = 900
    rear_overhang_mm: int = 950


class VehicleBody:
    """A vehicle in the world.

    ``dx_mm`` and ``dy_mm`` are its middle from the seat's middle, along and across the aisle (left is positive); on a
    turntable they turn with the plate. ``heading_mdeg`` is relative to the seat, 0 is nose left. ``drive`` moves it on
    its own wheels along a cabin's lane. Change the seat through ``Scene.put`` only.
    """

    __slots__ = ("_shut", "drive", "dx_mm", "dy_mm", "heading_mdeg", "id", "seat", "spec")

    def __init__(self, spec: VehicleSpec) -> None:
        self.spec = spec
        self.id = spec.id
        self.seat = AWAY
        self.dx_mm = 0.0
        self.dy_mm = 0.0
        self.heading_mdeg = 0.0
        self.drive: WheelDrive | None = None
        self._shut: VehicleSpec | None = None

    def open_boot(self, by_mm: int) -> None:
        """Its boot stands open: it is higher by so much."""
        self._shut = self.spec
        self.spec = replace(self.spec, height_mm=self.spec.height_mm + by_mm)

    def shut_boot(self) -> None:
        """Somebody shuts what is open at it."""
        if self._shut is not None:
            self.spec, self._shut = self._shut, None


class PersonPlace(Enum):
    """Where a person is, as far as it matters to a machine."""

    AWAY = "away"
    OUTSIDE = "outside"
    DOORWAY = "doorway"
    INSIDE = "inside"
    IN_CAR = "in-car"


@dataclass(slots=True)
class PersonBody:
    """A person at a cabin; ``vehicle`` is the car that they sit in, ``side`` the last side of the door they were on."""

    id: str
    cabin: str
    place: PersonPlace = PersonPlace.AWAY
    vehicle: str | None = None
    side: PersonPlace = PersonPlace.OUTSIDE


class WheelDrive:
    """A vehicle that drives along a cabin's lane; ``at`` is its middle, 0 on the plate's middle, inwards positive."""

    FIGURES = MotionFigures(speed=1400, acceleration=700, creep_speed=250, creep_distance=900)

    def __init__(self, timeline: Timeline, at_mm: float, watched_mm: tuple[float, ...]) -> None:
        self._timeline = timeline
        self._rest_mm = at_mm
        self._watched_mm = watched_mm
        self._profile: Profile | None = None

    @property
    def at(self) -> float:
        """Where the vehicle's middle is."""
        return self._rest_mm if self._profile is None else self._profile.position_at(self._timeline.now_ms)

    @property
    def moving(self) -> bool:
        """It rolls."""
        return self._profile is not None

    @property
    def next_ms(self) -> float:
        """When it stands or passes a line."""
        profile = self._profile
        if profile is None:
            return NEVER_MS
        crossings = (profile.next_crossing_ms(line, self._timeline.now_ms) for line in self._watched_mm)
        return min(profile.end_ms, *crossings)

    def settle(self) -> None:
        """End the motion when its time has come."""
        if self._profile is not None and self._timeline.now_ms >= self._profile.end_ms:
            self._rest_mm = self._profile.end_position
            self._profile = None
            self._timeline.end(self)

    def drive_to(self, at_mm: float, *, speed_mm_s: float = 1400) -> None:
        """Roll to a place on the lane."""
        figures = MotionFigures(speed_mm_s, 700, min(250, speed_mm_s), 900)
        speed = 0.0 if self._profile is None else self._profile.speed_at(self._timeline.now_ms)
        self._profile = plan_move(figures, self._timeline.now_ms, self.at, speed, at_mm)
        self._timeline.begin(self)

    def halt(self) -> None:
        """Brake."""
        if self._profile is not None:
            now_ms = self._timeline.now_ms
            self._profile = plan_stop(now_ms, self.at, self._profile.speed_at(now_ms), 2500)
            self._timeline.begin(self)


@dataclass
class Scene:
    """All bodies, by what they rest on."""

    timeline: Timeline
    vehicles: dict[str, VehicleBody] = field(default_factory=dict)
    people: dict[str, PersonBody] = field(default_factory=dict)
    _on: dict[Seat, list[VehicleBody]] = field(default_factory=dict)

    def add(self, spec: VehicleSpec) -> VehicleBody:
        """A new vehicle, not in the picture yet.

        Raises:
            ValueError: there is a vehicle of that id.
        """
        if spec.id in self.vehicles:
            raise ValueError(f"there is a vehicle {spec.id!r} already")
        body = VehicleBody(spec)
        self.vehicles[spec.id] = body
        return body

    def on(self, seat: Seat) -> tuple[VehicleBody, ...]:
        """The vehicles that rest on a seat."""
        found = self._on.get(seat)
        return tuple(found) if found else ()

    def put(self, body: VehicleBody, seat: Seat, *, dx_mm: float, dy_mm: float, heading_mdeg: float) -> None:
        """Rest a vehicle on a seat; nothing is checked, the judge looks at the outcome."""
        old = self._on.get(body.seat)
        if old is not None and body in old:
            old.remove(body)
        body.seat = seat
        body.dx_mm, body.dy_mm = dx_mm, dy_mm
        body.heading_mdeg = heading_mdeg % 360_000
        self._on.setdefault(seat, []).append(body)
        self.timeline.touch()

    def people_at(self, cabin: str, places: Iterable[PersonPlace]) -> tuple[PersonBody, ...]:
        """The people at a cabin who are in one of ``places``."""
        if not self.people:
            return ()
        wanted = tuple(places)
        return tuple(p for p in self.people.values() if p.cabin == cabin and p.place in wanted)
