"""A tower with a ring: the shuttle slews on its lift and never leaves it."""

from __future__ import annotations

import pytest

from controller.garage import Layout
from sim_hardware.plant.plant import Plant
from tests.sim_hardware.plant.garages import car, lift_to, pick, place, tower, travel

SHUTTLE = "shuttle1"


@pytest.fixture
def ring() -> Plant:
    flat = tower(car("a", "l1-c2-right")).config
    axis = {
        "speed_mm_s": 20_000,
        "acceleration_mm_s2": 10_000,
        "creep_speed_mm_s": 1000,
        "creep_distance_mm": 500,
        "tolerance_mm": 100,
    }
    data = flat.model_dump()
    data["aisle"] = {"shape": "ring", "columns": [{"number": n, "at": 60_000 * n} for n in range(3)]}
    data["shuttles"][0]["axis"] = axis
    return Plant(Layout(type(flat).model_validate(data)))


def test_the_shuttle_turns_with_the_lift_and_serves_every_column(ring: Plant) -> None:
    lift_to(ring, 2500)
    travel(ring, SHUTTLE, 120_000)
    shuttle = ring.shuttles[SHUTTLE]
    assert (shuttle.station_code, shuttle.docked) == (2, False)
    assert (shuttle.target_right_occupied, shuttle.target_right_clear) == (True, False)
    pick(ring, SHUTTLE, -5600)
    travel(ring, SHUTTLE, 0)
    lift_to(ring, 5000)
    place(ring, SHUTTLE, 5600)
    assert ring.vehicles_at("l2-c0-left") == ("a",)
    assert ring.verdict().clean


def test_between_columns_nothing_is_seen_and_forks_hit_the_structure(ring: Plant) -> None:
    lift_to(ring, 2500)
    travel(ring, SHUTTLE, 90_000)
    shuttle = ring.shuttles[SHUTTLE]
    assert (shuttle.station_code, shuttle.target_right_clear) == (-1, False)
    shuttle.forks.move_to(-5600)
    ring.advance(8000)
    assert ring.verdict().counts == {"collision": 1}
