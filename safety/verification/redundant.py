"""Rules of which the search does not show that they are needed, and why they stand all the same.

Owns the list. A rule that is not found necessary and is not listed here makes the verification fail, and so does one
that is listed and found necessary.
"""

from __future__ import annotations

_WATCHDOG = (
    "It remembers longer than the search does, so the search runs without it (which permits more). "
    "tests/safety/test_trips.py shows what it catches."
)
_ANSWERS = (
    "Without good readings every other condition is unknown too, and unknown never permits; this one says so first "
    "and plainly."
)

UNPROVEN: dict[str, str] = {
    "lift.lift-progress": _WATCHDOG,
    "lift.lift-stops": _WATCHDOG,
    "shuttle.travel-progress": _WATCHDOG,
    "shuttle.travel-stops": _WATCHDOG,
    "shuttle.forks-progress": _WATCHDOG,
    "cabin.turn-progress": _WATCHDOG,
    "cabin.turn-stops": _WATCHDOG,
    "lift.pin-switches": _WATCHDOG,
    "shuttle.fork-switches": _WATCHDOG,
    "cabin.outer-switches": _WATCHDOG,
    "cabin.inner-switches": _WATCHDOG,
    "safety.answers": _ANSWERS,
    "lift.answers": _ANSWERS,
    "shuttle.answers": _ANSWERS,
    "cabin.answers": _ANSWERS,
}
"""By rule: why the search cannot show it, and where it is shown instead."""
