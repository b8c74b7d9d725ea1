"""The one place through which every sensor value of the plant passes on its way to a PLC.

Owns the faults injected into sensors. A sensor's truth is computed where the bodies are; here it may be replaced.
Must never feed back into the mechanics: a broken sensor does not move a car.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import TypeVar

from sim_hardware.plant.timeline import Timeline

Signal = TypeVar("Signal", bool, int)
Choice = TypeVar("Choice", bound=IntEnum)
Distortion = Callable[[int], int]
"""From the true value to the value on the wire; booleans travel as 0 and 1."""


class UnknownSensorError(KeyError):
    """A fault names a sensor that the plant does not have."""


class SensorBank:
    """All sensors by path (``lift1.pins_extended``), with the faults injected into them."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._known: dict[str, type[int]] = {}
        self._faults: dict[str, Distortion] = {}

    @property
    def paths(self) -> tuple[str, ...]:
        """Every sensor that there is, sorted."""
        return tuple(sorted(self._known))

    @property
    def faulty(self) -> tuple[str, ...]:
        """Sensors with a fault at present, sorted."""
        return tuple(sorted(self._faults))

    def register(self, path: str, form: type[int] = bool) -> str:
        """Make a sensor known; returns its path. ``form`` is bool for a contact, int, or the enumeration it shows."""
        self._known[path] = form
        return path

    def form(self, path: str) -> type[int]:
        """What the sensor shows: bool, int, or a class of ``IntEnum``.

        Raises:
            UnknownSensorError: there is no such sensor.
        """
        if path not in self._known:
            raise UnknownSensorError(f"the plant has no sensor {path!r}")
        return self._known[path]

    def read(self, path: str, truth: Signal) -> Signal:
        """What the wire shows for a sensor whose truth is given."""
        if not self._faults:
            return truth
        fault = self._faults.get(path)
        return truth if fault is None else type(truth)(fault(truth))

    def read_choice(self, path: str, truth: Choice) -> Choice:
        """As ``read``, for a sensor that shows one of a set."""
        if not self._faults:
            return truth
        fault = self._faults.get(path)
        return truth if fault is None else type(truth)(fault(truth))

    def override(self, path: str, value: int) -> None:
        """Let a sensor stick at ``value``.

        Raises:
            UnknownSensorError: there is no such sensor.
        """
        self.distort(path, lambda _truth: value)

    def distort(self, path: str, distortion: Distortion) -> None:
        """Put a fault of any form on a sensor; it replaces one that is there.

        A distortion whose outcome changes with time must have the plant's timeline touched when it does, because
        programs may keep their input image while nothing has changed.

        Raises:
            UnknownSensorError: there is no such sensor.
        """
        if path not in self._known:
            raise UnknownSensorError(f"the plant has no sensor {path!r}")
        self._faults[path] = distortion
        self._timeline.touch()

    def restore(self, path: str) -> None:
        """Repair a sensor; one without a fault stays as it is."""
        self._faults.pop(path, None)
        self._timeline.touch()
