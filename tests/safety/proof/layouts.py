"""Layouts that no shipped configuration has, as the proof sees them.

Owns them. A second row of places changes nothing that safety knows of a garage: every transfer can be asked for at
both depths. It stands here all the same, from a configuration.
"""

from __future__ import annotations

from dataclasses import replace

from safety.interlock_table import SHUTTLE_GARAGE
from safety.topology import CabinTopology, LiftTopology, ShuttleTopology, Topology
from tests.safety.scene import SHUTTLES, TOWER


def two_towers_on_one_aisle() -> Topology:
    """Two lifts, each with a shuttle on it, that reach the same cabins."""
    lift, shuttle = TOWER.lifts[0], TOWER.shuttles[0]
    cabins = tuple(
        replace(cabin, reached_by=(*cabin.reached_by, ("shuttle2", *cabin.reached_by[0][1:]))) for cabin in TOWER.cabins
    )
    first = replace(shuttle, columns=(2, 3, 4, 5))
    second = replace(shuttle, id="shuttle2", lift="lift2", home_column=6, columns=(2, 4, 5, 6))
    return replace(
        TOWER, lifts=(lift, replace(lift, id="lift2", rider="shuttle2")), shuttles=(first, second), cabins=cabins
    )


def riding_and_captive() -> Topology:
    """A shuttle on a lift, and a captive one in the ground floor's aisle that reaches the same cabin."""
    cabin = (("shuttle1", 0, 2, "left"), ("shuttle2", 0, 2, "left"))
    return Topology(
        lifts=(LiftTopology("lift1", 1, "shuttle1", has_platform=False),),
        shuttles=(
            ShuttleTopology("shuttle1", 2, "lift1", None, 3, (), (("cabin1", 0, 2, "left"),), (2, 3)),
            ShuttleTopology("shuttle2", 1, None, 0, None, (), (("cabin1", 0, 2, "left"),), (0, 1, 2)),
        ),
        cabins=(CabinTopology("cabin1", 3, turntable=True, reached_by=cabin),),
        safety="safety1",
        zones=(1, 2, 3),
        clearance_countdown_ms=3000,
    )


def towers_round_a_ring() -> Topology:
    """The same two towers, where the aisle goes round."""
    return replace(two_towers_on_one_aisle(), ring=True)


LAYOUTS: dict[str, Topology] = {
    "two zones": SHUTTLES,
    "two shuttles in one aisle": SHUTTLE_GARAGE,
    "two towers on one aisle": two_towers_on_one_aisle(),
    "two towers round a ring": towers_round_a_ring(),
    "riding and captive, three zones": riding_and_captive(),
}
