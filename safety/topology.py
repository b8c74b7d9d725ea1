"""The garage as the interlocks see it: which devices there are and how they stand to each other.

Owns the facts from which interlocks are instantiated. Must never import the controller; the controller makes
one of these from its layout.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

from safety.waiver import Waiver

HAND_SPEED_MM_S = 300
"""Fastest reading of an axis moved by hand: 250 mm/s, as machines with people beside them are set up, and its noise."""

HAND_SPEED_MDEG_S = 6000
"""The same at the end of a car of 5.3 m on a turntable."""


GENERATOR_MOVERS_MAX = 1
"""One drive at a time: a standby generator is small, a lift's motor draws several times its rated current as it starts,
and whoever knows the generator's figures configures more."""


@dataclass(frozen=True, slots=True)
class LiftTopology:
    """A lift; ``rider`` is the shuttle that rides on it, ``reached_by`` the captive shuttles that transfer onto it.

    ``reached_by`` holds (shuttle, level, column, side) for each shuttle whose forks reach this platform.
    ``stop_ms`` is the longest time from a lost permit to standstill, ``deceleration`` the designed braking in mm/s2.
    ``hand_speed_max`` is the fastest that it may move by hand, in mm/s.
    """

    id: str
    zone: int
    rider: str | None
    has_platform: bool
    reached_by: tuple[tuple[str, int, int, str], ...] = ()
    stop_ms: int = 4000
    deceleration: int = 400
    hand_speed_max: int = HAND_SPEED_MM_S


@dataclass(frozen=True, slots=True)
class ShuttleTopology:
    """A shuttle; ``lift`` is the lift it rides on, ``home_column`` where it is docked there.

    ``level`` is its level when it is captive. ``platforms`` holds (lift, level, column, side) for each lift
    platform that its forks reach; ``cabins`` holds (cabin, level, column, side) for each cabin they reach.
    ``columns`` are those at which it stops, numbered along the aisle as its ``position`` grows.
    ``stop_ms`` is the longest time from a lost permit to standstill along the aisle, ``deceleration`` the designed
    braking in mm/s2, or mdeg/s2 round a ring.
    ``hand_speed_max`` is the fastest that it may travel by hand, in mm/s, or in mdeg/s round a ring.
    """

    id: str
    zone: int
    lift: str | None
    level: int | None
    home_column: int | None
    platforms: tuple[tuple[str, int, int, str], ...]
    cabins: tuple[tuple[str, int, int, str], ...]
    columns: tuple[int, ...] = ()
    stop_ms: int = 5000
    deceleration: int = 400
    hand_speed_max: int = HAND_SPEED_MM_S


@dataclass(frozen=True, slots=True)
class CabinTopology:
    """A cabin; ``reached_by`` holds (shuttle, level, column, side) for each shuttle whose forks reach into it.

    ``stop_ms`` is the longest time from a lost permit to the turntable's standstill, ``deceleration`` its designed
    braking in mdeg/s2.
    ``hand_speed_max`` is the fastest that its turntable may turn by hand, in mdeg/s.
    """

    id: str
    zone: int
    turntable: bool
    reached_by: tuple[tuple[str, int, int, str], ...]
    stop_ms: int = 3000
    deceleration: int = 15_000
    hand_speed_max: int = HAND_SPEED_MDEG_S


@dataclass(frozen=True, slots=True)
class Topology:
    """All devices of a garage, with the safety PLC's name and zones.

    ``absent`` names the sensors, as ``device.tag``, that this garage does not have; ``waivers`` says who answers for
    those among them that an interlock reads.
    ``generator_movers_max`` is how many drives may be in motion at once while the mains do not feed the machine alone.
    ``ring`` says that the aisle goes round: nothing there lies between two columns for certain.
    ``fire_finish_ms`` is how long after a fire alarm a command under way may come to its end; 0 stops at once.
    """

    lifts: tuple[LiftTopology, ...]
    shuttles: tuple[ShuttleTopology, ...]
    cabins: tuple[CabinTopology, ...]
    safety: str
    zones: tuple[int, ...]
    clearance_countdown_ms: int
    absent: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    fire_finish_ms: int = 0
    generator_movers_max: int = GENERATOR_MOVERS_MAX
    ring: bool = False


class TopologyError(ValueError):
    """A topology that contradicts itself: a name used twice, or a device that is spoken of and not there."""


class Housed(Protocol):
    """What says where a shuttle belongs: the lift that it rides on, or the level to which it is captive."""

    @property
    def lift(self) -> str | None:
        """The lift it rides on."""
        ...

    @property
    def level(self) -> int | None:
        """The level that it never leaves."""
        ...


def may_meet(one: Housed, other: Housed) -> bool:
    """True when the two can come into one aisle: never two captive ones of different levels."""
    return one.lift is not None or other.lift is not None or one.level == other.level


def check(topology: Topology) -> None:
    """Look whether every device that is spoken of is there once, and every reach is known at both ends.

    A riding shuttle has a home column, where it is docked, and a captive one a level; never both, never neither (H07).
    A reach that only one end knows of would leave the other end without its interlock (H02, H07, H08). A shuttle that
    can meet another says where it stops: a way that no interlock speaks of would be open to it (H09).

    Raises:
        TopologyError: with the device and what is wrong with it.
    """
    names = [topology.safety, *(device.id for device in _devices(topology))]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise TopologyError(f"devices named twice: {', '.join(twice)}")
    riders = {(lift.id, lift.rider) for lift in topology.lifts if lift.rider is not None}
    ridden = {(shuttle.lift, shuttle.id) for shuttle in topology.shuttles if shuttle.lift is not None}
    if riders != ridden:
        raise TopologyError(f"lift and shuttle do not agree on who rides on whom: {sorted(riders ^ ridden)}")
    astray = [
        s.id
        for s in topology.shuttles
        if (s.lift is None) != (s.home_column is None) or (s.lift is None) == (s.level is None)
    ]
    if astray:
        raise TopologyError(f"neither riding with a home column nor captive on a level: {', '.join(astray)}")
    said = {(s.id, stop) for s in topology.shuttles for stop in (*s.platforms, *s.cabins)}
    spaces = [(lift.id, lift.reached_by) for lift in topology.lifts]
    spaces += [(cabin.id, cabin.reached_by) for cabin in topology.cabins]
    known = {(reach[0], (space, *reach[1:])) for space, reached_by in spaces for reach in reached_by}
    if said != known:
        raise TopologyError(f"reaches that only one end knows of: {sorted(said ^ known)}")
    _check_company(topology)


def _check_company(topology: Topology) -> None:
    """Shuttles that can meet: on a straight aisle with their columns, on a ring never two captive to one level."""
    pairs = [(one, other) for one, other in combinations(topology.shuttles, 2) if may_meet(one, other)]
    if not topology.ring:
        silent = sorted({shuttle.id for pair in pairs for shuttle in pair if not shuttle.columns})
        if silent:
            raise TopologyError(f"shuttles that can meet others, without their columns: {', '.join(silent)}")
        return
    together = [f"{one.id} and {other.id}" for one, other in pairs if one.lift is None and other.lift is None]
    if together:
        raise TopologyError(f"captive to one level of a ring, where neither can be proven out of the way: {together}")


def _devices(topology: Topology) -> tuple[LiftTopology | ShuttleTopology | CabinTopology, ...]:
    return (*topology.lifts, *topology.shuttles, *topology.cabins)
