"""Alarms of trips: each trip raises the alarm with its own id, and it clears when a person has reset the trip.

Owns what a trip means to an operator: consequence, priority and time to respond. Must never latch a second time what
the trip latches already, and never be hidden: a trip is always a safety alarm.
"""

from __future__ import annotations

from controller.alarms.definition import MOVERS, AlarmDefinition, Priority, Source
from safety.trip import Trip

_ZONE = (Source.ZONE,)
_LIFT = (Source.LIFT,)
_SHUTTLE = (Source.SHUTTLE,)
_CABIN = (Source.CABIN,)
_STANDS = "Everything in {source}, and what could send a load into it, stands."
_MEDIUM = Priority.MEDIUM


def _trip(
    code: str,
    title: str,
    sources: tuple[Source, ...],
    hazard: str,
    within_min: int,
    *,
    cause: str,
    consequence: str,
    action: str,
    priority: Priority = Priority.LOW,
) -> AlarmDefinition:
    return AlarmDefinition(
        code=code,
        title=title,
        sources=sources,
        priority=priority,
        cause=cause,
        consequence=consequence,
        action=action,
        respond_within_min=within_min,
        is_safety=True,
        hazard=hazard,
        shelve_s_max=0,
        stops=True,
    )


_OF_ZONES: tuple[AlarmDefinition, ...] = (
    _trip(
        "emergency-stop",
        "Emergency stop in {source}",
        _ZONE,
        "H12",
        5,
        cause="An emergency stop button of {source} was pressed or its circuit opened, and it was not reset since.",
        consequence=_STANDS,
        action="Find who pressed and why, and help. Release the button, reset at the machine in view of {source}, then "
        "clear what was stopped and start.",
        priority=_MEDIUM,
    ),
    _trip(
        "guards",
        "A guard door of {source} was opened",
        _ZONE,
        "H12",
        15,
        cause="A guard door is or was open or not locked.",
        consequence=_STANDS + " Somebody may be inside.",
        action="Make sure that nobody is in {source}, close and lock every guard door, reset at the machine. Then "
        "clear what was stopped and start.",
    ),
    _trip(
        "lock-out",
        "{source} is locked out",
        _ZONE,
        "H20",
        30,
        cause="Somebody has locked the isolator of {source}: there is somebody at work inside.",
        consequence=_STANDS,
        action="Ask by name who works there and for how long; tell waiting customers. Only whose lock it is takes it "
        "off; then clear what was stopped and start.",
    ),
    _trip(
        "torque",
        "The drives of {source} have no torque",
        _ZONE,
        "H12",
        30,
        cause="Safe torque off is or was active in {source}.",
        consequence=_STANDS,
        action="Look at the safety PLC why: emergency stop, guard, lock or its own fault. It gives torque back after "
        "its reset at the machine; then clear what was stopped and start.",
    ),
    _trip(
        "no-earthquake",
        "Earthquake or wind alarm",
        (Source.SAFETY,),
        "H15",
        15,
        cause="The earthquake or wind alarm is or was on, or its contact is open.",
        consequence="The machine stands; rails, ropes and loads may have moved.",
        action="Wait until it has ended; look at rails, ropes and loads. Then clear what was stopped and start.",
        priority=_MEDIUM,
    ),
)

_OF_PEOPLE: tuple[AlarmDefinition, ...] = (
    _trip(
        "nobody-at-work",
        "Somebody is in {source} while the machine is at work there",
        _CABIN,
        "H04",
        2,
        cause="A presence sensor saw somebody while machine or door moved in {source}, or a presence sensor failed.",
        consequence="Every motion into, out of and inside {source} stands; somebody may be in the machine's way.",
        action="Go to {source} and speak to whoever is inside. Let them out by the outer door or the emergency exit "
        "and look that nobody is left. Then clear what was stopped, close the door and press confirm outside.",
        priority=Priority.HIGH,
    ),
)

_OF_SUSPENSION: tuple[AlarmDefinition, ...] = (
    _trip(
        "rope-taut",
        "{source}: slack rope or chain",
        _LIFT,
        "H15",
        15,
        cause="The suspension lost tension.",
        consequence="{source} may hang on something and fall when that gives way.",
        action="Keep everybody out of the shaft. A technician inspects rope or chain before anything moves and resets "
        "it locally; then clear {source}.",
        priority=_MEDIUM,
    ),
    _trip(
        "speed-ok",
        "{source}: overspeed",
        _LIFT,
        "H15",
        15,
        cause="The overspeed governor acted.",
        consequence="The governor holds {source}, with its load, wherever it is.",
        action="A technician inspects drive, brake and governor, and resets it locally; then clear {source}.",
        priority=_MEDIUM,
    ),
    _trip(
        "overtravel",
        "{source}: travelled beyond its limit",
        MOVERS,
        "H15",
        15,
        cause="A final limit switch opened.",
        consequence="{source} stands on its final limit switch and can only be released locally.",
        action="A technician releases the axis locally, finds the cause and references it; then clear {source}.",
        priority=_MEDIUM,
    ),
    _trip(
        "brake",
        "{source}: the brake is not proven closed",
        MOVERS,
        "H15",
        10,
        cause="{source} stands and its brake is not proven closed.",
        consequence="What {source} carries may sink or roll.",
        action="Keep everybody away from below {source}. A technician tests the brake; then clear {source}.",
        priority=_MEDIUM,
    ),
    _trip(
        "shaft-doors",
        "A door of {source}'s shaft was opened",
        _LIFT,
        "H15",
        15,
        cause="A door of the shaft is or was open.",
        consequence="Somebody may be in the shaft; {source} stands.",
        action="Make sure that nobody is in the shaft, close its doors; then clear {source}.",
    ),
)


def _progress(axis: str, sources: tuple[Source, ...]) -> AlarmDefinition:
    return _trip(
        f"{axis}-progress",
        f"{{source}} was told to move and does not ({axis})",
        sources,
        "H15",
        15,
        cause="The device holds the permit and executes the command, and its position has not changed for seconds.",
        consequence="Something blocks it, or its encoder stands still while it moves; it was stopped.",
        action="Look what blocks {source}, and whether it stands where it says. A technician checks the drive; then "
        "clear {source}.",
    )


def _stops(axis: str, sources: tuple[Source, ...], priority: Priority = Priority.LOW) -> AlarmDefinition:
    return _trip(
        f"{axis}-stops",
        f"{{source}} did not stop in its time ({axis})",
        sources,
        "H18",
        10,
        cause="The axis still moved after its designed stopping time, without a permit.",
        consequence="The distances that keep people safe rest on this time; its power was taken away.",
        action="Press the emergency stop if {source} still moves. A technician checks brake and drive; then clear "
        "{source}.",
        priority=priority,
    )


_OF_MOTION: tuple[AlarmDefinition, ...] = (
    _stops("lift", _LIFT, _MEDIUM),
    _stops("travel", _SHUTTLE),
    _stops("turn", _CABIN),
    _progress("lift", _LIFT),
    _progress("travel", _SHUTTLE),
    _progress("forks", _SHUTTLE),
    _progress("turn", _CABIN),
)


def _switches(what: str, sources: tuple[Source, ...], name: str) -> AlarmDefinition:
    return _trip(
        f"{what}-switches",
        f"{{source}}: the switches of {name} contradict each other",
        sources,
        "H21",
        30,
        cause=f"Switches of {name} that exclude each other are made at once.",
        consequence="One of them is stuck, bridged or torn off; {source} cannot prove what it does and stands.",
        action="Compare the switches with what can be seen at {source}; have the wrong one replaced. Then clear "
        "{source}.",
    )


_OF_SENSORS: tuple[AlarmDefinition, ...] = (
    _switches("pin", _LIFT, "the lock pins"),
    _switches("fork", _SHUTTLE, "the forks"),
    _switches("outer", _CABIN, "the outer door"),
    _switches("inner", _CABIN, "the inner door"),
)

TRIPS: tuple[AlarmDefinition, ...] = (*_OF_ZONES, *_OF_PEOPLE, *_OF_SUSPENSION, *_OF_MOTION, *_OF_SENSORS)
"""One for every rule of a trip; the first are those that explain the others."""


def unlisted(trip: Trip) -> AlarmDefinition:
    """The alarm of a trip that has none here yet: never silent, but with the trip's own words only."""
    return _trip(
        trip.id.partition(".")[2],
        f"{{source}}: tripped ({trip.title})",
        (Source.GARAGE,),
        trip.hazard,
        15,
        cause=trip.cause,
        consequence=f"Stopped: {', '.join(trip.devices)}.",
        action=trip.remedy,
        priority=_MEDIUM,
    )
