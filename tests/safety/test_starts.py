"""What keeps a command from beginning: for each start interlock the readings that it asks for, and what it holds back.

The tables are written from the meaning of the readings. Each row names a garage as it should be, the commands that then
may begin, and the readings of which each one by itself forbids them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from plc_drivers.contract import CommandCode as C
from plc_drivers.contract import Value
from plc_drivers.contract.codes import Mode
from safety.verdict import StartOf
from tests.safety import situations as at
from tests.safety.scene import SHUTTLES, Scene

Readings = dict[str, dict[str, Value]]
"""By device and tag."""


@dataclass(frozen=True)
class Row:
    """``rule`` lets ``starts`` begin in ``moment`` with the readings ``given``; each of ``wrong`` forbids them.

    ``excused`` are readings with which it lets them begin although one of ``wrong`` is there.
    """

    moment: Callable[[], Scene]
    rule: str
    starts: str
    wrong: tuple[Readings, ...]
    given: Readings | None = None
    excused: tuple[Readings, ...] = ()
    name: str = ""

    @property
    def held(self) -> set[StartOf]:
        """``PICK_LEFT:2`` is the command with its argument."""
        device = self.rule.partition(".")[0]
        parts = [one.partition(":") for one in self.starts.split()]
        return {StartOf(device, C[code], int(arg1) if arg1 else None) for code, _, arg1 in parts}


def each(device: str, **tags: Value | tuple[Value, ...]) -> tuple[Readings, ...]:
    """One wrong reading at a time; a tuple holds several wrong values of one tag."""
    found: list[Readings] = []
    for tag, values in tags.items():
        found += [{device: {tag: value}} for value in (values if isinstance(values, tuple) else (values,))]
    return tuple(found)


def shuttles_at_rest() -> Scene:
    """Captive shuttles beside the lift's platform, which stands locked at the upper one's level."""
    scene = Scene(SHUTTLES)
    scene.set("shuttle1", station=8)
    scene.set("lift1", station=1)
    scene.look()
    return scene


def before_cabin() -> Scene:
    """The tower's shuttle stands before the open inner door of cabin1."""
    scene = at.tower_at_rest()
    scene.set("cabin1", inner_open=True, inner_closed=False, inner_locked=False)
    scene.set("shuttle1", station=2, docked=False)
    scene.look()
    return scene


ELSEWHERE: Readings = {"shuttle1": {"station": 5}}
FIRST: Readings = {"shuttle1": {"station": 0}}
KEYS = (int(Mode.MANUAL), int(Mode.MAINTENANCE))

LIFT = [
    Row(at.tower_at_rest, "lift1.start-in-automatic", "REFERENCE MOVE_TO_LEVEL LOCK UNLOCK", each("lift1", mode=KEYS)),
    Row(
        at.tower_at_rest,
        "lift1.start-in-manual",
        "JOG_FORWARD JOG_BACK",
        each("lift1", mode=(int(Mode.AUTOMATIC), int(Mode.MAINTENANCE))),
        {"lift1": {"mode": Mode.MANUAL}},
    ),
    Row(
        at.tower_at_rest,
        "lift1.start-referenced",
        "MOVE_TO_LEVEL JOG_FORWARD JOG_BACK",
        each("lift1", referenced=False),
    ),
    Row(
        at.tower_with_pins_in,
        "lift1.start-pins-in",
        "MOVE_TO_LEVEL JOG_FORWARD JOG_BACK REFERENCE",
        each("lift1", pins_retracted=False, pins_extended=True),
    ),
    Row(
        at.tower_at_rest,
        "lift1.lock-at-level",
        "LOCK",
        each(
            "lift1", referenced=False, station=-1, levelling_error_mm=(51, -51), station_sensor=False, standstill=False
        ),
    ),
    Row(at.tower_at_rest, "lift1.unlock-braked", "UNLOCK", each("lift1", standstill=False, brake_closed=False)),
    Row(
        at.tower_at_rest,
        "lift1.start-unlock-rider-home",
        "UNLOCK",
        each("shuttle1", referenced=False, station=(2, 4)),
        excused=({"lift1": {"pins_extended": False}},),
    ),
    Row(
        at.tower_at_rest,
        "lift1.start-rider-home",
        "MOVE_TO_LEVEL JOG_FORWARD JOG_BACK",
        each("shuttle1", referenced=False, station=(2, 4)),
    ),
]

SHUTTLE = [
    Row(
        at.tower_at_rest,
        "shuttle1.start-in-automatic",
        "REFERENCE MOVE_TO_COLUMN PICK_LEFT PICK_RIGHT PLACE_LEFT PLACE_RIGHT",
        each("shuttle1", mode=KEYS),
    ),
    Row(
        at.tower_at_rest,
        "shuttle1.start-in-manual",
        "JOG_FORWARD JOG_BACK",
        each("shuttle1", mode=int(Mode.AUTOMATIC)),
        {"shuttle1": {"mode": Mode.MANUAL}},
    ),
    Row(
        at.tower_at_rest,
        "shuttle1.start-referenced",
        "MOVE_TO_COLUMN JOG_FORWARD:1 JOG_BACK:1",
        each("shuttle1", referenced=False),
    ),
    Row(
        at.tower_at_rest,
        "shuttle1.start-transfer-in-position",
        "PICK_LEFT PLACE_LEFT PICK_RIGHT PLACE_RIGHT JOG_FORWARD:2 JOG_BACK:2",
        each("shuttle1", in_position=False, standstill=False),
    ),
]


def _transfers(side: str, other: str) -> Iterator[Row]:
    """Deck and target by two detectors each, unless the forks are provably left half way to this side."""
    pick, place = f"PICK_{side.upper()}", f"PLACE_{side.upper()}"
    target, rear = (f"{row}_{side}" for row in ("target", "rear"))
    out: dict[str, Value] = {"forks_centred": False, f"forks_{side}_mm": 6, f"forks_{other}_mm": 0}
    half_way: tuple[Readings, ...] = ({"shuttle1": out}, {"shuttle1": {**out, f"forks_{other}_mm": -3}})
    full: Readings = {"shuttle1": {"load_present": True, "load_clear": False}}
    taken: dict[str, Value] = {f"{target}_occupied": True, f"{target}_clear": False}
    behind: dict[str, Value] = {f"{rear}_occupied": True, f"{rear}_clear": False}
    free: dict[str, Value] = {f"{rear}_occupied": False, f"{rear}_clear": True}
    sticks_out = {f"overhang_{edge}_clear": False for edge in ("front", "rear", "left", "right")}
    rows: tuple[tuple[str, str, tuple[Readings, ...], Readings | None], ...] = (
        ("pick-deck-empty", pick, each("shuttle1", load_clear=False, load_present=True), None),
        (
            "place-deck-loaded",
            place,
            each("shuttle1", load_clear=True, load_present=False, load_centred=False, **sticks_out),
            full,
        ),
        ("place-front-free", place, each("shuttle1", **taken), None),
        ("place-rear-free", f"{place}:2", each("shuttle1", **behind), {"shuttle1": free}),
        (
            "pick-front-occupied",
            f"{pick}:1",
            each("shuttle1", **{f"{target}_occupied": False, f"{target}_clear": True}),
            {"shuttle1": taken},
        ),
        ("pick-rear-occupied", f"{pick}:2", each("shuttle1", **free, **taken), {"shuttle1": behind}),
    )
    for rule, starts, wrong, given in rows:
        yield Row(at.tower_at_rest, f"shuttle1.{rule}-{side}", starts, wrong, given, half_way)
    yield Row(
        at.tower_at_rest,
        f"shuttle1.forks-free-{side}",
        f"{pick}:1 {pick}:2 {place}:1 {place}:2",
        (*each("shuttle1", forks_centred=False, forks_left_mm=(31, -31), forks_right_mm=(31, -31)),),
        excused=half_way,
    )
    not_half_way: tuple[Readings, ...] = (
        {"shuttle1": {**out, "forks_centred": True}},
        {"shuttle1": {**out, f"forks_{side}_mm": 5}},
        {"shuttle1": {**out, f"forks_{other}_mm": 1}},
    )
    home = {"right": "JOG_FORWARD:2", "left": "JOG_BACK:2"}[side]
    yield Row(at.tower_at_rest, f"shuttle1.start-hand-home-from-{side}", home, not_half_way, {"shuttle1": out})
    for rule, starts, wrong, given in rows[:1]:
        for number, not_out in enumerate(not_half_way):
            both: tuple[Readings, ...] = tuple(
                {"shuttle1": {**one["shuttle1"], **not_out["shuttle1"]}} for one in wrong
            )
            yield Row(at.tower_at_rest, f"shuttle1.{rule}-{side}", starts, both, given, name=f"not half way {number}")


CABIN = [
    Row(
        at.tower_at_rest,
        "cabin1.start-in-automatic",
        "REFERENCE OPEN_OUTER_DOOR CLOSE_OUTER_DOOR OPEN_INNER_DOOR CLOSE_INNER_DOOR ROTATE",
        each("cabin1", mode=KEYS),
    ),
    Row(at.tower_at_rest, "cabin1.start-outer-still", "OPEN_OUTER_DOOR", each("cabin1", standstill=False)),
    Row(at.tower_at_rest, "cabin1.start-doorway-clear", "CLOSE_OUTER_DOOR", each("cabin1", outer_unobstructed=False)),
    Row(
        at.tower_at_rest,
        "cabin1.start-inner-still",
        "OPEN_INNER_DOOR CLOSE_INNER_DOOR",
        each("cabin1", standstill=False),
    ),
    Row(at.tower_at_rest, "cabin1.start-inner-way-clear", "CLOSE_INNER_DOOR", each("cabin1", inner_unobstructed=False)),
    Row(
        at.tower_at_rest,
        "cabin1.start-turn-within-marks",
        "ROTATE REFERENCE",
        each("cabin1", vehicle_in_envelope=False, standstill=False),
    ),
    Row(
        at.tower_at_rest,
        "cabin1.start-hand-turn-within-marks",
        "JOG_FORWARD JOG_BACK",
        each("cabin1", vehicle_in_envelope=False),
        excused=each("cabin1", angle_mdeg=(801, 90_000)),
    ),
    Row(
        at.tower_at_rest,
        "cabin1.start-hand-turn-within-marks",
        "JOG_FORWARD JOG_BACK",
        each("cabin1", standstill=False),
        name="stands",
    ),
]

HALF_WAY: Readings = {"shuttle1": {"forks_centred": False, "forks_left_mm": 6}}
BOTH = "PICK_LEFT PLACE_LEFT"


def _into(rule: str, starts: str, wrong: tuple[Readings, ...], given: Readings | None = None, *more: Readings) -> Row:
    """What a transfer into cabin1 asks for, unless the shuttle stands at another column."""
    return Row(before_cabin, f"shuttle1.{rule}-at-0-2", starts, wrong, given, (ELSEWHERE, FIRST, *more))


INTO_CABIN = [
    _into(
        "start-cabin1-empty",
        BOTH,
        each(
            "cabin1",
            outer_closed=False,
            outer_locked=False,
            outer_open=True,
            exit_closed=False,
            curtain_ok=False,
            curtain_count=1,
            scanner_clear=False,
            confirmed_opening=0,
            holds_outer_open=True,
            holds_green=True,
        ),
    ),
    _into("start-cabin1-inner-open", BOTH, each("cabin1", inner_open=False, inner_closed=True, holds_inner=True)),
    _into(
        "start-cabin1-platform",
        BOTH,
        each(
            "cabin1",
            platform_present=False,
            platform_level=False,
            platform_locked=False,
            referenced=False,
            angle_mdeg=(801, 179_199),
            turn_speed_mdeg_s=(201, -201),
            holds_rotate=True,
        ),
    ),
    _into("start-cabin1-automatic", BOTH, each("cabin1", mode=KEYS)),
    _into("place-free-cabin1", "PLACE_LEFT", each("cabin1", vehicle_clear=False, vehicle_present=True), None, HALF_WAY),
    _into(
        "pick-taken-cabin1",
        "PICK_LEFT",
        each("cabin1", vehicle_clear=True, vehicle_present=False),
        {"cabin1": {"vehicle_present": True, "vehicle_clear": False}},
        HALF_WAY,
    ),
    _into("pick-fits-cabin1", "PICK_LEFT", each("cabin1", vehicle_in_envelope=False), None, HALF_WAY),
]

ONTO_LIFT = [
    Row(
        shuttles_at_rest,
        "shuttle1.start-lift1-locked-at-1-8",
        "PICK_RIGHT PLACE_RIGHT",
        each(
            "lift1",
            station=(0, -1),
            pins_extended=False,
            pins_retracted=True,
            station_sensor=False,
            standstill=False,
            brake_closed=False,
            referenced=False,
            levelling_error_mm=(51, -51),
            holds_travel=True,
            mode=KEYS,
        ),
        excused=(ELSEWHERE, FIRST),
    ),
    Row(
        shuttles_at_rest,
        "shuttle1.place-free-lift1-at-1-8",
        "PLACE_RIGHT",
        each("lift1", load_clear=False, load_present=True),
        excused=(ELSEWHERE, {"shuttle1": {"forks_centred": False, "forks_right_mm": 6}}),
    ),
    Row(
        shuttles_at_rest,
        "shuttle1.pick-taken-lift1-at-1-8",
        "PICK_RIGHT",
        each("lift1", load_clear=True, load_present=False),
        {"lift1": {"load_clear": False, "load_present": True}},
        excused=(ELSEWHERE, {"shuttle1": {"forks_centred": False, "forks_right_mm": 6}}),
    ),
    Row(
        lambda: Scene(SHUTTLES),
        "shuttle0.start-into-zone-2-cabin1-0",
        "PICK_LEFT PLACE_LEFT",
        each(
            "safety1",
            zone2_estop_released=False,
            zone2_estop_connected=False,
            zone2_reset_done=False,
            zone2_guards_closed=False,
            zone2_lockout_clear=False,
            zone2_torque_enabled=False,
        ),
        {"shuttle0": {"station": 4}},
        excused=({"shuttle0": {"station": 5}},),
    ),
]

ROWS = [*LIFT, *SHUTTLE, *_transfers("left", "right"), *_transfers("right", "left"), *CABIN, *INTO_CABIN, *ONTO_LIFT]


def changed(scene: Scene, readings: Readings | None) -> Scene:
    after = scene.copy()
    for device, tags in (readings or {}).items():
        after.set(device, **tags)
    return after


def held_back(scene: Scene, rule: str) -> set[StartOf]:
    """What the rule keeps from beginning."""
    failing = [one for one in scene.look().failing if one.id == rule]
    return {guard for one in failing for guard in one.guards if isinstance(guard, StartOf)}


def _ids(rows: list[Row]) -> list[str]:
    return [f"{row.rule} {row.name}".strip() for row in rows]


@pytest.mark.parametrize("row", ROWS, ids=_ids(ROWS))
def test_each_reading_that_a_command_asks_for_keeps_it_from_beginning(row: Row) -> None:
    right = changed(row.moment(), row.given)
    assert held_back(right, row.rule) == set()
    for wrong in row.wrong:
        now = changed(right, wrong)
        assert held_back(now, row.rule) == row.held, wrong
        for excuse in row.excused:
            assert held_back(changed(now, excuse), row.rule) == set(), (wrong, excuse)


@pytest.mark.parametrize("row", ROWS, ids=_ids(ROWS))
def test_h10_a_command_does_not_begin_on_a_reading_that_is_not_known(row: Row) -> None:
    right = changed(row.moment(), row.given)
    asked: Mapping[tuple[str, str], None] = {
        (device, tag): None for wrong in row.wrong if not row.name for device, tags in wrong.items() for tag in tags
    }
    for device, tag in asked:
        now = right.copy()
        now.bad[device] = {tag}
        assert held_back(now, row.rule) == row.held, (device, tag)


def test_detectors_that_do_not_agree_are_told_with_what_they_do_not_prove() -> None:
    said = {one.id: one.cause for one in before_cabin().logic.interlocks}
    assert said["shuttle1.place-free-cabin1-at-0-2"] == "The detectors of cabin1 do not prove it empty."
    assert said["shuttle1.pick-taken-cabin1-at-0-2"] == "The detectors of cabin1 do not prove it occupied."
