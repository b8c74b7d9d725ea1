"""The spaces that forks reach, and where forks provably are: the words that several predicates share.

Owns them. Written from the device contract and the safety boundary, not from the interlocks, with figures of their
own: where both say the same, two people would have to be wrong in the same way. Must never import the interlocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plc_drivers.contract import CommandCode
from safety.proof.formula import Formula, all_of, any_of
from safety.proof.moment import Moment
from safety.topology import LiftTopology, ShuttleTopology, Topology

FORKS_IN_MM = 30
"""Up to this extension forks are within the deck: the gap beside a car on it is twice that."""

FORKS_NOISE_MM = 5
"""What an encoder may show of forks that are home; a forks' extension below it proves nothing."""

CREEP_MM_S = 60
"""The slowest that an axis is driven at (contract, numbers of the emulated plant); below it the axis is not driven."""

TURNING_MDEG_S = 210
"""A hundredth of a turntable's full speed of 3.5 turns a minute: below it the table stands."""

OUT_OF_LINE_MDEG = 865
"""40 mm at the end of a car of 5.3 m, as an angle: levelling tolerance of GB 17907 as makers quote it."""

OFF_LEVEL_MM = 50
"""Vertical levelling tolerance of GB 17907 as makers quote it."""

LOWEST_MM = -50
"""The lowest extension that the contract admits."""

TO_SIDE: dict[str, tuple[CommandCode, CommandCode]] = {
    "left": (CommandCode.PICK_LEFT, CommandCode.PLACE_LEFT),
    "right": (CommandCode.PICK_RIGHT, CommandCode.PLACE_RIGHT),
}
"""Pick and place to each side."""

TRANSFERS = (*TO_SIDE["left"], *TO_SIDE["right"])
"""Every command that moves forks out."""

OTHER_SIDE = {"left": "right", "right": "left"}


@dataclass(frozen=True, slots=True)
class Space:
    """``target`` (a cabin or a lift) as ``shuttle`` reaches it, standing at (level, column), to one side."""

    shuttle: str
    carried_by: str | None
    target: str
    level: int
    column: int
    side: str

    def __str__(self) -> str:
        return f"{self.shuttle} into {self.target} at level {self.level}, column {self.column}"


def spaces(topology: Topology) -> Iterator[Space]:
    """Every space that forks reach beside the places."""
    yield from cabin_spaces(topology)
    yield from platform_spaces(topology)


def cabin_spaces(topology: Topology) -> Iterator[Space]:
    """Every cabin as each shuttle reaches it."""
    for shuttle in topology.shuttles:
        for target, level, column, side in shuttle.cabins:
            yield Space(shuttle.id, shuttle.lift, target, level, column, side)


def platform_spaces(topology: Topology) -> Iterator[Space]:
    """Every lift's platform as each shuttle reaches it."""
    for shuttle in topology.shuttles:
        for target, level, column, side in shuttle.platforms:
            yield Space(shuttle.id, shuttle.lift, target, level, column, side)


def riders(topology: Topology) -> Iterator[tuple[LiftTopology, ShuttleTopology]]:
    """Every lift with the shuttle that rides on it."""
    shuttles = {shuttle.id: shuttle for shuttle in topology.shuttles}
    for lift in topology.lifts:
        if lift.rider is not None:
            yield lift, shuttles[lift.rider]


def forks_home(at: Moment, shuttle: str) -> Formula:
    """The forks are home by the centre switch and by the encoders of both sides."""
    return all_of(
        at.says(shuttle, forks_centred=True),
        *(at.within(shuttle, f"forks_{side}_mm", LOWEST_MM, FORKS_IN_MM) for side in TO_SIDE),
    )


def left_half_way(at: Moment, shuttle: str, side: str) -> Formula:
    """The forks are out to this side alone, by the centre switch and by the encoders: a transfer was interrupted."""
    return all_of(
        at.says(shuttle, forks_centred=False),
        at.above(shuttle, f"forks_{side}_mm", FORKS_NOISE_MM),
        at.within(shuttle, f"forks_{OTHER_SIDE[side]}_mm", LOWEST_MM, FORKS_IN_MM),
    )


def elsewhere(at: Moment, space: Space) -> Formula:
    """The shuttle provably stands at another stop: another column, or on a lift that is locked at another level.

    A station counts with the reference that makes it trustworthy and with the station's own switch, a level also
    with the pins (contract: a level counts as reached only with all three).
    """
    shuttle, lift = space.shuttle, space.carried_by
    column = all_of(
        at.says(shuttle, referenced=True, station_sensor=True),
        at.above(shuttle, "station", -1),
        at.says_other_than(shuttle, "station", space.column),
    )
    if lift is None:
        return column
    level = all_of(
        at.says(lift, referenced=True, station_sensor=True, pins_extended=True, pins_retracted=False),
        at.above(lift, "station", -1),
        at.says_other_than(lift, "station", space.level),
    )
    return column | level


def ordered_into(at: Moment, space: Space) -> Formula:
    """A transfer to the space's side is under way, or is to do, or it is not known whether one is."""
    return at.ordered_to(space.shuttle, *TO_SIDE[space.side])


def may_enter(at: Moment, space: Space) -> Formula:
    """The forks may move into, in or out of the space with this cycle's outputs."""
    inside = ~at.within(space.shuttle, f"forks_{space.side}_mm", LOWEST_MM, FORKS_IN_MM)
    return all_of(
        at.out(space.shuttle, "transfer"),
        ~elsewhere(at, space),
        inside | ordered_into(at, space),
    )


def may_be_inside(at: Moment, space: Space) -> Formula:
    """The forks are in the space for all that is known, or may move into it."""
    other = OTHER_SIDE[space.side]
    busy_across = all_of(
        at.within(space.shuttle, f"forks_{space.side}_mm", LOWEST_MM, FORKS_IN_MM),
        ~ordered_into(at, space),
        at.above(space.shuttle, f"forks_{other}_mm", FORKS_IN_MM) | at.busy_with(space.shuttle, *TO_SIDE[other]),
    )
    stands_in = ~forks_home(at, space.shuttle) & ~busy_across
    moves_in = at.may_act(space.shuttle, "transfer") & ordered_into(at, space)
    return ~elsewhere(at, space) & (stands_in | moves_in)


def seated(at: Moment, cabin: str) -> Formula:
    """The platform lies in its seat, flush and pinned."""
    return at.says(cabin, platform_present=True, platform_level=True, platform_locked=True)


def in_line_and_still(at: Moment, cabin: str, *, turntable: bool) -> Formula:
    """The turntable is in line with the doors by a trustworthy angle, and neither turns nor may begin to."""
    still = at.within(cabin, "turn_speed_mdeg_s", -TURNING_MDEG_S, TURNING_MDEG_S) & ~at.may_act(cabin, "rotate")
    if not turntable:
        return still
    angles = (
        at.within(cabin, "angle_mdeg", angle - OUT_OF_LINE_MDEG, angle + OUT_OF_LINE_MDEG)
        for angle in (0, 180_000, 360_000)
    )
    return all_of(still, at.says(cabin, referenced=True), any_of(*angles))


def nobody_seen(at: Moment, cabin: str) -> Formula:
    """Both presence sensors say that nobody is inside."""
    return at.says(cabin, curtain_ok=True, curtain_count=0, scanner_clear=True)


def shut_to_people(at: Moment, cabin: str) -> Formula:
    """The outer door is closed and locked by all of its switches."""
    return at.says(cabin, outer_closed=True, outer_locked=True, outer_open=False)


def shut_to_machine(at: Moment, cabin: str) -> Formula:
    """The inner door is closed and locked by all of its switches."""
    return at.says(cabin, inner_closed=True, inner_locked=True, inner_open=False)


def locked_somewhere(at: Moment, lift: str) -> Formula:
    """The lift hangs on its pins at some level, stands, and its brake is closed."""
    return at.says(
        lift, pins_extended=True, pins_retracted=False, station_sensor=True, standstill=True, brake_closed=True
    )


def at_known_level(at: Moment, lift: str) -> Formula:
    """The lift's height is trustworthy and within tolerance of a level."""
    return all_of(
        at.says(lift, referenced=True),
        at.above(lift, "station", -1),
        at.within(lift, "levelling_error_mm", -OFF_LEVEL_MM, OFF_LEVEL_MM),
    )


def load_within_marks(at: Moment, mover: str) -> Formula:
    """Nothing of a load sticks out of deck or platform, and it stands within its marks."""
    return at.says(
        mover,
        load_centred=True,
        overhang_front_clear=True,
        overhang_rear_clear=True,
        overhang_left_clear=True,
        overhang_right_clear=True,
    )


def load_is_known(at: Moment, mover: str) -> Formula:
    """Exactly one of the two load detectors speaks."""
    return at.says(mover, load_present=True, load_clear=False) | at.says(mover, load_present=False, load_clear=True)
