"""A serial line for tests: the far end of a pseudo-terminal, with fake PLCs on it that misbehave on demand."""

from __future__ import annotations

import asyncio
import os
import pty
import tty
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.plc_drivers.modbus.fake_plc import FakePlc

POISON = 666_666
"""Position that no right answer carries."""


def crc16(data: bytes) -> bytes:
    """Check sum by the standard's bitwise rule, apart from the table that the link uses."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


def framed(unit: int, pdu: bytes) -> bytes:
    """A frame with its check sum."""
    body = bytes((unit,)) + pdu
    return body + crc16(body)


@dataclass
class LineCall:
    """One request on the line, and the ways to answer it."""

    line: FakeLine
    unit: int
    pdu: bytes

    def right(self) -> bytes:
        """The frame of the right answer."""
        return framed(self.unit, self.line.plcs[self.unit].answer(self.pdu))

    def poison(self, unit: int | None = None) -> bytes:
        """The frame of an answer that is right but for its content, and its unit where one is given."""
        plc = self.line.plcs[self.unit]
        device = next(iter(plc.devices.values()))
        before = device.values["position_mm"]
        device.values["position_mm"] = POISON
        pdu = plc.answer(self.pdu)
        device.values["position_mm"] = before
        return framed(self.unit if unit is None else unit, pdu)

    def send(self, data: bytes) -> None:
        """Put bytes on the line."""
        self.line.send(data)

    def later(self, delay_s: float, data: bytes) -> None:
        """Put bytes on the line after a while."""
        self.line.timers.append(asyncio.get_running_loop().call_later(delay_s, self.line.send, data))

    def dribble(self, delay_s: float, data: bytes) -> None:
        """Put bytes on the line one by one, in order: each is sent before the next is planned."""
        if data:
            self.line.send(data[:1])
            self.line.timers.append(asyncio.get_running_loop().call_later(delay_s, self.dribble, delay_s, data[1:]))


Trick = Callable[[LineCall], None]


def honest(call: LineCall) -> None:
    """The right answer, at once."""
    call.send(call.right())


class FakeLine:
    """The units of one line; ``script`` holds the tricks for the next requests, ``always`` serves the rest."""

    def __init__(self, plcs: dict[int, FakePlc]) -> None:
        self.plcs = plcs
        self.script: deque[Trick] = deque()
        self.always: Trick = honest
        self.timers: list[asyncio.TimerHandle] = []
        self.asked: list[int] = []
        self._buffer = b""
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = Path(os.ttyname(self._slave))
        asyncio.get_running_loop().add_reader(self._master, self._readable)

    def send(self, data: bytes) -> None:
        """Put bytes on the line, unless it is closed."""
        if self._master >= 0:
            os.write(self._master, data)

    def close(self) -> None:
        """Hang up."""
        for timer in self.timers:
            timer.cancel()
        if self._master >= 0:
            asyncio.get_running_loop().remove_reader(self._master)
            os.close(self._master)
            os.close(self._slave)
            self._master = -1

    def _readable(self) -> None:
        self._buffer += os.read(self._master, 1024)
        while len(self._buffer) >= 8:
            size = {23: 13 + self._buffer[10] if len(self._buffer) > 10 else 999, 16: 9 + self._buffer[6]}.get(
                self._buffer[1], 8
            )
            if len(self._buffer) < size:
                return
            frame, self._buffer = self._buffer[:size], self._buffer[size:]
            if crc16(frame[:-2]) != frame[-2:]:
                raise ValueError(f"a request with a wrong check sum: {frame.hex(' ')}")
            self.asked.append(frame[0])
            trick = self.script.popleft() if self.script else self.always
            if frame[0] in self.plcs:
                trick(LineCall(self, frame[0], frame[1:-2]))
