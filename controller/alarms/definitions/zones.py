"""Alarms from the safety PLC: emergency stops, guards, locks and torque of each zone; fire, earthquake, supply.

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
        code="earthquake",
        title="Earthquake or wind alarm",
        sources=_SITE,
        priority=Priority.MEDIUM,
        cause="The earthquake or wind alarm is on, or its contact is open.",
        consequence="The machine stands; rails, ropes and loads may have moved.",
        action="Wait until it has ended; look at rails, ropes and loads, reset at the machine. Then confirm this "
        "alarm.",
        respond_within_min=15,
        latching=True,
        is_safety=True,
        hazard="H15",
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
        code="emergency-stop",
        title="Emergency stop in {source}",
        sources=_ZONE,
        priority=Priority.MEDIUM,
        cause="An emergency stop button of {source} is pressed.",
        consequence=_STANDS,
        action="Find who pressed and why, and help. Release the button, reset at the machine in view of {source}, then "
        "clear what was stopped and start.",
        respond_within_min=5,
        is_safety=True,
        hazard="H12",
        shelve_s_max=0,
        stops=True,
    ),
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
    AlarmDefinition(
        code="guard-open",
        title="A guard door of {source} is open",
        sources=_ZONE,
        priority=Priority.LOW,
        cause="A guard door is open or not locked.",
        consequence=_STANDS + " Somebody may be inside.",
        action="Make sure that nobody is in {source}, close and lock every guard door, reset at the machine.",
        respond_within_min=15,
        is_safety=True,
        hazard="H12",
        shelve_s_max=0,
        stops=True,
    ),
    AlarmDefinition(
        code="locked-out",
        title="{source} is locked out",
        sources=_ZONE,
        priority=Priority.LOW,
        cause="Somebody has locked the isolator of {source}: there is somebody at work inside.",
        consequence=_STANDS,
        action="Ask by name who works there and for how long; tell waiting customers. Only whose lock it is takes it "
        "off.",
        respond_within_min=30,
        is_safety=True,
        hazard="H20",
        shelve_s_max=0,
        stops=True,
    ),
    AlarmDefinition(
        code="torque-off",
        title="The drives of {source} have no torque",
        sources=_ZONE,
        priority=Priority.LOW,
        cause="Safe torque off is active although buttons, guards, locks and reset of {source} are in order.",
        consequence=_STANDS,
        action="Look at the safety PLC's own diagnosis; reset at the machine when it shows no fault.",
        respond_within_min=30,
        on_delay_ms=2000,
        is_safety=True,
        hazard="H12",
        shelve_s_max=0,
        stops=True,
    ),
    AlarmDefinition(
        code="reset-missing",
        title="{source} waits for its reset at the machine",
        sources=_ZONE,
        priority=Priority.LOW,
        cause="Buttons, guards and locks of {source} are in order, but nobody has reset the zone for a minute.",
        consequence=_STANDS,
        action="Look that nobody is in {source}, then press the reset button at the machine, in view of the zone.",
        respond_within_min=30,
        on_delay_ms=60_000,
        is_safety=True,
        hazard="H11",
        shelve_s_max=0,
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
