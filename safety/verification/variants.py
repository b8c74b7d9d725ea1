"""The small garages that are searched.

Owns their layouts, and for each which searches are made of it. Must never leave a kind of interlock without a garage in
which it is instantiated; a test compares with the shipped layouts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from safety.topology import CabinTopology, LiftTopology, ShuttleTopology, Topology
from safety.verification.canonical import STEP_MS
from safety.verification.layout import Layout, Place

COUNTDOWN_MS = 2 * STEP_MS
"""The cabin's countdown in the searched garages: two cycles, so that it is seen running and run out."""


class Part(Enum):
    """What one part searches."""

    LATE = "PLCs that may miss a write"
    TROUBLES = "everything that can go wrong"
    LIES = "one lying sensor"
    LIES_IN_TROUBLE = "one lying sensor while something is wrong"


@dataclass(frozen=True, slots=True)
class Variant:
    """A layout, and what is searched of it: the ``parts`` in every run, the ``thorough`` ones when they are asked for.

    All parts but the first are searched with PLCs that take up every write at once.
    """

    layout: Layout
    parts: frozenset[Part] = frozenset()
    thorough: frozenset[Part] = frozenset()

    @property
    def name(self) -> str:
        """The name by which ``garagectl verify --variant`` knows it."""
        return self.layout.name


def _topology(
    lifts: tuple[LiftTopology, ...],
    shuttles: tuple[ShuttleTopology, ...],
    cabins: tuple[CabinTopology, ...],
    zones: tuple[int, ...] = (1,),
) -> Topology:
    return Topology(lifts, shuttles, cabins, "safety1", zones, COUNTDOWN_MS)


_STOP = (("shuttle1", 0, 1, "left"),)
_RIDING = ShuttleTopology("shuttle1", 1, "lift1", None, 0, (), (("cabin1", 0, 1, "left"),), (0, 1))

TOWER = Layout(
    name="tower",
    title="a lift over two levels with the shuttle that rides on it, a turntable cabin, three places, two cars",
    topology=_topology(
        (LiftTopology("lift1", 1, "shuttle1", has_platform=False),),
        (_RIDING,),
        (CabinTopology("cabin1", 1, turntable=True, reached_by=_STOP),),
    ),
    levels=2,
    places=(Place(0, 1, "right"), Place(1, 1, "left"), Place(1, 0, "right")),
    cars=(0, 1),
)

STOPS = Layout(
    name="stops",
    title="the same machine with one place and one car, and everything that can go wrong with it",
    topology=TOWER.topology,
    levels=2,
    places=(Place(1, 0, "right"),),
    cars=(0,),
)

PLATFORM = Layout(
    name="platform",
    title="two shuttles in one aisle that share the platform of a lift over two levels, two places, one car",
    topology=_topology(
        (
            LiftTopology(
                "lift1", 1, None, has_platform=True,
                reached_by=(("shuttle1", 0, 1, "right"), ("shuttle2", 0, 1, "right")),
            ),
        ),
        (
            ShuttleTopology("shuttle1", 1, None, 0, None, (("lift1", 0, 1, "right"),), (), (0, 1)),
            ShuttleTopology("shuttle2", 1, None, 0, None, (("lift1", 0, 1, "right"),), (), (1, 2, 3)),
        ),
        (),
    ),
    levels=2,
    places=(Place(0, 0, "left"),),
    cars=(0,),
    people=False,
)  # fmt: skip

CABIN = Layout(
    name="cabin",
    title="two shuttles in one aisle that share a cabin of another zone, one place, one car, and the person",
    topology=_topology(
        (),
        (
            ShuttleTopology("shuttle1", 1, None, 0, None, (), (("cabin1", 0, 1, "left"),), (0, 1)),
            ShuttleTopology("shuttle2", 1, None, 0, None, (), (("cabin1", 0, 1, "left"),), (1, 2, 3)),
        ),
        (
            CabinTopology(
                "cabin1", 2, turntable=False, reached_by=(("shuttle1", 0, 1, "left"), ("shuttle2", 0, 1, "left"))
            ),
        ),
        (1, 2),
    ),
    levels=1,
    places=(Place(0, 0, "right"),),
    cars=(0,),
)

LIFTS = Layout(
    name="lifts",
    title="two lifts over two levels whose shuttles meet in one aisle, one place, one car",
    topology=_topology(
        (
            LiftTopology("lift1", 1, "shuttle1", has_platform=False),
            LiftTopology("lift2", 1, "shuttle2", has_platform=False),
        ),
        (
            ShuttleTopology("shuttle1", 1, "lift1", None, 0, (), (), (0, 1)),
            ShuttleTopology("shuttle2", 1, "lift2", None, 3, (), (), (1, 2, 3)),
        ),
        (),
    ),
    levels=2,
    places=(Place(0, 1, "right"),),
    cars=(0,),
    people=False,
)

VARIANTS: tuple[Variant, ...] = (
    Variant(TOWER, frozenset({Part.LIES}), frozenset({Part.LATE})),
    Variant(STOPS, frozenset({Part.LIES}), frozenset({Part.TROUBLES, Part.LIES_IN_TROUBLE})),
    Variant(PLATFORM, frozenset({Part.LATE, Part.LIES}), frozenset({Part.TROUBLES, Part.LIES_IN_TROUBLE})),
    Variant(CABIN, frozenset({Part.LATE}), frozenset({Part.TROUBLES})),
    Variant(LIFTS, frozenset({Part.LATE})),
)


def variant(name: str) -> Variant:
    """The variant with this name.

    Raises:
        KeyError: there is none.
    """
    return next((one for one in VARIANTS if one.name == name), None) or _unknown(name)


def _unknown(name: str) -> Variant:
    raise KeyError(name)
