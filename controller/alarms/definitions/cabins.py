"""Alarms about people and cars in cabins.

Owns their definitions. Must never let one that concerns a person inside be hidden (H02).
"""

from __future__ import annotations

from controller.alarms.definition import AlarmDefinition, Priority, Source

_CABIN = (Source.CABIN,)

PEOPLE: tuple[AlarmDefinition, ...] = (
    AlarmDefinition(
        code="person-shut-in",
        title="Somebody is shut inside {source}",
        sources=_CABIN,
        priority=Priority.HIGH,
        cause="The outer door is closed and a presence sensor has seen somebody inside for 15 s; the door has not "
        "opened again.",
        consequence="A person cannot get out by the outer door.",
        action="Go to {source}, speak to the person, show the emergency exit, which opens by hand from inside. Then "
        "look why the outer door does not open. When nobody is there, have the presence sensors checked.",
        respond_within_min=2,
        on_delay_ms=15_000,
        off_delay_ms=3000,
        latching=True,
        is_safety=True,
        hazard="H04",
        shelve_s_max=0,
    ),
)

HANDOVER: tuple[AlarmDefinition, ...] = (
    AlarmDefinition(
        code="customer-absent",
        title="{source}: the customer does not come",
        sources=_CABIN,
        priority=Priority.LOW,
        cause="The customer has not brought or taken the car in the time that a handover takes.",
        consequence="{source} is kept from others, with its outer door open.",
        action="Send an attendant to {source}; withdraw the order when nobody comes.",
        respond_within_min=15,
    ),
    AlarmDefinition(
        code="customer-stays",
        title="{source}: the customer does not leave",
        sources=_CABIN,
        priority=Priority.LOW,
        cause="Somebody is still inside, or in the doorway, long after the car stood right or has left.",
        consequence="{source} cannot be closed.",
        action="Send an attendant to {source}: ask everybody to step out, or help. When nobody is there, have the "
        "presence sensors checked.",
        respond_within_min=10,
        on_delay_ms=60_000,
        hazard="H02",
    ),
    AlarmDefinition(
        code="not-in-position",
        title="{source}: the car does not come to stand right",
        sources=_CABIN,
        priority=Priority.LOW,
        cause="The driver has not brought the front wheels into their mark in the time that a handover takes.",
        consequence="{source} is kept from others.",
        action="Send an attendant to {source} to guide the driver.",
        respond_within_min=10,
        hazard="H14",
    ),
    AlarmDefinition(
        code="not-confirmed",
        title="{source}: nobody confirms that it is empty",
        sources=_CABIN,
        priority=Priority.LOW,
        cause="An order has waited for two minutes for somebody to look into the cabin and press the confirm button.",
        consequence="The order and its car wait.",
        action="Look into {source}; when nobody is inside, close its doors and press the confirm button outside.",
        respond_within_min=15,
        on_delay_ms=120_000,
        hazard="H02",
    ),
    AlarmDefinition(
        code="vehicle-unproven",
        title="{source}: no proof that a car stands there",
        sources=_CABIN,
        priority=Priority.LOW,
        cause="A store order expects a car, and loop and light barrier do not agree that one is there.",
        consequence="The order waits; {source} is kept from others.",
        action="Look into {source}; have loop and light barrier checked.",
        respond_within_min=15,
        on_delay_ms=2000,
        hazard="H05",
    ),
)
