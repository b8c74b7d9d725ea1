"""The attendant at a cabin: looks into it when it asks for a confirmation, and confirms only what he sees.

Owns one person's habit. He knows the sign, what can be seen through the window, and the button; never a PLC.
"""

from __future__ import annotations

from plc_drivers.contract.codes import Sign
from sim_hardware.plant.body import PersonPlace
from sim_hardware.plant.plant import Plant

LOOK_MS = 3000
"""How long he looks before he presses, in plant time."""

PAUSE_MS = 20_000
"""He does not press again and again: a sign that stays is somebody else's problem for so long."""


class Attendant:
    """Presses the confirm button of ``cabin`` once it has asked for it, empty and closed, for some seconds."""

    def __init__(self, plant: Plant, cabin: str) -> None:
        self._plant = plant
        self._cabin = cabin
        self._since_ms: int | None = None
        self._pressed_at_ms: int | None = None

    def look(self) -> None:
        """Look once."""
        now_ms = self._plant.now_ms
        if not self._asked():
            self._since_ms = None
            return
        if self._since_ms is None:
            self._since_ms = now_ms
        rested = self._pressed_at_ms is None or now_ms - self._pressed_at_ms >= PAUSE_MS
        if rested and now_ms - self._since_ms >= LOOK_MS:
            self._pressed_at_ms = now_ms
            self._plant.cabin(self._cabin).press_confirm()

    def due_ms(self) -> int | None:
        """When he would press, if the cabin goes on asking; None while it does not ask."""
        if self._since_ms is None:
            return self._plant.now_ms if self._asked() else None
        pressed_ms = self._pressed_at_ms
        return max(self._since_ms + LOOK_MS, self._since_ms if pressed_ms is None else pressed_ms + PAUSE_MS)

    def _asked(self) -> bool:
        machine = self._plant.cabin(self._cabin)
        return machine.sign_lit is Sign.CONFIRM_EMPTY and machine.outer.is_closed and self._empty()

    def _empty(self) -> bool:
        """Nobody on the floor, in the doorway, or in a car that stands inside."""
        inside = {PersonPlace.INSIDE, PersonPlace.DOORWAY, PersonPlace.IN_CAR}
        people = self._plant.scene.people.values()
        return not any(person.cabin == self._cabin and person.place in inside for person in people)
