"""The parts that ports are made of: drives, cylinders, doors, the zone's wires, and what every device has.

Owns shapes only; ``ports.py`` says by which conventions they work. Must never hold a command, a permit or a state.
"""

from __future__ import annotations

from typing import Protocol

from plc_drivers.contract.codes import Mode


class Drive(Protocol):
    """A positioning drive with its own ramp generator, encoder and brake.

    It accelerates, travels, slows to creep speed before the target, levels in and closes the brake by itself, with the
    figures of the configuration. Paths: ``standstill``, ``brake_closed``, ``drive_ready`` and ``encoder_valid``, with
    the prefix ``forks_`` or ``turntable_`` for those axes; position and speed are ``position_mm``, ``speed_mm_s`` on
    the lift, ``position``, ``speed`` (shuttle), ``forks_position``, ``forks_speed``, ``angle_mdeg`` and
    ``turn_speed_mdeg_s``.
    """

    def move_to(self, target: int, *, speed: int | None = None) -> None:
        """Travel to ``target`` (encoder units); ``speed`` caps the nominal speed (loaded forks, manual mode)."""

    def home(self) -> None:
        """Find the nearest coded reference mark at creep speed and stop on it; afterwards ``encoder_valid``.

        Lift: nearest level. Shuttle: nearest column. Forks: the centre. Turntable: the nearer of 0 and 180000.
        ``homing`` is True until it has ended; a stop ends it without result.
        """

    def stop(self) -> None:
        """Controlled stop (categories 1 and 2): ramp down, then the brake closes."""

    def cut_power(self) -> None:
        """Category 0: torque off at once, the brake stops the axis; shorter and harsher than ``stop``."""

    def reset(self) -> None:
        """Reset a tripped drive. Has no effect while the cause is still there."""

    @property
    def position(self) -> int:
        """Encoder reading in mm or mdeg; worthless unless ``encoder_valid``."""

    @property
    def speed(self) -> int:
        """Signed speed from the encoder in mm/s or mdeg/s; 0 only at standstill."""

    @property
    def standstill(self) -> bool:
        """The drive proves that the axis stands."""

    @property
    def brake_closed(self) -> bool:
        """The brake's own switch; closes about 0.2 s after standstill, opens before motion begins."""

    @property
    def ready(self) -> bool:
        """No trip and torque present. Path ``drive_ready``."""

    @property
    def encoder_valid(self) -> bool:
        """The encoder has its reference. Absolute encoders keep it over a PLC restart; a fault can take it."""

    @property
    def homing(self) -> bool:
        """``home()`` is under way."""


class Cylinder(Protocol):
    """An actuator with two ends and a switch at each: lock pins, index pin, door bolt, fork hoist.

    It takes its time from one end to the other and stays where it is when stopped, blocked or without torque.
    Pins and bolts that find no hole stop on the way: neither switch is then pressed.
    """

    def extend(self) -> None:
        """Move to the extended end (pin in the building, bolt locked, forks raised)."""

    def retract(self) -> None:
        """Move to the retracted end (pin free, bolt unlocked, forks lowered)."""

    def stop(self) -> None:
        """Stay where it is."""

    @property
    def extended(self) -> bool:
        """The switch at the extended end is pressed."""

    @property
    def retracted(self) -> bool:
        """The switch at the retracted end is pressed."""


class Door(Protocol):
    """A power door with bolt, light curtain and pressure edge.

    The door's own drive goes back to open when curtain or edge see something while it closes, and stays open until
    ``close`` is called anew. ``open`` has no effect while the bolt is not retracted; ``close`` does not bolt.
    Paths with the prefix ``outer_`` or ``inner_``: ``open``, ``closed``, ``locked``, ``unlocked``, ``curtain_clear``,
    ``edge_clear``, ``standstill``, ``reversals``, ``drive_ready``.
    """

    @property
    def bolt(self) -> Cylinder:
        """The door's lock: extended is locked. It goes in only while the door is closed. Takes 0.4 s."""

    def open(self) -> None:
        """Open; from any point. Needs the bolt retracted."""

    def close(self) -> None:
        """Close; goes back by itself on an obstruction."""

    def stop(self) -> None:
        """Stop where it is."""

    @property
    def is_open(self) -> bool:
        """Switch: fully open. Path ``outer_open`` / ``inner_open``."""

    @property
    def is_closed(self) -> bool:
        """Switch: closed. Path ``outer_closed`` / ``inner_closed``."""

    @property
    def curtain_clear(self) -> bool:
        """The light curtain in the doorway sees nothing."""

    @property
    def edge_clear(self) -> bool:
        """The pressure edge touches nothing."""

    @property
    def standstill(self) -> bool:
        """The door's drive stands."""

    @property
    def reversals(self) -> int:
        """Counts the times the door went back by itself, since the plant's start."""

    @property
    def ready(self) -> bool:
        """The door's drive has torque and has not tripped. Path ``outer_drive_ready`` / ``inner_drive_ready``."""


class ZoneWires(Protocol):
    """The hard-wired signals of the device's safety zone that reach the device's PLC.

    Torque is cut by the safety PLC's output. Without it every drive, pin and inner door of the zone brakes in
    category 0 whatever its PLC says; the outer door, its bolt, lights and signs stay under power: people must get out.
    Paths: ``zone1.estop_released``, ``zone1.guards_closed``, ``zone1.lockout_clear``, ``zone1.torque_enabled``.
    """

    @property
    def estop_released(self) -> bool:
        """Both channels of every emergency stop button of the zone are closed."""

    @property
    def guards_closed(self) -> bool:
        """Every guard door of the zone is closed and locked."""

    @property
    def lockout_clear(self) -> bool:
        """Nobody has hung a lock on the zone's isolator."""

    @property
    def torque_enabled(self) -> bool:
        """Feedback of the safe-torque-off relays: the drives have torque."""


class DevicePort(Protocol):
    """What every commanded device has."""

    @property
    def id(self) -> str:
        """Name of the device in the configuration."""

    @property
    def revision(self) -> int:
        """Changes whenever a sensor of this port may have changed."""

    @property
    def mode(self) -> Mode:
        """The hardware key switch. Path ``mode``."""

    @property
    def zone(self) -> ZoneWires:
        """Hard-wired signals of the device's safety zone."""
