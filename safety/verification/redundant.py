"""Rules of which the search does not show that they are needed, and why they stand all the same.

Owns the lists. A rule that is not found necessary and stands in none of them makes the verification fail, and so does
one of which it is said that the search cannot show it, and that is found necessary. No rule is listed that nothing
shows: for each of ``PROVED`` the proof has a counterexample as soon as it is taken out.
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

BY_PROOF = (
    "The search met no hazard without it within its bounds; at most of these moments a rule on the other side of the "
    "same door, fork or light objects as well. It is shown by proof: without it a hazard predicate has a "
    "counterexample (tests/safety/proof/test_teeth.py), and there is a situation in which it alone objects "
    "(tests/safety/test_necessity.py)."
)

PROVED = frozenset(
    {
        "cabin.closing-on-red",
        "cabin.inner-cabin-empty",
        "cabin.inner-people-shut-off",
        "cabin.no-turntable",
        "cabin.opening-alone",
        "cabin.shuttle-by-hand",
        "cabin.shuttle-out",
        "cabin.start-generator-share",
        "cabin.start-hand-turn-within-marks",
        "cabin.start-in-automatic",
        "cabin.start-inner-still",
        "cabin.start-outer-still",
        "cabin.start-turn-within-marks",
        "cabin.turn-cabin-empty",
        "cabin.turn-people-shut-off",
        "lift.load-in-place",
        "lift.load-known",
        "lift.shuttle-by-hand",
        "lift.shuttle-clear",
        "lift.start-generator-share",
        "lift.start-in-automatic",
        "lift.start-rider-home",
        "shuttle.cabin-automatic",
        "shuttle.cabin-empty",
        "shuttle.cabin-inner-open",
        "shuttle.cabin-platform",
        "shuttle.cabin-without-shuttle",
        "shuttle.hand-home-from",
        "shuttle.into-zone-cabin",
        "shuttle.lift-locked",
        "shuttle.lift-without-shuttle",
        "shuttle.pick-deck-empty",
        "shuttle.pick-fits-cabin",
        "shuttle.pick-taken-cabin",
        "shuttle.pick-taken-lift",
        "shuttle.place-free-cabin",
        "shuttle.place-free-lift",
        "shuttle.start-cabin-automatic",
        "shuttle.start-cabin-empty",
        "shuttle.start-cabin-inner-open",
        "shuttle.start-cabin-platform",
        "shuttle.start-cabin-without-shuttle",
        "shuttle.start-generator-share",
        "shuttle.start-hand-home-from",
        "shuttle.start-in-automatic",
        "shuttle.start-into-zone-cabin",
        "shuttle.start-lift-locked",
        "shuttle.start-lift-without-shuttle",
        "shuttle.start-transfer-in-position",
        "shuttle.transfer-at-column",
        "shuttle.transfer-lift-locked",
        "shuttle.travel-apart-from-shuttle",
        "shuttle.travel-forks-idle",
        "shuttle.travel-load-known",
        "shuttle.way-free-of-shuttle",
    }
)
"""Rules that a search within `--states 6000` does not show to be needed. Larger ones show some of them, and may show
others yet; the proof shows each."""


def reason_of(rule: str) -> str:
    """Why a rule stands of which the search shows no need; empty when nothing is declared of it."""
    return UNPROVEN.get(rule, BY_PROOF if rule in PROVED else "")
