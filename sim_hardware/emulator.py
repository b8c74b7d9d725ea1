"""The emulator process: one emulated garage behind real sockets, in real time.

Owns the servers that a configuration's links ask for, and the pace of the PLCs' scans. Must never share state with a
controller: whoever wants to know something uses a protocol, or the control port.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from controller.config.links import Link, MemoryLink, ModbusRtuLink, ModbusTcpLink, OpcUaLink
from controller.config.models import GarageConfig
from controller.config.sections import Device, definition_of, devices
from plc_drivers.binding import DeviceBinding
from plc_drivers.modbus.plan import BindingError
from plc_drivers.profile import ProfileError, load_profile
from sim_hardware.control_port import ControlPort
from sim_hardware.fault_wire import ServedWires
from sim_hardware.garage import EmulatedGarage
from sim_hardware.plant.violation import Verdict
from sim_hardware.plc.device import EmulatedPlc
from sim_hardware.scenario import Scenario, ScenarioPlay
from sim_hardware.servers.certificate import CertificateError, server_security
from sim_hardware.servers.modbus_rtu import ModbusRtuServer
from sim_hardware.servers.modbus_tcp import ModbusTcpServer
from sim_hardware.servers.modbus_unit import ModbusUnit
from sim_hardware.servers.opcua import OpcUaServer
from sim_hardware.servers.wire_fault import WireFault
from sim_hardware.servers.wire_relay import WireRelay

LONGEST_STEP_SCANS = 5
"""After a stall of this process the PLCs' clock goes on by so many scans at most: a PLC whose processor stood still
has not seen the time pass either, and must not take its own stall for a lost controller."""

_STOP_S = 5.0

_log = logging.getLogger(__name__)


class EmulatorError(Exception):
    """The emulator cannot start: a stable code, what happened, and what to do."""

    def __init__(self, code: str, text: str, remedy: str) -> None:
        super().__init__(f"{code}: {text} {remedy}")
        self.code = code
        self.text = text
        self.remedy = remedy


class Server(Protocol):
    """What stands behind one link."""

    async def start(self) -> None:
        """Listen."""

    async def stop(self) -> None:
        """Close everything."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server with the link that it serves."""

    link: Link
    server: Server


class Emulator:
    """Serves the garage of ``config``; serial lines appear below ``state_dir``; physics run ``speed`` times real time.

    ``local_interlocks`` False takes the PLCs' own interlocks away (see ``EmulatedGarage``). ``faulty_wires`` puts a
    wire that can be disturbed before each OPC UA server; Modbus servers always have theirs.
    """

    def __init__(
        self,
        config: GarageConfig,
        state_dir: Path,
        speed: float = 1.0,
        *,
        local_interlocks: bool = True,
        faulty_wires: bool = False,
    ) -> None:
        if not 0 < speed <= 1000:
            raise EmulatorError("BAD_SPEED", f"Speed {speed:g} is not possible.", "Give a factor up to 1000.")
        self.config = config
        self.state_dir = state_dir
        self.garage = EmulatedGarage(config, speed=speed, local_interlocks=local_interlocks)
        self.late_scans = 0
        """Scans that began more than a whole scan late."""
        links = tuple(link.id for link in config.links if not isinstance(link, MemoryLink))
        plain = {link.id for link in config.links if isinstance(link, OpcUaLink) and not faulty_wires}
        self.garage.faults.wires = ServedWires(links, self.disturb, lambda link: link not in plain)
        self._faulty_wires = faulty_wires
        self._running: list[RunningServer] = []
        self._scanning: asyncio.Task[None] | None = None

    def verdict(self) -> Verdict:
        """What the plant's judge has seen."""
        return self.garage.verdict()

    def server(self, link: str) -> Server:
        """The server behind a link, for faults of the wire.

        Raises:
            KeyError: no running server serves this link.
        """
        for running in self._running:
            if running.link.id == link:
                return running.server
        raise KeyError(link)

    def disturb(self, link: str, fault: WireFault) -> None:
        """Let ``fault`` befall every answer on a link; ``wire_fault.faithful`` ends it.

        Raises:
            KeyError: no running server serves this link.
            TypeError: its wire cannot be disturbed; the emulator was made without ``faulty_wires``.
        """
        server = self.server(link)
        wire = server.wire if isinstance(server, OpcUaServer) else server
        if not isinstance(wire, ModbusTcpServer | ModbusRtuServer | WireRelay):
            raise TypeError(f"link {link}: this emulator was made without faulty_wires")
        wire.fault = fault

    @property
    def scan_failure(self) -> BaseException | None:
        """Why the scans have ended by themselves, None while they go on."""
        task = self._scanning
        return task.exception() if task is not None and task.done() and not task.cancelled() else None

    async def start(self) -> None:
        """Open every server, then let time pass.

        Raises:
            EmulatorError: a port is in use, a profile or certificate is wrong. Nothing stays open then.
        """
        try:
            # OPC UA servers take a second each to build: what is quick to fail comes first.
            for link in sorted(self.config.links, key=lambda link: isinstance(link, OpcUaLink)):
                server = self._make(link)
                if server is not None:
                    await self._open(link, server)
        except BaseException:
            await self.stop()
            raise
        self._scanning = asyncio.create_task(self._scan(), name="plc-scans")

    async def _open(self, link: Link, server: Server) -> None:
        self._running.append(RunningServer(link, server))
        try:
            await server.start()
        except OSError as error:
            raise _not_open(link, error) from error

    async def stop(self) -> None:
        """Stop time and close every server, within a few seconds."""
        if self._scanning is not None:
            self._scanning.cancel()
            await asyncio.wait({self._scanning})  # does not raise: a failure is told by ``scan_failure``
        stopping = [asyncio.create_task(running.server.stop()) for running in self._running]
        self._running.clear()
        if not stopping:
            return
        done, late = await asyncio.wait(stopping, timeout=_STOP_S)
        for task in late:
            task.cancel()
        for task in done:
            if task.exception() is not None:
                _log.warning("a server did not stop cleanly: %s", task.exception())

    async def _scan(self) -> None:
        loop = asyncio.get_running_loop()
        scan_ms = self.config.emulation.scan_ms
        due_s = last_s = loop.time()
        while True:
            due_s += scan_ms / 1000
            now_s = loop.time()
            if now_s > due_s + scan_ms / 1000:
                self.late_scans += 1
                due_s = now_s  # do not catch up with a burst of scans that no controller could answer
            await asyncio.sleep(max(0.0, due_s - now_s))
            now_s = loop.time()
            passed_ms = min(round((now_s - last_s) * 1000), LONGEST_STEP_SCANS * scan_ms)
            last_s = now_s if passed_ms == LONGEST_STEP_SCANS * scan_ms else last_s + passed_ms / 1000
            self.garage.pass_scan(passed_ms)

    # --- servers -------------------------------------------------------------------------------------------

    def _make(self, link: Link) -> Server | None:
        """The server of a link; None for a link without a wire.

        Raises:
            EmulatorError: a profile or certificate is wrong.
        """
        try:
            match link:
                case ModbusTcpLink():
                    return ModbusTcpServer(link.host, link.port, self._units(link))
                case ModbusRtuLink():
                    path = link.port if link.port.is_absolute() else self.state_dir / link.port
                    char_bits = 9 + (link.parity != "none") + link.stop_bits
                    return ModbusRtuServer(path, self._units(link), baud=link.baud, char_bits=char_bits)
                case OpcUaLink():
                    return self._opcua(link)
                case MemoryLink():
                    return None
        except (BindingError, ProfileError, CertificateError) as error:
            raise EmulatorError("LINK_UNUSABLE", f"Link {link.id}: {error}.", "Correct it and start again.") from error

    def _opcua(self, link: OpcUaLink) -> OpcUaServer:
        password = None
        if link.password_file is not None:
            try:
                password = link.password_file.read_text(encoding="utf-8").rstrip("\r\n")
            except OSError as error:
                raise CertificateError(f"password_file {link.password_file}: {error.strerror}") from error
        return OpcUaServer(
            link.url,
            list(self._behind(link)),
            security=server_security(link, self.state_dir),
            user=link.user,
            password=password,
            faulty_wire=self._faulty_wires,
        )

    def _units(self, link: Link) -> dict[int, ModbusUnit]:
        units: dict[int, ModbusUnit] = {}
        for binding, plc in self._behind(link):
            units.setdefault(binding.unit, ModbusUnit()).add(binding, plc)
        return units

    def _behind(self, link: Link) -> Iterator[tuple[DeviceBinding, EmulatedPlc]]:
        for _, section in devices(self.config):
            if section.link == link.id:
                yield _binding(section), self.garage.devices[section.id]


def _binding(section: Device) -> DeviceBinding:
    profile = None if section.profile is None else load_profile(section.profile)
    kind = definition_of(section).kind
    return DeviceBinding(section.id, section.number, kind, section.unit, profile, frozenset(section.absent))


def _not_open(link: Link, error: OSError) -> EmulatorError:
    where = link.id
    match link:
        case ModbusTcpLink():
            where = f"{link.host}:{link.port}"
        case ModbusRtuLink():
            where = str(link.port)
        case OpcUaLink():
            where = link.url
        case MemoryLink():
            pass
    return EmulatorError(
        "PORT_UNAVAILABLE",
        f"Link {link.id} cannot be served at {where}: {error.strerror or error}.",
        "End what uses it, or give the link another address in the configuration.",
    )


async def serve(
    config: GarageConfig,
    state_dir: Path,
    speed: float = 1.0,
    control_port: int | None = None,
    *,
    faulty_wires: bool = False,
    scenario: Scenario | None = None,
    ready: Callable[[Emulator], None] | None = None,
) -> Verdict:
    """Run an emulator until SIGINT or SIGTERM; the plant's verdict at the end.

    ``control_port`` opens the control port on loopback (0 takes a free one); ``faulty_wires`` see ``Emulator``;
    ``scenario`` is played from the moment at which everything is open, when ``ready`` is called too.

    Raises:
        EmulatorError: it cannot start, or the emulated machine failed while it ran.
    """
    emulator = Emulator(config, state_dir, speed, faulty_wires=faulty_wires)
    async with contextlib.AsyncExitStack() as stack:
        stopped = _stop_signals(stack)
        await emulator.start()
        stack.push_async_callback(emulator.stop)
        if control_port is not None:
            await _open_control(stack, emulator, control_port)
        stack.enter_context(_settled())
        if scenario is not None:
            ScenarioPlay(scenario, emulator.garage, tell=_tell)
        if ready is not None:
            ready(emulator)
        await _until(stopped, emulator)
    return emulator.verdict()


def _tell(line: str) -> None:
    """What a scenario does, for whoever looks at the emulator's log."""
    sys.stderr.write(line + "\n")


@contextlib.contextmanager
def _settled() -> Iterator[None]:
    """Take what start-up made out of every later collection.

    A full one over the address spaces of the OPC UA servers would stop all PLCs at once, for longer than a controller
    waits for a heartbeat; no real PLC does that.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


async def _open_control(stack: contextlib.AsyncExitStack, emulator: Emulator, port: int) -> None:
    control = ControlPort(emulator, port)
    stack.push_async_callback(control.stop)
    try:
        await control.start()
    except OSError as error:
        text = f"The control port cannot be opened at 127.0.0.1:{port}: {error.strerror or error}."
        raise EmulatorError("PORT_UNAVAILABLE", text, "Give another one.") from error


def _stop_signals(stack: contextlib.AsyncExitStack) -> asyncio.Event:
    """An event that is set by SIGINT and SIGTERM for as long as ``stack`` is open."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
        stack.callback(loop.remove_signal_handler, number)
    return stopped


async def _until(stopped: asyncio.Event, emulator: Emulator) -> None:
    """Wait for the signal, and look every second whether the scans still go on."""
    while not stopped.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), 1.0)
        failure = emulator.scan_failure
        if failure is not None:
            raise EmulatorError(
                "EMULATION_FAILED", f"The emulated machine failed: {failure!r}.", "Report this with its log."
            ) from failure


def main(config: GarageConfig, state_dir: Path, *, speed: float = 1.0, control_port: int = 0) -> int:
    """Run an emulator in this process until it is told to end; the exit status of the process.

    0 after SIGINT or SIGTERM, 1 when it could not start or failed. The control port's address is left in the state
    directory (``control_port.ADDRESS_FILE``). What went wrong is told on standard error in one line.
    """
    try:
        verdict = asyncio.run(serve(config, state_dir, speed, control_port))
    except EmulatorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if not verdict.clean:
        counts = ", ".join(f"{count} {kind}" for kind, count in verdict.counts.items())
        sys.stderr.write(f"The plant reports violations: {counts}.\n")
    return 0
