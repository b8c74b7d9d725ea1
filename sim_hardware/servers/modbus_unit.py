"""One Modbus unit: which registers and bits exist, what may be written, and what a request to it answers.

Owns the register view of one or more emulated PLCs and the protocol's exceptions. Pure: must never send or wait.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from plc_drivers.binding import DeviceBinding
from plc_drivers.contract import Value
from plc_drivers.modbus.image import BlockCodec, ImageError, Span
from plc_drivers.modbus.pdu import READ_FUNCTION, READ_LIMIT, READ_WRITE_LIMIT, WRITE_LIMIT
from plc_drivers.modbus.plan import compile_plan
from plc_drivers.profile import Area, ExchangeStyle
from sim_hardware.plc.device import EmulatedPlc
from sim_hardware.plc.registers import WriteRefusedError


class ExceptionCode(IntEnum):
    """Exceptions of the Modbus application protocol."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ILLEGAL_VALUE = 3
    DEVICE_FAILURE = 4
    GATEWAY_NO_RESPONSE = 11


class ModbusExceptionError(Exception):
    """The request is answered with an exception; nothing has changed."""

    def __init__(self, code: ExceptionCode) -> None:
        super().__init__(code.name)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Run:
    """A run of addresses that exists: ``data`` gives the bytes of the whole run as they are now."""

    span: Span
    data: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class _Write:
    """Where a span of a command block lies in its payload."""

    span: Span
    start: int
    block: CommandBlock


class StatusBlock:
    """Status registers of one PLC, encoded anew once per scan."""

    def __init__(self, plc: EmulatedPlc, codec: BlockCodec) -> None:
        self._plc = plc
        self._codec = codec
        self._scan = -1
        self._payload = b""

    def payload(self) -> bytes:
        """Bytes of all spans.

        Raises:
            ModbusExceptionError: the PLC has not run yet, or holds a value that its registers cannot carry.
        """
        if self._scan != self._plc.scans:
            try:
                self._payload = self._codec.encode(self._plc.status())
            except (ImageError, IndexError) as error:
                raise ModbusExceptionError(ExceptionCode.DEVICE_FAILURE) from error
            self._scan = self._plc.scans
        return self._payload


class CommandBlock:
    """Command registers of one PLC as last accepted; a power cycle of the PLC clears them."""

    def __init__(self, plc: EmulatedPlc, codec: BlockCodec) -> None:
        self._plc = plc
        self._codec = codec
        self._boot = plc.boot_counter
        self._payload = bytes(codec.size)
        self._bytes_of: dict[int, set[int]] = {}
        self._mask = bytearray(codec.size)
        for tag, byte, mask in codec.layout():
            self._bytes_of.setdefault(tag, set()).add(byte)
            self._mask[byte] |= mask

    def payload(self) -> bytes:
        """Bytes of all spans as last written."""
        if self._boot != self._plc.boot_counter:
            self._boot = self._plc.boot_counter
            self._payload = bytes(self._codec.size)
        return self._payload

    def check(self, start: int, data: bytes) -> dict[str, Value]:
        """Values of the tags that ``data`` at byte ``start`` sets.

        Raises:
            ModbusExceptionError: half a value, a reserved bit that is not 0, or a value that the PLC refuses.
        """
        stop = start + len(data)
        if any(byte & ~mask & 0xFF for byte, mask in zip(data, self._mask[start:stop], strict=True)):
            raise ModbusExceptionError(ExceptionCode.ILLEGAL_VALUE)
        image = self.payload()[:start] + data + self.payload()[stop:]
        values, _ = self._codec.decode(image)
        named: dict[str, Value] = {}
        for tag, where in self._bytes_of.items():
            inside = [start <= byte < stop for byte in where]
            value = values[tag]
            if any(inside):
                if value is None or not all(inside):
                    raise ModbusExceptionError(ExceptionCode.ILLEGAL_VALUE)
                named[self._codec.tags[tag].name] = value
        try:
            self._plc.check_write(named)
        except WriteRefusedError as error:
            raise ModbusExceptionError(ExceptionCode.ILLEGAL_VALUE) from error
        return named

    def write(self, start: int, data: bytes, values: dict[str, Value]) -> None:
        """Take what ``check`` has found good."""
        self._payload = self.payload()[:start] + data + self.payload()[start + len(data) :]
        self._plc.write(values)


class ModbusUnit:
    """Everything behind one unit id: one PLC, or several at their own base addresses."""

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        self._writes: list[_Write] = []
        self._functions: set[int] = set()

    def add(self, binding: DeviceBinding, plc: EmulatedPlc) -> None:
        """Put one PLC behind this unit id, at the addresses of its binding.

        Raises:
            plc_drivers.modbus.plan.BindingError: the profile does not fit the device.
        """
        plan = compile_plan(binding)
        status = StatusBlock(plc, plan.status)
        self._add_runs(plan.status.spans, status.payload)
        if plan.command is None:
            return
        command = CommandBlock(plc, plan.command)
        self._add_runs(plan.command.spans, command.payload)
        start = 0
        for span in plan.command.spans:
            self._writes.append(_Write(span, start, command))
            self._functions.add(15 if span.area.holds_bits else 16)
            start += span.size
        style = ExchangeStyle.FC23 if binding.profile is None else binding.profile.modbus.exchange
        if style is ExchangeStyle.FC23:
            self._functions.add(23)

    def _add_runs(self, spans: Sequence[Span], payload: Callable[[], bytes]) -> None:
        start = 0
        for span in spans:
            self._runs.append(_Run(span, _slice(payload, start, start + span.size)))
            self._functions.add(READ_FUNCTION[span.area])
            start += span.size

    def answer(self, pdu: bytes) -> bytes:
        """The answer to one request PDU, an exception where it cannot be carried out as a whole."""
        function = pdu[0]
        try:
            if function not in self._functions:
                raise ModbusExceptionError(ExceptionCode.ILLEGAL_FUNCTION)
            match function:
                case 1 | 2 | 3 | 4:
                    return self._read(pdu)
                case 15 | 16:
                    return self._write(pdu)
                case _:
                    return self._read_write(pdu)
        except ModbusExceptionError as refusal:
            return bytes((function | 0x80, refusal.code))

    # --- requests ------------------------------------------------------------------------------------------

    def _read(self, pdu: bytes) -> bytes:
        area = next(area for area, function in READ_FUNCTION.items() if function == pdu[0])
        _, address, count = _unpack(">BHH", pdu)
        data = self._fetch(_span(area, address, count, READ_LIMIT[area]))
        return bytes((pdu[0], len(data))) + data

    def _write(self, pdu: bytes) -> bytes:
        area = Area.COIL if pdu[0] == 15 else Area.HOLDING
        _, address, count, size = _unpack(">BHHB", pdu[:6])
        span = _span(area, address, count, WRITE_LIMIT[area])
        self._put(span, _data(pdu[6:], size, span))
        return pdu[:5]

    def _read_write(self, pdu: bytes) -> bytes:
        _, read_at, read_count, write_at, write_count, size = _unpack(">BHHHHB", pdu[:10])
        read = _span(Area.HOLDING, read_at, read_count, READ_LIMIT[Area.HOLDING])
        write = _span(Area.HOLDING, write_at, write_count, READ_WRITE_LIMIT)
        data = _data(pdu[10:], size, write)
        self._fetch(read)  # all or nothing: a wrong read address must not leave the write done
        self._put(write, data)
        answer = self._fetch(read)
        return bytes((pdu[0], len(answer))) + answer

    def _fetch(self, span: Span) -> bytes:
        for run in self._runs:
            if _inside(span, run.span):
                return _cut(run.span, run.data(), span)
        pieces = b""
        address = span.address
        # A read across neighbouring runs: each register must exist.
        while address < span.address + span.count and not span.area.holds_bits:
            one = Span(span.area, address, 1)
            run_of = next((run for run in self._runs if _inside(one, run.span)), None)
            if run_of is None:
                raise ModbusExceptionError(ExceptionCode.ILLEGAL_ADDRESS)
            pieces += _cut(run_of.span, run_of.data(), one)
            address += 1
        if not pieces:
            raise ModbusExceptionError(ExceptionCode.ILLEGAL_ADDRESS)
        return pieces

    def _put(self, span: Span, data: bytes) -> None:
        for write in self._writes:
            if not _inside(span, write.span):
                continue
            if span.area.holds_bits:
                start, data = write.start, _merge_bits(write.span, write.block.payload()[write.start :], span, data)
            else:
                start = write.start + 2 * (span.address - write.span.address)
            write.block.write(start, data, write.block.check(start, data))
            return
        raise ModbusExceptionError(ExceptionCode.ILLEGAL_ADDRESS)


def _slice(payload: Callable[[], bytes], start: int, stop: int) -> Callable[[], bytes]:
    return lambda: payload()[start:stop]


def _unpack(form: str, pdu: bytes) -> tuple[int, ...]:
    try:
        return struct.unpack(form, pdu)
    except struct.error as error:
        raise ModbusExceptionError(ExceptionCode.ILLEGAL_VALUE) from error


def _span(area: Area, address: int, count: int, limit: int) -> Span:
    if not 1 <= count <= limit:
        raise ModbusExceptionError(ExceptionCode.ILLEGAL_VALUE)
    if address + count > 0x1_0000:
        raise ModbusExceptionError(ExceptionCode.ILLEGAL_ADDRESS)
    return Span(area, address, count)


def _data(data: bytes, size: int, span: Span) -> bytes:
    if size != len(data) or size != span.size:
        raise ModbusExceptionError(ExceptionCode.ILLEGAL_VALUE)
    return data


def _inside(span: Span, run: Span) -> bool:
    end, run_end = span.address + span.count, run.address + run.count
    return span.area is run.area and run.address <= span.address and end <= run_end


def _cut(run: Span, data: bytes, span: Span) -> bytes:
    offset = span.address - run.address
    if not span.area.holds_bits:
        return data[2 * offset : 2 * (offset + span.count)]
    bits = int.from_bytes(data, "little") >> offset & (1 << span.count) - 1
    return bits.to_bytes(span.size, "little")


def _merge_bits(run: Span, old: bytes, span: Span, data: bytes) -> bytes:
    """All bits of ``run`` with those of ``span`` replaced."""
    offset = span.address - run.address
    mask = (1 << span.count) - 1
    bits = int.from_bytes(old[: run.size], "little") & ~(mask << offset)
    bits |= (int.from_bytes(data, "little") & mask) << offset
    return bits.to_bytes(run.size, "little")
