"""What must hold for forks to move, to a place, onto a lift's platform, and into a cabin.

Owns the interlocks of ``shuttle.transfer`` and of picking and placing (H02, H05, H06, H08). Which side the forks
take is read from the command, ours and the PLC's, and from the forks themselves; what is not known counts.
"""

from __future__ import annotations

from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import JOGS, Axis
from safety.expression import Expression, Not, all_of, any_of
from safety.interlock import Interlock, Phase
from safety.interlocks import unit
from safety.interlocks.proof import (
    STILL_MM_S,
    empty,
    forks_home,
    in_automatic,
    in_line,
    inner_wide_open,
    levelled,
    load_in_place,
    loaded,
    locked_at,
    locked_at_a_level,
    platform_seated,
    proven_empty,
    turntable_still,
    vehicle_absent,
    vehicle_there,
)
from safety.interlocks.reach import TRANSFERS, Reach, out_to, reach
from safety.interlocks.unit import Unit
from safety.topology import ShuttleTopology, Topology

_SIDES = ("left", "right")
_ALL = tuple(code for side in _SIDES for code in TRANSFERS[side])


def transfer_interlocks(topology: Topology, shuttle: ShuttleTopology) -> list[Interlock]:
    """Interlocks of one shuttle's forks."""
    device = unit.shuttle(shuttle.id)
    found = [*_standing(device), *_ground(device, shuttle)]
    for side in _SIDES:
        found += _deck_and_target(device, side)
    for stop in shuttle.platforms:
        found += _platform(device, reach(shuttle, stop), unit.lift(stop[0]), f"at-{stop[1]}-{stop[2]}")
    for stop in shuttle.cabins:
        found += _cabin(topology, device, reach(shuttle, stop), stop[0])
    for other in topology.shuttles:
        if other.id != shuttle.id:
            found += _shared(device, shuttle, other)
    return found


def _run(
    device: Unit, rule: str, title: str, hazard: str, condition: Expression, texts: tuple[str, str, str]
) -> Interlock:
    cause, remedy, standard = texts
    return Interlock(
        f"{device.id}.{rule}", title, hazard, Phase.RUN, (device.may("transfer"),), condition, cause, remedy, standard
    )


def _standing(device: Unit) -> list[Interlock]:
    return [
        _run(
            device,
            "transfer-at-column",
            "The shuttle stands at a column",
            "H08",
            all_of(
                device["referenced"],
                device["station"].ge(0),
                device["station_sensor"],
                device["speed"].between(-STILL_MM_S, STILL_MM_S),
                device.idle("travel"),
            ),
            (
                f"{device.id} is not proven to stand at a column, or may travel.",
                "Move it to the column. If it stands there, check encoder and column switch.",
                "EN 14010, load in position",
            ),
        ),
        Interlock(
            id=f"{device.id}.start-transfer-in-position",
            title="Travel has ended where it was commanded to",
            hazard="H08",
            phase=Phase.START,
            guards=device.start(*_ALL) + device.start(*JOGS, arg1=int(Axis.FORKS)),
            condition=all_of(device["in_position"], device["standstill"]),
            cause=f"{device.id} does not stand within tolerance of the column last commanded.",
            remedy="Move it to the column again.",
            standard="GB 17907, positioning",
        ),
    ]


def _ground(device: Unit, shuttle: ShuttleTopology) -> list[Interlock]:
    if shuttle.lift is None:
        return []
    lift = unit.lift(shuttle.lift)
    return [
        _run(
            device,
            "transfer-lift-locked",
            "The lift under the shuttle stands locked at a known level",
            "H08",
            all_of(locked_at_a_level(lift), levelled(lift), lift.idle("travel")),
            (
                f"{lift.id} is not proven to stand at a level with its pins out and its brake closed, or may move.",
                f"Lock {lift.id} at a level. If it is locked, check its pin, level and brake switches.",
                "EN 14010, locking of the lift",
            ),
        ),
        _run(
            device,
            "transfer-lift-automatic",
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


def _occupied(device: Unit, row: str, side: str) -> Expression:
    return all_of(device[f"{row}_{side}_occupied"], Not(device[f"{row}_{side}_clear"]))


def _free(device: Unit, row: str, side: str) -> Expression:
    return all_of(device[f"{row}_{side}_clear"], Not(device[f"{row}_{side}_occupied"]))


def _deck_and_target(device: Unit, side: str) -> list[Interlock]:
    """Picking and placing by both detectors of deck and target; an interrupted transfer may be finished.

    Half way, deck and target are in between by nature: forks that are out to the side, by centre switch and
    encoders, may be brought to their end by a command to the same side and to no other.
    """
    pick, place = TRANSFERS[side]
    half_way = out_to(device, side)
    front, rear = (_free(device, row, side) for row in ("target", "rear"))
    deck_free = "Its deck is not proven empty, by switch and light barrier."
    deck_full = "Its deck is not proven to carry a car within its marks, by switch and light barrier."
    rows: tuple[tuple[str, CommandCode, int | None, Expression, str], ...] = (
        ("pick-deck-empty", pick, None, empty(device), deck_free),
        ("place-deck-loaded", place, None, all_of(loaded(device), load_in_place(device)), deck_full),
        ("place-front-free", place, None, front, f"The position on the {side} is not proven empty by both detectors."),
        ("place-rear-free", place, 2, rear, f"The rear position on the {side} is not proven empty by both detectors."),
        (
            "pick-front-occupied",
            pick,
            1,
            _occupied(device, "target", side),
            f"The position on the {side} is not proven occupied by both detectors.",
        ),
        (
            "pick-rear-occupied",
            pick,
            2,
            all_of(front, _occupied(device, "rear", side)),
            f"The rear position on the {side} is not proven occupied by both detectors, or a car stands before it.",
        ),
    )
    return [
        Interlock(
            id=f"{device.id}.{rule}-{side}",
            title="Deck and target are as the transfer needs them, by two detectors each",
            hazard="H06",
            phase=Phase.START,
            guards=device.start(code, arg1=depth),
            condition=any_of(half_way, holds),
            cause=f"{device.id}: {cause}",
            remedy="Compare with what stands there. Correct the inventory, or find the detector that disagrees.",
            standard="EN 14010, double storage",
        )
        for rule, code, depth, holds, cause in rows
    ] + [_one_side(device, side)]


def _one_side(device: Unit, side: str) -> Interlock:
    """Forks that are out are finished where they are; depths other than 1 and 2 do not exist."""
    codes = TRANSFERS[side]
    return Interlock(
        id=f"{device.id}.forks-free-{side}",
        title="The forks are home, or out to the side that the command takes",
        hazard="H07",
        phase=Phase.START,
        guards=device.start(*codes, arg1=1) + device.start(*codes, arg1=2),
        condition=any_of(forks_home(device), out_to(device, side)),
        cause=f"The forks of {device.id} are neither home nor out to the {side} alone.",
        remedy="Bring the forks home in manual mode and look where the car stands.",
        standard="EN 14010, load in position",
    )


def _shared(device: Unit, one: ShuttleTopology, other: ShuttleTopology) -> list[Interlock]:
    """Of two shuttles whose forks reach one cabin or platform, only one is in it (H09)."""
    found: list[Interlock] = []
    theirs = {(stop[0], stop[1]): stop for stop in (*other.cabins, *other.platforms)}
    for stop in (*one.cabins, *one.platforms):
        met = theirs.get((stop[0], stop[1]))
        if met is None:
            continue
        into, away = reach(one, stop), reach(other, met).out_of_it
        texts = (
            "The other shuttle's forks are out of the space that both reach",
            f"The forks of {other.id} are in {stop[0]}, may come into it, or cannot be seen.",
            "Wait for its transfer to end. If none is under way, look at its forks and its readings.",
            "EN 14010, collision of moving parts",
        )
        title, *rest = texts
        name = f"{stop[0]}-without-{other.id}-at-{stop[1]}"
        pick, place = TRANSFERS[into.side]
        found += [
            _run(device, name, title, "H09", into.unless_elsewhere(away), (rest[0], rest[1], rest[2])),
            Interlock(
                f"{device.id}.start-{name}",
                title,
                "H09",
                Phase.START,
                device.start(pick, place),
                into.unless_away(away),
                rest[0],
                rest[1],
                rest[2],
            ),
        ]
    return found


def _platform(device: Unit, into: Reach, lift: Unit, where: str) -> list[Interlock]:
    ready = all_of(locked_at(lift, into.level), lift.idle("travel"), in_automatic(lift))
    pick, place = TRANSFERS[into.side]
    texts = (
        f"{lift.id} is not proven to stand locked at level {into.level} in automatic, or may move.",
        f"Bring {lift.id} to level {into.level} and lock it. If it is there, check its pin, level and brake switches.",
        "EN 14010, locking of the lift",
    )
    title = "The platform that the forks reach stands locked at this level"
    cause, remedy, standard = texts
    return [
        _run(device, f"{lift.id}-locked-{where}", title, "H08", into.unless_elsewhere(ready), texts),
        Interlock(
            id=f"{device.id}.start-{lift.id}-locked-{where}",
            title=title,
            hazard="H08",
            phase=Phase.START,
            guards=device.start(pick, place),
            condition=into.unless_away(ready),
            cause=cause,
            remedy=remedy,
            standard=standard,
        ),
        *_target_agrees(device, into, (lift.id, where), empty(lift), loaded(lift)),
    ]


def _cabin(topology: Topology, device: Unit, into: Reach, name: str) -> list[Interlock]:
    cabin = unit.cabin(name)
    turntable = next(c.turntable for c in topology.cabins if c.id == name)
    where = f"at-{into.level}-{into.column}"
    pick, place = TRANSFERS[into.side]
    rows: tuple[tuple[str, str, str, Expression, tuple[str, str, str]], ...] = (
        (
            "empty",
            "The cabin is proven empty of people",
            "H02",
            all_of(proven_empty(cabin, topology.clearance_countdown_ms), cabin.idle("outer_open"), cabin.idle("green")),
            (
                f"{name} is not proven empty of people, or its outer door may open.",
                f"Look into {name}. When nobody is inside, close the outer door and press confirm outside.",
                "EN 14010, presence of persons in the transfer area",
            ),
        ),
        (
            "inner-open",
            "The inner door is fully open and stays so",
            "H08",
            all_of(inner_wide_open(cabin), cabin.idle("inner")),
            (
                f"The inner door of {name} is not proven fully open, or may move.",
                "Open the inner door. If it is open, check its end switches.",
                "EN 14010, collision of moving parts",
            ),
        ),
        (
            "platform",
            "The cabin's platform is seated, in line and stands",
            "H08",
            all_of(platform_seated(cabin), in_line(cabin, turntable=turntable), turntable_still(cabin)),
            (
                f"The platform of {name} is not proven seated, locked and in line with the doors.",
                "Turn it into line; if it is, check index pin, seat and level sensors and the angle.",
                "EN 14010, load in position",
            ),
        ),
        (
            "automatic",
            "The cabin is in automatic",
            "H13",
            in_automatic(cabin),
            (
                f"The key switch of {name} is not in automatic: somebody may be working in it.",
                f"Ask who has the key of {name}; turn it back only with the cabin in view.",
                "IEC 60204-1, operating modes",
            ),
        ),
    )
    found: list[Interlock] = []
    for rule, title, hazard, ready, texts in rows:
        found += [
            _run(device, f"{name}-{rule}-{where}", title, hazard, into.unless_elsewhere(ready), texts),
            Interlock(
                f"{device.id}.start-{name}-{rule}-{where}",
                title,
                hazard,
                Phase.START,
                device.start(pick, place),
                into.unless_away(ready),
                *texts,
            ),
        ]
    found += _target_agrees(device, into, (name, where), vehicle_absent(cabin), vehicle_there(cabin))
    return [*found, _fits(device, into, cabin, where)]


def _target_agrees(
    device: Unit, into: Reach, name: tuple[str, str], is_free: Expression, is_taken: Expression
) -> list[Interlock]:
    """The cabin's or platform's own two detectors agree with the shuttle's (H05)."""
    pick, place = TRANSFERS[into.side]
    half_way = out_to(device, into.side)
    target, where = name
    return [
        Interlock(
            id=f"{device.id}.{rule}-{target}-{where}",
            title="The target's own detectors say the same as the shuttle's",
            hazard="H05",
            phase=Phase.START,
            guards=device.start(code),
            condition=into.unless_away(any_of(half_way, holds)),
            cause=f"The detectors of {target} do not prove it {word}.",
            remedy="Compare with what stands there. Correct the inventory, or find the detector that disagrees.",
            standard="EN 14010, double storage",
        )
        for rule, code, holds, word in (
            ("place-free", place, is_free, "empty"),
            ("pick-taken", pick, is_taken, "occupied"),
        )
    ]


def _fits(device: Unit, into: Reach, cabin: Unit, where: str) -> Interlock:
    pick, _ = TRANSFERS[into.side]
    return Interlock(
        id=f"{device.id}.pick-fits-{cabin.id}-{where}",
        title="The vehicle stands within the size check of the cabin",
        hazard="H14",
        phase=Phase.START,
        guards=device.start(pick),
        condition=into.unless_away(any_of(out_to(device, into.side), cabin["vehicle_in_envelope"])),
        cause=f"Something of the vehicle in {cabin.id} sticks out of its size check.",
        remedy="Open the cabin to the driver: close doors and boot, fold the aerial, centre the car, or turn it away.",
        standard="EN 14010, vehicle envelope",
    )
