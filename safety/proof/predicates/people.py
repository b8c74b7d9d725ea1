"""What must never go out where people and machine take turns: H01, H02, H03, H04.

Owns these predicates. Written from the hazard list, the device contract (cabin) and the safety boundary; must never
be taken from the interlocks.
"""

from __future__ import annotations

from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import TrafficLight
from safety.proof.formula import Formula, all_of, any_of
from safety.proof.instances import each_cabin, each_cabin_space, each_machine_move_in_a_cabin
from safety.proof.moment import Moment
from safety.proof.predicate import Predicate
from safety.proof.space import (
    Space,
    in_line_and_still,
    may_be_inside,
    may_enter,
    nobody_seen,
    seated,
    shut_to_machine,
    shut_to_people,
)
from safety.topology import CabinTopology

_BOUNDARY = "safety boundary"
_CONTRACT = "device contract, cabin"
_HAZARDS = "hazard list"


def _lets_people_in(at: Moment, cabin: str) -> Formula:
    return at.out(cabin, "outer_open") | at.out(cabin, "green")


def _no_platform(at: Moment, cabin: CabinTopology) -> Formula:
    return _lets_people_in(at, cabin.id) & ~seated(at, cabin.id)


def _platform_turns(at: Moment, cabin: CabinTopology) -> Formula:
    return _lets_people_in(at, cabin.id) & ~in_line_and_still(at, cabin.id, turntable=cabin.turntable)


def _opened_while_moving(at: Moment, cabin: CabinTopology) -> Formula:
    return at.starts(cabin.id, CommandCode.OPEN_OUTER_DOOR) & ~at.says(cabin.id, standstill=True)


def _green_before_the_door(at: Moment, cabin: CabinTopology) -> Formula:
    shown = at.out(cabin.id, "green") | at.shows_green(cabin.id)
    ready = at.says(cabin.id, outer_open=True, outer_closed=False) & ~at.may_act(cabin.id, "outer_close")
    return shown & ~all_of(ready, seated(at, cabin.id), shut_to_machine(at, cabin.id))


def _somebody_may_be_seen(at: Moment, cabin: CabinTopology, moves: Formula) -> Formula:
    return moves & ~nobody_seen(at, cabin.id)


def _way_in_not_shut(at: Moment, cabin: CabinTopology, moves: Formula) -> Formula:
    shut = shut_to_people(at, cabin.id) & at.says(cabin.id, exit_closed=True)
    may_open = at.may_act(cabin.id, "outer_open") | at.may_act(cabin.id, "green")
    return moves & (~shut | may_open)


def _another_opening_confirmed(at: Moment, cabin: CabinTopology, moves: Formula) -> Formula:
    return moves & ~at.equal(cabin.id, "confirmed_opening", "outer_opened_count")


def _pressed_before_the_last_presence(at: Moment, cabin: CabinTopology, moves: Formula) -> Formula:
    return moves & ~_pressed(at, cabin.id)


def _countdown_not_over(at: Moment, cabin: CabinTopology, moves: Formula) -> Formula:
    empty = all_of(
        shut_to_people(at, cabin.id),
        at.says(cabin.id, exit_closed=True),
        nobody_seen(at, cabin.id),
        at.equal(cabin.id, "confirmed_opening", "outer_opened_count"),
        _pressed(at, cabin.id),
    )
    countdown_ms = at.garage.topology.clearance_countdown_ms
    return moves & ~at.held(empty, countdown_ms, (cabin.id,), f"{cabin.id} empty")


def _pressed(at: Moment, cabin: str) -> Formula:
    return at.counted_since(cabin, "confirm_count", nobody_seen(at, cabin), f"{cabin} press after the last presence")


def _closes_on_people(at: Moment, cabin: CabinTopology) -> Formula:
    return at.out(cabin.id, "outer_close") & ~nobody_seen(at, cabin.id)


def _people_to_forks(at: Moment, space: Space) -> Formula:
    return _lets_people_in(at, space.target) & (may_be_inside(at, space) | may_enter(at, space))


def _both_doors(at: Moment, cabin: CabinTopology) -> Formula:
    to_people = _lets_people_in(at, cabin.id) & (~shut_to_machine(at, cabin.id) | at.may_act(cabin.id, "inner"))
    way_in = at.may_act(cabin.id, "outer_open") | at.may_act(cabin.id, "green")
    to_machine = at.out(cabin.id, "inner") & (~shut_to_people(at, cabin.id) | way_in)
    return to_people | to_machine


def _more_than_letting_out(at: Moment, cabin: CabinTopology) -> Formula:
    seen = any_of(
        at.says(cabin.id, scanner_clear=False),
        at.says_other_than(cabin.id, "curtain_count", 0),
        at.says(cabin.id, curtain_ok=False),
    )
    other = (
        CommandCode.REFERENCE,
        CommandCode.CLOSE_OUTER_DOOR,
        CommandCode.OPEN_INNER_DOOR,
        CommandCode.CLOSE_INNER_DOOR,
        CommandCode.ROTATE,
    )
    permitted = any_of(*(at.out(cabin.id, permit) for permit in ("outer_close", "inner", "rotate")))
    return seen & (at.starts(cabin.id, *other) | permitted)


def _closes_on_something(at: Moment, cabin: CabinTopology) -> Formula:
    return at.starts(cabin.id, CommandCode.CLOSE_OUTER_DOOR) & ~at.says(cabin.id, outer_unobstructed=True)


def _closes_while_inviting(at: Moment, cabin: CabinTopology) -> Formula:
    red = at.says(cabin.id, traffic_light_shown=int(TrafficLight.RED))
    inviting = at.may_act(cabin.id, "green") | at.may_act(cabin.id, "outer_open")
    return at.out(cabin.id, "outer_close") & (~red | inviting)


def _opens_while_closing(at: Moment, cabin: CabinTopology) -> Formula:
    return at.out(cabin.id, "outer_open") & at.may_act(cabin.id, "outer_close")


PEOPLE: tuple[Predicate, ...] = (
    Predicate(
        "H01.way-in-without-platform",
        "The outer door may open, or the light be green, without the platform in its seat, level and locked",
        _HAZARDS,
        each_cabin(_no_platform),
    ),
    Predicate(
        "H01.way-in-to-a-turning-platform",
        "The outer door may open, or the light be green, while the platform is out of line, turns, or may turn",
        _CONTRACT,
        each_cabin(_platform_turns),
    ),
    Predicate(
        "H01.opened-while-something-moves",
        "The outer door is told to open while something in the cabin is not proven to stand",
        _CONTRACT,
        each_cabin(_opened_while_moving),
    ),
    Predicate(
        "H01.green-before-the-door-is-open",
        "The light is green before the door is fully open, without a platform, or with the inner door not shut",
        _CONTRACT,
        each_cabin(_green_before_the_door),
    ),
    Predicate(
        "H02.somebody-may-be-seen",
        "Turntable, inner door or forks may move in a cabin of which a presence sensor does not say that it is empty",
        _BOUNDARY,
        each_machine_move_in_a_cabin(_somebody_may_be_seen),
    ),
    Predicate(
        "H02.way-in-not-shut",
        "Turntable, inner door or forks may move in a cabin whose outer door or emergency exit is not closed and "
        "locked, or whose outer door may open",
        _BOUNDARY,
        each_machine_move_in_a_cabin(_way_in_not_shut),
    ),
    Predicate(
        "H02.another-opening-confirmed",
        "Turntable, inner door or forks may move in a cabin whose last opening nobody has confirmed",
        _BOUNDARY,
        each_machine_move_in_a_cabin(_another_opening_confirmed),
    ),
    Predicate(
        "H02.pressed-before-the-last-presence",
        "Turntable, inner door or forks may move in a cabin without a press of the button since the last presence",
        _BOUNDARY,
        each_machine_move_in_a_cabin(_pressed_before_the_last_presence),
    ),
    Predicate(
        "H02.countdown-not-over",
        "Turntable, inner door or forks may move in a cabin that has not been proven empty for the whole countdown",
        _BOUNDARY,
        each_machine_move_in_a_cabin(_countdown_not_over),
    ),
    Predicate(
        "H02.closes-on-somebody-inside",
        "The outer door may close while a presence sensor does not say that nobody is inside",
        _BOUNDARY,
        each_cabin(_closes_on_people),
    ),
    Predicate(
        "H02.people-let-in-to-forks",
        "The outer door may open, or the light be green, while forks are in the cabin, may come, or cannot be seen",
        _HAZARDS,
        each_cabin_space(_people_to_forks),
    ),
    Predicate(
        "H03.both-doors",
        "One door of a cabin may open while the other is not closed and locked, or may open",
        _HAZARDS,
        each_cabin(_both_doors),
    ),
    Predicate(
        "H04.more-than-letting-out",
        "Anything but stopping and opening the outer door, while somebody is seen in the cabin",
        _HAZARDS,
        each_cabin(_more_than_letting_out),
    ),
    Predicate(
        "H04.closes-on-something-in-the-doorway",
        "The outer door is told to close while something stands in the doorway",
        _CONTRACT,
        each_cabin(_closes_on_something),
    ),
    Predicate(
        "H04.closes-while-inviting",
        "The outer door may close while the light is not red, or while it may open",
        _CONTRACT,
        each_cabin(_closes_while_inviting),
    ),
    Predicate(
        "H04.opens-while-closing",
        "The outer door may open and close at once",
        _CONTRACT,
        each_cabin(_opens_while_closing),
    ),
)
"""Predicates of people and cabins."""
