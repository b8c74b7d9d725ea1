"""Every rule is needed: for each there is a moment in which one wrong reading is caught by it and by no other.

Searches single wrong readings around the moments in which something is permitted or may start. A rule that is never
the only one to object would be redundant, and must be named here with the reason why it is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from plc_drivers.contract import Value
from plc_drivers.contract.codes import CommandCode as C
from plc_drivers.contract.tag import Tag, TagType
from plc_drivers.reading import Quality
from safety.acts import Acts
from safety.interlock import Interlock
from safety.verdict import Function, StartOf, Verdict
from tests.safety import situations as at
from tests.safety.scene import SHUTTLES, TOWER, Scene

KEPT_THOUGH_REDUNDANT = {
    "answers": "without good readings every other condition is unknown too; this one says so first and plainly",
}

SHOWN_IN_TIME = {
    "lift-progress", "travel-progress", "forks-progress", "turn-progress", "lift-stops", "travel-stops", "turn-stops",
    "nobody-at-work", "pin-switches", "fork-switches", "outer-switches", "inner-switches",
}  # fmt: skip
"""Trips that object only after a time, or when their cause has gone; ``test_trips`` shows each of them alone."""


def place_ready() -> Scene:
    scene = at.tower_at_rest()
    scene.set("shuttle1", station=5, docked=False, load_present=True, load_clear=False)
    scene.set("shuttle1", rear_left_clear=True, rear_right_clear=True)
    return scene


def pick_ready(*, rear: bool) -> Scene:
    scene = at.tower_at_rest()
    row = "rear" if rear else "target"
    for side in ("left", "right"):
        scene.set("shuttle1", station=5, docked=False, **{f"{row}_{side}_occupied": True, f"{row}_{side}_clear": False})
    return scene


def cabin_ready(*, pick: bool) -> Scene:
    scene = at.tower_at_rest()
    scene.set("shuttle1", station=2, docked=False, load_present=not pick, load_clear=pick)
    scene.set("shuttle1", target_left_occupied=pick, target_left_clear=not pick)
    scene.set("cabin1", inner_open=True, inner_closed=False, inner_locked=False)
    scene.set("cabin1", vehicle_present=pick, vehicle_clear=not pick)
    return scene


def platform_ready(*, pick: bool) -> Scene:
    scene = Scene(SHUTTLES)
    scene.set("shuttle0", station=8, load_present=not pick, load_clear=pick)
    scene.set("shuttle0", target_right_occupied=pick, target_right_clear=not pick)
    scene.set("lift1", load_present=pick, load_clear=not pick)
    scene.look()
    return scene


def into_another_zone() -> Scene:
    scene = Scene(SHUTTLES)
    scene.confirm("cabin1")
    scene.set("cabin1", inner_open=True, inner_closed=False, inner_locked=False)
    scene.set("shuttle0", station=4, active_command=C.PLACE_LEFT, forks_left_mm=2000, forks_centred=False)
    scene.look()
    return scene


def brake_open_for_long() -> Scene:
    """Half a second before a brake that does not close becomes a cause."""
    scene = at.tower_at_rest()
    scene.set("lift1", brake_closed=False)
    scene.pass_time(1480)
    scene.now_ms += 40
    return scene


MOMENTS: tuple[Callable[[], Scene], ...] = (
    at.tower_at_rest, at.lift_travels, at.bare_lift_travels, at.shuttle_travels, at.shuttle_places_into_cabin,
    at.shuttle_places_onto_lift, at.cabin_opens_to_people, at.cabin_shows_green, at.cabin_closes_to_people,
    at.cabin_opens_to_machine, at.cabin_turns, at.tower_with_pins_in, place_ready, lambda: pick_ready(rear=False),
    lambda: pick_ready(rear=True), lambda: cabin_ready(pick=False), lambda: cabin_ready(pick=True),
    lambda: platform_ready(pick=False), lambda: platform_ready(pick=True), into_another_zone, brake_open_for_long,
)  # fmt: skip


def rule(interlock_id: str) -> str:
    """What a declaration is about, without the device, side, level and column that it was instantiated for."""
    name = interlock_id.partition(".")[2]
    name = re.sub(r"(cabin|lift|shuttle)\d", r"\1", name)
    name = re.sub(r"-(left|right)$", "", name)
    return re.sub(r"(-at)?(-\d+)+$", "", name)


def verdicts(scene: Scene) -> Iterator[Verdict]:
    """The verdict of the moment, of a lock on each zone, and of every single wrong reading."""
    yield scene.logic.evaluate(scene.image(), scene.memory, scene.now_ms)[0]
    for zone in scene.topology.zones:
        locked = replace(scene.memory, acts=Acts(locks=frozenset({zone})))
        yield scene.logic.evaluate(scene.image(), locked, scene.now_ms)[0]
    for device, definition in scene.logic.definitions.items():
        for tag in definition.status:
            for value in _others(tag, scene.values[device][tag.name]):
                yield scene.verdict_if(device, **{tag.name: value})
        scene.quality[device] = Quality.STALE
        yield scene.logic.evaluate(scene.image(), scene.memory, scene.now_ms)[0]
        scene.quality[device] = Quality.GOOD


def _others(tag: Tag, now: Value) -> list[Value]:
    if tag.wire is TagType.BOOL:
        return [not now]
    if tag.enum is not None:
        return [int(member) for member in tag.enum if member != now]
    return [value for value in (-1, 1, 9, 60, 120, 90_000) if tag.admits(value) and value != now]


def alone(verdict: Verdict) -> Iterator[str]:
    """Interlocks that are the only one in the way of something."""
    objections: dict[Function | StartOf, list[str]] = {}
    for failing in verdict.failing:
        for guard in failing.guards:
            objections.setdefault(guard, []).append(failing.id)
    for guard, ids in objections.items():
        general = [] if isinstance(guard, Function) else objections.get(StartOf(guard.device, guard.code), [])
        if len({*ids, *general}) == 1:
            yield ids[0]


def declared() -> list[Interlock]:
    return [interlock for topology in (TOWER, SHUTTLES) for interlock in Scene(topology).logic.interlocks]


def test_every_rule_is_somewhere_the_only_one_that_objects() -> None:
    needed = {rule(name) for moment in MOMENTS for verdict in verdicts(moment()) for name in alone(verdict)}
    rules = {rule(interlock.id) for interlock in declared()}
    assert rules - needed - SHOWN_IN_TIME == set(KEPT_THOUGH_REDUNDANT)
    assert rules >= SHOWN_IN_TIME
