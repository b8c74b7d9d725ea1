"""What must never go out of the machine as a whole: H09 to H13, H15, H16 and H20.

Owns these predicates. Written from the hazard list, the device contract and the safety boundary; must never be
taken from the interlocks.
"""

from __future__ import annotations

from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import Mode, State
from safety.proof.axis import Axis
from safety.proof.formula import FALSE, Formula, all_of, any_of
from safety.proof.instances import (
    each_axis,
    each_cabin,
    each_cabin_space,
    each_device,
    each_function,
    each_lift,
    each_pair_in_one_space,
    each_pair_of_shuttles,
    each_rider,
    each_shuttle,
    each_space,
    each_trip,
)
from safety.proof.moment import Moment
from safety.proof.movement import (
    any_permit,
    moves,
    on_different_levels,
    out_of_the_way,
    zone_says,
    zones_of_device,
)
from safety.proof.predicate import Predicate
from safety.proof.space import (
    TO_SIDE,
    Space,
    elsewhere,
    may_be_inside,
    may_enter,
    shut_to_machine,
)
from safety.topology import CabinTopology, LiftTopology, ShuttleTopology
from safety.trip import Trip

_HAZARDS = "hazard list"
_BOUNDARY = "safety boundary"
_RULES = "device contract, rules of the scan"

ZONE_SIGNALS = (
    "estop_released",
    "estop_connected",
    "reset_done",
    "guards_closed",
    "torque_enabled",
)
"""What a zone's stop circuit says while nothing in it is stopped (contract, safety PLC)."""

HELD_IN = (State.NOT_REFERENCED, State.IDLE, State.EXECUTING, State.STOPPING)
"""States in which a PLC acts upon permits at all (contract, rules of the scan)."""

DRIVES = frozenset({"travel", "transfer", "rotate"})
"""Permits under which something heavy is driven; doors and light are not slowed down by set-up speed."""

BOUNCE_MS = 500
"""No switch bounces, and no PLC takes, this long: two that contradict each other for longer are a defect (H21)."""

FORKS_FAR_OUT_MM = 60
"""Twice what still counts as within the deck: here no centre switch can be made."""

BRAKE_MS = 1500
"""A brake is closed this long after a standstill without a command (contract, lift)."""


def _shuttles_together(at: Moment, pair: tuple[ShuttleTopology, ShuttleTopology]) -> Formula:
    one, other = pair
    both = at.out(one.id, "travel") & at.may_act(other.id, "travel")
    return both & ~on_different_levels(at, one, other)


def _sent_into_another(at: Moment, pair: tuple[ShuttleTopology, ShuttleTopology]) -> Formula:
    one, other = pair
    safe = on_different_levels(at, one, other) | out_of_the_way(at, one, other)
    return at.starts(one.id, CommandCode.MOVE_TO_COLUMN) & ~safe


def _lift_and_its_shuttle(at: Moment, pair: tuple[LiftTopology, ShuttleTopology]) -> Formula:
    lift, shuttle = pair
    lifted = at.out(lift.id, "travel") & (at.may_act(shuttle.id, "travel") | at.may_act(shuttle.id, "transfer"))
    moved = (at.out(shuttle.id, "travel") | at.out(shuttle.id, "transfer")) & at.may_act(lift.id, "travel")
    return lifted | moved


def _shuttle_against_itself(at: Moment, shuttle: ShuttleTopology) -> Formula:
    travels = at.out(shuttle.id, "travel") & at.may_act(shuttle.id, "transfer")
    return travels | (at.out(shuttle.id, "transfer") & at.may_act(shuttle.id, "travel"))


def _way_not_clear(at: Moment, shuttle: ShuttleTopology) -> Formula:
    return at.out(shuttle.id, "travel") & ~at.says(shuttle.id, zone_clear=True)


def _forks_together(at: Moment, pair: tuple[Space, Space]) -> Formula:
    one, other = pair
    return may_enter(at, one) & (may_be_inside(at, other) | may_enter(at, other))


def _cabin_moves_on_forks(at: Moment, space: Space) -> Formula:
    moves = at.out(space.target, "rotate") | at.out(space.target, "inner")
    into = may_enter(at, space) & (at.may_act(space.target, "rotate") | at.may_act(space.target, "inner"))
    return (moves & (may_be_inside(at, space) | may_enter(at, space))) | into


def _turns_against_its_door(at: Moment, cabin: CabinTopology) -> Formula:
    shut = shut_to_machine(at, cabin.id) & ~at.may_act(cabin.id, "inner")
    opens = at.out(cabin.id, "inner") & at.may_act(cabin.id, "rotate")
    return (at.out(cabin.id, "rotate") & ~shut) | opens


def _turns_without_a_table(at: Moment, cabin: CabinTopology) -> Formula:
    possible = at.says(cabin.id, platform_present=True, platform_level=True) if cabin.turntable else FALSE
    return at.out(cabin.id, "rotate") & ~possible


def _begins_while_something_moves(at: Moment, cabin: CabinTopology) -> Formula:
    codes = (
        CommandCode.ROTATE,
        CommandCode.REFERENCE,
        CommandCode.OPEN_INNER_DOOR,
        CommandCode.CLOSE_INNER_DOOR,
    )
    return at.starts(cabin.id, *codes) & ~at.says(cabin.id, standstill=True)


def _silent(at: Moment, device: str) -> Formula:
    return moves(at, device) & ~(at.answers(device) & at.answers(at.garage.topology.safety))


def _depends_on_a_silent_lift(at: Moment, pair: tuple[LiftTopology, ShuttleTopology]) -> Formula:
    lift, shuttle = pair
    return (moves(at, lift.id) & ~at.answers(shuttle.id)) | (moves(at, shuttle.id) & ~at.answers(lift.id))


def _depends_on_a_silent_shuttle(at: Moment, space: Space) -> Formula:
    """Whatever moves in the space needs the shuttle's word; the closing outer door alone does not.

    A shuttle that rides on a lift is where its lift is locked, so a lift at another level speaks for it.
    """
    target = at.garage.definitions[space.target]
    permits = (permit for permit in target.permits if permit != "outer_close")
    moves = any_of(*(at.out(space.target, permit) for permit in permits))
    return all_of(moves, ~at.answers(space.shuttle), ~elsewhere(at, space))


def _into_a_silent_space(at: Moment, space: Space) -> Formula:
    return may_enter(at, space) & ~at.answers(space.target)


def _comes_back(at: Moment, function: tuple[str, str]) -> Formula:
    device, permit = function
    return at.out(device, permit) & at.taken_away(device, permit)


def _forgotten_command(at: Moment, device: str) -> Formula:
    return at.keeps(device) & at.restarted(device)


def _latched(at: Moment, trip: Trip) -> Formula:
    return at.stood(trip) & any_of(*(at.out(stopped.device, stopped.permit) for stopped in trip.stops))


def _stopped_zone(at: Moment, device: str) -> Formula:
    topology = at.garage.topology
    safe = all_of(*(zone_says(at, zone, *ZONE_SIGNALS) for zone in sorted(zones_of_device(topology, device))))
    return moves(at, device) & ~safe


def _into_a_stopped_zone(at: Moment, space: Space) -> Formula:
    topology = at.garage.topology
    zones = sorted(zones_of_device(topology, space.target))
    safe = all_of(*(zone_says(at, zone, *ZONE_SIGNALS, "lockout_clear") for zone in zones))
    return may_enter(at, space) & ~safe


def _another_owner(at: Moment, device: str) -> Formula:
    return (any_permit(at, device) | at.starts_something(device)) & ~at.ours(device)


def _unbraked(at: Moment, lift: LiftTopology) -> Formula:
    return at.starts(lift.id, CommandCode.UNLOCK) & ~at.says(lift.id, standstill=True, brake_closed=True)


def _unsafe_suspension(at: Moment, lift: LiftTopology) -> Formula:
    carried = at.says(lift.id, rope_taut=True, speed_ok=True, overtravel_top_clear=True, overtravel_bottom_clear=True)
    return moves(at, lift.id) & ~(carried & at.says(lift.id, shaft_doors_closed=True))


def _brake_does_not_close(at: Moment, lift: LiftTopology) -> Formula:
    idle = at.says(lift.id, standstill=True, active_command=int(CommandCode.NONE))
    open_ = idle & at.says(lift.id, brake_closed=False)
    for_long = at.held(open_, BRAKE_MS, (lift.id,), f"{lift.id} brake open")
    unseen = idle & ~at.known(lift.id, "brake_closed")
    return at.out(lift.id, "travel") & (for_long | unseen)


def _no_progress(at: Moment, axis: Axis) -> Formula:
    told = all_of(
        any_of(*(at.says(axis.device, active_command=int(code)) for code in axis.codes)),
        at.says(axis.device, **{f"holds_{axis.permit}": True}),
    )
    for_long = at.held(told, axis.pause_ms, (axis.device,), f"{axis} told to move")
    rested = (at.rested(axis.device, place, axis.pause_ms) for place in axis.places)
    return all_of(at.out(axis.device, axis.permit), for_long, *rested)


def _moves_without_a_permit(at: Moment, axis: Axis) -> Formula:
    if axis.speed is None:
        return FALSE
    still = at.within(axis.device, axis.speed, -axis.fast, axis.fast)
    moves = all_of(
        at.says(axis.device, mode=int(Mode.AUTOMATIC), **{f"holds_{axis.permit}": False}),
        ~at.permitted_last(axis.device, axis.permit),
        at.known(axis.device, axis.speed) & ~still,
    )
    too_long = at.held(moves, axis.stop_ms, (axis.device,), f"{axis} moves without a permit")
    return at.out(axis.device, axis.permit) & too_long


def _pins_contradict(at: Moment, lift: LiftTopology) -> Formula:
    both = at.says(lift.id, pins_extended=True, pins_retracted=True)
    return at.out(lift.id, "travel") & at.held(both, BOUNCE_MS, (lift.id,), f"{lift.id} pins contradict")


def _forks_contradict(at: Moment, shuttle: ShuttleTopology) -> Formula:
    out = [at.above(shuttle.id, f"forks_{side}_mm", FORKS_FAR_OUT_MM) for side in TO_SIDE]
    both = (at.says(shuttle.id, forks_centred=True) & any_of(*out)) | all_of(*out)
    moves = at.out(shuttle.id, "transfer") | at.out(shuttle.id, "travel")
    return moves & at.held(both, BOUNCE_MS, (shuttle.id,), f"{shuttle.id} forks contradict")


def _doors_contradict(at: Moment, cabin: CabinTopology) -> Formula:
    """The outer door may still be opened: it is the way out."""
    permits = ("outer_close", "green", "inner", "rotate")
    return any_of(*(at.out(cabin.id, permit) for permit in permits)) & any_of(
        *(_door_contradicts(at, cabin.id, door) for door in ("outer", "inner"))
    )


def _door_contradicts(at: Moment, cabin: str, door: str) -> Formula:
    shut = at.says(cabin, **{f"{door}_closed": True}) | at.says(cabin, **{f"{door}_locked": True})
    both = at.says(cabin, **{f"{door}_open": True}) & shut
    return at.held(both, BOUNCE_MS, (cabin,), f"{cabin} {door} door contradicts")


def _earthquake(at: Moment, function: tuple[str, str]) -> Formula:
    return _alarm(at, function, "seismic_clear")


def _alarm(at: Moment, function: tuple[str, str], signal: str) -> Formula:
    """The way out of a cabin stays open to people; nothing else may go on."""
    device, permit = function
    if permit == "outer_open":
        return FALSE
    return at.out(device, permit) & ~at.says(at.garage.topology.safety, **{signal: True})


MACHINE: tuple[Predicate, ...] = (
    Predicate(
        "H09.two-shuttles-in-one-aisle",
        "Two shuttles may travel in one aisle, and are not proven to be on different levels",
        _HAZARDS,
        each_pair_of_shuttles(_shuttles_together),
    ),
    Predicate(
        "H09.sent-into-another-shuttle",
        "A shuttle is sent to a column while another, in its aisle or perhaps in it, may stand there or before it",
        _HAZARDS,
        each_pair_of_shuttles(_sent_into_another),
    ),
    Predicate(
        "H09.lift-and-its-shuttle",
        "A lift and the shuttle on it may move at once",
        _HAZARDS,
        each_rider(_lift_and_its_shuttle),
    ),
    Predicate(
        "H09.shuttle-against-itself",
        "A shuttle may travel and move its forks at once",
        _HAZARDS,
        each_shuttle(_shuttle_against_itself),
    ),
    Predicate(
        "H09.way-not-clear",
        "A shuttle may travel while the scanner along the way does not say that it is clear",
        _BOUNDARY,
        each_shuttle(_way_not_clear),
    ),
    Predicate(
        "H09.forks-of-two-in-one-space",
        "Forks may move into a cabin or onto a platform in which another shuttle's forks are, or may come",
        _HAZARDS,
        each_pair_in_one_space(_forks_together),
    ),
    Predicate(
        "H09.cabin-moves-on-forks",
        "A turntable or an inner door may move while forks are in the cabin, may come, or cannot be seen",
        _HAZARDS,
        each_cabin_space(_cabin_moves_on_forks),
    ),
    Predicate(
        "H09.turns-against-its-door",
        "A turntable may turn while the inner door is not closed and locked, or may open",
        "device contract, cabin",
        each_cabin(_turns_against_its_door),
    ),
    Predicate(
        "H09.turns-without-a-table",
        "A turntable may turn without its platform in the seat and flush, or in a cabin that has none",
        "device contract, cabin",
        each_cabin(_turns_without_a_table),
    ),
    Predicate(
        "H09.begins-while-something-moves",
        "Turntable or inner door is told to move while something in the cabin is not proven to stand",
        _HAZARDS,
        each_cabin(_begins_while_something_moves),
    ),
    Predicate(
        "H10.silent",
        "Anything may move of a device that does not answer, or while the safety PLC does not",
        _BOUNDARY,
        each_device(_silent),
    ),
    Predicate(
        "H10.carried-by-a-silent-device",
        "A lift or the shuttle on it may move while the other does not answer",
        _BOUNDARY,
        each_rider(_depends_on_a_silent_lift),
    ),
    Predicate(
        "H10.beside-a-silent-shuttle",
        "A cabin or lift may move, or let people in, while a shuttle that reaches into it does not answer",
        _BOUNDARY,
        each_space(_depends_on_a_silent_shuttle),
    ),
    Predicate(
        "H10.into-a-silent-space",
        "Forks may move into a cabin or onto a platform that does not answer",
        _BOUNDARY,
        each_space(_into_a_silent_space),
    ),
    Predicate(
        "H11.comes-back-by-itself",
        "A permit that safety took away comes back under the same command",
        _HAZARDS,
        each_function(_comes_back),
    ),
    Predicate(
        "H11.forgotten-command",
        "A command stays in the mailbox of a PLC that was lost, or has started anew since it was given",
        _RULES,
        each_device(_forgotten_command),
    ),
    Predicate(
        "H11.latched",
        "A permit that a trip took away comes back before a person has reset the trip",
        _HAZARDS,
        each_trip(_latched),
    ),
    Predicate(
        "H12.in-a-stopped-zone",
        "Anything may move in a zone whose emergency stop, guards, reset or torque are not all in order",
        _HAZARDS,
        each_device(_stopped_zone),
    ),
    Predicate(
        "H12.into-a-stopped-zone",
        "A load may be sent into a zone that is stopped, open or locked out",
        _HAZARDS,
        each_space(_into_a_stopped_zone),
    ),
    Predicate(
        "H13.another-owner",
        "A permit or a command goes to a PLC that has not taken this controller for its owner",
        _RULES,
        each_device(_another_owner),
    ),
    Predicate(
        "H15.pins-in-without-a-brake",
        "Pins leave the building while the lift is not proven to stand with its brake closed",
        _HAZARDS,
        each_lift(_unbraked),
    ),
    Predicate(
        "H15.suspension",
        "A lift may move with a slack rope, after overspeed, beyond a final limit, or with a shaft door open",
        "device contract, lift",
        each_lift(_unsafe_suspension),
    ),
    Predicate(
        "H15.brake-does-not-close",
        "A lift may move after it has stood without a command and without a closed brake for longer than it takes",
        "device contract, lift",
        each_lift(_brake_does_not_close),
    ),
    Predicate(
        "H15.no-progress",
        "An axis keeps its permit though it was told to move and has not for longer than any pause takes",
        _HAZARDS,
        each_axis(_no_progress),
    ),
    Predicate(
        "H15.earthquake",
        "Anything but the way out of a cabin may move while no all-clear comes for earthquake and wind",
        _HAZARDS,
        each_function(_earthquake),
    ),
    Predicate(
        "H18.moves-without-a-permit",
        "An axis gets a permit though it has moved without one for longer than a stop takes",
        _HAZARDS,
        each_axis(_moves_without_a_permit),
    ),
    Predicate(
        "H21.pins-contradict",
        "A lift may move though both end switches of its pins are made for longer than a switch bounces",
        _HAZARDS,
        each_lift(_pins_contradict),
    ),
    Predicate(
        "H21.forks-contradict",
        "A shuttle may move though its forks are home by one reading and out by another, or out to both sides",
        _HAZARDS,
        each_shuttle(_forks_contradict),
    ),
    Predicate(
        "H21.doors-contradict",
        "Anything but the way out may move in a cabin of which a door is open by one switch and shut by another",
        _HAZARDS,
        each_cabin(_doors_contradict),
    ),
)
"""Predicates of the machine as a whole."""
