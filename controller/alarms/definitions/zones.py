"""Alarms from the safety PLC beside its trips: fire, circuits that are not sound, silence, supply.

Owns their definitions. Must never be shelved or suppressed where a person may be in the zone, and never offer to
reset anything: a person does, at the machine.
"""

from __future__ import annotations

from controller.alarms.definition import AlarmDefinition, Priority, Source

_ZONE = (Source.ZONE,)
_SITE = (Source.SAFETY,)
_STANDS = "Everything in {source}, and what could send a load into it, stands."

SITE: tuple[AlarmDefinition, ...] = (
    AlarmDefinition(
        code="fire",
        title="Fire alarm",
        sources=_SITE,
        priority=Priority.HIGH,
        cause="The fire alarm system reports a fire, or its contact is open.",
        consequence="The machine stands; cars burn in reach of each other, and people may be in the cabins.",
        action="Follow the fire plan: call the fire brigade, get people out of the cabins, hand over the list of what "
        "stands where. Confirm this alarm when the fire brigade has released the building.",
        respond_within_min=1,
        latching=True,
        is_safety=True,
        hazard="H16",
        shelve_s_max=0,
        stops=True,
    ),
    AlarmDefinition(
        code="safety-plc-silent",
        title="{source}, the safety PLC, gives no trustworthy readings",
        sources=_SITE,
        priority=Priority.MEDIUM,
        cause="The safety PLC does not answer, or answers that cannot be believed.",
        consequence="No zone is known to be safe, so everything stands.",
        action="Check supply and network of {source}; `garagectl diag link` shows what was seen last.",
        respond_within_min=15,
        on_delay_ms=500,
        is_safety=True,
        hazard="H10",
        shelve_s_max=0,
        stops=True,
    ),
)

ZONES: tuple[AlarmDefinition, ...] = (
    AlarmDefinition(
        code="estop-circuit-fault",
        title="The emergency stop circuit of {source} is not sound",
        sources=_ZONE,
        priority=Priority.LOW,
        cause="The circuit is not connected, or its two channels disagreed.",
        consequence=_STANDS + " An emergency stop there may not work.",
        action="Keep people out of {source}. An electrician finds the broken wire or contact and tests every button.",
        respond_within_min=30,
        latching=True,
        is_safety=True,
        hazard="H12",
        shelve_s_max=0,
        stops=True,
    ),
)

SUPPLY: tuple[AlarmDefinition, ...] = (
    AlarmDefinition(
        code="mains-lost",
        title="The mains supply is gone",
        sources=_SITE,
        priority=Priority.LOW,
        cause="The mains supply is not present.",
        consequence="Movers stop where they are; a transfer may stand half way.",
        action="Look at the supply. When it comes back, look at the machine, clear what was stopped and start.",
        respond_within_min=30,
        on_delay_ms=1000,
        hazard="H19",
        stops=True,
    ),
    AlarmDefinition(
        code="on-generator",
        title="The machine runs on the emergency generator",
        sources=_SITE,
        priority=Priority.LOW,
        cause="The emergency generator feeds the machine.",
        consequence="Only some movers may run; fuel is limited.",
        action="Retrieve what is urgent, take in nothing; look at fuel and mains.",
        respond_within_min=60,
        on_delay_ms=5000,
        off_delay_ms=5000,
        hazard="H19",
    ),
)
