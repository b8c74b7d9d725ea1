"""Fire: nothing begins but the way out of a cabin; what moves comes to its end, for a limited time, or stops.

Owns the interlocks that read the fire alarm (H16). Must never keep a cabin's outer door from opening to people.
"""

from __future__ import annotations

from plc_drivers.contract import DEFINITIONS, CommandCode
from safety.expression import HeldFor, Not
from safety.interlock import Interlock, Phase
from safety.interlocks.unit import Unit
from safety.verdict import Function, StartOf

_MAY_END = frozenset({"travel", "transfer", "rotate", "inner"})
"""Functions whose command under way may end, so that no car is left between floors or half transferred (H16)."""

_CAUSE = "The fire alarm system reports a fire, or its contact is open."
_REMEDY = (
    "Follow the fire plan. Cabins can still be opened to people inside. "
    "Give the fire brigade the list of what stands where: `garagectl occupancy`."
)
_STANDARD = "EN 81-73, behaviour of lifts in the event of fire"


def fire_interlocks(plc: Unit, devices: tuple[Unit, ...], finish_ms: int) -> list[Interlock]:
    """The fire alarm of ``plc`` for every function of ``devices``.

    ``finish_ms`` is how long a command under way may go on; 0 stops everything at once.
    """
    functions = tuple(f for device in devices for f in device.functions if f.permit != "outer_open")
    ending = tuple(f for f in functions if f.permit in _MAY_END) if finish_ms else ()
    found = [_at_once(plc, tuple(f for f in functions if f not in ending))]
    if ending:
        found += [_in_time(plc, ending, finish_ms), _nothing_begins(plc, devices)]
    return found


def _at_once(plc: Unit, guards: tuple[Function, ...]) -> Interlock:
    return Interlock(
        id=f"{plc.id}.no-fire",
        title="No fire alarm",
        hazard="H16",
        phase=Phase.RUN,
        guards=guards,
        condition=plc["fire_clear"],
        cause=_CAUSE,
        remedy=_REMEDY,
        standard=_STANDARD,
    )


def _in_time(plc: Unit, guards: tuple[Function, ...], finish_ms: int) -> Interlock:
    return Interlock(
        id=f"{plc.id}.no-fire-for-long",
        title="No fire alarm, or one so young that what moves may still come to its end",
        hazard="H16",
        phase=Phase.RUN,
        guards=guards,
        condition=Not(HeldFor(Not(plc["fire_clear"]), finish_ms)),
        cause=_CAUSE,
        remedy=_REMEDY,
        standard=_STANDARD,
    )


def _nothing_begins(plc: Unit, devices: tuple[Unit, ...]) -> Interlock:
    guards = tuple(
        StartOf(device.id, spec.code)
        for device in devices
        for spec in DEFINITIONS[device.kind].commands
        if spec.permits and spec.code is not CommandCode.OPEN_OUTER_DOOR
    )
    return Interlock(
        id=f"{plc.id}.start-no-fire",
        title="Nothing begins during a fire alarm, but the opening of a cabin to people",
        hazard="H16",
        phase=Phase.START,
        guards=guards,
        condition=plc["fire_clear"],
        cause=_CAUSE,
        remedy=_REMEDY,
        standard=_STANDARD,
    )
