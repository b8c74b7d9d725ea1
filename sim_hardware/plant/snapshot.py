"""The true state of the plant at one moment, for tests and drawings; never for a controller.

Owns the shape of a snapshot only.
"""

from __future__ import annotations

from dataclasses import dataclass

from plc_drivers.contract.codes import Sign, TrafficLight


@dataclass(frozen=True, slots=True)
class VehiclePose:
    """A vehicle: what it rests on (``stand:l1-c2-left``), its middle in the world, and where its nose points.

    ``way`` is along the aisle in mm, or in mdeg round a ring; ``heading_mdeg`` 0 is nose left.
    """

    seat: str
    way: float
    y_mm: float
    z_mm: float
    heading_mdeg: float


@dataclass(frozen=True, slots=True)
class LiftPose:
    """A lift: height, speed (up is positive), pins from 0 (free) to 1 (in the building)."""

    z_mm: float
    speed_mm_s: float
    pins: float


@dataclass(frozen=True, slots=True)
class ShuttlePose:
    """A shuttle: place, height, speed, forks (left is positive) and hoist from 0 to 1."""

    way: float
    z_mm: float
    speed: float
    forks_mm: float
    hoist: float


@dataclass(frozen=True, slots=True)
class CabinPose:
    """A cabin: door openings from 0 to 1, plate angle, what is lit."""

    outer: float
    inner: float
    angle_mdeg: float
    light: TrafficLight
    sign: Sign


@dataclass(frozen=True, slots=True)
class PersonPose:
    """A person: at which cabin, and where there (``outside``, ``doorway``, ``inside``, ``in-car``)."""

    cabin: str
    place: str
    vehicle: str | None


@dataclass(frozen=True, slots=True)
class PlantSnapshot:
    """Everything, by id, at ``now_ms`` of plant time."""

    now_ms: int
    lifts: dict[str, LiftPose]
    shuttles: dict[str, ShuttlePose]
    cabins: dict[str, CabinPose]
    vehicles: dict[str, VehiclePose]
    people: dict[str, PersonPose]
