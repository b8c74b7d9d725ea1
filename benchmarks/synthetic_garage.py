"""Garages of any size, for measurements of how cost grows: places apart from devices, devices apart from places.

Owns the shape: a shuttle on each level, lifts and cabins along the aisle, places everywhere else. Must never be taken
for a shipped garage.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from controller.config.load import load_config, save_config
from controller.config.models import GarageConfig
from controller.config.sections import devices

PITCH_MM = 2600
_PORT = 15_000


def synthetic(shuttles: int, lifts: int, cabins: int, columns: int) -> GarageConfig:
    """A checked configuration; its devices are the shuttles (one for each level), lifts, cabins and a safety PLC.

    Lifts stand on the right and cabins on the left side of the aisle, each at a column of its own.

    Raises:
        controller.config.finding.ConfigError: more lifts or cabins than columns, or something else that no garage is.
    """
    numbers = list(range(1, columns + 1))
    levels = list(range(shuttles))
    lift_columns = numbers[1::4][:lifts]
    cabin_columns = numbers[1::4][:cabins]
    # A turntable sweeps a circle wider than a column: its neighbours stay empty.
    left = [column for column in numbers if all(abs(column - cabin) > 1 for cabin in cabin_columns)]
    right = [column for column in numbers if column not in lift_columns]
    count = iter(range(1, 1000))
    document = {
        "garage": {
            "id": "synthetic",
            "name": "Synthetic garage",
            "layout": "shuttle-garage",
            "envelope": {
                "length_mm": 5300,
                "width_mm": 2300,
                "height_mm": 1900,
                "weight_kg": 2500,
                "ground_clearance_mm_min": 90,
            },
        },
        "controller": {"command_timeout_s": 600},
        "links": [{"id": "bench", "protocol": "modbus-tcp", "host": "127.0.0.1", "port": _PORT}],
        "levels": [{"number": n, "height_mm": 2600 * n, "clear_height_mm": 2300} for n in levels],
        "aisle": {"shape": "straight", "columns": [{"number": n, "at": (n - 1) * PITCH_MM} for n in numbers]},
        "places": [
            {"levels": [0], "columns": left, "sides": ["left"]},
            {"levels": levels, "columns": right, "sides": ["right"]},
            *([{"levels": levels[1:], "columns": numbers, "sides": ["left"]}] if shuttles > 1 else []),
        ],
        "lifts": [
            {
                "id": f"lift{n + 1}",
                "number": (number := next(count)),
                "unit": number,
                "link": "bench",
                "levels": levels,
                "column": column,
                "side": "right",
            }
            for n, column in enumerate(lift_columns)
        ],
        "shuttles": [
            {
                "id": f"shuttle{n}",
                "number": (number := next(count)),
                "unit": number,
                "link": "bench",
                "level": n,
                "columns": numbers,
            }
            for n in levels
        ],
        "cabins": [
            {
                "id": f"cabin{n + 1}",
                "number": (number := next(count)),
                "unit": number,
                "link": "bench",
                "level": 0,
                "column": column,
                "side": "left",
            }
            for n, column in enumerate(cabin_columns)
        ],
        "safety": {"id": "safety1", "number": (number := next(count)), "unit": number, "link": "bench", "zones": [1]},
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "garage.json"
        save_config(GarageConfig.model_validate(document), file)
        return load_config(file)


def count_of(config: GarageConfig) -> int:
    """How many PLCs the garage has."""
    return sum(1 for _ in devices(config))
