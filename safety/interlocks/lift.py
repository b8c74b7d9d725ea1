"""What must hold for a lift to move, and for its pins to move.

Owns the interlocks of ``lift.travel`` and of the lift's commands (H07, H08, H09, H15).
"""

from __future__ import annotations

from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import JOGS
from safety.expression import Expression, Not, all_of, any_of
from safety.interlock import Interlock, Phase
from safety.interlocks import unit
from safety.interlocks.proof import (
    forks_home,
    in_automatic,
    levelled,
    load_in_place,
    load_known,
    pins_in,
)
from safety.interlocks.reach import by_hand, reach
from safety.interlocks.unit import Unit
from safety.topology import LiftTopology, ShuttleTopology, Topology


def lift_interlocks(topology: Topology, lift: LiftTopology) -> list[Interlock]:
    """Interlocks of one lift."""
    shuttles = {shuttle.id: shuttle for shuttle in topology.shuttles}
    device = unit.lift(lift.id)
    found = [*_load(device, lift), *_position(device)]
    if lift.rider is not None:
        found += _rider(device, shuttles[lift.rider])
    for name, level, column, side in lift.reached_by:
        stop = (lift.id, level, column, side)
        found += [_forks_out(device, shuttles[name], stop), by_hand(device, shuttles[name], stop, ("travel",))]
    return found


def _run(
    device: Unit, rule: str, title: str, hazard: str, condition: Expression, texts: tuple[str, str, str]
) -> Interlock:
    cause, remedy, standard = texts
    return Interlock(
        f"{device.id}.{rule}", title, hazard, Phase.RUN, (device.may("travel"),), condition, cause, remedy, standard
    )


def _load(device: Unit, lift: LiftTopology) -> list[Interlock]:
    found = [
        _run(
            device,
            "load-in-place",
            "The load stands within its marks and nothing sticks out",
            "H07",
            load_in_place(device),
            (
                f"The load on {device.id} is off its marks, or something sticks out into the shaft.",
                "Look at the car on the platform. Centre it by hand in manual mode, or remove what sticks out.",
                "EN 14010, load in position",
            ),
        )
    ]
    if lift.has_platform:
        found.append(
            _run(
                device,
                "load-known",
                "Both load detectors of the platform agree",
                "H10",
                load_known(device),
                (
                    f"Switch and light barrier of {device.id}'s platform contradict each other.",
                    "Look whether a car stands half on the platform; else find the defective detector.",
                    "ISO 14119, plausibility of two channels",
                ),
            )
        )
    return found


def _position(device: Unit) -> list[Interlock]:
    moving = device.doing(*_TO_A_HEIGHT)
    found = _guarded_command(
        device,
        "referenced",
        "The height is trustworthy before the lift goes to a level",
        (device["referenced"], moving),
        (
            f"{device.id} does not know its height.",
            "Let it find its reference first; if it cannot, check the encoder.",
            "",
        ),
    )
    found += _guarded_command(
        device,
        "pins-in",
        "The pins are in the platform while the lift travels",
        (pins_in(device), device.doing(*_TRAVELS)),
        (
            f"The lock pins of {device.id} are not proven in the platform.",
            "Retract the pins (UNLOCK). If a switch disagrees, check pins and end switches.",
            "EN 14010, locking of the lift",
        ),
        _TRAVELS,
    )
    found.append(
        Interlock(
            id=f"{device.id}.lock-at-level",
            title="Pins come out only at a level",
            hazard="H08",
            phase=Phase.START,
            guards=device.start(CommandCode.LOCK),
            condition=all_of(levelled(device), device["station_sensor"], device["standstill"]),
            cause=f"{device.id} does not stand at a level, by position, level switch and drive.",
            remedy="Move it to a level. If it stands at one, check the level's switch and the encoder.",
            standard="GB 17907, levelling",
        )
    )
    found.append(
        Interlock(
            id=f"{device.id}.unlock-braked",
            title="Pins leave the building only when drive and brake hold the platform",
            hazard="H15",
            phase=Phase.START,
            guards=device.start(CommandCode.UNLOCK),
            condition=all_of(device["standstill"], device["brake_closed"]),
            cause=f"{device.id} is not proven to stand with its brake closed: nothing but the pins may hold it.",
            remedy="Keep everybody away from below the platform. A technician tests the brake before the pins go in.",
            standard="EN 81-20, brake",
        )
    )
    return found


_TO_A_HEIGHT = (CommandCode.MOVE_TO_LEVEL, *JOGS)
"""Commands that rely on the height."""

_TRAVELS = (*_TO_A_HEIGHT, CommandCode.REFERENCE)
"""Commands that drive the lift along the shaft."""


def _guarded_command(
    device: Unit,
    rule: str,
    title: str,
    condition: tuple[Expression, Expression],
    texts: tuple[str, str, str],
    codes: tuple[CommandCode, ...] = _TO_A_HEIGHT,
) -> list[Interlock]:
    """A condition for starting ``codes`` that must go on holding while they run: (condition, running)."""
    holds, moving = condition
    cause, remedy, standard = texts
    start = device.start(*codes)
    return [
        _run(device, rule, title, "H07", any_of(Not(moving), holds), texts),
        Interlock(f"{device.id}.start-{rule}", title, "H07", Phase.START, start, holds, cause, remedy, standard),
    ]


def _rider(device: Unit, rider: ShuttleTopology) -> list[Interlock]:
    shuttle = unit.shuttle(rider.id)
    home = shuttle["station"].eq(-1 if rider.home_column is None else rider.home_column)
    return [
        _run(
            device,
            "rider-docked",
            "The shuttle on the lift is docked and stands",
            "H07",
            all_of(
                shuttle["docked"],
                any_of(home, Not(shuttle["referenced"])),
                shuttle["standstill"],
                shuttle.idle("travel"),
            ),
            (
                f"{rider.id} is not proven docked and standing on {device.id}, or may travel.",
                f"Bring {rider.id} home to its dock. If it is there, check the dock switch and its column's switch.",
                "EN 14010, load in position",
            ),
        ),
        _unlocks_under(device, rider, home),
        Interlock(
            id=f"{device.id}.start-rider-home",
            title="The shuttle on the lift knows that it is home",
            hazard="H07",
            phase=Phase.START,
            guards=device.start(*_TO_A_HEIGHT),
            condition=all_of(shuttle["referenced"], home),
            cause=f"Only its dock switch says that {rider.id} is home on {device.id}; its own position does not.",
            remedy=f"While automatic operation runs, {rider.id} finds its position by itself once {device.id} stands "
            f"locked at a level. If it does not, look whether {rider.id} is in its dock, and check its column switch.",
            standard="EN 14010, load in position",
        ),
        _run(
            device,
            "rider-forks-home",
            "The forks of the shuttle on the lift are home and stay there",
            "H07",
            all_of(forks_home(shuttle), shuttle.idle("transfer")),
            (
                f"The forks of {rider.id} are not proven home, or may move.",
                "Look where the car stands. Finish the transfer, or bring the forks home in manual mode.",
                "EN 14010, load in position",
            ),
        ),
        _run(
            device,
            "rider-load",
            "The load on the shuttle stands within its marks and is known",
            "H07",
            all_of(load_in_place(shuttle), load_known(shuttle)),
            (
                f"The load on {rider.id} is off its marks, sticks out, or its two detectors contradict each other.",
                "Look at the car on the deck. Centre it in manual mode, or find the defective detector.",
                "EN 14010, load in position",
            ),
        ),
        _run(
            device,
            "rider-automatic",
            "The shuttle on the lift is in automatic",
            "H13",
            in_automatic(shuttle),
            (
                f"The key switch of {rider.id} is not in automatic: somebody may be working on it.",
                f"Ask who has the key of {rider.id}; turn it back only with the zone in view.",
                "IEC 60204-1, operating modes",
            ),
        ),
    ]


def _unlocks_under(device: Unit, rider: ShuttleTopology, home: Expression) -> Interlock:
    """A shuttle that lost its reference half way off is told from one in its dock by more than the dock switch.

    Once the pins have left the building no shuttle leaves the platform, so that pins found half way may go on.
    """
    return Interlock(
        id=f"{device.id}.start-unlock-rider-home",
        title="Pins leave the building only when the shuttle on the lift knows that it is home",
        hazard="H07",
        phase=Phase.START,
        guards=device.start(CommandCode.UNLOCK),
        condition=any_of(all_of(unit.shuttle(rider.id)["referenced"], home), Not(device["pins_extended"])),
        cause=f"Only its dock switch says that {rider.id} is home on {device.id}; its own position does not.",
        remedy=f"While automatic operation runs, {rider.id} finds its position by itself as long as {device.id} stands "
        f"locked. If it does not, look whether {rider.id} is in its dock, and check its column switch.",
        standard="EN 14010, load in position",
    )


def _forks_out(device: Unit, shuttle: ShuttleTopology, stop: tuple[str, int, int, str]) -> Interlock:
    return _run(
        device,
        f"{shuttle.id}-clear",
        "No forks in the shaft, and none on their way into it",
        "H07",
        reach(shuttle, stop).out_of_it,
        (
            f"The forks of {shuttle.id} are in {device.id}'s shaft, may come into it, or cannot be seen.",
            f"Wait for the transfer to end. If none is under way, look at the forks of {shuttle.id} and its readings.",
            "EN 14010, collision of moving parts",
        ),
    )
