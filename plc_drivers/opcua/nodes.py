"""The nodes of one device: where they are, what is read from them, what is written to them, in which order.

Owns the way between tags and OPC UA values, and the judgement of each node's status code. Must never send.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes

from plc_drivers.binding import DeviceBinding
from plc_drivers.command_values import CommandValues
from plc_drivers.contract import Tag, TagType, Value
from plc_drivers.outputs import DeviceOutputs
from plc_drivers.profile import OpcUaProfile

VARIANT_TYPES: dict[TagType, ua.VariantType] = {
    TagType.BOOL: ua.VariantType.Boolean,
    TagType.UINT16: ua.VariantType.UInt16,
    TagType.INT16: ua.VariantType.Int16,
    TagType.UINT32: ua.VariantType.UInt32,
    TagType.INT32: ua.VariantType.Int32,
    TagType.FLOAT32: ua.VariantType.Float,
    TagType.ENUM: ua.VariantType.UInt16,
    TagType.BITS: ua.VariantType.UInt16,
}
"""OPC UA type of each wire type of the contract."""

_INTEGERS = frozenset(
    {
        ua.VariantType.SByte,
        ua.VariantType.Byte,
        ua.VariantType.Int16,
        ua.VariantType.UInt16,
        ua.VariantType.Int32,
        ua.VariantType.UInt32,
        ua.VariantType.Int64,
        ua.VariantType.UInt64,
    }
)
_REALS = frozenset({ua.VariantType.Float, ua.VariantType.Double})
_ABSENT = frozenset({StatusCodes.BadNodeIdUnknown, StatusCodes.BadNodeIdInvalid})
_CODE_PART = 0xFFFF_0000
"""Upper half of a status code: severity and code. GoodLocalOverride and the like are not 0 there: a value that
somebody forced is no measurement."""


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """Where the node of one tag is: its namespace's URI and its id as text, ``s=lift1.position_mm``."""

    tag: Tag
    namespace: str
    text: str

    def node_id(self, namespaces: Sequence[str]) -> ua.NodeId | None:
        """The node id on a server with these namespaces, None when it lacks the node's."""
        if self.namespace not in namespaces:
            return None
        return ua.NodeId.from_string(f"ns={namespaces.index(self.namespace)};{self.text}")


@dataclass(frozen=True, slots=True)
class NodePlan:
    """All nodes of one device. ``command`` is in the order of writing, which ends with ``cmd_seq`` (rule 4).

    ``status`` leaves out the tags in ``absent``, which have no node.
    """

    binding: DeviceBinding
    status: tuple[NodeAddress, ...]
    command: tuple[NodeAddress, ...]
    absent: frozenset[str] = frozenset()

    @property
    def device(self) -> str:
        """Name of the device."""
        return self.binding.device


def plan_nodes(binding: DeviceBinding) -> NodePlan:
    """The nodes of a device under its profile."""
    definition = binding.definition
    ordered = sorted(definition.command, key=lambda tag: (tag.word, tag.bit or 0))
    absent = binding.absent
    if binding.profile is not None:
        absent |= binding.profile.opcua.absent
    present = [tag for tag in definition.status if tag.name not in absent]
    return NodePlan(binding, _addresses(binding, present), _addresses(binding, ordered), absent)


def _addresses(binding: DeviceBinding, tags: Sequence[Tag]) -> tuple[NodeAddress, ...]:
    profile = OpcUaProfile() if binding.profile is None else binding.profile.opcua
    return tuple(NodeAddress(tag, *profile.node(binding.device, tag.name)) for tag in tags)


def status_is_good(status: ua.StatusCode | None) -> bool:
    """True for Good alone; an absent code means Good, uncertain and overridden values do not."""
    return status is None or not status.value & _CODE_PART


def is_absent(status: ua.StatusCode | None) -> bool:
    """True when the server says that there is no such node."""
    return status is not None and status.value in _ABSENT


def fits(tag: Tag, seen: ua.VariantType) -> bool:
    """True when a node of this type can carry the tag; Null is a value that has not come yet."""
    if seen is ua.VariantType.Null:
        return True
    match tag.wire:
        case TagType.BOOL:
            return seen is ua.VariantType.Boolean
        case TagType.FLOAT32:
            return seen in _REALS
        case _:
            return seen in _INTEGERS


class StatusDecoder:
    """Turns one device's read results into tag values; made once, used for each exchange.

    ``tags`` are all status tags of the kind; those named in ``absent`` have no node and no result.
    """

    def __init__(self, tags: Sequence[Tag], absent: frozenset[str] = frozenset()) -> None:
        self._count = len(tags)
        self._checks = tuple((i, *_check(tag)) for i, tag in enumerate(tags) if tag.name not in absent)
        self._absent = tuple(i for i, tag in enumerate(tags) if tag.name in absent)

    def decode(self, results: Sequence[ua.DataValue]) -> tuple[tuple[Value | None, ...], frozenset[int]]:
        """Values in tag order and the positions of the bad ones, whose value is None.

        Bad is: absent, a status code that is not Good, a value of another type, out of range, or no member.
        """
        values: list[Value | None] = [None] * self._count
        bad: list[int] = list(self._absent)
        for result, (index, kind, low, high, members) in zip(results, self._checks, strict=True):
            status = result.StatusCode
            value: Any = None if result.Value is None else result.Value.Value
            good = (
                (status is None or not status.value & _CODE_PART)
                and type(value) is kind
                and low <= value <= high
                and (members is None or value in members)
            )
            if good:
                values[index] = value
            else:
                bad.append(index)
        return tuple(values), frozenset(bad)


def _check(tag: Tag) -> tuple[Any, float, float, frozenset[int] | None]:
    kind: Any = {TagType.BOOL: bool, TagType.FLOAT32: float}.get(tag.wire, int)
    members = None if tag.enum is None else frozenset(int(member) for member in tag.enum)
    return (kind, *tag.bounds, members)


class CommandEncoder:
    """Turns one device's outputs into the values of a Write call, in the types that the server's nodes have."""

    def __init__(self, plan: NodePlan, node_ids: Sequence[ua.NodeId], types: Sequence[ua.VariantType]) -> None:
        definition = plan.binding.definition
        self._values = CommandValues(definition)
        self._rows = tuple(
            (definition.command_index[address.tag.name], node_id, type_)
            for address, node_id, type_ in zip(plan.command, node_ids, types, strict=True)
        )

    def encode(self, outputs: DeviceOutputs) -> list[ua.WriteValue]:
        """The values to write, ``cmd_seq`` last.

        No time stamps and no status code: some servers refuse those with BadWriteNotSupported.

        Raises:
            OutputsError: the outputs do not fit the kind; nothing of them must be written then.
        """
        values = self._values.of(outputs)
        return [
            ua.WriteValue(
                NodeId=node_id,
                AttributeId=AttributeIds.Value,
                Value=ua.DataValue(ua.Variant(values[index], type_), StatusCode=None),
            )
            for index, node_id, type_ in self._rows
        ]
