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
_LONG = (
    "It objects when the lift has stood for one and a half seconds with its brake open; the plant knows one cycle. "
    "tests/safety/test_necessity.py shows the moment in which it alone does."
)
_PINS = (
    "In the plant pins move by an order alone, a PLC executes one order at a time, and start-pins-in sees to where "
    "they are when the lift sets out. This one is there for pins that come out by themselves: "
    "tests/safety/test_necessity.py shows the reading that it alone catches."
)
_NOT_REACHED = (
    "The search has come to no story within its bounds. tests/safety/test_necessity.py has a moment in which one wrong "
    "reading is caught by this rule and by no other."
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
    "cabin.nobody-at-work": _WATCHDOG,
    "lift.brake": _LONG,
    "lift.pins-in": _PINS,
    "shuttle.travel-forks-home": _NOT_REACHED,
    "safety.answers": _ANSWERS,
    "lift.answers": _ANSWERS,
    "shuttle.answers": _ANSWERS,
    "cabin.answers": _ANSWERS,
}
"""By rule: why the search cannot show it, and where it is shown instead."""
