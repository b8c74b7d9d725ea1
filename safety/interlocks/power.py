"""What must hold of the supply before anything begins to move.

Owns the start interlocks on mains and generator (H19). Must never stop what moves already: half a transfer left to
itself is the worse of the two, and the drives hold by themselves where the supply fails them.
"""

from __future__ import annotations

from plc_drivers.contract import DEFINITIONS, CommandCode
from safety.expression import AtMost, Expression, Not, all_of, any_of
from safety.interlock import Interlock, Phase
from safety.interlocks import unit
from safety.interlocks.proof import STILL_MDEG_S
from safety.interlocks.unit import Unit
from safety.topology import Topology
from safety.verdict import StartOf

DRIVES = frozenset({"travel", "transfer", "rotate"})
"""Permits under which a load is driven. Doors and light draw little, and people depend on them (H02)."""

_WAY_OUT = frozenset({CommandCode.OPEN_OUTER_DOOR})
"""What may begin without a supply that lasts: people get out of a cabin (H02), by the door's own reserve if need be."""


def power_interlocks(topology: Topology) -> list[Interlock]:
    """The interlocks of the supply, for every command that moves something."""
    plc = unit.safety_plc(topology.safety)
    return [
        Interlock(
            id=f"{plc.id}.start-powered",
            title="The mains are there, or a generator feeds the machine, before anything begins",
            hazard="H19",
            phase=Phase.START,
            guards=tuple(start for device in _devices(topology) for start in _starts(device)),
            condition=any_of(plc["mains_ok"], Not(plc["generator_off"])),
            cause="The mains are lost and no generator is known to feed the machine: nothing new is begun.",
            remedy="Wait for the supply, or start the generator. What had begun holds where it is; look at it before "
            "you start again. The outer doors can still be opened to people.",
            standard="IEC 60204-1, interruption of the supply and its return",
        ),
        *_shares(topology, plc),
    ]


def _shares(topology: Topology, plc: Unit) -> list[Interlock]:
    """For each mover: it begins on the generator only when so few others move that the generator carries it too.

    A garage without that many movers has no such rule: it could never object.
    """
    movers = movers_of(topology)
    limit = topology.generator_movers_max
    if len(movers) <= limit:
        return []
    return [
        Interlock(
            id=f"{mover.id}.start-generator-share",
            title=f"On the generator no more than {limit} of lifts, shuttles and turntables move at once",
            hazard="H19",
            phase=Phase.START,
            guards=_starts(mover, DRIVES),
            condition=any_of(
                all_of(plc["mains_ok"], plc["generator_off"]),
                AtMost(limit - 1, tuple(_moves(other) for other in movers if other != mover)),
            ),
            cause=f"The generator feeds the machine, and as many drives as it carries ({limit}) move, or may move, "
            f"without {mover.id}.",
            remedy="Wait for the motion under way to end. A device that cannot be seen counts as one that moves: "
            "bring its PLC back.",
            standard="IEC 60204-1, interruption of the supply and its return",
        )
        for mover in movers
    ]


def movers_of(topology: Topology) -> list[Unit]:
    """Everything with a drive that counts: lifts, shuttles, and cabins with a turntable."""
    return [
        *(unit.lift(lift.id) for lift in topology.lifts),
        *(unit.shuttle(shuttle.id) for shuttle in topology.shuttles),
        *(unit.cabin(cabin.id) for cabin in topology.cabins if cabin.turntable),
    ]


def _moves(device: Unit) -> Expression:
    """A drive of the device may act, or has not come to rest: unknown counts as moving where it could matter."""
    if "rotate" in DEFINITIONS[device.kind].permits:
        rests: Expression = device["turn_speed_mdeg_s"].between(-STILL_MDEG_S, STILL_MDEG_S)
    else:
        rests = device["standstill"]
    drives = [permit for permit in DEFINITIONS[device.kind].permits if permit in DRIVES]
    return any_of(*(device.granted(permit) for permit in drives), Not(rests))


def _devices(topology: Topology) -> list[Unit]:
    return [
        *(unit.lift(lift.id) for lift in topology.lifts),
        *(unit.shuttle(shuttle.id) for shuttle in topology.shuttles),
        *(unit.cabin(cabin.id) for cabin in topology.cabins),
    ]


def _starts(device: Unit, permits: frozenset[str] | None = None) -> tuple[StartOf, ...]:
    """The starts of every command that needs a permit, or one of ``permits``, but the way out for people."""
    specs = [spec for spec in DEFINITIONS[device.kind].commands if spec.permits and spec.code not in _WAY_OUT]
    return device.start(*(s.code for s in specs if permits is None or not permits.isdisjoint(s.permits)))
