"""The worked example of the device contract: one command, byte by byte, made by the real codec.

Owns the numbers of the example. Must never be used to talk to anything; documents and their tests read it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from plc_drivers.binding import DeviceBinding
from plc_drivers.command_values import CommandValues
from plc_drivers.contract import CommandCode, DeviceKind, Tag, TagType, Value
from plc_drivers.contract.codes import AckResult, DoneResult, Health, Mode, State
from plc_drivers.contract.definition import COMMAND_BASE, STATUS_BASE
from plc_drivers.modbus.plan import compile_plan
from plc_drivers.opcua.nodes import VARIANT_TYPES, plan_nodes
from plc_drivers.outputs import DeviceOutputs, MailboxCommand

BINDING = DeviceBinding("lift1", 7, DeviceKind.LIFT)
"""The lift of the example: device number 7."""

OUTPUTS = DeviceOutputs(
    heartbeat=1001,
    epoch=5,
    permits=frozenset({"travel"}),
    command=MailboxCommand(seq=42, code=CommandCode.MOVE_TO_LEVEL, arg1=3, issued_ms=123_456, valid_ms=1000),
)
"""Move to level 3, as command number 42."""

_COMMON: dict[str, Value] = {
    "device_id": 7,
    "contract_version": 1,
    "device_kind": int(DeviceKind.LIFT),
    "program_version": 10_000,
    "boot_counter": 3,
    "owner_epoch": 5,
    "mode": int(Mode.AUTOMATIC),
    "health": int(Health.OK),
    "controller_timeout_ms": 500,
    "station_sensor": False,
    "pins_retracted": True,
    "load_clear": True,
    "load_centred": True,
    "overhang_front_clear": True,
    "overhang_rear_clear": True,
    "overhang_left_clear": True,
    "overhang_right_clear": True,
    "overtravel_top_clear": True,
    "overtravel_bottom_clear": True,
    "rope_taut": True,
    "speed_ok": True,
    "shaft_doors_closed": True,
    "referenced": True,
    "holds_travel": True,
}

ACCEPTED: Mapping[str, Value] = _COMMON | {
    "heartbeat": 12_346,
    "heartbeat_echo": 1001,
    "clock_ms": 123_480,
    "ack_seq": 42,
    "ack_result": int(AckResult.ACCEPTED),
    "done_seq": 41,
    "done_result": int(DoneResult.OK),
    "active_command": int(CommandCode.MOVE_TO_LEVEL),
    "state": int(State.EXECUTING),
    "position_mm": 2604,
    "speed_mm_s": 8,
    "station": -1,
    "levelling_error_mm": 4,
}
"""Status of a PLC that has just latched the command and moves."""

DONE: Mapping[str, Value] = _COMMON | {
    "heartbeat": 13_050,
    "heartbeat_echo": 1703,
    "clock_ms": 137_560,
    "ack_seq": 42,
    "ack_result": int(AckResult.ACCEPTED),
    "done_seq": 42,
    "done_result": int(DoneResult.OK),
    "active_command": 0,
    "state": int(State.IDLE),
    "position_mm": 7000,
    "speed_mm_s": 0,
    "station": 3,
    "levelling_error_mm": 0,
    "in_position": True,
    "station_sensor": True,
    "standstill": True,
    "brake_closed": True,
}
"""Status when the lift stands at level 3."""


def modbus_request(transaction: int = 0x0137, unit: int = 1) -> bytes:
    """The whole frame of the FC23 request that carries the command, Modbus TCP."""
    definition = BINDING.definition
    data = compile_plan(BINDING).encode(OUTPUTS)
    spans = (STATUS_BASE, definition.status_length, COMMAND_BASE, definition.command_length)
    pdu = struct.pack(">BHHHHB", 23, *spans, len(data)) + data
    return _framed(pdu, transaction, unit)


def modbus_response(status: Mapping[str, Value], transaction: int = 0x0137, unit: int = 1) -> bytes:
    """The whole frame of the answer with this status."""
    data = compile_plan(BINDING).status.encode([status.get(tag.name, 0) for tag in BINDING.definition.status])
    return _framed(bytes((23, len(data))) + data, transaction, unit)


def _framed(pdu: bytes, transaction: int, unit: int) -> bytes:
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu


def opcua_write() -> list[tuple[str, str, Value]]:
    """Node id, type and value of each entry of the Write call that carries the command, in its order."""
    definition = BINDING.definition
    values = CommandValues(definition).of(OUTPUTS)
    return [
        (address.text, VARIANT_TYPES[address.tag.wire].name, values[definition.command_index[address.tag.name]])
        for address in plan_nodes(BINDING).command
    ]


def opcua_read(status: Mapping[str, Value]) -> list[tuple[str, str, Value]]:
    """Node id, type and value of each result of the Read call with this status, in its order."""
    return [
        (address.text, VARIANT_TYPES[address.tag.wire].name, status.get(address.tag.name, _nothing(address.tag)))
        for address in plan_nodes(BINDING).status
    ]


def _nothing(tag: Tag) -> Value:
    return False if tag.wire is TagType.BOOL else 0


def document_blocks() -> dict[str, str]:
    """What the published contract shows of the example, by the name of its place there."""
    return {
        "MODBUS_REQUEST": _hex_lines(modbus_request()),
        "MODBUS_ACCEPTED": _hex_lines(modbus_response(ACCEPTED)),
        "MODBUS_DONE": _hex_lines(modbus_response(DONE)),
        "OPCUA_WRITE": _rows(opcua_write()),
        "OPCUA_READ": _rows(opcua_read(ACCEPTED)),
    }


def _rows(entries: Sequence[tuple[str, str, Value]]) -> str:
    head = "| node | type | value |\n| --- | --- | --- |\n"
    return head + "\n".join(f"| `{node}` | {type_} | {_shown(value)} |" for node, type_, value in entries)


def _shown(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(int(value))


def _hex_lines(frame: bytes) -> str:
    """A frame as lines of 16 hexadecimal bytes."""
    return "\n".join(frame[start : start + 16].hex(" ") for start in range(0, len(frame), 16))
