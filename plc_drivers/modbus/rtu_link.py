"""A serial line with Modbus RTU PLCs on it, owned by this link alone.

Owns the port, the silences between frames and the deadline of each request. RTU has no transaction id, so an answer
must have the unit, function, length and check sum that were asked for, and its content must not be older than what
is known already (``rtu_witness.py``). A unit that keeps silent is left alone for a while and never holds up the others
(H10). Must never block: the port is read when the kernel says that there is something.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import termios
import time
from collections.abc import Callable, Sequence

import serial

from plc_drivers.binding import DeviceBinding
from plc_drivers.clock import monotonic_ms
from plc_drivers.modbus.pdu import Foreign, Refused, judge
from plc_drivers.modbus.polled_link import PolledLink
from plc_drivers.modbus.rtu_frame import LARGEST_FRAME, OVERHEAD, find_answer, frame
from plc_drivers.modbus.rtu_witness import RtuWitness
from plc_drivers.modbus.settings import ModbusRtuSettings
from plc_drivers.modbus.trips import Turn
from plc_drivers.reading import Fault

BUFFER_MAX = 4 * LARGEST_FRAME
"""Bytes kept while one answer is waited for; a line that babbles more loses its oldest ones."""

QUIET_WAIT_S_MAX = 0.05
"""How long a request waits for a line that does not become quiet before it is sent all the same."""

_PARITY = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}
_CHECK_PORT = "check that the adapter is plugged in, its path, permissions and that no other program has it open"
_CHECK_LINE = "check the unit's supply, id, baud rate, parity, wiring and termination"


class ModbusRtuLink(PolledLink):
    """Link to all units of one serial line.

    Raises:
        BindingError: a device cannot be exchanged under its profile.
        ValueError: no device, or a device twice.
    """

    protocol = "modbus-rtu"

    def __init__(
        self,
        settings: ModbusRtuSettings,
        bindings: Sequence[DeviceBinding],
        *,
        clock_ms: Callable[[], int] = monotonic_ms,
        on_idle: Callable[[], None] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        super().__init__(
            settings.name,
            str(settings.port),
            bindings,
            clock_ms=clock_ms,
            on_idle=on_idle,
            rng=rng,
            silence_ms=settings.silence_after_timeout_ms,
            witnesses={binding.device: RtuWitness(binding) for binding in bindings},
        )
        self._settings = settings
        profiles = [binding.profile.modbus for binding in bindings if binding.profile is not None]
        gap_ms = max([settings.frame_gap_ms, *(profile.minimum_silence_ms for profile in profiles)])
        self._gap_s = gap_ms / 1000
        self._port: serial.Serial | None = None
        self._port_gone = asyncio.Event()
        self._asked: Turn | None = None
        """The turn whose request has left; one that still waits for a quiet line cannot have an answer."""
        self._buffer = b""
        self._is_stray_burst = False
        self._last_byte_s = 0.0
        self._wait_until_s = 0.0
        self._alarm: asyncio.TimerHandle | None = None

    async def _supervise(self) -> None:
        while True:
            if self._open():
                await self._port_gone.wait()
            await asyncio.sleep(self._backoff.delay_s())

    def _open(self) -> bool:
        settings = self._settings
        try:
            port = serial.Serial(
                str(settings.port),
                baudrate=settings.baud,
                parity=_PARITY[settings.parity],
                stopbits=settings.stop_bits,
                timeout=0,
                write_timeout=0,
                exclusive=True,
            )
        except termios.error as error:
            detail = f"{self._address} refuses {settings.baud} baud, parity {settings.parity}: {error.args[-1]}"
            self._went_down(Fault("PORT_SETTINGS", detail, "choose a baud rate and parity that the adapter offers"))
            return False
        except (OSError, ValueError) as error:
            self._went_down(Fault("PORT_UNREACHABLE", f"{self._address}: {error}", _CHECK_PORT))
            return False
        self._port = port
        self._port_gone.clear()
        self._buffer = b""
        self._last_byte_s = time.monotonic()
        self._loop.add_reader(port.fileno(), self._readable)
        self._came_up()
        return True

    async def _close(self) -> None:
        self._disarm()
        self._release()

    def _release(self) -> None:
        port, self._port = self._port, None
        self._asked = None
        if port is None:
            return
        self._loop.remove_reader(port.fileno())
        # Closing a port waits until everything is sent; what nobody takes must not hold up the loop. When the adapter
        # has been pulled out nothing is left to flush.
        with contextlib.suppress(termios.error, OSError):
            termios.tcflush(port.fileno(), termios.TCIOFLUSH)
        port.close()

    def _transmit(self, turn: Turn) -> None:
        self._wait_until_s = time.monotonic() + max(QUIET_WAIT_S_MAX, 2 * self._gap_s)
        self._send_when_quiet(turn)

    def _send_when_quiet(self, turn: Turn) -> None:
        self._alarm = None
        now_s = time.monotonic()
        wait_s = min(self._last_byte_s + self._gap_s, self._wait_until_s) - now_s
        if wait_s > 0:
            self._alarm = self._loop.call_later(wait_s, self._send_when_quiet, turn)
            return
        self._send(turn, now_s)

    def _send(self, turn: Turn, now_s: float) -> None:
        self._asked = turn
        self._is_stray_burst = False
        self._buffer = b""
        data = frame(turn.plan.unit, turn.pdu)
        on_wire_ms = self._settings.wire_ms(len(data))
        self._last_byte_s = now_s + on_wire_ms / 1000
        answer_ms = self._settings.wire_ms(turn.operation.answer_size + OVERHEAD)
        deadline_s = (on_wire_ms + answer_ms + self._settings.timeout_ms) / 1000
        self._alarm = self._loop.call_later(deadline_s, self._expired, turn)
        try:
            sent = 0 if self._port is None else os.write(self._port.fileno(), data)
        except OSError as error:
            self._loop.call_soon(self._drop, Fault("PORT_LOST", f"{self._address}: {error}", _CHECK_PORT))
            return
        if sent != len(data):
            detail = f"{self._address}: the port took {sent} of {len(data)} bytes"
            self._loop.call_soon(self._drop, Fault("PORT_STUCK", detail, _CHECK_PORT))

    def _readable(self) -> None:
        port = self._port
        if port is None:
            return
        try:
            data = os.read(port.fileno(), LARGEST_FRAME)
        except BlockingIOError:
            return
        except OSError as error:
            self._drop(Fault("PORT_LOST", f"{self._address}: {error}", _CHECK_PORT))
            return
        if not data:
            self._drop(Fault("PORT_LOST", f"{self._address}: the other end hung up", _CHECK_PORT))
            return
        self._received(data)

    def _received(self, data: bytes) -> None:
        now_s = time.monotonic()
        is_new_burst = not self._is_stray_burst or now_s - self._last_byte_s > self._gap_s
        self._last_byte_s = now_s
        turn = self._asked
        if turn is None:
            self._is_stray_burst = True
            self._rejected += is_new_burst  # A late answer, or somebody else's: nobody waits for it.
            return
        self._buffer = (self._buffer + data)[-BUFFER_MAX:]
        found = find_answer(self._buffer, turn.plan.unit, turn.operation)
        if found is None:
            return
        self._disarm()
        self._asked = None
        self._rejected += bool(found.before) + bool(found.after)
        self._buffer = b""
        now_ms = self._clock_ms()
        match judge(turn.operation, found.pdu):
            case Refused(fault):
                self._fault = fault
                self._trips.fail(turn, fault, now_ms, silent=False)
            case Foreign(fault):
                self._rejected += 1
                self._trips.fail(turn, fault, now_ms, silent=False)
            case answer:
                self._answered(turn, answer, now_ms)
        self._go_on(now_ms)

    def _expired(self, turn: Turn) -> None:
        self._alarm = self._asked = None
        self._timeouts += 1
        detail = f"{turn.operation.text} of unit {turn.plan.unit}: no answer within {self._settings.timeout_ms} ms"
        if self._buffer:
            self._rejected += 1
            detail += f"; {len(self._buffer)} bytes came that are none: {self._buffer[:8].hex(' ')}"
        self._buffer = b""
        self._fault = Fault("TIMEOUT", detail, _CHECK_LINE)
        now_ms = self._clock_ms()
        self._trips.fail(turn, self._fault, now_ms, silent=True)
        self._go_on(now_ms)

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _drop(self, fault: Fault) -> None:
        """Give the port up; the supervisor opens it anew after the back-off."""
        self._disarm()
        self._release()
        self._went_down(fault)
        self._port_gone.set()
        self._go_on(self._clock_ms())
