"""What must never go out where cars are carried and set down: H05, H06, H07, H08, H14.

Owns these predicates. Written from the hazard list, the device contract (lift, shuttle, during a transfer) and the
safety boundary; must never be taken from the interlocks.
"""

from __future__ import annotations

from plc_drivers.contract import CommandCode
from safety.proof.formula import Formula, all_of, any_of
from safety.proof.instances import (
    each_cabin,
    each_cabin_space,
    each_lift,
    each_platform_space,
    each_rider,
    each_shuttle,
    each_side,
    each_space,
)
from safety.proof.moment import Moment
from safety.proof.predicate import Predicate
from safety.proof.space import (
    CREEP_MM_S,
    OFF_LEVEL_MM,
    TO_SIDE,
    TRANSFERS,
    Space,
    at_known_level,
    elsewhere,
    forks_home,
    in_line_and_still,
    left_half_way,
    load_is_known,
    load_within_marks,
    locked_somewhere,
    may_be_inside,
    may_enter,
    seated,
)
from safety.topology import CabinTopology, LiftTopology, ShuttleTopology

_HAZARDS = "hazard list"
_BOUNDARY = "safety boundary"
_LIFT = "device contract, lift"
_SHUTTLE = "device contract, shuttle"

_DRIVEN = (CommandCode.MOVE_TO_LEVEL, CommandCode.REFERENCE)
"""Commands that drive a lift along its shaft."""


def _starts_transfer(at: Moment, shuttle: str, code: CommandCode, side: str, arg1: int | None = None) -> Formula:
    """A pick or place begins that does not finish an interrupted one: there deck and target are in between."""
    return at.starts(shuttle, code, arg1=arg1) & ~left_half_way(at, shuttle, side)


def _placed_on_one_word(at: Moment, space: Space) -> Formula:
    begins = _starts_transfer(at, space.shuttle, TO_SIDE[space.side][1], space.side) & ~elsewhere(at, space)
    return begins & ~_target_says(at, space, taken=False)


def _picked_on_one_word(at: Moment, space: Space) -> Formula:
    begins = _starts_transfer(at, space.shuttle, TO_SIDE[space.side][0], space.side) & ~elsewhere(at, space)
    return begins & ~_target_says(at, space, taken=True)


def _target_says(at: Moment, space: Space, *, taken: bool) -> Formula:
    """The two detectors of the cabin or platform itself say that a car stands there, or that none does."""
    if any(cabin.id == space.target for cabin in at.garage.topology.cabins):
        return at.says(space.target, vehicle_present=taken, vehicle_clear=not taken)
    return at.says(space.target, load_present=taken, load_clear=not taken)


def _position_says(at: Moment, shuttle: str, row: str, side: str, *, taken: bool) -> Formula:
    """Both detectors of the shuttle say that a car stands in the position beside it, or that none does."""
    return at.says(shuttle, **{f"{row}_{side}_occupied": taken, f"{row}_{side}_clear": not taken})


def _set_down_on_a_car(at: Moment, end: tuple[str, str]) -> Formula:
    shuttle, side = end
    place = TO_SIDE[side][1]
    front = _starts_transfer(at, shuttle, place, side) & ~_position_says(at, shuttle, "target", side, taken=False)
    rear = _starts_transfer(at, shuttle, place, side, 2) & ~_position_says(at, shuttle, "rear", side, taken=False)
    return front | rear


def _picked_where_none_stands(at: Moment, end: tuple[str, str]) -> Formula:
    shuttle, side = end
    pick = TO_SIDE[side][0]
    front = _starts_transfer(at, shuttle, pick, side, 1) & ~_position_says(at, shuttle, "target", side, taken=True)
    behind = all_of(
        _position_says(at, shuttle, "target", side, taken=False),
        _position_says(at, shuttle, "rear", side, taken=True),
    )
    return front | (_starts_transfer(at, shuttle, pick, side, 2) & ~behind)


def _picked_onto_a_car(at: Moment, end: tuple[str, str]) -> Formula:
    shuttle, side = end
    return _starts_transfer(at, shuttle, TO_SIDE[side][0], side) & ~at.says(
        shuttle, load_present=False, load_clear=True
    )


def _placed_without_a_car(at: Moment, end: tuple[str, str]) -> Formula:
    shuttle, side = end
    carried = at.says(shuttle, load_present=True, load_clear=False) & load_within_marks(at, shuttle)
    return _starts_transfer(at, shuttle, TO_SIDE[side][1], side) & ~carried


def _to_no_depth(at: Moment, shuttle: ShuttleTopology) -> Formula:
    known = (at.starts(shuttle.id, code, arg1=depth) for code in TRANSFERS for depth in (1, 2))
    return at.starts(shuttle.id, *TRANSFERS) & ~any_of(*known)


def _forks_wrong_way(at: Moment, end: tuple[str, str]) -> Formula:
    shuttle, side = end
    ready = forks_home(at, shuttle) | left_half_way(at, shuttle, side)
    return at.starts(shuttle, *TO_SIDE[side]) & ~ready


def _rider_away(at: Moment, pair: tuple[LiftTopology, ShuttleTopology]) -> Formula:
    lift, shuttle = pair
    home = at.says(shuttle.id, station=-1 if shuttle.home_column is None else shuttle.home_column)
    docked = all_of(
        at.says(shuttle.id, docked=True, standstill=True),
        home | at.says(shuttle.id, referenced=False),
        ~at.may_act(shuttle.id, "travel"),
    )
    knows = home & at.says(shuttle.id, referenced=True)
    lost = at.starts(lift.id, CommandCode.MOVE_TO_LEVEL) & ~knows
    let_go = at.starts(lift.id, CommandCode.UNLOCK) & at.says(lift.id, pins_extended=True) & ~knows
    return (at.out(lift.id, "travel") & ~docked) | lost | let_go


def _lift_with_forks_out(at: Moment, pair: tuple[LiftTopology, ShuttleTopology]) -> Formula:
    lift, shuttle = pair
    kept_home = forks_home(at, shuttle.id) & ~at.may_act(shuttle.id, "transfer")
    return at.out(lift.id, "travel") & ~kept_home


def _lift_with_load_out(at: Moment, lift: LiftTopology) -> Formula:
    within = load_within_marks(at, lift.id)
    if lift.has_platform:
        within &= load_is_known(at, lift.id)
    if lift.rider is not None:
        within = all_of(within, load_within_marks(at, lift.rider), load_is_known(at, lift.rider))
    return at.out(lift.id, "travel") & ~within


def _lift_through_forks(at: Moment, space: Space) -> Formula:
    return at.out(space.target, "travel") & (may_be_inside(at, space) | may_enter(at, space))


def _lift_pinned(at: Moment, lift: LiftTopology) -> Formula:
    free = at.says(lift.id, pins_retracted=True, pins_extended=False)
    driven = at.out(lift.id, "travel") & at.ordered_to(lift.id, *_DRIVEN)
    return (driven | at.starts(lift.id, *_DRIVEN)) & ~free


def _shuttle_with_forks_out(at: Moment, shuttle: ShuttleTopology) -> Formula:
    kept_home = forks_home(at, shuttle.id) & ~at.may_act(shuttle.id, "transfer")
    return at.out(shuttle.id, "travel") & ~kept_home


def _shuttle_with_load_out(at: Moment, shuttle: ShuttleTopology) -> Formula:
    within = load_within_marks(at, shuttle.id) & load_is_known(at, shuttle.id)
    return at.out(shuttle.id, "travel") & ~within


def _inner_door_on_something(at: Moment, cabin: CabinTopology) -> Formula:
    return at.starts(cabin.id, CommandCode.CLOSE_INNER_DOOR) & ~at.says(cabin.id, inner_unobstructed=True)


def _not_at_a_column(at: Moment, shuttle: ShuttleTopology) -> Formula:
    name = shuttle.id
    stands = all_of(
        at.says(name, referenced=True, station_sensor=True),
        at.above(name, "station", -1),
        at.within(name, "speed", -CREEP_MM_S, CREEP_MM_S),
        ~at.may_act(name, "travel"),
    )
    begins = at.starts(name, *TRANSFERS) & ~at.says(name, in_position=True, standstill=True)
    return (at.out(name, "transfer") & ~stands) | begins


def _on_a_lift_that_may_move(at: Moment, pair: tuple[LiftTopology, ShuttleTopology]) -> Formula:
    """Travelling is possible on a lift that stands locked without knowing where; a transfer is not."""
    lift, shuttle = pair
    locked = locked_somewhere(at, lift.id) & ~at.may_act(lift.id, "travel")
    level = at_known_level(at, lift.id)
    travels = at.out(shuttle.id, "travel") & ~(locked & (level | at.says(lift.id, referenced=False)))
    return travels | (at.out(shuttle.id, "transfer") & ~(locked & level))


def _onto_a_platform_that_is_not_there(at: Moment, space: Space) -> Formula:
    ready = all_of(
        locked_somewhere(at, space.target),
        at_known_level(at, space.target),
        at.says(space.target, station=space.level),
        ~at.may_act(space.target, "travel"),
    )
    return may_enter(at, space) & ~ready


def _into_a_cabin_that_is_not_ready(at: Moment, space: Space) -> Formula:
    cabin = next(one for one in at.garage.topology.cabins if one.id == space.target)
    ready = all_of(
        at.says(cabin.id, inner_open=True, inner_closed=False),
        ~at.may_act(cabin.id, "inner"),
        seated(at, cabin.id),
        in_line_and_still(at, cabin.id, turntable=cabin.turntable),
    )
    return may_enter(at, space) & ~ready


def _inner_door_over_a_gap(at: Moment, cabin: CabinTopology) -> Formula:
    ready = seated(at, cabin.id) & in_line_and_still(at, cabin.id, turntable=cabin.turntable)
    return at.out(cabin.id, "inner") & ~ready


def _pins_beside_a_level(at: Moment, lift: LiftTopology) -> Formula:
    stands = all_of(
        at.says(lift.id, referenced=True, station_sensor=True, standstill=True),
        at.above(lift.id, "station", -1),
        at.within(lift.id, "levelling_error_mm", -OFF_LEVEL_MM, OFF_LEVEL_MM),
    )
    return at.starts(lift.id, CommandCode.LOCK) & ~stands


def _lift_without_reference(at: Moment, lift: LiftTopology) -> Formula:
    going = at.out(lift.id, "travel") & at.ordered_to(lift.id, CommandCode.MOVE_TO_LEVEL)
    return (going | at.starts(lift.id, CommandCode.MOVE_TO_LEVEL)) & ~at.says(lift.id, referenced=True)


def _shuttle_without_reference(at: Moment, shuttle: ShuttleTopology) -> Formula:
    going = at.out(shuttle.id, "travel") & at.ordered_to(shuttle.id, CommandCode.MOVE_TO_COLUMN)
    return (going | at.starts(shuttle.id, CommandCode.MOVE_TO_COLUMN)) & ~at.says(shuttle.id, referenced=True)


def _picked_though_it_sticks_out(at: Moment, space: Space) -> Formula:
    begins = _starts_transfer(at, space.shuttle, TO_SIDE[space.side][0], space.side) & ~elsewhere(at, space)
    return begins & ~at.says(space.target, vehicle_in_envelope=True)


def _turned_though_it_sticks_out(at: Moment, cabin: CabinTopology) -> Formula:
    turns = at.starts(cabin.id, CommandCode.ROTATE, CommandCode.REFERENCE)
    return turns & ~at.says(cabin.id, vehicle_in_envelope=True)


CARS: tuple[Predicate, ...] = (
    Predicate(
        "H05.placed-on-one-sensor's-word",
        "A car is set down in a cabin or on a platform whose own two detectors do not both say that it is empty",
        _HAZARDS,
        each_space(_placed_on_one_word),
    ),
    Predicate(
        "H05.picked-on-one-sensor's-word",
        "A car is picked in a cabin or on a platform whose own two detectors do not both say that one stands there",
        _HAZARDS,
        each_space(_picked_on_one_word),
    ),
    Predicate(
        "H06.set-down-on-a-car",
        "A car is set down where both detectors of the shuttle do not say that the place, and what is before it, is "
        "empty",
        _SHUTTLE,
        each_side(_set_down_on_a_car),
    ),
    Predicate(
        "H06.picked-where-none-stands",
        "A car is picked where both detectors do not say that one stands, or from behind one that is not proven away",
        _SHUTTLE,
        each_side(_picked_where_none_stands),
    ),
    Predicate(
        "H06.picked-onto-a-car",
        "A car is picked while switch and barrier of the deck do not both say that it is empty",
        _SHUTTLE,
        each_side(_picked_onto_a_car),
    ),
    Predicate(
        "H06.placed-without-a-car",
        "A place begins while the deck is not proven to carry a car within its marks",
        _SHUTTLE,
        each_side(_placed_without_a_car),
    ),
    Predicate(
        "H06.to-no-depth",
        "A transfer begins to a depth that is neither 1 nor 2, of which no detector speaks",
        _SHUTTLE,
        each_shuttle(_to_no_depth),
    ),
    Predicate(
        "H07.forks-out-the-other-way",
        "A transfer begins to one side while the forks are neither home nor out to that side alone",
        _SHUTTLE,
        each_side(_forks_wrong_way),
    ),
    Predicate(
        "H07.lift-with-its-shuttle-away",
        "A lift may move while the shuttle on it is not docked and standing, or goes to a level, or draws its pins "
        "from the building, with one that does not know that it is home",
        _LIFT,
        each_rider(_rider_away),
    ),
    Predicate(
        "H07.lift-with-forks-out",
        "A lift may move while the forks of the shuttle on it are not home, or may move",
        _LIFT,
        each_rider(_lift_with_forks_out),
    ),
    Predicate(
        "H07.lift-with-load-off-its-marks",
        "A lift may move with a load off its marks, sticking out, or of which two detectors contradict each other",
        _LIFT,
        each_lift(_lift_with_load_out),
    ),
    Predicate(
        "H07.lift-through-forks",
        "A lift may move while a shuttle's forks are in its shaft, may come into it, or cannot be seen",
        _LIFT,
        each_platform_space(_lift_through_forks),
    ),
    Predicate(
        "H07.lift-driven-against-its-pins",
        "A lift is driven while its pins are not proven in the platform",
        _LIFT,
        each_lift(_lift_pinned),
    ),
    Predicate(
        "H07.shuttle-with-forks-out",
        "A shuttle may travel while its forks are not home, or may move",
        _SHUTTLE,
        each_shuttle(_shuttle_with_forks_out),
    ),
    Predicate(
        "H07.shuttle-with-load-off-its-marks",
        "A shuttle may travel with a load off its marks, sticking out, or of which two detectors contradict each other",
        _SHUTTLE,
        each_shuttle(_shuttle_with_load_out),
    ),
    Predicate(
        "H07.inner-door-on-a-car",
        "The inner door is told to close while something stands in its doorway",
        _HAZARDS,
        each_cabin(_inner_door_on_something),
    ),
    Predicate(
        "H08.not-at-a-column",
        "Forks may move while the shuttle is not proven to stand at a column, or may travel",
        _SHUTTLE,
        each_shuttle(_not_at_a_column),
    ),
    Predicate(
        "H08.on-a-lift-that-may-move",
        "A shuttle may leave its lift, or move its forks, while the lift is not proven to stand locked and level",
        _SHUTTLE,
        each_rider(_on_a_lift_that_may_move),
    ),
    Predicate(
        "H08.onto-a-platform-that-is-not-there",
        "Forks may move onto a lift's platform that is not proven to stand locked at their level",
        _SHUTTLE,
        each_platform_space(_onto_a_platform_that_is_not_there),
    ),
    Predicate(
        "H08.into-a-cabin-that-is-not-ready",
        "Forks may move into a cabin whose inner door is not open, or whose platform is not seated, in line and still",
        _SHUTTLE,
        each_cabin_space(_into_a_cabin_that_is_not_ready),
    ),
    Predicate(
        "H08.inner-door-over-a-gap",
        "The inner door may move while the platform behind it is not seated, in line and still",
        "device contract, cabin",
        each_cabin(_inner_door_over_a_gap),
    ),
    Predicate(
        "H08.pins-beside-a-level",
        "Pins come out of a lift that is not proven to stand at a level",
        _LIFT,
        each_lift(_pins_beside_a_level),
    ),
    Predicate(
        "H08.lift-without-reference",
        "A lift goes to a level without knowing its height",
        _LIFT,
        each_lift(_lift_without_reference),
    ),
    Predicate(
        "H08.shuttle-without-reference",
        "A shuttle goes to a column without knowing its place",
        _SHUTTLE,
        each_shuttle(_shuttle_without_reference),
    ),
    Predicate(
        "H14.picked-though-it-sticks-out",
        "A car is picked in a cabin while its size check is not clear",
        _HAZARDS,
        each_cabin_space(_picked_though_it_sticks_out),
    ),
    Predicate(
        "H14.turned-though-it-sticks-out",
        "A car is turned while its size check is not clear",
        "device contract, cabin",
        each_cabin(_turned_though_it_sticks_out),
    ),
)
"""Predicates of cars, movers and transfers."""
