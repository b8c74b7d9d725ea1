"""A Modbus TCP connection that believes nothing it has not checked.

Owns the socket, the transaction ids and the deadline of each request. Everything that a PLC, a gateway or a
stranger can send is judged: transaction, protocol and unit id, length, function, count and echo. What is late, double
or foreign is dropped and counted; what cannot be a Modbus frame costs the connection (H10).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import struct
from collections.abc import Callable, Sequence
from typing import cast

from plc_drivers.binding import DeviceBinding
from plc_drivers.clock import monotonic_ms
from plc_drivers.link import LinkState
from plc_drivers.modbus.pdu import LARGEST_PDU, Foreign, Refused, judge
from plc_drivers.modbus.polled_link import STOP_S, PolledLink
from plc_drivers.modbus.settings import ModbusTcpSettings
from plc_drivers.modbus.trips import Turn
from plc_drivers.reading import Fault
from plc_drivers.reconnect import SHARED_GATE, ConnectGate

SILENT_TIMES_MAX = 3
"""Time-outs in a row after which the connection counts as half-open and is built anew."""

STRAYS_MAX = 16
"""Unasked frames between two right answers before the connection is dropped: a flood must not eat the cycle."""

_HEADER = struct.Struct(">HHHB")
_CHECK_PLC = "check that the PLC runs and that its address, port and cable are right; the link goes on trying"


class _Channel(asyncio.Protocol):
    """One TCP connection. Hands bytes to the link that owns it, until it is dropped."""

    def __init__(self, link: ModbusTcpLink) -> None:
        self._link: ModbusTcpLink | None = link
        self._transport: asyncio.Transport | None = None
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not inherit from asyncio.Transport, so an instance check would refuse them.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._link is not None:
            self._link.received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        link, self._link = self._link, None
        self.gone.set()
        if link is not None:
            link.lost(self, exc)

    def write(self, frame: bytes) -> None:
        """Send, unless the connection is closing: then ``connection_lost`` follows and fails the request."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        try:
            transport.write(frame)
        except (OSError, RuntimeError):
            # uvloop raises for a transport that closed since it was asked.
            transport.abort()

    def abort(self) -> None:
        """Close at once; nothing of this connection reaches the link any more."""
        self._link = None
        if self._transport is not None:
            self._transport.abort()


class ModbusTcpLink(PolledLink):
    """Link to one PLC, or to several devices behind one connection as unit ids or base addresses.

    Raises:
        BindingError: a device cannot be exchanged under its profile.
        ValueError: no device, or a device twice.
    """

    protocol = "modbus-tcp"

    def __init__(
        self,
        settings: ModbusTcpSettings,
        bindings: Sequence[DeviceBinding],
        *,
        clock_ms: Callable[[], int] = monotonic_ms,
        on_idle: Callable[[], None] | None = None,
        rng: random.Random | None = None,
        gate: ConnectGate = SHARED_GATE,
    ) -> None:
        super().__init__(settings.name, settings.address, bindings, clock_ms=clock_ms, on_idle=on_idle, rng=rng)
        self._settings = settings
        self._gate = gate
        profiles = [binding.profile.modbus for binding in bindings if binding.profile is not None]
        spacing_ms = max([settings.connect_spacing_ms, *(profile.connect_spacing_ms for profile in profiles)])
        self._spacing_s = spacing_ms / 1000
        self._any_unit = frozenset(
            binding.device for binding in bindings if binding.profile is not None and binding.profile.modbus.ignore_unit
        )
        self._channel: _Channel | None = None
        self._buffer = b""
        self._tid = 0
        self._expected = b""
        self._timeout_s = settings.timeout_ms / 1000
        self._deadline_s = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._silent_times = 0
        self._strays = 0

    def received(self, data: bytes) -> None:
        """Bytes from the present connection."""
        turn = self._trips.outstanding
        if (
            turn is not None
            and not self._buffer
            and len(data) == turn.operation.answer_size + _HEADER.size
            and data.startswith(self._expected)
        ):
            # The whole answer, alone, and right in every byte that can be known before.
            self._right_answer(turn, data[len(self._expected) :])
            return
        self._buffer += data
        while (frame := self._next_frame()) is not None:
            self._judge_frame(frame)

    def lost(self, channel: _Channel, error: Exception | None) -> None:
        """The peer closed, or the connection broke."""
        if channel is not self._channel:
            return
        detail = "the PLC closed the connection" if error is None else f"the connection broke: {error}"
        self._drop(Fault("CONNECTION_LOST", f"{self._address}: {detail}", _CHECK_PLC))

    async def _supervise(self) -> None:
        while True:
            delay_s = self._gate.delay_s(self._settings.host, self._spacing_s, self._loop.time())
            await asyncio.sleep(delay_s)
            channel = await self._connect()
            if channel is not None:
                await channel.gone.wait()
            await asyncio.sleep(self._backoff.delay_s())

    async def _connect(self) -> _Channel | None:
        self._state = LinkState.CONNECTING
        channel = _Channel(self)
        try:
            async with asyncio.timeout(self._settings.connect_timeout_ms / 1000):
                await self._loop.create_connection(lambda: channel, self._settings.host, self._settings.port)
        except TimeoutError:
            detail = f"{self._address}: no connection within {self._settings.connect_timeout_ms} ms"
            self._went_down(Fault("CONNECT_TIMEOUT", detail, _CHECK_PLC))
            return None
        except (OSError, ValueError) as error:
            self._went_down(Fault("CONNECT_FAILED", f"{self._address}: {error}", _CHECK_PLC))
            return None
        if channel.gone.is_set():
            self._went_down(Fault("CONNECTION_LOST", f"{self._address}: closed as soon as it was open", _CHECK_PLC))
            return None
        self._channel = channel
        self._buffer = b""
        self._silent_times = self._strays = 0
        self._came_up()
        return channel

    async def _close(self) -> None:
        self._disarm()
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.abort()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_S):
                    await channel.gone.wait()

    def _transmit(self, turn: Turn) -> None:
        self._tid = tid = self._tid % 0xFFFF + 1  # Never 0: some servers answer with 0 whatever they were asked.
        operation, unit, pdu = turn.operation, turn.plan.unit, turn.pdu
        self._expected = _HEADER.pack(tid, 0, operation.answer_size + 1, unit) + operation.answer_head
        self._deadline_s = self._loop.time() + self._timeout_s
        if self._alarm is None:
            self._alarm = self._loop.call_later(self._timeout_s, self._ring)
        if self._channel is not None:
            self._channel.write(_HEADER.pack(tid, 0, len(pdu) + 1, unit) + pdu)

    def _next_frame(self) -> bytes | None:
        """Cut one frame from the buffer; drops the connection when what stands there can be none."""
        buffer = self._buffer
        if len(buffer) < 6 or self._channel is None:
            return None
        protocol, length = (buffer[2] << 8) | buffer[3], (buffer[4] << 8) | buffer[5]
        if protocol != 0 or not 2 < length <= LARGEST_PDU + 1:
            self._rejected += 1
            detail = f"{self._address}: bytes that are no Modbus TCP frame: {buffer[:8].hex(' ')}"
            self._drop(Fault("GARBAGE", detail, "check that this port speaks Modbus TCP, and look for a second sender"))
            return None
        if len(buffer) < 6 + length:
            return None
        self._buffer = buffer[6 + length :]
        return buffer[: 6 + length]

    def _judge_frame(self, frame: bytes) -> None:
        turn = self._trips.outstanding
        if turn is None or (frame[0] << 8) | frame[1] != self._tid:
            self._stray()
            return
        if frame[6] != turn.plan.unit and turn.plan.device not in self._any_unit:
            self._wrong_answer(turn, self._wrong_unit(turn, frame[6]), is_foreign=True)
            return
        match judge(turn.operation, frame[7:]):
            case Refused(fault):
                self._wrong_answer(turn, fault, is_foreign=False)
            case Foreign(fault):
                self._wrong_answer(turn, fault, is_foreign=True)
            case data:
                self._right_answer(turn, data)

    def _right_answer(self, turn: Turn, data: bytes) -> None:
        self._silent_times = self._strays = 0
        now_ms = self._clock_ms()
        self._answered(turn, data, now_ms)
        self._go_on(now_ms)

    def _wrong_answer(self, turn: Turn, fault: Fault, *, is_foreign: bool) -> None:
        """The PLC lives, but this answer gives no values."""
        self._silent_times = 0
        self._rejected += is_foreign
        self._fault = fault
        now_ms = self._clock_ms()
        self._trips.fail(turn, fault, now_ms, silent=False)
        self._go_on(now_ms)

    def _wrong_unit(self, turn: Turn, unit: int) -> Fault:
        return Fault(
            "FOREIGN_UNIT",
            f"{turn.operation.text}: unit {turn.plan.unit} was asked, unit {unit} answered",
            "check unit ids; for a PLC that answers with an id of its own set ignore_unit in its profile",
        )

    def _stray(self) -> None:
        """A frame that nobody waits for: late, double, out of order, or meant for somebody else."""
        self._rejected += 1
        self._strays += 1
        if self._strays > STRAYS_MAX:
            detail = f"{self._address}: {self._strays} frames that nobody had asked for"
            self._drop(Fault("FLOODED", detail, "look for a second master on this connection's gateway"))

    def _ring(self) -> None:
        """The alarm: one timer that is set anew only when it rings, for there is an exchange every few ms."""
        self._alarm = None
        turn = self._trips.outstanding
        if turn is None:
            return
        left_s = self._deadline_s - self._loop.time()
        if left_s > 0:
            self._alarm = self._loop.call_later(left_s, self._ring)
            return
        self._expired(turn)

    def _expired(self, turn: Turn) -> None:
        self._timeouts += 1
        self._silent_times += 1
        text = f"{turn.operation.text}: no complete answer within {self._settings.timeout_ms} ms"
        fault = Fault("TIMEOUT", text, _CHECK_PLC)
        now_ms = self._clock_ms()
        self._trips.fail(turn, fault, now_ms, silent=True)
        self._fault = fault
        if self._buffer:
            self._rejected += 1
            detail = f"{text}; {len(self._buffer)} bytes of one came"
            self._drop(Fault("TRUNCATED_ANSWER", detail, "check the network for loss and the PLC for overload"))
        elif self._silent_times >= SILENT_TIMES_MAX:
            detail = f"{text}, {self._silent_times} times in a row"
            self._drop(Fault("HALF_OPEN", f"{self._address}: {detail}", _CHECK_PLC))
        else:
            self._go_on(now_ms)

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _drop(self, fault: Fault) -> None:
        """Give the connection up; the supervisor builds a new one after the back-off."""
        self._disarm()
        channel, self._channel = self._channel, None
        self._buffer = b""
        self._went_down(fault)
        if channel is not None:
            channel.abort()
        self._go_on(self._clock_ms())
