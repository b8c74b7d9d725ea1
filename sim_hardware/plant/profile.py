"""Motion in closed form: where an axis is and how fast, at any time, from a handful of segments.

Owns the planning of trapezoidal motion with creep and of stops. A position depends on the time asked for and on
nothing else, so steps of any size give the same motion. Must never know a machine, a clock or a command.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import copysign, sqrt

NEVER_MS = float("inf")
"""A time that does not come."""

_STILL = 1e-9


@dataclass(frozen=True, slots=True)
class Segment:
    """Constant acceleration from ``start_ms`` on; speed per s, acceleration per s2."""

    start_ms: float
    position: float
    speed: float
    acceleration: float


@dataclass(frozen=True, slots=True)
class MotionFigures:
    """How an axis moves, in its own unit per s and per s2."""

    speed: float
    acceleration: float
    creep_speed: float
    creep_distance: float


class Profile:
    """A motion from its first segment to standstill at ``end_position`` at ``end_ms``."""

    __slots__ = ("end_ms", "end_position", "segments")

    def __init__(self, segments: tuple[Segment, ...], end_ms: float, end_position: float) -> None:
        self.segments = segments
        self.end_ms = end_ms
        self.end_position = end_position

    def position_at(self, now_ms: float) -> float:
        """Position at a time; before the start where it began, after the end where it ended."""
        if now_ms >= self.end_ms:
            return self.end_position
        segment = self._segment_at(now_ms)
        t = max(0.0, (now_ms - segment.start_ms) / 1000)
        return segment.position + segment.speed * t + segment.acceleration * t * t / 2

    def speed_at(self, now_ms: float) -> float:
        """Signed speed at a time; 0 from the end on."""
        if now_ms >= self.end_ms:
            return 0.0
        segment = self._segment_at(now_ms)
        return segment.speed + segment.acceleration * max(0.0, (now_ms - segment.start_ms) / 1000)

    def next_crossing_ms(self, position: float, after_ms: float) -> float:
        """First time after ``after_ms`` at which the motion passes ``position``; ``NEVER_MS`` when it does not."""
        ends = [segment.start_ms for segment in self.segments[1:]] + [self.end_ms]
        for segment, end_ms in zip(self.segments, ends, strict=True):
            if end_ms > after_ms:
                for root_s in _roots_s(segment, position):
                    at_ms = segment.start_ms + root_s * 1000
                    if after_ms < at_ms <= end_ms and at_ms >= segment.start_ms:
                        return at_ms
        return NEVER_MS

    def _segment_at(self, now_ms: float) -> Segment:
        for segment in reversed(self.segments):
            if now_ms >= segment.start_ms:
                return segment
        return self.segments[0]


def plan_move(
    figures: MotionFigures, now_ms: float, position: float, speed: float, target: float, *, delay_ms: float = 0
) -> Profile:
    """Travel to ``target`` from any state of motion, with the last ``creep_distance`` at creep speed.

    An axis that runs the wrong way, or is too fast to stop before the target, first brakes to standstill and then
    travels to it. ``delay_ms`` is the time the brake takes to open.
    """
    course = _Course(now_ms, position, speed)
    braking = speed * speed / (2 * figures.acceleration)
    if abs(speed) > _STILL and (speed * (target - position) < 0 or braking > abs(target - position) + 1e-6):
        course.change_speed(0.0, figures.acceleration)
    elif abs(speed) <= _STILL:
        course.wait(delay_ms)
    if abs(target - course.position) > _STILL:
        _approach(course, figures, target)
    return course.finish(target)


def plan_stop(now_ms: float, position: float, speed: float, deceleration: float) -> Profile:
    """A ramp down to standstill."""
    course = _Course(now_ms, position, speed)
    course.change_speed(0.0, deceleration)
    return course.finish(course.position)


def plan_steady(now_ms: float, position: float, target: float, speed: float) -> Profile:
    """Constant speed from ``position`` to ``target``, for pins, doors and slipping brakes."""
    course = _Course(now_ms, position, copysign(speed, target - position))
    course.run(abs(target - position))
    return course.finish(target)


class _Course:
    """A profile under construction: where the plan has got to."""

    def __init__(self, now_ms: float, position: float, speed: float) -> None:
        self.now_ms = now_ms
        self.position = position
        self.speed = speed
        self._segments: list[Segment] = []

    def wait(self, duration_ms: float) -> None:
        if duration_ms > 0:
            self._append(0.0, duration_ms / 1000)

    def change_speed(self, speed: float, acceleration: float) -> None:
        difference = speed - self.speed
        if abs(difference) > _STILL:
            self._append(copysign(acceleration, difference), abs(difference) / acceleration)
        self.speed = speed

    def run(self, distance: float) -> None:
        if distance > _STILL and abs(self.speed) > _STILL:
            self._append(0.0, distance / abs(self.speed))

    def finish(self, position: float) -> Profile:
        if not self._segments:
            self._segments.append(Segment(self.now_ms, position, 0.0, 0.0))
        return Profile(tuple(self._segments), self.now_ms, position)

    def _append(self, acceleration: float, duration_s: float) -> None:
        self._segments.append(Segment(self.now_ms, self.position, self.speed, acceleration))
        self.position += self.speed * duration_s + acceleration * duration_s * duration_s / 2
        self.speed += acceleration * duration_s
        self.now_ms += duration_s * 1000


def _approach(course: _Course, figures: MotionFigures, target: float) -> None:
    """From standstill, or running towards the target and able to stop: fast part, creep, stop."""
    a = figures.acceleration
    creep_speed = min(figures.creep_speed, figures.speed) if figures.creep_distance > 0 else figures.speed
    if abs(course.speed) > figures.speed:
        course.change_speed(copysign(figures.speed, course.speed), a)
    direction = copysign(1.0, target - course.position)
    fast = abs(target - course.position) - figures.creep_distance
    start = abs(course.speed)
    if figures.creep_distance > 0 and fast > 0:
        peak = min(figures.speed, sqrt(a * fast + (start * start + creep_speed * creep_speed) / 2))
        if peak >= max(start, creep_speed):
            course.change_speed(direction * peak, a)
            course.run(fast - (2 * peak * peak - start * start - creep_speed * creep_speed) / (2 * a))
            course.change_speed(direction * creep_speed, a)
    _level_in(course, creep_speed, a, target)


def _level_in(course: _Course, creep_speed: float, acceleration: float, target: float) -> None:
    """The rest of the way at creep speed at most."""
    direction = copysign(1.0, target - course.position)
    if abs(course.speed) > creep_speed:
        course.change_speed(direction * creep_speed, acceleration)
    distance = abs(target - course.position)
    start = abs(course.speed)
    peak = max(start, min(creep_speed, sqrt(acceleration * distance + start * start / 2)))
    course.change_speed(direction * peak, acceleration)
    course.run(distance - (2 * peak * peak - start * start) / (2 * acceleration))
    course.change_speed(0.0, acceleration)


def _roots_s(segment: Segment, position: float) -> tuple[float, ...]:
    """Times in s from the segment's start at which it passes ``position``, in order."""
    gap = position - segment.position
    if abs(segment.acceleration) < _STILL:
        return (gap / segment.speed,) if abs(segment.speed) > _STILL else ()
    under = segment.speed * segment.speed + 2 * segment.acceleration * gap
    if under < 0:
        return ()
    root = sqrt(under)
    return tuple(
        sorted(((-segment.speed - root) / segment.acceleration, (-segment.speed + root) / segment.acceleration))
    )
