"""An emulated PLC as a server sees it: identity, heartbeat, clock, and a status block that changes once per scan.

Owns what every kind has, and is complete for a kind that is only read. Must never know a protocol.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

from plc_drivers.contract import CONTRACT_VERSION, DeviceDefinition, Value
from plc_drivers.contract.codes import FaultCode, Health, Mode, State
from sim_hardware.plc.registers import Refused, WriteRefusedError

PROGRAM_VERSION = 10_000
"""Version that the emulated programs report: 1.00.00."""

CLOCK_WRAP = 1 << 32
COUNTER_WRAP = 1 << 16


class EmulatedPlc(ABC):
    """One device behind a server. Not safe for threads: server and scan share one loop.

    ``status`` shows the last scan; ``write`` is one protocol write, latched by the next scan.
    """

    def __init__(
        self,
        definition: DeviceDefinition,
        name: str,
        device_id: int,
        *,
        contract_version: int = CONTRACT_VERSION,
    ) -> None:
        self.definition = definition
        self.name = name
        self.device_id = device_id
        self.boot_counter = 1
        self.program_version = PROGRAM_VERSION
        self.mode = Mode.AUTOMATIC
        self.scans = 0
        self.lies: dict[str, Callable[[int], int]] = {}
        """Status tags that are shown wrong, with what is shown for the truth."""
        self.bad_tags: frozenset[str] = frozenset()
        """Status tags that are shown with a bad quality where the protocol has one."""
        self.is_frozen = False
        """The scan stands still while the servers go on answering; outputs stay as they are."""
        self.kept_inputs: Mapping[str, Value] | None = None
        """What its inputs are shown as while they stand still, None while they do not."""
        self.kept_hidden = 0
        """Scans in which inputs that stood still hid something."""
        self._contract_version = contract_version
        self._boot_at_ms: int | None = None
        self._clock_ms = 0
        self._heartbeat = 0
        self._status: list[Value] = []

    def status(self) -> Sequence[Value]:
        """Values in the order of ``definition.status`` as they were after the last scan."""
        return self._status

    def read(self, tag: str) -> Value:
        """One status value of the last scan.

        Raises:
            KeyError: this kind has no such status tag.
        """
        return self._status[self.definition.status_index[tag]]

    def check_write(self, values: Mapping[str, Value]) -> None:
        """Raise what ``write`` would raise, and change nothing."""
        if values:
            name = next(iter(values))
            known = name in self.definition.status_index
            raise WriteRefusedError(
                Refused.NOT_WRITABLE if known else Refused.UNKNOWN_TAG, name, "this device is only read"
            )

    def write(self, values: Mapping[str, Value]) -> None:
        """One protocol write: all values or none, latched by the next scan.

        Raises:
            WriteRefusedError: a tag is unknown, read only, of the wrong type or out of range.
        """
        self.check_write(values)

    def power_cycle(self) -> None:
        """The PLC loses its supply and starts anew (contract rule 9)."""
        self.boot_counter = self.boot_counter % (COUNTER_WRAP - 1) + 1
        self._boot_at_ms = None
        self._heartbeat = 0

    def scan(self, now_comm_ms: int, now_plant_ms: int) -> None:
        """One PLC scan. Communication is timed by ``now_comm_ms`` (real time), machinery by ``now_plant_ms``."""
        if self.is_frozen:
            return
        if self._boot_at_ms is None:
            self._boot_at_ms = now_comm_ms
        self._clock_ms = (now_comm_ms - self._boot_at_ms) % CLOCK_WRAP
        self._heartbeat = (self._heartbeat + 1) % COUNTER_WRAP
        self._scan(now_plant_ms)
        self.scans += 1
        values = self._values()
        if self.kept_inputs is not None:
            self.kept_hidden += any(values[tag] != kept for tag, kept in self.kept_inputs.items())
            values.update(self.kept_inputs)
        for tag, lie in self.lies.items():
            values[tag] = type(values[tag])(lie(int(values[tag])))
        self._status = [values[tag.name] for tag in self.definition.status]

    @abstractmethod
    def _scan(self, now_plant_ms: int) -> None:
        """The kind's own work of one scan."""

    @abstractmethod
    def _values(self) -> dict[str, Value]:
        """Every status tag by name."""

    def _identity(self, state: State, health: Health, fault: FaultCode, warnings: int) -> dict[str, Value]:
        return {
            "device_id": self.device_id,
            "contract_version": self._contract_version,
            "device_kind": int(self.definition.kind),
            "program_version": self.program_version,
            "boot_counter": self.boot_counter,
            "heartbeat": self._heartbeat,
            "clock_ms": self._clock_ms,
            "state": int(state),
            "mode": int(self.mode),
            "health": int(health),
            "fault_code": int(fault),
            "warnings": warnings,
        }


class ReadOnlyPlc(EmulatedPlc):
    """A PLC that takes no commands (the safety PLC); ``inputs`` gives the kind's own tags at each scan."""

    def __init__(
        self,
        definition: DeviceDefinition,
        name: str,
        device_id: int,
        inputs: Callable[[], Mapping[str, Value]],
        *,
        contract_version: int = CONTRACT_VERSION,
    ) -> None:
        super().__init__(definition, name, device_id, contract_version=contract_version)
        self._inputs = inputs

    def _scan(self, now_plant_ms: int) -> None:
        """Nothing to do: the inputs are read when the status is made."""

    def _values(self) -> dict[str, Value]:
        return {**self._identity(State.IDLE, Health.OK, FaultCode.NONE, 0), **self._inputs()}
