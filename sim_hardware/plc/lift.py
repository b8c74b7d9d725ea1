"""The lift's PLC program: hoist, lock pins and the lift's own interlocks.

Owns the sequences of the lift's commands over its port. Must never move the hoist unless pins, shuttle, load,
shaft and rope allow it (H07, H15), whatever the controller permits.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.garage import Lift
from plc_drivers.contract import CommandCode, Value
from plc_drivers.contract.codes import JOGS, AckResult, DoneResult, FaultCode, Mode
from sim_hardware.plant.ports import LiftPort
from sim_hardware.plc.jog import JOG_MM_S, Jog
from sim_hardware.plc.program import Ending, Program, Watch, zone_fault
from sim_hardware.plc.wires import LiftWires

_SETTLE_MS = 1500
"""A drive that stands this long away from its target has not reached it."""

_BRAKE_MS = 1500
"""A brake that is not proven closed this long after standstill is a fault (H15)."""

_TRAVELS = frozenset({CommandCode.MOVE_TO_LEVEL, CommandCode.REFERENCE, *JOGS})


class LiftProgram(Program):
    """One lift. ``interlocks`` False leaves only what is hard-wired, for proofs of the controller's own."""

    def __init__(
        self, port: LiftPort, shape: Lift, heights_mm: Mapping[int, int], wires: LiftWires, *, interlocks: bool = True
    ) -> None:
        self._port = port
        self._shape = shape
        self._heights_mm = {level: heights_mm[level] for level in shape.levels}
        self._wires = wires
        self._interlocks = interlocks
        self._watch = Watch()
        self._action = CommandCode.NONE
        self._target: int | None = None
        self._jog: Jog | None = None
        self._stood_at_ms: int | None = None
        self._now_ms = 0
        self._inputs: dict[str, Value] = {}
        self._revision: tuple[int, int | None] | None = None

    # --- the machine as it is ------------------------------------------------------------------------------

    def sense(self, now_ms: int) -> None:
        """Note since when the hoist stands."""
        self._now_ms = now_ms
        if not self._port.drive.standstill:
            self._stood_at_ms = None
        elif self._stood_at_ms is None:
            self._stood_at_ms = now_ms

    def mode(self) -> Mode:
        """Position of the key switch."""
        return self._port.mode

    def safety_fault(self) -> FaultCode:
        """The zone's wires."""
        return zone_fault(self._port)

    def stands(self) -> bool:
        """The hoist stands."""
        return self._port.drive.standstill

    def needs_reference(self) -> bool:
        """True until the encoder is trustworthy."""
        return not self._port.drive.encoder_valid

    def station(self) -> int | None:
        """The level that encoder and station sensor agree on, None between levels."""
        port = self._port
        code = port.station_code
        height = self._heights_mm.get(code)
        if height is None or not port.station_sensor or not port.drive.encoder_valid:
            return None
        return code if abs(port.drive.position - height) <= self._shape.axis.tolerance_mm else None

    def trip(self) -> FaultCode:
        """Standing faults: final switches, rope, governor, drive, brake; then what must hold while it travels."""
        port = self._port
        for healthy, fault in (
            (port.overtravel_top_clear and port.overtravel_bottom_clear, FaultCode.OVERTRAVEL),
            (port.rope_taut, FaultCode.SLACK_ROPE),
            (port.speed_ok, FaultCode.OVERSPEED),
            (port.drive.ready, FaultCode.DRIVE_FAULT),
            (self._brake_proven(), FaultCode.BRAKE_FAULT),
            (not (port.pins.extended and port.pins.retracted), FaultCode.SENSOR_CONTRADICTION),
        ):
            if not healthy:
                return fault
        if self._interlocks and self._action in _TRAVELS:
            return self._travel_fault()
        return FaultCode.NONE

    def _brake_proven(self) -> bool:
        if self._port.drive.brake_closed or self._stood_at_ms is None or self._action in _TRAVELS:
            return True
        return self._now_ms - self._stood_at_ms < _BRAKE_MS

    def _travel_fault(self) -> FaultCode:
        """What forbids the hoist to move, as the fault that is shown when it happens under way (H07)."""
        port = self._port
        overhang_clear = (
            port.overhang_front_clear
            and port.overhang_rear_clear
            and port.overhang_left_clear
            and port.overhang_right_clear
        )
        for allowed, fault in (
            (port.pins.retracted and not port.pins.extended, FaultCode.LOCK_FAULT),
            (self._wires.rider_aboard(), FaultCode.POSITION_FAULT),
            (self._wires.forks_home(), FaultCode.TRANSFER_FAULT),
            (overhang_clear and port.load_centred, FaultCode.LOAD_OVERHANG),
            (port.load_present is not port.load_clear, FaultCode.SENSOR_CONTRADICTION),
            (port.shaft_doors_closed, FaultCode.GUARD_OPEN),
            (port.rope_taut, FaultCode.SLACK_ROPE),
        ):
            if not allowed:
                return fault
        return FaultCode.NONE

    # --- commands ------------------------------------------------------------------------------------------

    def refusal(self, code: CommandCode, arg1: int, arg2: int) -> AckResult:  # noqa: ARG002 - no second argument
        """Whether the command may begin now."""
        if code is CommandCode.MOVE_TO_LEVEL and arg1 not in self._heights_mm:
            return AckResult.BAD_ARGUMENT
        if code in {CommandCode.MOVE_TO_LEVEL, CommandCode.LOCK, *JOGS} and self.needs_reference():
            return AckResult.NOT_REFERENCED
        return AckResult.ACCEPTED if not self._interlocks or self._free_for(code) else AckResult.INTERLOCKED

    def _free_for(self, code: CommandCode) -> bool:
        match code:
            case CommandCode.LOCK:
                return self.station() is not None and self.stands()
            case CommandCode.UNLOCK:
                return self.stands() and self._wires.rider_aboard() and self._wires.forks_home()
            case _:
                return self._travel_fault() is FaultCode.NONE

    def begin(self, code: CommandCode, arg1: int, arg2: int, now_ms: int) -> None:  # noqa: ARG002 - as above
        """Start the action."""
        self._action = code
        match code:
            case CommandCode.MOVE_TO_LEVEL:
                self._target = arg1
                way_mm = abs(self._port.drive.position - self._heights_mm[arg1])
                self._watch.start(now_ms, 30 + 5 * way_mm / self._shape.axis.speed_mm_s)
                self._port.drive.move_to(self._heights_mm[arg1])
            case CommandCode.JOG_FORWARD | CommandCode.JOG_BACK:
                self._target = None
                end = max if code is CommandCode.JOG_FORWARD else min
                self._jog = Jog(self._port.drive, end(self._heights_mm.values()), JOG_MM_S)
            case CommandCode.REFERENCE:
                self._target = None
                self._watch.start(now_ms, 300)
                self._port.drive.home()
            case _:
                self._watch.start(now_ms, 2 + 3 * self._shape.lock_s)

    def run(self, now_ms: int) -> Ending | None:
        """One scan of the action."""
        ending = self._run(now_ms)
        if ending is not None:
            self._forget_action()
        return ending

    def _run(self, now_ms: int) -> Ending | None:
        if self._jog is not None:
            return self._jog.run(now_ms)
        match self._action:
            case CommandCode.MOVE_TO_LEVEL:
                return self._travel(now_ms)
            case CommandCode.REFERENCE:
                return self._reference(now_ms)
            case CommandCode.LOCK:
                self._port.pins.extend()
                return self._pins_home(self._port.pins.extended, self._port.pins.retracted, now_ms)
            case _:
                self._port.pins.retract()
                return self._pins_home(self._port.pins.retracted, self._port.pins.extended, now_ms)

    def _travel(self, now_ms: int) -> Ending | None:
        drive = self._port.drive
        if drive.standstill and drive.brake_closed and self.station() == self._target:
            return DoneResult.OK
        if self._stood_ms(now_ms) > _SETTLE_MS:
            return DoneResult.NOT_REACHED
        return DoneResult.TIMED_OUT if self._watch.expired(now_ms) else None

    def _reference(self, now_ms: int) -> Ending | None:
        """The reference counts once the platform is proven to stand at a level: from there it can be locked (H08)."""
        drive = self._port.drive
        if not drive.homing and drive.standstill and drive.brake_closed and self.station() is not None:
            return DoneResult.OK
        if not drive.homing and self._stood_ms(now_ms) > _SETTLE_MS:
            return DoneResult.NOT_REACHED
        return DoneResult.TIMED_OUT if self._watch.expired(now_ms) else None

    def _stood_ms(self, now_ms: int) -> int:
        """How long the drive has stood since the action began."""
        return 0 if self._stood_at_ms is None else min(now_ms - self._stood_at_ms, self._watch.elapsed_ms(now_ms))

    def _pins_home(self, home: bool, other_end: bool, now_ms: int) -> Ending | None:  # noqa: FBT001 - two switches
        if home and not other_end:
            return DoneResult.OK
        return FaultCode.LOCK_FAULT if self._watch.expired(now_ms) else None

    def _forget_action(self) -> None:
        self._action = CommandCode.NONE
        self._jog = None

    def halt(self) -> None:
        """Controlled stop of hoist and pins."""
        self._forget_action()
        self._port.drive.stop()
        self._port.pins.stop()

    def cut(self) -> None:
        """Torque off, brake on."""
        self._forget_action()
        self._port.drive.cut_power()
        self._port.pins.stop()

    def reset_drives(self) -> None:
        """Reset the hoist's drive; governor and final switches are a technician's."""
        self._port.drive.reset()

    def restart(self) -> None:
        """Forget what was commanded; the absolute encoder keeps its reference."""
        self._forget_action()
        self._target = None

    # --- status --------------------------------------------------------------------------------------------

    def inputs(self) -> Mapping[str, Value]:
        """The lift's own status tags; sampled anew only when the plant has changed."""
        if self._revision != (self._port.revision, self._target):
            self._revision = (self._port.revision, self._target)
            self._inputs = self._sample()
        return self._inputs

    def _sample(self) -> dict[str, Value]:
        port, drive, pins = self._port, self._port.drive, self._port.pins
        position, station = drive.position, self.station()
        nearest = min(self._heights_mm.values(), key=lambda height: abs(position - height))
        # After a start nothing has been commanded: the level at which it is proven to stand counts as wanted.
        wanted = station if self._target is None else self._target
        return {
            "position_mm": position,
            "speed_mm_s": max(-0x8000, min(0x7FFF, drive.speed)),
            "station": -1 if station is None else station,
            "levelling_error_mm": max(-0x8000, min(0x7FFF, position - nearest)),
            "load_weight_kg": port.load_weight_kg,
            "referenced": drive.encoder_valid,
            "in_position": drive.standstill and station is not None and station == wanted,
            "station_sensor": port.station_sensor,
            "standstill": drive.standstill,
            "pins_extended": pins.extended,
            "pins_retracted": pins.retracted,
            "brake_closed": drive.brake_closed,
            "load_present": port.load_present,
            "load_clear": port.load_clear,
            "load_centred": port.load_centred,
            "overhang_front_clear": port.overhang_front_clear,
            "overhang_rear_clear": port.overhang_rear_clear,
            "overhang_left_clear": port.overhang_left_clear,
            "overhang_right_clear": port.overhang_right_clear,
            "overtravel_top_clear": port.overtravel_top_clear,
            "overtravel_bottom_clear": port.overtravel_bottom_clear,
            "rope_taut": port.rope_taut,
            "speed_ok": port.speed_ok,
            "shaft_doors_closed": port.shaft_doors_closed,
        }
