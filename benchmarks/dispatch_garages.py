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
_DEEP_COLUMNS = 12


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


def double() -> GarageConfig:
    """The shuttle garage two deep: 240 places, 6 levels, 2 lifts and 3 cabins along an aisle of about half the length.

    The side of the ground on which the cabins are holds no places.
    """
    config = shuttle()
    columns = tuple(column for column in config.aisle.columns if column.number <= _DEEP_COLUMNS)
    every = tuple(column.number for column in columns)
    lifts = tuple(lift.model_copy(update={"column": at}) for lift, at in zip(config.lifts, (4, 8), strict=True))
    cabins = tuple(cabin.model_copy(update={"column": at}) for cabin, at in zip(config.cabins, (2, 6, 10), strict=True))
    right = tuple(number for number in every if number not in (4, 8))
    above = tuple(level.number for level in config.levels if level.number)
    places = (
        PlaceBlock(levels=(0,), columns=right, sides=("right",), depths=(1, 2), height_mm=2100),
        PlaceBlock(levels=above, columns=every, sides=("left",), depths=(1, 2)),
        PlaceBlock(levels=above, columns=right, sides=("right",), depths=(1, 2)),
    )
    shuttles = tuple(one.model_copy(update={"columns": every}) for one in config.shuttles)
    aisle = config.aisle.model_copy(update={"columns": columns})
    update = {"aisle": aisle, "places": places, "lifts": lifts, "cabins": cabins, "shuttles": shuttles, "vehicles": ()}
    return config.model_copy(update=update)


GARAGES = {"tower": tower, "shuttle": shuttle, "double": double}
