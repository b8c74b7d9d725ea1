"""What one lying sensor can do that no interlock can prevent, because only that sensor knows the fact.

Owns the list, as short as the search lets it be. A test meets what can be met within a few thousand states and names
the rest; a verification says which entries it has not met. Whatever is not listed here and is found is a hazard of the
interlocks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from safety.verification.hazard import Hazard
from safety.verification.layout import Layout
from safety.verification.lie import Lie


@dataclass(frozen=True, slots=True)
class Limit:
    """One fact with one sensor: the device kind and tag, the hazards that its lie can lead to, and why.

    A tag that there is for each zone is named without the zone's number.
    """

    kind: str
    tag: str
    hazards: frozenset[str]
    reason: str


def _limit(kind: str, tag: str, hazards: str, reason: str) -> Limit:
    return Limit(kind, tag, frozenset(hazards.split()), reason)


_ZONE = re.compile(r"^zone[0-9]+_")

_WHICH = "that it stands at a station is proven twice; which station it is comes from the encoder alone"
_HALF_WAY = (
    "half way neither of two end switches is made, so one that fails to made just then looks like the end; the "
    "plausibility trips see it as soon as the other end is reached"
)
_NO_PLACE = (
    "where there is no position both of its detectors show nothing, so one that fails to made looks like a position; "
    "interlocks know no places, the PLC and the planner do"
)

LIMITS: tuple[Limit, ...] = (
    _limit("shuttle", "station", "H02 H06 H07 H08 H09 H13 H12 H20", _WHICH),
    _limit("lift", "station", "H02 H06 H07 H08 H09 H13", _WHICH),
    _limit("lift", "pins_extended", "H07 H08", _HALF_WAY),
    _limit("lift", "pins_retracted", "H07 H08", _HALF_WAY),
    _limit("cabin", "outer_open", "H01", _HALF_WAY),
    _limit("cabin", "inner_open", "H08 H09", _HALF_WAY),
    *(
        _limit("shuttle", f"{row}_{side}_{what}", "H08", _NO_PLACE)
        for row in ("target", "rear")
        for side in ("left", "right")
        for what in ("occupied", "clear")
    ),
    _limit("shuttle", "zone_clear", "H09", "one scanner looks along the way, and nothing else knows what lies there"),
    _limit("shuttle", "overhang_front_clear", "H07", "one barrier at each side sees what sticks out there"),
    _limit("shuttle", "overhang_rear_clear", "H07", "one barrier at each side sees what sticks out there"),
    _limit("shuttle", "overhang_left_clear", "H07", "one barrier at each side sees what sticks out there"),
    _limit("shuttle", "overhang_right_clear", "H07", "one barrier at each side sees what sticks out there"),
    _limit("lift", "overhang_front_clear", "H07", "one barrier at each side sees what sticks out there"),
    _limit("lift", "overhang_rear_clear", "H07", "one barrier at each side sees what sticks out there"),
    _limit("lift", "overhang_left_clear", "H07", "one barrier at each side sees what sticks out there"),
    _limit("lift", "overhang_right_clear", "H07", "one barrier at each side sees what sticks out there"),
    _limit("lift", "rope_taut", "H15", "one contact at the rope; the safety gear acts by itself"),
    _limit("lift", "speed_ok", "H15", "one contact at the governor; the safety gear acts by itself"),
    _limit("lift", "overtravel_top_clear", "H15", "one final limit switch at each end, hard-wired besides"),
    _limit("lift", "overtravel_bottom_clear", "H15", "one final limit switch at each end, hard-wired besides"),
    _limit("lift", "shaft_doors_closed", "H15", "one circuit through all shaft doors, hard-wired besides"),
    _limit("cabin", "outer_unobstructed", "H04", "the doorway is protected by the door's own edge and curtain"),
    _limit("cabin", "inner_unobstructed", "H07", "the doorway is protected by the door's own edge and curtain"),
    _limit("cabin", "vehicle_in_envelope", "H14", "one size check, of many barriers in one circuit"),
    _limit("cabin", "exit_closed", "H02", "one contact at the emergency exit, hard-wired besides"),
    _limit("safety", "fire_clear", "H16", "one contact from the fire alarm system"),
    _limit("safety", "seismic_clear", "H15", "one contact from the earthquake or wind alarm"),
    _limit("safety", "zone_full_speed_enabled", "H20", "safe limited speed itself holds the drives"),
    _limit("safety", "zone_reset_done", "H11", "one contact says that a person has reset the zone"),
    *(_limit(kind, "mode", "H13", "a key switch has one contact") for kind in ("lift", "shuttle", "cabin")),
    *(
        _limit(kind, "health", "H15", "a PLC alone knows whether its drive has failed")
        for kind in ("lift", "shuttle", "cabin")
    ),
    *(
        _limit(kind, "state", "H11", "a PLC alone knows that it has started anew or has lost the controller")
        for kind in ("lift", "shuttle", "cabin")
    ),
    _limit("cabin", "referenced", "H01", "a drive alone knows whether it has its reference"),
    _limit("lift", "referenced", "H08", "a drive alone knows whether it has its reference"),
    _limit("shuttle", "referenced", "H08", "a drive alone knows whether it has its reference"),
)


def declared() -> frozenset[tuple[str, str, str]]:
    """Every declared limit as (device kind, tag, hazard)."""
    return frozenset((limit.kind, limit.tag, hazard) for limit in LIMITS for hazard in limit.hazards)


def place_of(layout: Layout, lie: Lie) -> tuple[str, str]:
    """The device kind and tag by which a lie's limits are declared."""
    number = layout.numbers.get(lie.device)
    kind = "safety" if number is None else layout.devices[number].kind.name.lower()
    return kind, _ZONE.sub("zone_", lie.tag)


def expected(layout: Layout, lie: Lie | None) -> frozenset[str]:
    """The hazards to which a lie may lead by a declared limit."""
    found: frozenset[str] = frozenset()
    for limit in LIMITS:
        if lie is not None and (limit.kind, limit.tag) == place_of(layout, lie):
            found |= limit.hazards
    return found


def limit_of(layout: Layout, lie: Lie, hazard: Hazard) -> Limit | None:
    """The declared limit that a lie's hazard falls under, None when it is a hazard of the interlocks."""
    place = place_of(layout, lie)
    for limit in LIMITS:
        if (limit.kind, limit.tag) == place and hazard.id in limit.hazards:
            return limit
    return None
