"""What counts as proven: forks home, load known, lift locked, doors shut, turntable in line, cabin empty.

Owns the conditions that several interlocks share, each from at least two readings that do not come from the
same sensor. Must never guard anything by itself.
"""

from __future__ import annotations

from plc_drivers.contract.codes import Mode
from safety.expression import ChangedSince, Compare, Const, Expression, HeldFor, Not, Op, all_of, any_of
from safety.interlocks.unit import Unit

FORKS_HOME_MM = 30
"""Forks are home within this extension; half of what a deck leaves beside the car, and far above encoder noise."""

FORKS_NOISE_MM = 5
"""What an encoder may show of forks that are home; the centre switch lets go at about 10 mm."""

LEVELLING_MM = 50
"""Vertical levelling tolerance at a transfer (GB 17907 as makers quote it)."""

ALIGNED_MDEG = 800
"""Turntable in line within this: about 40 mm at the end of a 5.3 m car (GB 17907 as makers quote it)."""

STILL_MM_S = 20
"""Below this a drive counts as standing for the axis that must not move (creep is 60 mm/s)."""

STILL_MDEG_S = 200
"""The same for a turntable (full speed is 21,000 mdeg/s)."""


def forks_home(shuttle: Unit) -> Expression:
    """Forks centred by their switch and by both encoders (H07)."""
    return all_of(
        shuttle["forks_centred"],
        shuttle["forks_left_mm"].between(-FORKS_HOME_MM, FORKS_HOME_MM),
        shuttle["forks_right_mm"].between(-FORKS_HOME_MM, FORKS_HOME_MM),
    )


def loaded(unit: Unit) -> Expression:
    """A load stands on deck or platform, by switch and light barrier."""
    return all_of(unit["load_present"], Not(unit["load_clear"]))


def empty(unit: Unit) -> Expression:
    """Nothing stands on deck or platform, by switch and light barrier (H05)."""
    return all_of(unit["load_clear"], Not(unit["load_present"]))


def load_known(unit: Unit) -> Expression:
    """Switch and light barrier of deck or platform do not contradict each other (H10)."""
    return Compare(Op.NE, unit["load_present"], unit["load_clear"])


def load_in_place(unit: Unit) -> Expression:
    """The load stands within its marks and nothing sticks out on any side, or there is none (H07)."""
    return all_of(
        unit["load_centred"],
        unit["overhang_front_clear"],
        unit["overhang_rear_clear"],
        unit["overhang_left_clear"],
        unit["overhang_right_clear"],
    )


def pins_out(lift: Unit) -> Expression:
    """The platform hangs on its pins in the building, by both end switches."""
    return all_of(lift["pins_extended"], Not(lift["pins_retracted"]))


def pins_in(lift: Unit) -> Expression:
    """The platform is free of the building, by both end switches."""
    return all_of(lift["pins_retracted"], Not(lift["pins_extended"]))


def levelled(lift: Unit) -> Expression:
    """The lift knows its level and stands within the levelling tolerance of it."""
    return all_of(
        lift["referenced"],
        lift["station"].ge(0),
        lift["levelling_error_mm"].between(-LEVELLING_MM, LEVELLING_MM),
    )


def locked_at_a_level(lift: Unit) -> Expression:
    """The lift stands, by drive and brake, with its pins out at some level, by the level's own switch (H08).

    An unreferenced lift may stand locked without knowing where: its rider may then still come home.
    """
    return all_of(
        pins_out(lift),
        lift["station_sensor"],
        lift["standstill"],
        lift["brake_closed"],
        any_of(levelled(lift), Not(lift["referenced"])),
    )


def locked_at(lift: Unit, level: int) -> Expression:
    """The lift stands locked and levelled at one level (H08)."""
    return all_of(locked_at_a_level(lift), levelled(lift), lift["station"].eq(level))


def outer_shut(cabin: Unit) -> Expression:
    """Outer door closed and locked, and not open, by three switches (H03)."""
    return all_of(cabin["outer_closed"], cabin["outer_locked"], Not(cabin["outer_open"]))


def inner_shut(cabin: Unit) -> Expression:
    """Inner door closed and locked, and not open, by three switches (H03)."""
    return all_of(cabin["inner_closed"], cabin["inner_locked"], Not(cabin["inner_open"]))


def inner_wide_open(cabin: Unit) -> Expression:
    """Inner door fully open, by both end switches."""
    return all_of(cabin["inner_open"], Not(cabin["inner_closed"]))


def turntable_still(cabin: Unit) -> Expression:
    """The turntable does not turn and may not begin to."""
    return all_of(cabin["turn_speed_mdeg_s"].between(-STILL_MDEG_S, STILL_MDEG_S), cabin.idle("rotate"))


def platform_seated(cabin: Unit) -> Expression:
    """The platform lies in its seat, flush and pinned, by three sensors (H01)."""
    return all_of(cabin["platform_present"], cabin["platform_level"], cabin["platform_locked"])


def in_line(cabin: Unit, *, turntable: bool) -> Expression:
    """The turntable is referenced and in line with the doors; a cabin without one always is."""
    if not turntable:
        return Const(True)
    angle = cabin["angle_mdeg"]
    return all_of(
        cabin["referenced"],
        any_of(*(angle.between(at - ALIGNED_MDEG, at + ALIGNED_MDEG) for at in (0, 180_000, 360_000))),
    )


def nobody_seen(cabin: Unit) -> Expression:
    """Neither the counting curtain nor the area scanner sees a person; not yet a proof that nobody is there."""
    return all_of(cabin["curtain_ok"], cabin["curtain_count"].eq(0), cabin["scanner_clear"])


def confirmed(cabin: Unit) -> Expression:
    """Somebody pressed the button outside for this very opening, and after the last presence (H02).

    By the PLC's memory (the number of the opening, voided by presence) and by ours: a press counts only after
    the last moment at which a person was seen or not known to be absent, so neither PLC nor controller can
    carry a confirmation over a restart or a loss of communication.
    """
    return all_of(
        cabin["confirmed_opening"].eq(cabin["outer_opened_count"]),
        ChangedSince(cabin["confirm_count"], Not(nobody_seen(cabin)), cabin["boot_counter"]),
    )


def proven_empty(cabin: Unit, countdown_ms: int) -> Expression:
    """Nobody can be in the cabin: shut in by both doors to the people, seen by no sensor, confirmed, waited.

    There is no override, by anyone or any role (H02).
    """
    return HeldFor(all_of(outer_shut(cabin), cabin["exit_closed"], nobody_seen(cabin), confirmed(cabin)), countdown_ms)


def vehicle_absent(cabin: Unit) -> Expression:
    """No vehicle in the cabin, by loop and light barrier (H05)."""
    return all_of(cabin["vehicle_clear"], Not(cabin["vehicle_present"]))


def vehicle_there(cabin: Unit) -> Expression:
    """A vehicle in the cabin, by loop and light barrier."""
    return all_of(cabin["vehicle_present"], Not(cabin["vehicle_clear"]))


def in_automatic(unit: Unit) -> Expression:
    """The key switch stands in automatic (H13, H20)."""
    return unit["mode"].eq(int(Mode.AUTOMATIC))
