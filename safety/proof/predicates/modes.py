"""What must never go out by mode: keys, hands, locks, states that are not ready, fire (H11, H13, H15, H16, H20).

Owns these predicates. Written from the hazard list, the device contract and the safety boundary; must never be
taken from the interlocks.
"""

from __future__ import annotations

from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import Health, Mode, State
from plc_drivers.contract.safety import zone_tag
from safety.proof.formula import FALSE, TRUE, Formula, all_of, any_of, at_least
from safety.proof.instances import each_device, each_function, each_pair_of_shuttles, each_rider, each_space
from safety.proof.moment import Moment
from safety.proof.movement import moves, on_different_levels, starts_under_a_permit, zone_says, zones_of_device
from safety.proof.predicate import Predicate
from safety.proof.space import Space, elsewhere, may_enter
from safety.topology import LiftTopology, ShuttleTopology, Topology

_HAZARDS = "hazard list"
_RULES = "device contract, rules of the scan"

HELD_IN = (State.NOT_REFERENCED, State.IDLE, State.EXECUTING, State.STOPPING)
"""States in which a PLC acts upon permits by itself (contract, rules of the scan)."""

SOUND = (Health.OK, Health.OUT_OF_SPECIFICATION, Health.MAINTENANCE_REQUIRED)
"""Health with which a device may be used (NAMUR NE 107)."""

STILL_MDEG_S = 200
"""A turntable at this speed, 0.2 degrees a second, draws nothing that a generator would feel."""

DRIVES = frozenset({"travel", "transfer", "rotate"})
"""Permits under which something heavy is driven; doors and light are not slowed down by set-up speed."""


def _by_itself(at: Moment, device: str) -> Formula:
    """A permit of the device goes out whose axis no person holds in manual, or a command that runs by itself begins."""
    permits = at.garage.definitions[device].permits
    unheld = any_of(*(at.out(device, permit) & ~at.by_hand(device, permit) for permit in permits))
    return unheld | starts_under_a_permit(at, device)


def _not_ready(at: Moment, device: str) -> Formula:
    ready = any_of(*(at.says(device, state=int(state)) for state in HELD_IN))
    by_hand = at.says(device, state=int(State.MANUAL)) & ~_by_itself(at, device)
    return moves(at, device) & ~(ready | by_hand)


def _not_in_automatic(at: Moment, device: str) -> Formula:
    return _by_itself(at, device) & ~at.says(device, mode=int(Mode.AUTOMATIC))


def _carried_not_in_automatic(at: Moment, pair: tuple[LiftTopology, ShuttleTopology]) -> Formula:
    lift, shuttle = pair
    lifted = moves(at, lift.id) & ~at.says(shuttle.id, mode=int(Mode.AUTOMATIC))
    return lifted | (moves(at, shuttle.id) & ~at.says(lift.id, mode=int(Mode.AUTOMATIC)))


def _entered_not_in_automatic(at: Moment, space: Space) -> Formula:
    return may_enter(at, space) & ~at.says(space.target, mode=int(Mode.AUTOMATIC))


def _beside_forks_by_hand(at: Moment, space: Space) -> Formula:
    """In manual a PLC moves without a permit of ours; the outer door is the way out for whoever is inside."""
    permits = {"travel", "green", "inner", "rotate"} & set(at.garage.definitions[space.target].permits)
    moves = any_of(*(at.out(space.target, permit) for permit in sorted(permits)))
    return all_of(moves, ~at.says(space.shuttle, mode=int(Mode.AUTOMATIC)), ~elsewhere(at, space))


def _in_an_aisle_driven_by_hand(at: Moment, pair: tuple[ShuttleTopology, ShuttleTopology]) -> Formula:
    one, other = pair
    by_hand = at.out(one.id, "travel") & ~at.says(other.id, mode=int(Mode.AUTOMATIC))
    return by_hand & ~on_different_levels(at, one, other)


def _unhealthy(at: Moment, device: str) -> Formula:
    """A PLC says function check as long as its key is out of automatic: by hand that is no defect."""
    sound = any_of(*(at.says(device, health=int(one)) for one in SOUND))
    by_hand = at.says(device, health=int(Health.FUNCTION_CHECK)) & ~_by_itself(at, device)
    return moves(at, device) & ~(sound | by_hand)


def _fire_for_long(at: Moment, function: tuple[str, str]) -> Formula:
    """What moves may come to its end for as long as the site allows; doors to people and lights have no such time."""
    device, permit = function
    if permit == "outer_open":
        return FALSE
    alarm = at.garage.topology.safety
    clear, burning = at.says(alarm, fire_clear=True), at.says(alarm, fire_clear=False)
    finish_ms = at.garage.topology.fire_finish_ms
    if finish_ms and permit in DRIVES | {"inner"}:
        return at.out(device, permit) & ~clear & (~burning | at.held(burning, finish_ms, (alarm,), "fire"))
    return at.out(device, permit) & ~clear


def _begins_in_a_fire(at: Moment, device: str) -> Formula:
    codes = (spec.code for spec in at.garage.definitions[device].commands if spec.permits)
    begins = at.starts(device, *(code for code in codes if code is not CommandCode.OPEN_OUTER_DOOR))
    return begins & ~at.says(at.garage.topology.safety, fire_clear=True)


def _locked_out(at: Moment, device: str) -> Formula:
    zones = sorted(zones_of_device(at.garage.topology, device))
    return moves(at, device) & ~all_of(*(zone_says(at, zone, "lockout_clear") for zone in zones))


def _begins_without_power(at: Moment, device: str) -> Formula:
    """People are let out by the door's own reserve; everything else needs a supply that lasts."""
    codes = (spec.code for spec in at.garage.definitions[device].commands if spec.permits)
    begins = at.starts(device, *(code for code in codes if code is not CommandCode.OPEN_OUTER_DOOR))
    plc = at.garage.topology.safety
    return begins & ~(at.says(plc, mains_ok=True) | at.says(plc, generator_off=False))


def _too_many_on_the_generator(at: Moment, device: str) -> Formula:
    """A motor that starts beside as many as the generator carries stalls it, and all of them stop half way."""
    topology, plc = at.garage.topology, at.garage.topology.safety
    codes = (spec.code for spec in at.garage.definitions[device].commands if not DRIVES.isdisjoint(spec.permits))
    by_mains_alone = at.says(plc, mains_ok=True, generator_off=True)
    others = [_drives_something(at, name) for name in _driven(topology) if name != device]
    return all_of(at.starts(device, *codes), ~by_mains_alone, at_least(topology.generator_movers_max, *others))


def _driven(topology: Topology) -> list[str]:
    """Lifts, shuttles and turntables."""
    groups = (topology.lifts, topology.shuttles, tuple(cabin for cabin in topology.cabins if cabin.turntable))
    return [one.id for group in groups for one in group]


def _drives_something(at: Moment, device: str) -> Formula:
    """A drive of the device may act, or nobody knows that it has come to rest."""
    permits = [permit for permit in at.garage.definitions[device].permits if permit in DRIVES]
    if "rotate" in permits:
        rests = at.within(device, "turn_speed_mdeg_s", -STILL_MDEG_S, STILL_MDEG_S)
    else:
        rests = at.says(device, standstill=True)
    return any_of(*(at.may_act(device, permit) for permit in permits), ~rests)


def _locked_by_a_person(at: Moment, device: str) -> Formula:
    zones = sorted(zones_of_device(at.garage.topology, device))
    return moves(at, device) & any_of(*(at.translation.locked_out(zone) for zone in zones))


def _into_a_locked_zone(at: Moment, space: Space) -> Formula:
    """Whoever works there is not met by the shuttle, nor by the lift that carries it, idle moves included."""
    zones = sorted(zones_of_device(at.garage.topology, space.target))
    movers = (space.shuttle,) if space.carried_by is None else (space.shuttle, space.carried_by)
    moving = any_of(*(moves(at, mover) for mover in movers))
    return moving & any_of(*(at.translation.locked_out(zone) for zone in zones))


def _set_up_speed(at: Moment, function: tuple[str, str]) -> Formula:
    """Full speed where nobody is, limited speed where a person holds the axis; never the other way about."""
    device, permit = function
    if permit not in DRIVES:
        return FALSE
    plc = at.garage.topology.safety
    tags = [zone_tag("full_speed_enabled", zone) for zone in sorted(zones_of_device(at.garage.topology, device))]
    full = all_of(*(at.says(plc, **{tag: True}) for tag in tags))
    limited = all_of(*(at.says(plc, **{tag: False}) for tag in tags), _slow(at, device, permit))
    by_hand = at.by_hand(device, permit)
    return at.out(device, permit) & ~((full & ~by_hand) | (limited & by_hand))


def _slow(at: Moment, device: str, permit: str) -> Formula:
    """The axis' own speed is within the limit for moving by hand; forks show none."""
    topology = at.garage.topology
    limits = {lift.id: lift.hand_speed_max for lift in topology.lifts}
    limits |= {shuttle.id: shuttle.hand_speed_max for shuttle in topology.shuttles}
    limits |= {cabin.id: cabin.hand_speed_max for cabin in topology.cabins}
    tag = {"lift": "speed_mm_s", "shuttle": "speed", "cabin": "turn_speed_mdeg_s"}[
        at.garage.definitions[device].kind.name.lower()
    ]
    return TRUE if permit == "transfer" else at.within(device, tag, -limits[device], limits[device])


MODES: tuple[Predicate, ...] = (
    Predicate(
        "H11.not-ready",
        "Anything may move of a device that is stopped, aborted, offline or in maintenance, or in manual and not held",
        _RULES,
        each_device(_not_ready),
    ),
    Predicate(
        "H13.not-in-automatic",
        "Anything may move of a device that is not in automatic, but the one axis that a person holds in manual",
        _HAZARDS,
        each_device(_not_in_automatic),
    ),
    Predicate(
        "H13.carried-not-in-automatic",
        "A lift or the shuttle on it may move while the other's key switch is not in automatic",
        _HAZARDS,
        each_rider(_carried_not_in_automatic),
    ),
    Predicate(
        "H13.entered-not-in-automatic",
        "Forks may move into a cabin or onto a platform whose key switch is not in automatic",
        _HAZARDS,
        each_space(_entered_not_in_automatic),
    ),
    Predicate(
        "H13.beside-forks-driven-by-hand",
        "A lift, turntable, inner door or green light may act while a shuttle that reaches in is not in automatic",
        _HAZARDS,
        each_space(_beside_forks_by_hand),
    ),
    Predicate(
        "H13.in-an-aisle-driven-by-hand",
        "A shuttle may travel in an aisle in which another one is not in automatic",
        _HAZARDS,
        each_pair_of_shuttles(_in_an_aisle_driven_by_hand),
    ),
    Predicate(
        "H15.unhealthy",
        "Anything may move of a device that reports a failure or a function check",
        _HAZARDS,
        each_device(_unhealthy),
    ),
    Predicate(
        "H16.fire",
        "Anything but the way out of a cabin may move during a fire alarm, beyond the time in which motion may end",
        _HAZARDS,
        each_function(_fire_for_long),
    ),
    Predicate(
        "H16.begins-in-a-fire",
        "Anything but the opening of a cabin to people begins while no all-clear comes for fire",
        _HAZARDS,
        each_device(_begins_in_a_fire),
    ),
    Predicate(
        "H20.locked-out",
        "Anything may move in a zone that somebody has locked out",
        _HAZARDS,
        each_device(_locked_out),
    ),
    Predicate(
        "H20.set-up-speed",
        "Something is driven by itself in a zone of limited speed, or by hand at a speed that is not limited",
        _HAZARDS,
        each_function(_set_up_speed),
    ),
    Predicate(
        "H19.begins-without-power",
        "Anything but the opening of a cabin to people begins while neither mains nor generator are known to feed it",
        _HAZARDS,
        each_device(_begins_without_power),
    ),
    Predicate(
        "H19.too-many-on-the-generator",
        "A drive begins on the generator, or on an unknown supply, beside as many others as the generator carries",
        _HAZARDS,
        each_device(_too_many_on_the_generator),
    ),
    Predicate(
        "H20.locked-by-a-person",
        "Anything may move in a zone on which a person holds a lock in the books",
        _HAZARDS,
        each_device(_locked_by_a_person),
    ),
    Predicate(
        "H20.into-a-locked-zone",
        "A shuttle that reaches into a zone on which a person holds a lock, or the lift that carries it, may move",
        _HAZARDS,
        each_space(_into_a_locked_zone),
    ),
)
"""Predicates of modes, hands and locks."""
