"""The contract's common rules as a PLC runs them, scan by scan, for every kind that takes commands.

Owns mailbox, fencing, permits, watchdog, states and clearing (contract rules 2 to 6 and 9); the machine itself
is a ``Program``. Must never know a protocol, and never start anything by itself (H11).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from plc_drivers.contract import CONTRACT_VERSION, CommandCode, CommandSpec, DeviceDefinition, Value
from plc_drivers.contract.codes import JOGS, AckResult, DoneResult, FaultCode, Health, Mode, State, StopWay
from sim_hardware.plc.device import CLOCK_WRAP, EmulatedPlc
from sim_hardware.plc.owner import Owner
from sim_hardware.plc.program import Ending, Program
from sim_hardware.plc.registers import CommandRegisters

_ACTING = frozenset({State.NOT_REFERENCED, State.IDLE, State.EXECUTING, State.STOPPING})
"""States in which permits are acted upon; in every other one a person's CLEAR comes first (H11)."""

_MODE_STATES = {Mode.MANUAL: State.MANUAL, Mode.MAINTENANCE: State.MAINTENANCE}


class Misbehaviour(Enum):
    """Ways in which a program does not keep the contract. For faults only."""

    REFUSES = "refuses"
    NEVER_ENDS = "never ends"
    NEVER_REPORTS = "never reports"


@dataclass(frozen=True, slots=True)
class _Active:
    """The command under way, and the permit without which it stops."""

    seq: int
    spec: CommandSpec
    permit: str | None

    @property
    def is_jog(self) -> bool:
        """True for an axis moved by hand: the state then stays MANUAL, and is MANUAL again afterwards."""
        return self.spec.code in JOGS

    @property
    def state_after(self) -> State | None:
        """The state after a controlled stop, None for ready."""
        return State.MANUAL if self.is_jog else None


@dataclass(frozen=True, slots=True)
class _Stop:
    """A controlled stop under way: what is reported when it stands, and the state that follows.

    ``seq`` is the number that is reported as ended, None when nothing was asked for. ``state`` None means
    that the device is ready again (IDLE or NOT_REFERENCED).
    """

    seq: int | None
    result: DoneResult
    state: State | None = None
    fault: FaultCode = FaultCode.NONE


class CommandedPlc(EmulatedPlc):
    """A PLC with a command mailbox around the ``program`` of its machine.

    ``retentive_epoch`` False is a PLC without retentive memory: it forgets the highest epoch with its supply.
    """

    def __init__(
        self,
        definition: DeviceDefinition,
        name: str,
        device_id: int,
        program: Program,
        *,
        controller_timeout_ms: int = 500,
        retentive_epoch: bool = True,
        contract_version: int = CONTRACT_VERSION,
    ) -> None:
        super().__init__(definition, name, device_id, contract_version=contract_version)
        self.program = program
        self.registers = CommandRegisters(definition)
        self._retentive_epoch = retentive_epoch
        self._owner = Owner(controller_timeout_ms)
        self._permit_tags = [(name, f"permit_{name}", f"holds_{name}") for name in definition.permits]
        self._specs = {spec.code: spec for spec in definition.commands}
        self.misbehaves: set[Misbehaviour] = set()
        self.misbehaved: Counter[Misbehaviour] = Counter()
        """How often each misbehaviour made a difference."""
        self._restart()

    def _restart(self) -> None:
        self._state = State.STOPPED
        self._fault = FaultCode.PLC_RESTARTED
        self._held: frozenset[str] = frozenset()
        self._last_seq = 0
        self._adopted = False
        self._refused_seq: int | None = None
        self._ack = (0, AckResult.NONE)
        self._done = (0, DoneResult.NONE)
        self._active: _Active | None = None
        self._stop: _Stop | None = None

    @property
    def state(self) -> State:
        """State after the last scan."""
        return self._state

    @property
    def fault(self) -> FaultCode:
        """Why the device is stopped or aborted."""
        return self._fault

    def check_write(self, values: Mapping[str, Value]) -> None:
        """Raise what ``write`` would raise, and change nothing."""
        self.registers.check(values)

    def write(self, values: Mapping[str, Value]) -> None:
        """One protocol write: all values or none, latched by the next scan.

        Raises:
            WriteRefusedError: a tag is unknown, read only, of the wrong type or out of range.
        """
        self.registers.write(values)

    def power_cycle(self) -> None:
        """The PLC loses its supply: outputs fall, commands, permits and answers are void."""
        super().power_cycle()
        self.program.cut()
        self.program.restart()
        self.registers.clear()
        if self._retentive_epoch:
            self._owner.restart()
        else:
            self._owner = Owner(self._owner.timeout_ms)
        self._restart()

    def forget_sequence(self) -> None:
        """Fault: it no longer knows which command numbers it has seen and answered."""
        self._last_seq = 0
        self._ack = (0, AckResult.NONE)
        self._done = (0, DoneResult.NONE)

    # --- one scan ------------------------------------------------------------------------------------------

    def _scan(self, now_plant_ms: int) -> None:
        registers = self.registers.values
        if self._owner.look(registers, self._clock_ms):
            self._adopted = False
            self._refused_seq = None
        if self._owner.writes and not self._adopted:
            # The first number of a new owner, or after our own start, is taken for seen: what its predecessor wrote,
            # or what was written before the start, must not run again (H11, H13).
            self._last_seq = int(registers["cmd_seq"])
            self._adopted = True
        self.program.sense(now_plant_ms)
        self.mode = self.program.mode()
        self._watch_mode()
        self._watch_controller()
        self._watch_machine()
        self._latch_permits(registers)
        self._watch_permit()
        self._latch_command(registers, now_plant_ms)
        self.program.drive(self._held, registers, heard=self._owner.alive(self._clock_ms))
        self._act(now_plant_ms)

    def _watch_mode(self) -> None:
        """Entering or leaving automatic voids the command; afterwards a CLEAR is needed (H13, H20)."""
        in_mode = _MODE_STATES.get(self.mode)
        if in_mode is None:
            if self._state in _MODE_STATES.values():
                self._leave_mode()
            return
        if self._state is State.ABORTED or self._state is in_mode:
            return
        if self._active is not None or self._state is State.STOPPING:
            if self._stop is None or self._stop.state is not in_mode:
                self._begin_stop(DoneResult.MODE_CHANGED, in_mode)
            return
        self._state = in_mode
        self._fault = FaultCode.NONE

    def _leave_mode(self) -> None:
        """The key is back in automatic: STOPPED, after what was held by hand has come to rest."""
        if self._active is None:
            self._state = State.STOPPED
        else:
            self._begin_stop(DoneResult.MODE_CHANGED, State.STOPPED)

    def _watch_controller(self) -> None:
        if self._jogs() and not self._owner.alive(self._clock_ms):
            self._begin_stop(DoneResult.CONTROLLER_LOST, State.MANUAL)
            return
        if self._state not in _ACTING or self._owner.alive(self._clock_ms):
            return
        if self._stop is not None and self._stop.state is not None:
            return
        self._begin_stop(DoneResult.CONTROLLER_LOST, State.STOPPED, FaultCode.CONTROLLER_LOST)

    def _watch_machine(self) -> None:
        """Safety circuit and standing faults: outputs off at once, ABORTED."""
        fault = self.program.safety_fault()
        if fault is not FaultCode.NONE:
            self.program.cut()
            if self._state is not State.ABORTED:
                self._abort(fault)
            return
        if self._state in _ACTING or self._jogs():
            fault = self.program.trip()
            if fault is not FaultCode.NONE:
                self._abort(fault)

    def _latch_permits(self, registers: Mapping[str, Value]) -> None:
        stopping_for_good = self._stop is not None and self._stop.state is not None
        if not self._owner.writes or stopping_for_good:
            self._held = frozenset()
            return
        held = frozenset(name for name, tag, _ in self._permit_tags if registers[tag])
        if self._active is not None and self._active.is_jog:
            # By hand one axis moves and nothing else: no second axis, no door, no light.
            self._held = held & {self._active.permit}
        else:
            self._held = held if self._state in _ACTING else frozenset()

    def _watch_permit(self) -> None:
        active = self._active
        if active is None or self._stop is not None or active.permit is None:
            return
        if active.permit not in self._held:
            self._begin_stop(DoneResult.PERMIT_LOST, active.state_after)

    def _jogs(self) -> bool:
        """An axis is moved by hand, and no stop of it is under way."""
        return self._active is not None and self._active.is_jog and self._stop is None

    def _act(self, now_plant_ms: int) -> None:
        if self._stop is not None:
            self._stop_on(self._stop)
        elif self._active is not None and not self._is(Misbehaviour.NEVER_ENDS):
            ending = self.program.run(now_plant_ms)
            if ending is not None:
                self._end(self._active, ending)
        if self._state in {State.IDLE, State.NOT_REFERENCED}:
            self._state = self._ready_state()

    def _stop_on(self, stop: _Stop) -> None:
        self.program.halt()
        if not self.program.stands():
            return
        self._stop = None
        self._active = None
        if stop.fault is FaultCode.TRIPPED:
            self.program.cut()
        if stop.seq is not None and not self._is(Misbehaviour.NEVER_REPORTS):
            self._done = (stop.seq, stop.result)
        self._state = self._ready_state() if stop.state is None else stop.state
        self._fault = stop.fault

    # --- the mailbox ---------------------------------------------------------------------------------------

    def _latch_command(self, registers: Mapping[str, Value], now_plant_ms: int) -> None:
        seq, code = int(registers["cmd_seq"]), CommandCode(int(registers["cmd_code"]))
        if not self._owner.writes:
            self._refuse_stranger(seq, code)
            return
        if seq == self._last_seq:
            return
        self._last_seq = seq
        if code is CommandCode.NONE:
            return
        arg1, arg2 = int(registers["cmd_arg1"]), int(registers["cmd_arg2"])
        result = self._judge(code, arg1, arg2, registers)
        self._ack = (seq, result)
        if result is AckResult.ACCEPTED:
            self._accept(seq, code, arg1, arg2, now_plant_ms)

    def _refuse_stranger(self, seq: int, code: CommandCode) -> None:
        """An older owner gets an answer to each number once, and its number never disturbs the owner's (H13)."""
        if code is CommandCode.NONE or seq == self._refused_seq:
            return
        self._refused_seq = seq
        self._ack = (seq, AckResult.NOT_OWNER)

    def _judge(self, code: CommandCode, arg1: int, arg2: int, registers: Mapping[str, Value]) -> AckResult:
        spec = self._specs.get(code)
        if spec is None:
            return AckResult.UNKNOWN_COMMAND
        if (not spec.arg1 and arg1) or (not spec.arg2 and arg2):
            return AckResult.BAD_ARGUMENT
        if code is CommandCode.STOP:
            if arg1 not in StopWay._value2member_map_:
                return AckResult.BAD_ARGUMENT
            return AckResult.ACCEPTED  # at any age: refusing an old STOP would be the more dangerous answer
        if (self._clock_ms - int(registers["cmd_issued_ms"])) % CLOCK_WRAP > int(registers["cmd_valid_ms"]):
            return AckResult.EXPIRED
        if self.mode is not (Mode.MANUAL if code in JOGS else Mode.AUTOMATIC):
            return AckResult.WRONG_MODE
        return self._judge_action(spec, arg1, arg2, registers)

    def _judge_action(self, spec: CommandSpec, arg1: int, arg2: int, registers: Mapping[str, Value]) -> AckResult:
        if self._active is not None or self._stop is not None:
            return AckResult.BUSY
        if spec.code is CommandCode.CLEAR:
            return AckResult.ACCEPTED if self._cause_gone() else AckResult.WRONG_STATE
        if self._is(Misbehaviour.REFUSES):
            return AckResult.INTERLOCKED
        if self._state not in ({State.MANUAL} if spec.code in JOGS else {State.IDLE, State.NOT_REFERENCED}):
            return AckResult.WRONG_STATE
        if not spec.takes(arg1):
            return AckResult.BAD_ARGUMENT
        refusal = self.program.refusal(spec.code, arg1, arg2)
        permit = spec.permit_for(arg1)
        lacks_permit = permit is not None and not registers[f"permit_{permit}"]
        if lacks_permit and refusal in {AckResult.ACCEPTED, AckResult.INTERLOCKED}:
            return AckResult.NO_PERMIT
        return refusal

    def _cause_gone(self) -> bool:
        self.program.reset_drives()
        return (
            self.program.safety_fault() is FaultCode.NONE
            and self._owner.alive(self._clock_ms)
            and self.program.stands()
            and self.program.trip() is FaultCode.NONE
        )

    def _accept(self, seq: int, code: CommandCode, arg1: int, arg2: int, now_plant_ms: int) -> None:
        if code is CommandCode.STOP:
            self._accept_stop(seq, StopWay(arg1))
        elif code is CommandCode.CLEAR:
            self._state = self._ready_state()
            self._fault = FaultCode.NONE
            self._done = (seq, DoneResult.OK)
        else:
            spec = self._specs[code]
            self._active = _Active(seq, spec, spec.permit_for(arg1))
            self._state = State.EXECUTING
            if self._active.is_jog and self._active.permit is not None:
                self._state, self._held = State.MANUAL, frozenset({self._active.permit})
            self.program.begin(code, arg1, arg2, now_plant_ms)

    def _accept_stop(self, seq: int, way: StopWay) -> None:
        """STOP supersedes: of the ended command nothing more is heard, the STOP's number ends when all stands."""
        if way is StopWay.POWER_OFF:
            self._stop = _Stop(seq, DoneResult.OK)
            self._abort(FaultCode.TRIPPED)
            self._done = (seq, DoneResult.OK)
            return
        if way is StopWay.STOP_THEN_OFF and (self._state in _ACTING or self._jogs()):
            self._stop = _Stop(seq, DoneResult.OK, State.STOPPED, FaultCode.TRIPPED)
            self._state = State.STOPPING
            self._held = frozenset()
            return
        under_way = self._stop
        if under_way is not None:
            self._stop = _Stop(seq, DoneResult.OK, under_way.state, under_way.fault)
        elif self._active is not None:
            self._stop = _Stop(seq, DoneResult.OK, self._active.state_after)
            self._state = State.STOPPING
        else:
            ready = self._state in {State.IDLE, State.NOT_REFERENCED}
            self._stop = _Stop(seq, DoneResult.OK, None if ready else self._state, self._fault)

    # --- endings -------------------------------------------------------------------------------------------

    def _begin_stop(self, result: DoneResult, state: State | None = None, fault: FaultCode = FaultCode.NONE) -> None:
        seq = None if self._active is None else self._active.seq
        if self._stop is not None:
            seq, result = self._stop.seq, self._stop.result
        self._stop = _Stop(seq, result, state, fault)
        self._state = State.STOPPING
        self._held = frozenset()

    def _abort(self, fault: FaultCode) -> None:
        """Category 0 or 1 as the hardware does it: outputs off at once, only CLEAR leads out."""
        self.program.cut()
        self._report_aborted()
        self._active = None
        self._stop = None
        self._held = frozenset()
        self._state = State.ABORTED
        self._fault = fault

    def _report_aborted(self) -> None:
        if self._stop is not None:
            if self._stop.seq is not None:
                self._done = (self._stop.seq, DoneResult.FAULT)
        elif self._active is not None:
            self._done = (self._active.seq, DoneResult.FAULT)

    def _end(self, active: _Active, ending: Ending) -> None:
        if isinstance(ending, FaultCode):
            self._abort(ending)
            return
        self._stop = _Stop(active.seq, ending, active.state_after)
        self._state = State.STOPPING
        self._stop_on(self._stop)

    def _is(self, how: Misbehaviour) -> bool:
        """It misbehaves so, here and now."""
        if how not in self.misbehaves:
            return False
        self.misbehaved[how] += 1
        return True

    def _ready_state(self) -> State:
        return State.NOT_REFERENCED if self.program.needs_reference() else State.IDLE

    # --- what is shown -------------------------------------------------------------------------------------

    def _values(self) -> dict[str, Value]:
        values = self._identity(self._state, self._health(), self._fault, self.program.warnings())
        values.update(self.program.inputs())
        values["heartbeat_echo"] = self.registers.values["controller_heartbeat"]
        values["owner_epoch"] = self._owner.highest
        values["ack_seq"], values["ack_result"] = self._ack[0], int(self._ack[1])
        values["done_seq"], values["done_result"] = self._done[0], int(self._done[1])
        values["active_command"] = 0 if self._active is None else int(self._active.spec.code)
        values["controller_timeout_ms"] = self._owner.timeout_ms
        for name, _, holds in self._permit_tags:
            values[holds] = name in self._held
        return values

    def _health(self) -> Health:
        if self.mode is not Mode.AUTOMATIC:
            return Health.FUNCTION_CHECK
        if self._state is State.ABORTED and self._fault is not FaultCode.EMERGENCY_STOP:
            return Health.FAILURE
        return Health.OK
