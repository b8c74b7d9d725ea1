"""A person whose every act is scripted, for tests and campaigns.

Owns nothing but its body. Must never act by itself.
"""

from __future__ import annotations

from sim_hardware.people.visit import DOORWAY_MS
from sim_hardware.plant.body import PersonBody, PersonPlace
from sim_hardware.plant.cabin import CabinMachine
from sim_hardware.plant.plant import Plant


class Actor:
    """Somebody at a cabin who does what the script says, doors and lights notwithstanding.

    Raises:
        KeyError: the garage has no such cabin.
    """

    def __init__(self, plant: Plant, cabin: str, name: str) -> None:
        self._plant = plant
        self._cabin: CabinMachine = plant.cabin(cabin)
        self.body = PersonBody(name, cabin, PersonPlace.OUTSIDE)
        plant.add_person(self.body)

    def walk_in(self) -> None:
        """Through the doorway into the cabin, which takes 0.8 s of plant time."""
        self._cross(PersonPlace.INSIDE)

    def walk_out(self) -> None:
        """Through the doorway to the outside."""
        self._cross(PersonPlace.OUTSIDE)

    def stand_in_doorway(self) -> None:
        """Stop in the doorway."""
        self._cabin.move_person(self.body, PersonPlace.DOORWAY)

    def appear_inside(self) -> None:
        """Be in the cabin without having passed the curtain: a child from the back seat, someone from the exit."""
        self.body.side = PersonPlace.INSIDE
        self._cabin.move_person(self.body, PersonPlace.INSIDE)

    def get_into(self, vehicle: str) -> None:
        """Get into a car."""
        self._cabin.board(self.body, vehicle)

    def get_out(self) -> None:
        """Get out of the car, inside the cabin."""
        self._cabin.move_person(self.body, PersonPlace.INSIDE)

    def press_confirm(self) -> None:
        """Press the button outside."""
        self._cabin.press_confirm()

    def open_exit(self) -> None:
        """Open the emergency exit."""
        self._cabin.open_exit()

    def leave(self) -> None:
        """Go home, from wherever they are."""
        self._plant.remove_person(self.body)

    def _cross(self, to: PersonPlace) -> None:
        self._cabin.move_person(self.body, PersonPlace.DOORWAY)
        self._plant.after(DOORWAY_MS, lambda: self._cabin.move_person(self.body, to))
