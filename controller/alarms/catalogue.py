"""Every alarm that one garage can raise: the definitions, instantiated from its layout.

Owns ids, sources and zones of alarms. No definition names a device: each is instantiated for every lift, shuttle,
cabin, zone and link that there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from controller.alarms.definition import AlarmDefinition, Priority, Source
from controller.alarms.definitions import DEFINITIONS, by_code
from controller.alarms.definitions.device_faults import SAME_AS
from controller.alarms.definitions.trips import TRIPS, unlisted
from controller.garage import Layout
from controller.garage.topology import topology_of
from safety.trip import Trip
from safety.trips import trips_of

GARAGE = "garage"
"""Source of the alarms about the controller itself."""


def zone_name(zone: int) -> str:
    """Source of the alarms of a zone, as ``zone1``."""
    return f"zone{zone}"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm of one source. ``zones`` are those that it concerns; ``rank`` puts causes before consequences."""

    id: str
    source: str
    kind: Source
    definition: AlarmDefinition
    zones: frozenset[int]
    rank: int

    @property
    def title(self) -> str:
        """The definition's title for this source."""
        return self.definition.title.format(source=self.source)

    @property
    def cause(self) -> str:
        """The definition's cause for this source."""
        return self.definition.cause.format(source=self.source)

    @property
    def consequence(self) -> str:
        """The definition's consequence for this source."""
        return self.definition.consequence.format(source=self.source)

    @property
    def action(self) -> str:
        """What an operator does about it, for this source."""
        return self.definition.action.format(source=self.source)


_RETIRED = AlarmDefinition(
    code="retired",
    title="{source}: an alarm that this version does not know",
    sources=(Source.GARAGE,),
    priority=Priority.LOW,
    cause="The journal holds an alarm that neither this version nor this configuration defines.",
    consequence="None that this controller knows of; its condition is no longer looked at.",
    action="Acknowledge it.",
    respond_within_min=24 * 60,
    off_delay_ms=0,
    shelve_s_max=0,
)


class Catalogue:
    """The alarms of one garage by id."""

    def __init__(self, alarms: Iterable[Alarm]) -> None:
        self._alarms = {alarm.id: alarm for alarm in alarms}

    @classmethod
    def of(cls, layout: Layout) -> Catalogue:
        """The alarms of a garage; each of its trips has one of the same id."""
        trips = {trip.id: trip for trip in trips_of(topology_of(layout))}
        only_by_trip = {definition.code for definition in TRIPS} - set(SAME_AS.values())
        alarms = {
            alarm.id: alarm
            for alarm in instantiated(layout)
            if alarm.id in trips or alarm.definition.code not in only_by_trip
        }
        for trip in trips.values():
            alarms.setdefault(trip.id, _of_trip(trip, frozenset(layout.config.safety.zones)))
        return cls(alarms.values())

    def __iter__(self) -> Iterator[Alarm]:
        return iter(self._alarms.values())

    def __len__(self) -> int:
        return len(self._alarms)

    def __contains__(self, alarm: str) -> bool:
        return alarm in self._alarms

    def __getitem__(self, alarm: str) -> Alarm:
        """The alarm with this id; one that is only in the journal any more is a retired one, never an error."""
        known = self._alarms.get(alarm)
        if known is not None:
            return known
        return Alarm(alarm, alarm.partition(".")[0], Source.GARAGE, _RETIRED, frozenset(), len(DEFINITIONS))


def instantiated(layout: Layout) -> Iterator[Alarm]:
    """Every definition for each of its sources, in order of rank."""
    named = sources_of(layout)
    for rank, definition in enumerate(by_code().values()):
        for kind in definition.sources:
            for name, zones in named[kind].items():
                yield Alarm(f"{name}.{definition.code}", name, kind, definition, zones, rank)


def _of_trip(trip: Trip, every: frozenset[int]) -> Alarm:
    """The alarm of a trip without a definition of its own."""
    zones = every if trip.zone is None else frozenset({trip.zone})
    return Alarm(trip.id, trip.id.partition(".")[0], Source.GARAGE, unlisted(trip), zones, 0)


def sources_of(layout: Layout) -> dict[Source, dict[str, frozenset[int]]]:
    """Every source of alarms by kind, with the zones that it concerns."""
    config = layout.config
    every = frozenset(config.safety.zones)
    devices = _device_zones(layout)
    links: dict[str, frozenset[int]] = {link.id: frozenset() for link in config.links}
    for section in (*config.lifts, *config.shuttles, *config.cabins):
        links[section.link] |= devices[section.id]
    links[config.safety.link] |= every
    return {
        Source.LIFT: {name: devices[name] for name in layout.lifts},
        Source.SHUTTLE: {name: devices[name] for name in layout.shuttles},
        Source.CABIN: {name: devices[name] for name in layout.cabins},
        Source.SAFETY: {config.safety.id: every},
        Source.ZONE: {zone_name(zone): frozenset({zone}) for zone in config.safety.zones},
        Source.LINK: links,
        Source.GARAGE: {GARAGE: every},
    }


def _device_zones(layout: Layout) -> dict[str, frozenset[int]]:
    """Each device's own zone, and those of what carries it or what it carries."""
    zones = {lift.id: {lift.zone} for lift in layout.lifts.values()}
    zones |= {cabin.id: {cabin.zone} for cabin in layout.cabins.values()}
    for shuttle in layout.shuttles.values():
        zones[shuttle.id] = {shuttle.zone}
        if shuttle.lift is not None:
            zones[shuttle.id].add(layout.lifts[shuttle.lift].zone)
            zones[shuttle.lift].add(shuttle.zone)
    return {name: frozenset(found) for name, found in zones.items()}
