"""The terminals between a PLC program and the machine: all that an emulated PLC may touch.

Owns the shape of the ports: actuators that a program drives and raw sensor signals that it reads. A port never
holds a command, a permit, a state or a conclusion; those belong to the PLC program. Sensors answer from bodies
and mechanics at the moment of reading (plus faults injected in ``SensorBank``), never from what was commanded.

Conventions
    * All times are plant time. Ports never block; reading is free of side effects.
    * Actuator methods start something and return at once. Calling one again with the same arguments while it is
      under way, or when its end is already reached, changes nothing: a program may call on an edge or each scan.
    * After a loss of torque, a trip or ``stop()`` nothing resumes: motion starts only by a new call.
    * A drive whose zone has no torque, or that has tripped, ignores ``move_to`` and ``home`` (``ready`` is False).
    * Axis along the aisle: mm, or millidegrees round a ring, growing with the columns. Across the aisle: mm, left is
      positive. Up is positive. Turntable: millidegrees, 0 and 180000 in line with the doors, travel range 0 to 180000.
    * Booleans keep the contract's wiring: True is the safe level where the tag's name says ``clear``, ``closed``,
      ``taut``, ``ok``.
    * While a port's ``revision`` has not changed since the last scan, none of its sensors has changed either, and a
      program may keep its input image. Each port has its own; motion elsewhere that it cannot see does not change it.

Sensor paths for fault injection are ``device.name`` with the name given below in each docstring as *path*; most are the
contract's tag names (``lift1.pins_extended``, ``cabin1.outer_closed``, ``shuttle1.target_left_clear``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from plc_drivers.contract.codes import Sign, TrafficLight
from sim_hardware.plant.port_parts import Cylinder, DevicePort, Door, Drive, ZoneWires

__all__ = [
    "CabinPort",
    "Cylinder",
    "DevicePort",
    "Door",
    "Drive",
    "LiftPort",
    "PlantPorts",
    "SafetyPort",
    "ShuttlePort",
    "ZoneWires",
]


class LiftPort(DevicePort, Protocol):
    """A lift. On a lift with a riding shuttle the load sensors watch the car on the docked shuttle.

    Sides of the overhang barriers: left and right across the aisle, front towards growing columns, rear the other way.
    """

    @property
    def drive(self) -> Drive:
        """The hoist, in mm above height 0 of the configuration (``levels[].height_mm`` are its stops)."""

    @property
    def pins(self) -> Cylinder:
        """The lock pins, ``lock_s`` from end to end; they find their holes only within 15 mm of a level.

        Paths ``pins_extended``, ``pins_retracted``. Driving with pins not retracted jams the lift and is a violation.
        """

    def reset_governor(self) -> None:
        """Reset of overspeed governor and final limit switches; a technician's act, never by the network."""

    @property
    def station_sensor(self) -> bool:
        """The platform's reader sees the coded mark of a level, within the axis' ``tolerance_mm``."""

    @property
    def station_code(self) -> int:
        """Level number on the mark under the reader, -1 when there is none."""

    @property
    def load_weight_kg(self) -> int:
        """Load cells, without the platform and a docked shuttle."""

    @property
    def load_present(self) -> bool:
        """The load switch in the platform's middle is pressed."""

    @property
    def load_clear(self) -> bool:
        """The light barrier across the platform's middle is received."""

    @property
    def load_centred(self) -> bool:
        """The load stands within its marks, or there is none."""

    @property
    def overhang_front_clear(self) -> bool:
        """Light barrier at the edge towards growing columns."""

    @property
    def overhang_rear_clear(self) -> bool:
        """Light barrier at the edge towards falling columns."""

    @property
    def overhang_left_clear(self) -> bool:
        """Light barrier at the left edge; a car or forks across it interrupt it."""

    @property
    def overhang_right_clear(self) -> bool:
        """Light barrier at the right edge."""

    @property
    def overtravel_top_clear(self) -> bool:
        """Upper final limit switch is closed; it opens 80 mm above the top level and latches until reset locally.

        Opening cuts the hoist's power in hardware.
        """

    @property
    def overtravel_bottom_clear(self) -> bool:
        """Lower final limit switch, 80 mm below the bottom level; as the upper one."""

    @property
    def rope_taut(self) -> bool:
        """Rope or chain carries the load; slack cuts the hoist's power in hardware."""

    @property
    def speed_ok(self) -> bool:
        """The overspeed governor has not acted; latched, and cuts the hoist's power in hardware."""

    @property
    def shaft_doors_closed(self) -> bool:
        """The shaft's own maintenance doors are closed (cabins' inner doors are not among them)."""


class ShuttlePort(DevicePort, Protocol):
    """A shuttle with telescopic forks.

    Picking: forks lowered, extend under the car, raise, draw in, lower. Placing: raise, extend, lower, draw in. The
    car follows the forks only while they are raised beneath it. Sides as on the lift.
    """

    @property
    def drive(self) -> Drive:
        """Travel along the aisle (mm) or round the ring (mdeg); ``aisle.columns[].at`` are its stops."""

    @property
    def forks(self) -> Drive:
        """Extension of the forks in mm, left positive; 0 is centred, depth n is n times ``stroke_mm``.

        Nominal speed is ``empty_speed_mm_s``; give ``speed=loaded_speed_mm_s`` under load. Paths ``forks_...``.
        """

    @property
    def hoist(self) -> Cylinder:
        """Raises (extend) and lowers (retract) the forks in ``engage_s``. Paths ``forks_raised``, ``forks_lowered``."""

    @property
    def station_sensor(self) -> bool:
        """The reader sees the coded mark of a column, within the axis' ``tolerance_mm``."""

    @property
    def station_code(self) -> int:
        """Column number on the mark under the reader, -1 when there is none."""

    @property
    def forks_centred(self) -> bool:
        """The home switch of the forks, apart from their encoder; within 10 mm of the centre."""

    @property
    def load_weight_kg(self) -> int:
        """Load cells under deck and forks."""

    @property
    def load_present(self) -> bool:
        """The load switch in the deck's middle is pressed."""

    @property
    def load_clear(self) -> bool:
        """The light barrier across the deck's middle is received."""

    @property
    def load_centred(self) -> bool:
        """The load stands within its marks, or there is none."""

    @property
    def overhang_front_clear(self) -> bool:
        """Light barrier at the edge towards growing columns."""

    @property
    def overhang_rear_clear(self) -> bool:
        """Light barrier at the edge towards falling columns."""

    @property
    def overhang_left_clear(self) -> bool:
        """Light barrier at the left edge; a car or forks across it interrupt it (so it does during a transfer)."""

    @property
    def overhang_right_clear(self) -> bool:
        """Light barrier at the right edge."""

    @property
    def target_left_occupied(self) -> bool:
        """Switch in the position on the left, depth 1; False when there is none or the shuttle is not at a column.

        On a lift's platform: only while the platform stands at this level.
        """

    @property
    def target_left_clear(self) -> bool:
        """Beam into that position comes back; False when there is none, or a cabin's inner door is not open."""

    @property
    def target_right_occupied(self) -> bool:
        """As on the left."""

    @property
    def target_right_clear(self) -> bool:
        """As on the left."""

    @property
    def rear_left_occupied(self) -> bool:
        """Switch in the position behind (depth 2); False where there is none."""

    @property
    def rear_left_clear(self) -> bool:
        """Beam into the position behind, above the car in front; False where there is none."""

    @property
    def rear_right_occupied(self) -> bool:
        """As on the left."""

    @property
    def rear_right_clear(self) -> bool:
        """As on the left."""

    @property
    def zone_clear(self) -> bool:
        """The scanner along the way sees neither a person nor another shuttle close by."""

    @property
    def docked(self) -> bool:
        """A riding shuttle is on the platform, by the dock's own switch; always True on a captive one."""


class CabinPort(DevicePort, Protocol):
    """A cabin: two doors, plate (turntable), presence, measuring, light and sign."""

    @property
    def has_turntable(self) -> bool:
        """Whether the plate turns; without one ``turntable`` stands at 0 for ever and ``index`` is extended."""

    @property
    def outer(self) -> Door:
        """The door to the people. Paths ``outer_...``."""

    @property
    def inner(self) -> Door:
        """The door to the machine. Paths ``inner_...``."""

    @property
    def turntable(self) -> Drive:
        """The plate's drive, mdeg. Paths ``turntable_...``. Driving it with the index pin not retracted jams it."""

    @property
    def index(self) -> Cylinder:
        """The plate's index pin (0.8 s); it finds its hole only within 300 mdeg of 0 or 180000.

        Paths ``platform_locked``, ``platform_released``.
        """

    def show_light(self, light: TrafficLight) -> None:
        """Light the lamp at the outer door."""

    def show_sign(self, sign: Sign) -> None:
        """Light the sign."""

    @property
    def light_shown(self) -> TrafficLight:
        """The lamp that is lit, by its current. Path ``traffic_light_shown``."""

    @property
    def sign_shown(self) -> Sign:
        """The sign that is lit. Path ``sign_shown``."""

    @property
    def curtain_count(self) -> int:
        """Net count of the counting curtain in the outer doorway: a person on foot or a vehicle (its driver) is one.

        Below 0 it has lost count. An attendant resets it at the cabin.
        """

    @property
    def curtain_ok(self) -> bool:
        """The counting curtain works and has not lost count."""

    @property
    def scanner_clear(self) -> bool:
        """The area scanner sees no person on the floor; it cannot look into a car."""

    @property
    def exit_closed(self) -> bool:
        """The emergency exit is closed and locked from outside."""

    @property
    def confirm_pressed(self) -> bool:
        """The confirm button outside is down; people hold it 0.6 s."""

    @property
    def confirm_presses(self) -> int:
        """Hardware counter of the confirm button's presses since the plant's start: loses none at high ``--speed``."""

    @property
    def vehicle_present(self) -> bool:
        """The vehicle loop in the plate is occupied."""

    @property
    def vehicle_clear(self) -> bool:
        """The light barrier along the cabin is received: no vehicle stands there."""

    @property
    def vehicle_in_envelope(self) -> bool:
        """All light barriers of the size check are received, or there is no vehicle."""

    @property
    def vehicle_length_mm(self) -> int:
        """Measured length; this and the other measures are 0 unless a vehicle stands whole in the cabin."""

    @property
    def vehicle_width_mm(self) -> int:
        """Measured width with mirrors."""

    @property
    def vehicle_height_mm(self) -> int:
        """Measured height."""

    @property
    def vehicle_weight_kg(self) -> int:
        """Weight on the plate."""

    @property
    def ground_clearance_mm(self) -> int:
        """Measured ground clearance."""

    @property
    def overhang_mm(self) -> int:
        """Largest overhang beyond the wheels."""

    @property
    def wheel_offset_mm(self) -> int:
        """Distance of the wheels from the mark set for this vehicle; positive is too far in. 0 without a vehicle."""

    @property
    def wheels_in_place(self) -> bool:
        """A vehicle stands still with its wheels within 60 mm of their mark."""

    @property
    def platform_present(self) -> bool:
        """The plate lies in its seat, by a sensor on the building."""

    @property
    def platform_level(self) -> bool:
        """The plate is flush with the floor."""


class SafetyPort(Protocol):
    """The safety PLC's inputs and outputs. ``zone`` is 1 to 8; a zone that the garage does not have reads False.

    Torque is enabled when the plant is built, so that tests can do without a safety PLC; the program owns it from then
    on. Paths: ``zone1.estop_channel_a``, ``..._b``, ``zone1.estop_connected``, ``zone1.guards_closed``,
    ``zone1.lockout_clear``, ``zone1.reset_presses``, ``zone1.torque_enabled``, ``zone1.full_speed_enabled``,
    and ``site.fire_clear`` and so on.
    """

    @property
    def revision(self) -> int:
        """Changes whenever a sensor of this port may have changed."""

    def enable_torque(self, zone: int, *, on: bool) -> None:
        """Output: the zone's safe-torque-off relays. Off stops every drive of the zone in category 0 at once."""

    def enable_full_speed(self, zone: int, *, on: bool) -> None:
        """Output: safe limited speed of the zone; off caps every drive at a quarter of its nominal speed."""

    def estop_channel_a(self, zone: int) -> bool:
        """First channel of all emergency stop buttons: closed."""

    def estop_channel_b(self, zone: int) -> bool:
        """Second channel: closed. One channel apart from the other for long is a fault of the circuit."""

    def estop_connected(self, zone: int) -> bool:
        """The circuit's test pulses come back."""

    def guards_closed(self, zone: int) -> bool:
        """Every guard door is closed and locked."""

    def lockout_clear(self, zone: int) -> bool:
        """Nobody has locked the isolator."""

    def reset_presses(self, zone: int) -> int:
        """Hardware counter of presses of the zone's blue reset button; compare with the last scan for an edge."""

    def torque_enabled(self, zone: int) -> bool:
        """Feedback of the safe-torque-off relays."""

    def full_speed_enabled(self, zone: int) -> bool:
        """Feedback of safe limited speed: not active."""

    @property
    def fire_clear(self) -> bool:
        """The fire alarm system reports no fire."""

    @property
    def seismic_clear(self) -> bool:
        """No earthquake or wind alarm."""

    @property
    def mains_ok(self) -> bool:
        """The mains supply is present."""

    @property
    def generator_off(self) -> bool:
        """The emergency generator does not feed the machine."""


class PlantPorts(Protocol):
    """How a PLC emulation finds its terminals; ``Plant`` is one. ``KeyError`` for a name that the garage has not."""

    @property
    def lifts(self) -> Mapping[str, LiftPort]:
        """By device id."""

    @property
    def shuttles(self) -> Mapping[str, ShuttlePort]:
        """By device id."""

    @property
    def cabins(self) -> Mapping[str, CabinPort]:
        """By device id."""

    @property
    def safety(self) -> SafetyPort:
        """The one safety PLC."""
