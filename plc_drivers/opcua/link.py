"""The link to one OPC UA server with one or more devices behind it.

Owns the supervision: connect, exchange, fail, wait, connect again, for ever. Must never let an error of the wire
out to the scan cycle, block it, or write anything that has waited for a new connection (H11).
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence

from plc_drivers.binding import DeviceBinding
from plc_drivers.clock import monotonic_ms
from plc_drivers.link import LinkState, LinkStatus, RawAnswer
from plc_drivers.opcua import failure
from plc_drivers.opcua.connection import ExchangeResult, OpcUaConnection
from plc_drivers.opcua.nodes import plan_nodes
from plc_drivers.opcua.settings import OpcUaSettings, load_credentials
from plc_drivers.outputs import PermittedOutputs
from plc_drivers.reading import Fault
from plc_drivers.reconnect import Backoff

_STOP_S = 0.9
"""Longest time for closing; ``stop`` promises a second."""
_RESTART_S = 1.0
_NOT_CONNECTED = Fault("NOT_CONNECTED", "The link has not connected yet.", "Wait; the link's fault says what it meets.")
_STOPPED = Fault("LINK_CLOSED", "The link has been stopped.", "Start the controller again.")


class OpcUaLink:
    """Implements ``plc_drivers.link.Link`` over OPC UA.

    Args:
        settings: how the server is reached.
        bindings: the devices behind it; one batched Write and one batched Read serve them all.
        clock_ms: the controller's monotonic clock.
        on_idle: called each time the wire has become free.
        rng: jitter of the waits between connects.

    Raises:
        OpcUaSettingsError: the settings or one of their files cannot be used.
        ValueError: no device, or one twice.
    """

    def __init__(
        self,
        settings: OpcUaSettings,
        bindings: Sequence[DeviceBinding],
        *,
        clock_ms: Callable[[], int] = monotonic_ms,
        on_idle: Callable[[], None] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.on_idle = on_idle
        self._settings = settings
        self._credentials = load_credentials(settings)
        self._plans = tuple(plan_nodes(binding) for binding in bindings)
        self._devices = tuple(plan.device for plan in self._plans)
        if not self._devices or len(set(self._devices)) != len(self._devices):
            raise ValueError(f"link {settings.name}: needs at least one device, and each once")
        self._clock_ms = clock_ms
        self._backoff = Backoff(rng or random.SystemRandom())
        self._task: asyncio.Task[None] | None = None
        self._restart: asyncio.TimerHandle | None = None
        self._state = LinkState.DOWN
        self._work = asyncio.Event()
        self._lost = False
        self._busy = False
        self._waiting = False
        """True while a trip has been asked for and nothing of it has been sent."""
        self._outputs: PermittedOutputs | None = None
        self._answers: dict[str, RawAnswer] = {}
        self._faults: dict[str, Fault] = dict.fromkeys(self._devices, _NOT_CONNECTED)
        self._fault: Fault | None = _NOT_CONNECTED
        self._connects = self._exchanges = self._timeouts = self._rejected = 0
        self._last_exchange_ms = 0.0
        quieten_library()

    @property
    def name(self) -> str:
        """Name from the configuration."""
        return self._settings.name

    @property
    def devices(self) -> tuple[str, ...]:
        """Names of the devices behind this link."""
        return self._devices

    def start(self) -> None:
        """Begin to connect; must be called inside a running event loop. A second call does nothing."""
        if self._task is None and self._state is not LinkState.CLOSED:
            self._task = asyncio.get_running_loop().create_task(self._run(), name=f"opcua-link-{self.name}")
            self._task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """Close the transport and end every task of the link, within a second."""
        self._state = LinkState.CLOSED
        if self._restart is not None:
            self._restart.cancel()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task}, timeout=_STOP_S)
        self._busy = self._waiting = False
        self._fail(_STOPPED)

    def exchange(self, outputs: PermittedOutputs | None) -> bool:
        """Begin one round trip, or keep the outputs for the next one (False); see the protocol.

        While the link is down nothing begins and nothing is kept (H11): it returns True, and ``busy`` stays False.
        """
        if self._state is not LinkState.UP:
            return True
        begins = not self._busy
        if outputs is not None or not self._waiting:
            self._outputs = outputs
        self._busy = self._waiting = True
        if begins:
            self._work.set()
        return begins

    def write_now(self, outputs: PermittedOutputs) -> None:
        """Write at the first moment the wire is free: at once, or when the trip under way has ended."""
        self.exchange(outputs)

    def busy(self) -> bool:
        """True while a round trip is under way."""
        return self._busy

    def answers(self) -> Mapping[str, RawAnswer]:
        """The last complete answer of each device that has ever answered."""
        return self._answers

    def faults(self) -> Mapping[str, Fault]:
        """Per device, why its last exchange failed; a device that answered is not listed."""
        return self._faults

    def status(self) -> LinkStatus:
        """How the link does."""
        return LinkStatus(
            name=self.name,
            protocol="opc-ua",
            address=self._settings.url,
            state=self._state,
            fault=self._fault,
            connects=self._connects,
            exchanges=self._exchanges,
            timeouts=self._timeouts,
            rejected=self._rejected,
            last_exchange_ms=self._last_exchange_ms,
        )

    async def _run(self) -> None:
        while True:
            await self._live_once()
            await asyncio.sleep(self._backoff.delay_s())

    async def _live_once(self) -> None:
        """One connection from its beginning to its end."""
        self._state, self._lost = LinkState.CONNECTING, False
        connection = OpcUaConnection(self._settings, self._credentials, self._plans)
        politely = True
        try:
            if await self._connected(connection):
                politely = await self._serve(connection)
        finally:
            if self._state is not LinkState.CLOSED:
                self._state = LinkState.DOWN
            self._end_trip()
            await connection.close(politely=politely)

    async def _connected(self, connection: OpcUaConnection) -> bool:
        timeout_ms = self._settings.connect_timeout_ms
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                await connection.open(self._on_lost)
        except failure.DeviceNodesError:
            self._faults |= connection.device_faults
            self._fault = next(iter(connection.device_faults.values()))
            return False
        except failure.WIRE_ERRORS as error:
            self._timeouts += isinstance(error, TimeoutError)
            self._fail(failure.connect_fault(error, self._settings.url, timeout_ms))
            return False
        self._connects += 1
        self._backoff.reset()
        self._state, self._fault = LinkState.UP, None
        return True

    async def _serve(self, connection: OpcUaConnection) -> bool:
        """Make the round trips that are asked for, until one fails; True when the server still talks to us."""
        while True:
            await self._work.wait()
            self._work.clear()
            fault = await self._trip(connection) if not self._lost else self._lost_fault()
            if fault is not None:
                self._fail(fault)
                return fault.code not in {"TIMEOUT", "CONNECTION_LOST"}
            self._next_trip()

    async def _trip(self, connection: OpcUaConnection) -> Fault | None:
        """One round trip with the outputs that wait; the fault after which the connection cannot be used."""
        if not self._busy:
            return None
        outputs, self._outputs, self._waiting = self._outputs, None, False
        sent_ms, began_s = self._clock_ms(), time.perf_counter()
        try:
            result = await connection.exchange(outputs)
        except failure.DeviceNodesError:
            self._faults |= connection.device_faults
            return next(iter(connection.device_faults.values()))
        except failure.WIRE_ERRORS as error:
            self._timeouts += isinstance(error, TimeoutError)
            self._rejected += not isinstance(error, OSError)
            return failure.exchange_fault(error, self._settings.url, self._settings.timeout_ms)
        self._last_exchange_ms = (time.perf_counter() - began_s) * 1000
        self._exchanges += 1
        self._keep_result(result, outputs, sent_ms)
        return None

    def _keep_result(self, result: ExchangeResult, outputs: PermittedOutputs | None, sent_ms: int) -> None:
        at_ms = self._clock_ms()
        for device, (values, bad_tags) in result.values.items():
            wanted = None if outputs is None or device not in result.written else outputs.get(device)
            written = None if wanted is None else wanted.heartbeat
            self._answers[device] = RawAnswer(values, bad_tags, sent_ms, at_ms, written)
        self._faults = dict(result.faults)

    def _next_trip(self) -> None:
        if self._waiting:
            self._work.set()
        else:
            self._end_trip()

    def _end_trip(self) -> None:
        """The wire is free; outputs that still wait are thrown away with the connection they were meant for."""
        was_busy, self._busy, self._waiting, self._outputs = self._busy, False, False, None
        self._work.clear()
        if was_busy and self.on_idle is not None:
            self.on_idle()

    def _on_lost(self) -> None:
        self._lost = True
        self._work.set()

    def _lost_fault(self) -> Fault:
        return failure.exchange_fault(ConnectionError(), self._settings.url, self._settings.timeout_ms)

    def _fail(self, fault: Fault) -> None:
        self._fault = fault
        self._faults = dict.fromkeys(self._devices, fault)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """The supervising task never ends by itself; should a defect end it, the link says so and starts again."""
        if task.cancelled() or self._task is not task:
            return
        error = task.exception()
        self._task = None
        self._fail(
            Fault(
                "LINK_CRASHED",
                f"The link failed with {type(error).__name__}: {error}; it starts again.",
                "This is a fault of the controller: report it with a diagnostics bundle.",
            )
        )
        self._restart = asyncio.get_running_loop().call_later(_RESTART_S, self.start)


def quieten_library() -> None:
    """Keep the library's tracebacks from the operator, unless somebody has chosen a level for its client logs.

    Everything that it would print stands in the link's faults, with a code and a remedy.
    """
    for name in ("asyncua.client", "asyncua.common.connection"):
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.CRITICAL + 1)
