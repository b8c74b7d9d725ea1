"""What stands where in a garage, and what reaches it.

Owns the shape that follows from a configuration. Must never hold anything that changes while the garage runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from controller.config.models import (
    AxisFigures,
    CabinSection,
    Envelope,
    GarageConfig,
    LiftSection,
    PlaceBlock,
    ShuttleSection,
    Transfer,
)
from controller.garage.side import Side


class PositionKind(Enum):
    """What a position is for."""

    PLACE = "place"
    BUFFER = "buffer"
    CABIN = "cabin"
    PLATFORM = "platform"
    DECK = "deck"


@dataclass(frozen=True, slots=True)
class Position:
    """Anything that can hold one car.

    ``level`` is None for a lift's platform (it moves) and for a shuttle's deck; ``column`` and ``side`` are
    None for a deck. ``owner`` is the lift, shuttle or cabin that the position is part of, empty for a place.
    """

    id: str
    kind: PositionKind
    level: int | None
    column: int | None
    side: Side | None
    depth: int
    limits: Envelope
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a shuttle must stand to reach a position, and to which side and how deep its forks then go."""

    level: int | None
    column: int
    side: Side
    depth: int


@dataclass(frozen=True, slots=True)
class Lift:
    """A lift of the layout. ``platform`` is its own position, None when a shuttle rides on it."""

    id: str
    levels: tuple[int, ...]
    column: int
    platform: str | None
    axis: AxisFigures
    lock_s: float
    zone: int


@dataclass(frozen=True, slots=True)
class Shuttle:
    """A shuttle of the layout; exactly one of ``lift`` (it rides there) and ``level`` is not None."""

    id: str
    lift: str | None
    level: int | None
    columns: tuple[int, ...]
    deck: str
    axis: AxisFigures
    transfer: Transfer
    zone: int


@dataclass(frozen=True, slots=True)
class Cabin:
    """A cabin of the layout and the position inside it."""

    id: str
    position: str
    level: int
    column: int
    side: Side
    turntable: bool
    envelope: Envelope
    section: CabinSection
    zone: int


class Layout:
    """Positions and movers of one garage.

    Built from a configuration that has passed ``geometry.check``; lookups by id raise ``KeyError`` for a
    name that the garage does not have.
    """

    def __init__(self, config: GarageConfig) -> None:
        self.config = config
        self.level_height_mm = {level.number: level.height_mm for level in config.levels}
        self.column_at = {column.number: column.at for column in config.aisle.columns}
        self.lifts = {section.id: _lift(section) for section in config.lifts}
        self.shuttles = {section.id: _shuttle(section) for section in config.shuttles}
        self.cabins = {section.id: _cabin(section, config.garage.envelope) for section in config.cabins}
        self.positions = {position.id: position for position in self._positions(config)}
        self._stops = {
            (shuttle.id, position.id): stop
            for shuttle in self.shuttles.values()
            for position in self.positions.values()
            if (stop := self._stop(shuttle, position)) is not None
        }
        self._in_front = {
            rear.id: (place_id(rear.level, rear.column, rear.side, 1),)
            for rear in self.positions.values()
            if rear.depth > 1 and rear.level is not None and rear.column is not None and rear.side is not None
        }
        self._behind = {front: rear for rear, fronts in self._in_front.items() for front in fronts}
        self._owned: dict[str, list[Position]] = {}
        for position in self.positions.values():
            self._owned.setdefault(position.owner, []).append(position)
        self._storage = tuple(p for p in self.positions.values() if p.kind is PositionKind.PLACE)
        self.rider = {shuttle.lift: shuttle.id for shuttle in self.shuttles.values() if shuttle.lift is not None}

    def stop(self, shuttle: str, position: str) -> Stop | None:
        """Where ``shuttle`` must stand to reach ``position``; None when it never can."""
        return self._stops.get((shuttle, position))

    def reached_by(self, position: str) -> tuple[str, ...]:
        """The shuttles that can reach a position, in the order of the configuration."""
        return tuple(shuttle for shuttle in self.shuttles if (shuttle, position) in self._stops)

    def owned_by(self, device: str) -> tuple[Position, ...]:
        """Positions that are part of a lift, shuttle or cabin."""
        return tuple(self._owned.get(device, ()))

    def home_column(self, shuttle: str) -> int | None:
        """The column at which a riding shuttle is docked on its lift; None for a captive one."""
        lift = self.shuttles[shuttle].lift
        return None if lift is None else self.lifts[lift].column

    def in_front_of(self, position: str) -> tuple[str, ...]:
        """Positions between the aisle and ``position`` (double-deep); empty for one beside the aisle."""
        return self._in_front.get(position, ())

    def behind(self, position: str) -> str | None:
        """The position that ``position`` lies before (double-deep); None when nothing lies behind it."""
        return self._behind.get(position)

    @property
    def is_deep(self) -> bool:
        """True when some position lies behind another one."""
        return bool(self._in_front)

    def storage(self) -> tuple[Position, ...]:
        """The places that store cars for long, in order of their ids."""
        return self._storage

    def _positions(self, config: GarageConfig) -> list[Position]:
        found = [position for block in config.places for position in _places(block, config.garage.envelope)]
        for cabin in self.cabins.values():
            found.append(
                Position(
                    cabin.position,
                    PositionKind.CABIN,
                    cabin.level,
                    cabin.column,
                    cabin.side,
                    1,
                    cabin.envelope,
                    cabin.id,
                )
            )
        for section in config.lifts:
            if section.side is not None:
                found.append(
                    Position(
                        f"{section.id}-platform",
                        PositionKind.PLATFORM,
                        None,
                        section.column,
                        Side(section.side),
                        1,
                        config.garage.envelope,
                        section.id,
                    )
                )
        for shuttle in self.shuttles.values():
            found.append(
                Position(shuttle.deck, PositionKind.DECK, None, None, None, 1, config.garage.envelope, shuttle.id)
            )
        return found

    def _stop(self, shuttle: Shuttle, position: Position) -> Stop | None:
        if position.column is None or position.side is None or position.column not in shuttle.columns:
            return None
        if shuttle.lift is not None:
            levels: tuple[int, ...] = self.lifts[shuttle.lift].levels
        else:
            levels = () if shuttle.level is None else (shuttle.level,)
        if position.kind is PositionKind.PLATFORM:
            if shuttle.level is None or shuttle.level not in self.lifts[position.owner].levels:
                return None
            return Stop(shuttle.level, position.column, position.side, position.depth)
        if position.level not in levels:
            return None
        return Stop(position.level, position.column, position.side, position.depth)


def place_id(level: int, column: int, side: Side, depth: int) -> str:
    """Name of a place, as ``l3-c2-left`` or, behind another one, ``l3-c2-left-2``."""
    name = f"l{level}-c{column}-{side.value}"
    return name if depth == 1 else f"{name}-{depth}"


def _places(block: PlaceBlock, garage: Envelope) -> list[Position]:
    kind = PositionKind.BUFFER if block.kind == "buffer" else PositionKind.PLACE
    limits = Envelope(
        length_mm=block.length_mm,
        width_mm=block.width_mm,
        height_mm=block.height_mm,
        weight_kg=block.weight_kg,
        ground_clearance_mm_min=garage.ground_clearance_mm_min,
    )
    return [
        Position(place_id(level, column, Side(side), depth), kind, level, column, Side(side), depth, limits)
        for level in block.levels
        for column in block.columns
        for side in block.sides
        for depth in block.depths
    ]


def _lift(section: LiftSection) -> Lift:
    platform = None if section.side is None else f"{section.id}-platform"
    return Lift(section.id, section.levels, section.column, platform, section.axis, section.lock_s, section.zone)


def _shuttle(section: ShuttleSection) -> Shuttle:
    return Shuttle(
        section.id,
        section.rides_on,
        section.level,
        section.columns,
        f"{section.id}-deck",
        section.axis,
        section.transfer,
        section.zone,
    )


def _cabin(section: CabinSection, garage: Envelope) -> Cabin:
    return Cabin(
        section.id,
        f"{section.id}-bay",
        section.level,
        section.column,
        Side(section.side),
        section.turntable,
        section.envelope or garage,
        section,
        section.zone,
    )
