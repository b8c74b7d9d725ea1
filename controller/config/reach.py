"""Can every car be brought to a cabin, and from one?

Owns the checks on reach: which shuttles get at a position, and whether shuttles and lifts join it to a cabin. Must
never count a way that the layout does not have: everything is asked of ``Layout``.
"""

from __future__ import annotations

from collections.abc import Iterator

from controller.config.finding import Finding, listed, shown
from controller.config.models import GarageConfig
from controller.garage.layout import Layout, PositionKind, place_id
from controller.garage.side import Side


def check_reach(config: GarageConfig, layout: Layout) -> list[Finding]:
    """Findings about positions that no shuttle reaches or that have no way to a cabin, and lifts that join nothing."""
    served = _served_by_cabins(layout)
    return [*_places(config, layout, served), *_cabins(config, layout), *_lifts(config, layout)]


def _served_by_cabins(layout: Layout) -> frozenset[str]:
    """The shuttles that have a way to a cabin, over lift platforms or by themselves."""
    found = {shuttle for cabin in layout.cabins.values() for shuttle in layout.reached_by(cabin.position)}
    platforms = [p.id for p in layout.positions.values() if p.kind is PositionKind.PLATFORM]
    grown = True
    while grown:
        joined = {
            shuttle
            for platform in platforms
            if found & set(layout.reached_by(platform))
            for shuttle in layout.reached_by(platform)
        }
        grown = not joined <= found
        found |= joined
    return frozenset(found)


def _places(config: GarageConfig, layout: Layout, served: frozenset[str]) -> Iterator[Finding]:
    for i, block in enumerate(config.places):
        names = [
            place_id(level, column, Side(side), depth)
            for level in block.levels
            for column in block.columns
            for side in block.sides
            for depth in block.depths
        ]
        unreached = [name for name in names if not layout.reached_by(name)]
        cut_off = [name for name in names if layout.reached_by(name) and not served & set(layout.reached_by(name))]
        if unreached:
            text = f"No shuttle reaches {listed(unreached, 6)}."
            remedy = "Give a shuttle these columns (and its lift these levels), or take the places out."
            yield Finding("UNREACHABLE", f"places[{i}]", "", text, remedy)
        if cut_off:
            text = f"There is no way from {listed(cut_off, 6)} to any cabin."
            remedy = "Join their shuttle to a cabin's level with a lift whose platform both reach."
            yield Finding("NO_WAY_TO_CABIN", f"places[{i}]", "", text, remedy)


def _cabins(config: GarageConfig, layout: Layout) -> Iterator[Finding]:
    for i, cabin in enumerate(config.cabins):
        if not layout.reached_by(layout.cabins[cabin.id].position):
            text = f"No shuttle comes to {cabin.id} (level {cabin.level}, column {cabin.column})."
            remedy = "Give a shuttle its column, and the lift that it rides on its level."
            yield Finding("CABIN_UNREACHABLE", f"cabins[{i}].column", shown(cabin.column), text, remedy)


def _lifts(config: GarageConfig, layout: Layout) -> Iterator[Finding]:
    for i, lift in enumerate(config.lifts):
        platform = layout.lifts[lift.id].platform
        if platform is None:
            continue
        stops = [layout.stop(shuttle, platform) for shuttle in layout.reached_by(platform)]
        levels = {stop.level for stop in stops if stop is not None}
        without = [level for level in lift.levels if level not in levels]
        if without:
            text = f"At level(s) {listed(without)} no shuttle reaches the platform of {lift.id}."
            remedy = f"Give a shuttle of that level column {lift.column}, or take the level out."
            yield Finding("LIFT_LEVEL_UNSERVED", f"lifts[{i}].levels", shown(lift.levels), text, remedy)
