"""A hand on every device of an emulated garage at once, in virtual time: writes each scan, waits for what it asked."""

from __future__ import annotations

from plc_drivers.contract import CommandCode, Value
from plc_drivers.contract.codes import AckResult, DoneResult, FaultCode, Sign, State, TrafficLight
from sim_hardware.garage import EmulatedGarage
from sim_hardware.plc.commanded import CommandedPlc


class Panel:
    """Writes to all commanded devices before every scan; asserts permits as told and decides nothing."""

    def __init__(self, garage: EmulatedGarage, epoch: int = 1) -> None:
        self.garage = garage
        self.epoch = epoch
        self.scan_ms = garage.config.emulation.scan_ms
        self.heartbeat = 0
        self.permits: dict[str, set[str]] = {}
        self.mailbox: dict[str, dict[str, Value]] = {}
        self.light = TrafficLight.RED
        self.sign = Sign.BLANK
        self.commanded = [name for name, plc in garage.devices.items() if isinstance(plc, CommandedPlc)]
        for name in self.commanded:
            self.permits[name] = set(garage.devices[name].definition.permits)
            self.mailbox[name] = dict.fromkeys(
                ("cmd_code", "cmd_arg1", "cmd_arg2", "cmd_issued_ms", "cmd_valid_ms", "cmd_seq"), 0
            )
        self.cycle(2)

    def cycle(self, count: int = 1) -> None:
        for _ in range(count):
            self.heartbeat = (self.heartbeat + 1) % 65536
            for name in self.commanded:
                self.garage.devices[name].write(self._block(name))
            self.garage.step(self.scan_ms)

    def pass_s(self, seconds: float) -> None:
        self.cycle(round(1000 * seconds / self.scan_ms))

    def _block(self, name: str) -> dict[str, Value]:
        definition = self.garage.devices[name].definition
        values: dict[str, Value] = {
            "controller_heartbeat": self.heartbeat,
            "owner_epoch_wanted": self.epoch,
            **{f"permit_{permit}": permit in self.permits[name] for permit in definition.permits},
            **self.mailbox[name],
        }
        if "traffic_light" in definition.command_index:
            values.update(traffic_light=int(self.light), sign=int(self.sign))
        return values

    def read(self, name: str, tag: str) -> Value:
        return self.garage.devices[name].read(tag)

    def state(self, name: str) -> State:
        return State(int(self.read(name, "state")))

    def fault(self, name: str) -> FaultCode:
        return FaultCode(int(self.read(name, "fault_code")))

    def done(self, name: str) -> DoneResult:
        return DoneResult(int(self.read(name, "done_result")))

    def order(self, name: str, code: CommandCode, arg1: int = 0) -> AckResult:
        """Give a command; how the PLC answered it."""
        seq = int(self.mailbox[name]["cmd_seq"]) + 1
        clock = self.read(name, "clock_ms")
        self.mailbox[name] = {
            "cmd_code": int(code),
            "cmd_arg1": arg1,
            "cmd_arg2": 0,
            "cmd_issued_ms": clock,
            "cmd_valid_ms": 1000,
            "cmd_seq": seq,
        }
        self.cycle()
        if self.read(name, "ack_seq") != seq:
            raise AssertionError(f"{name} did not answer {code.name}")
        return AckResult(int(self.read(name, "ack_result")))

    def wait(self, name: str, seconds: float = 200) -> DoneResult:
        """Wait for the end of the last command."""
        seq = self.mailbox[name]["cmd_seq"]
        for _ in range(int(seconds * 1000 / self.scan_ms)):
            if self.read(name, "done_seq") == seq:
                return DoneResult(int(self.read(name, "done_result")))
            self.cycle()
        raise AssertionError(f"{name} has not ended: {self.state(name).name}")

    def run(self, name: str, code: CommandCode, arg1: int = 0) -> None:
        """Give a command that must be accepted and end well."""
        answer = self.order(name, code, arg1)
        if answer is not AckResult.ACCEPTED:
            raise AssertionError(f"{name} refused {code.name}: {answer.name}")
        result = self.wait(name)
        if result is not DoneResult.OK:
            raise AssertionError(f"{name} {code.name}: {result.name}, {self.fault(name).name}")

    def clear_all(self) -> None:
        for name in self.commanded:
            self.run(name, CommandCode.CLEAR)
