"""What a small garage consists of: the topology that the interlocks see, and the ground truth beside it.

Owns the geometry of the searched garages. Positions are counted in halves, so that everything is also seen half way:
an even number is a level or column, an odd one lies between two. Must never hold anything that changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from plc_drivers.contract import CommandCode, DeviceDefinition, DeviceKind
from safety.logic import definitions_of
from safety.topology import CabinTopology, LiftTopology, ShuttleTopology, Topology

SIDES = {"left": -1, "right": 1}
"""Side of the aisle as the sign of the forks' position."""

HARMLESS = frozenset({CommandCode.STOP, CommandCode.CLEAR})
"""Commands that need no permit and move nothing; the search knows them by what they end."""


@dataclass(frozen=True, slots=True)
class Place:
    """A position that stores one car, beside the aisle at (level, column) to ``side``."""

    level: int
    column: int
    side: str


@dataclass(frozen=True, slots=True)
class Order:
    """One command with its argument, as the core can wish it; ``permit`` is the bit that it needs."""

    code: CommandCode
    arg1: int
    permit: str


@dataclass(frozen=True, slots=True)
class Device:
    """One commanded device: its number in the plant, and every order that it can be given."""

    number: int
    id: str
    kind: DeviceKind
    definition: DeviceDefinition
    orders: tuple[Order, ...]

    @property
    def permits(self) -> tuple[str, ...]:
        """Permits of the kind, in the order of their bits."""
        return self.definition.permits

    def bit(self, permit: str) -> int:
        """Mask of one permit."""
        return 1 << self.definition.permits.index(permit)


@dataclass(frozen=True, slots=True)
class Target:
    """What stands beside the aisle somewhere: ``kind`` is place, platform or cabin; ``number`` counts within it.

    A platform's and a cabin's number is that of the device.
    """

    kind: str
    number: int


@dataclass(frozen=True)
class Layout:
    """A small garage to search.

    ``cars`` are the places taken at the start, ``waiting`` the cars outside. ``people`` is False for a variant whose
    cabin nobody comes to.
    """

    name: str
    title: str
    topology: Topology
    levels: int
    places: tuple[Place, ...]
    cars: tuple[int, ...]
    waiting: int = 0
    people: bool = True

    @cached_property
    def columns(self) -> tuple[tuple[int, int], ...]:
        """First and last column of each shuttle's travel, in the topology's order."""
        return tuple((min(shuttle.columns), max(shuttle.columns)) for shuttle in self.topology.shuttles)

    @cached_property
    def devices(self) -> tuple[Device, ...]:
        """Every commanded device: lifts, shuttles, cabins, in the topology's order."""
        names = [*(x.id for x in self.topology.lifts), *(x.id for x in self.topology.shuttles)]
        names += [x.id for x in self.topology.cabins]
        definitions = definitions_of(self.topology)
        return tuple(
            Device(number, name, definitions[name].kind, definitions[name], self._orders(name, definitions[name]))
            for number, name in enumerate(names)
        )

    @cached_property
    def first_shuttle(self) -> int:
        """Number of the first shuttle among the devices."""
        return len(self.topology.lifts)

    @cached_property
    def first_cabin(self) -> int:
        """Number of the first cabin among the devices."""
        return self.first_shuttle + len(self.topology.shuttles)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Device number by name."""
        return {device.id: device.number for device in self.devices}

    @cached_property
    def targets(self) -> dict[tuple[int, int, int, int], Target]:
        """What forks meet, by (shuttle's device number, level, column, sign of the side)."""
        found: dict[tuple[int, int, int, int], Target] = {}
        for shuttle in self.topology.shuttles:
            number = self.numbers[shuttle.id]
            for place_number, place in enumerate(self.places):
                found[number, place.level, place.column, SIDES[place.side]] = Target("place", place_number)
            for name, level, column, side in shuttle.platforms:
                found[number, level, column, SIDES[side]] = Target("platform", self.numbers[name])
            for name, level, column, side in shuttle.cabins:
                found[number, level, column, SIDES[side]] = Target("cabin", self.numbers[name])
        return found

    def lift(self, number: int) -> LiftTopology:
        """The lift with this device number."""
        return self.topology.lifts[number]

    def shuttle(self, number: int) -> ShuttleTopology:
        """The shuttle with this device number."""
        return self.topology.shuttles[number - self.first_shuttle]

    def cabin(self, number: int) -> CabinTopology:
        """The cabin with this device number."""
        return self.topology.cabins[number - self.first_cabin]

    @cached_property
    def lift_under(self) -> dict[int, int]:
        """Device number of the lift under each shuttle that rides on one."""
        return {self.numbers[s.id]: self.numbers[s.lift] for s in self.topology.shuttles if s.lift is not None}

    @cached_property
    def rider_of(self) -> dict[int, int]:
        """Device number of the shuttle on each lift that carries one."""
        return {lift: shuttle for shuttle, lift in self.lift_under.items()}

    def looks_before_it_travels(self, number: int, order: int) -> bool:
        """An order that moves nothing in its first cycle: travel where a scanner must see another shuttle in time."""
        several = len(self.topology.shuttles) > 1
        device = self.devices[number]
        return several and device.kind is DeviceKind.SHUTTLE and device.orders[order - 1].permit == "travel"

    def dock(self, shuttle: int) -> int:
        """The position, in halves, at which a riding shuttle is docked."""
        return 2 * (self.shuttle(shuttle).home_column or 0)

    def _orders(self, name: str, definition: DeviceDefinition) -> tuple[Order, ...]:
        found: list[Order] = []
        for spec in definition.commands:
            if spec.code in HARMLESS:
                continue
            found += [Order(spec.code, axis, permit) for axis, permit in spec.axes]
            if spec.permit is not None:
                found += [Order(spec.code, arg1, spec.permit) for arg1 in self._arguments(name, spec.code)]
        return tuple(found)

    def _arguments(self, name: str, code: CommandCode) -> tuple[int, ...]:
        """Every argument that means another motion; a half turn to 0 and to 180 degrees is one and the same here."""
        match code:
            case CommandCode.MOVE_TO_LEVEL:
                return tuple(range(self.levels))
            case CommandCode.MOVE_TO_COLUMN:
                shuttles = [shuttle.id for shuttle in self.topology.shuttles]
                low, high = self.columns[shuttles.index(name)]
                return tuple(range(low, high + 1))
            case CommandCode.PICK_LEFT | CommandCode.PICK_RIGHT | CommandCode.PLACE_LEFT | CommandCode.PLACE_RIGHT:
                return (1, 2)
            case CommandCode.ROTATE:
                return (180_000,)
            case _:
                return (0,)
