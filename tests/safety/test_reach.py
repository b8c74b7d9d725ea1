"""Where forks are, may come and are going: what a cabin makes of every sign of a shuttle that reaches into it."""

from __future__ import annotations

import pytest

from plc_drivers.contract import CommandCode as C
from plc_drivers.contract import Value
from plc_drivers.contract.codes import Mode
from tests.safety import situations as at
from tests.safety.scene import Scene
from tests.safety.test_shared_spaces import NOT_LOCKED, failing

OUT_OF_IT = "cabin1.shuttle1-out-0-2"
"""Holds when nothing of the shuttle is in cabin1, which lies to the left of column 2 at level 0, or on its way in."""

GOES_IN = "shuttle1.cabin1-automatic-at-0-2"
"""Asks for the cabin's key, which is in manual here, while forks are in it or on their way."""

MAY_GO_IN = "shuttle1.start-cabin1-automatic-at-0-2"
"""Asks for it wherever the shuttle might stand before it."""

IN: dict[str, Value] = {"forks_centred": False, "forks_left_mm": 2000}
SENT: dict[str, Value] = {"holds_transfer": True, "active_command": C.PICK_LEFT}


def before(**tags: Value) -> Scene:
    """The shuttle stands before cabin1, whose key is in manual, with these readings of its own."""
    scene = at.tower_at_rest()
    scene.set("cabin1", mode=Mode.MANUAL)
    scene.set("shuttle1", **{"station": 2, "docked": False, **tags})
    return scene


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"active_command": C.PICK_LEFT},
        {"holds_transfer": True},
        {"holds_transfer": True, "active_command": C.PICK_RIGHT},
        {"forks_centred": False, "forks_right_mm": 2000},
        {"forks_centred": False, "forks_right_mm": 31},
        {"forks_centred": False, "active_command": C.PICK_RIGHT},
        {"forks_centred": False, "active_command": C.PLACE_RIGHT},
        {**SENT, "station": 5},
        {**SENT, "station": 0},
        {**IN, "station": 5},
        {**IN, "station": 0},
    ],
)
def test_h02_forks_that_are_home_or_busy_elsewhere_are_out_of_a_cabin(tags: dict[str, Value]) -> None:
    assert OUT_OF_IT not in failing(before(**tags))


@pytest.mark.parametrize(
    "tags",
    [
        IN,
        {"forks_centred": False},
        {"forks_left_mm": 31},
        {"forks_left_mm": -31},
        {"forks_centred": False, "forks_right_mm": 30},
        {"forks_centred": False, "forks_right_mm": 2000, "active_command": C.PLACE_LEFT},
        {"forks_centred": False, "forks_right_mm": 2000, "forks_left_mm": 31},
        SENT,
        {**SENT, "active_command": C.PLACE_LEFT},
        {**SENT, "station": 5, "referenced": False},
        {**SENT, "station": 5, "station_sensor": False},
        {**SENT, "station": -1},
        {**IN, "station": 5, "referenced": False},
        {**IN, "station": 5, "station_sensor": False},
        {**IN, "station": -1},
    ],
)
def test_h02_forks_that_are_in_a_cabin_or_sent_there_or_cannot_be_placed_keep_it_shut(tags: dict[str, Value]) -> None:
    assert OUT_OF_IT in failing(before(**tags))


@pytest.mark.parametrize("forks", [IN, SENT], ids=["in", "sent"])
def test_h02_a_rider_at_another_level_is_elsewhere_as_long_as_its_lift_proves_that(forks: dict[str, Value]) -> None:
    scene = before(**forks)
    assert OUT_OF_IT in failing(scene)
    for level in (1, 2):
        scene.set("lift1", station=level)
        assert not {OUT_OF_IT, GOES_IN, MAY_GO_IN} & failing(scene)
    for unproven in NOT_LOCKED:
        assert {OUT_OF_IT, GOES_IN, MAY_GO_IN} <= failing(scene, lift1=unproven), unproven


@pytest.mark.parametrize(
    ("tags", "goes_in"),
    [
        ({}, False),
        ({"active_command": C.PICK_LEFT}, True),
        ({"active_command": C.PLACE_LEFT}, True),
        ({"active_command": C.PICK_RIGHT}, False),
        ({"active_command": C.PLACE_RIGHT}, False),
        ({"forks_left_mm": 30}, False),
        ({"forks_left_mm": 31}, True),
        ({"forks_right_mm": 2000}, False),
    ],
)
def test_h02_forks_go_in_by_their_place_or_by_the_command_that_is_under_way(
    tags: dict[str, Value], goes_in: bool
) -> None:
    assert (GOES_IN in failing(before(**tags))) is goes_in
    assert MAY_GO_IN in failing(before(**tags))
    assert not {GOES_IN, MAY_GO_IN} & failing(before(**tags, station=5))
    for unproven in ({"referenced": False}, {"station_sensor": False}):
        found = failing(before(**tags, station=5, **unproven))
        assert (GOES_IN in found) is goes_in
        assert MAY_GO_IN in found


def test_h13_a_shuttle_that_can_be_driven_by_hand_keeps_a_cabin_shut_where_it_stands_or_may() -> None:
    by_hand = "cabin1.shuttle1-by-hand-0-2"
    assert by_hand not in failing(before())
    for mode in (Mode.MANUAL, Mode.MAINTENANCE):
        assert by_hand in failing(before(mode=mode))
        assert by_hand not in failing(before(mode=mode, station=5))
        assert by_hand in failing(before(mode=mode, station=5, referenced=False))
