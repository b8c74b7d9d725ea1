"""How long a driven axis takes for a way, in closed form.

Owns the arithmetic of trapezoidal motion with a last stretch at creep speed. Must never know a machine or a state.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt


@dataclass(frozen=True, slots=True)
class Motion:
    """How an axis moves, in its own unit (mm or millidegrees) per s and per s2."""

    speed: float
    acceleration: float
    creep_speed: float
    creep_distance: float


def move_s(motion: Motion, distance: float) -> float:
    """Seconds from the first movement to standstill at ``distance``; 0 for no distance.

    The last ``creep_distance`` is run at creep speed at most: the fast part ends there with creep speed, and the stop
    comes out of creep speed at the target.
    """
    way = abs(distance)
    if way == 0:
        return 0.0
    creep_speed = min(motion.creep_speed, motion.speed) if motion.creep_distance > 0 else motion.speed
    fast = way - motion.creep_distance
    if motion.creep_distance <= 0 or fast <= 0:
        return _hop_s(way, creep_speed, motion.acceleration)
    peak = min(motion.speed, sqrt(motion.acceleration * fast + creep_speed * creep_speed / 2))
    if peak < creep_speed:
        return _hop_s(way, creep_speed, motion.acceleration)
    ramps = (2 * peak - creep_speed) / motion.acceleration
    cruise = fast - (2 * peak * peak - creep_speed * creep_speed) / (2 * motion.acceleration)
    return ramps + max(0.0, cruise) / peak + _stop_s(motion, creep_speed)


def _stop_s(motion: Motion, creep_speed: float) -> float:
    """The last stretch, entered at creep speed; one too short for the ramp is braked on at once."""
    ramp = creep_speed * creep_speed / (2 * motion.acceleration)
    return max(0.0, motion.creep_distance - ramp) / creep_speed + creep_speed / motion.acceleration


def _hop_s(way: float, speed: float, acceleration: float) -> float:
    """From standstill to standstill without a creep stretch."""
    peak = min(speed, sqrt(acceleration * way))
    return 2 * peak / acceleration + (way - peak * peak / acceleration) / peak
