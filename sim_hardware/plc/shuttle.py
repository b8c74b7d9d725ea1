"""The shuttle's PLC program: travel, forks and the shuttle's own interlocks.

Owns the sequences of the shuttle's commands over its port. Must never travel with forks out or a load that sticks
out (H07), nor reach where the way or the ground is not proven (H06, H08), whatever the controller permits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from controller.garage import Shuttle, Side
from plc_drivers.contract import CommandCode, Value
from plc_drivers.contract.codes import JOGS, AckResult, Axis, DoneResult, FaultCode, Mode
from sim_hardware.plant.ports import ShuttlePort
from sim_hardware.plc.jog import JOG_MM_S, Jog
from sim_hardware.plc.program import Ending, Program, Watch, zone_fault
from sim_hardware.plc.transfer import Transfer, can_begin
from sim_hardware.plc.wires import Reach, ShuttleWires

_SETTLE_MS = 1500
"""A drive that stands this long away from its target has not reached it."""

_TRAVELS = frozenset({CommandCode.MOVE_TO_COLUMN, CommandCode.REFERENCE})
_TRANSFERS: dict[CommandCode, tuple[Side, bool]] = {
    CommandCode.PICK_LEFT: (Side.LEFT, True),
    CommandCode.PICK_RIGHT: (Side.RIGHT, True),
    CommandCode.PLACE_LEFT: (Side.LEFT, False),
    CommandCode.PLACE_RIGHT: (Side.RIGHT, False),
}


class _Homing(Enum):
    """What REFERENCE does now."""

    FORKS = "forks home"
    HOIST = "forks down"
    TRAVEL = "travel axis to a column"


class ShuttleProgram(Program):
    """One shuttle. ``interlocks`` False leaves only what is hard-wired, for proofs of the controller's own.

    ``keeps_reference`` False is a shuttle with incremental encoders: it must be referenced after a PLC restart.
    ``jog_speed`` is how fast it travels by hand, in mm/s, or in mdeg/s round a ring.
    """

    def __init__(
        self,
        port: ShuttlePort,
        shape: Shuttle,
        column_at: Mapping[int, int],
        wires: ShuttleWires,
        *,
        interlocks: bool = True,
        keeps_reference: bool = True,
        jog_speed: int = JOG_MM_S,
    ) -> None:
        self._port = port
        self._shape = shape
        self._column_at = {column: column_at[column] for column in shape.columns}
        self._wires = wires
        self._interlocks = interlocks
        self._keeps_reference = keeps_reference
        self._jog_speed = jog_speed
        self._jog: Jog | None = None
        self._jogs_forks = False
        self._reference_lost = False
        self._watch = Watch()
        self._action = CommandCode.NONE
        self._target: int | None = None
        self._transfer: Transfer | None = None
        self._reach: Reach | None = None
        self._homing = _Homing.FORKS
        self._stood_at_ms: int | None = None
        self._inputs: dict[str, Value] = {}
        self._revision: tuple[int, int | None, bool] | None = None

    # --- the machine as it is ------------------------------------------------------------------------------

    def sense(self, now_ms: int) -> None:
        """Note since when the travel drive stands."""
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
        """Travel and forks stand."""
        return self._port.drive.standstill and self._port.forks.standstill

    def needs_reference(self) -> bool:
        """True until both encoders are trustworthy."""
        valid = self._port.drive.encoder_valid and self._port.forks.encoder_valid
        return self._reference_lost or not valid

    def station(self) -> int | None:
        """The column that encoder and station sensor agree on, None between columns."""
        port = self._port
        code = port.station_code
        at = self._column_at.get(code)
        if at is None or not port.station_sensor or self.needs_reference():
            return None
        return code if abs(port.drive.position - at) <= self._shape.axis.tolerance_mm else None

    def trip(self) -> FaultCode:
        """Drives; then what must hold while it travels or transfers."""
        port = self._port
        if not (port.drive.ready and port.forks.ready):
            return FaultCode.DRIVE_FAULT
        if port.hoist.extended and port.hoist.retracted:
            return FaultCode.SENSOR_CONTRADICTION
        if not self._interlocks:
            return FaultCode.NONE
        if self._action is CommandCode.MOVE_TO_COLUMN or (self._jog is not None and not self._jogs_forks):
            return self._travel_fault()
        if (
            (self._transfer is not None or self._jogs_forks)
            and self._reach is not None
            and not self._may_reach(self._reach)
        ):
            return FaultCode.TRANSFER_FAULT
        return FaultCode.NONE

    def _travel_fault(self) -> FaultCode:
        """What forbids travel, as the fault that is shown when it happens under way (H07)."""
        port = self._port
        overhang_clear = (
            port.overhang_front_clear
            and port.overhang_rear_clear
            and port.overhang_left_clear
            and port.overhang_right_clear
        )
        for allowed, fault in (
            (port.forks_centred, FaultCode.TRANSFER_FAULT),
            (overhang_clear and port.load_centred, FaultCode.LOAD_OVERHANG),
            (port.load_present is not port.load_clear, FaultCode.SENSOR_CONTRADICTION),
            (port.zone_clear, FaultCode.PRESENCE_DETECTED),
            (self._wires.on_firm_ground(), FaultCode.POSITION_FAULT),
        ):
            if not allowed:
                return fault
        return FaultCode.NONE

    def _may_reach(self, reach: Reach) -> bool:
        """Ground firm, standing at the position's column and level, and the position open to the forks (H08)."""
        here = reach.level is None or self._wires.lift_level() == reach.level
        at_column = self.station() == reach.column and self._port.drive.standstill
        return here and at_column and self._wires.on_firm_ground() and reach.open_to_forks()

    # --- commands ------------------------------------------------------------------------------------------

    def refusal(self, code: CommandCode, arg1: int, arg2: int) -> AckResult:  # noqa: ARG002 - no second argument
        """Whether the command may begin now."""
        if not self._knows(code, arg1):
            return AckResult.BAD_ARGUMENT
        if code is not CommandCode.REFERENCE and self.needs_reference():
            return AckResult.NOT_REFERENCED
        if code in JOGS:
            return AckResult.ACCEPTED if self._free_to_jog(code, arg1) else AckResult.INTERLOCKED
        return AckResult.ACCEPTED if self._free_for(code, arg1) else AckResult.INTERLOCKED

    def _knows(self, code: CommandCode, arg1: int) -> bool:
        if code in _TRANSFERS:
            side = _TRANSFERS[code][0]
            return any(reach.side is side and reach.depth == arg1 for reach in self._wires.reach)
        return code is not CommandCode.MOVE_TO_COLUMN or arg1 in self._column_at

    def _free_for(self, code: CommandCode, arg1: int) -> bool:
        if code in _TRANSFERS:
            return self._free_to_transfer(code, arg1)
        if not self._interlocks:
            return True
        if code is CommandCode.REFERENCE:
            return self._wires.on_firm_ground()
        return self._travel_fault() is FaultCode.NONE

    def _free_to_jog(self, code: CommandCode, axis: int) -> bool:
        """Travel with lowered forks under the conditions of every travel; forks home from the side where they are.

        A hoist between its ends could drop the car (H06): then nothing moves by hand.
        """
        port = self._port
        if axis == Axis.TRAVEL:
            return port.hoist.retracted and (not self._interlocks or self._travel_fault() is FaultCode.NONE)
        side = Side.RIGHT if code is CommandCode.JOG_FORWARD else Side.LEFT
        is_out = not port.forks_centred and (port.forks.position > 0) == (side is Side.LEFT)
        settled = port.hoist.extended or port.hoist.retracted
        if not is_out or not settled:
            return False
        reach = self._reach_beside(side)
        return not self._interlocks or (reach is not None and self._may_reach(reach))

    def _reach_beside(self, side: Side) -> Reach | None:
        return self._reach_of(side, 1) or self._reach_of(side, 2)

    def _free_to_transfer(self, code: CommandCode, depth: int) -> bool:
        side, pick = _TRANSFERS[code]
        if not can_begin(self._port, self._shape.transfer, side, depth):
            return False
        if not self._interlocks:
            return True
        reach = self._reach_of(side, depth)
        if reach is None or not self._may_reach(reach):
            return False
        if not self._port.forks_centred:
            return True  # taking up an interrupted transfer: deck and target are in between by nature
        loaded = self._port.load_present and not self._port.load_clear
        empty = self._port.load_clear and not self._port.load_present
        front_free = depth == 1 or self._proven_empty(side, 1)
        return (empty if pick else loaded) and (front_free or not pick)

    def _reach_of(self, side: Side, depth: int) -> Reach | None:
        station, level = self.station(), self._wires.lift_level()
        for reach in self._wires.reach:
            if (reach.side, reach.depth, reach.column) == (side, depth, station) and reach.level in {level, None}:
                return reach
        return None

    def _proven_empty(self, side: Side, depth: int) -> bool:
        """Both sensors of a position agree that nothing stands there (H05)."""
        occupied, clear = self._target_sensors(side, depth)
        return clear and not occupied

    def _target_sensors(self, side: Side, depth: int) -> tuple[bool, bool]:
        port = self._port
        match side, depth:
            case Side.LEFT, 1:
                return port.target_left_occupied, port.target_left_clear
            case Side.RIGHT, 1:
                return port.target_right_occupied, port.target_right_clear
            case Side.LEFT, _:
                return port.rear_left_occupied, port.rear_left_clear
            case _:
                return port.rear_right_occupied, port.rear_right_clear

    def begin(self, code: CommandCode, arg1: int, arg2: int, now_ms: int) -> None:  # noqa: ARG002 - as above
        """Start the action."""
        self._action = code
        if code in _TRANSFERS:
            side, pick = _TRANSFERS[code]
            self._reach = self._reach_of(side, arg1)
            self._transfer = Transfer(
                self._port, self._shape.transfer, side, arg1, pick=pick, look=self._look(side, arg1, pick=pick)
            )
        elif code in JOGS:
            self._begin_jog(code, arg1)
        elif code is CommandCode.MOVE_TO_COLUMN:
            self._target = arg1
            way = abs(self._port.drive.position - self._column_at[arg1])
            self._watch.start(now_ms, 30 + 5 * way / self._shape.axis.speed_mm_s)
        else:
            self._target = None
            self._homing = _Homing.FORKS
            self._watch.start(now_ms, 300)
            self._port.forks.home()

    def _begin_jog(self, code: CommandCode, axis: int) -> None:
        forward = code is CommandCode.JOG_FORWARD
        if axis == Axis.FORKS:
            self._jogs_forks = True
            self._reach = self._reach_beside(Side.RIGHT if forward else Side.LEFT)
            self._jog = Jog(self._port.forks, 0, JOG_MM_S)
        else:
            self._target = None
            end = max if forward else min
            self._jog = Jog(self._port.drive, end(self._column_at.values()), self._jog_speed)

    def _look(self, side: Side, depth: int, *, pick: bool) -> Callable[[], DoneResult | None]:
        """The question that both sensors of the target are asked before the forks leave home (H05, H06)."""

        def look() -> DoneResult | None:
            if not self._interlocks:
                return None
            empty = self._proven_empty(side, depth)
            if pick:
                return DoneResult.NO_LOAD if empty else None
            way_free = depth == 1 or self._proven_empty(side, 1)
            return None if empty and way_free else DoneResult.TARGET_OCCUPIED

        return look

    def run(self, now_ms: int) -> Ending | None:
        """One scan of the action."""
        if self._transfer is not None:
            ending = self._transfer.run(now_ms)
        elif self._jog is not None:
            ending = self._jog.run(now_ms)
        elif self._action is CommandCode.REFERENCE:
            ending = self._reference(now_ms)
        else:
            ending = self._travel(now_ms)
        if ending is not None:
            self._forget_action()
        return ending

    def _travel(self, now_ms: int) -> Ending | None:
        drive, at = self._port.drive, self._column_at.get(-1 if self._target is None else self._target)
        if at is None:
            return DoneResult.NOT_REACHED
        if drive.standstill and drive.brake_closed and self.station() == self._target:
            return DoneResult.OK
        self._port.hoist.retract()
        if self._port.hoist.retracted:
            drive.move_to(at)
        return self._stuck(now_ms)

    def _reference(self, now_ms: int) -> Ending | None:
        """Forks home first, then lowered, then the travel axis: never travel with forks out (H07)."""
        port = self._port
        match self._homing:
            case _Homing.FORKS:
                if not port.forks.homing and port.forks_centred and port.forks.standstill:
                    self._homing = _Homing.HOIST
            case _Homing.HOIST:
                port.hoist.retract()
                if port.hoist.retracted:
                    self._homing = _Homing.TRAVEL
                    self._watch.start(now_ms, 300)
                    port.drive.home()
            case _Homing.TRAVEL:
                if not port.drive.homing and self.stands() and port.drive.encoder_valid and port.forks.encoder_valid:
                    self._reference_lost = False
                    return DoneResult.OK
        return self._stuck(now_ms)

    def _stuck(self, now_ms: int) -> Ending | None:
        """NOT_REACHED when everything has stood for too long, TIMED_OUT when the action takes too long."""
        port = self._port
        busy = port.drive.homing or port.forks.homing or not port.forks.standstill or self._stood_at_ms is None
        stood_ms = 0 if self._stood_at_ms is None else now_ms - self._stood_at_ms
        limit_ms = _SETTLE_MS + 3000 * self._shape.transfer.engage_s
        if not busy and min(stood_ms, self._watch.elapsed_ms(now_ms)) > limit_ms:
            return DoneResult.NOT_REACHED
        return DoneResult.TIMED_OUT if self._watch.expired(now_ms) else None

    def _forget_action(self) -> None:
        self._action = CommandCode.NONE
        self._transfer = None
        self._jog = None
        self._jogs_forks = False
        self._reach = None

    def halt(self) -> None:
        """Controlled stop of travel, forks and hoist; a car on the forks stays on the forks."""
        self._forget_action()
        self._port.drive.stop()
        self._port.forks.stop()
        self._port.hoist.stop()

    def cut(self) -> None:
        """Torque off, brakes on."""
        self._forget_action()
        self._port.drive.cut_power()
        self._port.forks.cut_power()
        self._port.hoist.stop()

    def reset_drives(self) -> None:
        """Reset the drives of travel and forks."""
        self._port.drive.reset()
        self._port.forks.reset()

    def restart(self) -> None:
        """Forget what was commanded, and the reference when the encoders are incremental."""
        self._forget_action()
        self._target = None
        self._reference_lost = not self._keeps_reference

    # --- status --------------------------------------------------------------------------------------------

    def inputs(self) -> Mapping[str, Value]:
        """The shuttle's own status tags; sampled anew only when the plant has changed."""
        stamp = (self._port.revision, self._target, self._reference_lost)
        if self._revision != stamp:
            self._revision = stamp
            self._inputs = self._sample()
        return self._inputs

    def _sample(self) -> dict[str, Value]:
        port, station, forks_mm = self._port, self.station(), self._port.forks.position
        # After a start nothing has been commanded: the column at which it is proven to stand counts as wanted.
        wanted = station if self._target is None else self._target
        return {
            "position": port.drive.position,
            "speed": port.drive.speed,
            "station": -1 if station is None else station,
            "forks_left_mm": max(0, min(15_000, forks_mm)),
            "forks_right_mm": max(0, min(15_000, -forks_mm)),
            "load_weight_kg": port.load_weight_kg,
            "referenced": not self.needs_reference(),
            "in_position": port.drive.standstill and station is not None and station == wanted,
            "station_sensor": port.station_sensor,
            "standstill": self.stands(),
            "forks_centred": port.forks_centred,
            "load_present": port.load_present,
            "load_clear": port.load_clear,
            "load_centred": port.load_centred,
            "overhang_front_clear": port.overhang_front_clear,
            "overhang_rear_clear": port.overhang_rear_clear,
            "overhang_left_clear": port.overhang_left_clear,
            "overhang_right_clear": port.overhang_right_clear,
            "target_left_occupied": port.target_left_occupied,
            "target_left_clear": port.target_left_clear,
            "target_right_occupied": port.target_right_occupied,
            "target_right_clear": port.target_right_clear,
            "zone_clear": port.zone_clear,
            "docked": port.docked,
            "rear_left_occupied": port.rear_left_occupied,
            "rear_left_clear": port.rear_left_clear,
            "rear_right_occupied": port.rear_right_occupied,
            "rear_right_clear": port.rear_right_clear,
        }
