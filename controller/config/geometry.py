"""Does the garage fit into itself: storeys, columns, places, cabins, platforms and the cars that stand in it?

Owns the checks on distances and sizes, and on who shares a spot. Called only with references that are sound. Must
never ask what can be reached; ``reach.py`` does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from controller.config.finding import Finding, listed, shown, suggestion
from controller.config.models import Envelope, GarageConfig, PlaceBlock, Side, VehicleEntry
from controller.config.reach import check_reach
from controller.garage.layout import Layout, Position, PositionKind, place_id
from controller.garage.side import Side as LayoutSide

_FULL_TURN_MDEG = 360_000


@dataclass(frozen=True, slots=True)
class Spot:
    """One position at one level, with where it comes from in the file.

    ``along_mm`` is what it takes along the aisle: for a cabin with a turntable the circle that a car sweeps.
    """

    key: str
    name: str
    kind: PositionKind
    level: int
    column: int
    side: Side
    depth: int
    along_mm: int
    length_mm: int


def check_geometry(config: GarageConfig) -> list[Finding]:
    """Findings about sizes, distances, overlaps, reach and the cars at their places."""
    every = list(_spots(config))
    shape = [*_storeys(config), *_columns(config), *_clear_heights(config), *_strokes(config, every)]
    overlaps = [*_same_spot(every), *_behind(every), *_too_close(config, every)]
    layout = Layout(config)
    return [*shape, *overlaps, *check_reach(config, layout), *_envelopes(config, layout), *_vehicles(config, layout)]


def _spots(config: GarageConfig) -> Iterator[Spot]:
    for i, block in enumerate(config.places):
        yield from _block_spots(f"places[{i}]", block)
    for i, cabin in enumerate(config.cabins):
        limits = cabin.envelope or config.garage.envelope
        along = math.ceil(math.hypot(limits.length_mm, limits.width_mm)) if cabin.turntable else limits.width_mm
        kind = PositionKind.CABIN
        yield Spot(f"cabins[{i}]", cabin.id, kind, cabin.level, cabin.column, cabin.side, 1, along, limits.length_mm)
    envelope = config.garage.envelope
    for i, lift in enumerate(config.lifts):
        if lift.side is None:
            continue
        for level in lift.levels:
            kind, name = PositionKind.PLATFORM, f"the platform of {lift.id}"
            yield Spot(
                f"lifts[{i}]", name, kind, level, lift.column, lift.side, 1, envelope.width_mm, envelope.length_mm
            )


def _block_spots(key: str, block: PlaceBlock) -> Iterator[Spot]:
    kind = PositionKind.BUFFER if block.kind == "buffer" else PositionKind.PLACE
    for level in block.levels:
        for column in block.columns:
            for side in block.sides:
                for depth in block.depths:
                    name = place_id(level, column, LayoutSide(side), depth)
                    yield Spot(key, name, kind, level, column, side, depth, block.width_mm, block.length_mm)


def _storeys(config: GarageConfig) -> Iterator[Finding]:
    indexed = sorted(enumerate(config.levels), key=lambda item: item[1].number)
    for (_, lower), (i, upper) in pairwise(indexed):
        free = upper.height_mm - lower.height_mm
        if lower.clear_height_mm > free:
            text = (
                f"Level {upper.number} lies {free} mm above level {lower.number}, which is to have a clear height of "
                f"{lower.clear_height_mm} mm."
            )
            remedy = f"Give at least {lower.height_mm + lower.clear_height_mm}, or a smaller clear height below."
            yield Finding("LEVELS_OVERLAP", f"levels[{i}].height_mm", shown(upper.height_mm), text, remedy)


def _columns(config: GarageConfig) -> Iterator[Finding]:
    indexed = sorted(enumerate(config.aisle.columns), key=lambda item: item[1].number)
    for (_, before), (i, after) in pairwise(indexed):
        if after.at <= before.at:
            text = f"Columns are numbered along the aisle, and column {before.number} is at {before.at} already."
            yield Finding(
                "COLUMN_ORDER", f"aisle.columns[{i}].at", shown(after.at), text, f"Give more than {before.at}."
            )
    if config.aisle.shape == "ring":
        for i, column in indexed:
            if column.at >= _FULL_TURN_MDEG:
                text = "On a ring the position is an angle in millidegrees."
                yield Finding("COLUMN_ORDER", f"aisle.columns[{i}].at", shown(column.at), text, "Give 0 to 359999.")


def _clear_heights(config: GarageConfig) -> Iterator[Finding]:
    clear = {level.number: level.clear_height_mm for level in config.levels}
    for i, block in enumerate(config.places):
        low = [level for level in block.levels if clear[level] < block.height_mm]
        if low:
            text = f"Level(s) {listed(low)} have a clear height of {min(clear[level] for level in low)} mm only."
            remedy = "Give a smaller height, a higher storey, or a block of its own for these levels."
            yield Finding("PLACE_TOO_HIGH", f"places[{i}].height_mm", shown(block.height_mm), text, remedy)
    for i, cabin in enumerate(config.cabins):
        height = (cabin.envelope or config.garage.envelope).height_mm
        if height > clear[cabin.level]:
            text = (
                f"{cabin.id} would take cars of {height} mm, and level {cabin.level} is {clear[cabin.level]} mm high."
            )
            yield Finding("CABIN_TOO_LOW", f"cabins[{i}]", "", text, "Give it an envelope that is lower.")


def _strokes(config: GarageConfig, every: list[Spot]) -> Iterator[Finding]:
    """A car at rest in a position must not reach into the aisle, where another travels by."""
    for i, shuttle in enumerate(config.shuttles):
        for spot in every:
            if spot.column not in shuttle.columns or (shuttle.level is not None and spot.level != shuttle.level):
                continue
            swept = max(spot.length_mm, spot.along_mm if spot.kind is PositionKind.CABIN else 0)
            least = math.ceil((swept + config.garage.envelope.length_mm) / 2)
            if shuttle.transfer.stroke_mm < least:
                text = f"A car in {spot.name} would reach into the way of a car on {shuttle.id}."
                value = shown(shuttle.transfer.stroke_mm)
                yield Finding(
                    "STROKE_SHORT", f"shuttles[{i}].transfer.stroke_mm", value, text, f"Give at least {least}."
                )
                break


def _same_spot(every: list[Spot]) -> Iterator[Finding]:
    taken: dict[tuple[int, int, Side, int], Spot] = {}
    reported: set[tuple[str, str]] = set()
    for spot in every:
        where = (spot.level, spot.column, spot.side, spot.depth)
        other = taken.setdefault(where, spot)
        if other is spot or (other.key, spot.key) in reported:
            continue
        reported.add((other.key, spot.key))
        text = f"{_named(spot)} lies where {_named(other)} ({other.key}) is: {_place_words(spot)}."
        yield Finding("OVERLAP", spot.key, "", text, "Move one of them or take the column out of the block.")


def _behind(every: list[Spot]) -> Iterator[Finding]:
    front = {(spot.level, spot.column, spot.side): spot for spot in every if spot.depth == 1}
    reported: set[tuple[str, str]] = set()
    for spot in every:
        if spot.depth == 1:
            continue
        before = front.get((spot.level, spot.column, spot.side))
        if before is not None and before.kind in {PositionKind.PLACE, PositionKind.BUFFER}:
            continue
        blocker = "nothing" if before is None else before.name
        if (spot.key, blocker) not in reported:
            reported.add((spot.key, blocker))
            text = f"{spot.name} lies behind {blocker}; a place of depth 2 lies behind a place of depth 1."
            yield Finding("NOTHING_BEFORE", f"{spot.key}.depths", "", text, "Add the place before it, or take it out.")


def _too_close(config: GarageConfig, every: list[Spot]) -> Iterator[Finding]:
    """Neighbours along a straight aisle; round a ring the distance depends on a radius that is not configured."""
    if config.aisle.shape == "ring":
        return
    at = {column.number: column.at for column in config.aisle.columns}
    rows: dict[tuple[int, Side], dict[int, Spot]] = {}
    for spot in every:
        row = rows.setdefault((spot.level, spot.side), {})
        if spot.column not in row or spot.along_mm > row[spot.column].along_mm:
            row[spot.column] = spot
    reported: set[tuple[str, str]] = set()
    for row in rows.values():
        spots = sorted(row.values(), key=lambda spot: at[spot.column])
        for i, spot in enumerate(spots):
            for other in spots[i + 1 :]:
                needed = math.ceil((spot.along_mm + other.along_mm) / 2)
                distance = at[other.column] - at[spot.column]
                if distance < needed and (spot.key, other.key) not in reported:
                    reported.add((spot.key, other.key))
                    yield _close(spot, other, distance, needed)


def _close(spot: Spot, other: Spot, distance_mm: int, needed_mm: int) -> Finding:
    pair = f"{_named(spot)} ({spot.key}) and {_named(other)} ({other.key})"
    text = f"{pair} are {distance_mm} mm apart and need {needed_mm} mm along the aisle."
    if PositionKind.CABIN in {spot.kind, other.kind}:
        text += " A cabin that turns cars takes the circle that the car sweeps."
    subject = other if other.kind is PositionKind.CABIN else spot
    return Finding("TOO_CLOSE", subject.key, "", text, "Leave out the column, move it, or make it narrower.")


def _named(spot: Spot) -> str:
    words = {PositionKind.PLACE: "Place ", PositionKind.BUFFER: "Buffer ", PositionKind.CABIN: "Cabin "}
    return words.get(spot.kind, "") + spot.name


def _place_words(spot: Spot) -> str:
    return f"level {spot.level}, column {spot.column}, {spot.side}, depth {spot.depth}"


def _envelopes(config: GarageConfig, layout: Layout) -> Iterator[Finding]:
    storage = layout.storage()
    yield from _envelope("garage.envelope", config.garage.envelope, storage)
    for i, cabin in enumerate(config.cabins):
        if cabin.envelope is not None:
            yield from _envelope(f"cabins[{i}].envelope", cabin.envelope, storage)


def _envelope(key: str, envelope: Envelope, storage: tuple[Position, ...]) -> Iterator[Finding]:
    """A car that is let in must fit somewhere: in each dimension, and in all of them at one place."""
    wanted = _dimensions(envelope)
    if any(all(_dimensions(place.limits)[name] >= size for name, size in wanted.items()) for place in storage):
        return
    largest = {name: max((_dimensions(p.limits)[name] for p in storage), default=0) for name in wanted}
    over = [name for name, size in wanted.items() if size > largest[name]]
    if not over:
        text = "Each dimension fits some place, but no place takes them all together."
        yield Finding("ENVELOPE_TOO_LARGE", key, "", text, "Give an envelope that fits into one place.")
    for name in over:
        text = "A car of this size would be let in and fit no place."
        yield Finding(
            "ENVELOPE_TOO_LARGE", f"{key}.{name}", shown(wanted[name]), text, f"Give at most {largest[name]}."
        )


def _dimensions(size: Envelope | VehicleEntry) -> dict[str, int]:
    names = ("length_mm", "width_mm", "height_mm", "weight_kg")
    return {name: int(getattr(size, name)) for name in names}


def _vehicles(config: GarageConfig, layout: Layout) -> Iterator[Finding]:
    storage = {place.id: place for place in layout.storage()}
    taken: dict[str, str] = {}
    for i, car in enumerate(config.vehicles):
        key = f"vehicles[{i}]"
        place = storage.get(car.place)
        if place is None:
            remedy = suggestion(car.place, storage)
            yield Finding("UNKNOWN_PLACE", f"{key}.place", shown(car.place), f"{car.id} stands at no place.", remedy)
            continue
        if car.place in taken:
            text = f"{taken[car.place]} stands there already."
            yield Finding("PLACE_TAKEN", f"{key}.place", shown(car.place), text, f"Give {car.id} another place.")
        taken.setdefault(car.place, car.id)
        room = _dimensions(place.limits)
        for name, size in _dimensions(car).items():
            if size > room[name]:
                text = f"{car.id} does not fit into {car.place}."
                yield Finding(
                    "VEHICLE_TOO_LARGE", f"{key}.{name}", shown(size), text, f"At most {room[name]} fits there."
                )
