"""Two small garages for the plant's tests, and hands to move their machines with."""

from __future__ import annotations

from collections.abc import Callable

from controller.config.models import GarageConfig, VehicleEntry
from controller.garage import Layout
from sim_hardware.plant.plant import Plant

STEP_MS = 10


def car(vehicle: str, place: str) -> VehicleEntry:
    return VehicleEntry(
        id=vehicle, model="Test", place=place, length_mm=4600, width_mm=1900, height_mm=1500, weight_kg=1600
    )


def tower(*vehicles: VehicleEntry, seed: int = 1, turntable: bool = True) -> Layout:
    """Three levels, a lift at column 1, a shuttle that rides on it, columns 0 to 2, double-deep on the left."""
    return Layout(
        GarageConfig.model_validate(
            {
                "garage": {"id": "small", "name": "Small", "layout": "vending-tower"},
                "links": [{"id": "mem", "protocol": "memory"}],
                "levels": [{"number": n, "height_mm": 2500 * n} for n in range(3)],
                "aisle": {"columns": [{"number": n, "at": 2600 * n} for n in range(3)]},
                "places": [
                    {"levels": [1, 2], "columns": [0, 1, 2], "sides": ["left"], "depths": [1, 2]},
                    {"levels": [1, 2], "columns": [0, 1, 2], "sides": ["right"]},
                ],
                "lifts": [{"id": "lift1", "number": 1, "link": "mem", "levels": [0, 1, 2], "column": 1}],
                "shuttles": [{"id": "shuttle1", "number": 2, "link": "mem", "rides_on": "lift1", "columns": [0, 1, 2]}],
                "cabins": [
                    {
                        "id": "cabin1",
                        "number": 3,
                        "link": "mem",
                        "column": 1,
                        "side": "left",
                        "turntable": turntable,
                    }
                ],
                "safety": {"id": "safety1", "number": 9, "link": "mem"},
                "vehicles": list(vehicles),
                "emulation": {"seed": seed},
            }
        )
    )


def shuttle_garage(*vehicles: VehicleEntry) -> Layout:
    """Two levels with a captive shuttle each (two on level 0), and a lift beside the aisle at column 3."""
    return Layout(
        GarageConfig.model_validate(
            {
                "garage": {"id": "wide", "name": "Wide", "layout": "shuttle-garage"},
                "links": [{"id": "mem", "protocol": "memory"}],
                "levels": [{"number": n, "height_mm": 2500 * n} for n in range(2)],
                "aisle": {"columns": [{"number": n, "at": 2600 * n} for n in range(4)]},
                "places": [{"levels": [0, 1], "columns": [0, 1, 2], "sides": ["left"]}],
                "lifts": [{"id": "lift1", "number": 1, "link": "mem", "levels": [0, 1], "column": 3, "side": "right"}],
                "shuttles": [
                    {"id": "s0", "number": 2, "link": "mem", "level": 0, "columns": [0, 1, 2, 3]},
                    {"id": "s0b", "number": 3, "link": "mem", "level": 0, "columns": [2, 3]},
                    {"id": "s1", "number": 4, "link": "mem", "level": 1, "columns": [0, 1, 2, 3]},
                ],
                "cabins": [{"id": "cabin1", "number": 5, "link": "mem", "column": 0, "side": "right"}],
                "safety": {"id": "safety1", "number": 9, "link": "mem"},
                "vehicles": list(vehicles),
            }
        )
    )


def run_until(plant: Plant, condition: Callable[[], bool], *, limit_s: float = 120) -> int:
    """Advance until ``condition``; the plant time that it took, in ms."""
    start_ms = plant.now_ms
    while not condition():
        if plant.now_ms - start_ms > limit_s * 1000:
            raise AssertionError(f"not reached within {limit_s} s of plant time: {plant.snapshot()}")
        plant.advance(STEP_MS)
    return plant.now_ms - start_ms


def kinds(plant: Plant) -> set[str]:
    return set(plant.verdict().counts)


def lift_to(plant: Plant, z_mm: int, lift: str = "lift1") -> None:
    """Free the lift, drive it and pin it again, as a careful hand would."""
    port = plant.lifts[lift]
    port.pins.retract()
    run_until(plant, lambda: port.pins.retracted)
    port.drive.move_to(z_mm)
    run_until(plant, lambda: port.drive.standstill)
    port.pins.extend()
    run_until(plant, lambda: port.pins.extended)


def travel(plant: Plant, shuttle: str, way: int) -> None:
    port = plant.shuttles[shuttle]
    port.drive.move_to(way)
    run_until(plant, lambda: port.drive.standstill)


def forks_to(plant: Plant, shuttle: str, extension_mm: int) -> None:
    port = plant.shuttles[shuttle]
    port.forks.move_to(extension_mm)
    run_until(plant, lambda: port.forks.standstill)


def raise_forks(plant: Plant, shuttle: str) -> None:
    port = plant.shuttles[shuttle]
    port.hoist.extend()
    run_until(plant, lambda: port.hoist.extended)


def lower_forks(plant: Plant, shuttle: str) -> None:
    port = plant.shuttles[shuttle]
    port.hoist.retract()
    run_until(plant, lambda: port.hoist.retracted)


def pick(plant: Plant, shuttle: str, extension_mm: int) -> None:
    forks_to(plant, shuttle, extension_mm)
    raise_forks(plant, shuttle)
    forks_to(plant, shuttle, 0)
    lower_forks(plant, shuttle)


def place(plant: Plant, shuttle: str, extension_mm: int) -> None:
    raise_forks(plant, shuttle)
    forks_to(plant, shuttle, extension_mm)
    lower_forks(plant, shuttle)
    forks_to(plant, shuttle, 0)


def inner_door(plant: Plant, cabin: str, *, to_open: bool) -> None:
    door = plant.cabins[cabin].inner
    if to_open:
        door.bolt.retract()
        run_until(plant, lambda: door.bolt.retracted)
        door.open()
        run_until(plant, lambda: door.is_open)
    else:
        door.close()
        run_until(plant, lambda: door.is_closed)
        door.bolt.extend()
        run_until(plant, lambda: door.bolt.extended)


def outer_door(plant: Plant, cabin: str, *, to_open: bool) -> None:
    door = plant.cabins[cabin].outer
    if to_open:
        door.bolt.retract()
        run_until(plant, lambda: door.bolt.retracted)
        door.open()
        run_until(plant, lambda: door.is_open)
    else:
        door.close()
        run_until(plant, lambda: door.is_closed)
        door.bolt.extend()
        run_until(plant, lambda: door.bolt.extended)


def turn(plant: Plant, cabin: str, angle_mdeg: int) -> None:
    port = plant.cabins[cabin]
    port.index.retract()
    run_until(plant, lambda: port.index.retracted)
    port.turntable.move_to(angle_mdeg)
    run_until(plant, lambda: port.turntable.standstill)
    port.index.extend()
    run_until(plant, lambda: port.index.extended)


def reads(signal: bool) -> bool:
    """A sensor as it reads now; keeps the type checker from taking one reading for all later ones."""
    return signal
