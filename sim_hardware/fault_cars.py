"""Cars that do what no command tells them: they roll away, or somebody moves them by hand.

Owns how these faults come about. What is told here really happens to the body; must never touch a sensor.
"""

from __future__ import annotations

from controller.garage import Position, PositionKind
from sim_hardware.fault import Effect, Fault, FaultRefusedError
from sim_hardware.fault_kinds import wrong_target
from sim_hardware.plant.body import AWAY, HEADING, VehicleBody
from sim_hardware.plant.cabin_rules import SWEEP_ROOM_MM
from sim_hardware.plant.plant import Plant

OUT = "out"
"""In place of a position: the car is taken out of the garage."""


class CarFaults:
    """Faults of the cars in one plant."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant

    @property
    def positions(self) -> tuple[str, ...]:
        """Everything that can hold a car."""
        return tuple(self._plant.layout.positions)

    def rolls(self, fault: Fault) -> Effect:
        """A car whose brake is not set rolls along its own length, until the stops at the ends hold it.

        Raises:
            FaultRefusedError: there is no such position, or no car in it now that could roll.
        """
        position = self._position(fault, fault.target)
        car = self._car(position)
        by_mm = fault.value or 0
        room_mm = self._half_mm(position) - car.spec.length_mm / 2
        to_mm = min(room_mm, max(-room_mm, car.dy_mm + by_mm))
        if room_mm <= 0 or to_mm == car.dy_mm:
            text = f"{car.id} stands against the stops of {position.id}."
            raise FaultRefusedError("NOT_NOW", text, "Let it roll to the other side, or name another position.")
        before_mm = car.dy_mm

        def roll() -> None:
            self._plant.scene.put(car, car.seat, dx_mm=car.dx_mm, dy_mm=to_mm, heading_mdeg=car.heading_mdeg)

        return Effect(roll, None, lambda: int(to_mm != before_mm))

    def moved(self, fault: Fault) -> Effect:
        """Somebody brings a car from one position to another, or out of the garage, and tells nobody.

        Raises:
            FaultRefusedError: there is no such position, no car in the first, or no room in the second.
        """
        position = self._position(fault, fault.target)
        car = self._car(position)
        goal = None if fault.peer == OUT else self._position(fault, fault.peer or "")
        if goal is not None and (self._plant.vehicles_at(goal.id) or goal.owner):
            text = f"{goal.id} has no room for a car that is moved by hand."
            raise FaultRefusedError("NOT_NOW", text, f"Name an empty place, or {OUT}.")
        moved: list[str] = []

        def move() -> None:
            seat = AWAY if goal is None else self._plant.site.space.seat(goal)
            heading = HEADING[goal.side] if goal is not None and goal.side is not None else car.heading_mdeg
            self._plant.scene.put(car, seat, dx_mm=0.0, dy_mm=0.0, heading_mdeg=heading)
            moved.append(car.id)

        return Effect(move, None, lambda: len(moved))

    def _position(self, fault: Fault, name: str) -> Position:
        found = self._plant.layout.positions.get(name)
        if found is None:
            raise wrong_target(fault, self.positions)
        return found

    def _car(self, position: Position) -> VehicleBody:
        """The car that rests in the position; one on raised forks is held by them."""
        found = self._plant.scene.on(self._plant.site.space.seat(position))
        if not found or self._is_reached_into(position):
            text = f"No car rests in {position.id}, or forks are at it."
            raise FaultRefusedError("NOT_NOW", text, "Inject it while a car stands there by itself.")
        return found[0]

    def _is_reached_into(self, position: Position) -> bool:
        """Forks are out towards the position: what lies on them is held, and nobody gets at it."""
        shuttles = self._plant.layout.reached_by(position.id)
        seat = self._plant.site.space.seat(position)
        return any(self._plant.shuttle(name).into(seat) for name in shuttles)

    def _half_mm(self, position: Position) -> float:
        """From the position's middle to the stop at its end."""
        match position.kind:
            case PositionKind.DECK:
                return self._plant.shuttle(position.owner).edges.across_mm
            case PositionKind.CABIN:
                return self._plant.cabin(position.owner).spec.envelope.length_mm / 2 + SWEEP_ROOM_MM
            case _:
                return self._plant.site.space.half_deck_mm(self._plant.site.space.stroke_to(position.id))
