"""What must hold for an axis to be moved by hand: a key in manual, one person's hold-to-run, limited speed.

Owns the alternative to automatic that a technician has, and the interlocks of the jog commands (H07, H13, H20).
Must never loosen anything else: whatever guards a function in automatic guards it by hand too, and what guards
people in a cabin is nowhere touched (H02).
"""

from __future__ import annotations

from plc_drivers.contract import DEFINITIONS, CommandCode
from plc_drivers.contract.codes import JOGS, Axis, Health, Mode, State
from plc_drivers.contract.safety import zone_tag
from safety.expression import Expression, ManualHold, Not, all_of, any_of
from safety.interlock import Interlock, Phase
from safety.interlocks.proof import FORKS_HOME_MM, in_automatic
from safety.interlocks.reach import out_to
from safety.interlocks.unit import Unit
from safety.verdict import Function

HOLD_MS = 400
"""A hold-to-run that was not refreshed for so long is released (H13)."""

_SETTING_UP = "IEC 60204-1, hold-to-run and enabling"


def axes_of(unit: Unit) -> tuple[Function, ...]:
    """The functions of a device that can be moved by hand."""
    spec = DEFINITIONS[unit.kind].spec(CommandCode.JOG_FORWARD)
    return () if spec is None else tuple(unit.may(permit) for permit in spec.permits)


def by_hand(unit: Unit, function: Function) -> Expression:
    """The key of this device, and of no other, stands in manual, and somebody holds this very axis."""
    return all_of(unit["mode"].eq(int(Mode.MANUAL)), ManualHold(function, HOLD_MS))


def any_by_hand(unit: Unit) -> Expression:
    """One axis of the device is moved by hand."""
    return any_of(*(by_hand(unit, function) for function in axes_of(unit)))


def ready_by_hand(unit: Unit) -> Expression:
    """The device is in manual, and one of its axes is held."""
    return all_of(unit["state"].eq(int(State.MANUAL)), any_by_hand(unit))


def sound_by_hand(unit: Unit) -> Expression:
    """The device says function check for no other reason than its key, and one of its axes is held."""
    return all_of(unit["health"].eq(int(Health.FUNCTION_CHECK)), any_by_hand(unit))


def mode_interlocks(unit: Unit) -> list[Interlock]:
    """The key switch: in automatic for everything; for an axis also in manual, while somebody holds it."""
    axes = axes_of(unit)
    others = tuple(function for function in unit.functions if function not in axes)
    cause = f"The key switch of {unit.id} is not in automatic: somebody may be working at it."
    remedy = f"Ask who has the key of {unit.id}. Turn it back only from the machine, with the zone in view."
    found = [
        Interlock(
            id=f"{unit.id}.automatic-{function.permit}",
            title="The key switch stands in automatic, or in manual while somebody holds this axis",
            hazard="H13",
            phase=Phase.RUN,
            guards=(function,),
            condition=any_of(in_automatic(unit), by_hand(unit, function)),
            cause=f"{cause[:-1]}, and nobody holds this axis.",
            remedy=remedy,
            standard="IEC 60204-1, operating modes",
        )
        for function in axes
    ]
    if others:
        found.append(
            Interlock(
                id=f"{unit.id}.automatic",
                title="The key switch stands in automatic",
                hazard="H13",
                phase=Phase.RUN,
                guards=others,
                condition=in_automatic(unit),
                cause=cause,
                remedy=remedy,
                standard="IEC 60204-1, operating modes",
            )
        )
    return [*found, *_starts(unit)]


def _starts(unit: Unit) -> list[Interlock]:
    """A hold moves by jogging alone: no automatic command begins under it, and no jog without it (H13)."""
    commands = [spec.code for spec in DEFINITIONS[unit.kind].commands if spec.permits]
    return [
        Interlock(
            id=f"{unit.id}.start-in-automatic",
            title="What runs by itself begins in automatic only",
            hazard="H13",
            phase=Phase.START,
            guards=unit.start(*(code for code in commands if code not in JOGS)),
            condition=in_automatic(unit),
            cause=f"The key switch of {unit.id} is not in automatic: by hand an axis is jogged and nothing else.",
            remedy=f"Jog the axis, or turn the key of {unit.id} back, with the zone in view.",
            standard="IEC 60204-1, operating modes",
        ),
        Interlock(
            id=f"{unit.id}.start-in-manual",
            title="An axis is jogged in manual only",
            hazard="H13",
            phase=Phase.START,
            guards=unit.start(*JOGS),
            condition=unit["mode"].eq(int(Mode.MANUAL)),
            cause=f"The key switch of {unit.id} is not in manual.",
            remedy=f"Whoever wants to move {unit.id} by hand turns its key to manual, at the machine.",
            standard="IEC 60204-1, operating modes",
        ),
    ]


def speed_interlock(plc: Unit, unit: Unit, function: Function, zones: frozenset[int], limit: int) -> Interlock:
    """Full speed for automatic runs, limited speed by hand: by the safety PLC, and by the axis' own speed.

    The bit of the safety PLC is 0 while the speed is limited, so a broken wire looks like a limit that is not there
    (H10); the axis' own speed, at most ``limit`` in its unit, is the second witness. Forks have no speed tag: of
    them the safety PLC alone speaks.
    """
    held = by_hand(unit, function)
    full = [plc[zone_tag("full_speed_enabled", zone)] for zone in sorted(zones)]
    slow: list[Expression] = [Not(tag) for tag in full]
    if (tag := _SPEED.get((unit.kind.name, function.permit))) is not None:
        slow.append(unit[tag].between(-limit, limit))
    named = " and ".join(str(zone) for zone in sorted(zones))
    return Interlock(
        id=f"{unit.id}.speed-{function.permit}",
        title="Full speed in automatic; limited speed, reported by drive and safety PLC, by hand",
        hazard="H20",
        phase=Phase.RUN,
        guards=(function,),
        condition=any_of(all_of(Not(held), *full), all_of(held, *slow)),
        cause=f"Safe limited speed is active in zone {named}: it is set up for people, not for automatic runs. "
        f"Or {unit.id} is held by hand and its speed is not limited.",
        remedy="For automatic runs end the set-up work at the machine, so that the safety PLC goes back to full speed. "
        "By hand the safety PLC must limit the speed first.",
        standard="IEC 61800-5-2, safely-limited speed",
    )


_SPEED = {
    ("LIFT", "travel"): "speed_mm_s",
    ("SHUTTLE", "travel"): "speed",
    ("CABIN", "rotate"): "turn_speed_mdeg_s",
}


def forks_by_hand(shuttle: Unit) -> list[Interlock]:
    """By hand forks only come home: that ends every half transfer, and nothing is reached into blindly (H06, H07)."""
    found: list[Interlock] = []
    for code, side, other in (
        (CommandCode.JOG_FORWARD, "right", "left"),
        (CommandCode.JOG_BACK, "left", "right"),
    ):
        texts = (
            f"By hand the forks of {shuttle.id} only come home, and they are not out to the {side} alone.",
            "Choose the other direction, or nothing: forks that are home need no hand.",
            _SETTING_UP,
        )
        title = "Forks moved by hand are out to one side and come home"
        start = shuttle.start(code, arg1=int(Axis.FORKS))
        held_out = any_of(Not(shuttle.doing(code)), shuttle[f"forks_{other}_mm"].le(FORKS_HOME_MM))
        cause, remedy, standard = texts
        found += [
            Interlock(
                f"{shuttle.id}.hand-home-from-{side}",
                title,
                "H07",
                Phase.RUN,
                (shuttle.may("transfer"),),
                held_out,
                *texts,
            ),
            Interlock(
                id=f"{shuttle.id}.start-hand-home-from-{side}",
                title=title,
                hazard="H07",
                phase=Phase.START,
                guards=start,
                condition=out_to(shuttle, side),
                cause=cause,
                remedy=remedy,
                standard=standard,
            ),
        ]
    return found
