"""What must hold for a cabin's doors to move and for its green light.

Owns the interlocks of ``outer_open``, ``outer_close``, ``green`` and ``inner`` (H01, H02, H03, H04, H07). People
and machine take turns: whatever opens towards one side needs the other side shut, locked and kept so.
"""

from __future__ import annotations

from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import TrafficLight
from safety.expression import Expression, Not, all_of
from safety.interlock import Interlock, Phase
from safety.interlocks import unit
from safety.interlocks.proof import (
    in_line,
    inner_shut,
    nobody_seen,
    outer_shut,
    platform_seated,
    proven_empty,
    turntable_still,
)
from safety.interlocks.reach import by_hand, reach
from safety.interlocks.unit import Unit
from safety.topology import CabinTopology, Topology


def door_interlocks(topology: Topology, cabin: CabinTopology) -> list[Interlock]:
    """Interlocks of one cabin's doors and light."""
    device = unit.cabin(cabin.id)
    return [
        *_to_people(device, cabin),
        *_green(device),
        *_closing_to_people(device),
        *_to_machine(device, cabin, topology.clearance_countdown_ms),
        *_forks(topology, device, cabin),
    ]


def _run(
    device: Unit,
    rule: str,
    hazard: str,
    permits: tuple[str, ...],
    condition: Expression,
    texts: tuple[str, str, str, str],
) -> Interlock:
    title, cause, remedy, standard = texts
    guards = tuple(device.may(permit) for permit in permits)
    return Interlock(f"{device.id}.{rule}", title, hazard, Phase.RUN, guards, condition, cause, remedy, standard)


def _to_people(device: Unit, cabin: CabinTopology) -> list[Interlock]:
    way_in = ("outer_open", "green")
    return [
        _run(
            device,
            "platform-under-people",
            "H01",
            way_in,
            all_of(platform_seated(device), in_line(device, turntable=cabin.turntable), turntable_still(device)),
            (
                "The platform is present, level, locked, in line and stands",
                f"The platform of {device.id} is not proven in its seat, flush, pinned, in line and standing.",
                f"Nobody may step into {device.id}. Look at platform and pin; check their sensors.",
                "EN 14010, falling of persons",
            ),
        ),
        _run(
            device,
            "machine-shut-off",
            "H03",
            way_in,
            all_of(inner_shut(device), device.idle("inner")),
            (
                "The inner door is closed and locked and stays so",
                f"The inner door of {device.id} is not proven closed and locked, or may open.",
                "Close the inner door. If it is closed, check its closed, open and lock switches.",
                "EN 14010, access to the machine",
            ),
        ),
        Interlock(
            id=f"{device.id}.start-outer-still",
            title="Everything in the cabin stands before it is opened to people",
            hazard="H01",
            phase=Phase.START,
            guards=device.start(CommandCode.OPEN_OUTER_DOOR),
            condition=device["standstill"],
            cause=f"Something in {device.id} still moves.",
            remedy="Wait until it stands; if it does, check the drives' standstill signals.",
            standard="EN 14010, moving parts in the transfer area",
        ),
        _run(
            device,
            "opening-alone",
            "H04",
            ("outer_open",),
            device.idle("outer_close"),
            (
                "The outer door is not being closed",
                f"The outer door of {device.id} is permitted to close.",
                "Wait for the closing to end; it gives way by itself to anybody in the doorway.",
                "EN 12453, power-operated doors",
            ),
        ),
    ]


def _green(device: Unit) -> list[Interlock]:
    return [
        _run(
            device,
            "green-door-open",
            "H01",
            ("green",),
            all_of(device["outer_open"], Not(device["outer_closed"]), device.idle("outer_close")),
            (
                "The outer door is fully open and stays so",
                f"The outer door of {device.id} is not proven fully open, or may close.",
                "Wait for the door. If it is open, check its end switches.",
                "EN 14010, signals to drivers",
            ),
        )
    ]


def _closing_to_people(device: Unit) -> list[Interlock]:
    closing = ("outer_close",)
    return [
        _run(
            device,
            "nobody-closed-in",
            "H02",
            closing,
            nobody_seen(device),
            (
                "Neither presence sensor sees a person while the outer door closes",
                f"Somebody is in {device.id}, or one of its two presence sensors does not say that nobody is.",
                f"Ask everybody to come out of {device.id}. If it is empty, check light curtain and area scanner.",
                "EN 14010, presence of persons in the transfer area",
            ),
        ),
        _run(
            device,
            "closing-on-red",
            "H04",
            closing,
            all_of(
                device["traffic_light_shown"].eq(int(TrafficLight.RED)), device.idle("green"), device.idle("outer_open")
            ),
            (
                "The light is red and the door is not being opened",
                f"The light of {device.id} is not proven red, or its outer door may open.",
                "Wait a moment; if the light stays as it is, check lamp and signal.",
                "EN 14010, signals to drivers",
            ),
        ),
        Interlock(
            id=f"{device.id}.start-doorway-clear",
            title="The doorway to the people is clear before the door closes",
            hazard="H04",
            phase=Phase.START,
            guards=device.start(CommandCode.CLOSE_OUTER_DOOR),
            condition=device["outer_unobstructed"],
            cause=f"Something stands in the outer doorway of {device.id}.",
            remedy="Clear the doorway; if it is clear, check the door's light curtain and edge.",
            standard="EN 12453, power-operated doors",
        ),
    ]


def _to_machine(device: Unit, cabin: CabinTopology, countdown_ms: int) -> list[Interlock]:
    inner = ("inner",)
    return [
        _run(
            device,
            "inner-cabin-empty",
            "H02",
            inner,
            proven_empty(device, countdown_ms),
            (
                "The cabin is proven empty of people",
                f"{device.id} is not proven empty of people.",
                f"Look into {device.id}. When nobody is inside, close the outer door and press confirm outside.",
                "EN 14010, presence of persons in the transfer area",
            ),
        ),
        _run(
            device,
            "inner-people-shut-off",
            "H03",
            inner,
            all_of(outer_shut(device), device.idle("outer_open"), device.idle("green")),
            (
                "The outer door is closed and locked and stays so",
                f"The outer door of {device.id} is not proven closed and locked, or may open.",
                "Close the outer door. If it is closed, check its closed, open and lock switches.",
                "EN 14010, access to the machine",
            ),
        ),
        _run(
            device,
            "inner-platform",
            "H08",
            inner,
            all_of(platform_seated(device), in_line(device, turntable=cabin.turntable), turntable_still(device)),
            (
                "The platform is seated, in line and stands",
                f"The platform of {device.id} is not proven seated, pinned, in line and standing.",
                "Turn it into line; if it is, check index pin, seat and level sensors and the angle.",
                "EN 14010, moving parts in the transfer area",
            ),
        ),
        Interlock(
            id=f"{device.id}.start-inner-still",
            title="Everything in the cabin stands before the inner door moves",
            hazard="H09",
            phase=Phase.START,
            guards=device.start(CommandCode.OPEN_INNER_DOOR, CommandCode.CLOSE_INNER_DOOR),
            condition=device["standstill"],
            cause=f"Something in {device.id} still moves.",
            remedy="Wait until it stands; if it does, check the drives' standstill signals.",
            standard="EN 14010, moving parts in the transfer area",
        ),
        Interlock(
            id=f"{device.id}.start-inner-way-clear",
            title="The doorway to the machine is clear before the inner door closes",
            hazard="H07",
            phase=Phase.START,
            guards=device.start(CommandCode.CLOSE_INNER_DOOR),
            condition=device["inner_unobstructed"],
            cause=f"Something stands in the inner doorway of {device.id}: a car that is not all in, or forks.",
            remedy="Look at car and forks. If the doorway is clear, check the door's light curtain and edge.",
            standard="EN 12453, power-operated doors",
        ),
    ]


def _forks(topology: Topology, device: Unit, cabin: CabinTopology) -> list[Interlock]:
    """No forks in the cabin while any of its doors or its turntable moves, or people are let in."""
    shuttles = {shuttle.id: shuttle for shuttle in topology.shuttles}
    stops = [(shuttles[name], (cabin.id, level, column, side)) for name, level, column, side in cabin.reached_by]
    return [by_hand(device, shuttle, stop, ("green", "inner", "rotate")) for shuttle, stop in stops] + [
        _run(
            device,
            f"{shuttle.id}-out-{stop[1]}-{stop[2]}",
            "H02",
            ("outer_open", "green", "inner", "rotate"),
            reach(shuttle, stop).out_of_it,
            (
                "No forks in the cabin, and none on their way into it",
                f"The forks of {shuttle.id} are in {device.id}, may come into it, or cannot be seen.",
                f"Wait for the transfer to end. If none is under way, look at {shuttle.id}'s forks and its readings.",
                "EN 14010, moving parts in the transfer area",
            ),
        )
        for shuttle, stop in stops
    ]
