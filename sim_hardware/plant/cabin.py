"""A cabin's terminals. Implements ``ports.CabinPort``.

Owns what its sensors read from the mechanics and the bodies. Must never decide when a door may move.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controller.garage import Cabin
from plc_drivers.contract.codes import Sign, TrafficLight
from sim_hardware.plant.axis import Axis
from sim_hardware.plant.body import PersonPlace, VehicleBody
from sim_hardware.plant.cabin_mechanics import CabinMechanics
from sim_hardware.plant.device import Site
from sim_hardware.plant.zone import ZoneCircuit

LOOP_REACH_MM = 2000
"""A vehicle whose middle is this near to the plate's middle occupies the loop."""
WHEELS_TOLERANCE_MM = 60


class CabinMachine(CabinMechanics):
    """One cabin."""

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
    FORMS: ClassVar[Mapping[str, type[int]]] = {
        "traffic_light_shown": TrafficLight,
        "sign_shown": Sign,
        **dict.fromkeys(("curtain_count", "confirm_presses", "vehicle_weight_kg"), int),
        **{name: int for name in SENSORS if name.endswith("_mm")},
    }

    def __init__(self, site: Site, spec: Cabin, zone: ZoneCircuit) -> None:
        super().__init__(site, spec, zone, self.SENSORS, self.FORMS)

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
