"""A safety zone's hard-wired circuit: buttons, guards, isolators, torque relays; and the safety PLC's terminals.

Owns contacts and relays. Must never reset or release anything by itself; people do, and the safety PLC's program.
"""

from __future__ import annotations

from typing import Protocol

from sim_hardware.plant.sensors import SensorBank
from sim_hardware.plant.timeline import Timeline

_ZONE_SENSORS = (
    "estop_channel_a",
    "estop_channel_b",
    "estop_released",
    "estop_connected",
    "guards_closed",
    "lockout_clear",
    "torque_enabled",
    "full_speed_enabled",
)
_SITE_SENSORS = ("fire_clear", "seismic_clear", "mains_ok", "generator_off")


class Powered(Protocol):
    """Something whose torque the zone's relays cut."""

    def set_torque(self, *, on: bool) -> None:
        """Torque is there, or gone."""


class SpeedLimited(Protocol):
    """A drive that knows safe limited speed."""

    def set_full_speed(self, *, on: bool) -> None:
        """Full speed is allowed, or not."""


class ZoneCircuit:
    """One zone. What people do to it: press and release buttons, open guards, hang locks, press reset."""

    def __init__(self, timeline: Timeline, bank: SensorBank, number: int) -> None:
        self.number = number
        self.channel_a = True
        self.channel_b = True
        self.connected = True
        self.resets = 0
        self._timeline = timeline
        self._bank = bank
        self._open_guards: set[str] = set()
        self._locks: set[str] = set()
        self._torque = True
        self._full_speed = True
        self._powered: list[Powered] = []
        self._limited: list[SpeedLimited] = []
        self._path = {name: bank.register(f"zone{number}.{name}") for name in _ZONE_SENSORS}
        self._path["reset_presses"] = bank.register(f"zone{number}.reset_presses", int)

    def supply(self, *members: Powered) -> None:
        """Put machines behind the zone's torque relays."""
        self._powered.extend(members)

    def limit(self, *members: SpeedLimited) -> None:
        """Put drives under the zone's safe limited speed."""
        self._limited.extend(members)

    def press_estop(self) -> None:
        """A person presses an emergency stop; it latches."""
        self.channel_a = self.channel_b = False
        self._timeline.touch()

    def release_estop(self) -> None:
        """A person turns the button out again."""
        self.channel_a = self.channel_b = True
        self._timeline.touch()

    def connect(self, *, on: bool) -> None:
        """The emergency stop's cable is plugged in, or out."""
        self.connected = on
        self._timeline.touch()

    def open_guard(self, name: str = "guard") -> None:
        """A person opens a guard door."""
        self._open_guards.add(name)
        self._timeline.touch()

    def close_guard(self, name: str = "guard") -> None:
        """A person closes and locks it."""
        self._open_guards.discard(name)
        self._timeline.touch()

    def hang_lock(self, person: str) -> None:
        """A person locks the zone's isolator."""
        self._locks.add(person)
        self._timeline.touch()

    def take_lock(self, person: str) -> None:
        """The same person takes the lock away."""
        self._locks.discard(person)
        self._timeline.touch()

    def press_reset(self) -> None:
        """A person presses the blue button at the machine."""
        self.resets += 1
        self._timeline.touch()

    def set_torque(self, *, on: bool) -> None:
        """The safety PLC's output."""
        if on != self._torque:
            self._torque = on
            for member in self._powered:
                member.set_torque(on=on)
            self._timeline.touch()

    def set_full_speed(self, *, on: bool) -> None:
        """The safety PLC's output."""
        if on != self._full_speed:
            self._full_speed = on
            for member in self._limited:
                member.set_full_speed(on=on)
            self._timeline.touch()

    @property
    def estop_channel_a(self) -> bool:
        """First channel is closed."""
        return self._read("estop_channel_a", truth=self.channel_a)

    @property
    def estop_channel_b(self) -> bool:
        """Second channel is closed."""
        return self._read("estop_channel_b", truth=self.channel_b)

    @property
    def estop_released(self) -> bool:
        """See ``ports.ZoneWires``."""
        return self._read("estop_released", truth=self.channel_a and self.channel_b)

    @property
    def estop_connected(self) -> bool:
        """Test pulses come back."""
        return self._read("estop_connected", truth=self.connected)

    @property
    def guards_closed(self) -> bool:
        """See ``ports.ZoneWires``."""
        return self._read("guards_closed", truth=not self._open_guards)

    @property
    def lockout_clear(self) -> bool:
        """See ``ports.ZoneWires``."""
        return self._read("lockout_clear", truth=not self._locks)

    @property
    def reset_presses(self) -> int:
        """Counter of the reset button."""
        return self._bank.read(self._path["reset_presses"], self.resets)

    @property
    def torque_enabled(self) -> bool:
        """See ``ports.ZoneWires``."""
        return self._read("torque_enabled", truth=self._torque)

    @property
    def full_speed_enabled(self) -> bool:
        """Safe limited speed is not active."""
        return self._read("full_speed_enabled", truth=self._full_speed)

    def _read(self, name: str, *, truth: bool) -> bool:
        return self._bank.read(self._path[name], truth)


class SafetyTerminals:
    """Terminals of the safety PLC, and the site's alarms. Implements ``ports.SafetyPort``.

    ``fire``, ``earthquake``, ``mains`` and ``generator`` are what is really the case; set them, then ``touch``.
    """

    def __init__(self, timeline: Timeline, bank: SensorBank, zones: dict[int, ZoneCircuit]) -> None:
        self.fire = False
        self.earthquake = False
        self.mains = True
        self.generator = False
        self.zones = zones
        self._timeline = timeline
        self._bank = bank
        self._path = {name: bank.register(f"site.{name}") for name in _SITE_SENSORS}

    def touch(self) -> None:
        """Tell the plant that an alarm or the supply has changed."""
        self._timeline.touch()

    @property
    def revision(self) -> int:
        """See ``ports.SafetyPort``."""
        return self._timeline.revision

    def enable_torque(self, zone: int, *, on: bool) -> None:
        """See ``ports.SafetyPort``."""
        if zone in self.zones:
            self.zones[zone].set_torque(on=on)

    def enable_full_speed(self, zone: int, *, on: bool) -> None:
        """See ``ports.SafetyPort``."""
        if zone in self.zones:
            self.zones[zone].set_full_speed(on=on)

    def estop_channel_a(self, zone: int) -> bool:
        """See ``ports.SafetyPort``."""
        return zone in self.zones and self.zones[zone].estop_channel_a

    def estop_channel_b(self, zone: int) -> bool:
        """See ``ports.SafetyPort``."""
        return zone in self.zones and self.zones[zone].estop_channel_b

    def estop_connected(self, zone: int) -> bool:
        """See ``ports.SafetyPort``."""
        return zone in self.zones and self.zones[zone].estop_connected

    def guards_closed(self, zone: int) -> bool:
        """See ``ports.SafetyPort``."""
        return zone in self.zones and self.zones[zone].guards_closed

    def lockout_clear(self, zone: int) -> bool:
        """See ``ports.SafetyPort``."""
        return zone in self.zones and self.zones[zone].lockout_clear

    def reset_presses(self, zone: int) -> int:
        """See ``ports.SafetyPort``."""
        return self.zones[zone].reset_presses if zone in self.zones else 0

    def torque_enabled(self, zone: int) -> bool:
        """See ``ports.SafetyPort``."""
        return zone in self.zones and self.zones[zone].torque_enabled

    def full_speed_enabled(self, zone: int) -> bool:
        """See ``ports.SafetyPort``."""
        return zone in self.zones and self.zones[zone].full_speed_enabled

    @property
    def fire_clear(self) -> bool:
        """See ``ports.SafetyPort``."""
        return self._bank.read(self._path["fire_clear"], not self.fire)

    @property
    def seismic_clear(self) -> bool:
        """See ``ports.SafetyPort``."""
        return self._bank.read(self._path["seismic_clear"], not self.earthquake)

    @property
    def mains_ok(self) -> bool:
        """See ``ports.SafetyPort``."""
        return self._bank.read(self._path["mains_ok"], self.mains)

    @property
    def generator_off(self) -> bool:
        """See ``ports.SafetyPort``."""
        return self._bank.read(self._path["generator_off"], not self.generator)
