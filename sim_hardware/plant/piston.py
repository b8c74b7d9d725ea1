"""An actuator with two ends: pins, bolts, fork hoists. Implements ``ports.Cylinder``.

Owns where it is between its ends. Must never decide whether a pin may go in; it only meets a hole or does not.
"""

from __future__ import annotations

from collections.abc import Callable

from sim_hardware.plant.profile import NEVER_MS, Profile, plan_steady
from sim_hardware.plant.sensors import SensorBank
from sim_hardware.plant.timeline import Timeline

NO_HOLE = 0.6
"""How far a pin gets that meets the building instead of its hole."""
MIDWAY = 0.5
"""From here on raised forks carry, and a pin holds."""


class Piston:
    """``at`` runs from 0 (retracted) to 1 (extended) in ``stroke_s``.

    ``free`` says whether the extended end can be reached at the moment the stroke begins.
    """

    def __init__(
        self,
        timeline: Timeline,
        bank: SensorBank,
        stroke_s: float,
        extended_path: str,
        retracted_path: str,
        *,
        extended: bool = False,
    ) -> None:
        self.free: Callable[[], bool] = _always
        self._timeline = timeline
        self._bank = bank
        self._rate = 1 / max(stroke_s, 0.001)
        self._extended_path = bank.register(extended_path)
        self._retracted_path = bank.register(retracted_path)
        self._rest = 1.0 if extended else 0.0
        self._goal: float | None = None
        self._profile: Profile | None = None
        self._next_ms = NEVER_MS
        self._torque = True

    @property
    def at(self) -> float:
        """True position from 0 to 1."""
        return self._rest if self._profile is None else self._profile.position_at(self._timeline.now_ms)

    @property
    def moving(self) -> bool:
        """On its way."""
        return self._profile is not None

    @property
    def next_ms(self) -> float:
        """When it passes its middle or reaches its end."""
        return self._next_ms

    def settle(self) -> None:
        """End the stroke when its time has come."""
        profile = self._profile
        if profile is None or self._timeline.now_ms < self._next_ms:
            return
        if self._timeline.now_ms >= profile.end_ms:
            self._rest_at(profile.end_position)
        else:
            self._look_ahead(profile)

    def set_torque(self, *, on: bool) -> None:
        """Without torque it stays where it is."""
        self._torque = on
        if not on:
            self.stop()

    def jump_to(self, at: float) -> None:
        """Place it at once, for building a scene."""
        self._rest_at(at)

    def extend(self) -> None:
        """See ``ports.Cylinder``."""
        if self._goal == 1.0 or not self._torque:
            return
        reach = 1.0 if self.free() else NO_HOLE
        if self.at < reach:
            self._run_to(reach, 1.0)

    def retract(self) -> None:
        """See ``ports.Cylinder``."""
        if self._goal != 0.0 and self._torque and self.at > 0:
            self._run_to(0.0, 0.0)

    def stop(self) -> None:
        """See ``ports.Cylinder``."""
        if self._profile is not None:
            self._rest_at(self.at)

    @property
    def extended(self) -> bool:
        """See ``ports.Cylinder``."""
        return self._bank.read(self._extended_path, self._profile is None and self._rest >= 1.0)

    @property
    def retracted(self) -> bool:
        """See ``ports.Cylinder``."""
        return self._bank.read(self._retracted_path, self._profile is None and self._rest <= 0.0)

    def _run_to(self, place: float, goal: float) -> None:
        profile = plan_steady(self._timeline.now_ms, self.at, place, self._rate)
        self._profile = profile
        self._goal = goal
        self._look_ahead(profile)
        self._timeline.begin(self)

    def _look_ahead(self, profile: Profile) -> None:
        self._next_ms = min(profile.end_ms, profile.next_crossing_ms(MIDWAY, self._timeline.now_ms))

    def _rest_at(self, at: float) -> None:
        self._rest = at
        self._profile = None
        self._goal = None
        self._next_ms = NEVER_MS
        self._timeline.end(self)


def _always() -> bool:
    return True
