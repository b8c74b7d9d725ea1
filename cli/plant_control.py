"""The control port of the emulated plant: its verdict, and cars that drive up.

Owns the connection. Must never be used by anything that drives the machine: only the demonstration asks here.
"""

from __future__ import annotations


class PlantControl:
    """One emulated plant by the port on loopback at which it is controlled."""

    def __init__(self, port: int) -> None:
        self._port = port

    def answers(self) -> bool:
        """True once the plant is up."""
        return False

    def bring(self, car: dict[str, object]) -> None:
        """Let a car drive up."""

    def violations(self) -> dict[str, int]:
        """Violations by kind."""
        return {}
