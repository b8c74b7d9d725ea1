"""Modbus RTU frames: the check sum, and finding the one answer that is waited for among whatever came in.

Owns the frame's layout. There is no transaction id and no length on the line, so a frame counts only when unit,
function, length and check sum are those of the answer expected. Pure; must never read a port.
"""

from __future__ import annotations

from dataclasses import dataclass

from plc_drivers.modbus.pdu import Operation

OVERHEAD = 3
"""Unit id and check sum around a PDU."""
EXCEPTION_SIZE = 2 + OVERHEAD
LARGEST_FRAME = 256


def _table() -> tuple[int, ...]:
    entries = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
        entries.append(crc)
    return tuple(entries)


_CRC = _table()


def crc16(data: bytes) -> bytes:
    """Check sum of a frame, as it stands on the line: low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc.to_bytes(2, "little")


def frame(unit: int, pdu: bytes) -> bytes:
    """A complete frame."""
    body = bytes((unit,)) + pdu
    return body + crc16(body)


@dataclass(frozen=True, slots=True)
class Found:
    """A frame of the unit that was asked: its PDU, and how many bytes stood before and after it."""

    pdu: bytes
    before: int
    after: int


def find_answer(buffer: bytes, unit: int, operation: Operation) -> Found | None:
    """The answer (or the exception) to ``operation`` of ``unit``, wherever in the buffer it begins.

    A noise byte in front costs nothing; a frame of another unit, function or length is never taken.
    """
    heads = (
        (bytes((unit,)) + operation.answer_head, operation.answer_size + OVERHEAD),
        (bytes((unit, operation.function | 0x80)), EXCEPTION_SIZE),
    )
    for head, size in heads:
        start = buffer.find(head)
        while start >= 0:
            end = start + size
            if end <= len(buffer) and crc16(buffer[start : end - 2]) == buffer[end - 2 : end]:
                return Found(buffer[start + 1 : end - 2], start, len(buffer) - end)
            start = buffer.find(head, start + 1)
    return None
