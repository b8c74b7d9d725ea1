"""Every alarm definition, one module per subject, in the order in which they explain each other.

Owns that order: when several alarms begin in the same moment, the one that stands earlier here is taken for the
cause of the others (first-out).
"""

from __future__ import annotations

from controller.alarms.definition import AlarmDefinition, AlarmDefinitionError
from controller.alarms.definitions.cabins import HANDOVER, PEOPLE
from controller.alarms.definitions.controller import GARAGE, LINKS
from controller.alarms.definitions.device_faults import FAULTS
from controller.alarms.definitions.devices import HEALTH, REACH, USE
from controller.alarms.definitions.sensors import SENSORS
from controller.alarms.definitions.trips import TRIPS
from controller.alarms.definitions.zones import SITE, SUPPLY, ZONES

DEFINITIONS: tuple[AlarmDefinition, ...] = (
    *SITE,
    *TRIPS,
    *ZONES,
    *PEOPLE,
    *SUPPLY,
    *LINKS,
    *GARAGE,
    *REACH,
    *FAULTS,
    *USE,
    *SENSORS,
    *HEALTH,
    *HANDOVER,
)
"""Every definition; its place in this tuple is its rank."""


def by_code() -> dict[str, AlarmDefinition]:
    """Every definition by its code.

    Raises:
        AlarmDefinitionError: two have the same code.
    """
    found: dict[str, AlarmDefinition] = {}
    for definition in DEFINITIONS:
        if definition.code in found:
            raise AlarmDefinitionError(f"alarm code {definition.code!r} is defined twice")
        found[definition.code] = definition
    return found
