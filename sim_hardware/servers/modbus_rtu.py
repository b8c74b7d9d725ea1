"""A Modbus RTU line on a pseudo-terminal, with several emulated units on it.

Owns framing, checksum and the time that bytes take on a real line: a pseudo-terminal has no baud rate of its own.
Must never answer a frame that is damaged or meant for somebody else.
"""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import Mapping
from pathlib import Path

from sim_hardware.servers.modbus_unit import ModbusUnit
from sim_hardware.servers.wire_fault import WireFault, faithful

_FIXED_SIZES = {1: 8, 2: 8, 3: 8, 4: 8, 5: 8, 6: 8}
"""Whole request frames by function code."""
_COUNTED = {15: 6, 16: 6, 23: 10}
"""Offset of the byte count in requests of variable length."""
_LARGEST_FRAME = 256
_SILENCE_MS_MIN = 5.0
"""Shortest silence that ends a frame here: a general-purpose scheduler cannot tell the 1.75 ms of the standard from
its own lateness."""
_BACKLOG_MAX = 64
"""Answers under way at most; a real line has one."""


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xA001 if crc & 1 else 0)
        table.append(crc)
    return tuple(table)


_CRC = _crc_table()


def crc16(data: bytes) -> bytes:
    """Checksum of an RTU frame, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC[(crc ^ byte) & 0xFF]
    return crc.to_bytes(2, "little")


class ModbusRtuServer:
    """Serves ``units`` on a pseudo-terminal whose slave end appears as the symbolic link ``path``.

    ``char_bits`` is 10 for 8N1 and 11 with parity or a second stop bit. ``damaged`` counts what was thrown away.
    """

    def __init__(
        self, path: Path, units: Mapping[int, ModbusUnit], *, baud: int = 115_200, char_bits: int = 10
    ) -> None:
        self.path = path
        self.units = units
        self.fault: WireFault = faithful
        self.damaged = 0
        self._char_s = char_bits / baud
        # The standard fixes the silences above 19200 baud.
        self._silence_s = 0.00175 if baud > 19_200 else 3.5 * self._char_s
        self._buffer = b""
        self._first_at_s = 0.0
        self._line_free_at_s = 0.0
        self._master: int | None = None
        self._slave: int | None = None
        self._quiet: asyncio.TimerHandle | None = None
        self._sending: set[asyncio.TimerHandle] = set()

    async def start(self) -> None:
        """Open the line.

        Raises:
            OSError: no pseudo-terminal can be had, or ``path`` is taken by something that is no symbolic link.
        """
        self._master, self._slave = os.openpty()
        try:
            # The slave end stays open here, so that the line survives its reader's coming and going.
            tty.setraw(self._slave)
            os.set_blocking(self._master, False)
            self._link_to(os.ttyname(self._slave))
        except OSError:
            self._close()
            raise
        asyncio.get_running_loop().add_reader(self._master, self._readable)

    def _link_to(self, terminal: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.is_symlink():
            self.path.unlink()
        self.path.symlink_to(terminal)

    async def stop(self) -> None:
        """Close the line and remove its link."""
        if self._master is None or self._slave is None:
            return
        asyncio.get_running_loop().remove_reader(self._master)
        for handle in self._sending:
            handle.cancel()
        self._sending.clear()
        self._stop_waiting()
        if self.path.is_symlink() and str(self.path.readlink()) == os.ttyname(self._slave):
            self.path.unlink()
        self._close()

    def _close(self) -> None:
        for end in (self._master, self._slave):
            if end is not None:
                os.close(end)
        self._master = self._slave = None

    # --- receiving -----------------------------------------------------------------------------------------

    def _readable(self) -> None:
        if self._master is None:
            return
        try:
            data = os.read(self._master, 4096)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.damaged += 1  # the line is broken for this moment; the next byte shows whether it lives
            return
        loop = asyncio.get_running_loop()
        if not self._buffer:
            self._first_at_s = loop.time()
        self._buffer += data
        self._stop_waiting()
        self._take_frames()
        if self._buffer:
            self._quiet = loop.call_later(max(self._silence_s, _SILENCE_MS_MIN / 1000), self._on_silence)

    def _stop_waiting(self) -> None:
        if self._quiet is not None:
            self._quiet.cancel()
            self._quiet = None

    def _take_frames(self) -> None:
        """Answer each whole, undamaged frame at the head of the buffer."""
        while (size := _request_size(self._buffer)) is not None and len(self._buffer) >= size:
            frame = self._buffer[:size]
            if crc16(frame[:-2]) != frame[-2:]:
                return  # resynchronised by the next silence
            self._buffer = self._buffer[size:]
            self._carry_out(frame)

    def _on_silence(self) -> None:
        """Silence ends a frame: an unknown function with a good checksum is answered, anything else is noise."""
        self._quiet = None
        frame, self._buffer = self._buffer, b""
        if 4 <= len(frame) <= _LARGEST_FRAME and crc16(frame[:-2]) == frame[-2:]:
            self._carry_out(frame)
        else:
            self.damaged += 1

    # --- answering -----------------------------------------------------------------------------------------

    def _carry_out(self, frame: bytes) -> None:
        unit = self.units.get(frame[0])
        received_at_s = max(self._first_at_s, self._line_free_at_s) + len(frame) * self._char_s
        self._line_free_at_s = received_at_s
        if unit is None:
            return
        answer = frame[:1] + unit.answer(frame[1:-2])
        for sending in self.fault(answer + crc16(answer)):
            taken_s = self._silence_s + len(sending.data) * self._char_s
            self._line_free_at_s = received_at_s + taken_s
            self._send_at(received_at_s + taken_s + sending.delay_ms / 1000, sending.data)

    def _send_at(self, at_s: float, data: bytes) -> None:
        if len(self._sending) >= _BACKLOG_MAX:
            self.damaged += 1
            return

        def send() -> None:
            self._sending.discard(handle)
            if self._master is None:
                return
            try:
                os.write(self._master, data)
            except (BlockingIOError, InterruptedError):
                self.damaged += 1  # nobody reads the line and its buffer is full: bytes fall on the floor

        handle = asyncio.get_running_loop().call_at(at_s, send)
        self._sending.add(handle)


def _request_size(buffer: bytes) -> int | None:
    """Size of the frame at the head of ``buffer``, None while it cannot be told."""
    if len(buffer) < 2:
        return None
    fixed = _FIXED_SIZES.get(buffer[1])
    if fixed is not None:
        return fixed
    count_at = _COUNTED.get(buffer[1])
    if count_at is None or len(buffer) <= count_at:
        return None
    return count_at + 1 + buffer[count_at] + 2
