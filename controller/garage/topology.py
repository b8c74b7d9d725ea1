"""From the garage's layout to the facts from which the interlocks are instantiated.

Owns the translation, waivers included. Must never leave a reach out: an interlock that does not know of a shuttle's
reach into a cabin cannot guard it (H02, H08).
"""

from __future__ import annotations

from datetime import UTC, datetime, time

from controller.config.models import GarageConfig, WaiverSection
from controller.config.sections import devices
from controller.garage.layout import Cabin, Layout, Lift, Shuttle
from safety.topology import HAND_SPEED_MM_S, CabinTopology, LiftTopology, ShuttleTopology, Topology
from safety.waiver import Waiver

STOP_REACTION_MS = 1500
"""From the dropped permit to the first braking, and from standstill to the reading of it: a PLC behind a slow serial
line or OPC UA takes some 0.2 s for each, and a drive that ramps softly the rest. The hard-wired stop does not wait."""

Reach = tuple[str, int, int, str]
"""(who or what, level, column, side): a stop from which forks reach something."""


def topology_of(layout: Layout) -> Topology:
    """The garage as ``safety`` sees it, devices in the order of the configuration."""
    config = layout.config
    return Topology(
        lifts=tuple(_lift(layout, lift) for lift in layout.lifts.values()),
        shuttles=tuple(_shuttle(layout, shuttle) for shuttle in layout.shuttles.values()),
        cabins=tuple(_cabin(layout, cabin) for cabin in layout.cabins.values()),
        safety=config.safety.id,
        zones=config.safety.zones,
        clearance_countdown_ms=config.controller.clearance_countdown_ms,
        absent=absent_of(config),
        waivers=waivers_of(config),
        fire_finish_ms=1000 * config.controller.fire_finish_s,
        generator_movers_max=config.power.generator_movers_max,
        ring=config.aisle.shape == "ring",
    )


def absent_of(config: GarageConfig) -> tuple[str, ...]:
    """Every sensor that the garage does not have, as ``device.tag``."""
    return tuple(f"{device.id}.{tag}" for _, device in devices(config) for tag in device.absent)


def waivers_of(config: GarageConfig) -> tuple[Waiver, ...]:
    """Who answers for which missing sensor, and until when."""
    return tuple(_waiver(section) for section in config.waivers)


def _waiver(section: WaiverSection) -> Waiver:
    expires = datetime.combine(section.expires, time(), UTC)
    return Waiver(
        sensor=f"{section.device}.{section.sensor}",
        hazards=section.hazards,
        person=section.person,
        reason=section.reason,
        expires=section.expires.isoformat(),
        expires_ms=int(expires.timestamp() * 1000),
        warn_days=section.warn_days,
    )


def _lift(layout: Layout, lift: Lift) -> LiftTopology:
    return LiftTopology(
        id=lift.id,
        zone=lift.zone,
        rider=layout.rider.get(lift.id),
        has_platform=lift.platform is not None,
        reached_by=() if lift.platform is None else _reached_by(layout, lift.platform),
        stop_ms=_stop_ms(lift.axis.speed_mm_s, lift.axis.acceleration_mm_s2),
        deceleration=lift.axis.acceleration_mm_s2,
    )


def _shuttle(layout: Layout, shuttle: Shuttle) -> ShuttleTopology:
    platforms = {lift.platform: lift.id for lift in layout.lifts.values() if lift.platform is not None}
    bays = {cabin.position: cabin.id for cabin in layout.cabins.values()}
    return ShuttleTopology(
        id=shuttle.id,
        zone=shuttle.zone,
        lift=shuttle.lift,
        level=shuttle.level,
        home_column=layout.home_column(shuttle.id),
        platforms=_reaches(layout, shuttle.id, platforms),
        cabins=_reaches(layout, shuttle.id, bays),
        columns=tuple(sorted(shuttle.columns)),
        stop_ms=_stop_ms(shuttle.axis.speed_mm_s, shuttle.axis.acceleration_mm_s2),
        deceleration=shuttle.axis.acceleration_mm_s2,
        hand_speed_max=_hand_speed(layout, shuttle),
    )


def _hand_speed(layout: Layout, shuttle: Shuttle) -> int:
    """Round a ring lengths are angles and the radius is not configured: the share of safe limited speed stands in."""
    if layout.config.aisle.shape == "ring":
        return max(1, shuttle.axis.speed_mm_s * 3 // 10)
    return HAND_SPEED_MM_S


def _cabin(layout: Layout, cabin: Cabin) -> CabinTopology:
    return CabinTopology(
        id=cabin.id,
        zone=cabin.zone,
        turntable=cabin.turntable,
        reached_by=_reached_by(layout, cabin.position),
        stop_ms=_stop_ms(cabin.section.turn_speed_mdeg_s, cabin.section.turn_acceleration_mdeg_s2),
        deceleration=cabin.section.turn_acceleration_mdeg_s2,
    )


def _stop_ms(speed: int, deceleration: int) -> int:
    """Longest time from a lost permit to standstill: braking from full speed, and the way of the news (H18)."""
    return 1000 * speed // deceleration + STOP_REACTION_MS


def _reached_by(layout: Layout, position: str) -> tuple[Reach, ...]:
    return tuple(
        (shuttle, stop.level, stop.column, stop.side.value)
        for shuttle in layout.reached_by(position)
        if (stop := layout.stop(shuttle, position)) is not None and stop.level is not None
    )


def _reaches(layout: Layout, shuttle: str, owners: dict[str, str]) -> tuple[Reach, ...]:
    return tuple(
        (owner, stop.level, stop.column, stop.side.value)
        for position, owner in owners.items()
        if (stop := layout.stop(shuttle, position)) is not None and stop.level is not None
    )
