"""A lift: hoist, platform, lock pins, limit switches, governor, rope. Implements ``ports.LiftPort``.

Owns its mechanics and its sensors. Must never command itself; a hard-wired chain may cut its power.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

from controller.garage import Lift
from sim_hardware.plant import load as optics
from sim_hardware.plant.axis import Axis, AxisNames, AxisSpec
from sim_hardware.plant.body import Seat, SeatKind, VehicleBody
from sim_hardware.plant.device import Machine, Site
from sim_hardware.plant.load import DeckEdges, Load
from sim_hardware.plant.piston import Piston
from sim_hardware.plant.profile import MotionFigures
from sim_hardware.plant.space import MOVER_WIDTH_MM
from sim_hardware.plant.timeline import Mechanism
from sim_hardware.plant.violation import ViolationKind
from sim_hardware.plant.zone import ZoneCircuit

LIMIT_SWITCH_MM = 80
"""Final limit switches lie this far beyond the end levels."""
BUFFER_MM = 300
"""Mechanical buffers lie this far beyond the end levels."""
PIN_HOLE_MM = 15
"""Pins find their holes within this distance of a level."""
PIN_PLAY = 0.05
"""A pin further out than this holds the platform."""
GOVERNOR_SHARE = 1.15
"""The governor acts above this share of the nominal speed."""


class Forks(Protocol):
    """What a lift and a cabin see of a shuttle that may reach into them."""

    @property
    def id(self) -> str:
        """Its device id."""

    def into(self, seat: Seat) -> bool:
        """The forks are out towards this seat, at this place and level."""

    @property
    def extension(self) -> float:
        """True extension, left positive."""

    def carried(self) -> tuple[tuple[VehicleBody, float], ...]:
        """Cars on the raised forks, with their place across the aisle."""


class Rider(Forks, Protocol):
    """A shuttle that rides on a lift."""

    @property
    def aboard(self) -> bool:
        """It stands on the platform, docked or straddling its edge."""

    @property
    def docked_truly(self) -> bool:
        """It stands in the platform's dock."""

    @property
    def straddling(self) -> bool:
        """It stands on platform and aisle at once."""

    @property
    def forks_out(self) -> bool:
        """Its forks have left the deck."""

    @property
    def edges(self) -> DeckEdges:
        """Its deck."""

    def loads(self) -> tuple[Load, ...]:
        """What is on its deck and forks."""


class LiftMachine(Machine):
    """One lift. ``rider`` and ``reaching`` are set by the plant once all machines exist."""

    SENSORS = (
        "station_sensor",
        "station_code",
        "load_weight_kg",
        "load_present",
        "load_clear",
        "load_centred",
        "overhang_front_clear",
        "overhang_rear_clear",
        "overhang_left_clear",
        "overhang_right_clear",
        "overtravel_top_clear",
        "overtravel_bottom_clear",
        "rope_taut",
        "speed_ok",
        "shaft_doors_closed",
    )
    FORMS: ClassVar[Mapping[str, type[int]]] = {"station_code": int, "load_weight_kg": int}

    def __init__(self, site: Site, spec: Lift, zone: ZoneCircuit) -> None:
        super().__init__(site, spec.id, zone, self.SENSORS, self.FORMS)
        self.spec = spec
        self.rider: Rider | None = None
        self.reaching: tuple[Forks, ...] = ()
        self.seat = Seat(SeatKind.PLATFORM, spec.id)
        self.way = site.space.column_way[spec.column]
        self.y = site.space.position_y[spec.platform] if spec.platform else 0.0
        stroke = site.space.stroke_to(spec.platform) if spec.platform else 5600
        along = max(MOVER_WIDTH_MM, site.space.layout.config.garage.envelope.width_mm) / 2 + 50
        self.edges = DeckEdges(site.space.half_deck_mm(stroke), along)
        heights = sorted(site.space.level_z[level] for level in spec.levels)
        self.bottom, self.top = heights[0], heights[-1]
        figures = spec.axis
        self.axis = Axis(
            site.timeline,
            site.bank,
            AxisNames(spec.id, position="position_mm", speed="speed_mm_s"),
            AxisSpec(
                MotionFigures(
                    figures.speed_mm_s, figures.acceleration_mm_s2, figures.creep_speed_mm_s, figures.creep_distance_mm
                ),
                tuple(heights),
                self.bottom - BUFFER_MM,
                self.top + BUFFER_MM,
                (self.bottom - LIMIT_SWITCH_MM, self.top + LIMIT_SWITCH_MM),
            ),
            self.bottom,
        )
        prefix = f"{spec.id}.pins_"
        self.pins = Piston(
            site.timeline, site.bank, spec.lock_s, f"{prefix}extended", f"{prefix}retracted", extended=True
        )
        self.pins.free = self._pins_find_holes
        self.axis.held = self._pins_hold
        self.axis.supplied = self._chain_closed
        self.axis.on_jam = self._jammed
        self.axis.on_crash = self._crashed
        self.open_shaft_doors: set[int] = set()
        self.rope_slack = False
        self._loads_moment = (-1.0, -1)
        self._loads: tuple[Load, ...] = ()
        self._top_open = self._bottom_open = self._governor_acted = False
        self._beyond = False
        zone.supply(self.axis, self.pins)
        zone.limit(self.axis)

    # mechanics

    @property
    def mechanisms(self) -> tuple[Mechanism, ...]:
        """Hoist and pins."""
        return self.axis, self.pins

    @property
    def z(self) -> float:
        """Height of the platform."""
        return self.axis.at

    @property
    def drive(self) -> Axis:
        """See ``ports.LiftPort``."""
        return self.axis

    @property
    def pinned(self) -> bool:
        """The pins are really in the building."""
        return self.pins.at >= 1.0

    def at_level(self) -> int | None:
        """The level whose mark is under the reader; only levels that this lift serves have one."""
        level = self._site.space.level_at(self.z, float(self.spec.axis.tolerance_mm))
        return level if level in self.spec.levels else None

    def settle(self) -> None:
        """Hard-wired chain: limit switches, governor, rope."""
        at = self.z
        beyond = at > self.top + LIMIT_SWITCH_MM - 0.01 or at < self.bottom - LIMIT_SWITCH_MM + 0.01
        if beyond and not self._beyond:
            self._top_open = self._top_open or at > self.top
            self._bottom_open = self._bottom_open or at < self.bottom
        self._beyond = beyond
        if abs(self.axis.velocity) > self.spec.axis.speed_mm_s * GOVERNOR_SHARE:
            self._governor_acted = True
        if self.axis.moving and not self._chain_closed():
            self.axis.cut_power()

    def slacken_rope(self) -> None:
        """Fault: rope or chain goes slack; cuts the power."""
        self.rope_slack = True
        self.axis.cut_power()
        self._site.timeline.touch()

    def act_governor(self) -> None:
        """Fault: the governor acts."""
        self._governor_acted = True
        self.axis.cut_power()
        self._site.timeline.touch()

    def reset_governor(self) -> None:
        """See ``ports.LiftPort``."""
        self._governor_acted = self._top_open = self._bottom_open = self.rope_slack = False
        self._site.timeline.touch()

    def loads(self) -> tuple[Load, ...]:
        """Cars above the platform, or above the shuttle that is docked on it."""
        moment = self._moment()
        if moment != self._loads_moment:
            self._loads_moment, self._loads = moment, self._look()
        return self._loads

    def _look(self) -> tuple[Load, ...]:
        if self.rider is not None:
            return self.rider.loads() if self.rider.docked_truly else ()
        resting = [Load(car, car.dx_mm, car.dy_mm, resting=True) for car in self._site.scene.on(self.seat)]
        for forks in self.reaching:
            if forks.into(self.seat):
                resting += [Load(car, car.dx_mm, y - self.y, resting=False) for car, y in forks.carried()]
        return tuple(resting)

    def forks_in(self) -> float:
        """Extension of forks that stand in or over the platform's edge; 0 when there are none."""
        if self.rider is not None:
            return self.rider.extension if self.rider.docked_truly else 0.0
        return next((-forks.extension for forks in self.reaching if forks.into(self.seat)), 0.0)

    # terminals

    @property
    def station_sensor(self) -> bool:
        """See ``ports.LiftPort``."""
        return self._read("station_sensor", self.at_level() is not None)

    @property
    def station_code(self) -> int:
        """See ``ports.LiftPort``."""
        level = self.at_level()
        return self._read("station_code", -1 if level is None else level)

    @property
    def load_weight_kg(self) -> int:
        """See ``ports.LiftPort``."""
        return self._read("load_weight_kg", optics.weight_kg(self.loads(), hanging=self.rider is not None))

    @property
    def load_present(self) -> bool:
        """See ``ports.LiftPort``."""
        return self._read("load_present", optics.present(self.loads(), hanging=False))

    @property
    def load_clear(self) -> bool:
        """See ``ports.LiftPort``."""
        return self._read("load_clear", optics.clear(self.loads()))

    @property
    def load_centred(self) -> bool:
        """See ``ports.LiftPort``."""
        return self._read("load_centred", optics.centred(self.loads()))

    @property
    def overhang_front_clear(self) -> bool:
        """See ``ports.LiftPort``."""
        return self._read("overhang_front_clear", optics.end_clear(self.loads(), self.edges, 1))

    @property
    def overhang_rear_clear(self) -> bool:
        """See ``ports.LiftPort``."""
        return self._read("overhang_rear_clear", optics.end_clear(self.loads(), self.edges, -1))

    @property
    def overhang_left_clear(self) -> bool:
        """See ``ports.LiftPort``."""
        return self._read("overhang_left_clear", optics.edge_clear(self.loads(), self.edges, 1, self.forks_in()))

    @property
    def overhang_right_clear(self) -> bool:
        """See ``ports.LiftPort``."""
        return self._read("overhang_right_clear", optics.edge_clear(self.loads(), self.edges, -1, self.forks_in()))

    @property
    def overtravel_top_clear(self) -> bool:
        """See ``ports.LiftPort``."""
        return self._read("overtravel_top_clear", not self._top_open)

    @property
    def overtravel_bottom_clear(self) -> bool:
        """See ``ports.LiftPort``."""
        return self._read("overtravel_bottom_clear", not self._bottom_open)

    @property
    def rope_taut(self) -> bool:
        """See ``ports.LiftPort``."""
        return self._read("rope_taut", not self.rope_slack)

    @property
    def speed_ok(self) -> bool:
        """See ``ports.LiftPort``."""
        return self._read("speed_ok", not self._governor_acted)

    @property
    def shaft_doors_closed(self) -> bool:
        """See ``ports.LiftPort``."""
        return self._read("shaft_doors_closed", not self.open_shaft_doors)

    def _pins_find_holes(self) -> bool:
        level = self._site.space.level_at(self.z, PIN_HOLE_MM)
        return not self.axis.moving and level in self.spec.levels

    def _pins_hold(self) -> bool:
        return self.pins.at > PIN_PLAY

    def _chain_closed(self) -> bool:
        return not (self._top_open or self._bottom_open or self._governor_acted or self.rope_slack)

    def _jammed(self) -> None:
        self._site.report(ViolationKind.PINS_ENGAGED, f"{self.id} was driven with its lock pins engaged", self.id)

    def _crashed(self) -> None:
        self._site.report(ViolationKind.OVERTRAVEL_CRASH, f"{self.id} ran into the buffer of its shaft", self.id)
