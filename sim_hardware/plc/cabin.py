"""The cabin's PLC program: two doors, turntable, index pin, light and sign, and the cabin's own interlocks.

Owns the sequences of the cabin's commands over its port. Must never open both doors (H03), open or show green to
people without a locked platform (H01), or turn and open to the machine while somebody is inside (H02).
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.garage import Cabin
from plc_drivers.contract import CommandCode, Value
from plc_drivers.contract.codes import JOGS, AckResult, FaultCode, Mode, Sign, TrafficLight, WarningBit
from sim_hardware.plant.ports import CabinPort, Door
from sim_hardware.plc.door_sequence import DoorSequence
from sim_hardware.plc.handover import HandoverMemory
from sim_hardware.plc.jog import JOG_MDEG_S, Jog
from sim_hardware.plc.program import Ending, Program, zone_fault
from sim_hardware.plc.turn import TurnSequence
from sim_hardware.plc.wires import CabinWires, cabin_aligned, nobody_inside

ANGLES_MDEG = (0, 180_000)
"""Angles at which the plate is in line with the doors."""

_GUIDING = frozenset({Sign.DRIVE_IN, Sign.FORWARD, Sign.BACK})
_TURNS = frozenset({CommandCode.ROTATE, CommandCode.REFERENCE, *JOGS})
_MACHINE_SIDE = _TURNS | {CommandCode.OPEN_INNER_DOOR}
"""Actions that may not even go on while somebody is inside."""

_OFTEN = 3


class CabinProgram(Program):
    """One cabin. ``interlocks`` False leaves only what is hard-wired, for proofs of the controller's own."""

    def __init__(self, port: CabinPort, shape: Cabin, wires: CabinWires, *, interlocks: bool = True) -> None:
        self._port = port
        self._section = shape.section
        self._wires = wires
        self._interlocks = interlocks
        self._handover = HandoverMemory(port)
        self._action = CommandCode.NONE
        self._sequence: DoorSequence | TurnSequence | Jog | None = None
        self._closing_outer: DoorSequence | None = None
        self._inputs: dict[str, Value] = {}
        self._revision: int | None = None

    # --- the machine as it is ------------------------------------------------------------------------------

    def sense(self, now_ms: int) -> None:  # noqa: ARG002 - the handover knows no time
        """Edges of doors and confirm button."""
        self._handover.scan()

    def mode(self) -> Mode:
        """Position of the key switch."""
        return self._port.mode

    def safety_fault(self) -> FaultCode:
        """The zone's wires."""
        return zone_fault(self._port)

    def stands(self) -> bool:
        """Turntable and both doors stand."""
        port = self._port
        return port.turntable.standstill and port.outer.standstill and port.inner.standstill

    def needs_reference(self) -> bool:
        """True until the turntable's angle is trustworthy; without a turntable there is none to find."""
        return self._port.has_turntable and not self._port.turntable.encoder_valid

    def trip(self) -> FaultCode:
        """Drives; then what must hold while something moves or a door stands open."""
        port = self._port
        turns = port.turntable.ready or not port.has_turntable  # where none is, none can fail
        if not (turns and port.outer.ready and port.inner.ready):
            return FaultCode.DRIVE_FAULT
        if not self._interlocks:
            return FaultCode.NONE
        if not port.outer.is_closed and not port.inner.is_closed:
            return FaultCode.DOOR_FAULT
        if not port.outer.is_closed and not self._platform_proven():
            return FaultCode.LOCK_FAULT
        return self._action_fault()

    def _action_fault(self) -> FaultCode:
        """What must go on holding while an action runs (H02)."""
        if self._action in _MACHINE_SIDE and not nobody_inside(self._port):
            return FaultCode.PRESENCE_DETECTED
        if self._action in _MACHINE_SIDE and not (self._shut(self._port.outer) and self._port.exit_closed):
            return FaultCode.DOOR_FAULT
        if self._action in _TURNS and not self._shut(self._port.inner):
            return FaultCode.DOOR_FAULT
        return FaultCode.NONE

    @staticmethod
    def _shut(door: Door) -> bool:
        """Closed and bolted, each by its own switch."""
        return door.is_closed and door.bolt.extended and not door.bolt.retracted

    def _platform_proven(self) -> bool:
        """Present, level, in line, locked and standing (H01)."""
        port = self._port
        locked = port.index.extended and not port.index.retracted
        stands = port.turntable.standstill and cabin_aligned(port)
        return port.platform_present and port.platform_level and locked and stands

    # --- commands ------------------------------------------------------------------------------------------

    def refusal(self, code: CommandCode, arg1: int, arg2: int) -> AckResult:  # noqa: ARG002 - no second argument
        """Whether the command may begin now."""
        if code is CommandCode.ROTATE:
            if arg1 not in ANGLES_MDEG or (arg1 and not self._port.has_turntable):
                return AckResult.BAD_ARGUMENT
            if self.needs_reference():
                return AckResult.NOT_REFERENCED
        if code in JOGS and self.needs_reference():
            return AckResult.NOT_REFERENCED
        if code in JOGS and not (self._port.has_turntable and self._port.index.retracted):
            return AckResult.INTERLOCKED  # against its index pin the table jams
        return AckResult.ACCEPTED if not self._interlocks or self._free_for(code) else AckResult.INTERLOCKED

    def _free_for(self, code: CommandCode) -> bool:
        port = self._port
        closed_to_people = self._shut(port.outer) and port.exit_closed and nobody_inside(port)
        match code:
            case CommandCode.OPEN_OUTER_DOOR:
                return self._shut(port.inner) and self._platform_proven()
            case CommandCode.OPEN_INNER_DOOR:
                return closed_to_people and self._platform_proven()
            case CommandCode.CLOSE_INNER_DOOR:
                return self._wires.forks_home()
            case CommandCode.ROTATE | CommandCode.REFERENCE:
                return closed_to_people and self._shut(port.inner) and port.vehicle_in_envelope
            case CommandCode.JOG_FORWARD | CommandCode.JOG_BACK:
                # A car that stopped half round crosses the barriers of the size check by nature.
                within = port.vehicle_in_envelope or not cabin_aligned(port)
                return closed_to_people and self._shut(port.inner) and within
            case _:
                return True

    def begin(self, code: CommandCode, arg1: int, arg2: int, now_ms: int) -> None:  # noqa: ARG002 - as above
        """Start the action."""
        port, times = self._port, self._section
        self._action = code
        match code:
            case CommandCode.OPEN_OUTER_DOOR:
                self._sequence = DoorSequence(port.outer, times.outer_open_s, opening=True)
            case CommandCode.CLOSE_OUTER_DOOR:
                self._closing_outer = DoorSequence(port.outer, times.outer_close_s, opening=False)
                self._sequence = self._closing_outer
            case CommandCode.OPEN_INNER_DOOR:
                self._sequence = DoorSequence(port.inner, times.inner_open_s, opening=True)
            case CommandCode.CLOSE_INNER_DOOR:
                self._sequence = DoorSequence(port.inner, times.inner_close_s, opening=False)
            case CommandCode.JOG_FORWARD | CommandCode.JOG_BACK:
                end = ANGLES_MDEG[1] if code is CommandCode.JOG_FORWARD else ANGLES_MDEG[0]
                self._sequence = Jog(port.turntable, end, JOG_MDEG_S)
            case CommandCode.ROTATE:
                self._sequence = TurnSequence(port, arg1, times.turn_speed_mdeg_s)
            case _:
                self._sequence = TurnSequence(port, None, times.turn_speed_mdeg_s)

    def run(self, now_ms: int) -> Ending | None:
        """One scan of the action."""
        if self._sequence is None:
            return FaultCode.DOOR_FAULT
        ending = self._sequence.run(now_ms)
        if ending is not None:
            self._forget_action()
        return ending

    def _forget_action(self) -> None:
        self._action = CommandCode.NONE
        self._sequence = None

    def halt(self) -> None:
        """Controlled stop of turntable and doors."""
        self._forget_action()
        for part in (self._port.turntable, self._port.index, self._port.outer, self._port.inner):
            part.stop()

    def cut(self) -> None:
        """Torque off; the outer door stops where it is, and people leave through the emergency exit."""
        self._forget_action()
        self._port.turntable.cut_power()
        for part in (self._port.index, self._port.outer, self._port.inner):
            part.stop()

    def reset_drives(self) -> None:
        """Reset the turntable's drive."""
        self._port.turntable.reset()

    def restart(self) -> None:
        """Forget every action and every confirmation."""
        self._forget_action()
        self._closing_outer = None
        self._handover.restart()
        self._revision = None

    def drive(self, held: frozenset[str], levels: Mapping[str, Value], *, heard: bool) -> None:
        """Light and sign: green only with its permit, an open outer door's ground proven and the machine shut off.

        Nobody measures any more when the controller is gone: a sign that goes on guiding would lead into a wall (H14).
        """
        allowed = "green" in held and (
            not self._interlocks or (self._platform_proven() and self._shut(self._port.inner))
        )
        green = allowed and levels["traffic_light"] == TrafficLight.GREEN
        self._port.show_light(TrafficLight.GREEN if green else TrafficLight.RED)
        sign = Sign(int(levels["sign"])) if levels["sign"] else Sign.BLANK
        self._port.show_sign(Sign.PLEASE_WAIT if sign in _GUIDING and not heard else sign)

    def warnings(self) -> int:
        """Doors that go back again and again."""
        often = self._closing_outer is not None and self._closing_outer.reopened >= _OFTEN
        return int(WarningBit.REOPENED_OFTEN) if often else 0

    # --- status --------------------------------------------------------------------------------------------

    def inputs(self) -> Mapping[str, Value]:
        """The cabin's own status tags; sampled anew only when the plant has changed."""
        if self._revision != self._port.revision:
            self._revision = self._port.revision
            self._inputs = self._sample()
        handover = self._handover
        self._inputs["reopen_count"] = 0 if self._closing_outer is None else self._closing_outer.reopened
        self._inputs["outer_opened_count"] = handover.opened_count
        self._inputs["confirmed_opening"] = handover.confirmed_opening
        self._inputs["confirm_count"] = handover.confirm_count
        self._inputs["traffic_light_shown"] = int(self._port.light_shown)
        self._inputs["sign_shown"] = int(self._port.sign_shown)
        return self._inputs

    def _sample(self) -> dict[str, Value]:
        port, outer, inner = self._port, self._port.outer, self._port.inner
        return {
            "angle_mdeg": port.turntable.position,
            "turn_speed_mdeg_s": port.turntable.speed,
            "curtain_count": port.curtain_count,
            "vehicle_length_mm": port.vehicle_length_mm,
            "vehicle_width_mm": port.vehicle_width_mm,
            "vehicle_height_mm": port.vehicle_height_mm,
            "vehicle_weight_kg": port.vehicle_weight_kg,
            "ground_clearance_mm": port.ground_clearance_mm,
            "overhang_mm": port.overhang_mm,
            "wheel_offset_mm": port.wheel_offset_mm,
            "outer_open": outer.is_open,
            "outer_closed": outer.is_closed,
            "outer_locked": outer.bolt.extended and not outer.bolt.retracted,
            "outer_unobstructed": outer.curtain_clear and outer.edge_clear,
            "inner_open": inner.is_open,
            "inner_closed": inner.is_closed,
            "inner_locked": inner.bolt.extended and not inner.bolt.retracted,
            "inner_unobstructed": inner.curtain_clear and inner.edge_clear,
            "curtain_ok": port.curtain_ok,
            "scanner_clear": port.scanner_clear,
            "exit_closed": port.exit_closed,
            "vehicle_present": port.vehicle_present,
            "vehicle_clear": port.vehicle_clear,
            "vehicle_in_envelope": port.vehicle_in_envelope,
            "platform_present": port.platform_present,
            "platform_level": port.platform_level,
            "platform_locked": port.index.extended and not port.index.retracted,
            "standstill": self.stands(),
            "referenced": not self.needs_reference(),
            "wheels_in_place": port.wheels_in_place,
        }
