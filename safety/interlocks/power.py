"""What must hold of the supply before anything begins to move.

Owns the start interlock on mains and generator (H19). Must never stop what moves already: half a transfer left to
itself is the worse of the two, and the drives hold by themselves where the supply fails them.
"""

from __future__ import annotations

from plc_drivers.contract import DEFINITIONS, CommandCode
from safety.expression import Not, any_of
from safety.interlock import Interlock, Phase
from safety.interlocks import unit
from safety.interlocks.unit import Unit
from safety.topology import Topology
from safety.verdict import StartOf

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
        )
    ]


def _devices(topology: Topology) -> list[Unit]:
    return [
        *(unit.lift(lift.id) for lift in topology.lifts),
        *(unit.shuttle(shuttle.id) for shuttle in topology.shuttles),
        *(unit.cabin(cabin.id) for cabin in topology.cabins),
    ]


def _starts(device: Unit) -> tuple[StartOf, ...]:
    codes = [spec.code for spec in DEFINITIONS[device.kind].commands if spec.permits]
    return device.start(*(code for code in codes if code not in _WAY_OUT))
