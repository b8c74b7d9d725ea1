"""Alarms from the fault codes that a device shows: one for each code that is not the consequence of its zone's stop.

Owns the priorities and consequences of fault codes; cause and action are the contract's own sentences. Must never
list a code that is a consequence only: what opened a zone's safety circuit has an alarm at the zone.
"""

from __future__ import annotations

from controller.alarms.definition import COMMANDED, MOVERS, AlarmDefinition, Priority, Source, Suppression
from plc_drivers.contract.codes import FAULT_HELP, FaultCode

CONSEQUENCES = frozenset({FaultCode.NONE, FaultCode.EMERGENCY_STOP, FaultCode.GUARD_OPEN, FaultCode.TRIPPED})
"""Codes without an alarm of their own: that of the zone, or of the trip, says what happened."""

SAME_AS = {
    FaultCode.BRAKE_FAULT: "brake",
    FaultCode.OVERSPEED: "speed-ok",
    FaultCode.OVERTRAVEL: "overtravel",
    FaultCode.PRESENCE_DETECTED: "nobody-at-work",
    FaultCode.SLACK_ROPE: "rope-taut",
    FaultCode.TRANSFER_FAULT: "half-transfer",
}
"""Codes that say what the alarm of a trip, or another one, says too: either raises it, once."""

UNLISTED = "fault-unlisted"
"""Code of the alarm for a fault code that this kind of device should not have."""


def code_of(fault: FaultCode) -> str:
    """The alarm's code for a fault code, as ``drive-fault``."""
    return SAME_AS.get(fault, fault.name.lower().replace("_", "-"))


def _fault(
    fault: FaultCode,
    title: str,
    consequence: str,
    sources: tuple[Source, ...],
    *,
    hazard: str,
    within_min: int = 60,
    safety: bool = False,
    suppressed_while: tuple[Suppression, ...] = (),
) -> AlarmDefinition:
    cause, action = FAULT_HELP[fault]
    return AlarmDefinition(
        code=code_of(fault),
        title=title,
        sources=sources,
        priority=Priority.LOW,
        cause=cause,
        consequence=consequence,
        action=action.replace("DEVICE", "{source}"),
        respond_within_min=within_min,
        is_safety=safety,
        hazard=hazard,
        shelve_s_max=0 if safety else 8 * 3600,
        suppressed_while=suppressed_while,
        stops=True,
    )


_STANDS = "{source} stands; orders that need it wait."

FAULTS: tuple[AlarmDefinition, ...] = (
    _fault(
        FaultCode.LOAD_OVERHANG,
        "{source}: the load sticks out",
        "A car can be torn or crushed when {source} moves; it stands until the load is centred.",
        MOVERS,
        hazard="H07",
        safety=True,
    ),
    _fault(
        FaultCode.SENSOR_CONTRADICTION,
        "{source}: two sensors contradict each other",
        "{source} cannot prove where it or its load is, and stands.",
        COMMANDED,
        hazard="H21",
    ),
    _fault(FaultCode.POSITION_FAULT, "{source}: position not proven", _STANDS, COMMANDED, hazard="H08"),
    _fault(FaultCode.LOCK_FAULT, "{source}: a lock pin is not where it must be", _STANDS, COMMANDED, hazard="H08"),
    _fault(
        FaultCode.DOOR_FAULT,
        "{source}: a door did not reach its end",
        "The cabin is out of use; an outer door that stands open leads to the machine.",
        (Source.CABIN,),
        hazard="H03",
        within_min=30,
    ),
    _fault(FaultCode.DRIVE_FAULT, "{source}: the drive tripped", _STANDS, COMMANDED, hazard="H15"),
    _fault(
        FaultCode.PLC_RESTARTED,
        "{source}: the PLC started anew",
        _STANDS,
        COMMANDED,
        hazard="H11",
        suppressed_while=(Suppression.GARAGE_STOPPED,),
    ),
    _fault(
        FaultCode.CONTROLLER_LOST,
        "{source}: lost the controller",
        _STANDS,
        COMMANDED,
        hazard="H10",
        suppressed_while=(Suppression.GARAGE_STOPPED,),
    ),
    AlarmDefinition(
        code=UNLISTED,
        title="{source}: a fault code that does not fit",
        sources=COMMANDED,
        priority=Priority.LOW,
        cause="The PLC shows a fault code that this kind of device does not have.",
        consequence="{source} stands, and nothing says why.",
        action="Read the fault at the PLC itself; correct its program after the table of fault codes. Then clear "
        "{source}.",
        respond_within_min=60,
        hazard="H10",
        stops=True,
    ),
)
"""In the order in which they explain each other when several come at once."""
