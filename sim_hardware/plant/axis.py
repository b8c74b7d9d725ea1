"""One driven axis: motor, ramp generator, encoder, brake. Implements ``ports.Drive``.

Owns the axis' true place and what its drive and encoder believe. Must never look at other machines: what blocks it
or cuts its power is told to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sim_hardware.plant.profile import (
    NEVER_MS,
    MotionFigures,
    Profile,
    plan_move,
    plan_steady,
    plan_stop,
)
from sim_hardware.plant.sensors import SensorBank
from sim_hardware.plant.timeline import Timeline

BRAKE_OPEN_MS = 150
"""Time from the drive's start until the brake is open and the axis begins to move."""
BRAKE_CLOSE_MS = 200
"""Time from standstill until the brake's switch says closed."""
HARSHNESS = 2.5
"""How much harder the brake alone stops an axis (category 0) than its ramp does."""
AT_STOP = 0.001
"""An axis this near to a mechanical stop has run into it; below any encoder's resolution, above rounding."""
LIMITED_SHARE = 0.25
"""Part of the nominal speed that safe limited speed leaves."""


@dataclass(frozen=True, slots=True)
class AxisSpec:
    """What an axis is: its figures, its reference marks, and where its mechanical stops are.

    ``watched`` are positions at whose crossing the machine must look at itself (limit switches, docks).
    """

    figures: MotionFigures
    marks: tuple[float, ...]
    low_stop: float
    high_stop: float
    watched: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class AxisNames:
    """How the sensors of an axis are called: device, prefix of most, names of position and speed."""

    device: str
    prefix: str = ""
    position: str = "position"
    speed: str = "speed"


class Axis:
    """A positioning drive on its axis.

    ``held`` says that a pin holds the axis: driving it then jams the drive and calls ``on_jam``.
    ``supplied`` says that the machine's own hard-wired chain (limit switches, governor) lets power through.
    ``on_crash`` is called when the axis runs into a mechanical stop.
    """

    def __init__(
        self,
        timeline: Timeline,
        bank: SensorBank,
        names: AxisNames,
        spec: AxisSpec,
        start: float,
    ) -> None:
        self.spec = spec
        self.held: Callable[[], bool] = _never
        self.supplied: Callable[[], bool] = _always
        self.on_jam: Callable[[], None] = _nothing
        self.on_crash: Callable[[], None] = _nothing
        self._timeline = timeline
        self._bank = bank
        stem = f"{names.device}.{names.prefix}"
        self._path = {
            name: bank.register(stem + name) for name in ("standstill", "brake_closed", "drive_ready", "encoder_valid")
        }
        self._path["position"] = bank.register(f"{names.device}.{names.position}", int)
        self._path["speed"] = bank.register(f"{names.device}.{names.speed}", int)
        self._rest = start
        self._rest_since_ms = -float("inf")
        self._profile: Profile | None = None
        self._goal: tuple[float, int | None] | None = None
        self._next_ms = NEVER_MS
        self._braking = 0.0
        self._homing = False
        self._torque = True
        self._full_speed = True
        self._tripped = False
        self._blocked = False
        self._slipping = 0.0
        self._brake_share = 1.0
        self._encoder_valid = True
        self._encoder_offset = 0.0

    # mechanics: the truth, for machines, bodies and the judge

    @property
    def at(self) -> float:
        """True position."""
        return self._rest if self._profile is None else self._profile.position_at(self._timeline.now_ms)

    @property
    def velocity(self) -> float:
        """True signed speed per s."""
        return 0.0 if self._profile is None else self._profile.speed_at(self._timeline.now_ms)

    @property
    def moving(self) -> bool:
        """The axis is really in motion (a brake that still opens is not)."""
        return self._profile is not None and abs(self.velocity) > 1e-6

    @property
    def braking(self) -> bool:
        """A stop is under way, controlled or by the brake."""
        return self._braking > 0

    @property
    def next_ms(self) -> float:
        """When the motion ends, or passes a watched position."""
        return self._next_ms

    def settle(self) -> None:
        """End the motion when its time has come; otherwise look for the next watched position."""
        profile = self._profile
        if profile is None or self._timeline.now_ms < self._next_ms:
            return
        at = profile.position_at(self._timeline.now_ms)
        if not self.spec.low_stop + AT_STOP < at < self.spec.high_stop - AT_STOP:
            self._rest_at(min(max(at, self.spec.low_stop), self.spec.high_stop))
            self._tripped = True
            self.on_crash()
        elif self._timeline.now_ms >= profile.end_ms:
            self._arrive(profile.end_position)
        else:
            self._look_ahead()

    def set_torque(self, *, on: bool) -> None:
        """Safe torque off; without torque the brake stops the axis in category 0."""
        self._torque = on
        if not on:
            self.cut_power()
        self._timeline.touch()

    def set_full_speed(self, *, on: bool) -> None:
        """Safe limited speed; a motion under way is slowed down."""
        self._full_speed = on
        if self._goal is not None and self._profile is not None:
            self._drive(*self._goal)

    def block(self) -> None:
        """Fault: something jams the axis; it stands at once and the drive trips."""
        self._blocked = True
        self._jam()

    def unblock(self) -> None:
        """Remove what jams the axis; the trip stays until it is reset."""
        self._blocked = False

    def trip(self) -> None:
        """Fault: the drive switches itself off."""
        self._tripped = True
        self.cut_power()
        self._timeline.touch()

    def wear_brake(self, share: float) -> None:
        """From now on a stop brakes with this share (above 0) of the designed deceleration; 1 is a sound brake."""
        self._brake_share = share

    def slip_brake(self, speed: float) -> None:
        """Fault: the closed brake lets the axis creep at ``speed`` towards its low stop; 0 repairs it."""
        self._slipping = speed
        if self._profile is None:
            self._slip()
        elif speed == 0 and self._goal is None:
            self._rest_at(self.at)

    def lose_encoder(self, offset: float) -> None:
        """Fault: the encoder's reference is gone and it shows ``offset`` too much until the axis is homed."""
        self._encoder_valid = False
        self._encoder_offset = offset
        self._timeline.touch()

    def teach_encoder(self) -> None:
        """A technician teaches the reference anew, at the drive itself."""
        self._encoder_valid = True
        self._encoder_offset = 0.0
        self._timeline.touch()

    # ports.Drive: what the PLC program may do and read

    def move_to(self, target: int, *, speed: int | None = None) -> None:
        """See ``ports.Drive``."""
        goal = (target - self._encoder_offset, speed)
        if goal == self._goal or not self._can_drive():
            return
        if self._profile is None and abs(goal[0] - self._rest) < 0.5:
            return
        self._homing = False
        self._drive(*goal)

    def home(self) -> None:
        """See ``ports.Drive``."""
        if self._homing or not self._can_drive():
            return
        mark = min(self.spec.marks, key=lambda place: abs(place - self.at))
        self._homing = True
        self._drive(mark, int(self.spec.figures.creep_speed))

    def stop(self) -> None:
        """See ``ports.Drive``."""
        self._brake(self.spec.figures.acceleration)

    def cut_power(self) -> None:
        """See ``ports.Drive``."""
        self._brake(self.spec.figures.acceleration * HARSHNESS)

    def reset(self) -> None:
        """See ``ports.Drive``."""
        if self._tripped and not self._blocked:
            self._tripped = False
            self._timeline.touch()

    @property
    def position(self) -> int:
        """See ``ports.Drive``."""
        return self._bank.read(self._path["position"], round(self.at + self._encoder_offset))

    @property
    def speed(self) -> int:
        """See ``ports.Drive``."""
        return self._bank.read(self._path["speed"], 0 if self._profile is None else _away_from_zero(self.velocity))

    @property
    def standstill(self) -> bool:
        """See ``ports.Drive``."""
        return self._bank.read(self._path["standstill"], self._profile is None)

    @property
    def brake_closed(self) -> bool:
        """See ``ports.Drive``."""
        closed = (self._profile is None and self._timeline.now_ms >= self._rest_since_ms + BRAKE_CLOSE_MS) or (
            self._slipping > 0 and self._goal is None
        )
        return self._bank.read(self._path["brake_closed"], closed)

    @property
    def ready(self) -> bool:
        """See ``ports.Drive``."""
        return self._bank.read(self._path["drive_ready"], self._can_drive())

    @property
    def encoder_valid(self) -> bool:
        """See ``ports.Drive``."""
        return self._bank.read(self._path["encoder_valid"], self._encoder_valid)

    @property
    def homing(self) -> bool:
        """See ``ports.Drive``."""
        return self._homing

    def _can_drive(self) -> bool:
        return self._torque and not self._tripped and self.supplied()

    def _drive(self, target: float, speed: int | None) -> None:
        if self._blocked or self.held():
            self._jam()
            self.on_jam()
            return
        figures = self.spec.figures
        top = figures.speed if self._full_speed else figures.speed * LIMITED_SHARE
        if speed is not None:
            top = min(top, float(speed))
        limited = MotionFigures(top, figures.acceleration, figures.creep_speed, figures.creep_distance)
        self._goal = (target, speed)
        self._braking = 0.0
        self._follow(plan_move(limited, self._timeline.now_ms, self.at, self.velocity, target, delay_ms=BRAKE_OPEN_MS))

    def _brake(self, deceleration: float) -> None:
        if self._profile is None or deceleration <= self._braking:
            return
        if self._goal is None and self._braking == 0:
            return  # a slipping brake is already closed
        self._braking = deceleration
        self._goal = None
        self._homing = False
        self._follow(plan_stop(self._timeline.now_ms, self.at, self.velocity, deceleration * self._brake_share))

    def _follow(self, profile: Profile) -> None:
        self._profile = profile
        self._look_ahead()
        self._timeline.begin(self)

    def _look_ahead(self) -> None:
        profile = self._profile
        if profile is None:
            return
        now_ms = self._timeline.now_ms
        places = (*self.spec.watched, self.spec.low_stop, self.spec.high_stop)
        self._next_ms = min(profile.end_ms, *(profile.next_crossing_ms(place, now_ms) for place in places))

    def _arrive(self, position: float) -> None:
        found_reference = self._homing
        self._rest_at(position)
        if found_reference:
            self._encoder_valid = True
            self._encoder_offset = 0.0
        self._slip()

    def _jam(self) -> None:
        self._rest_at(self.at)
        self._tripped = True

    def _rest_at(self, position: float) -> None:
        self._rest = position
        self._rest_since_ms = self._timeline.now_ms
        self._profile = None
        self._goal = None
        self._braking = 0.0
        self._homing = False
        self._next_ms = NEVER_MS
        self._timeline.end(self)
        self._timeline.after(BRAKE_CLOSE_MS, self._timeline.touch)

    def _slip(self) -> None:
        if self._slipping > 0 and self._rest > self.spec.low_stop:
            self._follow(plan_steady(self._timeline.now_ms, self._rest, self.spec.low_stop - 1, self._slipping))


def _away_from_zero(speed: float) -> int:
    """Rounded, but never 0 while it moves: 0 means standstill."""
    rounded = round(speed)
    if rounded or speed == 0:
        return rounded
    return 1 if speed > 0 else -1


def _never() -> bool:
    return False


def _always() -> bool:
    return True


def _nothing() -> None:
    return None
