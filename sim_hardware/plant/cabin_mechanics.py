"""The mechanics of a cabin: doors, plate, curtain, button, and what people do to them.

Owns the truth that ``cabin.py`` shows at the terminals. Must never decide when a door may move.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, radians, sin

from controller.garage import Cabin
from plc_drivers.contract.codes import Sign, TrafficLight
from sim_hardware.plant.axis import Axis, AxisNames, AxisSpec
from sim_hardware.plant.body import HEADING, PersonBody, PersonPlace, Seat, SeatKind, VehicleBody, WheelDrive
from sim_hardware.plant.counting_curtain import CountingCurtain
from sim_hardware.plant.device import Machine, Site
from sim_hardware.plant.door import PowerDoor
from sim_hardware.plant.lift import Forks
from sim_hardware.plant.piston import Piston
from sim_hardware.plant.profile import NEVER_MS, MotionFigures
from sim_hardware.plant.timeline import Mechanism
from sim_hardware.plant.violation import ViolationKind
from sim_hardware.plant.zone import ZoneCircuit

INDEX_S = 0.8
INDEX_HOLE_MDEG = 300
"""The index pin finds its hole within this angle of 0 or 180000."""
TURN_CREEP_MDEG_S = 2000
TURN_CREEP_MDEG = 1500
TURN_STOP_MDEG = 2000
"""Mechanical stops of the plate lie this far beyond its two positions."""
CONFIRM_PRESS_MS = 600


class CabinMechanics(Machine):
    """One cabin. ``reaching`` is set by the plant once all machines exist."""

    def __init__(
        self, site: Site, spec: Cabin, zone: ZoneCircuit, sensors: tuple[str, ...], forms: Mapping[str, type[int]]
    ) -> None:
        super().__init__(site, spec.id, zone, sensors, forms)
        self.spec = spec
        self.space = site.space.cabins[spec.id]
        self.reaching: tuple[Forks, ...] = ()
        self.seat = Seat(SeatKind.PLATE, spec.id)
        self.lane = Seat(SeatKind.LANE, spec.id)
        self.plate_there = True
        self.plate_flush = True
        self._has_turntable = spec.turntable
        section = spec.section
        self.outer = PowerDoor(
            site.timeline, site.bank, spec.id, "outer", open_s=section.outer_open_s, close_s=section.outer_close_s
        )
        self.inner = PowerDoor(
            site.timeline, site.bank, spec.id, "inner", open_s=section.inner_open_s, close_s=section.inner_close_s
        )
        self.outer.doorway = self._body_in_outer_doorway
        self.inner.doorway = self._body_in_inner_doorway
        self.outer.on_crush = self._outer_crushed
        self.inner.on_crush = self._inner_crushed
        figures = MotionFigures(
            section.turn_speed_mdeg_s, section.turn_acceleration_mdeg_s2, TURN_CREEP_MDEG_S, TURN_CREEP_MDEG
        )
        self.table = Axis(
            site.timeline,
            site.bank,
            AxisNames(spec.id, "turntable_", "angle_mdeg", "turn_speed_mdeg_s"),
            AxisSpec(figures, (0.0, 180_000.0), -TURN_STOP_MDEG, 180_000 + TURN_STOP_MDEG),
            0.0,
        )
        self.index = Piston(
            site.timeline,
            site.bank,
            INDEX_S,
            f"{spec.id}.platform_locked",
            f"{spec.id}.platform_released",
            extended=True,
        )
        self.index.free = self._index_finds_hole
        self.table.held = self._index_holds
        self.table.supplied = self._turns
        self.table.on_jam = self._jammed
        zone.supply(self.table, self.index, self.inner)
        zone.limit(self.table)
        self._light = TrafficLight.RED
        self._sign = Sign.BLANK
        self._curtain = CountingCurtain()
        self._inside_moment = (-1.0, -1)
        self._inside: tuple[tuple[VehicleBody, float], ...] = ()
        self._exit_open = False
        self._presses = 0
        self._pressed_until_ms = -1.0

    # mechanics

    @property
    def mechanisms(self) -> tuple[Mechanism, ...]:
        """Doors, bolts, plate and index pin."""
        return self.outer, self.outer.bolt, self.inner, self.inner.bolt, self.table, self.index

    @property
    def plate_safe(self) -> bool:
        """People can stand on the plate: there, flush, and held by its pin."""
        return self.plate_there and self.plate_flush and self.index.at >= 1.0

    @property
    def plate_aligned(self) -> bool:
        """The plate lies in line with the doors."""
        angle = self.table.at
        return min(abs(angle), abs(angle - 180_000)) <= INDEX_HOLE_MDEG

    def y_and_heading(self, body: VehicleBody) -> tuple[float, float, float]:
        """Offset along the aisle, y across it and world heading of a vehicle on this cabin's plate or lane."""
        if body.seat.kind is SeatKind.LANE:
            lane = body.drive.at if body.drive is not None else 0.0
            return body.dx_mm, self.space.y_of(lane), body.heading_mdeg
        turn = radians(self.table.at / 1000)
        dx = body.dx_mm * cos(turn) - body.dy_mm * sin(turn)
        dy = body.dx_mm * sin(turn) + body.dy_mm * cos(turn)
        return dx, self.space.centre_y_mm + dy, (body.heading_mdeg + self.table.at) % 360_000

    def lane_place(self, body: VehicleBody) -> float:
        """Where a vehicle on plate or lane is on the lane, inwards positive."""
        return self.space.lane_of(self.y_and_heading(body)[1])

    def set_on_plate(self, body: VehicleBody, dx_mm: float, y_mm: float, heading_mdeg: float) -> None:
        """Rest a vehicle on the plate at a place given in the world."""
        turn = radians(-self.table.at / 1000)
        x, y = dx_mm, y_mm - self.space.centre_y_mm
        self._site.scene.put(
            body,
            self.seat,
            dx_mm=x * cos(turn) - y * sin(turn),
            dy_mm=x * sin(turn) + y * cos(turn),
            heading_mdeg=heading_mdeg - self.table.at,
        )
        body.drive = None

    def standing(self) -> tuple[VehicleBody, ...]:
        """Vehicles on the plate or on the lane, inside or before the cabin."""
        return self._site.scene.on(self.seat) + self._site.scene.on(self.lane)

    def places(self) -> list[tuple[VehicleBody, float]]:
        """Each vehicle that stands here or hangs in here on forks, with its place on the lane."""
        found = [(body, self.lane_place(body)) for body in self.standing()]
        for forks in self.reaching:
            if forks.into(self.seat):
                found += [(body, self.space.lane_of(y)) for body, y in forks.carried()]
        return found

    def inside(self) -> tuple[tuple[VehicleBody, float], ...]:
        """Of these, the ones that reach beyond the outer door's line."""
        moment = self._moment()
        if moment != self._inside_moment:
            self._inside_moment, self._inside = moment, self._look_inside()
        return self._inside

    def _look_inside(self) -> tuple[tuple[VehicleBody, float], ...]:
        line = self.space.outer_line_mm
        return tuple((body, place) for body, place in self.places() if place + body.spec.length_mm / 2 > line)

    def faces_exit(self, body: VehicleBody) -> bool:
        """Its nose points to the outer door."""
        return abs(self.y_and_heading(body)[2] - HEADING[self.spec.side]) < 45_000

    # what people do

    def settle(self) -> None:
        """Count vehicles whose middle has passed the outer door's line."""
        driving = self._site.scene.on(self.lane)
        line = self.space.outer_line_mm
        if self._curtain.watch((body.id, self.lane_place(body) > line) for body in driving):
            self._site.timeline.touch()

    def move_person(self, person: PersonBody, place: PersonPlace) -> None:
        """A person goes somewhere; the counting curtain sees who passes on foot."""
        person.place = place
        if place in {PersonPlace.INSIDE, PersonPlace.OUTSIDE}:
            if person.vehicle is None and place is not person.side:
                self._curtain.passed(inwards=place is PersonPlace.INSIDE)
            person.side = place
            person.vehicle = None
        self._site.timeline.touch()

    def board(self, person: PersonBody, vehicle: str) -> None:
        """A person gets into a car."""
        person.place = PersonPlace.IN_CAR
        person.vehicle = vehicle
        self._site.timeline.touch()

    def take_the_wheel(self, body: VehicleBody) -> WheelDrive:
        """A driver starts a car that stands on the plate; from now on it rolls on its own wheels."""
        _, y, heading = self.y_and_heading(body)
        return self.bring(body, self.space.lane_of(y), heading)

    def bring(self, body: VehicleBody, lane_mm: float, heading_mdeg: float) -> WheelDrive:
        """A driven car stands on the lane, inside or before the cabin."""
        drive = WheelDrive(self._site.timeline, lane_mm, (self.space.outer_line_mm,))
        self._site.scene.put(body, self.lane, dx_mm=0.0, dy_mm=0.0, heading_mdeg=heading_mdeg)
        body.drive = drive
        return drive

    def park(self, body: VehicleBody) -> None:
        """The driver stops the engine and pulls the handbrake: the car now turns with the plate."""
        dx_mm, y, heading = self.y_and_heading(body)
        self.set_on_plate(body, dx_mm, y, heading)

    @property
    def light_lit(self) -> TrafficLight:
        """The lamp that people see."""
        return self._light

    @property
    def sign_lit(self) -> Sign:
        """The sign that people see."""
        return self._sign

    def reset_count(self) -> None:
        """An attendant looks into the cabin, finds it empty and resets the counter."""
        self._curtain.reset()
        self._site.timeline.touch()

    def break_curtain(self) -> None:
        """Fault: the counting curtain reports itself defective until it is reset."""
        self._curtain.works = False
        self._site.timeline.touch()

    def press_confirm(self) -> None:
        """A person presses the button outside; one that is wedged does not move any more."""
        if self._pressed_until_ms >= NEVER_MS:
            return
        self._presses += 1
        self._pressed_until_ms = self._site.timeline.now_ms + CONFIRM_PRESS_MS
        self._site.timeline.touch()
        self._site.timeline.after(CONFIRM_PRESS_MS, self._site.timeline.touch)

    def clamp_confirm(self) -> None:
        """Fault: a wedge keeps the button pressed; it is one press, however long it lasts."""
        self._presses += 1
        self._pressed_until_ms = NEVER_MS
        self._site.timeline.touch()

    def release_confirm(self) -> None:
        """The wedge is taken out."""
        self._pressed_until_ms = self._site.timeline.now_ms
        self._site.timeline.touch()

    def open_exit(self) -> None:
        """A person opens the emergency exit."""
        self._exit_open = True
        self._site.timeline.touch()

    def close_exit(self) -> None:
        """A person closes and locks the emergency exit."""
        self._exit_open = False
        self._site.timeline.touch()

    def remove_plate(self) -> None:
        """Fault: the plate is not in its seat; before the outer door there is a hole."""
        self.plate_there = False
        self._site.timeline.touch()

    def return_plate(self) -> None:
        """Put the plate back into its seat."""
        self.plate_there = True
        self._site.timeline.touch()

    def _body_in_outer_doorway(self) -> bool:
        if self._site.scene.people_at(self.id, (PersonPlace.DOORWAY,)):
            return True
        line = self.space.outer_line_mm
        return any(abs(place - line) < body.spec.length_mm / 2 for body, place in self.places())

    def _body_in_inner_doorway(self) -> bool:
        line = self.space.inner_line_mm
        if any(forks.into(self.seat) for forks in self.reaching):
            return True
        return any(abs(place - line) < body.spec.length_mm / 2 for body, place in self.places())

    def _index_finds_hole(self) -> bool:
        return self.plate_aligned and not self.table.moving and self.plate_there

    def _index_holds(self) -> bool:
        return self.index.at > 0.05

    def _turns(self) -> bool:
        return self._has_turntable

    def _jammed(self) -> None:
        self._site.report(ViolationKind.PINS_ENGAGED, f"{self.id}: the plate was driven against its index pin", self.id)

    def _outer_crushed(self) -> None:
        self._site.report(ViolationKind.CRUSHED, f"{self.id}: the outer door closed on a body", self.id)

    def _inner_crushed(self) -> None:
        self._site.report(ViolationKind.CRUSHED, f"{self.id}: the inner door closed on a body", self.id)
