"""Hard-wired signals between the machines' PLCs: what one device's interlock knows of its neighbours.

Owns the wiring that follows from the layout. A wire carries one proven condition; 1 is safe. Must never carry a
command, and never goes over a network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from controller.garage import Layout, PositionKind, Side
from sim_hardware.plant.ports import CabinPort, LiftPort, PlantPorts, ShuttlePort

Wire = Callable[[], bool]

ALIGNED_MDEG = 300
"""How far from 0 or 180000 the turntable still counts as in line: what its index pin finds."""


def always() -> bool:
    """A wire that is bridged at the terminal, because the neighbour does not exist."""
    return True


def never() -> bool:
    """A wire that is not connected reads 0: not safe."""
    return False


@dataclass(frozen=True, slots=True)
class Reach:
    """One position that a shuttle's forks can go into, as its PLC's own table has it."""

    level: int | None
    column: int
    side: Side
    depth: int
    open_to_forks: Wire


@dataclass(frozen=True, slots=True)
class ShuttleWires:
    """``on_firm_ground``: the lift it rides on stands at a level with its pins in the building."""

    lift_level: Callable[[], int | None]
    on_firm_ground: Wire
    reach: tuple[Reach, ...]


@dataclass(frozen=True, slots=True)
class LiftWires:
    """``rider_aboard``: the riding shuttle is docked; ``forks_home``: no fork that reaches the platform is out."""

    rider_aboard: Wire
    forks_home: Wire


@dataclass(frozen=True, slots=True)
class CabinWires:
    """``forks_home``: no shuttle stands before this cabin with its forks out of the middle."""

    forks_home: Wire


def lift_wires(layout: Layout, ports: PlantPorts, lift: str) -> LiftWires:
    """Wires of a lift's PLC."""
    rider = layout.rider.get(lift)
    if rider is not None:
        port = ports.shuttles[rider]
        return LiftWires(lambda: port.docked, lambda: port.forks_centred)
    platform = layout.lifts[lift].platform
    column = layout.lifts[lift].column
    near = [ports.shuttles[name] for name in layout.reached_by(platform or "")]
    return LiftWires(always, lambda: all(_forks_home(shuttle, column) for shuttle in near))


def shuttle_wires(layout: Layout, ports: PlantPorts, shuttle: str) -> ShuttleWires:
    """Wires and position table of a shuttle's PLC."""
    reach = tuple(
        Reach(stop.level, stop.column, stop.side, stop.depth, _open_to_forks(layout, ports, position.id, stop.level))
        for position in layout.positions.values()
        if (stop := layout.stop(shuttle, position.id)) is not None
    )
    lift = layout.shuttles[shuttle].lift
    if lift is None:
        level = layout.shuttles[shuttle].level
        return ShuttleWires(lambda: level, always, reach)
    port = ports.lifts[lift]
    return ShuttleWires(
        lambda: port.station_code if port.station_sensor else None, lambda: lift_locked(port, None), reach
    )


def cabin_wires(layout: Layout, ports: PlantPorts, cabin: str) -> CabinWires:
    """Wires of a cabin's PLC."""
    shape = layout.cabins[cabin]
    near = [ports.shuttles[name] for name in layout.reached_by(shape.position)]
    lifts = {name: layout.shuttles[name].lift for name in layout.reached_by(shape.position)}

    def here(shuttle: ShuttlePort) -> bool:
        lift = lifts[shuttle.id]
        return lift is None or ports.lifts[lift].station_code in {shape.level, -1}

    return CabinWires(lambda: all(not here(s) or _forks_home(s, shape.column) for s in near))


def lift_locked(lift: LiftPort, level: int | None) -> bool:
    """The platform stands at ``level`` (any level for None) with all its pins in the building."""
    at_level = lift.station_sensor and (level is None or lift.station_code == level)
    return at_level and lift.pins.extended and not lift.pins.retracted and lift.drive.standstill


def cabin_open_to_forks(cabin: CabinPort) -> bool:
    """The cabin takes the forks: inner door open, outer shut, plate in line and locked, nobody inside (H02)."""
    return (
        cabin.inner.is_open
        and cabin.outer.is_closed
        and cabin.outer.bolt.extended
        and cabin.exit_closed
        and cabin.platform_present
        and cabin.platform_level
        and cabin.index.extended
        and cabin.turntable.standstill
        and cabin_aligned(cabin)
        and nobody_inside(cabin)
    )


def cabin_aligned(cabin: CabinPort) -> bool:
    """The plate stands in line with the doors."""
    angle = cabin.turntable.position
    return min(abs(angle), abs(angle - 180_000)) <= ALIGNED_MDEG


def nobody_inside(cabin: CabinPort) -> bool:
    """Both presence sensors say that nobody is in the cabin."""
    return cabin.curtain_ok and cabin.curtain_count == 0 and cabin.scanner_clear


def _forks_home(shuttle: ShuttlePort, column: int) -> bool:
    return shuttle.forks_centred or shuttle.station_code != column


def _open_to_forks(layout: Layout, ports: PlantPorts, position: str, level: int | None) -> Wire:
    shape = layout.positions[position]
    if shape.kind is PositionKind.CABIN:
        cabin = ports.cabins[shape.owner]
        return lambda: cabin_open_to_forks(cabin)
    if shape.kind is PositionKind.PLATFORM:
        lift = ports.lifts[shape.owner]
        return lambda: lift_locked(lift, level)
    return always
