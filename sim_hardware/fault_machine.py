"""Faults of the machine itself, of what people do to it, and of how people at the cabins behave.

Owns how each of these kinds comes about and what shows that it took effect. Must never decide whether a fault is
wanted, and never touch a sensor: what is broken here is really broken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from plc_drivers.contract.codes import Mode
from sim_hardware.fault import Effect, Fault, FaultKind, FaultRefusedError
from sim_hardware.fault_cars import CarFaults
from sim_hardware.fault_kinds import check_figures, wrong_target
from sim_hardware.people import Actor, Crowd, Habit
from sim_hardware.plant.axis import Axis
from sim_hardware.plant.cabin import CabinMachine
from sim_hardware.plant.door import PowerDoor
from sim_hardware.plant.lift import LiftMachine
from sim_hardware.plant.plant import Plant
from sim_hardware.plant.zone import ZoneCircuit

SITE = "site"
PEOPLE = "people"
_SAME = 100
"""Percent of the designed deceleration of a sound brake."""
_GROWS_MM_MAX = 2000
"""No boot and no longer car makes a greater difference."""
_KEY_VALUES = (int(Mode.MANUAL), int(Mode.MAINTENANCE))

HABITS: Mapping[FaultKind, Habit] = {
    FaultKind.STAYS_INSIDE: Habit.STAYS_INSIDE,
    FaultKind.COMES_BACK: Habit.COMES_BACK,
    FaultKind.NEVER_CONFIRMS: Habit.NEVER_CONFIRMS,
    FaultKind.PRESSES_TWICE: Habit.PRESSES_TWICE,
    FaultKind.BOOT_OPEN: Habit.LEAVES_BOOT_OPEN,
    FaultKind.OTHER_CAR: Habit.BRINGS_ANOTHER,
}
_SITE_FLAGS: Mapping[FaultKind, Mapping[str, bool]] = {
    FaultKind.FIRE: {"fire": True},
    FaultKind.EARTHQUAKE: {"earthquake": True},
    FaultKind.MAINS_LOST: {"mains": False},
    FaultKind.GENERATOR: {"generator": True, "mains": False},
}
"""What is really the case then. A site has one fault at a time, so that a generator takes over from lost mains."""
_OF_AXES = (FaultKind.DRIVE_TRIP, FaultKind.BRAKE_WORN, FaultKind.BRAKE_SLIPS, FaultKind.ENCODER_LOST)
_OF_ZONES = (FaultKind.ESTOP, FaultKind.ESTOP_UNPLUGGED, FaultKind.GUARD_OPEN, FaultKind.LOCKED_OUT)
Make = Callable[[Fault], Effect]


class MachineFaults:
    """Everything of one plant and its people that can be broken or done wrong."""

    def __init__(self, plant: Plant, crowd: Crowd) -> None:
        self._plant = plant
        self._crowd = crowd
        layout = plant.layout
        self._lifts = {name: plant.lift(name) for name in layout.lifts}
        self._cabins = {name: plant.cabin(name) for name in layout.cabins}
        self._zones = {f"zone{number}": plant.zone(number) for number in plant.zone_numbers}
        self._axes: dict[str, Axis] = {f"{name}.drive": lift.axis for name, lift in self._lifts.items()}
        for name in layout.shuttles:
            shuttle = plant.shuttle(name)
            self._axes |= {f"{name}.drive": shuttle.axis, f"{name}.forks": shuttle.fork_axis}
        self._axes |= {f"{name}.turntable": cabin.table for name, cabin in self._cabins.items() if cabin.has_turntable}
        self._doors: dict[str, PowerDoor] = {f"{name}.outer": cabin.outer for name, cabin in self._cabins.items()}
        self._doors |= {f"{name}.inner": cabin.inner for name, cabin in self._cabins.items()}
        self._keyed = (*layout.lifts, *layout.shuttles, *layout.cabins)
        self._cars = CarFaults(plant)
        self._intruders = 0
        self._makers: dict[FaultKind, Make] = {
            FaultKind.DRIVE_TRIP: self._trip,
            FaultKind.BLOCKED: self._block,
            FaultKind.BRAKE_WORN: self._wear,
            FaultKind.BRAKE_SLIPS: self._slip,
            FaultKind.ENCODER_LOST: self._lose,
            FaultKind.ROPE_SLACK: lambda fault: self._latched(fault, LiftMachine.slacken_rope),
            FaultKind.GOVERNOR: lambda fault: self._latched(fault, LiftMachine.act_governor),
            FaultKind.CAR_ROLLS: self._cars.rolls,
            FaultKind.CAR_MOVED: self._cars.moved,
            FaultKind.CURTAIN_BROKEN: self._curtain,
            FaultKind.EXIT_OPEN: self._exit,
            FaultKind.PLATE_MISSING: self._plate,
            FaultKind.BUTTON_CLAMPED: self._clamp,
            FaultKind.KEY: self._key,
            FaultKind.ESTOP: self._estop,
            FaultKind.ESTOP_UNPLUGGED: self._unplug,
            FaultKind.GUARD_OPEN: self._guard,
            FaultKind.LOCKED_OUT: self._lock,
            FaultKind.INTRUDER: self._intrude,
            FaultKind.NOBODY_COMES: self._stay_away,
            **dict.fromkeys(_SITE_FLAGS, self._site),
            **dict.fromkeys(HABITS, self._habit),
        }
        self._places = self._placed()

    def effect(self, fault: Fault) -> Effect:
        """What brings the fault about.

        Raises:
            FaultRefusedError: it cannot be brought about here, or not now.
        """
        check_figures(fault)
        return self._makers[fault.kind](fault)

    def targets(self, kind: FaultKind) -> tuple[str, ...]:
        """Where a fault of that kind can be in this garage; empty for kinds that are of no part of the machine."""
        return self._places.get(kind, ())

    def _placed(self) -> dict[FaultKind, tuple[str, ...]]:
        axes, lifts, zones = tuple(self._axes), tuple(self._lifts), tuple(self._zones)
        return {
            **dict.fromkeys(self._makers, tuple(self._cabins)),
            **dict.fromkeys(_SITE_FLAGS, (SITE,)),
            **dict.fromkeys(_OF_AXES, axes),
            **dict.fromkeys(_OF_ZONES, zones),
            FaultKind.BLOCKED: (*axes, *self._doors),
            FaultKind.ROPE_SLACK: lifts,
            FaultKind.GOVERNOR: lifts,
            FaultKind.KEY: self._keyed,
            FaultKind.CAR_ROLLS: self._cars.positions,
            FaultKind.CAR_MOVED: self._cars.positions,
            FaultKind.NOBODY_COMES: (PEOPLE,),
        }

    # --- machine -------------------------------------------------------------------------------------------

    def _axis(self, fault: Fault) -> Axis:
        axis = self._axes.get(fault.target)
        if axis is None:
            raise wrong_target(fault, self.targets(fault.kind))
        return axis

    def _trip(self, fault: Fault) -> Effect:
        axis = self._axis(fault)
        return _at_once(axis.trip, lambda: not axis.ready)

    def _lose(self, fault: Fault) -> Effect:
        axis, offset = self._axis(fault), float(fault.value or 0)
        return _lasting(lambda: axis.lose_encoder(offset), axis.teach_encoder, lambda: not axis.encoder_valid)

    def _block(self, fault: Fault) -> Effect:
        part = self._axes.get(fault.target) or self._doors.get(fault.target)
        if part is None:
            raise wrong_target(fault, self.targets(fault.kind))
        return _lasting(part.block, part.unblock, lambda: not part.ready if isinstance(part, Axis) else True)

    def _wear(self, fault: Fault) -> Effect:
        axis, percent = self._axis(fault), fault.value or 0
        if not 5 <= percent < _SAME:
            raise FaultRefusedError("BAD_FAULT", f"{percent} percent is no worn brake.", "Give 5 to 99.")
        return _lasting(lambda: axis.wear_brake(percent / _SAME), lambda: axis.wear_brake(1.0), lambda: axis.braking)

    def _slip(self, fault: Fault) -> Effect:
        axis, speed = self._axis(fault), fault.value or 0
        if not 0 < speed <= 10_000:
            raise FaultRefusedError("BAD_FAULT", f"A brake cannot slip at {speed}.", "Give 1 to 10000.")
        return _lasting(lambda: axis.slip_brake(float(speed)), lambda: axis.slip_brake(0.0), lambda: axis.moving)

    def _latched(self, fault: Fault, act: Callable[[LiftMachine], None]) -> Effect:
        lift = self._lifts.get(fault.target)
        if lift is None:
            raise wrong_target(fault, self.targets(fault.kind))
        return _lasting(lambda: act(lift), lift.reset_governor, lambda: not (lift.rope_taut and lift.speed_ok))

    def _cabin(self, fault: Fault) -> CabinMachine:
        cabin = self._cabins.get(fault.target)
        if cabin is None:
            raise wrong_target(fault, tuple(self._cabins))
        return cabin

    def _curtain(self, fault: Fault) -> Effect:
        cabin = self._cabin(fault)
        return _lasting(cabin.break_curtain, cabin.reset_count, lambda: not cabin.curtain_ok)

    def _exit(self, fault: Fault) -> Effect:
        cabin = self._cabin(fault)
        return _lasting(cabin.open_exit, cabin.close_exit, lambda: not cabin.exit_closed)

    def _clamp(self, fault: Fault) -> Effect:
        cabin = self._cabin(fault)
        return _lasting(cabin.clamp_confirm, cabin.release_confirm, lambda: cabin.confirm_pressed)

    def _plate(self, fault: Fault) -> Effect:
        cabin = self._cabin(fault)
        return _lasting(cabin.remove_plate, cabin.return_plate, lambda: not cabin.platform_present)

    # --- what is done to the machine -----------------------------------------------------------------------

    def _key(self, fault: Fault) -> Effect:
        if fault.target not in self._keyed:
            raise wrong_target(fault, self._keyed)
        if fault.value not in _KEY_VALUES:
            text = f"A key switch has no position {fault.value}."
            raise FaultRefusedError("BAD_FAULT", text, "Give 2 for manual, 3 for maintenance.")
        machine, mode = self._plant.machine(fault.target), Mode(fault.value)
        return _lasting(
            lambda: machine.turn_key(mode),
            lambda: machine.turn_key(Mode.AUTOMATIC),
            lambda: machine.mode is not Mode.AUTOMATIC,
        )

    def _zone(self, fault: Fault) -> ZoneCircuit:
        zone = self._zones.get(fault.target)
        if zone is None:
            raise wrong_target(fault, tuple(self._zones))
        return zone

    def _estop(self, fault: Fault) -> Effect:
        zone = self._zone(fault)
        return _lasting(zone.press_estop, zone.release_estop, lambda: not zone.torque_enabled)

    def _unplug(self, fault: Fault) -> Effect:
        zone = self._zone(fault)
        return _lasting(lambda: zone.connect(on=False), lambda: zone.connect(on=True), lambda: not zone.torque_enabled)

    def _guard(self, fault: Fault) -> Effect:
        zone = self._zone(fault)
        return _lasting(zone.open_guard, zone.close_guard, lambda: not zone.torque_enabled)

    def _lock(self, fault: Fault) -> Effect:
        zone = self._zone(fault)
        return _lasting(
            lambda: zone.hang_lock("fault"), lambda: zone.take_lock("fault"), lambda: not zone.torque_enabled
        )

    def _site(self, fault: Fault) -> Effect:
        if fault.target != SITE:
            raise wrong_target(fault, (SITE,))
        flags = _SITE_FLAGS[fault.kind]
        alarms = self._plant.site_alarms

        def show(*, wrong: bool) -> None:
            for name, value in flags.items():
                setattr(alarms, name, value is wrong)
            alarms.touch()

        def shows() -> bool:
            return all(getattr(alarms, name) is value for name, value in flags.items())

        return _lasting(lambda: show(wrong=True), lambda: show(wrong=False), shows)

    # --- people --------------------------------------------------------------------------------------------

    def _habit(self, fault: Fault) -> Effect:
        cabin, habit = self._cabin(fault), HABITS[fault.kind]
        by_mm = fault.value or 0
        if fault.value is not None and not 1 <= by_mm <= _GROWS_MM_MAX:
            text = f"No car that comes differs by {by_mm} mm."
            raise FaultRefusedError("BAD_FAULT", text, f"Give 1 to {_GROWS_MM_MAX}.")
        before = self._crowd.met[habit]

        def expect() -> None:
            self._crowd.expect(cabin.id, habit, by_mm=by_mm)

        return Effect(expect, None, lambda: self._crowd.met[habit] - before)

    def _intrude(self, fault: Fault) -> Effect:
        cabin = self._cabin(fault)
        if not cabin.outer.is_open:
            text = f"The outer door of {cabin.id} is not open: nobody can get in."
            raise FaultRefusedError("NOT_NOW", text, "Inject it while the cabin is open to people.")
        self._intruders += 1
        name = f"intruder-{self._intruders}"
        actors: list[Actor] = []

        def come() -> None:
            actors.append(Actor(self._plant, cabin.id, name))
            actors[0].appear_inside()

        def go() -> None:
            actors.pop().leave()

        return _lasting(come, go, lambda: not cabin.scanner_clear)

    def _stay_away(self, fault: Fault) -> Effect:
        if fault.target != PEOPLE:
            raise wrong_target(fault, (PEOPLE,))
        crowd = self._crowd

        def let_come(come: bool) -> None:  # noqa: FBT001 - the crowd's own switch
            crowd.customers = come

        return _lasting(lambda: let_come(False), lambda: let_come(True), lambda: not crowd.customers)


def _at_once(act: Callable[[], None], shows: Callable[[], bool]) -> Effect:
    """A fault that is over at once; it took effect when it showed right after."""
    seen: list[bool] = []

    def begin() -> None:
        act()
        seen.append(shows())

    return Effect(begin, None, lambda: sum(seen))


def _lasting(begin: Callable[[], None], end: Callable[[], None], shows: Callable[[], bool]) -> Effect:
    """A fault that lasts; the scans in which it shows are counted."""
    seen = 0

    def look(_now_ms: int) -> None:
        nonlocal seen
        seen += shows()

    return Effect(begin, end, lambda: seen, look)
