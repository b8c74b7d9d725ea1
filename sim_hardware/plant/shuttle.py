"""A shuttle: travel, telescopic forks, deck. Implements ``ports.ShuttlePort``.

Owns its mechanics and its sensors. What its forks lift and set down is in ``transfer.py``. Must never command itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controller.garage import Position, PositionKind, Shuttle, Side
from sim_hardware.plant import load as optics
from sim_hardware.plant.axis import Axis, AxisNames, AxisSpec
from sim_hardware.plant.body import Seat, SeatKind, VehicleBody
from sim_hardware.plant.cabin import CabinMachine
from sim_hardware.plant.device import Machine, Site
from sim_hardware.plant.door import OPEN_ENOUGH
from sim_hardware.plant.lift import LiftMachine
from sim_hardware.plant.load import DeckEdges, Load
from sim_hardware.plant.piston import Piston
from sim_hardware.plant.profile import MotionFigures
from sim_hardware.plant.space import LEVEL_TOLERANCE_MM, MOVER_WIDTH_MM, SWITCH_REACH_MM
from sim_hardware.plant.timeline import Mechanism
from sim_hardware.plant.violation import ViolationKind
from sim_hardware.plant.zone import ZoneCircuit

FORKS_OUT_MM = 30
"""From here on the forks leave their deck."""
HOME_SWITCH_MM = 10
FORK_CREEP_MM_S = 150
FORK_CREEP_MM = 40
BEAM_REACH_MM = 2000
"""The beam into a position sees a car that comes this near to the position's middle."""
SCANNER_GAP_MM = 250


class ShuttleMachine(Machine):
    """One shuttle. ``neighbours`` is set by the plant once all machines exist."""

    SENSORS = (
        "station_sensor",
        "station_code",
        "forks_centred",
        "load_weight_kg",
        "load_present",
        "load_clear",
        "load_centred",
        "overhang_front_clear",
        "overhang_rear_clear",
        "overhang_left_clear",
        "overhang_right_clear",
        "target_left_occupied",
        "target_left_clear",
        "target_right_occupied",
        "target_right_clear",
        "rear_left_occupied",
        "rear_left_clear",
        "rear_right_occupied",
        "rear_right_clear",
        "zone_clear",
        "docked",
    )
    FORMS: ClassVar[Mapping[str, type[int]]] = {"station_code": int, "load_weight_kg": int}

    def __init__(
        self,
        site: Site,
        spec: Shuttle,
        zone: ZoneCircuit,
        lifts: dict[str, LiftMachine],
        cabins: dict[str, CabinMachine],
    ) -> None:
        super().__init__(site, spec.id, zone, self.SENSORS, self.FORMS)
        self.spec = spec
        self.lift = lifts[spec.lift] if spec.lift is not None else None
        self.neighbours: tuple[ShuttleMachine, ...] = ()
        self.lifts, self.cabins = lifts, cabins
        self.deck = Seat(SeatKind.DECK, spec.id)
        self.grip = Seat(SeatKind.FORKS, spec.id)
        space = site.space
        ways = sorted(space.column_way[column] for column in spec.columns)
        self.home_way = ways[0] if self.lift is None else self.lift.way
        along = max(MOVER_WIDTH_MM, space.layout.config.garage.envelope.width_mm) / 2 + 50
        self._edges = DeckEdges(space.half_deck_mm(spec.transfer.stroke_mm), along)
        dock = space.stop_tolerance
        watched = (
            ()
            if self.lift is None
            else tuple(self.home_way + gap for gap in (-space.clear_way, -dock, dock, space.clear_way))
        )
        margin = space.clear_way / 2
        figures = spec.axis
        self.axis = Axis(
            site.timeline,
            site.bank,
            AxisNames(spec.id),
            AxisSpec(
                MotionFigures(
                    figures.speed_mm_s, figures.acceleration_mm_s2, figures.creep_speed_mm_s, figures.creep_distance_mm
                ),
                tuple(ways),
                min(ways[0], self.home_way) - margin,
                max(ways[-1], self.home_way) + margin,
                watched,
            ),
            self.home_way,
        )
        transfer = spec.transfer
        reach = 2 * transfer.stroke_mm + 200.0
        self.fork_axis = Axis(
            site.timeline,
            site.bank,
            AxisNames(spec.id, "forks_", "forks_position", "forks_speed"),
            AxisSpec(
                MotionFigures(transfer.empty_speed_mm_s, transfer.acceleration_mm_s2, FORK_CREEP_MM_S, FORK_CREEP_MM),
                (0.0,),
                -reach,
                reach,
            ),
            0.0,
        )
        self.hoist = Piston(
            site.timeline, site.bank, transfer.engage_s, f"{spec.id}.forks_raised", f"{spec.id}.forks_lowered"
        )
        self._off_level: int | None = None
        self._loads_moment = (-1.0, -1)
        self._loads: tuple[Load, ...] = ()
        zone.supply(self.axis, self.fork_axis, self.hoist)
        zone.limit(self.axis, self.fork_axis)

    # mechanics

    @property
    def mechanisms(self) -> tuple[Mechanism, ...]:
        """Travel, forks and hoist."""
        return self.axis, self.fork_axis, self.hoist

    @property
    def way(self) -> float:
        """Place along the aisle or round the ring."""
        return self.axis.at

    @property
    def extension(self) -> float:
        """True extension of the forks, left positive."""
        return self.fork_axis.at

    @property
    def forks_out(self) -> bool:
        """The forks have left the deck."""
        return abs(self.fork_axis.at) > FORKS_OUT_MM

    @property
    def edges(self) -> DeckEdges:
        """Its deck."""
        return self._edges

    @property
    def drive(self) -> Axis:
        """See ``ports.ShuttlePort``."""
        return self.axis

    @property
    def forks(self) -> Axis:
        """See ``ports.ShuttlePort``."""
        return self.fork_axis

    @property
    def home_gap(self) -> float:
        """Distance from the dock on its lift; 0 for a captive one."""
        return 0.0 if self.lift is None else abs(self.way - self.home_way)

    @property
    def aboard(self) -> bool:
        """At least a part of it stands on its lift's platform; round a ring it never leaves it."""
        return self.lift is not None and self._off_level is None

    @property
    def docked_truly(self) -> bool:
        """It stands in the dock of its lift's platform."""
        return self.aboard and self.home_gap <= self._site.space.stop_tolerance

    @property
    def straddling(self) -> bool:
        """It stands on platform and aisle at once."""
        if self.lift is None or self._site.space.ring:
            return False
        return self._site.space.stop_tolerance < self.home_gap < self._site.space.clear_way

    @property
    def z(self) -> float:
        """Height of its rails."""
        if self.lift is None:
            return self._site.space.level_z[self.spec.level or 0]
        return self.lift.z if self._off_level is None else self._site.space.level_z[self._off_level]

    def level(self) -> int | None:
        """The level at which it stands within the levelling tolerance."""
        if self.lift is None:
            return self.spec.level
        return self._off_level if self._off_level is not None else self._site.space.level_at(self.z, LEVEL_TOLERANCE_MM)

    def settle(self) -> None:
        """Pass from platform to aisle and back."""
        if self.lift is None or self._site.space.ring:
            return
        off = self.home_gap >= self._site.space.clear_way - 0.01
        if off and self._off_level is None:
            self._off_level = self._site.space.level_at(self.lift.z, LEVEL_TOLERANCE_MM)
        elif not off and self._off_level is not None:
            if abs(self.lift.z - self.z) > LEVEL_TOLERANCE_MM:
                text = f"{self.id} drove into the shaft: the platform of {self.lift.id} is not at its level"
                self._site.report(ViolationKind.MOVER_FELL, text, self.id, self.lift.id)
            self._off_level = None

    def across(self, side: Side, depth: int) -> Position | None:
        """The position that the forks would reach from here; a platform only while it stands here."""
        level = self.level()
        column = self._site.space.column_at(self.way, self._site.space.stop_tolerance)
        if level is None or column is None:
            return None
        position = self._site.space.across(level, column, side, depth)
        if position is not None and position.kind is PositionKind.PLATFORM:
            gap = abs(self.lifts[position.owner].z - self.z)
            return position if gap <= LEVEL_TOLERANCE_MM else None
        return position

    def fork_side(self) -> Side:
        """The side to which the forks are out."""
        return Side.LEFT if self.extension > 0 else Side.RIGHT

    def fork_depth(self) -> int:
        """How many positions deep the forks reach; 0 while they are centred."""
        stroke = self.spec.transfer.stroke_mm
        if not self.forks_out:
            return 0
        return 1 if abs(self.extension) <= stroke + self._site.space.stop_tolerance else 2

    def into(self, seat: Seat) -> bool:
        """The forks are out towards this seat, as a lift or a cabin beside the aisle sees them."""
        if not self.forks_out:
            return False
        column = self._site.space.column_at(self.way, self._site.space.clear_way / 2)
        level = self._site.space.level_at(self.z, LEVEL_TOLERANCE_MM)
        if column is None or level is None:
            return False
        position = self._site.space.across(level, column, self.fork_side(), 1)
        return position is not None and self._site.space.seat(position) == seat

    def carried(self) -> tuple[tuple[VehicleBody, float], ...]:
        """Cars on the raised forks, with their place across the aisle."""
        return tuple((car, self.extension + car.dy_mm) for car in self._site.scene.on(self.grip))

    def loads(self) -> tuple[Load, ...]:
        """What is on its deck and forks."""
        moment = self._moment()
        if moment != self._loads_moment:
            self._loads_moment, self._loads = moment, self._look()
        return self._loads

    def _look(self) -> tuple[Load, ...]:
        scene = self._site.scene
        resting = tuple(Load(car, car.dx_mm, car.dy_mm, resting=True) for car in scene.on(self.deck))
        return resting + tuple(Load(car, car.dx_mm, y, resting=False) for car, y in self.carried())

    def standing_in(self, position: Position) -> list[tuple[VehicleBody, float]]:
        """Cars that stand in a position, with their place across the aisle."""
        scene = self._site.scene
        if position.kind is PositionKind.CABIN:
            cabin = self.cabins[position.owner]
            return [(car, cabin.y_and_heading(car)[1]) for car in cabin.standing()]
        middle = self._site.space.position_y[position.id]
        return [(car, middle + car.dy_mm) for car in scene.on(self._site.space.seat(position))]

    # terminals

    @property
    def station_sensor(self) -> bool:
        """See ``ports.ShuttlePort``."""
        return self._read("station_sensor", self._mark() is not None)

    @property
    def station_code(self) -> int:
        """See ``ports.ShuttlePort``."""
        mark = self._mark()
        return self._read("station_code", -1 if mark is None else mark)

    @property
    def forks_centred(self) -> bool:
        """See ``ports.ShuttlePort``."""
        return self._read("forks_centred", abs(self.extension) <= HOME_SWITCH_MM)

    @property
    def load_weight_kg(self) -> int:
        """See ``ports.ShuttlePort``."""
        return self._read("load_weight_kg", optics.weight_kg(self.loads(), hanging=True))

    @property
    def load_present(self) -> bool:
        """See ``ports.ShuttlePort``."""
        return self._read("load_present", optics.present(self.loads(), hanging=True))

    @property
    def load_clear(self) -> bool:
        """See ``ports.ShuttlePort``."""
        return self._read("load_clear", optics.clear(self.loads()))

    @property
    def load_centred(self) -> bool:
        """See ``ports.ShuttlePort``."""
        return self._read("load_centred", optics.centred(self.loads()))

    @property
    def overhang_front_clear(self) -> bool:
        """See ``ports.ShuttlePort``."""
        return self._read("overhang_front_clear", optics.end_clear(self.loads(), self._edges, 1))

    @property
    def overhang_rear_clear(self) -> bool:
        """See ``ports.ShuttlePort``."""
        return self._read("overhang_rear_clear", optics.end_clear(self.loads(), self._edges, -1))

    @property
    def overhang_left_clear(self) -> bool:
        """See ``ports.ShuttlePort``."""
        return self._read("overhang_left_clear", optics.edge_clear(self.loads(), self._edges, 1, self.extension))

    @property
    def overhang_right_clear(self) -> bool:
        """See ``ports.ShuttlePort``."""
        return self._read("overhang_right_clear", optics.edge_clear(self.loads(), self._edges, -1, self.extension))

    @property
    def target_left_occupied(self) -> bool:
        """See ``ports.ShuttlePort``."""
        return self._read("target_left_occupied", self._occupied(Side.LEFT, 1))

    @property
    def target_left_clear(self) -> bool:
        """See ``ports.ShuttlePort``."""
        return self._read("target_left_clear", self._beam_back(Side.LEFT, 1))

    @property
    def target_right_occupied(self) -> bool:
        """See ``ports.ShuttlePort``."""
        return self._read("target_right_occupied", self._occupied(Side.RIGHT, 1))

    @property
    def target_right_clear(self) -> bool:
        """See ``ports.ShuttlePort``."""
        return self._read("target_right_clear", self._beam_back(Side.RIGHT, 1))

    @property
    def rear_left_occupied(self) -> bool:
        """See ``ports.ShuttlePort``."""
        return self._read("rear_left_occupied", self._occupied(Side.LEFT, 2))

    @property
    def rear_left_clear(self) -> bool:
        """See ``ports.ShuttlePort``."""
        return self._read("rear_left_clear", self._beam_back(Side.LEFT, 2))

    @property
    def rear_right_occupied(self) -> bool:
        """See ``ports.ShuttlePort``."""
        return self._read("rear_right_occupied", self._occupied(Side.RIGHT, 2))

    @property
    def rear_right_clear(self) -> bool:
        """See ``ports.ShuttlePort``."""
        return self._read("rear_right_clear", self._beam_back(Side.RIGHT, 2))

    @property
    def zone_clear(self) -> bool:
        """See ``ports.ShuttlePort``."""
        gap = self._site.space.clear_way * (1 + SCANNER_GAP_MM / MOVER_WIDTH_MM)
        truth = not any(other.z == self.z and abs(other.way - self.way) < gap for other in self.neighbours)
        return self._read("zone_clear", truth)

    @property
    def docked(self) -> bool:
        """See ``ports.ShuttlePort``."""
        return self._read("docked", self.lift is None or self.docked_truly)

    def _mark(self) -> int | None:
        column = self._site.space.column_at(self.way, float(self.spec.axis.tolerance_mm))
        return column if column in self.spec.columns else None

    def _occupied(self, side: Side, depth: int) -> bool:
        position = self.across(side, depth)
        if position is None:
            return False
        middle = self._site.space.position_y[position.id]
        return any(abs(y - middle) < SWITCH_REACH_MM for _, y in self.standing_in(position))

    def _beam_back(self, side: Side, depth: int) -> bool:
        position = self.across(side, depth)
        if position is None:
            return False
        if position.kind is PositionKind.CABIN and self.cabins[position.owner].inner.opening < OPEN_ENOUGH:
            return False
        middle = self._site.space.position_y[position.id]
        cars = [*self.standing_in(position), *self.carried()]
        return not any(abs(y - middle) < car.spec.length_mm / 2 + BEAM_REACH_MM for car, y in cars)
