"""A machine without mechanics around a real contract core, and a hand that writes to it as a controller would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plc_drivers.contract import LIFT, CommandCode, TagType, Value
from plc_drivers.contract.codes import AckResult, DoneResult, FaultCode, Mode, State
from sim_hardware.plc.commanded import CommandedPlc
from sim_hardware.plc.program import Ending, Program

SCAN_MS = 10


class BenchProgram(Program):
    """A lift without mechanics: each attribute is a knob of the test. Every action takes ``takes_ms``."""

    def __init__(self) -> None:
        self.takes_ms = 100
        self.ends: Ending = DoneResult.OK
        self.answer = AckResult.ACCEPTED
        self.fault = FaultCode.NONE
        self.circuit = FaultCode.NONE
        self.key = Mode.AUTOMATIC
        self.moving = False
        self.coast_scans = 0
        self.referenced = True
        self.begun: list[tuple[CommandCode, int]] = []
        self.cuts = 0
        self._since_ms: int | None = None

    def mode(self) -> Mode:
        return self.key

    def refusal(self, code: CommandCode, arg1: int, arg2: int) -> AckResult:
        return AckResult.BAD_ARGUMENT if arg1 > 50 else self.answer

    def begin(self, code: CommandCode, arg1: int, arg2: int, now_ms: int) -> None:
        self.begun.append((code, arg1))
        self._since_ms = now_ms
        self.moving = True

    def run(self, now_ms: int) -> Ending | None:
        if self._since_ms is None or now_ms - self._since_ms < self.takes_ms:
            return None
        self.moving = False
        return self.ends

    def halt(self) -> None:
        self._since_ms = None
        if self.coast_scans:
            self.coast_scans -= 1
        else:
            self.moving = False

    def cut(self) -> None:
        self.cuts += 1
        self._since_ms = None
        self.moving = False

    def stands(self) -> bool:
        return not self.moving

    def safety_fault(self) -> FaultCode:
        return self.circuit

    def reset_drives(self) -> None:
        pass

    def trip(self) -> FaultCode:
        return self.fault

    def needs_reference(self) -> bool:
        return not self.referenced

    def restart(self) -> None:
        self._since_ms = None

    def inputs(self) -> Mapping[str, Value]:
        return {
            tag.name: tag.wire is TagType.BOOL if tag.bit is not None else 0 for tag in LIFT.status if tag.word > 29
        }


class Hand:
    """Writes a whole command block per cycle, one per scan, with a heartbeat that counts."""

    def __init__(self, plc: CommandedPlc, epoch: int = 1) -> None:
        self.plc = plc
        self.now_ms = 1000
        self.epoch = epoch
        self.permits: set[str] = {"travel"}
        self.heartbeat = 0
        self.beats = True
        self.mailbox: dict[str, Value] = {
            "cmd_code": 0,
            "cmd_arg1": 0,
            "cmd_arg2": 0,
            "cmd_issued_ms": 0,
            "cmd_valid_ms": 0,
            "cmd_seq": 0,
        }

    def write(self, **other: Value) -> None:
        if self.beats:
            self.heartbeat = (self.heartbeat + 1) % 65536
        values: dict[str, Value] = {
            "controller_heartbeat": self.heartbeat,
            "owner_epoch_wanted": self.epoch,
            **{f"permit_{name}": name in self.permits for name in self.plc.definition.permits},
            **self.mailbox,
            **other,
        }
        self.plc.write(values)

    def scan(self) -> None:
        self.now_ms += SCAN_MS
        self.plc.scan(self.now_ms, self.now_ms)

    def cycle(self, count: int = 1) -> None:
        for _ in range(count):
            self.write()
            self.scan()

    def command(self, code: CommandCode, arg1: int = 0, **other: Any) -> int:
        """Put a new command into the mailbox and let one scan latch it; its number."""
        seq = (int(self.mailbox["cmd_seq"]) + 1) % 65536
        self.mailbox = {
            "cmd_code": int(code),
            "cmd_arg1": arg1,
            "cmd_arg2": 0,
            "cmd_issued_ms": self.read("clock_ms"),
            "cmd_valid_ms": 1000,
            "cmd_seq": seq,
            **other,
        }
        self.cycle()
        return int(self.mailbox["cmd_seq"])

    def read(self, tag: str) -> Value:
        return self.plc.read(tag)

    def state(self) -> State:
        return State(int(self.read("state")))

    def fault(self) -> FaultCode:
        return FaultCode(int(self.read("fault_code")))

    @property
    def ack(self) -> tuple[int, AckResult]:
        return int(self.read("ack_seq")), AckResult(int(self.read("ack_result")))

    @property
    def done(self) -> tuple[int, DoneResult]:
        return int(self.read("done_seq")), DoneResult(int(self.read("done_result")))


def cleared_bench() -> tuple[Hand, BenchProgram]:
    """A bench whose restart has been cleared: IDLE, owned with epoch 1."""
    program = BenchProgram()
    plc = CommandedPlc(LIFT, "lift1", 7, program)
    hand = Hand(plc)
    hand.scan()
    hand.cycle(2)
    hand.command(CommandCode.CLEAR)
    return hand, program
