"""The garages of the dispatch benchmark, made from the shipped ones.

Owns their shapes. Must never be taken for shipped garages: nobody has checked whether a building could stand so.
"""

from __future__ import annotations

from pathlib import Path

from controller.config.load import load_config
from controller.config.models import GarageConfig, Level, PlaceBlock

_CONFIG = Path(__file__).parent.parent / "config"
_STOREY_MM = 2200
_STOREYS = 16


def tower() -> GarageConfig:
    """The shipped tower with 16 storeys above the ground: 160 places, 2 cabins, one lift with its shuttle."""
    config = load_config(_CONFIG / "tower-guangzhou.toml")
    numbers = tuple(range(1, _STOREYS + 1))
    levels = (
        config.levels[0],
        *(Level(number=n, height_mm=2600 + _STOREY_MM * (n - 1), clear_height_mm=2000) for n in numbers),
    )
    places = (PlaceBlock(levels=numbers, columns=(1, 2, 4, 5, 6), sides=("left", "right")),)
    lift = config.lifts[0].model_copy(update={"levels": (0, *numbers)})
    return config.model_copy(update={"levels": levels, "places": places, "lifts": (lift,), "vehicles": ()})


def shuttle() -> GarageConfig:
    """The shipped shuttle garage: 240 places on 6 levels, 2 lifts, 3 cabins."""
    return load_config(_CONFIG / "garage-shuttle.toml")


GARAGES = {"tower": tower, "shuttle": shuttle}
