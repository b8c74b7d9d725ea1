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
    "test_h15_a_brake_that_stays_open_after_standstill_stops_the_lift in tests/safety/test_broken_sensors.py fails "
    "without it."
)
_PINS = (
    "In the plant pins move by an order alone, a PLC executes one order at a time, and start-pins-in sees to where "
    "they are when the lift sets out. This one is there for pins that come out by themselves: "
    "test_a_wrong_reading_takes_the_permit in tests/safety/test_broken_sensors.py fails without it."
)
_FORKS = (
    "Forks that are out also break the barriers of the overhang, so that travel-load-in-place objects as well. This "
    "one is the rule that means them: test_a_wrong_reading_takes_the_permit in tests/safety/test_broken_sensors.py "
    "fails without it."
)
_DOCK = (
    "It takes a lost reference and a dock switch that lies, at once, which the search has not met within its bounds. "
    "test_h07_pins_stay_out_under_a_shuttle_of_which_only_the_dock_switch_says_that_it_is_home in "
    "tests/safety/test_seat_and_dock.py fails without it."
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
    "lift.start-unlock-rider-home": _DOCK,
    "shuttle.travel-forks-home": _FORKS,
    "safety.answers": _ANSWERS,
    "lift.answers": _ANSWERS,
    "shuttle.answers": _ANSWERS,
    "cabin.answers": _ANSWERS,
}
"""By rule: why the search cannot show it, and where it is shown instead."""
