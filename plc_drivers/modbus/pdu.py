"""Requests as bytes, and the one question about an answer: is it exactly what was asked for?

Owns the function codes 1, 2, 3, 4, 15, 16 and 23 and the protocol's exceptions. An answer is judged against its
request byte for byte (function, byte count, write echo), because a foreign value taken for a current one moves a
machine on false data (H10). Must never know a device or a transport.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from plc_drivers.modbus.image import ImageError, Span
from plc_drivers.profile import Area
from plc_drivers.reading import Fault

READ_FUNCTION = {Area.COIL: 1, Area.DISCRETE: 2, Area.HOLDING: 3, Area.INPUT: 4}
WRITE_FUNCTION = {Area.COIL: 15, Area.HOLDING: 16}
READ_WRITE_FUNCTION = 23

READ_LIMIT = {Area.COIL: 2000, Area.DISCRETE: 2000, Area.HOLDING: 125, Area.INPUT: 125}
"""Most bits or registers that one request can read (Modbus application protocol)."""
WRITE_LIMIT = {Area.COIL: 1968, Area.HOLDING: 123}
READ_WRITE_LIMIT = 121
"""Most registers that FC23 can write."""

LARGEST_PDU = 253

EXCEPTIONS: dict[int, tuple[str, str, str]] = {
    1: (
        "ILLEGAL_FUNCTION",
        "the PLC does not know this function code",
        'give the device a profile with another exchange style: modbus.exchange = "fc16+fc3" (docs/profiles.md)',
    ),
    2: (
        "ILLEGAL_ADDRESS",
        "the PLC does not have these registers",
        "compare base addresses and profile with the PLC's register table",
    ),
    3: (
        "ILLEGAL_VALUE",
        "the PLC refuses a value or the number of registers",
        "check contract version and profile; a value out of range is refused by the contract",
    ),
    4: ("DEVICE_FAILURE", "the PLC failed while it worked on the request", "look at the PLC's own diagnostics"),
    5: ("ACKNOWLEDGE", "the PLC needs long for this request", "the PLC must answer within the link's timeout_ms"),
    6: ("DEVICE_BUSY", "the PLC is busy", "if it lasts, look at the PLC's load and at other masters"),
    8: ("MEMORY_PARITY", "the PLC found its memory damaged", "look at the PLC's own diagnostics"),
    10: (
        "GATEWAY_PATH",
        "the gateway has no path to the unit",
        "check the unit id and the gateway's configuration",
    ),
    11: (
        "GATEWAY_NO_RESPONSE",
        "the unit behind the gateway does not answer",
        "check the unit's supply, address and line",
    ),
}
"""Code, cause and remedy of each Modbus exception."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One request of an exchange, ready but for the data that it writes.

    ``head`` is the request up to that data, ``write`` the part of the encoded command block that follows it.
    A right answer has exactly ``answer_size`` bytes and begins with ``answer_head``; what follows is status
    data when ``reads``.
    """

    function: int
    head: bytes
    write: slice | None
    answer_head: bytes
    answer_size: int
    reads: bool
    text: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The device answered this request with an exception."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Foreign:
    """The answer is not one to this request; nothing in it may be believed."""

    fault: Fault


def read_operation(span: Span) -> Operation:
    """Read one span.

    Raises:
        ImageError: more than one request can carry.
    """
    if not 1 <= span.count <= READ_LIMIT[span.area]:
        raise ImageError(f"{span.count} of {span.area.value} in one read; {READ_LIMIT[span.area]} are possible")
    function = READ_FUNCTION[span.area]
    return Operation(
        function=function,
        head=struct.pack(">BHH", function, span.address, span.count),
        write=None,
        answer_head=bytes((function, span.size)),
        answer_size=2 + span.size,
        reads=True,
        text=f"FC{function} {_range(span)}",
    )


def write_operation(span: Span, part: slice) -> Operation:
    """Write one span with ``part`` of the encoded command block.

    Raises:
        ImageError: the table cannot be written, or more than one request can carry.
    """
    if span.area not in WRITE_FUNCTION or not 1 <= span.count <= WRITE_LIMIT[span.area]:
        raise ImageError(f"{span.count} of {span.area.value} cannot be written with one request")
    function = WRITE_FUNCTION[span.area]
    echo = struct.pack(">BHH", function, span.address, span.count)
    return Operation(
        function=function,
        head=echo + bytes((span.size,)),
        write=part,
        answer_head=echo,
        answer_size=len(echo),
        reads=False,
        text=f"FC{function} {_range(span)}",
    )


def read_write_operation(read: Span, write: Span, part: slice) -> Operation:
    """Write one span of holding registers and read another, with one FC23; the PLC writes first.

    Raises:
        ImageError: more than one request can carry.
    """
    if write.count > READ_WRITE_LIMIT or read.count > READ_LIMIT[Area.HOLDING]:
        raise ImageError(f"FC23 cannot write {write.count} and read {read.count} registers")
    return Operation(
        function=READ_WRITE_FUNCTION,
        head=struct.pack(">BHHHHB", 23, read.address, read.count, write.address, write.count, write.size),
        write=part,
        answer_head=bytes((23, read.size)),
        answer_size=2 + read.size,
        reads=True,
        text=f"FC23 {_range(read)}, writing {_range(write)}",
    )


def judge(operation: Operation, pdu: bytes) -> bytes | Refused | Foreign:
    """The status data of a right answer (empty after a mere write), or what is wrong with it."""
    if len(pdu) == operation.answer_size and pdu.startswith(operation.answer_head):
        return pdu[len(operation.answer_head) :] if operation.reads else b""
    if len(pdu) == 2 and pdu[0] == operation.function | 0x80:
        return Refused(exception_fault(pdu[1], operation))
    return Foreign(
        Fault(
            "FOREIGN_ANSWER",
            f"{operation.text}: expected {operation.answer_size} bytes beginning {operation.answer_head.hex(' ')}, "
            f"got {len(pdu)} beginning {pdu[: len(operation.answer_head)].hex(' ')}",
            "compare the PLC's register count with the contract; look for a second device at this address",
        )
    )


def exception_fault(code: int, operation: Operation) -> Fault:
    """The fault that a Modbus exception stands for."""
    name, cause, remedy = EXCEPTIONS.get(
        code, (f"EXCEPTION_{code}", "the PLC answered with an exception that is not in the standard", "ask its maker")
    )
    return Fault(f"MODBUS_{name}", f"{operation.text}: exception {code}, {cause}", remedy)


def _range(span: Span) -> str:
    return f"{span.area.value} {span.address}..{span.address + span.count - 1}"
