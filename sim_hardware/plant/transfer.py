"""What happens to cars when a shuttle's forks rise and sink beneath them.

Owns the moment at which a car changes what it rests on. Must never ask what a PLC meant to do.
"""

from __future__ import annotations

from controller.garage import Position, PositionKind
from sim_hardware.plant.body import WRECK, VehicleBody
from sim_hardware.plant.device import Site
from sim_hardware.plant.piston import MIDWAY
from sim_hardware.plant.shuttle import ShuttleMachine
from sim_hardware.plant.space import STOP_TOLERANCE_MM, SWITCH_REACH_MM
from sim_hardware.plant.violation import ViolationKind

CARRY_REACH_MM = SWITCH_REACH_MM
"""Forks carry a car whose middle is this near to theirs; further off they would tip it."""
FOUL_MM = 300
"""Raised forks foul a car that they overlap by more than this without carrying it."""
SET_DOWN_MM = 150
"""A car set down further than this from a position's middle falls off its edge."""


class ForkGrip:
    """The forks of one shuttle and the cars that they take and leave."""

    def __init__(self, site: Site, shuttle: ShuttleMachine) -> None:
        self._site = site
        self._shuttle = shuttle
        self._raised = False

    def settle(self) -> None:
        """Take or leave cars when the hoist has passed its middle."""
        raised = self._shuttle.hoist.at >= MIDWAY - 1e-6
        if raised and not self._raised:
            self._take()
        elif self._raised and not raised:
            self._leave()
        self._raised = raised

    def _take(self) -> None:
        shuttle, extension = self._shuttle, self._shuttle.extension
        half = shuttle.edges.across_mm
        low, high = min(0.0, extension) - half, max(0.0, extension) + half
        for car, y, dx_mm, heading in self._above():
            end = car.spec.length_mm / 2
            if abs(y - extension) <= CARRY_REACH_MM:
                self._site.scene.put(car, shuttle.grip, dx_mm=dx_mm, dy_mm=y - extension, heading_mdeg=heading)
                car.drive = None
            elif min(high, y + end) - max(low, y - end) > FOUL_MM:
                text = f"{shuttle.id} raised its forks under {car.id} without carrying it: it tips"
                self._site.report(ViolationKind.CAR_DROPPED, text, shuttle.id, car.id)

    def _above(self) -> list[tuple[VehicleBody, float, float, float]]:
        """Cars that may be above the forks: the car, its y, its dx from the shuttle, its heading."""
        shuttle = self._shuttle
        found = [(car, car.dy_mm, car.dx_mm, car.heading_mdeg) for car in self._site.scene.on(shuttle.deck)]
        if not shuttle.forks_out:
            return found
        for depth in (1, 2):
            position = shuttle.across(shuttle.fork_side(), depth)
            if position is not None:
                off = self._off_column(position)
                found += [
                    (car, y, car.dx_mm - off, self._heading(position, car)) for car, y in shuttle.standing_in(position)
                ]
        return found

    def _leave(self) -> None:
        for car, y in self._shuttle.carried():
            if abs(self._shuttle.extension) <= STOP_TOLERANCE_MM:
                self._set_on_deck(car, y)
            else:
                self._set_down(car, y)

    def _set_on_deck(self, car: VehicleBody, y: float) -> None:
        shuttle = self._shuttle
        others = self._site.scene.on(shuttle.deck)
        if others:
            text = f"{car.id} was lowered onto {others[0].id} on the deck of {shuttle.id}"
            self._site.report(ViolationKind.DOUBLE_OCCUPANCY, text, car.id, others[0].id)
        self._site.scene.put(car, shuttle.deck, dx_mm=car.dx_mm, dy_mm=y, heading_mdeg=car.heading_mdeg)

    def _set_down(self, car: VehicleBody, y: float) -> None:
        shuttle = self._shuttle
        for depth in (1, 2):
            position = shuttle.across(shuttle.fork_side(), depth)
            if position is not None and self._bears(position, y):
                self._rest_in(position, car, y)
                return
        text = f"{shuttle.id} lowered {car.id} where nothing bears it"
        self._site.report(ViolationKind.CAR_DROPPED, text, shuttle.id, car.id)
        self._site.scene.put(car, WRECK, dx_mm=shuttle.way, dy_mm=y, heading_mdeg=car.heading_mdeg)

    def _bears(self, position: Position, y: float) -> bool:
        if abs(y - self._site.space.position_y[position.id]) > SET_DOWN_MM:
            return False
        if position.kind is PositionKind.CABIN:
            cabin = self._shuttle.cabins[position.owner]
            return cabin.plate_there and cabin.plate_aligned
        return True

    def _rest_in(self, position: Position, car: VehicleBody, y: float) -> None:
        for other, other_y in self._shuttle.standing_in(position):
            if abs(other_y - y) < (other.spec.length_mm + car.spec.length_mm) / 2:
                text = f"{car.id} was lowered onto {other.id} in {position.id}"
                self._site.report(ViolationKind.DOUBLE_OCCUPANCY, text, car.id, other.id)
        dx_mm = car.dx_mm + self._off_column(position)
        if position.kind is PositionKind.CABIN:
            self._shuttle.cabins[position.owner].set_on_plate(car, dx_mm, y, car.heading_mdeg)
            return
        seat = self._site.space.seat(position)
        dy_mm = y - self._site.space.position_y[position.id]
        self._site.scene.put(car, seat, dx_mm=dx_mm, dy_mm=dy_mm, heading_mdeg=car.heading_mdeg)

    def _off_column(self, position: Position) -> float:
        """How far the shuttle stands beyond the position's column; only in mm, not round a ring."""
        if self._site.space.ring or position.column is None:
            return 0.0
        return self._shuttle.way - self._site.space.column_way[position.column]

    def _heading(self, position: Position, car: VehicleBody) -> float:
        if position.kind is PositionKind.CABIN:
            return self._shuttle.cabins[position.owner].y_and_heading(car)[2]
        return car.heading_mdeg
