"""Fixtures of the plant's tests."""

from __future__ import annotations

import pytest

from sim_hardware.plant.plant import Plant
from tests.sim_hardware.plant.garages import car, lift_to, tower


@pytest.fixture
def plant() -> Plant:
    """The small tower with a car at level 1, column 1 (left, depth 1) and one behind it."""
    return Plant(tower(car("front", "l1-c1-left"), car("rear", "l1-c1-left-2"), car("right", "l1-c1-right")))


@pytest.fixture
def at_level_1(plant: Plant) -> Plant:
    """The same, with the lift pinned at level 1."""
    lift_to(plant, 2500)
    return plant
