"""How long people take in a cabin: expected figures, and draws for simulations.

Owns the four times of a visit. Must never be taken for a promise: people take as long as they take (H02).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from controller.config.models import GarageConfig

DRIVE_OUT_S = 7.4
"""Reaction, wheels rolling and the car past both vehicle sensors; as the emulated customers do it."""
DRIVE_OFF_S = 7.1
"""From the car's leaving the cabin until its driver is back on foot."""
DRIVE_IN_S = 22.0
"""From green until the wheels stand, the car is measured and its driver is told to leave it; doorway included."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One customer's times in s. A retrieval uses the first two, a store the others."""

    leave_s: float
    """From green until the car has gone and nobody is seen."""
    confirm_out_s: float
    """From then until the button outside is pressed."""
    bring_s: float
    """From green until the car stands and nobody is seen."""
    confirm_in_s: float
    """From then until the button outside is pressed."""


def visit(walk_s: float, dwell_s: float) -> Visit:
    """The visit of somebody who needs ``walk_s`` for each way on foot and ``dwell_s`` in the car or cabin."""
    return Visit(
        leave_s=DRIVE_OUT_S + walk_s + dwell_s,
        confirm_out_s=DRIVE_OFF_S + walk_s,
        bring_s=DRIVE_IN_S + walk_s + dwell_s,
        confirm_in_s=walk_s,
    )


def expected_visit(config: GarageConfig) -> Visit:
    """The mean visit by the garage's figures on people."""
    figures = config.emulation
    return visit(sum(figures.person_walk_s) / 2, sum(figures.person_dwell_s) / 2)


def drawn_visit(config: GarageConfig, uniform: Callable[[float, float], float]) -> Visit:
    """One visit; ``uniform`` draws evenly between two bounds, from a seeded stream of the caller's."""
    figures = config.emulation
    return visit(uniform(*figures.person_walk_s), uniform(*figures.person_dwell_s))
