"""A power door with bolt, light curtain and pressure edge. Implements ``ports.Door``.

Owns the leaf's place and the door drive's own reversal. Must never know whether it is right to open.
"""

from __future__ import annotations

from collections.abc import Callable

from sim_hardware.plant.piston import Piston
from sim_hardware.plant.profile import NEVER_MS, Profile, plan_steady
from sim_hardware.plant.sensors import SensorBank
from sim_hardware.plant.timeline import Timeline

BOLT_S = 0.4
OPEN_ENOUGH = 0.98
"""From here on a car or forks pass without touching the leaf."""
CONTACT_BELOW = 0.5
"""A leaf open less than this touches a body in the doorway."""


class PowerDoor:
    """``opening`` runs from 0 (closed) to 1 (open).

    ``doorway`` says whether a body stands in the doorway; ``on_crush`` is called when the leaf closes on a body and
    neither curtain nor edge tells the drive so.
    """

    def __init__(
        self, timeline: Timeline, bank: SensorBank, device: str, name: str, *, open_s: float, close_s: float
    ) -> None:
        self.doorway: Callable[[], bool] = _nobody
        self.on_crush: Callable[[], None] = _nothing
        self._timeline = timeline
        self._bank = bank
        self._open_rate = 1 / open_s
        self._close_rate = 1 / close_s
        stem = f"{device}.{name}_"
        names = ("open", "closed", "curtain_clear", "edge_clear", "standstill", "drive_ready")
        self._path = {sensor: bank.register(stem + sensor) for sensor in names}
        self._path["reversals"] = bank.register(f"{stem}reversals", int)
        self.bolt = Piston(timeline, bank, BOLT_S, f"{stem}locked", f"{stem}unlocked", extended=True)
        self.bolt.free = self._bolt_finds_hole
        self._rest = 0.0
        self._profile: Profile | None = None
        self._target: float | None = None
        self._reversals = 0
        self._going_back = False
        self._torque = True
        self._blocked = False

    @property
    def opening(self) -> float:
        """True opening from 0 to 1."""
        return self._rest if self._profile is None else self._profile.position_at(self._timeline.now_ms)

    @property
    def moving(self) -> bool:
        """The leaf is on its way."""
        return self._profile is not None

    @property
    def next_ms(self) -> float:
        """When the leaf reaches its end, or the width at which it touches a body."""
        if self._profile is None:
            return NEVER_MS
        return min(self._profile.end_ms, self._profile.next_crossing_ms(CONTACT_BELOW - 0.001, self._timeline.now_ms))

    def settle(self) -> None:
        """Reverse on an obstruction; end the motion when its time has come."""
        profile = self._profile
        if profile is None:
            return
        if self._target == 0.0 and not (self.curtain_clear and self.edge_clear):
            self._reversals += 1
            self._run_to(1.0, self._open_rate)
            self._going_back = True
        elif self._target == 0.0 and self._touches():
            self._rest_at(self.opening)
            self.on_crush()
        elif self._timeline.now_ms >= profile.end_ms:
            self._rest_at(profile.end_position)

    def set_torque(self, *, on: bool) -> None:
        """Without torque the leaf stays where it is, and so does the bolt."""
        self._torque = on
        self.bolt.set_torque(on=on)
        if not on:
            self.stop()
        self._timeline.touch()

    def block(self) -> None:
        """Fault: the leaf jams; it stands until ``unblock``."""
        self._blocked = True
        self.stop()
        self._timeline.touch()

    def unblock(self) -> None:
        """Remove what jams the leaf."""
        self._blocked = False
        self._timeline.touch()

    def open(self) -> None:
        """See ``ports.Door``."""
        if self._target != 1.0 and self._can_drive() and self.opening < 1.0 and self.bolt.at <= 0.0:
            self._run_to(1.0, self._open_rate)

    def close(self) -> None:
        """See ``ports.Door``."""
        if self._target != 0.0 and not self._going_back and self._can_drive() and self.opening > 0.0:
            self._run_to(0.0, self._close_rate)

    def stop(self) -> None:
        """See ``ports.Door``."""
        if self._profile is not None:
            self._rest_at(self.opening)

    @property
    def is_open(self) -> bool:
        """See ``ports.Door``."""
        return self._bank.read(self._path["open"], self._profile is None and self._rest >= 1.0)

    @property
    def is_closed(self) -> bool:
        """See ``ports.Door``."""
        return self._bank.read(self._path["closed"], self.opening <= 0.0)

    @property
    def curtain_clear(self) -> bool:
        """See ``ports.Door``."""
        return self._bank.read(self._path["curtain_clear"], not self.doorway())

    @property
    def edge_clear(self) -> bool:
        """See ``ports.Door``."""
        return self._bank.read(self._path["edge_clear"], not self._touches())

    @property
    def standstill(self) -> bool:
        """See ``ports.Door``."""
        return self._bank.read(self._path["standstill"], self._profile is None)

    @property
    def reversals(self) -> int:
        """See ``ports.Door``."""
        return self._bank.read(self._path["reversals"], self._reversals)

    @property
    def ready(self) -> bool:
        """See ``ports.Door``."""
        return self._bank.read(self._path["drive_ready"], self._can_drive())

    def _can_drive(self) -> bool:
        return self._torque and not self._blocked

    def _touches(self) -> bool:
        return self.opening < CONTACT_BELOW and self._target == 0.0 and self.doorway()

    def _bolt_finds_hole(self) -> bool:
        return self._profile is None and self._rest <= 0.0

    def _run_to(self, target: float, rate: float) -> None:
        self._profile = plan_steady(self._timeline.now_ms, self.opening, target, rate)
        self._target = target
        self._timeline.begin(self)

    def _rest_at(self, opening: float) -> None:
        self._rest = opening
        self._profile = None
        self._target = None
        self._going_back = False
        self._timeline.end(self)


def _nobody() -> bool:
    return False


def _nothing() -> None:
    return None
