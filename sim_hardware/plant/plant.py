"""The plant: the whole machine built from a layout, and its passing of time.

Owns the machines, the bodies, the judge and the order in which an instant is worked off. Deterministic: the same
calls at the same plant times give the same world. Must never read a clock, block, or know a PLC or the controller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from controller.config.models import VehicleEntry
from controller.garage import Layout, PositionKind, Side
from sim_hardware.plant.body import HEADING, PersonBody, Scene, SeatKind, VehicleBody, VehicleSpec
from sim_hardware.plant.cabin import CabinMachine
from sim_hardware.plant.device import Machine, Site
from sim_hardware.plant.judge import Judge
from sim_hardware.plant.lift import LiftMachine
from sim_hardware.plant.ports import CabinPort, LiftPort, SafetyPort, ShuttlePort
from sim_hardware.plant.sensors import SensorBank
from sim_hardware.plant.shuttle import ShuttleMachine
from sim_hardware.plant.sight_lines import seen_from
from sim_hardware.plant.snapshot import CabinPose, LiftPose, PersonPose, PlantSnapshot, ShuttlePose, VehiclePose
from sim_hardware.plant.space import Space
from sim_hardware.plant.timeline import Timeline
from sim_hardware.plant.transfer import ForkGrip
from sim_hardware.plant.violation import Verdict
from sim_hardware.plant.zone import SafetyTerminals, ZoneCircuit

SLICE_MS = 50.0
"""While something moves the judge looks at least this often; motion itself is exact for any step."""
SETTLE_ROUNDS = 50
"""One event may lead to another in the same instant, but not for ever."""


class Plant:
    """One garage's machine. ``lift``, ``shuttle``, ``cabin`` and ``zone`` give mechanics, for people and faults.

    The properties ``lifts``, ``shuttles``, ``cabins`` and ``safety`` give the ports, and are all that a PLC may see
    (``ports.PlantPorts``).
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.timeline = Timeline()
        self.sensors = SensorBank(self.timeline)
        self.judge = Judge(self.timeline)
        self.scene = Scene(self.timeline)
        self.site = Site(self.timeline, self.sensors, self.scene, Space(layout), self.judge.report)
        self._zones = {number: ZoneCircuit(self.timeline, self.sensors, number) for number in _zones(layout)}
        self._lifts = {k: LiftMachine(self.site, v, self._zones[v.zone]) for k, v in layout.lifts.items()}
        self._cabins = {k: CabinMachine(self.site, v, self._zones[v.zone]) for k, v in layout.cabins.items()}
        self._shuttles = {
            k: ShuttleMachine(self.site, v, self._zones[v.zone], self._lifts, self._cabins)
            for k, v in layout.shuttles.items()
        }
        self._grips = [ForkGrip(self.site, shuttle) for shuttle in self._shuttles.values()]
        self._safety = SafetyTerminals(self.timeline, self.sensors, self._zones)
        self._owners = {mechanism: machine for machine in self._machines() for mechanism in machine.mechanisms}
        self._introduce()
        self.judge.watch(self.site, self._lifts.values(), self._shuttles.values(), self._cabins.values())
        for entry in layout.config.vehicles:
            self._store(entry)

    # ports

    @property
    def lifts(self) -> Mapping[str, LiftPort]:
        """See ``ports.PlantPorts``."""
        return self._lifts

    @property
    def shuttles(self) -> Mapping[str, ShuttlePort]:
        """See ``ports.PlantPorts``."""
        return self._shuttles

    @property
    def cabins(self) -> Mapping[str, CabinPort]:
        """See ``ports.PlantPorts``."""
        return self._cabins

    @property
    def safety(self) -> SafetyPort:
        """See ``ports.PlantPorts``."""
        return self._safety

    # mechanics, for people, faults and tests

    def lift(self, device: str) -> LiftMachine:
        """The lift of that id (``KeyError`` when there is none; so for the others)."""
        return self._lifts[device]

    def shuttle(self, device: str) -> ShuttleMachine:
        """The shuttle of that id."""
        return self._shuttles[device]

    def cabin(self, device: str) -> CabinMachine:
        """The cabin of that id."""
        return self._cabins[device]

    def zone(self, number: int) -> ZoneCircuit:
        """The safety zone of that number."""
        return self._zones[number]

    @property
    def zone_numbers(self) -> tuple[int, ...]:
        """Every safety zone that there is."""
        return tuple(self._zones)

    def machine(self, device: str) -> Machine:
        """The lift, shuttle or cabin of that id."""
        return next(machine for machine in self._machines() if machine.id == device)

    @property
    def site_alarms(self) -> SafetyTerminals:
        """Fire, earthquake, mains and generator as they really are."""
        return self._safety

    @property
    def now_ms(self) -> int:
        """Plant time since the plant was built."""
        return round(self.timeline.now_ms)

    # time

    def advance(self, dt_ms: float) -> None:
        """Let ``dt_ms`` of plant time pass.

        Works off every event in between at its exact time, so that the outcome does not depend on the step. Costs
        nothing while nothing moves and nobody is due.

        Raises:
            ValueError: ``dt_ms`` is negative.
        """
        if dt_ms < 0:
            raise ValueError(f"plant time cannot run backwards ({dt_ms} ms)")
        timeline = self.timeline
        end_ms = timeline.now_ms + dt_ms
        while True:
            self._settle()
            if timeline.now_ms >= end_ms:
                return
            next_ms = min(end_ms, timeline.next_ms())
            if timeline.moving:
                next_ms = min(next_ms, timeline.now_ms + SLICE_MS)
                self._stir()
            timeline.now_ms = max(next_ms, timeline.now_ms)
            timeline.run_due()

    def rest(self, dt_ms: float) -> float:
        """Let up to ``dt_ms`` pass while nothing moves, and stop at the first change; how much has passed.

        Only people look around meanwhile. 0 when something moves or has changed already.
        """
        timeline = self.timeline
        began_ms, end_ms = timeline.now_ms, timeline.now_ms + dt_ms
        while timeline.now_ms < end_ms and not timeline.moving and not timeline.changed:
            timeline.now_ms = max(timeline.now_ms, min(end_ms, timeline.next_ms()))
            timeline.run_due()
        return timeline.now_ms - began_ms

    def after(self, delay_ms: float, act: Callable[[], None]) -> None:
        """Run ``act`` in ``delay_ms`` of plant time."""
        self.timeline.after(delay_ms, act)

    def verdict(self) -> Verdict:
        """What the judge has seen so far."""
        return self.judge.verdict()

    # bodies

    def place_vehicle(self, spec: VehicleSpec, position: str, *, nose: Side = Side.LEFT) -> VehicleBody:
        """Put a new vehicle into a position of the layout, as if it had always been there.

        Raises:
            KeyError: the garage has no such position.
            ValueError: there is a vehicle of that id.
        """
        place = self.layout.positions[position]
        body = self.scene.add(spec)
        heading = HEADING[nose]
        if place.kind is PositionKind.CABIN:
            cabin = self._cabins[place.owner]
            cabin.set_on_plate(body, 0.0, cabin.space.centre_y_mm, heading)
        else:
            self.scene.put(body, self.site.space.seat(place), dx_mm=0.0, dy_mm=0.0, heading_mdeg=heading)
        return body

    def add_person(self, person: PersonBody) -> None:
        """Bring a person into the picture.

        Raises:
            ValueError: somebody of that name is there already; the judge would lose sight of one of them.
        """
        if person.id in self.scene.people:
            raise ValueError(f"there is a person {person.id!r} already")
        self.scene.people[person.id] = person
        self.timeline.touch()

    def remove_person(self, person: PersonBody) -> None:
        """The person goes home."""
        self.scene.people.pop(person.id, None)
        self.timeline.touch()

    def vehicles_at(self, position: str) -> tuple[str, ...]:
        """Ids of the vehicles that rest in a position of the layout."""
        return tuple(body.id for body in self.scene.on(self.site.space.seat(self.layout.positions[position])))

    def snapshot(self) -> PlantSnapshot:
        """The whole truth, now."""
        return PlantSnapshot(
            self.now_ms,
            {k: LiftPose(m.z, m.axis.velocity, m.pins.at) for k, m in self._lifts.items()},
            {k: ShuttlePose(m.way, m.z, m.axis.velocity, m.extension, m.hoist.at) for k, m in self._shuttles.items()},
            {
                k: CabinPose(m.outer.opening, m.inner.opening, m.table.at, m.light_lit, m.sign_lit)
                for k, m in self._cabins.items()
            },
            {k: self._pose(body) for k, body in self.scene.vehicles.items()},
            {k: PersonPose(p.cabin, p.place.value, p.vehicle) for k, p in self.scene.people.items()},
        )

    def _settle(self) -> None:
        """Work off the present instant until nothing changes any more."""
        for _ in range(SETTLE_ROUNDS):
            if not self.timeline.changed:
                return
            self._settle_once()
        raise RuntimeError(f"the plant does not settle at {self.now_ms} ms")

    def _settle_once(self) -> None:
        """Mechanisms, machines, cars, then the judge."""
        timeline = self.timeline
        timeline.changed = False
        for mechanism in tuple(timeline.moving):
            mechanism.settle()
        for lift in self._lifts.values():
            lift.settle()
        for shuttle in self._shuttles.values():
            shuttle.settle()
        for grip in self._grips:
            grip.settle()
        for cabin in self._cabins.values():
            cabin.settle()
        self.judge.check()

    def _stir(self) -> None:
        """Note whose mechanisms are in motion; cars on their own wheels are noted for all."""
        self.timeline.changed = True
        for mechanism in self.timeline.moving:
            machine = self._owners.get(mechanism)
            if machine is None:
                self.timeline.touch()
            else:
                machine.stirred += 1

    def _introduce(self) -> None:
        """Tell machines of each other, and put the outer doors under their own supply."""
        shuttles = tuple(self._shuttles.values())
        for shuttle in shuttles:
            shuttle.neighbours = tuple(other for other in shuttles if other is not shuttle)
            if shuttle.lift is not None:
                shuttle.lift.rider = shuttle
        for lift in self._lifts.values():
            if lift.spec.platform is not None:
                reached = self.layout.reached_by(lift.spec.platform)
                lift.reaching = tuple(self._shuttles[device] for device in reached)
        for cabin in self._cabins.values():
            cabin.reaching = tuple(self._shuttles[device] for device in self.layout.reached_by(cabin.spec.position))

        for machine in self._machines():
            machine.sees = seen_from(machine, self._machines())

    def _machines(self) -> tuple[Machine, ...]:
        return (*self._lifts.values(), *self._shuttles.values(), *self._cabins.values())

    def _store(self, entry: VehicleEntry) -> None:
        spec = VehicleSpec(entry.id, entry.length_mm, entry.width_mm, entry.height_mm, entry.weight_kg)
        self.place_vehicle(spec, entry.place)

    def _pose(self, body: VehicleBody) -> VehiclePose:
        name = f"{body.seat.kind.value}:{body.seat.owner}"
        owner = body.seat.owner
        match body.seat.kind:
            case SeatKind.STAND:
                place = self.layout.positions[owner]
                way = self.site.space.column_way[place.column or 0]
                z = self.site.space.level_z[place.level or 0]
                return VehiclePose(name, way, self.site.space.position_y[owner] + body.dy_mm, z, body.heading_mdeg)
            case SeatKind.PLATE | SeatKind.LANE:
                cabin = self._cabins[owner]
                _, y, heading = cabin.y_and_heading(body)
                way = self.site.space.column_way[cabin.spec.column]
                return VehiclePose(name, way, y, self.site.space.level_z[cabin.spec.level], heading)
            case SeatKind.PLATFORM:
                lift = self._lifts[owner]
                return VehiclePose(name, lift.way, lift.y + body.dy_mm, lift.z, body.heading_mdeg)
            case SeatKind.DECK:
                shuttle = self._shuttles[owner]
                return VehiclePose(name, shuttle.way, body.dy_mm, shuttle.z, body.heading_mdeg)
            case SeatKind.FORKS:
                shuttle = self._shuttles[owner]
                return VehiclePose(name, shuttle.way, shuttle.extension + body.dy_mm, shuttle.z, body.heading_mdeg)
            case SeatKind.WRECK | SeatKind.AWAY:
                return VehiclePose(name, body.dx_mm, body.dy_mm, 0.0, body.heading_mdeg)


def _zones(layout: Layout) -> tuple[int, ...]:
    """All zones that the safety PLC or any device names."""
    config = layout.config
    sections = (*config.lifts, *config.shuttles, *config.cabins)
    return tuple(sorted({*config.safety.zones, *(section.zone for section in sections)}))
