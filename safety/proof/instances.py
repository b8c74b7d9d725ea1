"""For which devices of a layout a predicate is said: one case for each.

Owns the ways to go over a topology. Must never name a device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from plc_drivers.contract import DEFINITIONS, DeviceKind
from safety.proof.axis import Axis, axes
from safety.proof.formula import Formula
from safety.proof.moment import Moment
from safety.proof.predicate import Case
from safety.proof.space import Space, cabin_spaces, may_enter, platform_spaces, riders, spaces
from safety.topology import CabinTopology, LiftTopology, ShuttleTopology, Topology
from safety.trip import Trip
from safety.trips import trips_of

Cases = Callable[[Topology], Iterator[Case]]
_What = TypeVar("_What")

SIDES = ("left", "right")


def each_cabin(forbidden: Callable[[Moment, CabinTopology], Formula]) -> Cases:
    """Said of every cabin."""
    return lambda topology: (Case(one.id, partial(_swap, forbidden, one)) for one in topology.cabins)


def each_lift(forbidden: Callable[[Moment, LiftTopology], Formula]) -> Cases:
    """Said of every lift."""
    return lambda topology: (Case(one.id, partial(_swap, forbidden, one)) for one in topology.lifts)


def each_shuttle(forbidden: Callable[[Moment, ShuttleTopology], Formula]) -> Cases:
    """Said of every shuttle."""
    return lambda topology: (Case(one.id, partial(_swap, forbidden, one)) for one in topology.shuttles)


def each_side(forbidden: Callable[[Moment, tuple[str, str]], Formula]) -> Cases:
    """Said of both sides of every shuttle, as (shuttle, side)."""
    return lambda topology: (
        Case(f"{one.id} to the {side}", partial(_swap, forbidden, (one.id, side)))
        for one in topology.shuttles
        for side in SIDES
    )


def each_rider(forbidden: Callable[[Moment, tuple[LiftTopology, ShuttleTopology]], Formula]) -> Cases:
    """Said of every lift with the shuttle that rides on it."""
    return lambda topology: (
        Case(f"{pair[1].id} on {pair[0].id}", partial(_swap, forbidden, pair)) for pair in riders(topology)
    )


def each_space(forbidden: Callable[[Moment, Space], Formula]) -> Cases:
    """Said of every cabin and platform as each shuttle reaches it."""
    return lambda topology: (Case(str(one), partial(_swap, forbidden, one)) for one in spaces(topology))


def each_cabin_space(forbidden: Callable[[Moment, Space], Formula]) -> Cases:
    """Said of every cabin as each shuttle reaches it."""
    return lambda topology: (Case(str(one), partial(_swap, forbidden, one)) for one in cabin_spaces(topology))


def each_platform_space(forbidden: Callable[[Moment, Space], Formula]) -> Cases:
    """Said of every lift's platform as each shuttle reaches it."""
    return lambda topology: (Case(str(one), partial(_swap, forbidden, one)) for one in platform_spaces(topology))


def each_pair_in_one_space(forbidden: Callable[[Moment, tuple[Space, Space]], Formula]) -> Cases:
    """Said of every two shuttles that reach one cabin or platform, both ways round."""
    return lambda topology: (
        Case(f"{one} beside {other.shuttle}", partial(_swap, forbidden, (one, other)))
        for one in spaces(topology)
        for other in spaces(topology)
        if one.shuttle != other.shuttle and (one.target, one.level) == (other.target, other.level)
    )


def each_pair_of_shuttles(forbidden: Callable[[Moment, tuple[ShuttleTopology, ShuttleTopology]], Formula]) -> Cases:
    """Said of every two shuttles that can come into one aisle: never two captive ones of different levels."""
    return lambda topology: (
        Case(f"{one.id} beside {other.id}", partial(_swap, forbidden, (one, other)))
        for one in topology.shuttles
        for other in topology.shuttles
        if one.id != other.id and (one.level is None or other.level is None or one.level == other.level)
    )


def each_machine_move_in_a_cabin(forbidden: Callable[[Moment, CabinTopology, Formula], Formula]) -> Cases:
    """Said of turntable, inner door and every shuttle's forks in every cabin; with the formula that it moves."""

    def cases(topology: Topology) -> Iterator[Case]:
        for cabin in topology.cabins:
            for permit in ("rotate", "inner"):
                yield Case(f"{cabin.id}.{permit}", partial(_permit_moves, forbidden, cabin, permit))
            for space in cabin_spaces(topology):
                if space.target == cabin.id:
                    yield Case(str(space), partial(_forks_move, forbidden, cabin, space))

    return cases


def each_device(forbidden: Callable[[Moment, str], Formula]) -> Cases:
    """Said of every device that takes commands."""
    return lambda topology: (Case(name, partial(_swap, forbidden, name)) for name, _ in commanded(topology))


def each_function(forbidden: Callable[[Moment, tuple[str, str]], Formula]) -> Cases:
    """Said of every hazardous function, as (device, permit)."""
    return lambda topology: (
        Case(f"{name}.{permit}", partial(_swap, forbidden, (name, permit)))
        for name, kind in commanded(topology)
        for permit in DEFINITIONS[kind].permits
    )


def each_axis(forbidden: Callable[[Moment, Axis], Formula]) -> Cases:
    """Said of every driven axis."""
    return lambda topology: (Case(str(one), partial(_swap, forbidden, one)) for one in axes(topology))


def each_trip(forbidden: Callable[[Moment, Trip], Formula]) -> Cases:
    """Said of every trip that stays until a person resets it."""
    return lambda topology: (Case(one.id, partial(_swap, forbidden, one)) for one in trips_of(topology) if one.latch)


def commanded(topology: Topology) -> Iterator[tuple[str, DeviceKind]]:
    """Every device that takes commands, with its kind."""
    yield from ((one.id, DeviceKind.LIFT) for one in topology.lifts)
    yield from ((one.id, DeviceKind.SHUTTLE) for one in topology.shuttles)
    yield from ((one.id, DeviceKind.CABIN) for one in topology.cabins)


def _swap(forbidden: Callable[[Moment, _What], Formula], what: _What, at: Moment) -> Formula:
    return forbidden(at, what)


def _permit_moves(
    forbidden: Callable[[Moment, CabinTopology, Formula], Formula], cabin: CabinTopology, permit: str, at: Moment
) -> Formula:
    return forbidden(at, cabin, at.out(cabin.id, permit))


def _forks_move(
    forbidden: Callable[[Moment, CabinTopology, Formula], Formula], cabin: CabinTopology, space: Space, at: Moment
) -> Formula:
    return forbidden(at, cabin, may_enter(at, space))
