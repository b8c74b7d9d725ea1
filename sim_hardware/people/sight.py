"""What a person standing at a cabin can see, and nothing else.

Owns the border between people and machine: agents decide on what is here. Must never show a sensor, a PLC's tag or a
plan.
"""

from __future__ import annotations

from plc_drivers.contract.codes import Sign, TrafficLight
from sim_hardware.plant.body import PersonPlace, Scene, SeatKind, VehicleBody
from sim_hardware.plant.cabin import CabinMachine


class CabinSight:
    """The view from the outer door of one cabin."""

    def __init__(self, cabin: CabinMachine, scene: Scene) -> None:
        self._cabin = cabin
        self._scene = scene

    @property
    def door_open(self) -> bool:
        """The outer door is fully open."""
        return self._cabin.outer.opening >= 1.0

    @property
    def door_shut(self) -> bool:
        """The outer door is closed."""
        return self._cabin.outer.opening <= 0.0

    @property
    def green(self) -> bool:
        """The lamp shows green."""
        return self._cabin.light_lit is TrafficLight.GREEN

    @property
    def sign(self) -> Sign:
        """The lit sign."""
        return self._cabin.sign_lit

    @property
    def car_waiting(self) -> VehicleBody | None:
        """A parked car that one can drive out of the open door: nose to the exit, or a cabin that cannot turn it."""
        if not self.door_open:
            return None
        for body, _ in self._cabin.inside():
            parked = body.seat.kind is SeatKind.PLATE
            if parked and (self._cabin.faces_exit(body) or not self._cabin.has_turntable):
                return body
        return None

    @property
    def car_left(self) -> VehicleBody | None:
        """A parked car that somebody left in the open cabin, however it stands."""
        if not self.door_open:
            return None
        return next((body for body, _ in self._cabin.inside() if body.seat.kind is SeatKind.PLATE), None)

    @property
    def holds_car(self) -> bool:
        """Some car stands in the cabin, or across its door."""
        return bool(self._cabin.inside())

    @property
    def holds_people(self) -> bool:
        """Somebody is in the cabin on foot or in its doorway."""
        return bool(self._scene.people_at(self._cabin.id, (PersonPlace.INSIDE, PersonPlace.DOORWAY)))
