"""How long each stop took, and how far: measured at every one, against what the axis was designed for (H18).

Owns the measurement from the moment a permit is dropped to the axis' standstill. Must never permit or stop anything:
the trip on an axis that does not stand in time is a declaration of its own (``safety.trips.motion``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from plc_drivers.reading import DeviceImage, ProcessImage
from safety.interlocks.proof import STILL_MDEG_S, STILL_MM_S
from safety.memory import StopRun
from safety.topology import Topology
from safety.verdict import Function, StopMeasured

MEASURED_MS_MAX = 60_000
"""A measurement that has not ended by then is given up; the trip on the same axis came long before."""


@dataclass(frozen=True, slots=True)
class _Axis:
    """Where an axis shows place and speed, below what it stands, and how it is designed to brake."""

    place: str
    speed: str
    still: int
    deceleration: int


class StopMonitor:
    """Measures the stops of every axis that shows its speed."""

    def __init__(self, topology: Topology) -> None:
        axes = {
            Function(lift.id, "travel"): _Axis("position_mm", "speed_mm_s", STILL_MM_S, lift.deceleration)
            for lift in topology.lifts
        }
        axes |= {
            Function(shuttle.id, "travel"): _Axis("position", "speed", STILL_MM_S, shuttle.deceleration)
            for shuttle in topology.shuttles
        }
        axes |= {
            Function(cabin.id, "rotate"): _Axis("angle_mdeg", "turn_speed_mdeg_s", STILL_MDEG_S, cabin.deceleration)
            for cabin in topology.cabins
            if cabin.turntable
        }
        self._axes = axes

    def update(
        self, image: ProcessImage, fading: Mapping[Function, int], runs: Mapping[Function, StopRun], now_ms: int
    ) -> tuple[Mapping[Function, StopRun], tuple[StopMeasured, ...]]:
        """The stops under way after this image, and those that ended with it.

        ``fading`` are the permits that were dropped and that the PLC may still act upon.
        """
        if not fading and not runs:
            return runs, ()
        after: dict[Function, StopRun] = {}
        measured: list[StopMeasured] = []
        for function, before in runs.items():
            run, stop = before, None
            if not before.ended:
                run, stop = self._look(function, before, image.devices.get(function.device), now_ms)
            if stop is not None:
                measured.append(stop)
            if not run.ended or function in fading:
                after[function] = run
        for function in fading:
            if function in self._axes and function not in after:
                after[function] = self._begin(function, image.devices.get(function.device), now_ms)
        return after, tuple(measured)

    def _begin(self, function: Function, device: DeviceImage | None, now_ms: int) -> StopRun:
        axis = self._axes[function]
        speed, place = _value(device, axis.speed), _value(device, axis.place)
        if speed is None or place is None:
            return StopRun(now_ms, 0, 0, ended=True)
        return StopRun(now_ms, abs(speed), place, ended=abs(speed) <= axis.still)

    def _look(
        self, function: Function, run: StopRun, device: DeviceImage | None, now_ms: int
    ) -> tuple[StopRun, StopMeasured | None]:
        axis = self._axes[function]
        speed, place = _value(device, axis.speed), _value(device, axis.place)
        if now_ms - run.since_ms > MEASURED_MS_MAX:
            return replace(run, ended=True), None
        if speed is None or place is None:
            return run, None
        run = replace(run, speed=max(run.speed, abs(speed)))  # it may have sped up until the news arrived
        if abs(speed) > axis.still:
            return run, None
        designed_ms = 1000 * run.speed // axis.deceleration
        distance = abs(place - run.place)
        designed = run.speed * designed_ms // 2000
        stop = StopMeasured(function, run.speed, now_ms - run.since_ms, distance, designed_ms, designed)
        return replace(run, ended=True), stop


def _value(device: DeviceImage | None, tag: str) -> int | None:
    value = None if device is None else device.value(tag)
    return None if value is None else int(value)
