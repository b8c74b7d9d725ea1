"""A link without a wire: the device is an object in this process. For simulation and tests.

Owns nothing but the pairing of names and objects. Synchronous and deterministic: an exchange has ended when
``exchange`` returns. Values pass the same range checks as on a wire, so that a simulation cannot be more forgiving.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from plc_drivers.binding import DeviceBinding
from plc_drivers.clock import monotonic_ms
from plc_drivers.command_values import CommandValues, OutputsError
from plc_drivers.contract import Tag, TagType, Value
from plc_drivers.link import LinkState, LinkStatus, RawAnswer
from plc_drivers.outputs import DeviceOutputs, PermittedOutputs
from plc_drivers.reading import Fault

_DOWN = Fault("LINK_DOWN", "the link is not started", "start the controller's links")


class MemoryDevice(Protocol):
    """A device as an object."""

    def status(self) -> Sequence[Value]:
        """Values in the order of ``definition.status``."""
        ...

    def write(self, values: Mapping[str, Value]) -> None:
        """The command block: a value for every command tag of the kind, by name."""
        ...


class MemoryLink:
    """Link to devices in this process.

    Raises:
        ValueError: no device, a device twice, or a device without its object.
    """

    def __init__(
        self,
        name: str,
        bindings: Sequence[DeviceBinding],
        devices: Mapping[str, MemoryDevice],
        *,
        clock_ms: Callable[[], int] = monotonic_ms,
        on_idle: Callable[[], None] | None = None,
    ) -> None:
        names = [binding.device for binding in bindings]
        if not names or len(set(names)) != len(names) or not set(names) <= devices.keys():
            raise ValueError(f"link {name}: needs each of its devices once, and the object behind it; got {names}")
        self.on_idle = on_idle
        self._name = name
        self._bindings = tuple(bindings)
        self._objects = dict(devices)
        self._values = {
            binding.device: CommandValues(binding.definition) for binding in bindings if binding.definition.is_commanded
        }
        self._status_checks = {
            binding.device: _Checks(binding.definition.status, binding.absent) for binding in bindings
        }
        self._command_checks = {binding.device: _Checks(binding.definition.command) for binding in bindings}
        self._clock_ms = clock_ms
        self._state = LinkState.DOWN
        self._connects = 0
        self._exchanges = 0
        self._answers: dict[str, RawAnswer] = {}
        self._faults: dict[str, Fault] = dict.fromkeys(names, _DOWN)

    @property
    def name(self) -> str:
        """Name from the configuration."""
        return self._name

    @property
    def devices(self) -> tuple[str, ...]:
        """Names of the devices behind this link."""
        return tuple(binding.device for binding in self._bindings)

    def start(self) -> None:
        """The link is up at once; no event loop is needed."""
        self._state = LinkState.UP
        self._connects += 1

    async def stop(self) -> None:
        """Nothing moves over the link any more."""
        self._state = LinkState.CLOSED
        self._faults = dict.fromkeys(self.devices, _DOWN)

    def exchange(self, outputs: PermittedOutputs | None) -> bool:
        """Write the outputs and read all status, at once.

        Raises:
            TypeError: anything but outputs that have passed the gate.
        """
        if outputs is not None and not isinstance(outputs, PermittedOutputs):
            raise TypeError("a link writes PermittedOutputs only; they come from safety.gate")
        if self._state is not LinkState.UP:
            return True
        for binding in self._bindings:
            written = None if outputs is None else self._write(binding, outputs)
            self._read(binding, written)
        self._exchanges += 1
        if self.on_idle is not None:
            self.on_idle()
        return True

    def write_now(self, outputs: PermittedOutputs) -> None:
        """Write the outputs at once.

        Raises:
            TypeError: anything but outputs that have passed the gate.
        """
        if not isinstance(outputs, PermittedOutputs):
            raise TypeError("a link writes PermittedOutputs only; they come from safety.gate")
        if self._state is LinkState.UP:
            for binding in self._bindings:
                self._write(binding, outputs)

    def busy(self) -> bool:
        """Never: an exchange ends before it returns."""
        return False

    def answers(self) -> Mapping[str, RawAnswer]:
        """The last answer of each device that has ever been read."""
        return self._answers

    def faults(self) -> Mapping[str, Fault]:
        """Per device, why its last exchange failed."""
        return self._faults

    def status(self) -> LinkStatus:
        """How the link does."""
        return LinkStatus(
            name=self._name,
            protocol="memory",
            address="in this process",
            state=self._state,
            fault=None if self._state is LinkState.UP else _DOWN,
            connects=self._connects,
            exchanges=self._exchanges,
            timeouts=0,
            rejected=0,
            last_exchange_ms=0.0,
        )

    def _write(self, binding: DeviceBinding, outputs: PermittedOutputs) -> int | None:
        """Heartbeat that was written; None when the outputs leave the device out or do not fit it."""
        own = outputs.get(binding.device)
        if own is None:
            return None
        try:
            values = self._checked(binding, own)
        except OutputsError as error:
            remedy = "a fault in the controller: report it with a diagnostics bundle"
            self._faults[binding.device] = Fault("OUTPUTS_REFUSED", f"{binding.device}: {error}", remedy)
            return None
        self._objects[binding.device].write(values)
        self._faults.pop(binding.device, None)
        return own.heartbeat

    def _checked(self, binding: DeviceBinding, outputs: DeviceOutputs) -> dict[str, Value]:
        if binding.device not in self._values:
            raise OutputsError(f"a {binding.kind.name.lower()} takes no commands")
        values = self._values[binding.device].of(outputs)
        _, bad = self._command_checks[binding.device].of(values)
        for index in bad:
            raise OutputsError(f"{binding.definition.command[index].name} = {values[index]!r} is out of range")
        return {tag.name: value for tag, value in zip(binding.definition.command, values, strict=True)}

    def _read(self, binding: DeviceBinding, written: int | None) -> None:
        now_ms = self._clock_ms()
        values, bad = self._status_checks[binding.device].of(self._objects[binding.device].status())
        self._answers[binding.device] = RawAnswer(values, bad, now_ms, now_ms, written)
        fault = self._faults.get(binding.device)
        if fault is not None and fault.code != "OUTPUTS_REFUSED":
            del self._faults[binding.device]


class _Checks:
    """The range checks of a status block, compiled: a simulation runs them thousands of times a second."""

    def __init__(self, tags: Sequence[Tag], absent: frozenset[str] = frozenset()) -> None:
        self._count = len(tags)
        self._absent = [index for index, tag in enumerate(tags) if tag.name in absent]
        self._members = [
            (index, frozenset(int(member) for member in tag.enum))
            for index, tag in enumerate(tags)
            if tag.enum is not None
        ]
        self._ranges = [
            (index, *tag.bounds) for index, tag in enumerate(tags) if tag.enum is None and tag.wire is not TagType.BOOL
        ]

    def of(self, status: Sequence[Value]) -> tuple[tuple[Value | None, ...], frozenset[int]]:
        """Values, and the positions of bad ones, whose value is None.

        Raises:
            ValueError: the device gives another number of values than its kind has tags.
        """
        if len(status) != self._count:
            raise ValueError(f"a device gave {len(status)} values; its kind has {self._count} status tags")
        bad = [index for index, members in self._members if status[index] not in members]
        bad += [index for index, low, high in self._ranges if not low <= status[index] <= high]
        bad += self._absent
        if not bad:
            return tuple(status), frozenset()
        dropped = frozenset(bad)
        return tuple(None if index in dropped else value for index, value in enumerate(status)), dropped
