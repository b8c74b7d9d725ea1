"""A cabin: doors, plate, presence, measuring, lights. Implements ``ports.CabinPort``.

Owns its mechanics and sensors, and what people do to its buttons and doors. Must never decide when a door may move.
"""

from __future__ import annotations

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
from sim_hardware.plant.profile import MotionFigures
from sim_hardware.plant.violation import ViolationKind
from sim_hardware.plant.zone import ZoneCircuit

INDEX_S = 0.8
INDEX_HOLE_MDEG = 300
"""The index pin finds its hole within this angle of 0 or 180000."""
TURN_CREEP_MDEG_S = 2000
TURN_CREEP_MDEG = 1500
TURN_STOP_MDEG = 2000
"""Mechanical stops of the plate lie this far beyond its two positions."""
LOOP_REACH_MM = 2000
"""A vehicle whose middle is this near to the plate's middle occupies the loop."""
WHEELS_TOLERANCE_MM = 60
CONFIRM_PRESS_MS = 600


class CabinMachine(Machine):
    """One cabin. ``reaching`` is set by the plant once all machines exist."""

    SENSORS = (
        "traffic_light_shown",
        "sign_shown",
        "curtain_count",
        "curtain_ok",
        "scanner_clear",
        "exit_closed",
        "confirm_pressed",
        "confirm_presses",
        "vehicle_present",
        "vehicle_clear",
        "vehicle_in_envelope",
        "vehicle_length_mm",
        "vehicle_width_mm",
        "vehicle_height_mm",
        "vehicle_weight_kg",
        "ground_clearance_mm",
        "overhang_mm",
        "wheel_offset_mm",
        "wheels_in_place",
        "platform_present",
        "platform_level",
    )

    def __init__(self, site: Site, spec: Cabin, zone: ZoneCircuit) -> None:
        super().__init__(site, spec.id, zone, self.SENSORS)
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
        self._exit_open = False
        self._presses = 0
        self._pressed_until_ms = -1.0

    # mechanics

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

    def inside(self) -> list[tuple[VehicleBody, float]]:
        """Of these, the ones that reach beyond the outer door's line."""
        return [
            (body, place) for body, place in self.places() if place + body.spec.length_mm / 2 > self.space.outer_line_mm
        ]

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
        """A person presses the button outside."""
        self._presses += 1
        self._pressed_until_ms = self._site.timeline.now_ms + CONFIRM_PRESS_MS
        self._site.timeline.touch()
        self._site.timeline.after(CONFIRM_PRESS_MS, self._site.timeline.touch)

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

    # terminals

    @property
    def has_turntable(self) -> bool:
        """See ``ports.CabinPort``."""
        return self._has_turntable

    @property
    def turntable(self) -> Axis:
        """See ``ports.CabinPort``."""
        return self.table

    def show_light(self, light: TrafficLight) -> None:
        """See ``ports.CabinPort``."""
        if light is not self._light:
            self._light = light
            self._site.timeline.touch()

    def show_sign(self, sign: Sign) -> None:
        """See ``ports.CabinPort``."""
        if sign is not self._sign:
            self._sign = sign
            self._site.timeline.touch()

    @property
    def light_shown(self) -> TrafficLight:
        """See ``ports.CabinPort``."""
        return self._site.bank.read_choice(self._path["traffic_light_shown"], self._light)

    @property
    def sign_shown(self) -> Sign:
        """See ``ports.CabinPort``."""
        return self._site.bank.read_choice(self._path["sign_shown"], self._sign)

    @property
    def curtain_count(self) -> int:
        """See ``ports.CabinPort``."""
        return self._read("curtain_count", self._curtain.count)

    @property
    def curtain_ok(self) -> bool:
        """See ``ports.CabinPort``."""
        return self._read("curtain_ok", self._curtain.works and self._curtain.count >= 0)

    @property
    def scanner_clear(self) -> bool:
        """See ``ports.CabinPort``."""
        return self._read("scanner_clear", not self._site.scene.people_at(self.id, (PersonPlace.INSIDE,)))

    @property
    def exit_closed(self) -> bool:
        """See ``ports.CabinPort``."""
        return self._read("exit_closed", not self._exit_open)

    @property
    def confirm_pressed(self) -> bool:
        """See ``ports.CabinPort``."""
        return self._read("confirm_pressed", self._site.timeline.now_ms < self._pressed_until_ms)

    @property
    def confirm_presses(self) -> int:
        """See ``ports.CabinPort``."""
        return self._read("confirm_presses", self._presses)

    @property
    def vehicle_present(self) -> bool:
        """See ``ports.CabinPort``."""
        return self._read("vehicle_present", any(abs(place) < LOOP_REACH_MM for _, place in self.places()))

    @property
    def vehicle_clear(self) -> bool:
        """See ``ports.CabinPort``."""
        return self._read("vehicle_clear", not self.inside())

    @property
    def vehicle_in_envelope(self) -> bool:
        """See ``ports.CabinPort``."""
        return self._read("vehicle_in_envelope", all(self._fits(body, place) for body, place in self.inside()))

    @property
    def vehicle_length_mm(self) -> int:
        """See ``ports.CabinPort``."""
        body = self._measured()
        return self._read("vehicle_length_mm", 0 if body is None else body.spec.length_mm)

    @property
    def vehicle_width_mm(self) -> int:
        """See ``ports.CabinPort``."""
        body = self._measured()
        return self._read("vehicle_width_mm", 0 if body is None else body.spec.width_mm)

    @property
    def vehicle_height_mm(self) -> int:
        """See ``ports.CabinPort``."""
        body = self._measured()
        return self._read("vehicle_height_mm", 0 if body is None else body.spec.height_mm)

    @property
    def vehicle_weight_kg(self) -> int:
        """See ``ports.CabinPort``."""
        weight = sum(b.spec.weight_kg for b in self.standing() if abs(self.lane_place(b)) < LOOP_REACH_MM)
        return self._read("vehicle_weight_kg", weight)

    @property
    def ground_clearance_mm(self) -> int:
        """See ``ports.CabinPort``."""
        body = self._measured()
        return self._read("ground_clearance_mm", 0 if body is None else body.spec.ground_clearance_mm)

    @property
    def overhang_mm(self) -> int:
        """See ``ports.CabinPort``."""
        body = self._measured()
        truth = 0 if body is None else max(body.spec.front_overhang_mm, body.spec.rear_overhang_mm)
        return self._read("overhang_mm", truth)

    @property
    def wheel_offset_mm(self) -> int:
        """See ``ports.CabinPort``."""
        truth = next((round(place) for body, place in self.inside() if place > self.space.outer_line_mm), 0)
        return self._read("wheel_offset_mm", truth)

    @property
    def wheels_in_place(self) -> bool:
        """See ``ports.CabinPort``."""
        truth = any(
            abs(self.lane_place(body)) <= WHEELS_TOLERANCE_MM and not (body.drive is not None and body.drive.moving)
            for body in self.standing()
        )
        return self._read("wheels_in_place", truth)

    @property
    def platform_present(self) -> bool:
        """See ``ports.CabinPort``."""
        return self._read("platform_present", self.plate_there)

    @property
    def platform_level(self) -> bool:
        """See ``ports.CabinPort``."""
        return self._read("platform_level", self.plate_there and self.plate_flush)

    def _measured(self) -> VehicleBody | None:
        """The vehicle that stands whole between the door lines, if there is exactly one inside."""
        found = self.inside()
        if len(found) != 1:
            return None
        body, place = found[0]
        half = body.spec.length_mm / 2
        whole = place - half > self.space.outer_line_mm and place + half < self.space.inner_line_mm
        return body if whole else None

    def _fits(self, body: VehicleBody, place: float) -> bool:
        limits = self.spec.envelope
        half_box = (limits.length_mm + 100) / 2
        return (
            body.spec.width_mm <= limits.width_mm
            and body.spec.height_mm <= limits.height_mm
            and abs(place) + body.spec.length_mm / 2 <= half_box
        )

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
