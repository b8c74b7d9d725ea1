"""What the Modbus TCP and the Modbus RTU link have in common: everything but the wire.

Owns the link's life (start, supervise, stop), its counters and the hand-over of trips to the transport. Must
never touch a socket or a port; ``tcp_link.py`` and ``rtu_link.py`` do.
"""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

from plc_drivers.binding import DeviceBinding
from plc_drivers.link import LinkState, LinkStatus, RawAnswer
from plc_drivers.modbus.plan import DevicePlan, compile_plan
from plc_drivers.modbus.trips import Trips, Turn, Witness
from plc_drivers.outputs import PermittedOutputs
from plc_drivers.reading import Fault
from plc_drivers.reconnect import Backoff

STOP_S = 0.4
"""How long ``stop`` waits for the supervisor, and again for the transport; a link ends within a second."""

_NOT_STARTED = Fault("NOT_STARTED", "the link has not been started", "start the controller's links")
_CLOSED = Fault("LINK_CLOSED", "the link has been stopped", "start the controller again")
_SILENT_SO_FAR = Fault("NO_ANSWER_YET", "connected, and not answered yet", "wait; if it lasts, check unit and profile")


class PolledLink(ABC):
    """A link that asks and is answered, one request at a time.

    ``clock_ms`` is the controller's monotonic clock; ``rng`` makes the jitter of the back-off.

    Raises:
        BindingError: a device cannot be exchanged under its profile.
        ValueError: no device, or a device twice.
    """

    protocol: str

    def __init__(
        self,
        name: str,
        address: str,
        bindings: Sequence[DeviceBinding],
        *,
        clock_ms: Callable[[], int],
        on_idle: Callable[[], None] | None,
        rng: random.Random | None,
        silence_ms: int = 0,
        witnesses: Mapping[str, Witness] | None = None,
    ) -> None:
        names = [binding.device for binding in bindings]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"link {name}: needs at least one device, and each only once; got {names}")
        self.on_idle = on_idle
        self._name = name
        self._address = address
        self._devices = tuple(names)
        self._plans: tuple[DevicePlan, ...] = tuple(compile_plan(binding) for binding in bindings)
        self._trips = Trips(self._plans, silence_ms=silence_ms, witnesses=witnesses)
        self._clock_ms = clock_ms
        self._backoff = Backoff(random.SystemRandom() if rng is None else rng)
        self._state = LinkState.DOWN
        self._task: asyncio.Task[None] | None = None
        self._fault: Fault | None = _NOT_STARTED
        self._connects = 0
        self._timeouts = 0
        self._rejected = 0
        self._trips.abort(_NOT_STARTED)

    @property
    def name(self) -> str:
        """Name from the configuration."""
        return self._name

    @property
    def devices(self) -> tuple[str, ...]:
        """Names of the devices behind this link."""
        return self._devices

    def start(self) -> None:
        """Begin to connect; must be called inside a running event loop.

        Raises:
            RuntimeError: started before; a stopped link stays stopped.
        """
        if self._task is not None:
            raise RuntimeError(f"link {self._name} has been started already")
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._supervise(), name=f"link {self._name}")
        self._task.add_done_callback(self._supervisor_ended)

    async def stop(self) -> None:
        """Close the transport and end every task of the link, within a second."""
        self._state = LinkState.CLOSED
        self._fault = _CLOSED
        self._trips.abort(_CLOSED)
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=STOP_S)
        await self._close()

    def exchange(self, outputs: PermittedOutputs | None) -> bool:
        """Begin one round trip with every device; False when the outputs are kept for the next one.

        On a link that is down nothing begins and nothing is kept: old outputs must not move a machine when the
        PLC comes back (H11).

        Raises:
            TypeError: anything but outputs that have passed the gate.
        """
        if outputs is not None and not isinstance(outputs, PermittedOutputs):
            raise TypeError("a link writes PermittedOutputs only; they come from safety.gate")
        if self._state is not LinkState.UP:
            return True
        now_ms = self._clock_ms()
        if not self._trips.exchange(outputs, now_ms):
            return False
        self._pump(now_ms)
        return True

    def write_now(self, outputs: PermittedOutputs) -> None:
        """Write the command blocks at the first moment the wire is free; the newest outputs win.

        Raises:
            TypeError: anything but outputs that have passed the gate.
        """
        if not isinstance(outputs, PermittedOutputs):
            raise TypeError("a link writes PermittedOutputs only; they come from safety.gate")
        if self._state is LinkState.UP:
            self._trips.urge(outputs)
            self._pump(self._clock_ms())

    def busy(self) -> bool:
        """True while a round trip is under way or an urgent write is on its way out."""
        return self._trips.busy()

    def answers(self) -> Mapping[str, RawAnswer]:
        """The last complete answer of each device that has ever answered."""
        return self._trips.answers

    def faults(self) -> Mapping[str, Fault]:
        """Per device, why its last exchange failed; a device that answered is not listed."""
        return self._trips.faults

    def status(self) -> LinkStatus:
        """How the link does."""
        return LinkStatus(
            name=self._name,
            protocol=self.protocol,
            address=self._address,
            state=self._state,
            fault=self._fault,
            connects=self._connects,
            exchanges=self._trips.exchanges,
            timeouts=self._timeouts,
            rejected=self._rejected,
            last_exchange_ms=self._trips.last_exchange_ms,
        )

    @abstractmethod
    async def _supervise(self) -> None:
        """Connect, wait for the loss, wait for the back-off, for ever."""

    @abstractmethod
    async def _close(self) -> None:
        """Close what is open; called once at the end."""

    @abstractmethod
    def _transmit(self, turn: Turn) -> None:
        """Put the request on the wire and start its deadline. Must not call back into trips."""

    def _pump(self, now_ms: int) -> None:
        """Send what comes next, if the wire is free."""
        if self._state is LinkState.UP:
            turn = self._trips.next(now_ms)
            if turn is not None:
                self._transmit(turn)

    def _go_on(self, now_ms: int) -> None:
        """After an answer, a time-out or a loss: send what comes next, or say that the link is idle."""
        self._pump(now_ms)
        if self.on_idle is not None and not self._trips.busy():
            self.on_idle()

    def _answered(self, turn: Turn, data: bytes, now_ms: int) -> None:
        """A right answer has come."""
        fault = self._trips.accept(turn, data, now_ms)
        if fault is not None:
            self._rejected += 1
        elif self._fault is not None:
            self._fault = None
            self._backoff.reset()

    def _came_up(self) -> None:
        self._connects += 1
        self._state = LinkState.UP
        self._fault = _SILENT_SO_FAR
        self._trips.abort(_SILENT_SO_FAR)

    def _went_down(self, fault: Fault) -> None:
        """The transport is lost or could not be opened: what was pending fails at once."""
        if self._state is LinkState.CLOSED:
            return
        self._state = LinkState.DOWN
        self._fault = fault
        self._trips.abort(fault)

    def _supervisor_ended(self, task: asyncio.Task[None]) -> None:
        """A supervisor ends only by ``stop``; anything else is a fault of this program, and shown as such."""
        if task.cancelled():
            return
        error = task.exception()
        self._went_down(
            Fault(
                "LINK_CRASHED",
                f"the supervisor of link {self._name} ended: {error!r}",
                "report it with a diagnostics bundle and restart the controller",
            )
        )
