"""What must hold for a shuttle to travel.

Owns the interlocks of ``shuttle.travel`` and of MOVE_TO_COLUMN (H07, H08, H09).
"""

from __future__ import annotations

from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import JOGS, Axis
from safety.expression import Expression, Not, all_of, any_of
from safety.interlock import Interlock, Phase
from safety.interlocks import unit
from safety.interlocks.proof import forks_home, in_automatic, levelled, load_in_place, load_known, locked_at_a_level
from safety.interlocks.unit import Unit
from safety.topology import ShuttleTopology, Topology, may_meet


def travel_interlocks(topology: Topology, shuttle: ShuttleTopology) -> list[Interlock]:
    """Interlocks of one shuttle's travel."""
    device = unit.shuttle(shuttle.id)
    found = [*_forks(device), *_load(device), _way(device), *_referenced(device)]
    if shuttle.lift is not None:
        found += _ground(device, unit.lift(shuttle.lift))
    for other in topology.shuttles:
        if other.id != shuttle.id and may_meet(shuttle, other):
            found.append(_alone(device, shuttle, other))
            found += _unobstructed(device, shuttle, other, ring=topology.ring)
    return found


def _run(
    device: Unit, rule: str, title: str, hazard: str, condition: Expression, texts: tuple[str, str, str]
) -> Interlock:
    cause, remedy, standard = texts
    return Interlock(
        f"{device.id}.{rule}", title, hazard, Phase.RUN, (device.may("travel"),), condition, cause, remedy, standard
    )


def _forks(device: Unit) -> list[Interlock]:
    return [
        _run(
            device,
            "travel-forks-home",
            "The forks are home",
            "H07",
            forks_home(device),
            (
                f"The forks of {device.id} are not proven home, by centre switch and both encoders.",
                "Look where the car stands. Finish the transfer, or bring the forks home in manual mode.",
                "EN 14010, load in position",
            ),
        ),
        _run(
            device,
            "travel-forks-idle",
            "No transfer is permitted",
            "H07",
            device.idle("transfer"),
            (
                f"{device.id} may move its forks now.",
                "Wait for the transfer to end.",
                "EN 14010, load in position",
            ),
        ),
    ]


def _load(device: Unit) -> list[Interlock]:
    return [
        _run(
            device,
            "travel-load-in-place",
            "The load stands within its marks and nothing sticks out",
            "H07",
            load_in_place(device),
            (
                f"The load on {device.id} is off its marks, or something sticks out.",
                "Look at the car on the deck. Centre it in manual mode, or remove what sticks out.",
                "EN 14010, load in position",
            ),
        ),
        _run(
            device,
            "travel-load-known",
            "Both load detectors of the deck agree",
            "H10",
            load_known(device),
            (
                f"Switch and light barrier of {device.id}'s deck contradict each other.",
                "Look whether a car stands half on the deck; else find the defective detector.",
                "ISO 14119, plausibility of two channels",
            ),
        ),
    ]


def _way(device: Unit) -> Interlock:
    return _run(
        device,
        "way-clear",
        "The scanner along the way sees nothing",
        "H09",
        device["zone_clear"],
        (
            f"Something is in the way of {device.id}.",
            "Look into the aisle. Take away what lies there; if somebody is there, press the emergency stop first.",
            "EN 14010, collision of moving parts",
        ),
    )


def _referenced(device: Unit) -> list[Interlock]:
    title = "The position is trustworthy before the shuttle goes to a column"
    texts = (
        f"{device.id} does not know its position.",
        "Let it find its reference first; if it cannot, check the encoder.",
        "",
    )
    known = device["referenced"]
    moving = device.doing(CommandCode.MOVE_TO_COLUMN, *JOGS)
    start = device.start(CommandCode.MOVE_TO_COLUMN) + device.start(*JOGS, arg1=int(Axis.TRAVEL))
    return [
        _run(device, "travel-referenced", title, "H08", any_of(Not(moving), known), texts),
        Interlock(f"{device.id}.start-referenced", title, "H08", Phase.START, start, known, *texts),
    ]


def _ground(device: Unit, lift: Unit) -> list[Interlock]:
    return [
        _run(
            device,
            "travel-lift-locked",
            "The lift under the shuttle stands locked at a level",
            "H08",
            all_of(locked_at_a_level(lift), lift.idle("travel")),
            (
                f"{lift.id} is not proven to stand at a level with its pins out and its brake closed, or may move.",
                f"Lock {lift.id} at a level. If it is locked, check its pin, level and brake switches.",
                "EN 14010, locking of the lift",
            ),
        ),
        _run(
            device,
            "travel-lift-automatic",
            "The lift under the shuttle is in automatic",
            "H13",
            in_automatic(lift),
            (
                f"The key switch of {lift.id} is not in automatic: somebody may be working at it.",
                f"Ask who has the key of {lift.id}; turn it back only with the zone in view.",
                "IEC 60204-1, operating modes",
            ),
        ),
    ]


def _alone(device: Unit, one: ShuttleTopology, other: ShuttleTopology) -> Interlock:
    """Two shuttles that share an aisle travel one after the other, and none while a person drives the other (H13)."""
    neighbour = unit.shuttle(other.id)
    apart = _levels_differ(one, other)
    still = all_of(neighbour.idle("travel"), in_automatic(neighbour))
    condition = still if apart is None else any_of(still, apart)
    return _run(
        device,
        f"travel-apart-from-{other.id}",
        "No other shuttle travels in the same aisle",
        "H09",
        condition,
        (
            f"{other.id} travels in the aisle of {device.id}, or may, or can be driven by hand.",
            f"Wait until it stands. If its key switch is not in automatic, ask who has the key of {other.id}.",
            "EN 14010, collision of moving parts",
        ),
    )


def _unobstructed(device: Unit, one: ShuttleTopology, other: ShuttleTopology, *, ring: bool) -> list[Interlock]:
    """A shuttle is never sent to a column, or past one, at which another one stands (H09).

    The scanner along the way looks only while the shuttle travels, and its word comes late when a PLC misses a write.
    REFERENCE and jogs are not asked for this: they have no goal, they creep, and they are the way out for a shuttle
    that was stopped between columns; there scanner and a person's eyes protect.
    """
    apart = _levels_differ(one, other)
    neighbour = unit.shuttle(other.id)
    found: list[Interlock] = []
    # On a ring every other shuttle lies in one of the two ways round, and the contract leaves open which one is taken.
    for goal in (None,) if ring else one.columns:
        ways = [] if apart is None else [apart]
        ways += [] if goal is None else [_stands_beyond(device, neighbour, goal)]
        where = "" if goal is None else f"-at-{goal}"
        found.append(
            Interlock(
                id=f"{device.id}.way-free-of-{other.id}{where}",
                title="No other shuttle stands in the way to the column",
                hazard="H09",
                phase=Phase.START,
                guards=device.start(CommandCode.MOVE_TO_COLUMN, arg1=goal),
                condition=any_of(*ways),
                cause=f"{other.id} is not proven to stand beyond the column to which {device.id} is to go, nor at "
                "another level.",
                remedy=f"Send {other.id} out of the way, or let it find its reference. If it stands between columns "
                "and cannot go on, bring it to a column by hand, in manual mode.",
                standard="EN 14010, collision of moving parts",
            )
        )
    return found


def _stands_beyond(device: Unit, other: Unit, goal: int) -> Expression:
    """The other stands at a column beyond the goal, by position and switch, on the side that the goal lies on."""
    at, here = other["station"], device["position"]
    sides = [all_of(at.gt(goal), other["position"].gt(here))]
    if goal > 0:
        sides.append(all_of(at.between(0, goal - 1), other["position"].lt(here)))
    return all_of(other["referenced"], other["station_sensor"], any_of(*sides))


def _levels_differ(one: ShuttleTopology, other: ShuttleTopology) -> Expression | None:
    """Proof that two shuttles are at different levels now; None when they never are."""
    lifts = [unit.lift(shuttle.lift) for shuttle in (one, other) if shuttle.lift is not None]
    if not lifts:
        return None
    standing = [all_of(locked_at_a_level(lift), levelled(lift)) for lift in lifts]
    if len(lifts) == 2:
        return all_of(*standing, lifts[0]["station"].ne(lifts[1]["station"]))
    level = one.level if one.level is not None else other.level
    return all_of(*standing, lifts[0]["station"].ne(-1 if level is None else level))
