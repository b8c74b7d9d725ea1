"""The garage as the interlocks see it: which devices there are and how they stand to each other.

Owns the facts from which interlocks are instantiated. Must never import the controller; the controller makes
one of these from its layout.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LiftTopology:
    """A lift; ``rider`` is the shuttle that rides on it, ``reached_by`` the captive shuttles that transfer onto it.

    ``reached_by`` holds (shuttle, level, column, side) for each shuttle whose forks reach this platform.
    """

    id: str
    zone: int
    rider: str | None
    has_platform: bool
    reached_by: tuple[tuple[str, int, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ShuttleTopology:
    """A shuttle; ``lift`` is the lift it rides on, ``home_column`` where it is docked there.

    ``level`` is its level when it is captive. ``platforms`` holds (lift, level, column, side) for each lift
    platform that its forks reach; ``cabins`` holds (cabin, level, column, side) for each cabin they reach.
    """

    id: str
    zone: int
    lift: str | None
    level: int | None
    home_column: int | None
    platforms: tuple[tuple[str, int, int, str], ...]
    cabins: tuple[tuple[str, int, int, str], ...]


@dataclass(frozen=True, slots=True)
class CabinTopology:
    """A cabin; ``reached_by`` holds (shuttle, level, column, side) for each shuttle whose forks reach into it."""

    id: str
    zone: int
    turntable: bool
    reached_by: tuple[tuple[str, int, int, str], ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """All devices of a garage, with the safety PLC's name and zones."""

    lifts: tuple[LiftTopology, ...]
    shuttles: tuple[ShuttleTopology, ...]
    cabins: tuple[CabinTopology, ...]
    safety: str
    zones: tuple[int, ...]
    clearance_countdown_ms: int
