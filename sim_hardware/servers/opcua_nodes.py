"""The garage's nodes behind an OPC UA server: what a read shows, and what becomes of a Write call.

Owns the attribute service of the emulated server. A Write call reaches each PLC as one write with everything that was
accepted, so that a command is never seen without its parameters. Must never touch a socket.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from asyncua import ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.address_space import AddressSpace, AttributeService
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes

from plc_drivers.contract import Tag, TagType, Value
from plc_drivers.opcua.nodes import VARIANT_TYPES
from sim_hardware.plc.commanded import CommandedPlc
from sim_hardware.plc.device import EmulatedPlc
from sim_hardware.plc.registers import Refused, WriteRefusedError

_SEQUENCE = "cmd_seq"

STATUS_OF: Mapping[Refused, int] = {
    Refused.UNKNOWN_TAG: StatusCodes.BadNodeIdUnknown,
    Refused.NOT_WRITABLE: StatusCodes.BadNotWritable,
    Refused.WRONG_TYPE: StatusCodes.BadTypeMismatch,
    Refused.OUT_OF_RANGE: StatusCodes.BadOutOfRange,
}
"""The protocol's own word for each refusal of a PLC."""


class StatusValues:
    """The status of one PLC as data values, made anew once per scan and only when somebody reads."""

    def __init__(self, plc: EmulatedPlc) -> None:
        self._plc = plc
        self._types = tuple(VARIANT_TYPES[tag.wire] for tag in plc.definition.status)
        self._is_float = tuple(tag.wire is TagType.FLOAT32 for tag in plc.definition.status)
        self._scan = -1
        self._values: list[ua.DataValue] = []

    def value(self, index: int) -> ua.DataValue:
        """The value of the status tag at ``index`` after the last scan."""
        if self._scan != self._plc.scans:
            self._scan = self._plc.scans
            self._values = self._sample()
        if index >= len(self._values):
            return ua.DataValue(StatusCode=ua.StatusCode(ua.UInt32(StatusCodes.BadWaitingForInitialData)))
        return self._values[index]

    def _sample(self) -> list[ua.DataValue]:
        now = _now()
        values = [
            data_value(float(value) if is_float else value, type_, now)
            for value, type_, is_float in zip(self._plc.status(), self._types, self._is_float, strict=False)
        ]
        for name in self._plc.bad_tags:
            index = self._plc.definition.status_index[name]
            values[index] = replace(values[index], StatusCode=ua.StatusCode(ua.UInt32(StatusCodes.BadSensorFailure)))
        return values


@dataclass(frozen=True, slots=True)
class StatusNode:
    """Where a status node's value comes from."""

    values: StatusValues
    index: int


@dataclass(frozen=True, slots=True)
class CommandNode:
    """Which tag of which PLC a command node is."""

    plc: CommandedPlc
    tag: Tag


GarageNode = StatusNode | CommandNode


class GarageAttributes(AttributeService):
    """Reads and writes of a server whose only living nodes are those of ``nodes``; the rest cannot be written."""

    def __init__(self, aspace: AddressSpace, nodes: Mapping[ua.NodeId, GarageNode]) -> None:
        super().__init__(aspace)
        self._nodes = nodes
        self._space = aspace

    def read(self, params: ua.ReadParameters) -> list[ua.DataValue]:
        """Values of the last scan for the garage's nodes, the library's own for the others."""
        return [self._read(item) for item in params.NodesToRead]

    def _read(self, item: ua.ReadValueId) -> ua.DataValue:
        node = self._nodes.get(item.NodeId) if item.AttributeId == AttributeIds.Value else None
        if node is None:
            return self._space.read_attribute_value(item.NodeId, item.AttributeId)
        return node_value(node)

    async def write(
        self,
        params: ua.WriteParameters,
        user: User = User(role=UserRole.Admin),  # noqa: B008 - the library's signature
    ) -> list[ua.StatusCode]:
        """One Write call. A command whose parameters were not all accepted does not get its sequence number."""
        if user.role == UserRole.Admin:
            return await super().write(params, user)  # the server's own nodes (its clock, its state)
        results = [self._judge(item) for item in params.NodesToWrite]
        for plc in {node.plc for item in params.NodesToWrite if isinstance(node := self._node(item), CommandNode)}:
            self._hand_over(plc, params.NodesToWrite, results)
        return [ua.StatusCode(ua.UInt32(code)) for code in results]

    def _node(self, item: ua.WriteValue) -> GarageNode | None:
        return self._nodes.get(item.NodeId)

    def _judge(self, item: ua.WriteValue) -> int:
        node = self._node(item)
        if not isinstance(node, CommandNode):
            return StatusCodes.BadNotWritable if item.NodeId in self._space else StatusCodes.BadNodeIdUnknown
        if item.AttributeId != AttributeIds.Value:
            return StatusCodes.BadNotWritable
        if item.IndexRange:
            return StatusCodes.BadIndexRangeInvalid
        status, variant = item.Value.StatusCode, item.Value.Value
        if status is not None and not status.is_good():
            return StatusCodes.BadWriteNotSupported
        if variant is None or variant.VariantType is not VARIANT_TYPES[node.tag.wire] or variant.is_array:
            return StatusCodes.BadTypeMismatch
        try:
            node.plc.check_write({node.tag.name: variant.Value})
        except WriteRefusedError as error:
            return STATUS_OF[error.reason]
        return StatusCodes.Good

    def _hand_over(self, plc: CommandedPlc, items: list[ua.WriteValue], results: list[int]) -> None:
        accepted: dict[str, Value] = {}
        sequence_at: int | None = None
        all_good = True
        for index, item in enumerate(items):
            node = self._node(item)
            if not isinstance(node, CommandNode) or node.plc is not plc:
                continue
            if results[index] != StatusCodes.Good:
                all_good = False
            elif item.Value.Value is not None:
                accepted[node.tag.name] = item.Value.Value.Value
                sequence_at = index if node.tag.name == _SEQUENCE else sequence_at
        if not all_good and sequence_at is not None:
            # With a parameter refused the number would start the action with an old one.
            del accepted[_SEQUENCE]
            results[sequence_at] = StatusCodes.BadInvalidState
        plc.write(accepted)


def node_value(node: GarageNode) -> ua.DataValue:
    """The present value of a node: a status of the last scan, or a command register as last written."""
    match node:
        case StatusNode(values, index):
            return values.value(index)
        case CommandNode(plc, tag):
            value = plc.registers.values[tag.name]
            shown = float(value) if tag.wire is TagType.FLOAT32 else value
            return data_value(shown, VARIANT_TYPES[tag.wire], _now())


def data_value(value: Value, type_: ua.VariantType, now: ua.DateTime) -> ua.DataValue:
    """A good value with both time stamps."""
    return ua.DataValue(Value=ua.Variant(value, type_), SourceTimestamp=now, ServerTimestamp=now)


def _now() -> ua.DateTime:
    now = datetime.now(UTC)
    return ua.DateTime(now.year, now.month, now.day, now.hour, now.minute, now.second, now.microsecond, UTC)
