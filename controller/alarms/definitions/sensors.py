"""Alarms about sensors that contradict each other: a defect that nobody sees until it matters (H21).

Owns their definitions; switches that exclude each other have a trip, and its alarm. Must never raise one during a
motion that explains the contradiction.
"""

from __future__ import annotations

from controller.alarms.definition import AlarmDefinition, Priority, Source, Suppression

_LOW = Priority.LOW


def _pair(
    code: str,
    title: str,
    sources: tuple[Source, ...],
    pair: str,
    *,
    hazard: str,
    on_delay_ms: int,
    suppressed_while: tuple[Suppression, ...] = (),
) -> AlarmDefinition:
    return AlarmDefinition(
        code=code,
        title=title,
        sources=sources,
        priority=_LOW,
        cause=f"{pair} say the same where they must contradict each other.",
        consequence="What depends on them is unknown: {source} is not used for it until they agree.",
        action="Compare with what can be seen at {source}; clean, adjust or replace the one that is wrong.",
        respond_within_min=60,
        on_delay_ms=on_delay_ms,
        off_delay_ms=2000,
        hazard=hazard,
        suppressed_while=suppressed_while,
    )


SENSORS: tuple[AlarmDefinition, ...] = (
    _pair(
        "load-detectors-disagree",
        "{source}: the load detectors disagree",
        (Source.LIFT, Source.SHUTTLE),
        "Load switch and light barrier",
        hazard="H05",
        on_delay_ms=3000,
        suppressed_while=(Suppression.TRANSFER_UNDER_WAY,),
    ),
    _pair(
        "target-detectors-disagree",
        "{source}: the detectors of the position beside it disagree",
        (Source.SHUTTLE,),
        "Switch and light beam of a position",
        hazard="H06",
        on_delay_ms=3000,
        suppressed_while=(Suppression.TRANSFER_UNDER_WAY,),
    ),
    _pair(
        "vehicle-detectors-disagree",
        "{source}: the vehicle detectors disagree",
        (Source.CABIN,),
        "Vehicle loop and light barrier",
        hazard="H05",
        on_delay_ms=3000,
        suppressed_while=(Suppression.TRANSFER_UNDER_WAY, Suppression.OPEN_TO_PEOPLE),
    ),
    AlarmDefinition(
        code="presence-sensor-doubt",
        title="{source}: a presence sensor is out of order",
        sources=(Source.CABIN,),
        priority=_LOW,
        cause="The counting light curtain has lost count or has failed.",
        consequence="{source} cannot be proven empty, so that no order uses it.",
        action="Look into {source}. When nobody is there, reset the curtain and have it checked.",
        respond_within_min=30,
        on_delay_ms=60_000,
        off_delay_ms=2000,
        hazard="H21",
        suppressed_while=(Suppression.OPEN_TO_PEOPLE,),
    ),
)
