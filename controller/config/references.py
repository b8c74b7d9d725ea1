"""Do all names of a configuration refer to something, and to one thing only?

Owns the checks on names and numbers: duplicates, unknown levels, columns, links, lifts and zones, and whether the
devices are the ones that the layout needs. Must never look at distances; ``geometry.py`` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from controller.config.finding import Finding, listed, shown, suggestion
from controller.config.models import GarageConfig, LiftSection, ShuttleSection
from controller.config.sections import devices


def check_references(config: GarageConfig) -> list[Finding]:
    """Findings about names and numbers, in no particular order of importance."""
    return [
        *_duplicates(config),
        *_unknown_links(config),
        *_unknown_stops(config),
        *_riders(config),
        *_layout_kind(config),
        *_zones(config),
    ]


def _duplicates(config: GarageConfig) -> Iterator[Finding]:
    every = list(devices(config))
    yield from _twice("DUPLICATE_ID", "id", [(f"{path}.id", device.id) for path, device in every])
    yield from _twice(
        "DUPLICATE_NUMBER", "device number", [(f"{path}.number", device.number) for path, device in every]
    )
    yield from _twice("DUPLICATE_ID", "link id", [(f"links[{i}].id", link.id) for i, link in enumerate(config.links)])
    yield from _twice(
        "DUPLICATE_LEVEL", "level", [(f"levels[{i}].number", level.number) for i, level in enumerate(config.levels)]
    )
    columns = config.aisle.columns
    yield from _twice(
        "DUPLICATE_COLUMN", "column", [(f"aisle.columns[{i}].number", c.number) for i, c in enumerate(columns)]
    )
    yield from _twice(
        "DUPLICATE_ID", "vehicle id", [(f"vehicles[{i}].id", car.id) for i, car in enumerate(config.vehicles)]
    )
    for path, numbers in _stop_lists(config):
        yield from _twice("DUPLICATE_ENTRY", "entry", [(f"{path}[{i}]", number) for i, number in enumerate(numbers)])


def _twice(code: str, noun: str, entries: Iterable[tuple[str, object]]) -> Iterator[Finding]:
    first: dict[object, str] = {}
    for path, value in entries:
        if value in first:
            text = f"The {noun} is used already at {first[value]}."
            yield Finding(code, path, shown(value), text, f"Give each its own {noun}.")
        else:
            first[value] = path


def _stop_lists(config: GarageConfig) -> Iterator[tuple[str, Sequence[object]]]:
    for i, lift in enumerate(config.lifts):
        yield f"lifts[{i}].levels", lift.levels
    for i, shuttle in enumerate(config.shuttles):
        yield f"shuttles[{i}].columns", shuttle.columns
    for i, block in enumerate(config.places):
        yield f"places[{i}].levels", block.levels
        yield f"places[{i}].columns", block.columns
        yield f"places[{i}].sides", block.sides
        yield f"places[{i}].depths", block.depths
    yield "safety.zones", config.safety.zones


def _unknown_links(config: GarageConfig) -> Iterator[Finding]:
    known = [link.id for link in config.links]
    used = {device.link for _, device in devices(config)}
    for path, device in devices(config):
        if device.link not in known:
            remedy = suggestion(device.link, known)
            yield Finding("UNKNOWN_LINK", f"{path}.link", shown(device.link), "There is no such link.", remedy)
    for i, link in enumerate(config.links):
        if link.id not in used:
            text = "No device uses this link."
            yield Finding("UNUSED_LINK", f"links[{i}].id", shown(link.id), text, "Remove it, or name it at a device.")


def _unknown_stops(config: GarageConfig) -> Iterator[Finding]:
    levels = [level.number for level in config.levels]
    columns = [column.number for column in config.aisle.columns]
    for path, number in _levels_named(config):
        if number not in levels:
            text = "The garage has no such level."
            yield Finding("UNKNOWN_LEVEL", path, shown(number), text, f"Give one of {listed(levels)}.")
    for path, number in _columns_named(config):
        if number not in columns:
            text = "The aisle has no such column."
            yield Finding("UNKNOWN_COLUMN", path, shown(number), text, f"Give one of {listed(columns, 30)}.")


def _levels_named(config: GarageConfig) -> Iterator[tuple[str, int]]:
    for i, lift in enumerate(config.lifts):
        yield from ((f"lifts[{i}].levels[{j}]", number) for j, number in enumerate(lift.levels))
    for i, shuttle in enumerate(config.shuttles):
        if shuttle.level is not None:
            yield f"shuttles[{i}].level", shuttle.level
    for i, cabin in enumerate(config.cabins):
        yield f"cabins[{i}].level", cabin.level
    for i, block in enumerate(config.places):
        yield from ((f"places[{i}].levels[{j}]", number) for j, number in enumerate(block.levels))


def _columns_named(config: GarageConfig) -> Iterator[tuple[str, int]]:
    for i, lift in enumerate(config.lifts):
        yield f"lifts[{i}].column", lift.column
    for i, shuttle in enumerate(config.shuttles):
        yield from ((f"shuttles[{i}].columns[{j}]", number) for j, number in enumerate(shuttle.columns))
    for i, cabin in enumerate(config.cabins):
        yield f"cabins[{i}].column", cabin.column
    for i, block in enumerate(config.places):
        yield from ((f"places[{i}].columns[{j}]", number) for j, number in enumerate(block.columns))


def _riders(config: GarageConfig) -> Iterator[Finding]:
    lifts = {lift.id: lift for lift in config.lifts}
    rider: dict[str, str] = {}
    for i, shuttle in enumerate(config.shuttles):
        path = f"shuttles[{i}]"
        if (shuttle.rides_on is None) == (shuttle.level is None):
            text = f"Shuttle {shuttle.id} needs exactly one of rides_on and level."
            remedy = 'Write rides_on = "LIFT" for a shuttle that rides on a lift, level = N for one captive to a level.'
            yield Finding("RIDES_OR_LEVEL", path, "", text, remedy)
        if shuttle.rides_on is None:
            continue
        if shuttle.rides_on not in lifts:
            remedy = suggestion(shuttle.rides_on, lifts)
            yield Finding("UNKNOWN_LIFT", f"{path}.rides_on", shown(shuttle.rides_on), "There is no such lift.", remedy)
            continue
        if shuttle.rides_on in rider:
            text = f"{rider[shuttle.rides_on]} rides on this lift already; a platform carries one shuttle."
            yield Finding("TWO_RIDERS", f"{path}.rides_on", shown(shuttle.rides_on), text, "Give it another lift.")
        rider.setdefault(shuttle.rides_on, shuttle.id)
        yield from _home(path, shuttle, lifts[shuttle.rides_on])
    yield from _platforms(config, rider)
    yield from _level_shared(config)
    yield from _shafts_in_the_way(config)


def _home(path: str, shuttle: ShuttleSection, lift: LiftSection) -> Iterator[Finding]:
    if lift.column not in shuttle.columns:
        text = f"Column {lift.column}, where the shuttle is docked on {lift.id}, is not among its columns."
        yield Finding("HOME_COLUMN", f"{path}.columns", shown(shuttle.columns), text, f"Add {lift.column}.")


def _platforms(config: GarageConfig, rider: dict[str, str]) -> Iterator[Finding]:
    for i, lift in enumerate(config.lifts):
        if lift.id in rider and lift.side is not None:
            text = f"{rider[lift.id]} rides on {lift.id}, so its platform is part of the aisle and has no side."
            yield Finding("RIDER_AND_SIDE", f"lifts[{i}].side", shown(lift.side), text, "Remove side.")
        if lift.id not in rider and lift.side is None:
            text = f"No shuttle rides on {lift.id}, so its bare platform stands beside the aisle."
            yield Finding("SIDE_MISSING", f"lifts[{i}]", "", text, 'Write side = "left" or side = "right".')


def _level_shared(config: GarageConfig) -> Iterator[Finding]:
    spans: dict[int, list[tuple[str, int, int]]] = {}
    for i, shuttle in enumerate(config.shuttles):
        if shuttle.level is None:
            continue
        low, high = min(shuttle.columns), max(shuttle.columns)
        for other, other_low, other_high in spans.setdefault(shuttle.level, []):
            if config.aisle.shape == "ring":
                text = f"{shuttle.id} and {other} would travel round the same ring on level {shuttle.level}."
                remedy = (
                    "Give one of them another level: round a ring nothing proves that one is out of the other's way."
                )
                yield Finding("SHUTTLES_COLLIDE", f"shuttles[{i}].level", shown(shuttle.level), text, remedy)
            elif low <= other_high and other_low <= high:
                text = f"{shuttle.id} and {other} would travel on the same piece of aisle on level {shuttle.level}."
                remedy = "Give them columns that do not overlap, or different levels."
                yield Finding("SHUTTLES_COLLIDE", f"shuttles[{i}].columns", shown(shuttle.columns), text, remedy)
        spans[shuttle.level].append((shuttle.id, low, high))


def _shafts_in_the_way(config: GarageConfig) -> Iterator[Finding]:
    """The platform of a lift that carries a shuttle is a piece of the aisle, and mostly not there (H08, H09)."""
    if config.aisle.shape == "ring":
        return
    ridden = {shuttle.rides_on: shuttle.id for shuttle in config.shuttles if shuttle.rides_on is not None}
    for i, shuttle in enumerate(config.shuttles):
        for lift in config.lifts:
            passes = shuttle.columns and min(shuttle.columns) <= lift.column <= max(shuttle.columns)
            storeys = lift.levels and (shuttle.level is None or min(lift.levels) <= shuttle.level <= max(lift.levels))
            if lift.id in ridden and ridden[lift.id] != shuttle.id and passes and storeys:
                text = f"On its way {shuttle.id} would drive through the shaft of {lift.id} in column {lift.column}."
                remedy = "Give it columns on one side of that shaft only."
                yield Finding("SHAFT_IN_THE_WAY", f"shuttles[{i}].columns", shown(shuttle.columns), text, remedy)


def _layout_kind(config: GarageConfig) -> Iterator[Finding]:
    layout = config.garage.layout
    for i, shuttle in enumerate(config.shuttles):
        if layout == "vending-tower" and shuttle.rides_on is None and shuttle.level is not None:
            text = "In a vending tower the shuttle rides on a lift."
            remedy = 'Write rides_on = "LIFT", or garage.layout = "shuttle-garage".'
            yield Finding("LAYOUT_KIND", f"shuttles[{i}].level", shown(shuttle.level), text, remedy)
        if layout == "shuttle-garage" and shuttle.rides_on is not None and shuttle.level is None:
            text = "In a shuttle garage each shuttle is captive to a level."
            remedy = 'Write level = N, or garage.layout = "vending-tower".'
            yield Finding("LAYOUT_KIND", f"shuttles[{i}].rides_on", shown(shuttle.rides_on), text, remedy)


def _zones(config: GarageConfig) -> Iterator[Finding]:
    zones = config.safety.zones
    if not zones:
        text = "Without a zone no emergency stop would be heard."
        yield Finding(
            "NO_ZONE", "safety.zones", shown(zones), text, "Give the zones that the safety PLC reports, as [1]."
        )
    for path, device in devices(config):
        if device.zone not in zones and zones:
            text = "The safety PLC does not report this zone, so no emergency stop of it would be heard."
            remedy = f"Give one of {listed(zones)}, or add it to safety.zones."
            yield Finding("UNKNOWN_ZONE", f"{path}.zone", shown(device.zone), text, remedy)
