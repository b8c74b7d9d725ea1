"""Safety that permits nothing is no product: the normal sequences of both layouts pass from end to end."""

from __future__ import annotations

import pytest

from plc_drivers.contract import CommandCode as C
from plc_drivers.contract.codes import State, TrafficLight
from safety.verdict import StartOf
from safety.wish import DeviceWish
from tests.safety.scene import COUNTDOWN_MS, SHUTTLES, TOWER, Scene, function


@pytest.fixture
def tower() -> Scene:
    scene = Scene(TOWER)
    scene.pass_time(100)
    return scene


@pytest.fixture
def shuttles() -> Scene:
    scene = Scene(SHUTTLES)
    scene.pass_time(100)
    return scene


def lift_goes(scene: Scene, level: int, lift: str = "lift1") -> None:
    scene.do(lift, C.UNLOCK, during={"pins_extended": False}, after={"pins_retracted": True})
    scene.do(
        lift,
        C.MOVE_TO_LEVEL,
        level,
        during={
            "station": -1,
            "station_sensor": False,
            "standstill": False,
            "brake_closed": False,
            "in_position": False,
            "levelling_error_mm": 900,
        },
        after={
            "station": level,
            "station_sensor": True,
            "standstill": True,
            "brake_closed": True,
            "in_position": True,
            "levelling_error_mm": 3,
        },
    )
    scene.do(lift, C.LOCK, during={"pins_retracted": False}, after={"pins_extended": True})


def shuttle_goes(scene: Scene, column: int, *, docked: bool = True, shuttle: str = "shuttle1") -> None:
    scene.do(
        shuttle,
        C.MOVE_TO_COLUMN,
        column,
        during={
            "station": -1,
            "station_sensor": False,
            "standstill": False,
            "in_position": False,
            "speed": 1200,
            "docked": docked,
        },
        after={"station": column, "station_sensor": True, "standstill": True, "in_position": True, "speed": 0},
    )


def occupied(side: str, *, there: bool) -> dict[str, bool]:
    return {f"target_{side}_occupied": there, f"target_{side}_clear": not there}


def forks_out(side: str) -> dict[str, bool | int]:
    sign = {"left": "forks_left_mm", "right": "forks_right_mm"}[side]
    return {
        "standstill": False,
        "forks_centred": False,
        sign: 3000,
        f"overhang_{side}_clear": False,
        "load_centred": False,
    }


def forks_in(side: str) -> dict[str, bool | int]:
    sign = {"left": "forks_left_mm", "right": "forks_right_mm"}[side]
    return {"standstill": True, "forks_centred": True, sign: 0, f"overhang_{side}_clear": True, "load_centred": True}


def pick(scene: Scene, side: str, shuttle: str = "shuttle1", depth: int = 1) -> None:
    code = {"left": C.PICK_LEFT, "right": C.PICK_RIGHT}[side]
    scene.do(
        shuttle,
        code,
        depth,
        during=forks_out(side),
        after={**forks_in(side), **occupied(side, there=False), "load_present": True, "load_clear": False},
    )


def place(scene: Scene, side: str, shuttle: str = "shuttle1", depth: int = 1) -> None:
    code = {"left": C.PLACE_LEFT, "right": C.PLACE_RIGHT}[side]
    scene.do(
        shuttle,
        code,
        depth,
        during=forks_out(side),
        after={**forks_in(side), **occupied(side, there=True), "load_present": False, "load_clear": True},
    )


def open_inner(scene: Scene, cabin: str) -> None:
    scene.do(
        cabin,
        C.OPEN_INNER_DOOR,
        during={"inner_closed": False, "inner_locked": False, "standstill": False},
        after={"inner_open": True, "standstill": True},
    )


def close_inner(scene: Scene, cabin: str) -> None:
    scene.do(
        cabin,
        C.CLOSE_INNER_DOOR,
        during={"inner_open": False, "standstill": False},
        after={"inner_closed": True, "inner_locked": True, "standstill": True},
    )


def turn(scene: Scene, cabin: str, angle_mdeg: int) -> None:
    scene.do(
        cabin,
        C.ROTATE,
        angle_mdeg,
        during={
            "platform_locked": False,
            "standstill": False,
            "turn_speed_mdeg_s": 20_000,
            "angle_mdeg": 90_000,
            "vehicle_in_envelope": False,
        },
        after={
            "platform_locked": True,
            "standstill": True,
            "turn_speed_mdeg_s": 0,
            "angle_mdeg": angle_mdeg,
            "vehicle_in_envelope": True,
        },
    )


def open_outer(scene: Scene, cabin: str) -> None:
    opened = int(scene.values[cabin]["outer_opened_count"]) + 1
    scene.do(
        cabin,
        C.OPEN_OUTER_DOOR,
        during={"outer_closed": False, "outer_locked": False, "standstill": False, "outer_opened_count": opened},
        after={"outer_open": True, "standstill": True},
    )


def close_outer(scene: Scene, cabin: str) -> None:
    scene.do(
        cabin,
        C.CLOSE_OUTER_DOOR,
        during={"outer_open": False, "standstill": False},
        after={"outer_closed": True, "outer_locked": True, "standstill": True},
    )


def show_green(scene: Scene, cabin: str) -> None:
    wish = DeviceWish(frozenset({"green"}), levels={"traffic_light": TrafficLight.GREEN})
    result = scene.cycle(**{cabin: wish})
    assert function(f"{cabin}.green") in result.granted
    assert result.outputs.devices[cabin].levels["traffic_light"] == TrafficLight.GREEN
    scene.cycle()
    scene.cycle()


def someone(scene: Scene, cabin: str, *, inside: bool) -> None:
    scene.set(cabin, curtain_count=int(inside), scanner_clear=not inside)
    if inside:
        scene.set(cabin, confirmed_opening=0)
    scene.cycle()


def test_a_tower_retrieves_a_car_from_its_place_to_the_driver(tower: Scene) -> None:
    tower.confirm("cabin1")
    lift_goes(tower, 2)
    shuttle_goes(tower, 5, docked=False)
    tower.set("shuttle1", **occupied("right", there=True))
    pick(tower, "right")
    shuttle_goes(tower, 3)
    tower.set("shuttle1", docked=True)
    lift_goes(tower, 0)
    open_inner(tower, "cabin1")
    shuttle_goes(tower, 2, docked=False)
    tower.set("shuttle1", **occupied("left", there=False))
    place(tower, "left")
    tower.set("cabin1", vehicle_present=True, vehicle_clear=False)
    close_inner(tower, "cabin1")
    turn(tower, "cabin1", 180_000)
    open_outer(tower, "cabin1")
    show_green(tower, "cabin1")
    someone(tower, "cabin1", inside=True)
    tower.set("cabin1", vehicle_present=False, vehicle_clear=True)
    someone(tower, "cabin1", inside=False)
    close_outer(tower, "cabin1")
    tower.confirm("cabin1")
    open_inner(tower, "cabin1")


def test_a_tower_stores_a_car_that_came_into_the_cabin(tower: Scene) -> None:
    open_outer(tower, "cabin2")
    show_green(tower, "cabin2")
    someone(tower, "cabin2", inside=True)
    tower.set("cabin2", vehicle_present=True, vehicle_clear=False)
    someone(tower, "cabin2", inside=False)
    close_outer(tower, "cabin2")
    tower.confirm("cabin2")
    open_inner(tower, "cabin2")
    shuttle_goes(tower, 4, docked=False)
    tower.set("shuttle1", **occupied("right", there=True))
    pick(tower, "right")
    tower.set("cabin2", vehicle_present=False, vehicle_clear=True)
    close_inner(tower, "cabin2")
    shuttle_goes(tower, 3)
    tower.set("shuttle1", docked=True)
    lift_goes(tower, 4)
    shuttle_goes(tower, 6, docked=False)
    tower.set("shuttle1", **occupied("left", there=False))
    place(tower, "left")


def test_a_tower_relocates_a_car_to_the_rear_of_a_double_deep_place(tower: Scene) -> None:
    lift_goes(tower, 3)
    shuttle_goes(tower, 5, docked=False)
    tower.set("shuttle1", **occupied("left", there=False), rear_left_occupied=True, rear_left_clear=False)
    pick(tower, "left", depth=2)
    tower.set("shuttle1", **occupied("right", there=False), rear_right_occupied=False, rear_right_clear=True)
    place(tower, "right", depth=2)


def test_a_tower_that_starts_without_references_finds_them_and_runs(tower: Scene) -> None:
    for device in ("lift1", "shuttle1"):
        tower.set(device, referenced=False, state=State.NOT_REFERENCED, station=-1, in_position=False)
    tower.set("lift1", pins_extended=False, pins_retracted=True, station_sensor=False, levelling_error_mm=500)
    tower.do(
        "lift1",
        C.REFERENCE,
        during={"standstill": False, "brake_closed": False},
        after={
            "standstill": True,
            "brake_closed": True,
            "referenced": True,
            "station": 0,
            "station_sensor": True,
            "levelling_error_mm": 0,
            "in_position": True,
        },
    )
    tower.do("lift1", C.LOCK, during={"pins_retracted": False}, after={"pins_extended": True})
    tower.do(
        "shuttle1",
        C.REFERENCE,
        during={"standstill": False, "docked": False},
        after={"standstill": True, "referenced": True, "station": 2},
    )
    shuttle_goes(tower, 3)
    tower.set("shuttle1", docked=True)
    lift_goes(tower, 1)


def test_a_shuttle_out_in_the_aisle_comes_home_when_its_lift_has_lost_its_reference(tower: Scene) -> None:
    tower.set("shuttle1", docked=False, station=6)
    tower.set("lift1", referenced=False, station=-1, state=State.NOT_REFERENCED)
    shuttle_goes(tower, 3)


def test_a_shuttle_garage_retrieves_over_the_lift_into_a_cabin(shuttles: Scene) -> None:
    shuttles.confirm("cabin1")
    shuttle_goes(shuttles, 12, shuttle="shuttle1")
    shuttles.set("shuttle1", **occupied("left", there=True))
    pick(shuttles, "left")
    lift_goes(shuttles, 1)
    shuttle_goes(shuttles, 8, shuttle="shuttle1")
    shuttles.set("shuttle1", **occupied("right", there=False))
    place(shuttles, "right")
    shuttles.set("lift1", load_present=True, load_clear=False)
    lift_goes(shuttles, 0)
    shuttle_goes(shuttles, 8, shuttle="shuttle0")
    shuttles.set("shuttle0", **occupied("right", there=True))
    pick(shuttles, "right", "shuttle0")
    shuttles.set("lift1", load_present=False, load_clear=True)
    open_inner(shuttles, "cabin1")
    shuttle_goes(shuttles, 4, shuttle="shuttle0")
    shuttles.set("shuttle0", **occupied("left", there=False))
    place(shuttles, "left", "shuttle0")
    shuttles.set("cabin1", vehicle_present=True, vehicle_clear=False)
    close_inner(shuttles, "cabin1")
    open_outer(shuttles, "cabin1")
    show_green(shuttles, "cabin1")


def test_a_shuttle_garage_stores_over_the_lift_onto_another_level(shuttles: Scene) -> None:
    open_outer(shuttles, "cabin2")
    someone(shuttles, "cabin2", inside=True)
    shuttles.set("cabin2", vehicle_present=True, vehicle_clear=False)
    someone(shuttles, "cabin2", inside=False)
    close_outer(shuttles, "cabin2")
    shuttles.confirm("cabin2")
    open_inner(shuttles, "cabin2")
    shuttle_goes(shuttles, 8, shuttle="shuttle0")
    shuttles.set("shuttle0", **occupied("left", there=True))
    pick(shuttles, "left", "shuttle0")
    shuttles.set("cabin2", vehicle_present=False, vehicle_clear=True)
    shuttles.set("shuttle0", **occupied("right", there=False))
    place(shuttles, "right", "shuttle0")
    shuttles.set("lift1", load_present=True, load_clear=False)
    lift_goes(shuttles, 1)
    shuttle_goes(shuttles, 8, shuttle="shuttle1")
    shuttles.set("shuttle1", **occupied("right", there=True))
    pick(shuttles, "right", "shuttle1")
    shuttle_goes(shuttles, 2, shuttle="shuttle1")
    shuttles.set("shuttle1", **occupied("left", there=False))
    place(shuttles, "left", "shuttle1")


def test_a_lift_travels_past_a_shuttle_that_transfers_across_the_aisle(shuttles: Scene) -> None:
    """The permit of the lift survives the whole transfer, its beginning and its end included."""
    shuttle_goes(shuttles, 8, shuttle="shuttle1")
    shuttles.do("lift1", C.UNLOCK, during={"pins_extended": False}, after={"pins_retracted": True})
    shuttles.set("shuttle1", **occupied("left", there=True))
    command = shuttles.command("lift1", C.MOVE_TO_LEVEL, 0)
    shuttles.wishes["lift1"] = DeviceWish(frozenset({"travel"}), command)
    assert function("lift1.travel") in shuttles.cycle().granted
    shuttles.set("lift1", active_command=C.MOVE_TO_LEVEL, station=-1, standstill=False, station_sensor=False)
    pick(shuttles, "left")
    assert shuttles.memory.revoked == {}
    assert function("lift1.travel") in shuttles.memory.granted


def test_people_use_a_cabin_while_the_shuttle_works_across_the_aisle(shuttles: Scene) -> None:
    shuttle_goes(shuttles, 8, shuttle="shuttle0")
    shuttles.set("shuttle0", load_present=True, load_clear=False, **occupied("right", there=False))
    open_outer(shuttles, "cabin2")
    show_green(shuttles, "cabin2")
    someone(shuttles, "cabin2", inside=True)
    place(shuttles, "right", "shuttle0")
    assert function("cabin2.outer_open") in shuttles.look().allowed


def test_an_interrupted_transfer_may_be_finished_to_its_own_side_only(tower: Scene) -> None:
    shuttle_goes(tower, 5, docked=False)
    tower.set("shuttle1", **forks_out("left"))
    tower.set("shuttle1", standstill=True, load_present=True, load_clear=True, target_left_occupied=True)
    verdict = tower.look()
    assert verdict.start_refusal(StartOf("shuttle1", C.PLACE_LEFT, 1)) is None
    assert verdict.start_refusal(StartOf("shuttle1", C.PICK_LEFT, 1)) is None
    for code in (C.PICK_RIGHT, C.PLACE_RIGHT):
        assert verdict.start_refusal(StartOf("shuttle1", code, 1)) is not None
    assert function("shuttle1.travel") not in verdict.allowed


def test_the_countdown_of_a_clearing_cabin_is_shown(tower: Scene) -> None:
    tower.look()
    tower.press("cabin1")
    tower.pass_time(1000)
    verdict = tower.look()
    assert "cabin1" not in verdict.proven_empty
    assert 0 < verdict.clearing_ms["cabin1"] <= COUNTDOWN_MS - 980
